"""`rongqiao coverage`, seen over months, levels and institutions: trend, funnel, targets, ranking."""

from typing import Annotated, Any, Final

import typer

from app.cli import edge
from app.coverage import service
from app.coverage.ranking import RankingLevel, Sort
from app.coverage.ranking_schemas import RankedOut, RankingOut, ShareCell
from app.coverage.ranking_service import ranking as ranking_of
from app.coverage.rules import Cut
from app.coverage.schemas import CoverageOut, FunnelStepOut
from app.coverage.targets import STATE_LABELS
from app.coverage.trend_schemas import TrendMonth, TrendOut
from app.coverage.trend_service import trend as trend_of
from app.coverage.workbook import LEVEL_NAMES
from app.kernel.clock import utc_now
from app.kernel.money import wan_text

MonthArgument = Annotated[str, typer.Argument(help="Month in Asia/Shanghai, such as 2023-11.")]
EditionOption = Annotated[
    str | None, typer.Option(help="Edition; left out: the one in force at the end of the month.")
]
STATES: Final = {"closed": "已关账", "open": "未关账", "no_edition": "无在用名单"}
HIDDEN: Final = "—"


def trend(
    first: Annotated[str | None, typer.Option("--from", help="First month; left out: eleven before.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last month; left out: the current one.")] = None,
    by: Annotated[Cut | None, typer.Option(help="Group the entries by this.")] = None,
    key: Annotated[str | None, typer.Option(help="Code of a row: it and the rows right below it.")] = None,
    restated: Annotated[
        bool, typer.Option("--restated", help="Compute closed months anew too, beside their figures.")
    ] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Show coverage month by month: closed figures of closed months, today's of open ones."""

    async def job() -> TrendOut:
        async with edge.work(writes=False) as (session, viewer):
            asked: dict[str, Any] = {"first": first, "last": last, "by": by, "key": key}
            return await trend_of(session, viewer, **asked, restated=restated, now=utc_now())

    shown = edge.run(job)
    if as_json:
        edge.print_json(shown)
        return
    columns = ("月份", "状态", "版次", "名单", "对接", "覆盖率%", "重述%", "授信万元", "放款万元")
    edge.print_table("逐月走势", columns, [_trend_row(month) for month in shown.months])
    for month in shown.months if by else ():
        rows = [
            (
                row.key,
                row.name,
                row.coverage.denominator,
                row.coverage.numerator,
                row.coverage.percent,
                row.restated.percent if row.restated else None,
            )
            for row in month.rows
        ]
        edge.print_table(month.month, ("代码", "名称", "名单", "对接", "覆盖率%", "重述%"), rows)


def _trend_row(month: TrendMonth) -> tuple[Any, ...]:
    head = (month.month, STATES[month.state], month.edition)
    if month.total is None:
        return (*head, *[None] * 6)
    total = month.total
    return (
        *head,
        total.entries,
        total.contacted.numerator,
        total.coverage.percent,
        month.restated.coverage.percent if month.restated else None,
        wan_text(total.credited_amount),
        wan_text(total.disbursed_amount),
    )


def funnel(month: MonthArgument, edition: EditionOption = None, as_json: edge.JsonFlag = False) -> None:
    """Show how many entries get from one level to the next, and the targets of the policies beside it."""

    async def job() -> CoverageOut:
        async with edge.work(writes=False) as (session, viewer):
            return await service.show(session, viewer, month, edition=edition, now=utc_now())

    shown = edge.run(job)
    if as_json:
        edge.print_json({"funnel": shown.funnel, "targets": shown.targets})
        return
    columns = ("层级", "条目", "占名单%", "占上一级%", "未到", "金额万元")
    edge.print_table(f"{month} 漏斗", columns, [_step_row(step) for step in shown.funnel])
    rows = [
        (
            one.name,
            one.value,
            one.actual,
            STATE_LABELS[one.state],
            one.measured_on,
            one.due_on or "",
            one.citation,
        )
        for one in shown.targets
    ]
    edge.print_table("目标对照", ("目标", "要求", "实际", "状态", "截至", "期限", "条款"), rows)


def _step_row(step: FunnelStepOut) -> tuple[Any, ...]:
    amount = "" if step.amount is None else wan_text(step.amount)
    shares = (step.of_first.percent, step.of_previous.percent)
    return (LEVEL_NAMES[step.level], step.count, *shares, step.dropped, amount)


def ranking(
    month: MonthArgument,
    level: Annotated[
        RankingLevel, typer.Option(help="Which institutions to rank.")
    ] = RankingLevel.HEAD_OFFICE,
    sort: Annotated[Sort, typer.Option(help="What to rank them by.")] = Sort.COVERAGE,
    edition: EditionOption = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Rank institutions with denominators shown; what would tell of a single firm is hidden."""

    async def job() -> RankingOut:
        async with edge.work(writes=False) as (session, viewer):
            return await ranking_of(session, viewer, month, level, sort, edition=edition, now=utc_now())

    shown = edge.run(job)
    if as_json:
        edge.print_json(shown)
        return
    columns = (
        "名次",
        "机构",
        "条目",
        "对接",
        "覆盖率%",
        "答复",
        "授信",
        "放款",
        "授信万元",
        "放款万元",
        "对接日",
    )
    edge.print_table(f"{month} 机构排名", columns, [_rank_row(row) for row in shown.rows])
    said = f"少于 {shown.least_entries} 个条目的不排名；依据少于 {shown.smallest_cell} 个条目的一格不公布（{HIDDEN}）。"
    edge.notes.print(f"{said}{shown.citation}", highlight=False)


def _rank_row(row: RankedOut) -> tuple[Any, ...]:
    shares = (row.answered, row.credited, row.disbursed)
    return (
        row.rank or "",
        f"{row.name} {row.key}",
        _cell(row.entries),
        _fraction(row.coverage),
        row.coverage.percent or HIDDEN,
        *(_fraction(share) for share in shares),
        HIDDEN if row.credited_amount is None else wan_text(row.credited_amount),
        HIDDEN if row.disbursed_amount is None else wan_text(row.disbursed_amount),
        _cell(row.days_to_contact),
    )


def _fraction(share: ShareCell) -> str:
    return f"{_cell(share.numerator)}/{_cell(share.denominator)}"


def _cell(value: int | None) -> str:
    return HIDDEN if value is None else str(value)
