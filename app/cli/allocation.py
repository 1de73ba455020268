"""`rongqiao allocate`: one responsible institution for every entry, proven and explained."""

from typing import Annotated

import typer

from app.allocation import service
from app.allocation.reroute_schemas import RerouteIn, RerouteOut
from app.allocation.schemas import AllocationRunOut, AssignmentOut, CheckOut
from app.cli import edge
from app.cli.bodies import body_of
from app.docking import reroute_service
from app.kernel.clock import utc_now

commands = typer.Typer(no_args_is_help=True)
UNSOUND = 1


@commands.command()
def run(
    edition: Annotated[str, typer.Option("--edition", help="Whitelist edition, such as 2023H2.")],
    reassign: Annotated[
        bool, typer.Option("--reassign", help="Allocate all entries anew, also those that have a party.")
    ] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Allocate an edition on its newest match run; entries keep the institution they have unless asked otherwise."""

    async def job() -> AllocationRunOut:
        async with edge.work(writes=False) as (session, viewer):
            read = await service.read_matches(session, viewer, edition)
        async with edge.work(writes=True) as (session, viewer):
            return await service.run_allocation(
                session, viewer, edition, now=utc_now(), keep_settled=not reassign, read=read
            )

    _show_run(edge.run(job), as_json=as_json)


@commands.command()
def check(
    run_id: Annotated[int, typer.Argument(metavar="RUN", min=1, help="Number of the allocation run.")],
    as_json: edge.JsonFlag = False,
) -> None:
    """Prove a stored run independently: limits, optimality gap, and that its records are unchanged (else exit 1)."""

    async def job() -> CheckOut:
        async with edge.work(writes=False) as (session, viewer):
            return await service.check_run(session, viewer, run_id)

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
    else:
        _show_check(found)
    if not found.is_sound:
        raise typer.Exit(UNSOUND)


@commands.command()
def show(
    run_id: Annotated[
        int | None, typer.Argument(metavar="[RUN]", min=1, help="Number of the allocation run.")
    ] = None,
    entry: Annotated[str | None, typer.Option("--entry", help="Code of a whitelist entry.")] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Show a run, or who is responsible for an entry and why."""
    if (run_id is None) == (entry is None):
        raise typer.BadParameter("give a run, or --entry CODE")
    if entry is not None:
        _show_entry(entry, as_json=as_json)
        return

    async def job() -> AllocationRunOut:
        async with edge.work(writes=False) as (session, viewer):
            return await service.get_run(session, viewer, run_id or 0)

    _show_run(edge.run(job), as_json=as_json)


@commands.command()
def reroute(
    edition: Annotated[str, typer.Option("--edition", help="Whitelist edition, such as 2023H2.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with each new assignment.")],
    institution: Annotated[
        str | None, typer.Option("--institution", help="Take all entries that it and those below it hold.")
    ] = None,
    entry: Annotated[
        list[str] | None, typer.Option("--entry", help="Code of an entry; may be given several times.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run/--do", help="Only say what would become of each entry, or do it.")
    ] = True,
    as_json: edge.JsonFlag = False,
) -> None:
    """Take entries from their parties and give them to the next; entries with approved credit stay. A dry run first."""

    async def job() -> RerouteOut:
        fields = {"edition": edition, "institution": institution, "reason": reason, "dry_run": dry_run}
        wanted = body_of(RerouteIn, fields | {"entries": entry or None}, "Nothing can be rerouted as asked.")
        async with edge.work(writes=not dry_run) as (session, viewer):
            return await reroute_service.reroute_in_bulk(session, viewer, wanted, now=utc_now())

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
    else:
        _show_reroute(found)


def _show_reroute(found: RerouteOut) -> None:
    rows = [
        (
            one.entry,
            one.from_ or one.from_body,
            one.to or one.to_body if one.is_moved else "不变",
            one.why[0] if one.why else "",
        )
        for one in found.items
    ]
    title = f"{'试算' if found.is_dry_run else '改派'}（{found.edition}）：{found.counts.moved}户改派，{found.counts.stays}户不变"
    edge.print_table(title, ("条目", "原责任方", "现责任方", "理由"), rows)


def _show_entry(entry: str, *, as_json: bool) -> None:
    async def job() -> AssignmentOut:
        async with edge.work(writes=False) as (session, viewer):
            return await service.assignment_of_entry(session, viewer, entry)

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    party = found.institution_name or found.responsible_body
    edge.print_table(f"{entry}：{party}", ("分配理由",), [(sentence,) for sentence in found.why])


def _show_run(found: AllocationRunOut, *, as_json: bool) -> None:
    if as_json:
        edge.print_json(found)
        return
    counts, achieved = found.counts, found.objective
    gap = achieved.optimality_gap
    rows = [
        ("条目", counts.entries),
        ("合适产品的机构负责", counts.matched),
        ("按堵点推送", counts.routed),
        ("统筹部门负责", counts.coordinator),
        ("沿用", counts.kept),
        ("新作出", counts.made),
        ("结束", counts.ended),
        ("平均匹配度", achieved.mean_fit or "-"),
        ("最优性差距", "无法证明" if gap is None else f"{gap:.6%}"),
    ]
    again = "，没有可变更的，沿用既有运行" if found.reused else ""
    edge.print_table(f"分配运行 {found.id}（{found.edition}{again}）", ("项目", "数值"), rows)
    edge.print_table("新作出的分配", ("原因", "条目"), list(counts.reasons.items()))


def _show_check(found: CheckOut) -> None:
    gap = found.optimality_gap
    rows = [
        ("满足全部约束", _yes_no(found.feasible)),
        ("已证明最优", _yes_no(found.optimal)),
        ("最优性差距", "无法证明" if gap is None else f"{gap:.6%}"),
        ("有责任机构的条目", found.served),
        ("存档哈希一致", _yes_no(found.hashes_hold)),
        ("分配记录一致", _yes_no(not found.rows_differing)),
    ]
    edge.print_table(f"分配运行 {found.run} 的独立复核", ("项目", "结果"), rows)
    if found.breaches:
        lines = [(one.code, one.name or one.place, one.found, one.limit, one.more) for one in found.breaches]
        edge.print_table("违反的约束", ("约束", "对象", "实际", "应为或上限", "另有"), lines)
    if found.rows_differing:
        edge.print_table("分配记录与存档不一致", ("条目",), [(code,) for code in found.rows_differing])


def _yes_no(claim: bool) -> str:
    return "是" if claim else "否"
