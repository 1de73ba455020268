"""Use case: rank the institutions of a month, as everybody may see it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.accounts.rules import Viewer
from app.coverage.closed_months import closed_month
from app.coverage.edition_service import edition_of
from app.coverage.months import check_begun, last_day_of
from app.coverage.percentages import percent_text
from app.coverage.published import ShownReport, model_of, rows_of_cut
from app.coverage.ranking import MEASURES, Ranked, RankingLevel, Row, Sort, rank
from app.coverage.ranking_schemas import RankedOut, RankingOut, ShareCell
from app.coverage.reporting import todays_report
from app.coverage.rules import Cut
from app.coverage.schemas import FiguresOut, GroupOut
from app.kernel.database import AsyncSession
from app.kernel.shanghai import shanghai_date
from app.policy import service as policy

LEAST, SMALLEST = "coverage.ranking", "coverage.smallest_cell"


async def ranking(
    session: AsyncSession,
    viewer: Viewer,
    month: str,
    level: RankingLevel,
    sort: Sort,
    *,
    edition: str | None = None,
    now: datetime,
) -> RankingOut:
    """Answer the ranking of a month: by the closed figures once it is closed, else by today's.

    It is the same for whoever asks: nobody is shown a cell that is hidden from others.

    Raises:
        NotFound: the month has not begun, no edition was in force, or there is none of that code.
    """
    check_begun(month, now)
    found = await edition_of(session, viewer, month, edition)
    closed = await closed_month(session, viewer, month, found)
    if closed is not None:
        figures: Mapping[str, Any] = closed.figures
    else:
        _facts, figures = await todays_report(session, viewer, month, found, (Cut.INSTITUTION,))
    on = min(last_day_of(month), shanghai_date(now))
    book = await policy.rule_book(session, viewer.jurisdiction, on)
    least, smallest = book.parameter(LEAST), book.parameter(SMALLEST)
    assert isinstance(least.value, Mapping)
    assert isinstance(smallest.value, int)
    asked = _Asked(level, sort, least.value["least_entries"], smallest.value)
    rows = await _ranked_rows(figures, asked)
    return RankingOut(
        jurisdiction=viewer.jurisdiction,
        month=month,
        edition=found.code,
        is_closed=closed is not None,
        level=level,
        sort=sort,
        least_entries=asked.least_entries,
        smallest_cell=asked.smallest_cell,
        citation=smallest.citation,
        rows=rows,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """On what a ranking depends beside the figures."""

    level: RankingLevel
    sort: Sort
    least_entries: int
    smallest_cell: int


async def _ranked_rows(figures: Mapping[str, Any], asked: _Asked) -> list[RankedOut]:
    """Answer the rows of a ranking; of figures that are shown often they are made once, and nobody changes them."""
    if not isinstance(figures, ShownReport):
        return await asyncio.to_thread(_made, figures, asked)
    if asked not in figures.made:
        figures.made[asked] = await asyncio.to_thread(_made, figures, asked)
    found: list[RankedOut] = figures.made[asked]
    return found


def _made(figures: Mapping[str, Any], asked: _Asked) -> list[RankedOut]:
    groups = {row["key"]: model_of(row) for row in rows_of_cut(figures, Cut.INSTITUTION) if row["key"]}
    total = FiguresOut.model_validate(figures["total"])
    # Entries without any institution are known from the total: institutions together have the others.
    whole = _counts(total) | {"entries": total.assigned.numerator}
    ranked = rank(
        [_row(group) for group in groups.values()],
        whole,
        asked.level,
        asked.sort,
        least_entries=asked.least_entries,
        smallest_cell=asked.smallest_cell,
    )
    return [_ranked_out(one, groups[one.key]) for one in ranked]


def _row(group: GroupOut) -> Row:
    figures = group.figures
    others = {
        Sort.CREDITED_AMOUNT: figures.credited_amount,
        Sort.DISBURSED_AMOUNT: figures.disbursed_amount,
        Sort.DAYS_TO_CONTACT: figures.days_to_contact.p50,
        Sort.DAYS_TO_ANSWER: figures.days_to_answer.p50,
    }
    return Row(group.key, group.parent, group.level, _counts(figures), others)


def _counts(figures: FiguresOut) -> dict[str, int]:
    levels = {measure: getattr(figures, measure).numerator for measure in MEASURES if measure != "entries"}
    return {"entries": figures.entries} | levels


def _ranked_out(one: Ranked, group: GroupOut) -> RankedOut:
    figures, hidden = group.figures, one.hidden
    shares = {measure: _share(figures, measure, hidden) for measure in ("answered", "credited", "disbursed")}
    return RankedOut(
        rank=one.rank,
        key=one.key,
        name=group.name,
        parent=group.parent,
        entries=None if "entries" in hidden else figures.entries,
        coverage=_share(figures, "contacted", hidden),
        **shares,
        credited_amount=None if "credited" in hidden else figures.credited_amount,
        disbursed_amount=None if "disbursed" in hidden else figures.disbursed_amount,
        days_to_contact=None if "contacted" in hidden else figures.days_to_contact.p50,
        days_to_answer=None if "answered" in hidden else figures.days_to_answer.p50,
        hidden=[measure for measure in MEASURES if measure in hidden],
    )


def _share(figures: FiguresOut, measure: str, hidden: frozenset[str]) -> ShareCell:
    reached = getattr(figures, measure).numerator
    is_whole = not {"entries", measure} & hidden
    return ShareCell(
        numerator=None if measure in hidden else reached,
        denominator=None if "entries" in hidden else figures.entries,
        percent=percent_text(reached, figures.entries) if is_whole else None,
    )
