"""Figures as they are published: integers to ratios with numerator and denominator (pure)."""

from collections.abc import Hashable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any, Final

from app.coverage.funnel import funnel_of
from app.coverage.percentages import percent_text
from app.coverage.rules import Cut, Figures, Group, Report
from app.coverage.schemas import (
    AmountRatio,
    Days,
    FiguresOut,
    FunnelStepOut,
    GroupOut,
    Ratio,
    TargetOut,
    WeightedRate,
)
from app.coverage.targets import Measured
from app.kernel.money import yuan_text

_FOUR: Final = Decimal("0.0001")
_BP_PER_PERCENT: Final = 100
_FEN_BP_PER_YUAN_PERCENT: Final = 10_000


def figures_out(figures: Figures) -> FiguresOut:
    """Answer figures for their readers."""
    contacted = _ratio(figures.contacted, figures.entries)
    return FiguresOut.model_construct(
        entries=figures.entries,
        coverage=contacted,
        assigned=_ratio(figures.assigned, figures.entries),
        contacted=contacted,
        answered=_ratio(figures.answered, figures.entries),
        credited=_ratio(figures.credited, figures.entries),
        disbursed=_ratio(figures.disbursed, figures.entries),
        needed_amount=figures.needed_fen,
        credited_amount=figures.credited_fen,
        disbursed_amount=figures.disbursed_fen,
        rate=_rate(figures.rate_weight, figures.credited_fen),
        first_loan=_ratio(figures.first_loan, figures.credited),
        first_loan_unknown=figures.first_loan_unknown,
        credit_loan=_amount_ratio(figures.credit_loan_fen, figures.credited_fen),
        medium_long_term=_amount_ratio(figures.mlt_fen, figures.credited_fen),
        days_to_contact=_days(figures.contacted, figures.contact_days_p50, figures.contact_days_p90),
        days_to_answer=_days(figures.answered, figures.answer_days_p50, figures.answer_days_p90),
        uncounted=figures.uncounted,
        simulated=figures.simulated,
    )


def counted(figures: FiguresOut) -> Figures:
    """Answer the counts and amounts of published figures as integers again (the rest is left out)."""
    return Figures(
        entries=figures.entries,
        assigned=figures.assigned.numerator,
        contacted=figures.contacted.numerator,
        answered=figures.answered.numerator,
        credited=figures.credited.numerator,
        disbursed=figures.disbursed.numerator,
        needed_fen=figures.needed_amount,
        credited_fen=figures.credited_amount,
        disbursed_fen=figures.disbursed_amount,
    )


def funnel_out(figures: FiguresOut) -> list[FunnelStepOut]:
    """Answer the funnel of published figures."""
    steps = funnel_of(counted(figures))
    return [
        FunnelStepOut(
            level=step.level,
            count=step.count,
            of_first=_ratio(step.count, figures.entries),
            of_previous=_ratio(step.count, step.before),
            dropped=step.dropped,
            amount=step.amount_fen,
        )
        for step in steps
    ]


def target_out(target: Measured) -> TargetOut:
    """Answer a target for its readers."""
    parameter = target.parameter
    return TargetOut(
        key=parameter.key,
        name=parameter.name,
        value=target.value,
        actual=target.actual,
        state=target.state,
        measured_on=target.measured_on,
        due_on=target.due_on,
        citation=parameter.citation,
        note=parameter.note,
    )


def group_out(group: Group) -> GroupOut:
    """Answer a row for its readers."""
    return GroupOut.model_construct(
        key=group.key,
        name=group.name,
        level=group.level,
        parent=group.parent,
        figures=figures_out(group.figures),
        restated=None,
    )


def report_json(report: Report) -> dict[str, Any]:
    """Answer a report as the JSON that is kept with a closed month."""
    return {
        "total": figures_out(report.total).model_dump(mode="json"),
        "cuts": {
            cut.value: [group_out(group).model_dump(mode="json") for group in groups]
            for cut, groups in report.cuts.items()
        },
    }


class ShownRow(dict[str, Any]):
    """A row of a report's JSON that is shown often: as a model it is made once, when it is first shown."""

    @cached_property
    def model(self) -> GroupOut:
        """Answer the row for its readers, who share it and do not change it."""
        return GroupOut.model_validate(self)


class ShownReport(dict[str, Any]):
    """The JSON of a report that is shown often: what is made of it is made once (`made`, by what it depends on)."""

    def __init__(self, report: Mapping[str, Any]) -> None:
        super().__init__(report)
        self.made: dict[Hashable, Any] = {}
        self._beside: dict[Cut, tuple[Sequence[dict[str, Any]], Sequence[dict[str, Any]]]] = {}

    def beside(self, closed: Mapping[str, Any], cut: Cut) -> Sequence[dict[str, Any]]:
        """Answer the closed rows of a cut with these beside them, as `restate` does; nobody changes them."""
        rows = rows_of_cut(closed, cut)
        kept = self._beside.get(cut)
        if kept is None or kept[0] is not rows:
            found = restate(rows, rows_of_cut(self, cut))
            shown = [row if isinstance(row, ShownRow) else ShownRow(row) for row in found]
            kept = self._beside[cut] = rows, shown
        return kept[1]


def shown_rows_of(report: Mapping[str, Any]) -> ShownReport:
    """Answer the JSON of a report whose rows are models only once."""
    cuts = {cut: [ShownRow(row) for row in rows] for cut, rows in report["cuts"].items()}
    return ShownReport({**report, "cuts": cuts})


def reported(report: Report) -> ShownReport:
    """Answer a report as `report_json`, with the models of its rows at hand."""
    shown = shown_rows_of(report_json(report))
    for cut, groups in report.cuts.items():
        for row, group in zip(shown["cuts"][cut.value], groups, strict=True):
            vars(row)["model"] = group_out(group)
    return shown


def model_of(row: Mapping[str, Any]) -> GroupOut:
    """Answer a row of a report's JSON for its readers."""
    return row.model if isinstance(row, ShownRow) else GroupOut.model_validate(row)


def restate(closed: Sequence[dict[str, Any]], today: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put today's figures beside those of the closed rows where they differ.

    Rows that exist only today follow with closed figures of nothing, so that they show as restated.
    """
    current = {row["key"]: row for row in today}
    known = {row["key"] for row in closed}
    empty = figures_out(Figures()).model_dump(mode="json")
    rows = [_beside(row, _other(row, current.get(row["key"]), empty)) for row in closed]
    new = (row for row in today if row["key"] not in known)
    return rows + [dict(row) | {"figures": empty, "restated": row["figures"]} for row in new]


def _beside(row: dict[str, Any], restated: Any) -> dict[str, Any]:
    return row if row.get("restated", ...) == restated else dict(row) | {"restated": restated}


def _other(row: Mapping[str, Any], today: Mapping[str, Any] | None, empty: Any) -> Any:
    figures = empty if today is None else today["figures"]
    return None if figures == row["figures"] else figures


def rows_of_cut(report: Mapping[str, Any], cut: Cut) -> list[dict[str, Any]]:
    """Answer the rows of one cut in the JSON of a report."""
    rows: list[dict[str, Any]] = report["cuts"].get(cut.value, [])
    return rows


def _ratio(numerator: int, denominator: int) -> Ratio:
    return Ratio.model_construct(
        numerator=numerator, denominator=denominator, percent=percent_text(numerator, denominator)
    )


def _amount_ratio(numerator: int, denominator: int) -> AmountRatio:
    return AmountRatio.model_construct(
        numerator=numerator, denominator=denominator, percent=percent_text(numerator, denominator)
    )


def _rate(weight: int, amount_fen: int) -> WeightedRate:
    percent = None
    if amount_fen:
        average = Decimal(weight) / Decimal(amount_fen) / _BP_PER_PERCENT
        percent = str(average.quantize(_FOUR, ROUND_HALF_UP))
    whole, rest = divmod(weight, _FEN_BP_PER_YUAN_PERCENT)
    return WeightedRate.model_construct(
        numerator=f"{whole}.{rest:04d}", denominator=yuan_text(amount_fen), percent=percent
    )


def _days(count: int, p50: int | None, p90: int | None) -> Days:
    return Days.model_construct(count=count, p50=p50, p90=p90)
