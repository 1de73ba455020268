"""`rongqiao core-lists`: lists of suppliers and dealers that core firms provide 核心企业名单, read, decided, matched."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app.cli import edge
from app.cli.bodies import any_version
from app.core_lists import match_service, reading_service, review_service, service
from app.core_lists.kinds import ProductKind
from app.core_lists.rules import Answer, Choice, ListState, Outcome
from app.core_lists.schemas import (
    CoreListOut,
    DecisionIn,
    DifferenceOut,
    MatchOut,
    MemberOut,
    PreviewOut,
    ResolutionIn,
    RowOut,
    RunIn,
    RunOut,
    WithdrawalIn,
)
from app.core_lists.workbook import write_template
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.money import fen_from_yuan, wan_text
from app.kernel.paging import MOST_ROWS, PageRequest

commands = typer.Typer(no_args_is_help=True)
UsccArgument = Annotated[str, typer.Argument(help="Credit code of the core firm.")]
LimitOption = Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Most rows to show.")]
LIST_COLUMNS: Final = ("信用代码", "核心企业", "产业链", "状态", "现行版", "户数")


@commands.command()
def template(
    out: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write the empty list (.xlsx).")],
) -> None:
    """Write the empty list with a drop-down of relations and a sheet of notes."""
    made = BytesIO()
    write_template(made)
    edge.write_file(out, made.getvalue())
    typer.echo(f"wrote {out}")


@commands.command("import")
def import_file(
    uscc: UsccArgument,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The list (.xlsx).")],
    *,
    evidence: Annotated[
        str | None, typer.Option(help="The core firm's consent in writing: number, date, where it is kept.")
    ] = None,
    chain: Annotated[str | None, typer.Option(help="Chain of the core firm (code); first list only.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet to read, by default 上下游名单.")] = None,
    dry_run: Annotated[
        bool, typer.Option(help="Name every fault and whom the rows mean; write nothing.")
    ] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Take a core firm's list, or its next version: all of it, or nothing with every fault named."""
    if dry_run:
        _preview(uscc, file, sheet, as_json=as_json)
        return

    async def job() -> CoreListOut:
        with edge.progress(file.name), file.open("rb") as content:
            now = utc_now()
            async with edge.work(writes=False) as (session, viewer):
                made = await service.prepare(
                    session,
                    viewer,
                    uscc,
                    content,
                    file.name,
                    now=now,
                    evidence=evidence,
                    chain=chain,
                    sheet=sheet,
                )
            async with edge.work(writes=True) as (session, viewer):
                if await reading_service.has_list(session, uscc):
                    return await service.replace(
                        session, viewer, uscc, made, expect=any_version, now=now, evidence=evidence
                    )
                return await service.provide(
                    session, viewer, uscc, made, now=now, evidence=evidence, chain=chain
                )

    _show(edge.run(job), as_json=as_json)


def _preview(uscc: str, file: Path, sheet: str | None, *, as_json: bool) -> None:
    async def job() -> PreviewOut:
        with edge.progress(file.name), file.open("rb") as content:
            async with edge.work(writes=False) as (session, viewer):
                return await service.preview(
                    session, viewer, uscc, content, file.name, now=utc_now(), sheet=sheet
                )

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
    else:
        rows = [(one.label, one.count) for one in found.outcomes or ()]
        edge.print_table(
            f"{found.file_name}：供应商 {found.suppliers}，经销商 {found.dealers}", ("确认结果", "行"), rows
        )
        _print_rows("待核对", found.questions or ())
        faults = [(one.where, one.message, one.remedy, one.value) for one in found.faults]
        if faults:
            edge.print_table("错误", ("位置", "问题", "改法", "所填"), faults)
    if found.faults:
        raise typer.Exit(edge.REFUSED)


@commands.command("list")
def list_(
    *,
    state: Annotated[ListState | None, typer.Option(help="Only lists in this state.")] = None,
    limit: LimitOption = 50,
    as_json: edge.JsonFlag = False,
) -> None:
    """List core firms' lists by the core firm's credit code."""

    async def job() -> list[CoreListOut]:
        async with edge.work(writes=False) as (session, viewer):
            page = PageRequest(limit=limit)
            return (await reading_service.list_lists(session, viewer, page, state=state)).items

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
    else:
        edge.print_table("核心企业名单", LIST_COLUMNS, [_row(one) for one in found])


@commands.command()
def show(uscc: UsccArgument, as_json: edge.JsonFlag = False) -> None:
    """Show a list with the counts that its core firm is told."""

    async def job() -> CoreListOut:
        async with edge.work(writes=False) as (session, viewer):
            return await reading_service.core_list(session, viewer, uscc)

    _show(edge.run(job), as_json=as_json)


@commands.command()
def rows(
    uscc: UsccArgument,
    *,
    outcome: Annotated[Outcome | None, typer.Option(help="Only rows that came out so.")] = None,
    version: Annotated[int | None, typer.Option(min=1, help="Version, by default the current one.")] = None,
    limit: LimitOption = 50,
    as_json: edge.JsonFlag = False,
) -> None:
    """Show the rows of a version with whom each means, or may mean."""

    async def job() -> list[RowOut]:
        async with edge.work(writes=False) as (session, viewer):
            chosen = () if outcome is None else (outcome,)
            page = PageRequest(limit=limit)
            found = await reading_service.list_rows(
                session, viewer, uscc, page, number=version, outcomes=chosen
            )
            return found.items

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
    else:
        _print_rows("名单行", found)


@commands.command()
def changes(
    uscc: UsccArgument,
    version: Annotated[int | None, typer.Option(min=1, help="Version, by default the newest.")] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Show what a version says otherwise than the one before it, firm by firm."""

    async def job() -> list[DifferenceOut]:
        async with edge.work(writes=False) as (session, viewer):
            return await reading_service.list_differences(session, viewer, uscc, number=version)

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    told = [
        (one.change_label, one.name, one.relation_label, _wan(one.yearly_before), _wan(one.yearly_after))
        for one in found
    ]
    edge.print_table("版本差异", ("变化", "企业", "关系", "原年交易额（万元）", "现（万元）"), told)


@commands.command()
def resolve(
    uscc: UsccArgument,
    row: Annotated[int, typer.Argument(help="Number of the row, as `rows` shows it.")],
    *,
    firm: Annotated[
        str | None, typer.Option(help="Credit code of the firm meant; left out: nobody registered.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; kept with the row.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Say whom a row means, or that nobody here is meant; the firm is then listed, and asked."""
    body = ResolutionIn(choice=Choice.FIRM if firm else Choice.NOBODY, uscc=firm, reason=reason)

    async def job() -> RowOut:
        async with edge.work(writes=True) as (session, viewer):
            return await review_service.resolve_row(
                session, viewer, uscc, row, body, expect=any_version, now=utc_now()
            )

    done = edge.run(job)
    if as_json:
        edge.print_json(done)
    else:
        _print_rows("名单行", [done])


@commands.command()
def accept(
    uscc: UsccArgument,
    chain: Annotated[str | None, typer.Option(help="Chain of the core firm (code).")] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Take up what a core firm provided; its firms are told, and asked whether they consent."""
    _decide(uscc, DecisionIn(accept=True, chain=chain), as_json=as_json)


@commands.command()
def refuse(
    uscc: UsccArgument,
    reason: Annotated[str, typer.Option(help="Why; the core firm reads it.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Do not take up what a core firm provided."""
    _decide(uscc, DecisionIn(accept=False, reason=reason), as_json=as_json)


def _decide(uscc: str, body: DecisionIn, *, as_json: bool) -> None:
    async def job() -> CoreListOut:
        async with edge.work(writes=True) as (session, viewer):
            return await service.decide(session, viewer, uscc, body, expect=any_version, now=utc_now())

    _show(edge.run(job), as_json=as_json)


@commands.command()
def withdraw(
    uscc: UsccArgument,
    reason: Annotated[str, typer.Option(help="Why; kept with the list.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """End a list: its firms are listed and matched no more; it stays on record."""
    body = WithdrawalIn(reason=reason)

    async def job() -> CoreListOut:
        async with edge.work(writes=True) as (session, viewer):
            return await service.withdraw(session, viewer, uscc, body, expect=any_version, now=utc_now())

    _show(edge.run(job), as_json=as_json)


@commands.command()
def members(
    uscc: UsccArgument,
    answer: Annotated[Answer | None, typer.Option(help="Only firms with this answer.")] = None,
    limit: LimitOption = 50,
    as_json: edge.JsonFlag = False,
) -> None:
    """Show the known firms on a list, with what each has answered."""

    async def job() -> list[MemberOut]:
        async with edge.work(writes=False) as (session, viewer):
            found = await match_service.list_members(
                session,
                viewer,
                uscc,
                PageRequest(limit=limit),
                answer=None if answer is None else answer.value,
                today=shanghai_today(),
            )
            return found.items

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    told = [
        (one.uscc, one.name, one.relation_label, _wan(one.yearly), one.answer_label, one.until or "")
        for one in found
    ]
    edge.print_table("列入企业", ("信用代码", "企业", "关系", "年交易额（万元）", "答复", "至"), told)


@commands.command()
def match(
    uscc: UsccArgument,
    share: Annotated[
        int, typer.Option(min=1, max=100, help="Percent of the year's trade that is asked for.")
    ] = 20,
    months: Annotated[int, typer.Option(min=1, max=60, help="Term in months.")] = 12,
    as_json: edge.JsonFlag = False,
) -> None:
    """Match the firms that consented, to products that rest on the core firm and to those that do not (脱核)."""

    async def job() -> RunOut:
        with edge.progress("matching"):
            async with edge.work(writes=True) as (session, viewer):
                body = RunIn(share_percent=share, term_months=months)
                return await match_service.run_match(session, viewer, uscc, body, now=utc_now())

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    title = f"第{found.number}次匹配：同意 {found.consented}，符合 {found.matched}，无从估算额度 {found.without_amount}"
    told = [
        ("依托核心企业" if one.rests_on_core else "脱核", one.label, one.fits, one.asks)
        for one in found.kinds
    ]
    edge.print_table(title, ("", "产品类别", "符合（户）", "待补充（户）"), told)


@commands.command()
def matches(
    uscc: Annotated[str | None, typer.Argument(help="Credit code of the core firm; left out: all.")] = None,
    kind: Annotated[ProductKind | None, typer.Option(help="Only this kind of product.")] = None,
    limit: LimitOption = 50,
    as_json: edge.JsonFlag = False,
) -> None:
    """Show products for firms that consented, firm by firm."""

    async def job() -> list[MatchOut]:
        async with edge.work(writes=False) as (session, viewer):
            page = PageRequest(limit=limit)
            found = await match_service.list_matches(session, viewer, page, core_uscc=uscc, kind=kind)
            return found.items

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    told = [
        (one.firm, one.kind_label, one.product_name, one.institution_name, _wan(one.amount), one.fit)
        for one in found
    ]
    edge.print_table("匹配", ("企业", "类别", "产品", "机构", "额度（万元）", "符合"), told)


def _show(found: CoreListOut, *, as_json: bool) -> None:
    if as_json:
        edge.print_json(found)
        return
    edge.print_table(f"{found.name}（{found.state_label}）", LIST_COLUMNS, [_row(found)])
    told = [(one.label, "不公布" if one.count is None else str(one.count)) for one in found.figures.counts]
    if told:
        edge.print_table(f"公布给核心企业的数字（名单 {found.figures.listed} 行）", ("事项", "户数"), told)


def _row(one: CoreListOut) -> tuple[Any, ...]:
    return (one.uscc, one.name, one.chain, one.state_label, one.current, one.listed)


def _print_rows(title: str, found: Sequence[RowOut]) -> None:
    told = [
        (
            one.id,
            one.number,
            one.name,
            one.relation_label,
            _wan(one.yearly),
            one.outcome_label,
            one.firm_name or "、".join(each.name or "外地企业" for each in one.suspects or ()),
        )
        for one in found
    ]
    columns = ("编号", "行", "名单所写", "关系", "年交易额（万元）", "结果", "企业／可能是")
    edge.print_table(title, columns, told)


def _wan(yuan: str | None) -> str:
    return "" if yuan is None else wan_text(fen_from_yuan(yuan))
