"""Use cases of people and their roles: found, given, ended, locked out. What is taken away is gone at once."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Final

from app.accounts import audit_service, invitation_queries, standings
from app.accounts import people_queries as queries
from app.accounts.logins import login_key
from app.accounts.people_rules import (
    INVITED_BY_BANKS,
    INVITING,
    contradictions,
    may_invite,
    period_faults,
    written_scope,
)
from app.accounts.people_schemas import GrantIn, GrantOut, PersonFilter, PersonOut
from app.accounts.permissions import Action, Target, require
from app.accounts.places import Places
from app.accounts.rules import INSTITUTION_ROLES, Grant, Role, Viewer
from app.accounts.tables import Person, RoleGrant
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, Forbidden, NotFound, Refused
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.shanghai import shanghai_date

Expect = Callable[[int], None]
_INSTALLATION: Final = Target()


async def list_people(
    session: AsyncSession, viewer: Viewer, page: PageRequest, which: PersonFilter, *, now: datetime
) -> Page[PersonOut]:
    """Answer people by number.

    Raises:
        Forbidden: the viewer does not manage accounts.
    """
    require(viewer, Action.MANAGE_ACCOUNTS, _INSTALLATION)
    key = page.after()
    after = key[0] if key and isinstance(key[0], int) else None
    rows = await queries.page_of_persons(session, which, after=after, limit=page.limit + 1)
    grants = await queries.grants_of(session, (row.id for row in rows))
    today = shanghai_date(now)
    return page_of(
        rows, page, lambda row: (row.id,), lambda row: person_out(row, grants.get(row.id, ()), today)
    )


async def get_person(session: AsyncSession, viewer: Viewer, person_id: int, *, now: datetime) -> PersonOut:
    """Answer a person with all roles.

    Raises:
        Forbidden: the viewer does not manage accounts.
        NotFound: there is no such person.
    """
    require(viewer, Action.MANAGE_ACCOUNTS, _INSTALLATION)
    return await shown(session, await stored_person(session, person_id), now)


async def give_grant(
    session: AsyncSession, viewer: Viewer, person_id: int, body: GrantIn, places: Places, *, now: datetime
) -> GrantOut:
    """Give a person a role within a scope.

    Raises:
        Forbidden: the viewer does not manage accounts, or is that person.
        NotFound: there is no such person.
        Refused: the scope names nothing for the role, or the days are not in order.
        Conflict: the person holds it, or a role from which it is separated.
    """
    require(viewer, Action.MANAGE_ACCOUNTS, _INSTALLATION)
    await places.target(session, viewer, body.role, body.scope)
    person = await person_of_others(session, viewer, person_id)
    today = shanghai_date(now)
    grant = Grant(body.role, written_scope(body.role, body.scope)[0], body.since or today, body.until)
    return grant_out(await store_grant(session, person, grant, viewer.name, now=now), today)


async def store_grant(
    session: AsyncSession, person: Person, grant: Grant, granted_by: str, *, now: datetime
) -> RoleGrant:
    """Store a role of a person whose row is held, on whosever decision; the scope was looked up.

    Raises:
        Refused: the days are not in order.
        Conflict: the person holds it, or a role from which it is separated.
    """
    if faults := period_faults(grant, shanghai_date(now)):
        raise Refused("The role was not given.", faults)
    if faults := contradictions(grant, await held_by(session, person.id)):
        raise Conflict("The role was not given.", faults)
    row = RoleGrant(
        person_id=person.id,
        role=grant.role.value,
        scope=grant.scope,
        since=grant.since,
        until=grant.until,
        granted_by=granted_by,
        granted_at=now,
    )
    await queries.add_grant(session, row)
    await note_change(session, person, "grant", now, {"role": row.role, "scope": row.scope, "grant": row.id})
    return row


async def end_grant(
    session: AsyncSession, viewer: Viewer, person_id: int, grant_id: int, *, expect: Expect, now: datetime
) -> PersonOut:
    """End a role now: from this transaction on it does not hold; it stays on record.

    With a role that invites, the open invitations of the person end too.

    Raises:
        Forbidden: the viewer does not manage accounts, or is that person.
        NotFound: there is no such person or role of the person.
        Conflict: it has ended, or nobody could manage accounts any more.
    """
    require(viewer, Action.MANAGE_ACCOUNTS, _INSTALLATION)
    person = await person_of_others(session, viewer, person_id)
    expect(person.version)
    row = await _grant_of(session, person_id, grant_id)
    return await _ended(session, viewer, person, row, now=now)


async def end_colleague(
    session: AsyncSession,
    viewer: Viewer,
    person_id: int,
    grant_id: int,
    places: Places,
    *,
    expect: Expect,
    now: datetime,
) -> PersonOut:
    """End a role to which the viewer could invite: a bank administrator's colleague leaves.

    Raises:
        Forbidden: it is the viewer.
        NotFound: there is no such person, or no such role that the viewer could have given.
        Conflict: it has ended.
    """
    refuse_own(viewer, person_id)
    row = await _grant_of(session, person_id, grant_id)
    target = await places.target(session, viewer, Role(row.role), row.scope)
    if not may_invite(viewer, Role(row.role), target):
        raise NotFound(f"The person {person_id} has no such role.")
    person = await person_of_others(session, viewer, person_id)
    expect(person.version)
    # Read anew now that the person is held: somebody may have ended it meanwhile.
    return await _ended(session, viewer, person, await _grant_of(session, person_id, grant_id), now=now)


async def _grant_of(session: AsyncSession, person_id: int, grant_id: int) -> RoleGrant:
    rows = (await queries.grants_of(session, [person_id])).get(person_id, [])
    row = next((row for row in rows if row.id == grant_id), None)
    if row is None:
        raise NotFound(f"The person {person_id} has no such role.")
    return row


async def _ended(
    session: AsyncSession, viewer: Viewer, person: Person, row: RoleGrant, *, now: datetime
) -> PersonOut:
    grant_id = row.id
    if row.ended_at is not None:
        raise Conflict("The role has ended already.", [Fault("grant", "ended", value=str(grant_id))])
    if row.role == Role.ADMINISTRATOR:
        await keep_an_administrator(session, now, lambda _person, grant: grant != grant_id)
    if row.role in INVITING:
        await invitation_queries.revoke_of(session, person.login, now)
    row.ended_at, row.ended_by = now, viewer.name
    await note_change(
        session, person, "end_grant", now, {"role": row.role, "scope": row.scope, "grant": row.id}
    )
    return await shown(session, person, now)


async def holders_at(
    session: AsyncSession, roles: Iterable[Role], scopes: Iterable[str], *, now: datetime
) -> list[tuple[Person, Grant]]:
    """Answer who has one of some roles in one of some scopes today and can sign in."""
    found = await queries.holders(session, frozenset(roles), frozenset(scopes), shanghai_date(now))
    return [(person, grant_of(row)) for person, row in found]


async def institutions_of(
    session: AsyncSession, logins: Iterable[str], *, now: datetime
) -> dict[str, frozenset[str]]:
    """Answer for which institutions (codes) people of some logins act today; who acts for none is left out."""
    found: dict[str, set[str]] = {}
    if wanted := frozenset(logins):
        for login, scope in await queries.scopes_of(session, wanted, INSTITUTION_ROLES, shanghai_date(now)):
            found.setdefault(login, set()).add(scope)
    return {login: frozenset(scopes) for login, scopes in found.items()}


async def colleagues_at(
    session: AsyncSession, viewer: Viewer, places: Places, *, now: datetime
) -> list[PersonOut]:
    """Answer who has a role to which the viewer may invite, at the viewer's institutions and below, by name.

    Of each only those roles are told, in force or to come; statements do not grow with the people.
    """
    scopes = await places.institutions_within(session, viewer, viewer.scopes(Role.BANK_ADMINISTRATOR))
    if not scopes:
        return []
    people, today = await queries.people_at(session, INVITED_BY_BANKS, scopes), shanghai_date(now)
    grants = await queries.grants_of(session, [person.id for person in people])
    told = [
        person_out(
            person,
            [
                row
                for row in grants.get(person.id, ())
                if row.role in INVITED_BY_BANKS and row.scope in scopes and _is_open(row, today)
            ],
            today,
        )
        for person in people
    ]
    return sorted((one for one in told if one.grants), key=lambda one: (one.name, one.id))


def _is_open(row: RoleGrant, today: date) -> bool:
    return row.ended_at is None and (row.until is None or row.until >= today)


async def person_by_login(session: AsyncSession, viewer: Viewer, login: str, *, now: datetime) -> PersonOut:
    """Answer the person of a login.

    Raises:
        Forbidden: the viewer does not manage accounts.
        NotFound: nobody has this login.
    """
    require(viewer, Action.MANAGE_ACCOUNTS, _INSTALLATION)
    person = await queries.person_by_login(session, login_key(login))
    if person is None:
        fault = Fault("login", "nobody's", "`rongqiao accounts list` shows them.", login)
        raise NotFound("Nobody has this login.", [fault])
    return await shown(session, person, now)


async def stored_person(session: AsyncSession, person_id: int, *, is_for_change: bool = False) -> Person:
    """Answer a person; for a change of the person or the person's roles, the row is held until the end.

    Raises:
        NotFound: there is no such person.
    """
    person = await queries.person_by_id(session, person_id, is_for_change=is_for_change)
    if person is None:
        raise NotFound(f"There is no person {person_id}.")
    return person


async def person_of_others(session: AsyncSession, viewer: Viewer, person_id: int) -> Person:
    """Answer a person to change, held until the end: separated duties are judged one change at a time.

    Raises:
        Forbidden: it is the viewer.
        NotFound: there is no such person.
    """
    refuse_own(viewer, person_id)
    return await stored_person(session, person_id, is_for_change=True)


def refuse_own(viewer: Viewer, person_id: int) -> None:
    """Refuse what nobody decides on for themselves.

    Raises:
        Forbidden: the person is the viewer.
    """
    if viewer.person == person_id:
        raise Forbidden("Nobody changes the own roles or locks the own account.")


async def held_by(session: AsyncSession, person_id: int) -> list[Grant]:
    """Answer the roles of a person that were not ended, of other days too."""
    rows = (await queries.grants_of(session, [person_id])).get(person_id, [])
    return [grant_of(row) for row in rows if row.ended_at is None]


async def keep_an_administrator(
    session: AsyncSession, now: datetime, is_left: Callable[[int, int], bool]
) -> None:
    """Keep somebody who manages accounts: `is_left` tells of (person, grant) numbers whether it stays.

    Raises:
        Conflict: nobody would.
    """
    await queries.hold_administrators(session)
    found = await queries.holders(session, {Role.ADMINISTRATOR}, {""}, shanghai_date(now))
    if not any(is_left(person.id, row.id) for person, row in found):
        fault = Fault("role", "the last administrator", "Make another person administrator first.")
        raise Conflict("Nobody could manage accounts any more; nothing was changed.", [fault])


async def note_change(
    session: AsyncSession, person: Person, action: str, now: datetime, detail: dict[str, object]
) -> None:
    """Count a change of a person or the person's roles, put it on record, and have it hold from the commit on."""
    person.version, person.updated_at = person.version + 1, now
    await session.flush()
    standings.forget(session, person.id)
    audit_service.note(session, action, "person", str(person.id), now=now, detail=detail)


async def shown(session: AsyncSession, person: Person, now: datetime) -> PersonOut:
    """Answer a stored person with all roles."""
    grants = await queries.grants_of(session, [person.id])
    return person_out(person, grants.get(person.id, ()), shanghai_date(now))


def grant_of(row: RoleGrant) -> Grant:
    """Answer a stored role as a value."""
    return Grant(Role(row.role), row.scope, row.since, row.until)


def grant_out(row: RoleGrant, today: date) -> GrantOut:
    """Show a stored role."""
    return GrantOut(
        id=row.id,
        role=Role(row.role),
        scope=row.scope,
        since=row.since,
        until=row.until,
        is_in_force=row.ended_at is None and grant_of(row).is_in_force(today),
        granted_by=row.granted_by,
        granted_at=row.granted_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )


def person_out(person: Person, grants: Iterable[RoleGrant], today: date) -> PersonOut:
    """Show a stored person."""
    return PersonOut(
        id=person.id,
        login=person.login,
        name=person.name,
        is_disabled=person.disabled_at is not None,
        has_second_factor=person.totp_since is not None,
        is_demo=person.is_demo,
        grants=[grant_out(row, today) for row in grants],
        version=person.version,
        created_at=person.created_at,
        updated_at=person.updated_at,
    )
