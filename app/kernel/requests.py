"""One request is one transaction: opened before the handler, committed before the answer leaves.

Creating requests may carry an `Idempotency-Key`, as the forms of pages carry a field `once`; the answer is stored in the same transaction as
what it created, so a repetition is answered without doing it twice (repetitions.py).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Annotated, Any, Protocol

from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute

from app.kernel import queries
from app.kernel.database import AsyncSession, hold, transaction
from app.kernel.errors import (
    Fault,
    PreconditionFailed,
    PreconditionMissing,
    Refused,
    TimedOut,
    TooLarge,
    Unauthenticated,
)
from app.kernel.limits import count_request
from app.kernel.recording import Recorder, reading
from app.kernel.repetitions import MOST_KEY_CHARACTERS, keep_answer, key_of, replayed, request_hash
from app.kernel.settings import Settings
from app.kernel.tables import IdempotencyRecord

READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MOST_SMALL_BYTES = 64 * 1024
"""What routes read that hash passwords: forms and small JSON documents."""
ASYNC = "respond-async"
"""The preference of RFC 7240 for an answer of 202 and the result later."""
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Door(Protocol):
    """Who decides whether a request comes in, and keeps the record of it (accounts/door.py)."""

    async def admit(self, request: Request, session: AsyncSession, marks: Mapping[str, Any]) -> str:
        """Find out who asks and whether the route's action is theirs to take, or refuse.

        Answers the key under which the asker's idempotency keys are kept.
        """

    async def record(self, request: Request, session: AsyncSession, marks: Mapping[str, Any]) -> None:
        """Note what was done or shown, to be kept in the same transaction."""

    async def leave(self, request: Request) -> None:
        """Do what must wait until the request's transaction is over, however it ended."""


class Deferral(Protocol):
    """Who takes a request that shall be answered later (jobs/service.py)."""

    async def accept(self, request: Request, session: AsyncSession, marks: Mapping[str, Any]) -> Response:
        """Store a request that was let in, to be carried out by a worker; answer 202 with its job."""


class Begin(Protocol):
    """Opens a transaction of a request that was let in; the door's note of what it writes is kept with it."""

    def __call__(
        self, *, writes: bool = True, is_recorded: bool = True
    ) -> AbstractAsyncContextManager[AsyncSession]: ...


class TransactionRoute(APIRoute):
    """A route whose handler runs inside one transaction (`request.state.session`), behind the door.

    Its marks (`openapi_extra`) name the action that it takes (`x-action`), that it only computes and
    stores nothing although it is a POST (`x-reads-only`), that showing is put on record (`x-recorded`),
    unless its handler says that nothing was to be shown yet (`request.state.shows_nothing`),
    that showing itself changes something (`x-writes`, such as who holds contact details),
    that its answer holds a secret, so that no copy of it is kept for repetitions (`x-shows-secret`).

    With `x-can-wait` whoever asks may send `Prefer: respond-async` (RFC 7240): the request is stored and
    answered with 202, and a worker carries it out.

    With `x-own-transactions` the handler opens them itself (`BeginDep`): it does slow work, such as
    hashing a password, during which it must hold neither a connection nor the database's one pen.

    With `x-saves-last` it does so too, and writes in one transaction only, which it opens last: that stays open
    until the answer is made, and keeps the answer for repetitions, as where a request is one transaction.
    """

    def get_route_handler(self) -> Handler:
        answer = super().get_route_handler()
        marks = self.openapi_extra or {}

        async def handle(request: Request) -> Response:
            async with _in_time(request), _strangers_counted(request):
                if request.method not in READING_METHODS:
                    # A slow sender must not hold the database's one pen meanwhile; a page may keep what was typed.
                    request.state.sent = await request.body()
                try:
                    if marks.get("x-can-wait") and _prefers_to_wait(request):
                        return await _defer(request, marks)
                    if marks.get("x-own-transactions"):
                        return await _answer_between(request, marks, answer)
                    if marks.get("x-saves-last"):
                        return await _answer_and_save(request, marks, answer)
                    return await _answer_inside(request, marks, answer)
                finally:
                    await request.close()  # the files of a form
                    await request.app.state.door.leave(request)

        return handle


@asynccontextmanager
async def _in_time(request: Request) -> AsyncIterator[None]:
    """Stop a request that takes too long, and take back what it did; what is being kept is kept.

    Raises:
        TimedOut: it was stopped.
    """
    settings: Settings | None = getattr(request.app.state, "settings", None)
    bound = asyncio.timeout(settings.request_seconds if settings else None)
    request.state.time_bound = bound
    try:
        async with bound:
            yield
    except TimeoutError:
        if not bound.expired():
            raise
        raise TimedOut(
            "It took longer than a request may (RONGQIAO_REQUEST_SECONDS); nothing was changed. Ask for less at once."
        ) from None


@asynccontextmanager
async def _strangers_counted(request: Request) -> AsyncIterator[None]:
    """Count by address whoever shows credentials that do not hold."""
    try:
        yield
    except Unauthenticated:
        count_request(request, None)
        raise


def _now_keep(request: Request) -> None:
    """Stop the request no more: its transaction ends now, and the answer shall say how."""
    bound: asyncio.Timeout = request.state.time_bound
    if not bound.expired():
        bound.reschedule(None)


def _recorder_of(request: Request) -> Recorder:
    recorder: Recorder | None = getattr(request.app.state, "recorder", None)
    return recorder or Recorder()


async def _answer_inside(request: Request, marks: Mapping[str, Any], answer: Handler) -> Response:
    door: Door = request.app.state.door
    is_change = request.method not in READING_METHODS and not marks.get("x-reads-only")
    is_recorded = is_change or bool(marks.get("x-recorded"))
    sessions, writes = request.app.state.sessions, is_change or marks.get("x-writes")
    async with transaction(sessions) if writes else reading(sessions, _recorder_of(request)) as session:
        request.state.session = session
        viewer_key = await door.admit(request, session, marks)
        if marks.get("x-shows-secret"):
            _refuse_key(request)
            response = await answer(request)
        elif request.method == "POST" and is_change:
            response = await _answer_once(request, session, answer, viewer_key)
        else:
            response = await answer(request)
        if is_change or (is_recorded and not getattr(request.state, "shows_nothing", False)):
            await door.record(request, session, marks)
        _now_keep(request)
        return response


def _prefers_to_wait(request: Request) -> bool:
    stated = ",".join(request.headers.getlist("prefer")).split(",")
    return any(preference.partition(";")[0].strip().lower() == ASYNC for preference in stated)


async def _defer(request: Request, marks: Mapping[str, Any]) -> Response:
    """Let the asker in as for the request itself, and store it instead of carrying it out."""
    door: Door = request.app.state.door
    deferral: Deferral = request.app.state.deferral
    async with transaction(request.app.state.sessions) as session:
        request.state.session = session
        viewer_key = await door.admit(request, session, marks)

        async def accept(_request: Request) -> Response:
            return await deferral.accept(request, session, marks)

        response = await _answer_once(request, session, accept, viewer_key)
        await door.record(request, session, marks)
        _now_keep(request)
        return response


async def _answer_between(request: Request, marks: Mapping[str, Any], answer: Handler) -> Response:
    if len(await request.body()) > MOST_SMALL_BYTES:
        raise TooLarge(f"This route reads no more than {MOST_SMALL_BYTES} bytes.")
    async with transaction(request.app.state.sessions, writes=False) as session:
        await request.app.state.door.admit(request, session, marks)
    _refuse_key(request)
    request.state.begin = partial(_begin, request, marks)
    return await answer(request)


@asynccontextmanager
async def _begin(
    request: Request, marks: Mapping[str, Any], *, writes: bool = True, is_recorded: bool = True
) -> AsyncIterator[AsyncSession]:
    door: Door = request.app.state.door
    async with transaction(request.app.state.sessions, writes=writes) as session:
        await door.admit(request, session, marks)
        yield session
        if writes and is_recorded:
            await door.record(request, session, marks)
        if writes:
            _now_keep(request)


class _AnsweredMeanwhile(Exception):
    """Says that the same request, sent twice at once, was answered while this one computed; nothing more is to be saved."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


async def _answer_and_save(request: Request, marks: Mapping[str, Any], answer: Handler) -> Response:
    """Answer by a handler that reads, then computes, then saves: what it saved and its answer are kept together."""
    async with transaction(request.app.state.sessions, writes=False) as session:
        viewer_key = await request.app.state.door.admit(request, session, marks)
        key = await key_of(request)
        known = key and await queries.idempotency_record(session, viewer_key, key)
        if known:
            return replayed(known, await request_hash(request))
    try:
        return await _saved_last(request, marks, answer, viewer_key, key)
    except _AnsweredMeanwhile as other:
        return other.answer


async def _saved_last(
    request: Request, marks: Mapping[str, Any], answer: Handler, viewer_key: str, key: str | None
) -> Response:
    async with AsyncExitStack() as saving:
        request.state.begin = partial(_begin_last, request, marks, saving, key)
        response = await answer(request)
        if not hasattr(request.state, "session"):
            return response  # a page that says what was wrong, and saves nothing
        if key:
            digest = await request_hash(request)
            await keep_answer(request.state.session, request, response, viewer_key, key, digest)
        await request.app.state.door.record(request, request.state.session, marks)
        _now_keep(request)
    return response


@asynccontextmanager
async def _begin_last(
    request: Request,
    marks: Mapping[str, Any],
    saving: AsyncExitStack,
    key: str | None,
    *,
    writes: bool = True,
    is_recorded: bool = True,  # noqa: ARG001 - what such a handler saves always is
) -> AsyncIterator[AsyncSession]:
    """Open a transaction of a handler that saves last; the one that writes ends when the answer is made.

    Raises:
        _AnsweredMeanwhile: it would write what a request with the same key has written.
    """
    opened = transaction(request.app.state.sessions, writes=writes)
    if writes:
        session = request.state.session = await saving.enter_async_context(opened)
        viewer_key = await request.app.state.door.admit(request, session, marks)
        known = key and await _held_answer(session, viewer_key, key)
        if known:
            raise _AnsweredMeanwhile(replayed(known, await request_hash(request)))
        yield session
        return
    async with opened as session:
        await request.app.state.door.admit(request, session, marks)
        yield session


def _refuse_key(request: Request) -> None:
    if "idempotency-key" in request.headers:
        raise Refused(
            "No answer of this route is kept, because it may hold a secret.",
            [Fault("header.Idempotency-Key", "not taken here", "Leave it out.")],
        )


async def _answer_once(request: Request, session: AsyncSession, answer: Handler, viewer_key: str) -> Response:
    key = await key_of(request)
    if key is None:
        return await answer(request)
    digest = await request_hash(request)
    known = await _held_answer(session, viewer_key, key)
    if known is not None:
        return replayed(known, digest)
    response = await answer(request)
    await keep_answer(session, request, response, viewer_key, key, digest)
    return response


async def _held_answer(session: AsyncSession, viewer_key: str, key: str) -> IdempotencyRecord | None:
    """Answer what was kept under a key, if anything was.

    Who sends the same key meanwhile waits here and is answered the same, before its handler sees what this one did.
    """
    await hold(session, f"idempotency:{viewer_key}:{key}")
    return await queries.idempotency_record(session, viewer_key, key)


async def _session_of(request: Request) -> AsyncSession:
    session: AsyncSession = request.state.session
    return session


SessionDep = Annotated[AsyncSession, Depends(_session_of)]


async def _begin_of(request: Request) -> Begin:
    begin: Begin = request.state.begin
    return begin


BeginDep = Annotated[Begin, Depends(_begin_of)]
"""Opens the transactions of a route that is marked `x-own-transactions` or `x-saves-last`."""

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Any text of your choice, new for each thing to create: sending it again answers the same.",
        max_length=MOST_KEY_CHARACTERS,
    ),
]
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", description="The ETag of the version that you read and now change."),
]


def etag_of(version: int | str) -> str:
    """Answer the strong ETag of a row's version."""
    return f'"{version}"'


def check_if_match(if_match: str | None, version: int | str) -> None:
    """Refuse a change that does not name the stored version.

    Raises:
        PreconditionMissing: no `If-Match` was sent.
        PreconditionFailed: it names another version.
    """
    if if_match is None:
        raise PreconditionMissing(
            "Send If-Match with the ETag that you read.",
            [Fault("header.If-Match", "missing", f"Read it again and send If-Match: {etag_of(version)}")],
        )
    if if_match.strip() not in {etag_of(version), "*"}:
        raise PreconditionFailed(
            "It was changed after you read it; read it again and decide anew.",
            [Fault("header.If-Match", f"names {if_match}, stored is {etag_of(version)}")],
        )
