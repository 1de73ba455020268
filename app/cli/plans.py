"""`rongqiao plans`: plans of chains 一链一策 drafted, compared over a whole edition, published, archived."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from app.chains.plan_changes import PLAN_PARTS
from app.cli import edge
from app.cli.bodies import any_version, body_of
from app.kernel.clock import utc_now
from app.kernel.errors import Fault, Refused
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.progress import reporting
from app.plans import comparing_service, reallocating_service, service
from app.plans.rules import Effect
from app.plans.schemas import (
    ArchiveIn,
    ComparisonOut,
    DraftIn,
    DraftOut,
    DraftSummary,
    EffectFilter,
    NeedEffectOut,
    PlanChangeOut,
    PlanVersionOut,
    ReallocatedOut,
    ReallocationOut,
)

commands = typer.Typer(no_args_is_help=True)
ChainArgument = Annotated[str, typer.Argument(help="Chain code 产业链编码, such as HLJ-GDZB.")]
DraftArgument = Annotated[int, typer.Argument(min=1, help="Number of the draft within its chain.")]
Versions = tuple[list[PlanVersionOut], list[DraftSummary]]
MOST_LISTED = 50


class _Looked(Exception):
    """Takes back what a dry run did."""


@commands.command("list")
def list_(chain: ChainArgument, *, as_json: edge.JsonFlag = False) -> None:
    """List the published versions of a chain's plan and its drafts, the newest first."""

    async def job() -> Versions:
        page = PageRequest(limit=MOST_ROWS)
        async with edge.work(writes=False) as (session, viewer):
            versions = await service.list_versions(session, viewer, chain, page, now=utc_now())
            drafts = await service.list_drafts(session, viewer, chain, page)
            return versions.items, drafts.items

    versions, drafts = edge.run(job)
    if as_json:
        edge.print_json({"versions": versions, "drafts": drafts})
        return
    rows = [
        (
            one.version,
            one.state_name + ("（有效）" if one.is_in_force else ""),
            one.since,
            one.until or "持续",
        )
        for one in versions
    ]
    edge.print_table(f"{chain} 一链一策：{len(rows)} 版", ("版本", "状态", "起", "止"), rows)
    listed = [
        (one.number, one.state_name, one.since, one.until or "持续", one.replaces or "", one.drafted_by)
        for one in drafts
    ]
    edge.print_table(f"草案：{len(listed)} 份", ("草案", "状态", "起", "止", "接替", "起草人"), listed)


@commands.command()
def draft(
    chain: ChainArgument,
    file: Annotated[
        Path,
        typer.Argument(
            exists=True, dir_okay=False, help="YAML with one plan, as `plans` of an import has it."
        ),
    ],
    *,
    number: Annotated[
        int | None, typer.Option("--draft", min=1, help="Change this draft; left out: a new one.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Check and show what differs, write nothing.")] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Draft a chain's next plan, or change a draft; every contradiction is named at once."""

    async def job() -> DraftOut:
        data, found = _read(edge.read_text(file), file.name, chain), None
        with suppress(_Looked):
            async with edge.work(writes=True) as (session, viewer):
                if number is None:
                    found = await service.create_draft(session, viewer, chain, data, now=utc_now())
                else:
                    found = await service.revise_draft(
                        session, viewer, chain, number, data, expect=any_version, now=utc_now()
                    )
                if dry_run:
                    raise _Looked
        assert found is not None
        return found

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    _print_draft(found, "会是：" if dry_run else "")


@commands.command()
def show(chain: ChainArgument, number: DraftArgument, *, as_json: edge.JsonFlag = False) -> None:
    """Show a draft: how it differs from the plan in force, and its newest comparison."""

    async def job() -> tuple[DraftOut, ComparisonOut | None]:
        async with edge.work(writes=False) as (session, viewer):
            found = await service.get_draft(session, viewer, chain, number, now=utc_now())
            compared = None
            if found.comparison is not None:
                compared = await comparing_service.get_comparison(
                    session, viewer, chain, number, found.comparison, now=utc_now()
                )
            return found, compared

    found, compared = edge.run(job)
    if as_json:
        edge.print_json({"draft": found, "comparison": compared})
        return
    _print_draft(found)
    if compared is not None:
        _print_comparison(compared)


@commands.command()
def compare(
    chain: ChainArgument,
    number: DraftArgument,
    *,
    effect: Annotated[
        Effect | None,
        typer.Option(help="List only needs that gain or lose products, or fit better or worse."),
    ] = None,
    limit: Annotated[int, typer.Option(min=0, max=MOST_ROWS, help="Most needs to list.")] = 20,
    allocate: Annotated[
        bool,
        typer.Option("--allocate", help="Allocate the edition anew with both plans too; changes nothing."),
    ] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Compare a draft with the plan in force over every need of the edition, and keep what comes of it."""

    async def job() -> tuple[
        ComparisonOut, list[NeedEffectOut], ReallocationOut | None, list[ReallocatedOut]
    ]:
        page = PageRequest(limit=max(1, limit))
        async with edge.work(writes=True) as (session, viewer):
            made = await comparing_service.compare_draft(session, viewer, chain, number, now=utc_now())
            wanted = EffectFilter(effect=effect)
            needs = await comparing_service.list_effects(
                session, viewer, chain, number, made.number, page, wanted
            )
            if not allocate:
                return made, needs.items[:limit], None, []
            run = await reallocating_service.reallocate(
                session, viewer, chain, number, made.number, now=utc_now()
            )
            moved = await reallocating_service.list_reallocated(
                session, viewer, chain, number, made.number, page
            )
            return made, needs.items[:limit], run, moved.items[:limit]

    with edge.progress("comparing") as advance, reporting(lambda _stage, done, total: advance(done, total)):
        made, needs, run, moved = edge.run(job)
    if as_json:
        edge.print_json({"comparison": made, "needs": needs, "allocation": run, "entries": moved})
        return
    _print_comparison(made)
    rows = [
        (one.entry, one.enterprise, one.gained.total, one.lost.total, one.moved, one.sentence)
        for one in needs
    ]
    edge.print_table("有变化的需求", ("条目", "企业", "增", "减", "最佳匹配度变化", "说明"), rows)
    if run is not None:
        _print_allocation(run, moved)


@commands.command()
def publish(chain: ChainArgument, number: DraftArgument, *, as_json: edge.JsonFlag = False) -> None:
    """Publish a compared draft as the chain's next plan, if its comparison still holds; else say what changed."""

    async def job() -> DraftOut:
        async with edge.work(writes=True) as (session, viewer):
            return await service.publish_draft(
                session, viewer, chain, number, expect=any_version, now=utc_now()
            )

    done = edge.run(job)
    if as_json:
        edge.print_json(done)
        return
    typer.echo(f"{chain} 一链一策第{done.published_version}版已发布，自{done.since}起。")


@commands.command("give-up")
def give_up(chain: ChainArgument, number: DraftArgument, *, as_json: edge.JsonFlag = False) -> None:
    """Give up a draft; it stays on record."""

    async def job() -> DraftOut:
        async with edge.work(writes=True) as (session, viewer):
            return await service.give_up_draft(
                session, viewer, chain, number, expect=any_version, now=utc_now()
            )

    done = edge.run(job)
    if as_json:
        edge.print_json(done)
        return
    typer.echo(f"{chain} 草案{number}{done.state_name}。")


@commands.command()
def archive(
    chain: ChainArgument,
    version: Annotated[int, typer.Argument(min=1, help="Published version.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; kept with the version.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Archive a published version that holds no more; it goes on saying what held on its days."""

    async def job() -> PlanVersionOut:
        data = body_of(ArchiveIn, {"reason": reason})
        async with edge.work(writes=True) as (session, viewer):
            return await service.archive_version(
                session, viewer, chain, version, data, expect=any_version, now=utc_now()
            )

    done = edge.run(job)
    if as_json:
        edge.print_json(done)
        return
    typer.echo(f"{chain} 一链一策第{version}版{done.state_name}。")


def _read(text: str, name: str, chain: str) -> DraftIn:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Refused("The file cannot be read.", [Fault(name, str(error).splitlines()[0])]) from error
    if isinstance(found, Mapping) and isinstance(found.get("plans"), Sequence) and len(found["plans"]) == 1:
        found = found["plans"][0]
    if not isinstance(found, Mapping):
        raise Refused("The file cannot be read.", [Fault(name, "holds no plan", "Write one plan into it.")])
    said: dict[str, Any] = dict(found)
    if said.pop("chain", chain) != chain:
        raise Refused("The file cannot be read.", [Fault("chain", f"is another one than {chain}")])
    return body_of(DraftIn, said, "The plan cannot be taken as given.")


def _print_draft(found: DraftOut, before: str = "") -> None:
    days = f"{found.since} 至 {found.until or '持续'}"
    edge.screen.print(f"{before}草案{found.number}（{found.state_name}）：{days}", highlight=False)
    against = "没有有效版本" if found.in_force is None else f"第{found.in_force}版"
    rows = [_change_row(one) for one in found.changes]
    edge.print_table(f"与{against}的差别", ("部分", "所指", "现行", "草案", "依据"), rows)


def _change_row(one: PlanChangeOut) -> tuple[str, ...]:
    what = f"{one.what}（{one.product}）" if one.product else one.what
    return PLAN_PARTS[one.part], what, one.before, one.after, one.clause


def _print_comparison(found: ComparisonOut) -> None:
    counts = found.counts
    holds = "仍然有效" if found.holds else f"已失效：{'、'.join(found.changed_since)} 有变化，请重新比较"
    rows = [
        ("在册条目", counts.entries),
        ("本链条目", counts.judged),
        ("有变化", counts.changed),
        ("增加产品", counts.gaining),
        ("失去产品", counts.losing),
        ("匹配度升高", counts.better),
        ("匹配度降低", counts.worse),
        ("没有合适产品（之前）", counts.unserved_before),
        ("没有合适产品（之后）", counts.unserved_after),
    ]
    edge.print_table(
        f"比较{found.number}（{found.edition or '没有版次'}，{found.on}）：{holds}", ("指标", "户"), rows
    )
    banks = [(one.code, one.name, one.gained, one.lost) for one in found.banks[:MOST_LISTED]]
    edge.print_table("按机构", ("编码", "机构", "增加它的需求", "失去它的需求"), banks)


def _print_allocation(run: ReallocationOut, moved: Sequence[ReallocatedOut]) -> None:
    title = f"重新分派：机构承接 {run.served_before} → {run.served_after} 户，匹配度合计 {run.fit_before} → {run.fit_after} 分"
    banks = [(one.institution, one.name, one.before, one.after) for one in run.banks[:MOST_LISTED]]
    edge.print_table(title, ("编码", "机构", "现行方案", "草案"), banks)
    rows = [(one.entry, one.enterprise, one.sentence) for one in moved]
    edge.print_table("责任机构、产品或匹配度会变的条目", ("条目", "企业", "说明"), rows)
