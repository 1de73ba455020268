"""Runs of an edition: what was kept of them, and what single ones made."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from app.accounts.rules import Viewer
from app.allocation.tables import AllocationProblemRecord, AllocationRun, Assignment
from app.enterprises.tables import Enterprise
from app.kernel.database import AsyncSession
from app.whitelist.tables import WhitelistEdition, WhitelistEntry


async def made_by_run(
    session: AsyncSession, viewer: Viewer, run_id: int, after: str | None, limit: int
) -> Sequence[Any]:
    """Answer the assignments of a run by entry code, with the firm's name and whose the entry was `before`."""
    former = aliased(Assignment)
    before = (
        select(former.responsible_body)
        .where(former.entry_id == Assignment.entry_id, former.id < Assignment.id)
        .order_by(former.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        select(
            WhitelistEntry.code,
            Enterprise.name,
            Assignment.kind,
            Assignment.responsible_body,
            Assignment.explanation,
            before.label("before"),
        )
        .join_from(Assignment, WhitelistEntry, WhitelistEntry.id == Assignment.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .where(WhitelistEdition.jurisdiction == viewer.jurisdiction, Assignment.run_id == run_id)
        .order_by(WhitelistEntry.code)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(WhitelistEntry.code > after)
    return (await session.execute(statement)).all()


async def add_run(session: AsyncSession, run: AllocationRun, arrays: bytes) -> AllocationRun:
    """Insert a run with its posed problem; answers the run with its number."""
    session.add(run)
    await session.flush()
    session.add(AllocationProblemRecord(run_id=run.id, arrays=arrays))
    await session.flush()
    return run


def _runs(viewer: Viewer) -> Select[AllocationRun, str]:
    return (
        select(AllocationRun, WhitelistEdition.code)
        .join(WhitelistEdition, WhitelistEdition.id == AllocationRun.edition_id)
        .where(WhitelistEdition.jurisdiction == viewer.jurisdiction)
    )


async def run_by_id(session: AsyncSession, viewer: Viewer, run_id: int) -> tuple[AllocationRun, str] | None:
    """Answer a run with its edition's code, or None if there is none that the viewer may see."""
    row = (await session.execute(_runs(viewer).where(AllocationRun.id == run_id))).one_or_none()
    return None if row is None else (row[0], row[1])


async def latest_run(session: AsyncSession, viewer: Viewer, edition_id: int) -> AllocationRun | None:
    """Answer the newest run of an edition, or None."""
    statement = _runs(viewer).where(AllocationRun.edition_id == edition_id)
    row = (await session.execute(statement.order_by(AllocationRun.id.desc()).limit(1))).one_or_none()
    return None if row is None else row[0]


async def page_of_runs(
    session: AsyncSession, viewer: Viewer, edition: str | None, *, before: int | None, limit: int
) -> list[tuple[AllocationRun, str]]:
    """Answer runs with their edition's code, the newest first, below a number."""
    statement = _runs(viewer).order_by(AllocationRun.id.desc()).limit(limit)
    if edition is not None:
        statement = statement.where(WhitelistEdition.code == edition)
    if before is not None:
        statement = statement.where(AllocationRun.id < before)
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def arrays_of(session: AsyncSession, run_id: int) -> bytes | None:
    """Answer the archived problem of a run."""
    statement = select(AllocationProblemRecord.arrays).where(AllocationProblemRecord.run_id == run_id)
    return (await session.execute(statement)).scalar_one_or_none()
