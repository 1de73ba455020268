"""Use cases of coverage: show a month, close it, verify it, hand out its facts and workbook."""

import asyncio
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.coverage import canonical, queries, standalone_verifier, telling_service
from app.coverage.closed_months import ClosedMonth, closed_figures, closed_month
from app.coverage.edition_service import edition_of
from app.coverage.facts import MonthFacts
from app.coverage.gathering import gather
from app.coverage.looking import sees_all_rows, shown_rows
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
from app.coverage.published import (
    ShownReport,
    counted,
    funnel_out,
    model_of,
    report_json,
    rows_of_cut,
    target_out,
)
from app.coverage.reporting import todays_report
from app.coverage.rules import Cut, compute
from app.coverage.schemas import (
    ClosedOut,
    CoverageOut,
    FiguresFileOut,
    FiguresOut,
    FiguresRowOut,
    VerificationOut,
)
from app.coverage.tables import CoverageSnapshot
from app.coverage.targets import measure
from app.coverage.topics import MONTHS_CLOSED
from app.coverage.verification import examine
from app.coverage.workbook import coverage_workbook
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, NotFound
from app.kernel.progress import report
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.policy import service as policy
from app.policy.rulebook import RuleBook
from app.reference import service as reference
from app.reference.errors import CalendarUnknownError
from app.whitelist.tables import WhitelistEdition


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
    cuts = () if by is None else (by,)
    view = await _view(session, viewer, month, cuts, edition=edition, now=now)
    return view.by(by)


async def show_by(
    session: AsyncSession, viewer: Viewer, month: str, cuts: Iterable[Cut], *, now: datetime
) -> dict[Cut, CoverageOut]:
    """Answer a month as `show`, by several cuts that are of one moment.

    Raises:
        NotFound: the month has not begun, or no edition was in force.
    """
    asked = tuple(cuts)
    view = await _view(session, viewer, month, asked, edition=None, now=now)
    return {cut: view.by(cut) for cut in asked}


@dataclass(frozen=True, slots=True)
class _View:
    """A month as it is shown: today's report, the closed month if it is closed, the policies in force."""

    facts: MonthFacts
    today: ShownReport
    closed: ClosedMonth | None
    edition: WhitelistEdition
    book: RuleBook
    viewer: Viewer

    def by(self, by: Cut | None) -> CoverageOut:
        """Show it by one cut."""
        today, closed = self.today, self.closed
        total, restated = today["total"], None
        rows: Sequence[dict[str, Any]] = rows_of_cut(today, by) if by else []
        if closed is not None:
            total = closed.figures["total"]
            restated = today["total"] if today["total"] != total else None
            rows = today.beside(closed.figures, by) if by else []
        figures = FiguresOut.model_validate(total)
        targets = measure(self.book, counted(figures), self.edition.in_force_from, self.book.on)
        return CoverageOut(
            jurisdiction=self.facts.jurisdiction,
            month=self.facts.month,
            edition=self.facts.edition,
            until=self.facts.until,
            closed=closed_out(closed, self.facts.edition) if closed else None,
            total=figures,
            restated=FiguresOut.model_validate(restated) if restated else None,
            targets=[target_out(target) for target in targets],
            funnel=funnel_out(figures),
            by=by,
            is_partial=not sees_all_rows(self.viewer, by),
            rows=[model_of(row) for row in shown_rows(self.viewer, by, rows)],
        )


async def _view(
    session: AsyncSession,
    viewer: Viewer,
    month: str,
    cuts: Iterable[Cut],
    *,
    edition: str | None,
    now: datetime,
) -> _View:
    check_begun(month, now)
    found = await edition_of(session, viewer, month, edition)
    facts, today = await todays_report(session, viewer, month, found, tuple(cuts))
    closed = await closed_month(session, viewer, month, found)
    on = min(last_day_of(month), shanghai_date(now))
    book = await policy.rule_book(session, viewer.jurisdiction, on)
    return _View(facts, today, closed, found, book, viewer)


def closed_out(closed: CoverageSnapshot | ClosedMonth, edition: str) -> ClosedOut:
    """Answer under what a month was closed."""
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
    edition = await edition_of(session, viewer, month, None)
    facts = await gather(session, viewer, month, edition)
    report("freezing", 0, len(facts.entries))
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
    await telling_service.tell_closed(session, viewer.jurisdiction, month, edition.code, now=now)
    await MONTHS_CLOSED.tell(session, [snapshot.id], now)
    return closed_out(snapshot, edition.code)


async def close_due(session: AsyncSession, viewer: Viewer, *, now: datetime) -> list[ClosedOut]:
    """Close every month whose first working day afterwards has come, oldest first; answer those closed now.

    Called again it closes nothing more. Where the working days are not known, or no edition was in force,
    it closes nothing; `next_close` says so.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
    """
    found: list[ClosedOut] = []
    while (due := await next_close(session, viewer)).is_due(now):
        try:
            found.append(await close(session, viewer, due.month, now=now))
        except Conflict:  # somebody else is closing the same months
            break
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
        last = await closed_figures(session, viewer, closed[-1:], None)
        if any(one.total["simulated"] for one in last):
            return NextClose(
                month, None, "The roster holds simulated docking: such months are closed by hand."
            )
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


async def closed_under(session: AsyncSession, viewer: Viewer, month: str) -> ClosedOut:
    """Answer under what a month was closed.

    Raises:
        NotFound: the month is not closed.
    """
    head = await queries.closed_head(session, viewer, month)
    if head is None:
        raise NotFound(f"{month} is not closed.")
    return ClosedOut.model_validate(head, from_attributes=True)


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
    edition = await edition_of(session, viewer, month, code)
    today = await gather(session, viewer, month, edition)
    verdict = await asyncio.to_thread(examine, closed.facts, closed.facts_sha256, closed.figures, today)
    return VerificationOut(
        closed=closed_out(closed, code),
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
    found = await edition_of(session, viewer, month, edition)
    closed = await closed_month(session, viewer, month, found)
    if closed is not None:
        return FactsFile(
            await asyncio.to_thread(zlib.decompress, await queries.facts_of(session, closed.id)),
            closed.facts_sha256,
            True,
        )
    facts = await gather(session, viewer, month, found)
    data = await asyncio.to_thread(canonical.to_bytes, facts)
    return FactsFile(data, canonical.sha256_of(data), is_closed=False)


async def figures_file(
    session: AsyncSession, viewer: Viewer, month: str, *, edition: str | None = None, now: datetime
) -> FiguresFileOut:
    """Answer a month's figures by every cut, the closed ones once it is closed, for whoever recomputes them.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
        NotFound: the month has not begun, no edition was in force, or there is none of that code.
    """
    require(viewer, Action.READ_COVERAGE_FACTS, Target(region=viewer.jurisdiction))
    check_begun(month, now)
    found = await edition_of(session, viewer, month, edition)
    closed = await closed_month(session, viewer, month, found)
    if closed is not None:
        figures, sha256 = closed.figures, closed.facts_sha256
    else:
        facts = await gather(session, viewer, month, found)
        frozen = await asyncio.to_thread(_freeze, facts)
        figures, sha256 = frozen.figures, frozen.sha256
    return FiguresFileOut(
        jurisdiction=viewer.jurisdiction,
        month=month,
        edition=found.code,
        closed=closed_out(closed, found.code) if closed else None,
        facts_sha256=sha256,
        total=FiguresOut.model_validate(figures["total"]),
        cuts={cut: [FiguresRowOut.model_validate(row) for row in rows_of_cut(figures, cut)] for cut in Cut},
    )


def verifier_source() -> bytes:
    """Answer the stand-alone verifier: a program of one file that needs Python and nothing of ours."""
    return Path(standalone_verifier.__file__).read_bytes()


async def export(
    session: AsyncSession, viewer: Viewer, month: str, *, edition: str | None = None, now: datetime
) -> bytes:
    """Answer a month's workbook (xlsx): a sheet for each cut, targets, the method and the hash.

    Raises:
        NotFound: the month has not begun, no edition was in force, or there is none of that code.
    """
    view = await _view(session, viewer, month, Cut, edition=edition, now=now)
    closed = view.closed
    sha256 = closed.facts_sha256 if closed else (await asyncio.to_thread(canonical.pack, view.facts))[1]
    return await asyncio.to_thread(coverage_workbook, [view.by(cut) for cut in Cut], sha256)
