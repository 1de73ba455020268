"""Use cases of coverage: show a month, close it, verify it, hand out its facts and workbook."""

import asyncio
import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.coverage import canonical, queries
from app.coverage.facts import MonthFacts
from app.coverage.gathering import gather
from app.coverage.months import (
    NextClose,
    check_begun,
    check_closable,
    closes_on,
    last_day_of,
    month_of,
    months_between,
    shifted,
)
from app.coverage.published import report_json, restate, rows_of_cut
from app.coverage.rules import Cut, compute
from app.coverage.schemas import ClosedOut, CoverageOut, FiguresOut, GroupOut, VerificationOut
from app.coverage.tables import CoverageSnapshot
from app.coverage.verification import examine
from app.coverage.workbook import coverage_workbook
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, NotFound
from app.kernel.logs import get_logger
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.reference import service as reference
from app.reference.errors import CalendarUnknownError
from app.whitelist.tables import WhitelistEdition

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FactsFile:
    """A month's facts as canonical JSON, with their hash; those of a closed month are the frozen ones."""

    data: bytes
    sha256: str
    is_closed: bool


async def show(
    session: AsyncSession,
    viewer: Viewer,
    month: str,
    *,
    by: Cut | None = None,
    edition: str | None = None,
    now: datetime,
) -> CoverageOut:
    """Answer a month's coverage; of a closed month the closed figures, with restatements beside them.

    Raises:
        NotFound: the month has not begun, no edition was in force, or there is none of that code.
    """
    check_begun(month, now)
    found = await _edition(session, viewer, month, edition)
    facts = await gather(session, viewer, month, found)
    cuts = () if by is None else (by,)
    today = report_json(await asyncio.to_thread(compute, facts, cuts))
    closed = await _closed(session, viewer, month, found)
    return _coverage_out(facts, today, closed, by)


def _coverage_out(
    facts: MonthFacts, today: dict[str, Any], closed: CoverageSnapshot | None, by: Cut | None
) -> CoverageOut:
    total, rows, restated = today["total"], rows_of_cut(today, by) if by else [], None
    if closed is not None:
        total = closed.figures["total"]
        restated = today["total"] if today["total"] != total else None
        rows = restate(rows_of_cut(closed.figures, by), rows) if by else []
    return CoverageOut(
        jurisdiction=facts.jurisdiction,
        month=facts.month,
        edition=facts.edition,
        until=facts.until,
        closed=_closed_out(closed, facts.edition) if closed else None,
        total=FiguresOut.model_validate(total),
        restated=FiguresOut.model_validate(restated) if restated else None,
        by=by,
        rows=[GroupOut.model_validate(row) for row in rows],
    )


def _closed_out(closed: CoverageSnapshot, edition: str) -> ClosedOut:
    return ClosedOut(
        month=closed.month,
        edition=edition,
        closed_at=closed.closed_at,
        closed_by=closed.closed_by,
        facts_sha256=closed.facts_sha256,
    )


async def listed_months(
    session: AsyncSession, viewer: Viewer, *, now: datetime
) -> tuple[list[str], str | None]:
    """Answer the closed months and those of the newest edition that have begun; and which to open first.

    That is the last closed one, because its figures stand; else the last that has begun.
    """
    today = shanghai_date(now)
    edition = await queries.newest_edition(session, viewer, today)
    if edition is None:
        return [], None
    begun = months_between(edition.in_force_from, min(edition.in_force_until, today))
    closed = await queries.closed_months(session, viewer)
    return sorted({*closed, *begun}), (closed or begun)[-1]


async def close(session: AsyncSession, viewer: Viewer, month: str, *, now: datetime) -> ClosedOut:
    """Freeze a month: its facts, their hash, and the figures by every cut.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
        NotFound: no edition was in force at the end of the month.
        Conflict: it has not ended in Shanghai, is closed already, or would leave a gap.
    """
    require(viewer, Action.CLOSE_MONTH, Target(region=viewer.jurisdiction))
    check_closable(month, await queries.closed_months(session, viewer), now)
    edition = await _edition(session, viewer, month, None)
    facts = await gather(session, viewer, month, edition)
    frozen = await asyncio.to_thread(_freeze, facts)
    snapshot = CoverageSnapshot(
        jurisdiction=viewer.jurisdiction,
        edition_id=edition.id,
        month=month,
        facts=frozen.packed,
        facts_sha256=frozen.sha256,
        figures=frozen.figures,
        closed_by=viewer.name,
        closed_at=now,
    )
    await queries.keep_snapshot(session, snapshot)
    return _closed_out(snapshot, edition.code)


async def close_due(session: AsyncSession, viewer: Viewer, *, now: datetime) -> list[ClosedOut]:
    """Close every month whose first working day afterwards has come, oldest first; answer those closed now.

    Called again it closes nothing more. Where the working days are not known, or no edition was in force,
    it closes nothing and says so in the log (`next_close` says it too).

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
    """
    found: list[ClosedOut] = []
    while (due := await next_close(session, viewer)).is_due(now):
        try:
            found.append(await close(session, viewer, due.month, now=now))
        except Conflict:  # somebody else is closing the same months
            break
    if due.obstacle:
        logger.warning("month_not_closed", month=due.month, reason=due.obstacle)
    return found


async def next_close(session: AsyncSession, viewer: Viewer) -> NextClose:
    """Answer which month closes next, and on which day, or why that cannot be said.

    The first of all is the month in which the first edition in force had its first entry admitted.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
    """
    require(viewer, Action.CLOSE_MONTH, Target(region=viewer.jurisdiction))
    closed = await queries.closed_months(session, viewer)
    if closed:
        month = shifted(closed[-1], 1)
    else:
        first = await queries.first_admission(session, viewer)
        if first is None:
            return NextClose("", None, "No entry has been admitted yet.")
        month = month_of(max(first[0], shanghai_date(first[1])))
    if await queries.edition_in_force(session, viewer, last_day_of(month)) is None:
        return NextClose(month, None, f"No whitelist edition is in force at the end of {month}.")
    book = await reference.current_book(session, get_settings().seed_dir)
    try:
        return NextClose(month, closes_on(month, book.calendar))
    except CalendarUnknownError as error:
        return NextClose(month, None, error.detail)


@dataclass(frozen=True, slots=True)
class _Frozen:
    packed: bytes
    sha256: str
    figures: dict[str, Any]


def _freeze(facts: MonthFacts) -> _Frozen:
    packed, sha256 = canonical.pack(facts)
    return _Frozen(packed, sha256, report_json(compute(facts, Cut)))


async def verify(session: AsyncSession, viewer: Viewer, month: str) -> VerificationOut:
    """Recompute a closed month from its frozen facts, and from what is known today.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
        NotFound: the month is not closed.
    """
    require(viewer, Action.READ_COVERAGE_FACTS, Target(region=viewer.jurisdiction))
    found = await queries.snapshot(session, viewer, month)
    if found is None:
        raise NotFound(f"{month} is not closed.")
    closed, code = found
    edition = await _edition(session, viewer, month, code)
    today = await gather(session, viewer, month, edition)
    verdict = await asyncio.to_thread(examine, closed.facts, closed.facts_sha256, closed.figures, today)
    return VerificationOut(
        closed=_closed_out(closed, code),
        is_intact=not verdict.faults,
        found_sha256=verdict.found_sha256,
        faults=list(verdict.faults),
        is_restated=verdict.is_restated,
        entries_added=list(verdict.added),
        entries_removed=list(verdict.removed),
        entries_changed=list(verdict.changed),
        today_sha256=verdict.today_sha256,
        total=FiguresOut.model_validate(closed.figures["total"]),
        today=FiguresOut.model_validate(verdict.today["total"]),
    )


async def facts_file(
    session: AsyncSession, viewer: Viewer, month: str, *, edition: str | None = None, now: datetime
) -> FactsFile:
    """Answer the facts from which anyone can recompute a month: the frozen ones once it is closed.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
        NotFound: the month has not begun, no edition was in force, or there is none of that code.
    """
    require(viewer, Action.READ_COVERAGE_FACTS, Target(region=viewer.jurisdiction))
    check_begun(month, now)
    found = await _edition(session, viewer, month, edition)
    closed = await _closed(session, viewer, month, found)
    if closed is not None:
        return FactsFile(await asyncio.to_thread(zlib.decompress, closed.facts), closed.facts_sha256, True)
    facts = await gather(session, viewer, month, found)
    data = await asyncio.to_thread(canonical.to_bytes, facts)
    return FactsFile(data, canonical.sha256_of(data), is_closed=False)


async def export(
    session: AsyncSession, viewer: Viewer, month: str, *, edition: str | None = None, now: datetime
) -> bytes:
    """Answer a month's workbook (xlsx): a sheet for each cut, the method and the hash.

    Raises:
        NotFound: the month has not begun, no edition was in force, or there is none of that code.
    """
    check_begun(month, now)
    found = await _edition(session, viewer, month, edition)
    facts = await gather(session, viewer, month, found)
    today = report_json(await asyncio.to_thread(compute, facts, Cut))
    closed = await _closed(session, viewer, month, found)
    data = None if closed else await asyncio.to_thread(canonical.to_bytes, facts)
    sha256 = closed.facts_sha256 if closed else canonical.sha256_of(data or b"")
    shown = [_coverage_out(facts, today, closed, cut) for cut in Cut]
    return await asyncio.to_thread(coverage_workbook, shown, sha256)


async def _edition(session: AsyncSession, viewer: Viewer, month: str, code: str | None) -> WhitelistEdition:
    if code is not None:
        found = await queries.edition_by_code(session, viewer, code)
        missing = f"No whitelist edition {code}."
    else:
        found = await queries.edition_in_force(session, viewer, last_day_of(month))
        missing = f"No whitelist edition was in force at the end of {month}."
    if found is None:
        raise NotFound(missing)
    return found


async def _closed(
    session: AsyncSession, viewer: Viewer, month: str, edition: WhitelistEdition
) -> CoverageSnapshot | None:
    found = await queries.snapshot(session, viewer, month)
    return found[0] if found is not None and found[0].edition_id == edition.id else None
