"""Rows of people and their roles."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date

from sqlalchemy import ColumnElement, and_, exists, or_, select

from app.accounts.people_schemas import PersonFilter
from app.accounts.rules import Role
from app.accounts.tables import Person, RoleGrant
from app.kernel.database import AsyncSession, IntegrityError
from app.kernel.errors import Conflict, Fault


async def add_person(session: AsyncSession, person: Person) -> Person:
    """Store a person, so that it has an id.

    Raises:
        Conflict: the login is taken.
    """
    try:
        async with session.begin_nested():
            session.add(person)
    except IntegrityError as error:
        raise login_taken(person.login) from error
    return person


def login_taken(login: str) -> Conflict:
    """Make the refusal of a login that somebody has."""
    return Conflict("Nobody was registered.", [Fault("login", "is taken", "Choose another one.", login)])


async def person_by_id(
    session: AsyncSession, person_id: int, *, is_for_change: bool = False
) -> Person | None:
    """Answer a person; for a change of the person or the person's roles, the row is held until the end."""
    statement = select(Person).where(Person.id == person_id)
    if is_for_change:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def person_by_login(session: AsyncSession, login: str) -> Person | None:
    """Answer the person of a login in the form of `login_key`."""
    return (await session.execute(select(Person).where(Person.login == login))).scalar_one_or_none()


async def page_of_persons(
    session: AsyncSession, which: PersonFilter, *, after: int | None, limit: int
) -> Sequence[Person]:
    """Answer people by number after one; a search is for a part of login or name."""
    statement = select(Person).order_by(Person.id).limit(limit)
    if after is not None:
        statement = statement.where(Person.id > after)
    if which.search is not None:
        found = (column.icontains(which.search, autoescape=True) for column in (Person.login, Person.name))
        statement = statement.where(or_(*found))
    if which.is_disabled is not None:
        statement = statement.where(
            Person.disabled_at.is_not(None) if which.is_disabled else Person.disabled_at.is_(None)
        )
    if which.role is not None or which.scope is not None:
        statement = statement.where(exists().where(RoleGrant.person_id == Person.id, *_wanted(which)))
    return (await session.execute(statement)).scalars().all()


def _wanted(which: PersonFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [RoleGrant.ended_at.is_(None)]
    if which.role is not None:
        conditions.append(RoleGrant.role == which.role)
    if which.scope is not None:
        conditions.append(RoleGrant.scope == which.scope)
    return conditions


async def grants_of(session: AsyncSession, person_ids: Iterable[int]) -> dict[int, list[RoleGrant]]:
    """Answer all grants of some people, ended ones too, the newest first, by person."""
    statement = (
        select(RoleGrant)
        .where(RoleGrant.person_id.in_(sorted(set(person_ids))))
        .order_by(RoleGrant.id.desc())
        .execution_options(populate_existing=True)
    )
    found: dict[int, list[RoleGrant]] = defaultdict(list)
    for row in (await session.execute(statement)).scalars():
        found[row.person_id].append(row)
    return found


def _in_force(day: date) -> ColumnElement[bool]:
    return and_(
        RoleGrant.ended_at.is_(None),
        RoleGrant.since <= day,
        or_(RoleGrant.until.is_(None), RoleGrant.until >= day),
    )


async def holders(
    session: AsyncSession, roles: Collection[Role], scopes: Collection[str], day: date
) -> list[tuple[Person, RoleGrant]]:
    """Answer who has one of some roles in one of some scopes on a day and can sign in, by person and grant."""
    statement = (
        select(Person, RoleGrant)
        .join(RoleGrant, RoleGrant.person_id == Person.id)
        .where(
            RoleGrant.role.in_(sorted(roles)),
            RoleGrant.scope.in_(sorted(scopes)),
            Person.disabled_at.is_(None),
            _in_force(day),
        )
        .order_by(Person.id, RoleGrant.id)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def scopes_of(
    session: AsyncSession, logins: Collection[str], roles: Collection[Role], day: date
) -> list[tuple[str, str]]:
    """Answer (login, scope) of what people of some logins have of some roles on a day."""
    statement = (
        select(Person.login, RoleGrant.scope)
        .join(RoleGrant, RoleGrant.person_id == Person.id)
        .where(Person.login.in_(sorted(logins)), RoleGrant.role.in_(sorted(roles)), _in_force(day))
        .order_by(Person.login, RoleGrant.scope)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def people_at(
    session: AsyncSession, roles: Collection[Role], scopes: Collection[str]
) -> Sequence[Person]:
    """Answer who has one of some roles in one of some scopes that was not ended, by number."""
    holds = exists().where(
        RoleGrant.person_id == Person.id,
        RoleGrant.role.in_(sorted(roles)),
        RoleGrant.scope.in_(sorted(scopes)),
        RoleGrant.ended_at.is_(None),
    )
    return (await session.scalars(select(Person).where(holds).order_by(Person.id))).all()


async def hold_administrators(session: AsyncSession) -> None:
    """Keep others who would end or lock out an administrator waiting until this transaction ends."""
    # On SQLite a writing transaction holds the only pen anyway, and the clause is left out.
    await session.execute(
        select(RoleGrant.id)
        .where(RoleGrant.role == Role.ADMINISTRATOR, RoleGrant.ended_at.is_(None))
        .order_by(RoleGrant.id)
        .with_for_update()
    )


async def add_grant(session: AsyncSession, grant: RoleGrant) -> RoleGrant:
    """Store a grant, so that it has an id."""
    session.add(grant)
    await session.flush()
    return grant
