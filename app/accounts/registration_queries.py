"""Rows of firms' own registrations. Which of them a viewer may see is bound to the session (visibility)."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import func, or_, select

from app.accounts.rules import Role
from app.accounts.tables import EnterpriseRegistration, Person, RoleGrant
from app.kernel.database import AsyncSession, IntegrityError
from app.kernel.errors import Conflict, Fault


async def add(session: AsyncSession, row: EnterpriseRegistration) -> EnterpriseRegistration:
    """Store a registration.

    Raises:
        Conflict: the same person's registration of the same firm is pending.
    """
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        fault = Fault(
            "uscc", "you registered it, and it is not decided yet", "Wait for the coordinator.", row.uscc
        )
        raise Conflict("The firm was not registered again.", [fault]) from error
    return row


async def page(
    session: AsyncSession, *, state: str | None, before: int | None, limit: int
) -> list[tuple[EnterpriseRegistration, Person]]:
    """Answer registrations with their people, the newest first, below a number."""
    statement = (
        select(EnterpriseRegistration, Person)
        .join(Person, Person.id == EnterpriseRegistration.person_id)
        .order_by(EnterpriseRegistration.id.desc())
        .limit(limit)
    )
    if state is not None:
        statement = statement.where(EnterpriseRegistration.state == state)
    if before is not None:
        statement = statement.where(EnterpriseRegistration.id < before)
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def of_person(session: AsyncSession, person_id: int) -> Sequence[EnterpriseRegistration]:
    """Answer a person's registrations, the newest first."""
    statement = (
        select(EnterpriseRegistration)
        .where(EnterpriseRegistration.person_id == person_id)
        .order_by(EnterpriseRegistration.id.desc())
    )
    return (await session.execute(statement)).scalars().all()


async def by_id(
    session: AsyncSession, registration_id: int, *, is_for_change: bool = False
) -> tuple[EnterpriseRegistration, Person] | None:
    """Answer a registration with its person; for a change, both rows are held until the transaction ends."""
    statement = (
        select(EnterpriseRegistration, Person)
        .join(Person, Person.id == EnterpriseRegistration.person_id)
        .where(EnterpriseRegistration.id == registration_id)
    )
    if is_for_change:
        statement = statement.with_for_update()
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1])


async def claims(
    session: AsyncSession, credit_codes: Collection[str], day: date
) -> dict[tuple[str, int], int]:
    """Answer how many grants each person has for each of some firms on a day, by (credit code, person)."""
    statement = (
        select(RoleGrant.scope, RoleGrant.person_id, func.count())
        .where(
            RoleGrant.role == Role.ENTERPRISE,
            RoleGrant.scope.in_(sorted(credit_codes)),
            RoleGrant.ended_at.is_(None),
            or_(RoleGrant.until.is_(None), RoleGrant.until >= day),
        )
        .group_by(RoleGrant.scope, RoleGrant.person_id)
    )
    return {(row[0], row[1]): row[2] for row in await session.execute(statement)}
