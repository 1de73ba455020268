"""Gathers the published figures of a month, of the month before it, and what restates closed months, in one pass."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.accounts.rules import Viewer
from app.bulletins.material import Closing, Group, MonthFigures, RestatedMonth, Share
from app.bulletins.wording import month_name
from app.coverage import canonical, queries
from app.coverage.closed_months import ClosedMonth, closed_figures, closed_month
from app.coverage.edition_service import edition_of
from app.coverage.facts import MonthFacts
from app.coverage.gathering import gather_months
from app.coverage.months import check_begun, shifted
from app.coverage.published import report_json, restate, rows_of_cut
from app.coverage.rules import Cut, compute
from app.coverage.schemas import AmountRatio, FiguresOut, Ratio
from app.kernel.database import AsyncSession
from app.whitelist.tables import WhitelistEdition

CUTS: Final = (Cut.REGION, Cut.CHAIN, Cut.INSTITUTION)
Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """Published figures; rows of a cut with the code of what they lie in (None: a root).

    `published` are those of the month as they were published; `facts` are today's.
    """

    edition: WhitelistEdition
    facts: MonthFacts
    facts_sha256: str
    closing: Closing | None
    published: FiguresOut
    total: MonthFigures
    restated: MonthFigures | None
    before: MonthFigures | None
    incomparable: str
    restated_months: Sequence[RestatedMonth]
    rows: Mapping[Cut, Sequence[tuple[Group, str | None]]]


@dataclass(frozen=True, slots=True)
class _Closed:
    """What is closed: the month itself, the month before, and the totals of all closed months of the edition."""

    own: ClosedMonth | None
    before: ClosedMonth | None
    totals: Mapping[str, Report]


async def figures(
    session: AsyncSession, viewer: Viewer, month: str, *, edition: str | None, now: datetime
) -> Figures:
    """Answer the figures of a month: the closed ones once it is closed, with restatements beside them.

    Raises:
        Refused: it is not a month.
        NotFound: it has not begun, no edition was in force at its end, or there is none of that code.
    """
    check_begun(month, now)
    found = await edition_of(session, viewer, month, edition)
    months = [one for one in await queries.closed_months(session, viewer) if one <= month]
    totals = await closed_figures(session, viewer, months, None)
    closed = _Closed(
        await closed_month(session, viewer, month, found),
        await closed_month(session, viewer, shifted(month, -1), found),
        {one.month: one.total for one in totals if one.edition_id == found.id},
    )
    wanted = sorted({month, *closed.totals})
    gathered = await gather_months(session, viewer, [(one, found) for one in wanted])
    is_other = shifted(month, -1) in months and closed.before is None
    return await asyncio.to_thread(_figures, found, gathered, closed, is_other=is_other)


def _figures(
    edition: WhitelistEdition, gathered: Sequence[MonthFacts], closed: _Closed, *, is_other: bool
) -> Figures:
    *earlier, facts = gathered
    today = report_json(compute(facts, CUTS))
    again = {one.month: report_json(compute(one))["total"] for one in earlier} | {facts.month: today["total"]}
    own, before = closed.own, closed.before
    shown: Report = own.figures if own is not None else today
    is_restated = own is not None and today["total"] != shown["total"]
    compared: Report | None = before.figures if before is not None else None
    return Figures(
        edition=edition,
        facts=facts,
        facts_sha256=own.facts_sha256 if own else canonical.sha256_of(canonical.to_bytes(facts)),
        closing=Closing(own.closed_at, own.closed_by) if own else None,
        published=FiguresOut.model_validate(shown["total"]),
        total=_month_figures(shown["total"]),
        restated=_month_figures(today["total"]) if is_restated else None,
        before=_month_figures(compared["total"]) if compared else None,
        incomparable="" if compared else _why_not(shifted(facts.month, -1), is_other=is_other),
        restated_months=[
            RestatedMonth(month, _month_figures(total), _month_figures(again[month]))
            for month, total in sorted(closed.totals.items())
            if total != again[month]
        ],
        rows={cut: _rows(cut, shown, today, compared, is_closed=own is not None) for cut in CUTS},
    )


def _why_not(month: str, *, is_other: bool) -> str:
    if is_other:
        return f"上月（{month_name(month)}）的关账数属另一版次名单，不作比较。"
    return f"上月（{month_name(month)}）没有关账数，不作比较。"


def _rows(
    cut: Cut,
    shown: Mapping[str, Any],
    today: Mapping[str, Any],
    compared: Mapping[str, Any] | None,
    *,
    is_closed: bool,
) -> list[tuple[Group, str | None]]:
    rows = rows_of_cut(shown, cut)
    if is_closed:
        rows = restate(rows, rows_of_cut(today, cut))
    before = {row["key"]: row["figures"] for row in rows_of_cut(compared, cut)} if compared else {}
    return [(_group(row, before.get(row["key"])), row["parent"]) for row in rows]


def _group(row: Mapping[str, Any], before: Mapping[str, Any] | None) -> Group:
    restated = row.get("restated")
    return Group(
        key=row["key"],
        name=row["name"],
        level=row["level"],
        figures=_month_figures(row["figures"]),
        restated=_month_figures(restated) if restated else None,
        before=_month_figures(before) if before else None,
    )


def _month_figures(published: Mapping[str, Any]) -> MonthFigures:
    found = FiguresOut.model_validate(published)
    return MonthFigures(
        entries=found.entries,
        assigned=_share(found.assigned),
        contacted=_share(found.contacted),
        answered=_share(found.answered),
        credited=_share(found.credited),
        disbursed=_share(found.disbursed),
        needed_fen=found.needed_amount,
        credited_fen=found.credited_amount,
        disbursed_fen=found.disbursed_amount,
        rate=found.rate.percent,
        first_loan=_share(found.first_loan),
        first_loan_unknown=found.first_loan_unknown,
        credit_loan=_share(found.credit_loan),
        medium_long_term=_share(found.medium_long_term),
        contact_days=(found.days_to_contact.p50, found.days_to_contact.p90),
        answer_days=(found.days_to_answer.p50, found.days_to_answer.p90),
        uncounted=found.uncounted,
        simulated=found.simulated,
    )


def _share(ratio: Ratio | AmountRatio) -> Share:
    return Share(ratio.numerator, ratio.denominator, ratio.percent)
