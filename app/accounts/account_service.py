"""Use cases of accounts themselves: made, locked out and let in again, passwords reset."""

import asyncio
import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from app.accounts import account_queries as queries
from app.accounts import invitation_queries, people_queries, people_service, sessions
from app.accounts.logins import login_key
from app.accounts.password_rules import check_new_password
from app.accounts.passwords import hash_password
from app.accounts.people_rules import RESERVED_LOGINS
from app.accounts.people_schemas import NewAccount, PersonOut
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Grant, Role, Viewer
from app.accounts.tables import PasswordReset, Person
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.shanghai import shanghai_date

RESET_LIFE: Final = timedelta(hours=24)
TOKEN_BYTES: Final = 32


async def hashed(body: NewAccount) -> str | None:
    """Answer the hash of a new account's password, None when no account is stated; it takes its time.

    Raises:
        Refused: the login cannot be used, or the password is guessable.
    """
    if body.login is None or body.password is None:
        return None
    return await hashed_password(body.password, login=login_key(body.login), name=body.name or "")


async def hashed_password(password: str, *, login: str, name: str) -> str:
    """Answer the hash of a password that a person may choose; to be asked outside of any transaction.

    Raises:
        Refused: it is too short, about the person, or guessable.
    """
    await asyncio.to_thread(check_new_password, password, login=login, name=name)
    return await hash_password(password)


async def make_person(
    session: AsyncSession,
    login: str,
    name: str,
    password_hash: str | None,
    *,
    now: datetime,
    is_demo: bool = False,
) -> Person:
    """Store a person without any role.

    Raises:
        Refused: the login cannot be used.
        Conflict: it is taken, or stands for others than people on the trail.
    """
    key = login_key(login)
    if key in RESERVED_LOGINS:
        raise people_queries.login_taken(key)
    person = Person(
        login=key,
        name=name,
        password_hash=password_hash,
        is_demo=is_demo,
        version=1,
        created_at=now,
        updated_at=now,
    )
    return await people_queries.add_person(session, person)


async def make_administrator(
    session: AsyncSession,
    viewer: Viewer,
    login: str,
    name: str,
    password_hash: str,
    *,
    is_another: bool = False,
    now: datetime,
) -> PersonOut:
    """Make an administrator at the machine itself: the first one, or another when that is said.

    Raises:
        Forbidden: the viewer does not manage accounts.
        Refused: the login cannot be used.
        Conflict: it is taken, or somebody manages accounts already.
    """
    require(viewer, Action.MANAGE_ACCOUNTS, Target())
    await people_queries.hold_administrators(session)
    there = await people_service.holders_at(session, [Role.ADMINISTRATOR], [""], now=now)
    if there and not is_another:
        fault = Fault("login", "there is an administrator", "Ask them for an invitation, or say --another.")
        raise Conflict("Nobody was made administrator.", [fault])
    person = await make_person(session, login, name, password_hash, now=now)
    grant = Grant(Role.ADMINISTRATOR, since=shanghai_date(now))
    await people_service.store_grant(session, person, grant, viewer.name, now=now)
    return await people_service.shown(session, person, now)


async def end_sessions(session: AsyncSession, viewer: Viewer, person_id: int, *, now: datetime) -> int:
    """End every session of a person; answer how many there were.

    Raises:
        Forbidden: the viewer does not manage accounts.
        NotFound: there is no such person.
    """
    require(viewer, Action.MANAGE_ACCOUNTS, Target())
    person = await people_service.stored_person(session, person_id, is_for_change=True)
    count = await sessions.end_all_of(session, person_id, reason="administrator", now=now)
    await people_service.note_change(session, person, "end_sessions", now, {"sessions": count})
    return count


async def account_for(
    session: AsyncSession, viewer: Viewer, body: NewAccount, password_hash: str | None, *, now: datetime
) -> Person:
    """Answer who takes something up: a new person, or who is signed in, whose row is held.

    Raises:
        Refused: neither signed in nor a new account stated, or both.
        Conflict: the login is taken.
    """
    if body.login is None:
        if viewer.person is None:
            fault = Fault(
                "login", "missing", "State login, name and password, or sign in and leave them out."
            )
            raise Refused("Nobody is there to take this up.", [fault])
        return await people_service.stored_person(session, viewer.person, is_for_change=True)
    if viewer.person is not None:
        raise Refused(
            "You are signed in already.", [Fault("login", "given", "Leave it out, or sign out first.")]
        )
    return await make_person(session, body.login, body.name or "", password_hash, now=now)


async def set_disabled(
    session: AsyncSession,
    viewer: Viewer,
    person_id: int,
    *,
    is_disabled: bool,
    expect: people_service.Expect,
    now: datetime,
) -> PersonOut:
    """Lock a person out, which ends all sessions, keys and open invitations at once; or let the person in again.

    Raises:
        Forbidden: the viewer does not manage accounts, or is that person.
        NotFound: there is no such person.
        Conflict: nobody could manage accounts any more.
    """
    require(viewer, Action.MANAGE_ACCOUNTS, Target())
    person = await people_service.person_of_others(session, viewer, person_id)
    expect(person.version)
    if is_disabled is (person.disabled_at is not None):
        return await people_service.shown(session, person, now)
    if is_disabled:
        await people_service.keep_an_administrator(session, now, lambda who, _grant: who != person_id)
        await sessions.end_all_of(session, person_id, reason="disabled", now=now)
        await queries.revoke_keys(session, person_id, viewer.name, now)
        await invitation_queries.revoke_of(session, person.login, now)
    person.disabled_at = now if is_disabled else None
    await people_service.note_change(session, person, "disable" if is_disabled else "enable", now, {})
    return await people_service.shown(session, person, now)


async def begin_reset(session: AsyncSession, viewer: Viewer, person_id: int, *, now: datetime) -> str:
    """Answer a token with which a person sets a new password within a day; sessions end when it is used.

    Raises:
        Forbidden: the viewer does not manage accounts, or is that person.
        NotFound: there is no such person.
    """
    require(viewer, Action.MANAGE_ACCOUNTS, Target())
    person = await people_service.person_of_others(session, viewer, person_id)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = PasswordReset(
        token_hash=_hash(token),
        person_id=person.id,
        issued_by=viewer.name,
        created_at=now,
        expires_at=now + RESET_LIFE,
    )
    await queries.add_reset(session, row)
    await people_service.note_change(session, person, "issue_reset", now, {})
    return token


async def person_of_reset(session: AsyncSession, token: str, *, now: datetime) -> Person:
    """Answer whose password a token may set.

    Raises:
        NotFound: it is unknown, over or used: which of them is not told.
    """
    row = await queries.open_reset(session, _hash(token), now)
    if row is None:
        raise _no_reset()
    return await people_service.stored_person(session, row.person_id)


async def finish_reset(session: AsyncSession, token: str, password_hash: str, *, now: datetime) -> None:
    """Set the new password of a token's person; all sessions end.

    Raises:
        NotFound: it is unknown, over or used; of several who try at once, one has it.
    """
    row = await queries.open_reset(session, _hash(token), now)
    if row is None or not await queries.use_reset(session, row.id, now):
        raise _no_reset()
    person = await people_service.stored_person(session, row.person_id, is_for_change=True)
    person.password_hash = password_hash
    await sessions.end_all_of(session, person.id, reason="password", now=now)
    await people_service.note_change(session, person, "reset_password", now, {})


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _no_reset() -> NotFound:
    fault = Fault("token", "unknown, over or used", "Ask an administrator for another one.")
    return NotFound("No password can be set with this token.", [fault])
