"""Use cases of signing in to the API: tokens for a password, tokens for a refresh token, another password."""

import asyncio
from datetime import datetime

from app.accounts import session_queries as queries
from app.accounts import sessions
from app.accounts.audit_service import acting_as
from app.accounts.auth_schemas import MeOut, PasswordIn, RoleOut
from app.accounts.password_rules import check_new_password
from app.accounts.passwords import hash_password
from app.accounts.rules import Viewer
from app.accounts.sessions import Issued
from app.accounts.sign_in import (
    Attempt,
    Gate,
    note_failure,
    prove_code,
    prove_password,
)
from app.accounts.standings import Standing
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, Forbidden, Refused, Unauthenticated
from app.kernel.requests import Begin
from app.kernel.settings import Settings


async def sign_in(
    begin: Begin, gate: Gate, settings: Settings, attempt: Attempt, code: str | None, *, now: datetime
) -> Issued:
    """Answer the tokens of a new session for login, password and, if one is in force, the second factor.

    Raises:
        Unauthenticated: something of it is wrong; it does not say what.
        TooMany: too many attempts failed before.
    """
    proven = await prove_password(begin, gate, attempt, now=now)
    try:
        async with begin() as session:
            person = await prove_code(session, gate, proven, code, now=now)
            acting_as(session, Viewer(person.login, settings.jurisdiction, person=person.id))
            return await sessions.start(
                session,
                gate.ring,
                settings,
                person_id=person.id,
                visitor=attempt.visitor,
                has_second_factor=person.totp_since is not None,
                now=now,
            )
    except Unauthenticated:
        async with begin(is_recorded=False) as session:
            note_failure(session, proven.login, "second factor", now=now)
        raise


async def refresh(begin: Begin, gate: Gate, settings: Settings, token: str, *, now: datetime) -> Issued:
    """Answer new tokens for a refresh token, which is used up by it.

    Raises:
        Unauthenticated: it does not hold; if it was used before, its session has ended now.
        Conflict: another request used it in the same second (`refresh_raced`); the session goes on.
    """
    async with begin(is_recorded=False) as session:
        done = await sessions.refresh(session, gate.ring, settings, token, now=now)
    if done.issued is None:
        raise done.refusal or sessions.refresh_refused()
    return done.issued


async def change_password(
    begin: Begin, gate: Gate, standing: Standing, attempt: Attempt, body: PasswordIn, *, now: datetime
) -> None:
    """Change the own password; all other sessions of the person end.

    Raises:
        Refused: the old one is wrong, or the new one cannot be used.
        TooMany: too many attempts with a wrong one.
        Conflict: it was changed meanwhile.
    """
    check_code_given(standing)
    async with begin(writes=False) as session:
        name = await queries.name_of(session, standing.viewer.person or 0)
    await asyncio.to_thread(check_new_password, body.new, login=standing.viewer.name, name=name, where="new")
    try:
        proven = await prove_password(begin, gate, attempt, now=now)
    except Unauthenticated as error:
        raise Refused("The password was not changed.", [Fault("old", "wrong")]) from error
    new = await hash_password(body.new)
    async with begin() as session:
        if not await queries.set_password(session, proven.person_id, new, instead_of=proven.password_hash):
            raise Conflict("The password was changed by another request; sign in with that one.")
        gate.lockout.succeeded(proven.login, proven.address)
        await sessions.end_others(
            session, proven.person_id, but=standing.session_id, reason="password", now=now
        )


def check_code_given(standing: Standing) -> None:
    """Refuse changes of the account by who has shown only half of what shows the person.

    Raises:
        Forbidden: a second factor is in force and was not given.
    """
    if standing.owes_code:
        raise Forbidden("Give the code of your second factor first.")


async def me(session: AsyncSession, standing: Standing) -> MeOut:
    """Answer who somebody is to this service."""
    viewer = standing.viewer
    return MeOut(
        login=viewer.name,
        name=await queries.name_of(session, viewer.person or 0),
        via=standing.via,
        roles=[
            RoleOut(role=grant.role, scope=grant.scope, since=grant.since, until=grant.until)
            for grant in viewer.grants
        ],
        lacks_second_factor=standing.lacks_second_factor,
        expires_at=standing.expires_at,
    )
