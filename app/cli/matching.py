"""`rongqiao match`: run the matching of an edition, explain a pair, show how a run came out."""

from datetime import datetime
from typing import Annotated

import typer

from app.accounts.rules import local_operator
from app.cli import edge
from app.kernel.clock import utc_now
from app.kernel.database import make_engine, make_sessions
from app.kernel.errors import Conflict, Fault, Refused
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.progress import reporting
from app.kernel.settings import get_settings
from app.matching import service
from app.matching.batch import run_batch
from app.matching.cluster import open_cluster
from app.matching.schemas import EntryMatchesOut, ExplanationOut, MatchRunOut, PartOut
from app.whitelist import service as whitelist

commands = typer.Typer(no_args_is_help=True)

EditionOption = Annotated[str, typer.Option("--edition", help="Whitelist edition, such as 2023H2.")]
LibraryOption = Annotated[
    str | None, typer.Option(help="Library edition, such as 2023Q4; else all products in force.")
]
OnOption = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day to judge by; else today in Shanghai.")
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        metavar="WHERE",
        help="Match in parts on a Dask cluster (extra `cluster`): local:N for N worker processes here, or the address "
        "of a scheduler, such as tls://10.0.0.5:8786. The run is the same; one that was broken off is gone on with.",
    ),
]
VERDICTS = {"pass": "✓ 满足", "fail": "✗ 不满足", "unknown": "? 待补充"}


@commands.command()
def run(
    edition: EditionOption,
    library: LibraryOption = None,
    on: OnOption = None,
    force: Annotated[bool, typer.Option("--force", help="Run again even if nothing changed.")] = False,
    cluster: ClusterOption = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Match every admitted entry of an edition; the same inputs are not matched twice."""

    async def job() -> MatchRunOut:
        if cluster is not None:
            return await _on_cluster(cluster, edition, library, on, force=force)
        day = None if on is None else on.date()
        async with edge.work(writes=False) as (session, viewer):
            read = await service.read_run(session, viewer, edition, now=utc_now(), library=library, on=day)
        ranking = await service.rank(read)
        async with edge.work(writes=True) as (session, viewer):
            return await service.keep_run(session, viewer, read, ranking, now=utc_now(), force=force)

    made = edge.run(job)
    if as_json:
        edge.print_json(made)
        return
    _print_run(made)


@commands.command()
def explain(
    need: Annotated[str, typer.Argument(help="Code of the need (credit code, with -P<n> for a project).")],
    product: Annotated[str, typer.Argument(help="Code of the product.")],
    on: OnOption = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Say criterion by criterion whether a product fits a need on a day, and what would change that."""

    async def job() -> ExplanationOut:
        async with edge.work(writes=False) as (session, viewer):
            return await service.explain(
                session, viewer, need, product, now=utc_now(), on=None if on is None else on.date()
            )

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    title = (
        f"{found.product_name}（{found.institution_name}） × {need}（{found.on}）：{VERDICTS[found.verdict]}"
    )
    findings = [(each.asked, each.found, VERDICTS[each.verdict], each.source) for each in found.findings]
    edge.print_table(title, ("条件", "需求", "判定", "出处"), findings)
    parts = [
        (part.name, part.value, part.weight, part.points, "；".join([part.reason, *_uncited(part)]))
        for part in found.parts
    ]
    edge.print_table(f"匹配度 {found.score:.2f}", ("评分项", "得分‰", "权重‰", "计入", "理由"), parts)
    if found.plan:
        edge.screen.print(found.plan, highlight=False)
    for change in found.changes:
        edge.screen.print(f"要满足：{change}", highlight=False)
    for ask in found.asks:
        edge.screen.print(f"须补充：{ask.name}", highlight=False)


@commands.command()
def show(
    edition: EditionOption,
    run_id: Annotated[int | None, typer.Option("--run", min=1, help="Run; else the latest.")] = None,
    without_product: Annotated[
        bool, typer.Option("--without-product", help="Only the entries that no product fits.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most entries to print.")] = 50,
    as_json: edge.JsonFlag = False,
) -> None:
    """Show how a run came out: totals, then each entry with its best products."""

    async def job() -> tuple[MatchRunOut, list[EntryMatchesOut]]:
        async with edge.work(writes=False) as (session, viewer):
            found = await whitelist.edition(session, viewer, edition)
            latest = await service.latest_run(session, viewer, found.id)
            chosen = run_id or (latest.id if latest is not None else None)
            if chosen is None:
                fault = Fault("edition", "not matched", f"Run `rongqiao match run --edition {edition}`.")
                raise Conflict(f"Edition {edition} has no match run yet.", [fault])
            made = await service.get_run(session, viewer, chosen)
            if made.edition != edition:
                remedy = f"Ask with --edition {made.edition}."
                fault = Fault("run", f"of edition {made.edition}", remedy, str(chosen))
                raise Refused(f"Match run {chosen} is not one of edition {edition}.", [fault])
            items: list[EntryMatchesOut] = []
            page = PageRequest(limit=min(limit, MOST_ROWS))
            while True:
                entries = await service.run_results(
                    session, viewer, chosen, page, without_product=without_product
                )
                items += entries.items
                if entries.next is None or len(items) >= limit:
                    return made, items[:limit]
                page = PageRequest(limit=page.limit, cursor=entries.next)

    made, items = edge.run(job)
    if as_json:
        edge.print_json({"run": made, "items": items})
        return
    _print_run(made)
    rows = [(item.entry, item.enterprise, item.eligible, item.unknown, _best(item)) for item in items]
    edge.print_table("条目", ("条目", "企业", "符合", "待补充", "最佳产品"), rows)


async def _on_cluster(
    where: str, edition: str, library: str | None, on: datetime | None, *, force: bool
) -> MatchRunOut:
    settings = get_settings()
    engine = make_engine(settings.database_url)
    try:
        with edge.progress("匹配运行") as show, reporting(lambda _stage, done, total: show(done, total)):
            async with open_cluster(where, settings) as cluster:
                return await run_batch(
                    make_sessions(engine),
                    local_operator(settings.jurisdiction),
                    edition,
                    cluster,
                    now=utc_now(),
                    via="cli",
                    library=library,
                    on=None if on is None else on.date(),
                    force=force,
                )
    finally:
        await engine.dispose()


def _print_run(made: MatchRunOut) -> None:
    counts = made.counts
    again = "，输入未变，沿用既有结果" if made.reused else ""
    rows = [
        ("条目", counts.entries),
        ("产品", counts.products),
        ("组合", counts.pairs),
        ("符合条件的组合", counts.eligible_pairs),
        ("待补充资料的组合", counts.unknown_pairs),
        ("无匹配产品的条目", counts.without_product),
    ]
    edge.print_table(f"匹配运行 {made.id}（{made.edition}，{made.on}{again}）", ("项目", "数"), rows)


def _best(item: EntryMatchesOut) -> str:
    return "、".join(f"{each.product_name} {each.score:.1f}" for each in item.best[:3])


def _uncited(part: PartOut) -> list[str]:
    """Answer the citations that the reason does not name itself."""
    return [citation for citation in part.citations if citation not in part.reason]
