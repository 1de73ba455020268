"""Signing in with a browser, in two steps: login and password, then a code from whoever has a second factor.

Between the steps nobody is signed in: the second page carries, sealed and for five minutes, whose password was
right. It proves nothing once the password is another one.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from app.accounts import (
    account_service,
    audit_service,
    invitation_service,
    page_sessions,
    people_service,
    second_factor_queries,
)
from app.accounts.invitation_schemas import AcceptanceIn
from app.accounts.page_sessions import Visitor
from app.accounts.rules import Viewer
from app.accounts.sealing import SealBroken, seal, unseal
from app.accounts.sign_in import (
    Attempt,
    Gate,
    Proven,
    note_failure,
    prove_code,
    prove_password,
    sign_in_failed,
)
from app.accounts.tables import Person
from app.kernel.database import AsyncSession
from app.kernel.errors import Unauthenticated
from app.kernel.requests import Begin
from app.kernel.settings import Settings

STEP_SECONDS: Final = 300
PURPOSE: Final = "sign-in step"
_PASSWORD: Final = "password of step"  # noqa: S105 - the purpose of a key


@dataclass(frozen=True, slots=True)
class Browser:
    """Who asks: from where and with what, and the cookie that it holds from before."""

    visitor: Visitor
    cookie: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Entered:
    """What came of a step: signed in with a new cookie, or the sealed first step while a code is asked for."""

    cookie: str = field(default="", repr=False)
    step: str = field(default="", repr=False)


class _Step(BaseModel):
    model_config = ConfigDict(frozen=True)

    person_id: int
    login: str
    address: str
    is_known: bool
    password: str


async def with_password(
    begin: Begin,
    gate: Gate,
    settings: Settings,
    browser: Browser,
    login: str,
    password: str,
    *,
    now: datetime,
) -> Entered:
    """Take the first step; it is the last for who has no second factor in force.

    Raises:
        Unauthenticated: login or password is wrong, or the account cannot be used.
        TooMany: too many attempts failed before.
    """
    proven = await prove_password(begin, gate, Attempt(login, password, browser.visitor), now=now)
    async with begin(writes=False) as session:
        person = await second_factor_queries.person(session, proven.person_id)
    if person is not None and person.totp_since is not None:
        return Entered(step=_sealed(gate, proven, now))
    return await _enter(begin, gate, settings, browser, proven, None, now=now)


async def with_code(
    begin: Begin, gate: Gate, settings: Settings, browser: Browser, step: str, code: str, *, now: datetime
) -> Entered:
    """Take the second step, with a code of the second factor or a recovery code.

    Raises:
        Unauthenticated: the code is wrong, or the first step is too long ago or was never taken.
        TooMany: too many attempts failed before.
    """
    taken = _opened(gate, step, now)
    if taken is None:
        raise sign_in_failed()
    async with begin(writes=False) as session:
        person = await second_factor_queries.person(session, taken.person_id)
    stored = "" if person is None else person.password_hash or ""
    if not gate.ring.is_signed(_PASSWORD, stored, taken.password) or taken.address != browser.visitor.address:
        raise sign_in_failed()
    proven = Proven(taken.person_id, taken.login, taken.address, taken.is_known, stored)
    return await _enter(begin, gate, settings, browser, proven, code, now=now)


async def with_invitation(
    begin: Begin, settings: Settings, browser: Browser, viewer: Viewer, body: AcceptanceIn, *, now: datetime
) -> str:
    """Take an invitation up with a new account, and sign in to it; answer the new cookie.

    Raises:
        NotFound: no open invitation has this token.
        Refused: the login cannot be used, or the password is guessable.
        Conflict: the login is taken.
    """
    async with begin(writes=False) as session:
        await invitation_service.check_open(session, body.token, now=now)
    hashed = await account_service.hashed(body)
    async with begin() as session:
        made = await invitation_service.accept(session, viewer, body, hashed, now=now)
        person = await people_service.stored_person(session, made.person)
        return await let_in(session, settings, browser, person, has_second_factor=False, now=now)


def is_open(gate: Gate, step: str, *, now: datetime) -> bool:
    """Tell whether a first step was taken and not too long ago: another code may follow it."""
    return _opened(gate, step, now) is not None


def _opened(gate: Gate, step: str, now: datetime) -> _Step | None:
    try:
        return _Step.model_validate_json(unseal(gate.ring, PURPOSE, step, now=now, seconds=STEP_SECONDS))
    except (SealBroken, ValidationError, UnicodeEncodeError):
        return None


async def _enter(
    begin: Begin,
    gate: Gate,
    settings: Settings,
    browser: Browser,
    proven: Proven,
    code: str | None,
    *,
    now: datetime,
) -> Entered:
    try:
        async with begin() as session:
            person = await prove_code(session, gate, proven, code, now=now)
            has_second_factor = person.totp_since is not None
            cookie = await let_in(
                session, settings, browser, person, has_second_factor=has_second_factor, now=now
            )
    except Unauthenticated:
        async with begin(is_recorded=False) as session:
            note_failure(session, proven.login, "second factor", now=now)
        raise
    return Entered(cookie)


async def let_in(
    session: AsyncSession,
    settings: Settings,
    browser: Browser,
    person: Person,
    *,
    has_second_factor: bool,
    now: datetime,
) -> str:
    """Begin the page session of a person who has proven who they are; answer the new cookie."""
    audit_service.acting_as(session, Viewer(person.login, settings.jurisdiction, person=person.id))
    return await page_sessions.begin(
        session,
        person.id,
        browser.visitor,
        settings=settings,
        has_second_factor=has_second_factor,
        replaces=browser.cookie,
        now=now,
    )


def _sealed(gate: Gate, proven: Proven, now: datetime) -> str:
    step = _Step(
        person_id=proven.person_id,
        login=proven.login,
        address=proven.address,
        is_known=proven.is_known,
        password=gate.ring.sign(_PASSWORD, proven.password_hash),
    )
    return seal(gate.ring, PURPOSE, step.model_dump_json(), now=now)
