"""Gathers the published figures of a month and of the month before it, by all cuts, in one pass over histories."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.accounts.rules import Viewer
from app.bulletins.material import Closing, Group, MonthFigures, RestatedMonth, Share
from app.bulletins.wording import month_name
from app.coverage import canonical, queries
from app.coverage.facts import MonthFacts
from app.coverage.gathering import gather_months
from app.coverage.months import check_begun
from app.coverage.published import report_json, restate, rows_of_cut
from app.coverage.rules import Cut, compute
from app.coverage.schemas import AmountRatio, FiguresOut, Ratio
from app.coverage.tables import CoverageSnapshot
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound
from app.kernel.shanghai import month_bounds, shanghai_date
from app.whitelist.tables import WhitelistEdition

CUTS = (Cut.REGION, Cut.CHAIN, Cut.INSTITUTION)


@dataclass(frozen=True, slots=True)
class Figures:
    """Published figures; rows of a cut with their level and the code of what they lie in (None: a root)."""

    edition: WhitelistEdition
    facts: MonthFacts
    facts_sha256: str
    closing: Closing | None
    total: MonthFigures
    restated: MonthFigures | None
    before: MonthFigures | None
    incomparable: str
    restated_months: Sequence[RestatedMonth]
    rows: Mapping[Cut, Sequence[tuple[Group, str | None]]]


async def figures(
    session: AsyncSession, viewer: Viewer, month: str, *, edition: str | None, now: datetime
) -> Figures:
    """Answer the figures of a month: the closed ones once it is closed, with restatements beside them.

    Raises:
        Refused: it is not a month.
        NotFound: it has not begun, no edition was in force at its end, or there is none of that code.
    """
    check_begun(month, now)
    found = await _edition(session, viewer, month, edition)
    closed = await _closed(session, viewer, month)
    before_month = _month_before(month)
    before = await _closed(session, viewer, before_month)
    is_same = before is not None and before.edition_id == found.id
    months = [(month, found)] + ([(before_month, found)] if is_same else [])
    gathered = await gather_months(session, viewer, months)
    own = closed if closed is not None and closed.edition_id == found.id else None
    return await asyncio.to_thread(_figures, found, gathered, own, before, before_month)


async def _edition(session: AsyncSession, viewer: Viewer, month: str, code: str | None) -> WhitelistEdition:
    if code is not None:
        found = await queries.edition_by_code(session, viewer, code)
        missing = f"No whitelist edition {code}."
    else:
        last_day = shanghai_date(month_bounds(month)[1] - timedelta(microseconds=1))
        found = await queries.edition_in_force(session, viewer, last_day)
        missing = f"No whitelist edition was in force at the end of {month}."
    if found is None:
        raise NotFound(missing)
    return found


async def _closed(session: AsyncSession, viewer: Viewer, month: str) -> CoverageSnapshot | None:
    found = await queries.snapshot(session, viewer, month)
    return found[0] if found else None


def _month_before(month: str) -> str:
    return shanghai_date(month_bounds(month)[0] - timedelta(microseconds=1)).strftime("%Y-%m")


def _figures(
    edition: WhitelistEdition,
    gathered: Sequence[MonthFacts],
    closed: CoverageSnapshot | None,
    before: CoverageSnapshot | None,
    before_month: str,
) -> Figures:
    facts, *earlier = gathered
    today = report_json(compute(facts, CUTS))
    shown = closed.figures if closed is not None else today
    is_comparable = bool(earlier)
    compared = before.figures if before is not None and is_comparable else None
    pairs = [(facts.month, closed, today)]
    if earlier:
        pairs.insert(0, (before_month, before, report_json(compute(earlier[0]))))
    is_restated = closed is not None and today["total"] != closed.figures["total"]
    return Figures(
        edition=edition,
        facts=facts,
        facts_sha256=closed.facts_sha256 if closed else canonical.sha256_of(canonical.to_bytes(facts)),
        closing=Closing(closed.closed_at, closed.closed_by) if closed else None,
        total=_month_figures(shown["total"]),
        restated=_month_figures(today["total"]) if is_restated else None,
        before=_month_figures(compared["total"]) if compared else None,
        incomparable="" if compared else _why_not(before, before_month),
        restated_months=[one for pair in pairs if (one := _restated(*pair)) is not None],
        rows={cut: _rows(cut, shown, today, compared, is_closed=closed is not None) for cut in CUTS},
    )


def _why_not(before: CoverageSnapshot | None, month: str) -> str:
    if before is None:
        return f"上月（{month_name(month)}）没有关账数，不作比较。"
    return f"上月（{month_name(month)}）的关账数属另一版次名单，不作比较。"


def _restated(month: str, closed: CoverageSnapshot | None, today: Mapping[str, Any]) -> RestatedMonth | None:
    if closed is None or closed.figures["total"] == today["total"]:
        return None
    return RestatedMonth(month, _month_figures(closed.figures["total"]), _month_figures(today["total"]))


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
