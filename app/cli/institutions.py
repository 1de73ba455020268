"""`rongqiao institutions`: banks, branches, guarantors and public bodies."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli import edge
from app.institutions import service
from app.institutions.rules import KINDS, InstitutionKind
from app.institutions.schemas import ImportPreview, InstitutionOut
from app.kernel.clock import utc_now
from app.kernel.paging import MOST_ROWS, PageRequest

commands = typer.Typer(no_args_is_help=True)


@commands.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="YAML file with `institutions`.")],
    *,
    dry_run: Annotated[bool, typer.Option(help="Check and preview, write nothing.")] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Take institutions from a file: new ones, and those that it states anew; all or nothing."""

    async def job() -> ImportPreview:
        async with edge.work(writes=not dry_run) as (session, viewer):
            text = edge.read_text(file)
            return await service.import_institutions(
                session, viewer, text, file.name, now=utc_now(), dry_run=dry_run
            )

    preview = edge.run(job)
    if as_json:
        edge.print_json(preview)
        return
    title = "Would be imported" if dry_run else "Imported"
    edge.print_table(
        title, ("new", "changed", "same"), [(len(preview.new), len(preview.changed), preview.same)]
    )


@commands.command("list")
def list_all(
    kind: Annotated[InstitutionKind | None, typer.Option(help="Only this kind 机构类型.")] = None,
    region: Annotated[
        str | None, typer.Option(help="Only those in this region or below 行政区划代码.")
    ] = None,
    parent: Annotated[str | None, typer.Option(help="Only those directly below this code 上级机构.")] = None,
    *,
    as_json: edge.JsonFlag = False,
) -> None:
    """List institutions by code."""

    async def job() -> list[InstitutionOut]:
        found: list[InstitutionOut] = []
        async with edge.work(writes=False) as (session, viewer):
            page, more = PageRequest(limit=MOST_ROWS), True
            while more:
                rows = await service.list_institutions(
                    session, viewer, page, kind=kind, region=region, parent=parent
                )
                found += rows.items
                page, more = PageRequest(limit=MOST_ROWS, cursor=rows.next), rows.next is not None
        return found

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    columns = ("编码", "简称", "类型", "上级", "区划", "服务区域", "可承接")
    rows = [
        (
            one.code,
            one.short_name,
            KINDS[one.kind],
            one.parent,
            one.region,
            "、".join(one.areas),
            one.capacity,
        )
        for one in found
    ]
    edge.print_table(f"{len(found)} institutions", columns, rows)
