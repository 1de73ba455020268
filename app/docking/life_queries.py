"""Rows of an entry's life from the rooms that own them; the viewer's session narrows each."""

from collections.abc import Iterator
from typing import Any, cast

from sqlalchemy import Select, and_, select

from app.accounts.rules import Viewer
from app.accounts.tables import Person
from app.allocation.tables import Assignment, EntryHandler
from app.bottlenecks.rules import ROUTE_NAMES
from app.bottlenecks.tables import BottleneckCase, BottleneckFinding
from app.coordination.tables import CoordinationCase
from app.docking.life import LifeEvent, LifeKind
from app.institutions.tables import Institution
from app.kernel.database import AsyncSession
from app.whitelist.tables import EntryWithdrawal, WhitelistEdition, WhitelistEntry


def _of_entry(viewer: Viewer, code: str, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(WhitelistEntry)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(WhitelistEdition.jurisdiction == viewer.jurisdiction, WhitelistEntry.code == code)
    )


async def admission(session: AsyncSession, viewer: Viewer, code: str) -> list[LifeEvent]:
    """Answer when an entry was admitted; nothing for one that was not."""
    statement = _of_entry(viewer, code, WhitelistEntry.admitted_at)
    found = (await session.execute(statement)).scalar_one_or_none()
    return [LifeEvent(found, LifeKind.ADMITTED)] if found is not None else []


async def withdrawals(session: AsyncSession, viewer: Viewer, code: str) -> list[LifeEvent]:
    """Answer when it was withdrawn and reopened, by whom and why."""
    statement = _of_entry(viewer, code, EntryWithdrawal).join(
        EntryWithdrawal, EntryWithdrawal.entry_id == WhitelistEntry.id
    )
    found = []
    for row in (await session.execute(statement)).scalars():
        found.append(LifeEvent(row.withdrawn_at, LifeKind.WITHDRAWN, row.withdrawn_by, row.reason))
        if row.reopened_at is not None:
            found.append(
                LifeEvent(row.reopened_at, LifeKind.REOPENED, row.reopened_by or "", row.reopen_reason or "")
            )
    return found


async def parties(session: AsyncSession, viewer: Viewer, code: str) -> list[LifeEvent]:
    """Answer who became responsible when; of the assignments that are seen, each after the first is a reroute."""
    columns = (
        Assignment.assigned_at,
        Assignment.institution_id,
        Institution.short_name,
        Assignment.responsible_body,
    )
    statement = (
        _of_entry(viewer, code, *columns)
        .join(Assignment, Assignment.entry_id == WhitelistEntry.id)
        .outerjoin(Institution, Institution.id == Assignment.institution_id)
        .order_by(Assignment.assigned_at, Assignment.id)
    )
    found: list[LifeEvent] = []
    for at, _institution, name, body in await session.execute(statement):
        who = name or body
        if found and found[-1].who == who:
            continue  # a run that gave it to the same party again
        found.append(LifeEvent(at, LifeKind.REROUTED if found else LifeKind.ASSIGNED, who))
    return found


async def handlers(session: AsyncSession, viewer: Viewer, code: str) -> list[LifeEvent]:
    """Answer who handled it within an institution from when."""
    statement = (
        _of_entry(viewer, code, EntryHandler.since, Person.name, EntryHandler.reason)
        .join(Assignment, Assignment.entry_id == WhitelistEntry.id)
        .join(EntryHandler, EntryHandler.assignment_id == Assignment.id)
        .join(Person, Person.id == EntryHandler.person_id)
    )
    rows = await session.execute(statement)
    return [LifeEvent(at, LifeKind.HANDED_OVER, name, reason or "") for at, name, reason in rows]


async def classifications(session: AsyncSession, viewer: Viewer, code: str) -> list[LifeEvent]:
    """Answer when what blocks it was classified after a decline, and which class led."""
    named = and_(
        BottleneckFinding.case_id == BottleneckCase.id, BottleneckFinding.class_code == BottleneckCase.route
    )
    columns = (BottleneckCase.created_at, BottleneckCase.route, BottleneckFinding.detail["name"].as_string())
    statement = (
        _of_entry(viewer, code, *columns)
        .join(BottleneckCase, BottleneckCase.entry_id == WhitelistEntry.id)
        .outerjoin(BottleneckFinding, named)
        .where(BottleneckCase.cause == "declined")
    )
    return [
        LifeEvent(at, LifeKind.CLASSIFIED, text=name or ROUTE_NAMES.get(route, route))
        for at, route, name in await session.execute(statement)
    ]


async def coordination(session: AsyncSession, viewer: Viewer, code: str) -> list[CoordinationCase]:
    """Answer its coordination cases that are seen."""
    statement = _of_entry(viewer, code, CoordinationCase).join(
        CoordinationCase, CoordinationCase.entry_id == WhitelistEntry.id
    )
    rows = cast("Iterator[CoordinationCase]", (await session.execute(statement)).scalars())
    return list(rows)
