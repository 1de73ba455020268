"""Rows of allocation runs and assignments. Entries are reached through their edition's jurisdiction, the viewer's."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import BigInteger, ColumnElement, Select, String, Table, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.allocation.entry_queries import ASSIGNED, AssignmentRow
from app.allocation.tables import AllocationRun, Assignment, AssignmentSupport
from app.kernel.batches import in_batches
from app.kernel.database import insert_numbered, insert_rows
from app.kernel.direct import Direct, given, given_each
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

ASSIGNMENTS = cast("Table", Assignment.__table__)
SUPPORTS = cast("Table", AssignmentSupport.__table__)


@dataclass(frozen=True, slots=True)
class NewAssignment:
    """An assignment to store with its supporting (institution, product revision, score), best first."""

    entry_id: int
    kind: str
    institution_id: int | None
    responsible_body: str
    product_revision_id: int | None
    score: int | None
    explanation: dict[str, Any]
    supports: tuple[tuple[int, int, int], ...]


def _visible(viewer: Viewer) -> ColumnElement[bool]:
    return WhitelistEdition.jurisdiction == viewer.jurisdiction


def _of_entries(viewer: Viewer, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .join_from(Assignment, WhitelistEntry, WhitelistEntry.id == Assignment.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(_visible(viewer))
    )


def _current(viewer: Viewer, edition_id: int, *columns: Any) -> Select[Any]:
    return _of_entries(viewer, *columns).where(
        WhitelistEntry.edition_id == edition_id, Assignment.ended_at.is_(None)
    )


async def hold_edition(session: AsyncSession, edition_id: int) -> None:
    """Keep other writers of an edition's assignments waiting until this transaction ends."""
    # On SQLite a writing transaction holds the only pen anyway, and the clause is left out.
    statement = select(WhitelistEdition.id).where(WhitelistEdition.id == edition_id)
    await session.execute(statement.with_for_update(key_share=True))


def _held(*columns: Any) -> Select[Any]:
    asked = select(*columns, func.count().label("entries")).select_from(Assignment)
    return asked.where(Assignment.ended_at.is_(None), Assignment.institution_id.is_not(None)).group_by(
        *columns
    )


def _held_of_edition(*columns: Any) -> Select[Any]:
    return (
        _held(*columns)
        .join(WhitelistEntry, WhitelistEntry.id == Assignment.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(
            WhitelistEdition.jurisdiction == given("jurisdiction"),
            WhitelistEntry.edition_id == given("edition", BigInteger),
        )
    )


_RUNS: Final = Direct(
    select(AllocationRun.id).where(AllocationRun.edition_id == given("edition", BigInteger))
)
_HELD_BY_RUNS: Final = Direct(
    _held(Assignment.institution_id).where(Assignment.run_id.in_(given_each("runs")))
)
_HELD_SINCE: Final = Direct(_held_of_edition(Assignment.institution_id).where(Assignment.run_id.is_(None)))
_HELD_OF_CHAINS: Final = Direct(
    _held_of_edition(WhitelistEntry.chain_code, Assignment.institution_id).where(
        WhitelistEntry.chain_code.in_(given_each("chains", String))
    )
)


async def held_places(
    session: AsyncSession, viewer: Viewer, edition_id: int, chains: Collection[str]
) -> list[tuple[str | None, int, int]]:
    """Answer (chain, institution, entries) for which institutions are responsible in an edition now.

    Entries of these chains are told apart; all others count as of no chain. A run is of one edition, so that only what
    was moved since, and those chains, have to be looked up among the edition's entries.
    """
    places = Counter[tuple[str | None, int]]()
    of_edition = {"jurisdiction": viewer.jurisdiction, "edition": edition_id}
    # The runs come first: joined with as many assignments as an edition has, they would cost as much as counting these.
    runs = [row.id for row in await _RUNS.rows(session, edition=edition_id)]
    for institution, entries in (
        *await _HELD_BY_RUNS.rows(session, runs=runs),
        *await _HELD_SINCE.rows(session, **of_edition),
    ):
        places[None, institution] += entries
    if chains:
        for chain, institution, entries in await _HELD_OF_CHAINS.rows(
            session, chains=sorted(chains), **of_edition
        ):
            places[chain, institution] += entries
            places[None, institution] -= entries
    return [(*place, entries) for place, entries in places.items() if entries]


async def current_assignments(session: AsyncSession, viewer: Viewer, edition_id: int) -> list[AssignmentRow]:
    """Answer the current assignments of an edition, by entry code."""
    statement = _current(viewer, edition_id, *ASSIGNED).order_by(WhitelistEntry.code)
    return [AssignmentRow(*row) for row in await session.execute(statement)]


async def explanations_without_institution(
    session: AsyncSession, viewer: Viewer, edition_id: int
) -> dict[int, dict[str, Any]]:
    """Answer the explanations of the edition's current assignments that name no institution, by entry id."""
    statement = _of_entries(viewer, Assignment.entry_id, Assignment.explanation).where(
        WhitelistEntry.edition_id == edition_id,
        Assignment.ended_at.is_(None),
        Assignment.institution_id.is_(None),
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def end_assignments(session: AsyncSession, ids: Iterable[int], now: datetime, reason: str) -> int:
    """End assignments; answer how many."""
    count = 0
    for batch in in_batches(sorted(ids)):
        await session.execute(
            update(Assignment)
            .where(Assignment.id.in_(batch))
            .values(ended_at=now, end_reason=reason)
            .execution_options(synchronize_session=False)
        )
        count += len(batch)
    return count


async def add_assignments(
    session: AsyncSession, run_id: int | None, rows: Sequence[NewAssignment], now: datetime
) -> None:
    """Insert assignments with their supports."""
    written = (_assignment_row(row, run_id, now) for row in rows)
    ids = await insert_numbered(session, ASSIGNMENTS, written, key="entry_id")
    await insert_rows(session, SUPPORTS, _support_rows(ids, rows))


def _assignment_row(row: NewAssignment, run_id: int | None, now: datetime) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "entry_id": row.entry_id,
        "kind": row.kind,
        "institution_id": row.institution_id,
        "responsible_body": row.responsible_body,
        "product_revision_id": row.product_revision_id,
        "score": row.score,
        "explanation": row.explanation,
        "assigned_at": now,
        "ended_at": None,
        "end_reason": None,
    }


def _support_rows(ids: Mapping[int, int], rows: Sequence[NewAssignment]) -> Iterable[Mapping[str, Any]]:
    for row in rows:
        for rank, (institution, product, score) in enumerate(row.supports, 1):
            yield {
                "assignment_id": ids[row.entry_id],
                "rank": rank,
                "institution_id": institution,
                "product_revision_id": product,
                "score": score,
            }


async def responsible_as_of(
    session: AsyncSession, viewer: Viewer, edition_id: int, instant: datetime
) -> dict[int, int | None]:
    """Answer the responsible institution of each entry of an edition right after an instant, by entry id.

    None where the coordinator or a named body answers; entries without any assignment are not there.
    """
    statement = _of_entries(viewer, Assignment.entry_id, Assignment.institution_id).where(
        WhitelistEntry.edition_id == edition_id,
        Assignment.assigned_at <= instant,
        or_(Assignment.ended_at.is_(None), Assignment.ended_at > instant),
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def entry_codes(session: AsyncSession, viewer: Viewer, edition_id: int) -> dict[int, str]:
    """Answer the codes of an edition's entries by id."""
    statement = (
        select(WhitelistEntry.id, WhitelistEntry.code)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(_visible(viewer), WhitelistEntry.edition_id == edition_id)
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def held_by(
    session: AsyncSession, viewer: Viewer, edition_id: int, institution_ids: Iterable[int]
) -> list[int]:
    """Answer the entries (ids) of an edition for which some institutions are responsible, as far as seen."""
    statement = _of_entries(viewer, Assignment.entry_id).where(
        WhitelistEntry.edition_id == edition_id,
        Assignment.ended_at.is_(None),
        Assignment.institution_id.in_(sorted(institution_ids)),
    )
    return list((await session.execute(statement.order_by(Assignment.entry_id))).scalars())
