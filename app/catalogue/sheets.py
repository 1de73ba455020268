"""Products as an xlsx workbook: the template, the export, and the import with faults by cell."""

import asyncio
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError
from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name

from app.accounts.rules import Viewer
from app.catalogue.cells import BadCell, Cell, cell_text
from app.catalogue.columns import BY_HEADING, COLUMNS, REQUIRED, SHEET, Column
from app.catalogue.importing import save_placed, stored_products, surroundings
from app.catalogue.planning import PlannedProduct
from app.catalogue.schemas import CatalogueImportPreview, ProductIn
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, Refused
from app.kernel.workbook_archive import refuse
from app.kernel.workbooks import open_sheet, sheet_names
from app.policy.yaml_records import Placed

ROWS_WITH_LISTS: Final = 20_000
_NOT_IMPORTED: Final = "Nothing was imported: mend these cells and send the workbook again."


async def import_product_sheet(
    session: AsyncSession,
    viewer: Viewer,
    content: bytes,
    file_name: str,
    *,
    now: datetime,
    dry_run: bool = False,
) -> CatalogueImportPreview:
    """Take the sheet 产品 of a workbook: new products, and those that it states anew as next revisions.

    Raises:
        Refused: every fault by sheet, row and column; nothing is written.
    """
    faults: list[Fault] = []
    placed = await asyncio.to_thread(read_sheet, content, file_name, faults)
    return await save_placed(
        session, viewer, placed, now=now, faults=faults, dry_run=dry_run, refusal=_NOT_IMPORTED
    )


async def product_sheet(session: AsyncSession, viewer: Viewer, *, is_template: bool = False) -> bytes:
    """Answer the workbook of the current revisions, or the empty template."""
    stored = {} if is_template else await stored_products(session, await surroundings(session, viewer))
    products = [
        PlannedProduct(code, product.institution, product.content) for code, product in sorted(stored.items())
    ]
    return await asyncio.to_thread(write_workbook, products)


def read_sheet(content: bytes, file_name: str, faults: list[Fault]) -> list[Placed[ProductIn]]:
    """Read the products of a workbook; faults are added to `faults` as `产品!C17`."""
    rows = _rows_of(content, file_name, faults)
    if rows is None:
        return []
    named = {fault.where for fault in faults}
    before = len(faults)
    columns = _columns_of([cell_text(cell) for cell in rows[0]] if rows else [], faults)
    is_whole = len(faults) == before
    found: list[Fault] = []
    read = [
        _read_row(row, number, columns, found, is_whole=is_whole)
        for number, row in enumerate(rows[1:], start=2)
    ]
    faults += (fault for fault in found if fault.where not in named)
    return [placed for placed in read if placed is not None]


def _rows_of(content: bytes, file_name: str, faults: list[Fault]) -> list[Sequence[Cell]] | None:
    file = io.BytesIO(content)
    try:
        names = sheet_names(file, file_name)
        if SHEET not in names:
            raise refuse(
                file_name, f"没有工作表“{SHEET}”", f"文件中有：{'、'.join(names)}。改名为“{SHEET}”。"
            )
        sheet = open_sheet(file, file_name, SHEET)
        rows = [row for _, row in sheet.rows()]
    except Refused as refusal:
        faults += refusal.faults
        return None
    for found in sheet.faults(header_row=1):
        letters = "" if found.column is None else xl_col_to_name(found.column)
        faults.append(Fault(f"{SHEET}!{letters}{found.row}", found.message, found.remedy))
    return rows


def _columns_of(headings: Sequence[str], faults: list[Fault]) -> dict[int, Column]:
    known = {cell_text(heading): column for heading, column in BY_HEADING.items()}
    columns: dict[int, Column] = {}
    for i, heading in enumerate(headings):
        where = f"{SHEET}!{xl_col_to_name(i)}1"
        if heading not in known:
            if heading:
                faults.append(Fault(where, "不认识的列", f"可用的列：{'、'.join(BY_HEADING)}", heading))
        elif known[heading] in columns.values():
            faults.append(Fault(where, "这一列出现两次", "只保留一列", heading))
        else:
            columns[i] = known[heading]
    present = {column.heading for column in columns.values()}
    missing = [heading for heading in REQUIRED if heading not in present]
    if missing:
        faults.append(Fault(f"{SHEET}!1", f"缺少列：{'、'.join(missing)}", "从模板复制表头"))
    return columns


def _read_row(
    row: Sequence[Cell],
    number: int,
    columns: Mapping[int, Column],
    faults: list[Fault],
    *,
    is_whole: bool,
) -> Placed[ProductIn] | None:
    """Read a row by the columns that there are; it is a product only if they are all there (`is_whole`)."""
    texts = {
        i: cell_text(row[i], keeps_width=column.keeps_width) if i < len(row) else ""
        for i, column in columns.items()
    }
    if not any(texts.values()):
        return None
    where = _where_of(number, columns)
    data: dict[str, Any] = {}
    before = len(faults)
    for i, column in columns.items():
        if not texts[i]:
            if column.is_required:
                faults.append(Fault(where(column.key), f"{column.heading}必填", column.note))
            continue
        try:
            _put(data, column.key.split("."), column.read(texts[i]))
        except BadCell as error:
            faults.append(Fault(where(column.key), error.message, error.remedy, texts[i][:80]))
    if len(faults) > before or not is_whole:
        return None
    try:
        return Placed(ProductIn.model_validate(data), where)
    except ValidationError as error:
        faults.extend(
            Fault(
                where(".".join(str(step) for step in item["loc"])), item["msg"], value=_shown(item["input"])
            )
            for item in error.errors()
        )
        return None


def _where_of(number: int, columns: Mapping[int, Column]) -> Callable[[str], str]:
    def where(key: str) -> str:
        """Answer the cell of a key, else of the longest column key that begins it or is begun by it."""
        fitting = [
            (-len(column.key), i)
            for i, column in columns.items()
            if f"{key}.".startswith(f"{column.key}.") or f"{column.key}.".startswith(f"{key}.")
        ]
        return (
            f"{SHEET}!{xl_col_to_name(min(fitting)[1])}{number}" if fitting and key else f"{SHEET}!{number}"
        )

    return where


def _put(data: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for step in path[:-1]:
        data = data.setdefault(step, {})
    data[path[-1]] = value


def _shown(value: Any) -> str:
    return "" if isinstance(value, dict | list) else str(value)[:80]


def write_workbook(products: Iterable[PlannedProduct]) -> bytes:
    """Write the sheet 产品 with drop-down lists, and the sheet 说明 on what each column holds.

    Text stays text: what begins with = is no formula, what looks like an address is no link.
    """
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with Workbook(target, options) as book:
        head = book.add_format({"bold": True, "bg_color": "#DDEBF7", "text_wrap": True, "valign": "top"})
        needed = book.add_format({"bold": True, "bg_color": "#FCE4D6", "text_wrap": True, "valign": "top"})
        text = book.add_format({"num_format": "@"})
        sheet = book.add_worksheet(SHEET)
        sheet.freeze_panes(1, 3)
        for i, column in enumerate(COLUMNS):
            is_number = column.key.startswith(("terms.amount", "terms.term", "terms.rate"))
            sheet.set_column(i, i, 16, None if is_number else text)
            sheet.write_string(0, i, column.heading, needed if column.is_required else head)
            if column.choices is not None:
                words = list(column.choices.values())
                sheet.data_validation(1, i, ROWS_WITH_LISTS, i, {"validate": "list", "source": words})
        for number, product in enumerate(products, start=1):
            _write_row(sheet, number, product)
        _write_notes(book.add_worksheet("说明"), head)
    return target.getvalue()


def _write_row(sheet: Any, number: int, product: PlannedProduct) -> None:
    record = ProductIn(
        code=product.code,
        institution=product.institution,
        name=product.content.name,
        terms=product.content.terms,
        valid_from=product.content.valid_from,
        valid_until=product.content.valid_until,
        is_demo=product.content.is_demo,
    ).model_dump(mode="json")
    for i, column in enumerate(COLUMNS):
        value: Any = record
        for step in column.key.split("."):
            value = value[step]
        if value is None:
            continue
        cell = column.write(value)
        if isinstance(cell, str):
            sheet.write_string(number, i, cell)
        else:
            sheet.write_number(number, i, cell)


def _write_notes(sheet: Any, head: Any) -> None:
    sheet.set_column(0, 1, 22)
    sheet.set_column(2, 2, 100)
    rows = [("列", "必填", "说明")]
    rows += [(column.heading, "是" if column.is_required else "", column.note) for column in COLUMNS]
    for number, row in enumerate(rows):
        for i, cell in enumerate(row):
            sheet.write_string(number, i, cell, head if number == 0 else None)
