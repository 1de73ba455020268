"""`rongqiao catalogue`: products, and the quarter's library."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.awards import confirming_service, observed_service
from app.awards.confirming_schemas import ConfirmationPage
from app.awards.observed_schemas import ObservationRunOut, ObservedOut
from app.catalogue import service
from app.catalogue.schemas import CatalogueImportPreview, LibraryDiff, LibraryOut, ProductOut
from app.catalogue.terms import FORMS
from app.cli import edge
from app.cli.library_views import print_confirmations, print_observed
from app.kernel.clock import utc_now
from app.kernel.money import wan_text
from app.kernel.paging import MOST_ROWS, PageRequest

commands = typer.Typer(no_args_is_help=True)
Edition = Annotated[str, typer.Argument(help="Library edition 产品库版次, such as 2023Q4.")]


@commands.command("import")
def import_file(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="YAML with `products`, or .xlsx with sheet 产品."),
    ],
    *,
    dry_run: Annotated[bool, typer.Option(help="Check and preview, write nothing.")] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Take products from a file: new ones, and revisions of known ones; all or nothing."""

    async def job() -> CatalogueImportPreview:
        async with edge.work(writes=not dry_run) as (session, viewer):
            if file.suffix.lower() == ".xlsx":
                return await service.import_product_sheet(
                    session, viewer, file.read_bytes(), file.name, now=utc_now(), dry_run=dry_run
                )
            return await service.import_products(
                session, viewer, edge.read_text(file), file.name, now=utc_now(), dry_run=dry_run
            )

    preview = edge.run(job)
    if as_json:
        edge.print_json(preview)
        return
    title = "Would be imported" if dry_run else "Imported"
    row = (len(preview.new), len(preview.revised), preview.same)
    edge.print_table(title, ("new", "revised", "same"), [row])
    if preview.revised:
        rows = [(one.code, "、".join(one.changed)) for one in preview.revised]
        edge.print_table("Revised", ("产品", "变更"), rows)


@commands.command("list")
def list_all(
    institution: Annotated[
        str | None, typer.Option(help="Offered by this institution or below 机构编码.")
    ] = None,
    form: Annotated[str | None, typer.Option(help=f"Only this form: {', '.join(FORMS)}.")] = None,
    region: Annotated[str | None, typer.Option(help="Offered in this region 行政区划代码.")] = None,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="In force on this day; else as revised last."),
    ] = None,
    *,
    as_json: edge.JsonFlag = False,
) -> None:
    """List products by code."""

    async def job() -> list[ProductOut]:
        found: list[ProductOut] = []
        async with edge.work(writes=False) as (session, viewer):
            page, more = PageRequest(limit=MOST_ROWS), True
            while more:
                rows = await service.list_products(
                    session,
                    viewer,
                    page,
                    institution=institution,
                    form=form,
                    region=region,
                    on=on.date() if on is not None else None,
                )
                found += rows.items
                page, more = PageRequest(limit=MOST_ROWS, cursor=rows.next), rows.next is not None
        return found

    _show_products(edge.run(job), "products", as_json=as_json)


@commands.command()
def export(
    target: Annotated[Path, typer.Argument(dir_okay=False, help="File to write: .yaml or .xlsx.")],
) -> None:
    """Write the current revisions as a file that `import` reads back as the same."""

    async def job() -> bytes:
        async with edge.work(writes=False) as (session, viewer):
            if target.suffix.lower() == ".xlsx":
                return await service.product_sheet(session, viewer)
            return (await service.export_products(session, viewer)).encode()

    edge.write_file(target, edge.run(job))
    typer.echo(f"written: {target}")


@commands.command()
def template(
    target: Annotated[Path, typer.Argument(dir_okay=False, help="The .xlsx file to write.")],
) -> None:
    """Write the empty product sheet with its drop-down lists and notes."""

    async def job() -> bytes:
        async with edge.work(writes=False) as (session, viewer):
            return await service.product_sheet(session, viewer, is_template=True)

    edge.write_file(target, edge.run(job))
    typer.echo(f"written: {target}")


@commands.command()
def publish(edition: Edition, *, as_json: edge.JsonFlag = False) -> None:
    """Publish the quarter's library: freeze the products in force; it never changes afterwards."""

    async def job() -> LibraryOut:
        async with edge.work(writes=True) as (session, viewer):
            return await service.publish_library(session, viewer, edition, now=utc_now())

    _show_libraries([edge.run(job)], as_json=as_json)


@commands.command()
def libraries(*, as_json: edge.JsonFlag = False) -> None:
    """List the published library editions, the newest quarter first."""

    async def job() -> list[LibraryOut]:
        async with edge.work(writes=False) as (session, viewer):
            return (await service.list_libraries(session, viewer, PageRequest(limit=MOST_ROWS))).items

    _show_libraries(edge.run(job), as_json=as_json)


@commands.command()
def library(edition: Edition, *, as_json: edge.JsonFlag = False) -> None:
    """Show the frozen products of a library edition."""

    async def job() -> list[ProductOut]:
        found: list[ProductOut] = []
        async with edge.work(writes=False) as (session, viewer):
            page, more = PageRequest(limit=MOST_ROWS), True
            while more:
                rows = await service.library_products(session, viewer, edition, page)
                found += rows.items
                page, more = PageRequest(limit=MOST_ROWS, cursor=rows.next), rows.next is not None
        return found

    _show_products(edge.run(job), f"products of {edition}", as_json=as_json)


@commands.command()
def diff(
    older: Annotated[str, typer.Argument(help="The older edition, such as 2023Q3.")],
    newer: Annotated[str, typer.Argument(help="The newer edition, such as 2023Q4.")],
    *,
    as_json: edge.JsonFlag = False,
) -> None:
    """Compare two library editions: added, removed and revised products."""

    async def job() -> LibraryDiff:
        async with edge.work(writes=False) as (session, viewer):
            return await service.diff_libraries(session, viewer, older, newer)

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
        return
    rows = [("新增", code, "") for code in found.added] + [("退出", code, "") for code in found.removed]
    rows += [("修订", one.code, "、".join(one.changed)) for one in found.revised]
    edge.print_table(f"{older} → {newer}（未变 {found.same}）", ("变化", "产品", "条款"), rows)


@commands.command()
def observed(
    *,
    until: Annotated[
        str | None,
        typer.Option(help="Quarter with which the four end, such as 2023Q4; left out: the newest."),
    ] = None,
    institution: Annotated[
        str | None, typer.Option(help="Offered by this institution or below 机构编码.")
    ] = None,
    flagged: Annotated[bool, typer.Option(help="Only products that are off in something.")] = False,
    compute: Annotated[
        bool, typer.Option(help="Compute the figures first; `--until` names the quarter.")
    ] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Show what products declare beside what was observed: rate, days, share of approvals."""

    async def job() -> tuple[ObservationRunOut, list[ObservedOut]]:
        async with edge.work(writes=compute) as (session, viewer):
            if compute:
                await observed_service.observe(session, viewer, until or "", now=utc_now())
            found: list[ObservedOut] = []
            page, more = PageRequest(limit=MOST_ROWS), True
            while more:
                rows = await observed_service.observed_page(
                    session, viewer, until, page, institution=institution, flagged=flagged
                )
                found += rows.items
                page, more = PageRequest(limit=MOST_ROWS, cursor=rows.next), rows.next is not None
            return (await observed_service.get_run(session, viewer, until)), found

    run, found = edge.run(job)
    if as_json:
        edge.print_json({"run": run, "products": found})
    else:
        print_observed(run, found)


@commands.command()
def confirmations(
    *,
    call: Annotated[
        bool, typer.Option(help="Call institutions to confirm for the coming quarter first.")
    ] = False,
    waiting: Annotated[bool, typer.Option(help="Only institutions with products that wait.")] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Show which institutions have confirmed their products for the coming quarter, and which have not."""

    async def job() -> ConfirmationPage:
        async with edge.work(writes=call) as (session, viewer):
            if call:
                await confirming_service.call(session, viewer, now=utc_now())
            page = PageRequest(limit=MOST_ROWS)
            return await confirming_service.confirmations(
                session, viewer, page, now=utc_now(), waiting=waiting
            )

    found = edge.run(job)
    if as_json:
        edge.print_json(found)
    else:
        print_confirmations(found)


def _show_products(found: list[ProductOut], label: str, *, as_json: bool) -> None:
    if as_json:
        edge.print_json(found)
        return
    columns = ("编码", "修订", "名称", "机构", "形式", "金额（万元）", "期限（月）", "演示")
    rows = [
        (
            one.code,
            one.revision,
            one.name,
            one.institution_name,
            FORMS[one.terms.form],
            f"{wan_text(one.terms.amount.least)}–{wan_text(one.terms.amount.most)}",
            f"{one.terms.term.least}–{one.terms.term.most}",
            "是" if one.is_demo else "",
        )
        for one in found
    ]
    edge.print_table(f"{len(found)} {label}", columns, rows)


def _show_libraries(found: list[LibraryOut], *, as_json: bool) -> None:
    if as_json:
        edge.print_json(found)
        return
    rows = [(one.code, one.jurisdiction, one.products, one.published_at, one.content_hash) for one in found]
    edge.print_table("产品库", ("版次", "区划", "产品数", "发布时间", "SHA-256"), rows)
