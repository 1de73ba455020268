"""Sessions by token: begun with a password, refreshed without, ended by their person or by a stolen token's use.

Each refresh token works once, and the use is decided by the database (`UPDATE … WHERE used_at IS NULL`).
Using it again ends the session, because then two hold it and one of them stole it. One exception is
benign: a client that sends the same refresh twice at once. Who comes within `RACE` of the first use is
told so (409 `refresh_raced`) and gets nothing, and the session goes on: a thief who wins such a race is
found out when the other side, which was told, tries the token again later.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from app.accounts import audit_service, standings
from app.accounts import session_queries as queries
from app.accounts.auth_schemas import SessionOut
from app.accounts.credentials import CHALLENGE
from app.accounts.key_ring import KeyRing
from app.accounts.page_sessions import Visitor
from app.accounts.rules import Viewer
from app.accounts.tables import RefreshToken, SignInSession
from app.accounts.tokens import PURPOSE, access_token, new_id, new_secret, secret_hash
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound, Unauthenticated
from app.kernel.paging import Page, PageRequest, foreign_cursor, page_of
from app.kernel.settings import Settings

KIND: Final = "token"
RACE: Final = timedelta(seconds=1)
"""Two uses of a refresh token that lie closer are one client's race with itself."""


class RefreshRaced(Conflict):
    """Another request just used this refresh token."""

    code: ClassVar[str] = "refresh_raced"


@dataclass(frozen=True, slots=True)
class Issued:
    """Tokens of a session; nothing else tells them."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    seconds: int


@dataclass(frozen=True, slots=True)
class Refresh:
    """What came of a refresh token: new tokens, or why there are none."""

    issued: Issued | None
    refusal: Conflict | Unauthenticated | None = None


async def start(
    session: AsyncSession,
    ring: KeyRing,
    settings: Settings,
    *,
    person_id: int,
    visitor: Visitor,
    has_second_factor: bool,
    now: datetime,
) -> Issued:
    """Begin a session of a person who has proven who they are, and whose row the transaction holds."""
    await queries.drop_refresh_tokens(session, person_id, now)
    row = SignInSession(
        id=new_id(),
        person_id=person_id,
        kind=KIND,
        has_second_factor=has_second_factor,
        address=visitor.address,
        device=visitor.device,
        created_at=now,
        last_used_at=now,
        expires_at=now + timedelta(hours=settings.session_hours),
    )
    session.add(row)
    await session.flush()
    return await _issue(session, ring, settings, row.id, person_id, expires_at=row.expires_at, now=now)


async def refresh(
    session: AsyncSession, ring: KeyRing, settings: Settings, token: str, *, now: datetime
) -> Refresh:
    """Answer new tokens for a refresh token, which is used up; a refusal is to be raised after the commit.

    The transaction is kept in any case: a token that was used before has just ended its session.
    """
    digest = secret_hash(token)
    session_id = await queries.use_refresh_token(session, digest, now)
    if session_id is None:
        return Refresh(None, await _used_before(session, digest, now))
    alive = await queries.continue_session(session, session_id, now)
    login = None if alive is None else await queries.login_that_can_sign_in(session, alive.person_id)
    if alive is None or login is None:
        return Refresh(None, refresh_refused())
    person_id, expires_at = alive.person_id, alive.expires_at
    audit_service.acting_as(session, Viewer(login, settings.jurisdiction, person=person_id))
    audit_service.note(session, "refresh", "session", session_id, now=now)
    return Refresh(
        await _issue(session, ring, settings, session_id, person_id, expires_at=expires_at, now=now)
    )


async def _used_before(session: AsyncSession, digest: str, now: datetime) -> Conflict | Unauthenticated:
    found = await queries.refresh_token(session, digest)
    if found is None or found.ended_at is not None:
        return refresh_refused()
    if abs(now - found.used_at) <= RACE:
        fault = Fault("refresh_token", "used by another request just now", "Use what that one was answered.")
        return RefreshRaced("Another request used this refresh token at the same time.", [fault])
    await _end(session, found.person_id, reason="reuse", now=now, only=found.session_id)
    # Who did it is not known: the person, or whoever stole the token.
    detail = {"ended": True, "person": found.person_id}
    audit_service.note(session, "refresh_token_reused", "session", found.session_id, now=now, detail=detail)
    return refresh_refused()


def refresh_refused() -> Unauthenticated:
    """Make the one refusal of a refresh token that does not hold, whatever it is."""
    return Unauthenticated("The refresh token does not hold; sign in again.", headers=CHALLENGE)


async def _issue(
    session: AsyncSession,
    ring: KeyRing,
    settings: Settings,
    session_id: str,
    person_id: int,
    *,
    expires_at: datetime,
    now: datetime,
) -> Issued:
    secret = new_secret()
    session.add(RefreshToken(token_hash=secret_hash(secret), session_id=session_id, created_at=now))
    await session.flush()
    until = min(now + timedelta(minutes=settings.access_minutes), expires_at)
    token = access_token(
        ring.keys(PURPOSE), person=person_id, session_id=session_id, now=now, expires_at=until
    )
    return Issued(token, secret, int((until - now).total_seconds()))


async def list_own(
    session: AsyncSession, viewer: Viewer, this: str, page: PageRequest, *, now: datetime
) -> Page[SessionOut]:
    """Answer the viewer's sessions that are not over, by token and by page, the newest first."""
    key = page.after(2)
    after = None if key is None else (_instant(key[0]), str(key[1]))
    rows: Sequence[SignInSession] = await queries.sessions_of(
        session, viewer.person or 0, now, after=after, limit=page.limit + 1
    )
    return page_of(rows, page, lambda row: (row.created_at.isoformat(), row.id), lambda row: _out(row, this))


def _out(row: SignInSession, this: str) -> SessionOut:
    return SessionOut(
        id=row.id,
        kind=row.kind,
        is_this=row.id == this,
        device=row.device,
        address=row.address,
        has_second_factor=row.has_second_factor,
        since=row.created_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
    )


def _instant(text: str | int) -> datetime:
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise foreign_cursor() from error
    if instant.tzinfo != UTC:
        raise foreign_cursor()
    return instant


async def end_own(session: AsyncSession, viewer: Viewer, session_id: str, *, now: datetime) -> None:
    """End one session of the viewer; its tokens stop holding at once.

    Raises:
        NotFound: the viewer has no such session that is not over.
    """
    if not await _end(session, viewer.person or 0, reason="signed_out", now=now, only=session_id):
        raise NotFound("You have no such session, or it is over.")


async def end_all_own(session: AsyncSession, viewer: Viewer, *, now: datetime) -> int:
    """End every session of the viewer, this one too; answer how many."""
    return await _end(session, viewer.person or 0, reason="everywhere", now=now)


async def end_all_of(session: AsyncSession, person_id: int, *, reason: str, now: datetime) -> int:
    """End every session of a person, because of what was done to the account; answer how many."""
    return await _end(session, person_id, reason=reason, now=now)


async def end_others(session: AsyncSession, person_id: int, *, but: str, reason: str, now: datetime) -> int:
    """End every session of a person but one; answer how many."""
    return await _end(session, person_id, reason=reason, now=now, but=but)


async def _end(
    session: AsyncSession,
    person_id: int,
    *,
    reason: str,
    now: datetime,
    only: str | None = None,
    but: str | None = None,
) -> int:
    count = await queries.end_sessions(session, person_id, reason=reason, now=now, only=only, but=but)
    standings.forget(session, person_id)
    return count
