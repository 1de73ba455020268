"""Rows of signing in: who a login is, sessions, refresh tokens, and the one look at what a credential stands for."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, cast

from sqlalchemy import Date, Row, Table, and_, bindparam, delete, or_, select, update

from app.accounts.tables import ApiKey, Person, RefreshToken, RoleGrant, SignInSession
from app.kernel.database import AsyncSession, UtcDateTime
from app.kernel.direct import Direct

AnyRow = Row[*tuple[Any, ...]]


async def person_of_login(session: AsyncSession, login: str) -> AnyRow | None:
    """Answer id, password hash, `disabled_at` and `is_demo` of a login."""
    wanted = select(Person.id, Person.password_hash, Person.disabled_at, Person.is_demo).where(
        Person.login == login
    )
    return (await session.execute(wanted)).one_or_none()


async def addresses_since(session: AsyncSession, person_id: int, since: datetime) -> Sequence[str]:
    """Answer the addresses at which a person signed in successfully since an instant."""
    wanted = (
        select(SignInSession.address)
        .where(SignInSession.person_id == person_id, SignInSession.created_at >= since)
        .distinct()
    )
    return (await session.execute(wanted)).scalars().all()


async def hold_person(session: AsyncSession, person_id: int) -> Person:
    """Answer a person that exists, as stored now; whoever else would sign them in or change them waits."""
    wanted = select(Person).where(Person.id == person_id).with_for_update()
    return (await session.execute(wanted)).scalar_one()


async def set_password(session: AsyncSession, person_id: int, new: str, *, instead_of: str | None) -> bool:
    """Store a password's hash in place of another; tell whether that other one still was there."""
    changed = (
        update(Person)
        .where(Person.id == person_id, Person.password_hash == instead_of)
        .values(password_hash=new)
        .returning(Person.id)
    )
    return (await session.execute(changed)).scalar_one_or_none() is not None


async def use_refresh_token(session: AsyncSession, token_hash: str, now: datetime) -> str | None:
    """Use a refresh token up; answer its session, or None if it is unknown or was used: of several one wins."""
    used = (
        update(RefreshToken)
        .where(RefreshToken.token_hash == token_hash, RefreshToken.used_at.is_(None))
        .values(used_at=now)
        .returning(RefreshToken.session_id)
    )
    return (await session.execute(used)).scalar_one_or_none()


async def refresh_token(session: AsyncSession, token_hash: str) -> AnyRow | None:
    """Answer a refresh token's session, whether that has ended, its person, and when it was used."""
    wanted = (
        select(
            RefreshToken.session_id,
            RefreshToken.used_at,
            SignInSession.ended_at,
            SignInSession.person_id,
        )
        .join(SignInSession, SignInSession.id == RefreshToken.session_id)
        .where(RefreshToken.token_hash == token_hash)
    )
    return (await session.execute(wanted)).one_or_none()


async def continue_session(session: AsyncSession, session_id: str, now: datetime) -> AnyRow | None:
    """Note that a session goes on; answer its person and when it expires, or None if it is over."""
    touched = (
        update(SignInSession)
        .where(
            SignInSession.id == session_id, SignInSession.ended_at.is_(None), SignInSession.expires_at > now
        )
        .values(last_used_at=now)
        .returning(SignInSession.person_id, SignInSession.expires_at)
    )
    return (await session.execute(touched)).one_or_none()


async def drop_refresh_tokens(session: AsyncSession, person_id: int, now: datetime) -> None:
    """Delete the refresh tokens of a person's sessions that are over: they hold no more, as if unknown."""
    over = select(SignInSession.id).where(
        SignInSession.person_id == person_id,
        or_(SignInSession.ended_at.is_not(None), SignInSession.expires_at <= now),
    )
    await session.execute(delete(RefreshToken).where(RefreshToken.session_id.in_(over)))


async def login_that_can_sign_in(session: AsyncSession, person_id: int) -> str | None:
    """Answer a person's login, or None if they are disabled."""
    wanted = select(Person.login).where(Person.id == person_id, Person.disabled_at.is_(None))
    return (await session.execute(wanted)).scalar_one_or_none()


async def name_of(session: AsyncSession, person_id: int) -> str:
    """Answer the name of a person, empty if there is none."""
    found = (await session.execute(select(Person.name).where(Person.id == person_id))).scalar_one_or_none()
    return found or ""


async def end_sessions(
    session: AsyncSession,
    person_id: int,
    *,
    reason: str,
    now: datetime,
    only: str | None = None,
    but: str | None = None,
) -> int:
    """End a person's sessions, perhaps only one, or all but one; answer how many were not over yet."""
    ended = (
        update(SignInSession)
        .where(SignInSession.person_id == person_id, SignInSession.ended_at.is_(None))
        .values(ended_at=now, end_reason=reason)
        .returning(SignInSession.id)
    )
    if only is not None:
        ended = ended.where(SignInSession.id == only)
    if but is not None:
        ended = ended.where(SignInSession.id != but)
    return len((await session.execute(ended)).all())


async def sessions_of(
    session: AsyncSession, person_id: int, now: datetime, *, after: tuple[datetime, str] | None, limit: int
) -> Sequence[SignInSession]:
    """Answer a person's sessions that are not over, the newest first."""
    wanted = select(SignInSession).where(
        SignInSession.person_id == person_id, SignInSession.ended_at.is_(None), SignInSession.expires_at > now
    )
    if after is not None:
        since, session_id = after
        wanted = wanted.where(
            or_(
                SignInSession.created_at < since,
                and_(SignInSession.created_at == since, SignInSession.id < session_id),
            )
        )
    wanted = wanted.order_by(SignInSession.created_at.desc(), SignInSession.id.desc()).limit(limit)
    return (await session.execute(wanted)).scalars().all()


# What follows is asked with every request, before its session is narrowed: bare tables, and built once.
_PERSONS: Final = cast("Table", Person.__table__).c
_GRANTS: Final = cast("Table", RoleGrant.__table__).c
_SESSIONS: Final = cast("Table", SignInSession.__table__).c
_KEYS: Final = cast("Table", ApiKey.__table__).c
_NOW: Final = bindparam("now", type_=UtcDateTime())
_DAY: Final = bindparam("day", type_=Date())
_IN_FORCE: Final = and_(
    _GRANTS.person_id == _PERSONS.id,
    _GRANTS.ended_at.is_(None),
    _GRANTS.since <= _DAY,
    or_(_GRANTS.until.is_(None), _GRANTS.until >= _DAY),
)
_SHOWN: Final = (
    _PERSONS.id.label("person_id"),
    _PERSONS.login,
    _PERSONS.totp_since,
    _PERSONS.is_demo,
    _GRANTS.role,
    _GRANTS.scope,
    _GRANTS.since,
    _GRANTS.until,
)
_OF_SESSION: Final = (
    select(*_SHOWN, _SESSIONS.has_second_factor, _SESSIONS.expires_at)
    .select_from(SignInSession.__table__)
    .join(Person.__table__, _PERSONS.id == _SESSIONS.person_id)
    .outerjoin(RoleGrant.__table__, _IN_FORCE)
    .where(
        _SESSIONS.id == bindparam("session_id"),
        _SESSIONS.ended_at.is_(None),
        _SESSIONS.expires_at > _NOW,
        _PERSONS.disabled_at.is_(None),
    )
)
_OF_KEY: Final = (
    select(
        *_SHOWN,
        _KEYS.id.label("key_id"),
        _KEYS.secret_hash,
        _KEYS.is_read_only,
        _KEYS.expires_at,
        _KEYS.last_used_at,
    )
    .select_from(ApiKey.__table__)
    .join(Person.__table__, _PERSONS.id == _KEYS.person_id)
    .join(RoleGrant.__table__, _IN_FORCE)
    .where(
        _KEYS.prefix == bindparam("prefix"),
        _KEYS.revoked_at.is_(None),
        _KEYS.expires_at > _NOW,
        _GRANTS.role == _KEYS.role,
        _GRANTS.scope == _KEYS.scope,
        _PERSONS.disabled_at.is_(None),
    )
)

_OF_PERSON: Final = (
    select(*_SHOWN)
    .select_from(Person.__table__)
    .join(RoleGrant.__table__, _IN_FORCE)
    .where(_PERSONS.id == bindparam("person_id"), _PERSONS.disabled_at.is_(None))
)
_OF_KEY_ID: Final = _OF_PERSON.join(ApiKey.__table__, _KEYS.person_id == _PERSONS.id).where(
    _KEYS.id == bindparam("key_id"),
    _KEYS.revoked_at.is_(None),
    _KEYS.expires_at > _NOW,
    _GRANTS.role == _KEYS.role,
    _GRANTS.scope == _KEYS.scope,
)


async def standing_of_person(
    session: AsyncSession, person_id: int, key_id: int | None, *, now: datetime, day: date
) -> Sequence[AnyRow]:
    """Answer a person once for each role in force; for a key that holds, its one role alone; else nothing."""
    asked = {"person_id": person_id, "day": day}
    if key_id is None:
        return (await session.execute(_OF_PERSON, asked)).all()
    return (await session.execute(_OF_KEY_ID, asked | {"key_id": key_id, "now": now})).all()


_DIRECT_OF_SESSION: Final = Direct(_OF_SESSION)


async def standing_of_session(
    session: AsyncSession, session_id: str, *, now: datetime, day: date
) -> Sequence[AnyRow]:
    """Answer the person of a session that is not over, once for each role in force (or once without); else nothing."""
    return await _DIRECT_OF_SESSION.rows(session, session_id=session_id, now=now, day=day)


async def standing_of_key(
    session: AsyncSession, prefix: str, *, now: datetime, day: date
) -> Sequence[AnyRow]:
    """Answer the person of an API key that holds, with the one role of the key if it is in force; else nothing."""
    asked = {"prefix": prefix, "now": now, "day": day}
    return (await session.execute(_OF_KEY, asked)).all()
