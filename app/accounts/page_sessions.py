"""Signing in with a browser: a cookie, and what each request with it must show.

The cookie's value is random (256 bits), new with every signing-in and with every second factor given,
and kept as its SHA-256. Scripts cannot read it, other sites' pages do not send it with their requests,
and under https it carries the `__Host-` name that no other host can set.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fastapi import Request, Response

from app.accounts import page_session_queries as queries
from app.accounts import standings
from app.accounts.csrf import is_token, proves
from app.accounts.key_ring import KeyRing, key_ring
from app.accounts.tables import SignInSession
from app.kernel.database import AsyncSession, DBAPIError, is_writing, transaction
from app.kernel.errors import Fault, Forbidden
from app.kernel.logs import get_logger
from app.kernel.requests import READING_METHODS
from app.kernel.settings import Settings

KIND: Final = "page"
IDLE: Final = timedelta(minutes=30)
"""A session of which nothing is heard for so long has ended."""
TOUCHED_EVERY: Final = timedelta(minutes=1)
VALUE_BYTES: Final = 32
MOST_VALUE_CHARACTERS: Final = 100
MOST_FORMER: Final = 50
UNPROVEN: Final = "header.X-CSRF-Token"
logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Visitor:
    """From where and with what somebody signs in, for them to recognise it later."""

    address: str
    device: str


def visitor_of(request: Request) -> Visitor:
    """Answer from where and with what a request comes."""
    device = "".join(each if each.isprintable() else " " for each in request.headers.get("user-agent", ""))
    address: str = getattr(request.state, "address", request.client.host if request.client else "")
    return Visitor(address[:60], device[:200])


def cookie_name(settings: Settings, name: str = "rongqiao") -> str:
    """Answer a cookie's name: under https one that binds it to this very host."""
    return f"__Host-{name}" if settings.is_public_https else name


def set_cookie(response: Response, settings: Settings, value: str) -> None:
    """Give a browser its session; it forgets it when it is closed."""
    response.set_cookie(
        cookie_name(settings), value, path="/", secure=settings.is_public_https, httponly=True, samesite="lax"
    )


def clear_cookie(response: Response, settings: Settings) -> None:
    """Have a browser forget its session."""
    response.delete_cookie(
        cookie_name(settings), path="/", secure=settings.is_public_https, httponly=True, samesite="lax"
    )


async def begin(
    session: AsyncSession,
    person_id: int,
    visitor: Visitor,
    *,
    settings: Settings,
    has_second_factor: bool,
    replaces: str | None = None,
    now: datetime,
) -> str:
    """Sign a person in; answer the value of the cookie, which nothing else tells.

    The session whose cookie the browser held until now (`replaces`) ends.
    """
    if before := await recognised(session, replaces, now=now):
        await queries.end(session, before.id, "replaced", now)
        standings.forget(session, before.person_id)
    value = secrets.token_urlsafe(VALUE_BYTES)
    session.add(
        SignInSession(
            id=secrets.token_hex(16),
            person_id=person_id,
            kind=KIND,
            cookie_hash=_hash(value),
            has_second_factor=has_second_factor,
            address=visitor.address,
            device=visitor.device,
            created_at=now,
            last_used_at=now,
            expires_at=now + timedelta(hours=settings.session_hours),
        )
    )
    await session.flush()
    return value


async def recognised(session: AsyncSession, value: str | None, *, now: datetime) -> SignInSession | None:
    """Answer the session of a cookie's value, if it has not ended, expired or been idle too long."""
    if not value or len(value) > MOST_VALUE_CHARACTERS:
        return None
    found = await queries.session_of_cookie(session, _hash(value))
    if found is None or found.ended_at is not None or found.kind != KIND:
        return None
    is_alive = now < found.expires_at and now - found.last_used_at <= IDLE
    return found if is_alive else None


async def sent_by_page_of(session: AsyncSession, ring: KeyRing, person_id: int, proof: str) -> bool:
    """Tell whether a token is that of a page that a person had open lately, in a session that may have ended."""
    former = await queries.latest_of(session, person_id, KIND, limit=MOST_FORMER)
    return any(is_token(ring, session_id, proof) for session_id in former)


async def admitted(
    request: Request, session: AsyncSession, *, settings: Settings, now: datetime, needs_proof: bool = True
) -> SignInSession | None:
    """Answer the page session that a request comes with, or None; note that it is used.

    Without `needs_proof` (where nobody needs to sign in) an unproven change is nobody's.

    Raises:
        Forbidden: the request changes something, and does not prove that a page of the session sent it.
    """
    found = await recognised(session, request.cookies.get(cookie_name(settings)), now=now)
    if found is None:
        return None
    is_change = request.method not in READING_METHODS
    if is_change and not await _is_proven(request, found.id, settings):
        if needs_proof:
            raise _unproven()
        return None
    if now - found.last_used_at >= TOUCHED_EVERY:
        await _touch(request, session, found.id, now)
    return found


async def _is_proven(request: Request, session_id: str, settings: Settings) -> bool:
    return proves(key_ring(settings), session_id, request.headers, await request.body())


async def _touch(request: Request, session: AsyncSession, session_id: str, now: datetime) -> None:
    if await is_writing(session):
        await queries.touch(session, session_id, now)
        return
    # A reading transaction must not turn into a writing one (kernel/database.py).
    try:
        async with transaction(request.app.state.sessions) as own:
            await queries.touch(own, session_id, now)
    except DBAPIError as error:  # somebody writes for long: looking goes on, the next request notes it
        logger.warning("session_use_not_noted", session=session_id, error=type(error).__name__)


async def renew(session: AsyncSession, session_id: str, person_id: int) -> str:
    """Note that a second factor was given; answer the new value of the cookie, the old one ends."""
    value = secrets.token_urlsafe(VALUE_BYTES)
    await queries.renew(session, session_id, _hash(value))
    standings.forget(session, person_id)
    return value


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _unproven() -> Forbidden:
    fault = Fault(UNPROVEN, "missing or not this session's", "Open the page again and send it again.")
    return Forbidden("What was sent does not come from a page of this session; nothing was changed.", [fault])
