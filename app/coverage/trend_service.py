"""Use case: coverage month by month, in a constant number of statements however many months."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from app.accounts.rules import Viewer
from app.coverage import queries
from app.coverage.closed_months import ClosedFigures, closed_figures
from app.coverage.gathering import gather_months
from app.coverage.looking import shown_rows
from app.coverage.months import bounds_of, last_day_of, month_of, shifted, span_of
from app.coverage.published import model_of, report_json, rows_of_cut
from app.coverage.reporting import MOST_KEPT, todays_report
from app.coverage.rules import Cut, compute
from app.coverage.schemas import FiguresOut, GroupOut, Ratio
from app.coverage.trend_schemas import TrendMonth, TrendOut, TrendRow
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, Refused
from app.kernel.recording import leaves
from app.kernel.shanghai import shanghai_date
from app.whitelist.tables import WhitelistEdition

MOST_MONTHS: Final = 36
USUAL_MONTHS: Final = 12


async def trend(
    session: AsyncSession,
    viewer: Viewer,
    *,
    first: str | None = None,
    last: str | None = None,
    by: Cut | None = None,
    key: str | None = None,
    restated: bool = False,
    now: datetime,
) -> TrendOut:
    """Answer the months from `first` to `last`: closed figures as they were closed, open ones by today's facts.

    Months that have not begun are left out. `restated` computes closed months anew beside their figures.

    Raises:
        Refused: these are no months, they stand the wrong way round, or they are too many.
    """
    months = _months(first, last, now)
    editions = await queries.editions(session, viewer)
    closed = {one.month: one for one in await closed_figures(session, viewer, months, by)}
    used = {month: _edition(month, editions, closed.get(month)) for month in months}
    wanted = [
        (month, edition)
        for month, edition in used.items()
        if edition is not None and (restated or month not in closed)
    ]
    cuts = () if by is None else (by,)
    today = await _todays(session, viewer, wanted, cuts)
    shown = [
        _month(viewer, month, used[month], closed.get(month), today.get(month), by, key) for month in months
    ]
    return TrendOut(jurisdiction=viewer.jurisdiction, by=by, is_restated=restated, months=shown)


async def _todays(
    session: AsyncSession,
    viewer: Viewer,
    wanted: Sequence[tuple[str, WhitelistEdition]],
    cuts: tuple[Cut, ...],
) -> dict[str, Any]:
    """Answer reports by month: a few as they are remembered, many in one pass."""
    if leaves(session) and len(wanted) <= MOST_KEPT:
        found = [await todays_report(session, viewer, month, edition, cuts) for month, edition in wanted]
        return {facts.month: report for facts, report in found}
    gathered = await gather_months(session, viewer, wanted)
    return await asyncio.to_thread(
        lambda: {facts.month: report_json(compute(facts, cuts)) for facts in gathered}
    )


def _months(first: str | None, last: str | None, now: datetime) -> list[str]:
    current = month_of(shanghai_date(now))
    until = min(last or current, current)
    since = first or shifted(until, 1 - USUAL_MONTHS)
    for month in (since, until):
        bounds_of(month)
    if first is not None and last is not None and first > last:
        fault = Fault("from", "is after `to`", "Exchange them.", first)
        raise Refused("The months stand the wrong way round.", [fault])
    found = span_of(since, until)
    if len(found) > MOST_MONTHS:
        fault = Fault("from", f"{len(found)} months", f"Ask for at most {MOST_MONTHS}.", since)
        raise Refused("These are too many months.", [fault])
    return found


def _edition(
    month: str, editions: Sequence[WhitelistEdition], closed: ClosedFigures | None
) -> WhitelistEdition | None:
    """Answer the edition under which a month was closed, or the one in force at its end; `editions` newest first."""
    if closed is not None:
        return next(edition for edition in editions if edition.id == closed.edition_id)
    day = last_day_of(month)
    return next((one for one in editions if one.in_force_from <= day <= one.in_force_until), None)


def _month(
    viewer: Viewer,
    month: str,
    edition: WhitelistEdition | None,
    closed: ClosedFigures | None,
    today: Mapping[str, Any] | None,
    by: Cut | None,
    key: str | None,
) -> TrendMonth:
    total = closed.total if closed else today["total"] if today else None
    rows = closed.rows if closed else rows_of_cut(today, by) if today and by else []
    again = {row["key"]: row for row in rows_of_cut(today, by)} if closed and today and by else {}
    is_restated = closed is not None and today is not None and today["total"] != closed.total
    return TrendMonth(
        month=month,
        state="closed" if closed else "open" if today else "no_edition",
        edition=edition.code if edition else None,
        closed_at=closed.closed_at if closed else None,
        facts_sha256=closed.facts_sha256 if closed else None,
        total=FiguresOut.model_validate(total) if total else None,
        restated=FiguresOut.model_validate(today["total"]) if is_restated and today else None,
        rows=[_row(row, again.get(row.key)) for row in _chosen(shown_rows(viewer, by, rows), key)],
    )


def _chosen(rows: Sequence[Mapping[str, Any]], key: str | None) -> list[GroupOut]:
    """Answer a row and those right below it; without a key the rows that lie in no other, and those below them."""
    known = {row["key"] for row in rows}
    tops = {key} if key is not None else {row["key"] for row in rows if row["parent"] not in known}
    return [model_of(row) for row in rows if {row["key"], row["parent"]} & tops]


def _row(row: GroupOut, again: Mapping[str, Any] | None) -> TrendRow:
    restated = Ratio.model_validate(again["figures"]["coverage"]) if again else None
    return TrendRow(
        key=row.key,
        name=row.name,
        level=row.level,
        parent=row.parent,
        coverage=row.figures.coverage,
        credited=row.figures.credited,
        credited_amount=row.figures.credited_amount,
        disbursed_amount=row.figures.disbursed_amount,
        restated=restated if restated != row.figures.coverage else None,
    )
