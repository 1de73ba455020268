"""Reads of the facts of months: histories of entries, streamed in the order of entries.

Four statements run side by side, each in the order of entries, so that a chunk of entries is complete
as soon as the others have come as far. Nothing but the chunk is held, however long the history is.
They are about bare tables and plain instants: there are millions of rows, and mapping each takes longer
than reading it.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, DateTime, Select, and_, or_, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from app.allocation.tables import Assignment
from app.coverage.histories import Absence, EntryHistory
from app.coverage.levels import KINDS, Happening, Spell
from app.docking.tables import DockingEvent
from app.enterprises.tables import NeedRevision
from app.kernel.database import Base
from app.whitelist.tables import EntryWithdrawal, WhitelistEntry

ENTRIES, REVISIONS, WITHDRAWALS, ASSIGNMENTS, EVENTS = (
    Base.metadata.tables[mapped.__tablename__].c
    for mapped in (WhitelistEntry, NeedRevision, EntryWithdrawal, Assignment, DockingEvent)
)
ENTRIES_A_CHUNK: Final = 2_000
ROWS_AT_ONCE: Final = 5_000
Rows = Sequence[Any]
Those = tuple[ColumnElement[bool], ...]


class _Stream:
    """Rows in the order of their first column, taken up to a value of it."""

    def __init__(self, parts: AsyncIterator[Rows]) -> None:
        self._parts = parts
        self._waiting: list[Any] = []

    @classmethod
    async def of(cls, session: AsyncSession, statement: Select[Any], rows: int) -> "_Stream":
        result = await session.stream(statement, execution_options={"yield_per": rows})
        return cls(result.partitions())

    async def part(self) -> Rows:
        """Answer the next rows as they come; none at the end."""
        async for part in self._parts:
            return part
        return ()

    async def up_to(self, last: int) -> Rows:
        """Answer the rows whose first column is at most `last`, of those not yet taken."""
        taken = self._waiting
        while not taken or taken[-1][0] <= last:
            part = await self.part()
            if not part:
                self._waiting = []
                return taken
            taken.extend(part)
        end = _first_after(taken, last)
        self._waiting = taken[end:]
        return taken[:end]


def _first_after(rows: Rows, last: int) -> int:
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if rows[middle][0] <= last else (low, middle)
    return low


async def codes_of(session: AsyncSession, entry_ids: Collection[int]) -> dict[int, str]:
    """Answer the codes of entries by id, of those that there are."""
    rows = await session.execute(select(ENTRIES.id, ENTRIES.code).where(ENTRIES.id.in_(sorted(entry_ids))))
    return {row.id: row.code for row in rows}


async def histories(
    session: AsyncSession,
    edition_ids: Collection[int],
    until: datetime,
    institutions: Mapping[int, str],
    entry_ids: Collection[int] | None = None,
) -> AsyncIterator[list[EntryHistory]]:
    """Answer the histories of the entries of editions in chunks, with what happened before an instant.

    `institutions` are the codes of all institutions by id. What was corrected since is left out, whenever
    that was: a voided event counts nowhere. `entry_ids`: only those entries.
    """
    those = _admitted(edition_ids, until)
    if entry_ids is not None:
        those = (*those, ENTRIES.id.in_(sorted(entry_ids)))
    entries = await _Stream.of(session, _entries(those), ENTRIES_A_CHUNK)
    absences = await _Stream.of(session, _absences(those, until), ROWS_AT_ONCE)
    spells = await _Stream.of(session, _spells(those, until), ROWS_AT_ONCE)
    events = await _Stream.of(session, _events(those, until), ROWS_AT_ONCE)
    while chunk := await entries.part():
        last = chunk[-1][0]
        beside = (await absences.up_to(last), await spells.up_to(last), await events.up_to(last))
        yield _joined(chunk, *beside, institutions)


def _entries(those: Those) -> Select[Any]:
    return (
        select(
            ENTRIES.id,
            ENTRIES.edition_id,
            ENTRIES.code,
            ENTRIES.region_code,
            ENTRIES.chain_code,
            ENTRIES.source_class,
            ENTRIES.size_class,
            ENTRIES.amount_fen,
            REVISIONS.facts["first_loan"].as_boolean(),
            _plain(ENTRIES.admitted_at),
            _plain(ENTRIES.withdrawn_at),
        )
        .join_from(ENTRIES.id.table, REVISIONS.id.table, REVISIONS.id == ENTRIES.need_revision_id)
        .where(*those)
        .order_by(ENTRIES.id)
    )


def _admitted(edition_ids: Collection[int], until: datetime) -> Those:
    return (
        ENTRIES.edition_id.in_(edition_ids),
        ENTRIES.status == "admitted",
        ENTRIES.admitted_at < until,
    )


def _absences(those: Those, until: datetime) -> Select[Any]:
    return (
        select(WITHDRAWALS.entry_id, _plain(WITHDRAWALS.withdrawn_at), _plain(WITHDRAWALS.reopened_at))
        .join_from(WITHDRAWALS.id.table, ENTRIES.id.table, ENTRIES.id == WITHDRAWALS.entry_id)
        .where(*those, WITHDRAWALS.withdrawn_at < until)
        .order_by(ENTRIES.id)
    )


def _spells(those: Those, until: datetime) -> Select[Any]:
    return (
        select(
            ASSIGNMENTS.entry_id,
            ASSIGNMENTS.institution_id,
            _plain(ASSIGNMENTS.assigned_at),
            _plain(ASSIGNMENTS.ended_at),
        )
        .join_from(ASSIGNMENTS.id.table, ENTRIES.id.table, ENTRIES.id == ASSIGNMENTS.entry_id)
        .where(
            *those,
            ASSIGNMENTS.assigned_at < until,
            ASSIGNMENTS.institution_id.is_not(None),
        )
        .order_by(ENTRIES.id)
    )


def _events(those: Those, until: datetime) -> Select[Any]:
    counted = and_(EVENTS.kind.in_(KINDS), EVENTS.occurred_at < until, EVENTS.institution_id.is_not(None))
    is_read = or_(
        counted, EVENTS.corrects.is_not(None), and_(EVENTS.is_simulated, EVENTS.occurred_at < until)
    )
    return (
        select(
            EVENTS.entry_id,
            EVENTS.sequence,
            EVENTS.corrects,
            EVENTS.kind,
            EVENTS.institution_id,
            _plain(EVENTS.occurred_at),
            EVENTS.amount_fen,
            EVENTS.rate_bp,
            EVENTS.term_months,
            EVENTS.is_credit_loan,
            EVENTS.is_simulated,
        )
        .join_from(EVENTS.id.table, ENTRIES.id.table, ENTRIES.id == EVENTS.entry_id)
        .where(*those, is_read)
        .order_by(ENTRIES.id, EVENTS.sequence)
    )


def _plain(instant: ColumnElement[Any]) -> ColumnElement[Any]:
    return type_coerce(instant, DateTime(timezone=True))


def _joined(
    entries: Rows, absences: Rows, spells: Rows, events: Rows, institutions: Mapping[int, str]
) -> list[EntryHistory]:
    away: dict[int, tuple[Absence, ...]] = {}
    for entry_id, since, reopened in absences:
        away[entry_id] = (*away.get(entry_id, ()), Absence(_utc(since), reopened and _utc(reopened)))
    held: dict[int, list[Spell]] = defaultdict(list)
    for entry_id, institution_id, since, ended in spells:
        held[entry_id].append(Spell(institutions[institution_id], _utc(since), ended and _utc(ended)))
    happened, simulated = _happenings(events, institutions)
    found = []
    for row in entries:
        entry_id, *columns, admitted, withdrawn = row
        gone = away.get(entry_id, ())
        if withdrawn:
            gone = (*gone, Absence(_utc(withdrawn), None))
        columns += [
            _utc(admitted),
            simulated.get(entry_id),
            held.get(entry_id, ()),
            happened.get(entry_id, ()),
            gone,
        ]
        found.append(EntryHistory(*columns))
    return found


def _happenings(
    events: Rows, institutions: Mapping[int, str]
) -> tuple[dict[int, list[Happening]], dict[int, datetime]]:
    """Answer what happened to each entry in the order of time, and since when that is simulated."""
    voided = {(row[0], row[2]) for row in events if row[2] is not None}
    found: dict[int, list[Happening]] = defaultdict(list)
    simulated: dict[int, datetime] = {}
    for entry_id, sequence, corrects, kind, institution_id, at, amount, *terms, is_simulated in events:
        if corrects is not None or institution_id is None or (voided and (entry_id, sequence) in voided):
            continue
        instant = at if at.tzinfo else at.replace(tzinfo=UTC)
        if is_simulated:
            simulated[entry_id] = min(instant, simulated.get(entry_id, instant))
        if kind not in KINDS:
            continue
        institution = institutions[institution_id]
        if amount is None:
            found[entry_id].append(Happening(kind, institution, instant))
        else:
            rate, months, is_credit = terms
            found[entry_id].append(
                Happening(kind, institution, instant, amount, rate or 0, months or 0, bool(is_credit))
            )
    for happenings in found.values():
        happenings.sort(key=_instant)  # stable: at the same instant by sequence
    return found, simulated


def _instant(happening: Happening) -> datetime:
    return happening.at


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at
