"""`rongqiao bottlenecks`: what blocks the entries that cannot be financed yet, and who takes them on."""

from typing import Annotated

import typer

from app.bottlenecks import service
from app.bottlenecks.schemas import CaseFilter, CaseOut, CasePage, ClassifyRunOut
from app.cli import edge
from app.kernel.clock import utc_now
from app.kernel.errors import Conflict, Fault
from app.kernel.paging import MOST_ROWS, PageRequest
from app.matching import service as matching
from app.whitelist import service as whitelist

commands = typer.Typer(no_args_is_help=True)

EditionOption = Annotated[str, typer.Option("--edition", help="Whitelist edition, such as 2023H2.")]
VERDICTS = {"pass": "", "unknown": "?", "fail": "✗"}


@commands.command("list")
def list_(
    edition: EditionOption,
    route: Annotated[
        str | None, typer.Option(help="Only this route: a class code, ask or policy_gap.")
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="Only this region (code) and what lies below it.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most entries to print.")] = 50,
    as_json: edge.JsonFlag = False,
) -> None:
    """List the entries of an edition that no product fits or that were declined, with counts by route."""

    async def job() -> tuple[list[CaseOut], list[tuple[str, str, int]]]:
        async with edge.work(writes=False) as (session, viewer):
            await whitelist.edition(session, viewer, edition)
            asked = CaseFilter(edition=edition, route=route, region=region)
            wanted = await service.checked_filter(session, viewer, asked, now=utc_now())
            items: list[CaseOut] = []
            page = PageRequest(limit=min(limit, MOST_ROWS))
            while True:
                found: CasePage = await service.list_cases(session, viewer, page, wanted)
                items += found.items
                if found.next is None or len(items) >= limit:
                    named = await service.counts_by_name(session, viewer, found.counts, now=utc_now())
                    return items[:limit], named
                page = PageRequest(limit=page.limit, cursor=found.next)

    items, counts = edge.run(job)
    if as_json:
        edge.print_json({"items": items, "counts": {route: count for route, _name, count in counts}})
        return
    rows = [(item.entry, item.enterprise, item.region, _classes(item), _next_step(item)) for item in items]
    edge.print_table(f"堵点清单 {edition}", ("条目", "企业", "地区", "类别", "去向"), rows)
    edge.print_table("各路径条目数", ("路径", "名称", "条目"), counts)


@commands.command()
def run(edition: EditionOption, as_json: edge.JsonFlag = False) -> None:
    """Classify every entry that no product fits in the edition's latest match run; running again changes nothing."""

    async def job() -> ClassifyRunOut:
        async with edge.work(writes=True) as (session, viewer):
            found = await whitelist.edition(session, viewer, edition)
            latest = await matching.latest_run(session, viewer, found.id)
            if latest is None:
                raise Conflict(
                    f"Edition {edition} has no match run yet.",
                    [Fault("edition", "not matched", f"Run `rongqiao match run --edition {edition}`.")],
                )
            return await service.classify_run(session, viewer, latest.id, now=utc_now())

    report = edge.run(job)
    if as_json:
        edge.print_json(report)
        return
    title = f"无匹配产品的条目{report.classified}户：新分类或有变{report.changed}，结束{report.ended}"
    edge.print_table(title, ("路径", "条目"), list(report.routes.items()))


def _classes(item: CaseOut) -> str:
    return "、".join(f"{one.class_code}{VERDICTS[one.verdict]}" for one in item.classes)


def _next_step(item: CaseOut) -> str:
    if item.gap:
        return "政策空缺：统筹部门"
    leading = next((one for one in item.classes if one.class_code == item.route), None)
    if leading is None:
        return f"统筹部门询问：{'、'.join(ask.name for ask in item.asks)}"
    return leading.receiver
