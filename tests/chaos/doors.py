"""The ways in which an order is given: as a command, as a request to a server, as a job for a worker.

A door makes one attempt and says what came of it. What died in an attempt is begun again before the next, as
whoever runs the service would.
"""

import re
import secrets
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final, Protocol

import httpx

from tests.chaos.children import KILLED, PATIENCE_SECONDS, Child, Nursery, Stuck
from tests.chaos.orders import Order, Request
from tests.chaos.switchboard import Switchboard
from tests.chaos.world import World

WORKBOOK: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TRACEBACK: Final = "Traceback (most recent call last)"
TROUBLES: Final = frozenset({"busy", "database_unavailable", "outcome_unknown", "unavailable"})
"""Codes of refusals that pass by themselves."""
CODE: Final = re.compile(r'"code": "([a-z_]+)"')
SERVER_ERROR, UNFORESEEN, UNAVAILABLE = 500, 500, 503
ANSWER_SECONDS: Final = 90
BREATH: Final = 0.02


class Fate(Enum):
    """What came of an attempt."""

    DONE = "done"
    BROKEN = "broken"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt; `rough` is set when the service was surprised instead of saying what is wrong."""

    fate: Fate
    said: str = ""
    rough: str = ""
    status: int = 0
    location: str = ""


def free_port() -> int:
    """Answer a port that nobody listens at."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@dataclass
class Place:
    """Where a walk's processes run: world, database, nursery, and which processes there are."""

    world: World
    url: str
    sync_url: str
    nursery: Nursery
    folder: Path
    port: int = field(default_factory=free_port)
    boards: dict[str, Switchboard] = field(default_factory=dict)

    def board(self, role: str) -> Switchboard:
        """Answer the switchboard of a process's role: command, server or worker."""
        if role not in self.boards:
            self.boards[role] = Switchboard(self.folder / f"{role}.board")
        return self.boards[role]

    def begin(self, role: str, *arguments: str, extra: Mapping[str, str] | None = None) -> Child:
        """Begin `rongqiao` in a role; its switchboard counts anew, and the place to die stays as far away as it was."""
        board = self.board(role)
        aim = board.aim
        board.restart()
        board.kill_after(aim)
        environment = self.world.environment | {
            "RONGQIAO_DATABASE_URL": self.url,
            "RONGQIAO_PORT": str(self.port),
        }
        name = f"{self.world.store.name}-{role}-{secrets.token_hex(4)}"
        return self.nursery.begin(name, arguments, environment | dict(extra or {}), board)

    def set_clock(self, order: Order) -> None:
        """Let all processes have the order's instant."""
        for role in ("command", "server", "worker"):
            self.board(role).set_clock(order.at)


Meddle = Callable[[Child], None]
"""Called when the process that works at an order is there and about to work."""


class Door(Protocol):
    """Gives orders."""

    name: str

    def roles_of(self, order: Order) -> tuple[str, ...]:
        """Answer at which processes an attempt at an order can be disturbed, the oftener named the rather."""

    def prepare(self, order: Order) -> None:
        """See that the processes that an order needs are there, and count from now on."""

    def attempt(self, order: Order, key: str, role: str, meddle: Meddle) -> Outcome:
        """Try once; `key` is the same at every attempt of one order, `role` says with whom `meddle` would meddle."""

    def close(self) -> None:
        """End all processes."""


class CommandDoor:
    """Runs a command of its own for each attempt."""

    name = "command"

    def __init__(self, place: Place) -> None:
        self.place = place

    def roles_of(self, _order: Order) -> tuple[str, ...]:
        return ("command",)

    def prepare(self, _order: Order) -> None:
        self.place.board("command").restart()

    def attempt(self, order: Order, _key: str, _role: str, meddle: Meddle) -> Outcome:
        child = self.place.begin("command", *order.command, "--json")
        meddle(child)
        code = child.wait()
        said = child.said()
        if code == 0:
            return Outcome(Fate.DONE, said)
        if code == KILLED:
            return Outcome(Fate.BROKEN, "killed")
        rough = said[said.index(TRACEBACK) :] if TRACEBACK in said else ""
        if rough or TROUBLES & set(CODE.findall(said)):
            return Outcome(Fate.BROKEN, said, rough)
        return Outcome(Fate.REFUSED, said)

    def close(self) -> None:
        """No process is left behind by a command."""


class HttpDoor:
    """Asks one server, which is begun anew when it died; what has no route is done as a command."""

    name = "http"

    def __init__(self, place: Place) -> None:
        self.place = place
        self.commands = CommandDoor(place)
        self.server: Child | None = None
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{place.port}/api/v1",
            headers={"X-API-Key": place.world.key},
            timeout=ANSWER_SECONDS,
        )

    def roles_of(self, order: Order) -> tuple[str, ...]:
        return ("server",) if order.request is not None else ("command",)

    def prepare(self, order: Order) -> None:
        if order.request is None:
            self.commands.prepare(order)
        else:
            self.running()

    def attempt(self, order: Order, key: str, role: str, meddle: Meddle) -> Outcome:
        if order.request is None:
            return self.commands.attempt(order, key, role, meddle)
        meddle(self.running())
        return self.ask(order.request, key)

    def running(self) -> Child:
        """Answer a server that listens, begun anew if need be; no place to die counts until it does."""
        if self.server is None or not self.server.is_alive:
            board = self.place.board("server")
            aim = board.aim
            board.kill_after(0)
            self.server = self.place.begin("server", "serve")
            wait_for_port(self.place.port, self.server)
            board.kill_after(aim)
        return self.server

    def ask(self, request: Request, key: str, headers: dict[str, str] | None = None) -> Outcome:
        """Send a request; whoever gets no answer sends it again with the same key."""
        sent = {"Idempotency-Key": key} | (headers or {})
        try:
            if request.is_roster:
                file = (self.place.world.roster.name, self.place.world.roster.read_bytes(), WORKBOOK)
                answer = self.client.post(request.path, data=request.body, files={"file": file}, headers=sent)
            else:
                answer = self.client.post(request.path, json=request.body, headers=sent)
        except httpx.TransportError as error:
            return Outcome(Fate.BROKEN, type(error).__name__)
        return judged(answer)

    def close(self) -> None:
        self.client.close()
        if self.server is not None:
            self.server.kill()


def judged(answer: httpx.Response) -> Outcome:
    """Answer what a status means to whoever asked."""
    said, location = f"{answer.status_code} {answer.text[:2000]}", answer.headers.get("location", "")
    if answer.is_success:
        return Outcome(Fate.DONE, said, status=answer.status_code, location=location)
    if answer.status_code == UNFORESEEN:
        return Outcome(Fate.BROKEN, said, said)
    is_under_way = "under way" in answer.text
    if answer.status_code >= SERVER_ERROR or is_under_way:
        is_silent = answer.status_code == UNAVAILABLE and "retry-after" not in answer.headers
        return Outcome(Fate.BROKEN, said, f"503 without Retry-After: {said}" if is_silent else "")
    return Outcome(Fate.REFUSED, said)


def wait_for_port(port: int, server: Child) -> None:
    """Wait until a server listens.

    Raises:
        Stuck: it ended, or does not come up.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and server.is_alive:
        with closing(socket.socket()) as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(BREATH)
    msg = f"the server did not come up; it said:\n{server.said()[-2000:]}"
    raise Stuck(msg)


def nothing(_child: Child) -> Any:
    """Leave an attempt alone."""
