"""What people do with their own second factor; wrong codes count as failures to sign in do."""

from datetime import datetime

from app.accounts import audit_service, people_service, second_factor, second_factor_queries
from app.accounts.page_sessions import Visitor
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.accounts.second_factor import Enrolment, Standing
from app.accounts.sign_in import Gate, check_not_locked
from app.accounts.tables import Person
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, Forbidden, Refused
from app.kernel.settings import Settings
from app.kernel.shanghai import shanghai_date


async def shown(
    session: AsyncSession, viewer: Viewer, settings: Settings, *, now: datetime
) -> tuple[Person, Standing]:
    """Answer the viewer's person, and how it stands with the second factor."""
    person = await own_person(session, viewer)
    today = shanghai_date(now)
    held = await people_service.held_by(session, person.id)
    roles = {grant.role for grant in held if grant.is_in_force(today)}
    is_required = second_factor.requires(settings, roles)
    return person, await second_factor.standing(session, person, is_required=is_required)


async def own_person(session: AsyncSession, viewer: Viewer, *, is_held: bool = False) -> Person:
    """Answer the viewer's person; held, nobody else changes it meanwhile.

    Raises:
        Forbidden: the viewer is no person (the operator, a tool).
    """
    person = None
    if viewer.person is not None:
        person = await second_factor_queries.person(session, viewer.person, is_held=is_held)
    if person is None:
        raise Forbidden("Only a person who is signed in has a second factor.")
    return person


async def enrol(session: AsyncSession, viewer: Viewer, gate: Gate, *, now: datetime) -> Enrolment:
    """Give the viewer a new secret, which counts from its first code on.

    Raises:
        Conflict: a second factor is in force.
    """
    person = await own_person(session, viewer, is_held=True)
    made = await second_factor.enrol(session, person, gate.ring, now=now)
    _note(session, "enrol_second_factor", person, now)
    return made


async def pending(session: AsyncSession, viewer: Viewer, gate: Gate) -> Enrolment | None:
    """Answer the viewer's secret that waits for its first code, for who just enrolled and mistyped it."""
    return second_factor.pending(await own_person(session, viewer), gate.ring)


async def confirm(
    session: AsyncSession,
    viewer: Viewer,
    gate: Gate,
    visitor: Visitor,
    code: str,
    *,
    session_id: str,
    now: datetime,
) -> tuple[str, ...]:
    """Put the secret that waits in force; answer the recovery codes. The session at hand has given it now.

    Raises:
        Refused: the code is wrong.
        Conflict: a second factor is in force, or no secret waits.
        TooMany: too many codes were wrong.
    """
    person = await own_person(session, viewer, is_held=True)
    _check_not_locked(gate, person, visitor)
    codes = await second_factor.confirm(session, person, code, gate.ring, now=now)
    if codes is None:
        raise _wrong(gate, person, visitor)
    await second_factor_queries.has_given_second_factor(session, session_id)
    _note(session, "confirm_second_factor", person, now)
    return codes


async def give(
    session: AsyncSession, viewer: Viewer, gate: Gate, visitor: Visitor, code: str, *, now: datetime
) -> Person:
    """Check a code of the viewer's own; answer the person, held.

    Raises:
        Refused: the code is wrong.
        Conflict: no second factor is in force.
        TooMany: too many codes were wrong.
    """
    person = await own_person(session, viewer, is_held=True)
    if person.totp_since is None:
        fault = Fault("second_factor", "none is in force", "Enrol first.")
        raise Conflict("No second factor is in force.", [fault])
    _check_not_locked(gate, person, visitor)
    if not await second_factor.check_code(session, person, code, gate.ring, now=now):
        raise _wrong(gate, person, visitor)
    return person


async def switch_off(
    session: AsyncSession, viewer: Viewer, gate: Gate, visitor: Visitor, code: str, *, now: datetime
) -> None:
    """Take the second factor away, with a code; sessions of who must have one then only enrol.

    Raises:
        Refused, Conflict, TooMany: as `give`.
    """
    person = await give(session, viewer, gate, visitor, code, now=now)
    await second_factor.switch_off(session, person, now=now)
    _note(session, "switch_off_second_factor", person, now)


async def renew_recovery_codes(
    session: AsyncSession, viewer: Viewer, gate: Gate, visitor: Visitor, code: str, *, now: datetime
) -> tuple[str, ...]:
    """Put ten new recovery codes in place of all earlier ones, with a code.

    Raises:
        Refused, Conflict, TooMany: as `give`.
    """
    person = await give(session, viewer, gate, visitor, code, now=now)
    codes = await second_factor.renew_recovery_codes(session, person)
    _note(session, "renew_recovery_codes", person, now)
    return codes


async def take_away(session: AsyncSession, viewer: Viewer, person_id: int, *, now: datetime) -> None:
    """Take a second factor away that its person lost; all sessions go on with the password's half only.

    Raises:
        Forbidden: the viewer does not manage accounts, or is that person.
        NotFound: there is no such person.
    """
    require(viewer, Action.MANAGE_ACCOUNTS, Target())
    person = await people_service.person_of_others(session, viewer, person_id)
    await second_factor.switch_off(session, person, now=now)
    await people_service.note_change(session, person, "end_second_factor", now, {})


def _check_not_locked(gate: Gate, person: Person, visitor: Visitor) -> None:
    check_not_locked(gate, person.login, visitor.address, is_known=True)


def _wrong(gate: Gate, person: Person, visitor: Visitor) -> Refused:
    gate.lockout.failed(person.login, visitor.address, is_known=True)
    fault = Fault("code", "wrong or used already", "Wait for the next code, or use a recovery code.")
    return Refused("The code is not taken; nothing was changed.", [fault])


def _note(session: AsyncSession, action: str, person: Person, now: datetime) -> None:
    audit_service.note(session, action, "person", str(person.id), now=now)
