"""Stands before the application and lets no more requests work than it can serve in time (kernel/admission.py).

Who is sent away hears 503 with `Retry-After`, at once. Bodies are read before a place is taken: who sends
slowly keeps nobody waiting. Event streams give their place back as soon as they have begun.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.kernel.admission import Admission, Lane, Refusal, Ticket
from app.kernel.clock import elapsed_seconds
from app.kernel.draining import Drain
from app.kernel.problems import problem_response
from app.kernel.watching import PROBES

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
EVENTS: Final = b"text/event-stream"
MOST_STREAMS: Final = 250
"""Open event streams of one process."""
DISCONNECTED: Final[Message] = {"type": "http.disconnect"}


class Places:
    """The working places of one process, and the futures of those who wait for one."""

    def __init__(self, admission: Admission, wait_seconds: float) -> None:
        self.admission, self.wait_seconds = admission, wait_seconds
        self._turns: dict[Ticket, asyncio.Future[None]] = {}

    async def take(self, lane: Lane) -> Ticket | Refusal:
        """Wait for a place; answer the ticket of who has it, or why there is none."""
        ticket = self.admission.arrive(lane, elapsed_seconds())
        if isinstance(ticket, Refusal) or ticket.is_working():
            return ticket
        turn = self._turns[ticket] = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait({turn}, timeout=self.wait_seconds)
        except asyncio.CancelledError:
            self._withdraw(ticket)
            raise
        finally:
            self._turns.pop(ticket, None)
        if ticket.is_working():
            return ticket
        self._withdraw(ticket)
        return self.admission.refuse(Refusal.WAITED)

    def give_back(self, ticket: Ticket) -> None:
        """Give a place back, and call those who have it next; once, however often it is asked for."""
        if not ticket.is_working():
            return
        for next_one in self.admission.leave(ticket, elapsed_seconds()):
            turn = self._turns.get(next_one)
            if turn is not None and not turn.done():
                turn.set_result(None)

    def _withdraw(self, ticket: Ticket) -> None:
        if ticket.is_working():
            self.give_back(ticket)
        else:
            self.admission.give_up(ticket)


class Shedding:
    """Lets requests in as `app.state.room` has places; an application without them is not bounded."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        places: Places | None = getattr(scope["app"].state, "room", None) if "app" in scope else None
        if scope["type"] != "http" or places is None or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        drain: Drain = scope["app"].state.drain
        lane = Lane.READ if scope["method"] in READING else Lane.CHANGE
        refusal = _obstacle(scope, places.admission, drain, lane)
        if refusal is not None:
            places.admission.refuse(refusal)
            await _refuse(scope, receive, send, places.admission)
            return
        exchange = Exchange(receive, send, places, drain)
        if lane is Lane.CHANGE:
            await exchange.read_ahead()
        taken = await places.take(lane)
        if isinstance(taken, Refusal):
            await _refuse(scope, receive, send, places.admission)
            return
        await exchange.run(self.app, scope, taken)


def _obstacle(scope: Scope, admission: Admission, drain: Drain, lane: Lane) -> Refusal | None:
    if scope.get("state", {}).get("is_one_too_many", False):
        return Refusal.CONNECTIONS
    wants_events = any(name == b"accept" and EVENTS in value for name, value in scope["headers"])
    if wants_events and drain.streams >= MOST_STREAMS:
        return Refusal.STREAMS
    return admission.obstacle(lane, elapsed_seconds())


async def _refuse(scope: Scope, receive: Receive, send: Send, admission: Admission) -> None:
    detail = "More is asked for than can be answered in time; nothing was done. Send it again."
    answer = problem_response(Request(scope), 503, "busy", "Too much is going on", detail)
    answer.headers["retry-after"] = str(admission.retry_after)
    await answer(scope, receive, send)


class Exchange:
    """One request that was let in, and its answer."""

    def __init__(self, receive: Receive, send: Send, places: Places, drain: Drain) -> None:
        self._receive, self._send, self._places, self._drain = receive, send, places, drain
        self._ahead: deque[Message | Exception] = deque()
        self._ticket: Ticket | None = None
        self._is_stream, self._is_whole = False, False
        self._over = asyncio.Event()

    async def read_ahead(self) -> None:
        """Read the body; what is wrong with it is told when the application reads it."""
        more = True
        while more:
            try:
                message = await self._receive()
            except Exception as error:  # noqa: BLE001 - the application answers it (kernel/bodies.py)
                self._ahead.append(error)
                return
            self._ahead.append(message)
            more = message["type"] == "http.request" and message.get("more_body", False)

    async def run(self, app: ASGIApp, scope: Scope, ticket: Ticket) -> None:
        """Let the application answer, and give the place back."""
        self._ticket = ticket
        try:
            await app(scope, self.receive, self.send)
            if self._is_stream and not self._is_whole:
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._places.give_back(ticket)
            self._drain.remove(self._over.set)

    async def receive(self) -> Message:
        """Answer what was sent; after it, that nobody listens any more, also when an event stream shall end."""
        if self._ahead:
            first = self._ahead.popleft()
            if isinstance(first, Exception):
                raise first
            return first
        return await _first_of(self._receive(), self._over.wait()) or DISCONNECTED

    async def send(self, message: Message) -> None:
        """Send on; an event stream needs no place once it has begun."""
        if message["type"] == "http.response.start":
            self._is_stream = any(
                name == b"content-type" and value.startswith(EVENTS) for name, value in message["headers"]
            )
            if self._is_stream and self._ticket is not None:
                self._drain.add(self._over.set)
                self._places.give_back(self._ticket)
        else:
            self._is_whole = not message.get("more_body", False)
        await self._send(message)


async def _first_of(incoming: Awaitable[Message], ending: Awaitable[object]) -> Message | None:
    """Answer what comes in; None if the end came first."""
    coming, end = asyncio.ensure_future(incoming), asyncio.ensure_future(ending)
    try:
        await asyncio.wait({coming, end}, return_when=asyncio.FIRST_COMPLETED)
        return coming.result() if coming.done() else None
    finally:
        coming.cancel()
        end.cancel()
