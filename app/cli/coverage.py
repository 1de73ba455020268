"""`rongqiao coverage`: the monthly figures, their close, export and verification."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli import coverage_views, edge
from app.coverage import service
from app.coverage.months import NextClose
from app.coverage.rules import CUT_LABELS, Cut
from app.coverage.schemas import ClosedOut, CoverageOut, FiguresOut, Ratio, VerificationOut
from app.kernel.clock import utc_now
from app.kernel.errors import Fault, Refused
from app.kernel.money import wan_text

commands = typer.Typer(no_args_is_help=True)
for command in (coverage_views.trend, coverage_views.funnel, coverage_views.ranking):
    commands.command()(command)

MonthArgument = Annotated[str, typer.Argument(help="Month in Asia/Shanghai, such as 2023-11.")]
EditionOption = Annotated[
    str | None, typer.Option(help="Edition; left out: the one in force at the end of the month.")
]
COLUMNS = ("名称", "名单", "落实", "对接", "覆盖率%", "答复", "授信", "放款", "授信万元", "放款万元", "利率%")


@commands.command()
def show(
    month: MonthArgument,
    by: Annotated[Cut | None, typer.Option(help="Group the entries by this.")] = None,
    edition: EditionOption = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Show a month's figures; of a closed month the closed ones, with restatements beside them."""

    async def job() -> CoverageOut:
        async with edge.work(writes=False) as (session, viewer):
            return await service.show(session, viewer, month, by=by, edition=edition, now=utc_now())

    shown = edge.run(job)
    if as_json:
        edge.print_json(shown)
        return
    rows = _versions("全部条目", shown.total, shown.restated)
    for row in shown.rows:
        name = f"{row.name} {row.key}" if by in {Cut.REGION, Cut.INSTITUTION} else row.name
        rows += _versions(name.strip(), row.figures, row.restated)
    state = f"已关账 {shown.closed.facts_sha256[:12]}" if shown.closed else "未关账"
    cut = f"，{CUT_LABELS[by]}" if by else ""
    edge.print_table(f"{shown.month} 对接情况，{shown.edition}，{state}{cut}", COLUMNS, rows)
    edge.print_table("全部条目的其他数字", ("项目", "数值"), _others(shown.total))


def _versions(name: str, figures: FiguresOut, restated: FiguresOut | None) -> list[tuple[Any, ...]]:
    rows = [_row(name, figures)]
    return [*rows, _row("  ↳ 重述", restated)] if restated else rows


def _row(name: str, figures: FiguresOut) -> tuple[Any, ...]:
    return (
        name,
        figures.entries,
        figures.assigned.numerator,
        figures.contacted.numerator,
        figures.coverage.percent,
        figures.answered.numerator,
        figures.credited.numerator,
        figures.disbursed.numerator,
        wan_text(figures.credited_amount),
        wan_text(figures.disbursed_amount),
        figures.rate.percent,
    )


def _others(figures: FiguresOut) -> list[tuple[str, str]]:
    contact, answer = figures.days_to_contact, figures.days_to_answer
    credit, mlt = figures.credit_loan, figures.medium_long_term
    return [
        ("融资需求", f"{wan_text(figures.needed_amount)} 万元"),
        ("首贷户", f"{_fraction(figures.first_loan)}，未知 {figures.first_loan_unknown}"),
        (
            "信用贷款",
            f"{wan_text(credit.numerator)}/{wan_text(credit.denominator)} 万元 = {credit.percent or '—'} %",
        ),
        ("中长期", f"{wan_text(mlt.numerator)}/{wan_text(mlt.denominator)} 万元 = {mlt.percent or '—'} %"),
        ("对接用时 p50/p90", f"{contact.p50}/{contact.p90} 自然日" if contact.count else "—"),
        ("答复用时 p50/p90", f"{answer.p50}/{answer.p90} 自然日" if answer.count else "—"),
        ("缺前提记录、未计入", f"{figures.uncounted} 个条目"),
        ("含模拟数据", f"{figures.simulated} 个条目"),
    ]


def _fraction(ratio: Ratio) -> str:
    return f"{ratio.numerator}/{ratio.denominator}"


@commands.command()
def close(
    month: Annotated[
        str | None, typer.Argument(help="Month in Asia/Shanghai, such as 2023-11; left out with --due.")
    ] = None,
    due: Annotated[
        bool, typer.Option("--due", help="Close every month whose first working day afterwards has come.")
    ] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Freeze a month's facts, hash and figures; later facts only show as restatements."""
    if due == (month is not None):
        raise typer.BadParameter("name a month, or say --due")

    async def job() -> tuple[list[ClosedOut], NextClose | None]:
        async with edge.work(writes=True) as (session, viewer):
            now = utc_now()
            if month is not None:
                return [await service.close(session, viewer, month, now=now)], None
            return await service.close_due(session, viewer, now=now), await service.next_close(
                session, viewer
            )

    closed, following = edge.run(job)
    if as_json:
        edge.print_json(closed if due else closed[0])
    else:
        rows = [(one.month, one.edition, one.facts_sha256) for one in closed]
        edge.print_table(f"关账 {len(rows)} 个月", ("月份", "版次", "SHA-256"), rows)
    if following is not None:
        on = following.on.isoformat() if following.on else following.obstacle
        edge.notes.print(f"next: {following.month} {on}", highlight=False)


@commands.command()
def export(
    month: MonthArgument,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="File to write: .xlsx for the workbook, .json for the facts."),
    ],
    figures: Annotated[
        bool, typer.Option("--figures", help="Write the figures by every cut as .json, not the facts.")
    ] = False,
    edition: EditionOption = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Write a month's workbook, or as JSON its facts or figures, as the stand-alone verifier takes them."""

    async def job() -> bytes:
        async with edge.work(writes=False) as (session, viewer):
            if output.suffix == ".json" and figures:
                shown = await service.figures_file(session, viewer, month, edition=edition, now=utc_now())
                return shown.model_dump_json().encode()
            if output.suffix == ".json":
                file = await service.facts_file(session, viewer, month, edition=edition, now=utc_now())
                return file.data
            if output.suffix == ".xlsx":
                return await service.export(session, viewer, month, edition=edition, now=utc_now())
            fault = Fault("--output", "neither .xlsx nor .json", "Choose one of them.", output.name)
            raise Refused("The kind of file is told by its name.", [fault])

    data = edge.run(job)
    edge.write_file(output, data)
    if as_json:
        edge.print_json({"file": str(output), "bytes": len(data)})
    else:
        edge.notes.print(f"{output}: {len(data):,} bytes", highlight=False)


@commands.command()
def verifier() -> None:
    """Print the stand-alone verifier: `python verifier.py facts.json figures.json` needs nothing of ours."""
    sys.stdout.write(service.verifier_source().decode())


@commands.command()
def verify(month: MonthArgument, as_json: edge.JsonFlag = False) -> None:
    """Recompute a closed month from its frozen facts and from today's; exit 1 if it is not intact."""

    async def job() -> VerificationOut:
        async with edge.work(writes=False) as (session, viewer):
            return await service.verify(session, viewer, month)

    verdict = edge.run(job)
    if as_json:
        edge.print_json(verdict)
    else:
        _print_verdict(month, verdict)
    if not verdict.is_intact:
        raise typer.Exit(edge.REFUSED)


def _print_verdict(month: str, verdict: VerificationOut) -> None:
    rows = [
        ("关账时 SHA-256", verdict.closed.facts_sha256),
        ("现算 SHA-256", verdict.found_sha256 or "无法读取"),
        ("完好", "是" if verdict.is_intact else "；".join(verdict.faults)),
        ("重述", "有" if verdict.is_restated else "无"),
        ("此后增加的条目", len(verdict.entries_added)),
        ("此后减少的条目", len(verdict.entries_removed)),
        ("事实有变的条目", len(verdict.entries_changed)),
        ("对接覆盖率（关账）", f"{_fraction(verdict.total.coverage)} = {verdict.total.coverage.percent} %"),
        ("对接覆盖率（现算）", f"{_fraction(verdict.today.coverage)} = {verdict.today.coverage.percent} %"),
    ]
    edge.print_table(f"{month} 核验", ("项目", "结果"), rows)
