"""`rongqiao chains`: chains, who answers for them, and their plans."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.catalogue import service as catalogue
from app.chains import service
from app.chains.schemas import ChainImportPreview, ChainOut, ManagerOut, PlanOut
from app.cli import chain_people, edge
from app.kernel.clock import utc_now
from app.kernel.paging import MOST_ROWS, PageRequest
from app.policy.facts import PURPOSES

commands = typer.Typer(no_args_is_help=True)
chain_people.add_to(commands)
Shown = tuple[PlanOut, list[ManagerOut]]


@commands.command("import")
def import_file(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="YAML with `chains`, `managers`, `plans`.")
    ],
    *,
    dry_run: Annotated[bool, typer.Option(help="Check and preview, write nothing.")] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Take chains, managers and plans from a file; all or nothing.

    Plans name products, products may name chains: import the chains, then the products, then the plans.
    """

    async def job() -> ChainImportPreview:
        async with edge.work(writes=not dry_run) as (session, viewer):
            return await service.import_chains(
                session,
                viewer,
                edge.read_text(file),
                file.name,
                now=utc_now(),
                known_products=await catalogue.product_codes(session, viewer),
                dry_run=dry_run,
            )

    preview = edge.run(job)
    if as_json:
        edge.print_json(preview)
        return
    row = (len(preview.new), len(preview.changed), preview.same, preview.managers, len(preview.plans))
    title = "Would be imported" if dry_run else "Imported"
    edge.print_table(title, ("new", "changed", "same", "managers", "plans"), [row])


@commands.command("list")
def list_all(
    jurisdiction: Annotated[
        str | None, typer.Option(help="Only chains of this region or below 行政区划代码.")
    ] = None,
    *,
    as_json: edge.JsonFlag = False,
) -> None:
    """List chains by code."""

    async def job() -> list[ChainOut]:
        found: list[ChainOut] = []
        async with edge.work(writes=False) as (session, viewer):
            page, more = PageRequest(limit=MOST_ROWS), True
            while more:
                rows = await service.list_chains(session, viewer, page, jurisdiction=jurisdiction)
                found += rows.items
                page, more = PageRequest(limit=MOST_ROWS, cursor=rows.next), rows.next is not None
        return found

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    rows = [
        (one.code, one.name, one.jurisdiction, "、".join(one.industries), one.plan_version, one.source)
        for one in found
    ]
    edge.print_table(f"{len(found)} chains", ("编码", "名称", "区划", "行业", "一链一策版本", "出处"), rows)


@commands.command()
def plan(
    code: Annotated[str, typer.Argument(help="Chain code 产业链编码.")],
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The plan in force on this day.")
    ] = None,
    *,
    as_json: edge.JsonFlag = False,
) -> None:
    """Show a chain's plan (the latest, or the one of a day) and who answers for the chain."""
    day: date | None = on.date() if on is not None else None

    async def job() -> Shown:
        async with edge.work(writes=False) as (session, viewer):
            return (
                await service.get_plan(session, viewer, code, on=day),
                await service.list_managers(session, viewer, code),
            )

    found, managers = edge.run(job)
    if as_json:
        edge.print_json({"plan": found, "managers": managers})
        return
    edge.print_table(f"{code} 一链一策第{found.version}版", ("项目", "内容", "依据"), _rows_of(found))
    people = [(one.role_name, one.name, one.body, one.since, one.until) for one in managers]
    edge.print_table("链长及链办", ("职责", "姓名", "单位", "起", "止"), people)


def _rows_of(found: PlanOut) -> list[tuple[str, str, str | None]]:
    banks = "、".join(
        bank.institution + (f"（{bank.quota}户）" if bank.quota else "") for bank in found.contracted
    )
    purposes = "、".join(PURPOSES[purpose] for purpose in found.priority_purposes)
    return [
        ("有效期", f"{found.since} 至 {found.until or '持续'}", ""),
        ("签约银行", banks, found.clauses.contracted),
        ("优先用途", purposes, found.clauses.priority_purposes),
        ("链上产品", "、".join(found.products), found.clauses.products),
        *(("支持措施", term.text, term.clause) for term in found.granted),
    ]
