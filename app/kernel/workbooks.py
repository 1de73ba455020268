"""Looks into a submitted .xlsx before it is read: that it is one, that it unpacks to a sane size, what its sheet holds.

A few kilobytes can unpack to gigabytes, and one cell in the last corner makes a reader lay out 17
billion cells. So the parts that will be read are first streamed through here, at constant memory.
Cells are found by pattern, not by parsing: a workbook that hides them from the pattern (no cell
addresses, another encoding) is refused.
"""

import copy
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Final
from xml.etree import ElementTree as ET

from python_calamine import CalamineSheet

from app.kernel.errors import Fault, Refused

MIB: Final = 1024 * 1024
MOST_SHEET_BYTES: Final = 512 * MIB
MOST_STRINGS_BYTES: Final = 256 * MIB
MOST_SMALL_PART_BYTES: Final = 16 * MIB
MOST_STRINGS: Final = 5_000_000
MOST_ROWS: Final = 200_001
MOST_COLUMNS: Final = 256
MOST_CELLS: Final = 6_000_000
MOST_TEXT_BYTES: Final = 2 * 1024 * MIB
MOST_PARTS: Final = 5_000
MOST_LISTED: Final = 1_000
MOST_BLANK_ROWS: Final = 1_000
_CHUNK: Final = MIB
_MOST_ROW_BYTES: Final = 16 * MIB

_FILLED = re.compile(
    rb"<(?:\w+:)?c\s[^>]*?\br=[\"']([A-Z]{1,3})(\d{1,7})[\"'][^>]*(?<!/)>\s*<(?:\w+:)?(v|is|f)[\s>/]"
)
_ERROR = re.compile(rb"<(?:\w+:)?c\s(?=[^>]*\bt=[\"']e[\"'])[^>]*?\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_WITHOUT_ADDRESS = re.compile(rb"<(?:\w+:)?c(?![^>]*\sr=)[\s>/]")
_ROW = re.compile(rb"<(?:\w+:)?row[\s>/]")
_STRING = re.compile(rb"<(?:\w+:)?si[\s>/]")


@dataclass(slots=True)
class SheetScan:
    """What a sheet's part holds: its extent, and cells that a roster may not have (1-based row, 0-based column)."""

    last_row: int = 0
    last_column: int = -1
    rows: int = 0
    filled: int = 0
    formulas: list[tuple[int, int]] = field(default_factory=list)
    errors: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SheetFault:
    """What a sheet may not have whatever it says: 1-based row, 0-based column (None: the whole row)."""

    row: int
    column: int | None
    message: str
    remedy: str


def refuse(where: str, message: str, remedy: str) -> Refused:
    """Make the refusal of a workbook as a whole."""
    return Refused("The workbook cannot be read.", [Fault(where, message, remedy)])


def _not_a_workbook(name: str) -> Refused:
    return refuse(
        name, "不是 .xlsx 工作簿", "用 Excel 或 WPS 打开后另存为“Excel 工作簿（.xlsx）”，不加密码。"
    )


def sheet_names(file: IO[bytes], name: str) -> list[str]:
    """Answer the names of the sheets in their order.

    Raises:
        Refused: not an .xlsx workbook, or damaged.
    """
    with _open(file, name) as archive:
        return list(_sheet_parts(archive, name))


def scan_sheet(file: IO[bytes], name: str, sheet: str) -> SheetScan:
    """Stream the parts of a workbook that will be read, and answer what the sheet holds.

    Raises:
        Refused: damaged, or beyond the bounds at the head of this file.
    """
    with _open(file, name) as archive:
        part = _sheet_parts(archive, name)[sheet]
        parts = set(archive.namelist())
        for small in parts & {"xl/styles.xml", "xl/workbook.xml"}:
            for _ in _unpacked(archive, small, name, MOST_SMALL_PART_BYTES):
                pass
        longest = _longest_string(archive, name) if "xl/sharedStrings.xml" in parts else 0
        scan = _scan(_unpacked(archive, part, name, MOST_SHEET_BYTES), name, sheet)
    if scan.filled * longest > MOST_TEXT_BYTES:
        message = f"有一格长达约 {longest // 3} 字，而表中有 {scan.filled} 格"
        raise refuse(f"{name} {sheet}", message, "缩短过长的格。")
    return scan


def _open(file: IO[bytes], name: str) -> zipfile.ZipFile:
    file.seek(0)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _not_a_workbook(name) from error
    if len(archive.namelist()) > MOST_PARTS or "xl/workbook.xml" not in archive.namelist():
        raise _not_a_workbook(name)
    return archive


def _unpacked(archive: zipfile.ZipFile, part: str, name: str, most: int) -> Iterator[bytes]:
    """Yield a part's real content in chunks, whatever size its header claims."""
    info = copy.copy(archive.getinfo(part))
    info.file_size = most + 2 * _CHUNK  # so that the bound is passed before the archive's own end of the part
    seen = 0
    try:
        with archive.open(info) as stream:
            while chunk := stream.read(_CHUNK):
                seen += len(chunk)
                if seen > most:
                    message = f"{part} 解压后超过 {most // MIB} MiB"
                    raise refuse(name, message, "删去空白行和多余内容，把数据粘贴到新模板。")
                if seen == len(chunk) and chunk[:2] in {b"\xff\xfe", b"\xfe\xff"}:
                    raise _not_a_workbook(name)
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise refuse(name, f"文件已损坏（{part}）", "重新保存后再试。") from error


def _tree(archive: zipfile.ZipFile, part: str, name: str) -> ET.Element:
    content = b"".join(_unpacked(archive, part, name, MOST_SMALL_PART_BYTES))
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise _not_a_workbook(name)
    try:
        return ET.fromstring(content)  # noqa: S314 - no DTD, hence no entities, and bounded above
    except ET.ParseError as error:
        raise refuse(name, f"文件已损坏（{part}）", "重新保存后再试。") from error


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _sheet_parts(archive: zipfile.ZipFile, name: str) -> dict[str, str]:
    """Answer sheet name → part, in the order of the workbook."""
    rels = "xl/_rels/workbook.xml.rels"
    if rels not in archive.namelist():
        raise _not_a_workbook(name)
    targets = {item.get("Id"): item.get("Target", "") for item in _tree(archive, rels, name)}
    found = {}
    for item in _tree(archive, "xl/workbook.xml", name).iter():
        if _local(item.tag) == "sheet":
            keys = (
                value for key, value in item.attrib.items() if key.startswith("{") and _local(key) == "id"
            )
            target = targets.get(next(keys, None)) or ""
            part = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
            if part in archive.namelist():
                found[item.get("name", "")] = part
    if not found:
        raise _not_a_workbook(name)
    return found


def _longest_string(archive: zipfile.ZipFile, name: str) -> int:
    """Answer the bytes of the longest shared string with its mark-up; each counts once however often it is used."""
    count, longest, carry = 0, 0, b""
    for chunk in _unpacked(archive, "xl/sharedStrings.xml", name, MOST_STRINGS_BYTES):
        pieces = _STRING.split(carry + chunk)
        count += len(pieces) - 1
        longest = max(longest, *map(len, pieces))
        carry = pieces[-1][-_MOST_ROW_BYTES:]
        if count > MOST_STRINGS:
            raise refuse(name, f"超过 {MOST_STRINGS} 个不同的文字", "拆成几个文件。")
    return longest


def _scan(chunks: Iterator[bytes], name: str, sheet: str) -> SheetScan:
    scan, carry = SheetScan(), b""
    for chunk in chunks:
        data = carry + chunk
        cut = _last_row_start(data)
        carry = data[cut:]
        if len(carry) > _MOST_ROW_BYTES:
            raise refuse(f"{name} {sheet}", "有一行长得不可能", "把数据粘贴到新模板。")
        _take(data[:cut], scan, name, sheet)
    _take(carry, scan, name, sheet)
    return scan


def _last_row_start(data: bytes) -> int:
    """Answer where the last row begins, so that no cell is cut in two."""
    at = max(data.rfind(b"<row"), data.rfind(b":row"))
    return max(data.rfind(b"<", 0, at + 1), 0) if at >= 0 else max(data.rfind(b"<"), 0)


def _take(piece: bytes, scan: SheetScan, name: str, sheet: str) -> None:
    if _WITHOUT_ADDRESS.search(piece):
        raise refuse(f"{name} {sheet}", "单元格没有地址，无法核对", "用 Excel 或 WPS 打开后另存。")
    scan.rows += len(_ROW.findall(piece))
    cells = _FILLED.findall(piece)
    if cells:
        scan.filled += len(cells)
        scan.last_row = max(scan.last_row, *(int(row) for _, row, _ in cells))
        columns = {letters for letters, _, _ in cells}
        scan.last_column = max(scan.last_column, *map(_index, columns))
        _check_extent(scan, name, sheet)
    if b"f" in {kind for _, _, kind in cells}:
        _list(scan.formulas, ((row, letters) for letters, row, kind in cells if kind == b"f"))
    if b't="e"' in piece or b"t='e'" in piece:
        _list(scan.errors, ((row, letters) for letters, row in _ERROR.findall(piece)))


def _list(found: list[tuple[int, int]], cells: Iterator[tuple[bytes, bytes]]) -> None:
    for row, letters in cells:
        if len(found) < MOST_LISTED:
            found.append((int(row), _index(letters)))


def _index(letters: bytes) -> int:
    return column_index(letters.decode())


def column_index(letters: str) -> int:
    """Answer the 0-based column of letters: A is 0, AA is 26."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def _check_extent(scan: SheetScan, name: str, sheet: str) -> None:
    rows, columns = scan.last_row, scan.last_column + 1
    if rows > MOST_ROWS or columns > MOST_COLUMNS or rows * columns > MOST_CELLS:
        message = f"内容延伸到第 {rows} 行、第 {columns} 列（最多 {MOST_ROWS - 1} 行数据、{MOST_COLUMNS} 列）"
        raise refuse(f"{name} {sheet}", message, "删去远处的零散内容，或拆成几个文件。")


def sheet_faults(sheet: CalamineSheet, scan: SheetScan, header_row: int) -> Iterator[SheetFault]:
    """Yield what is wrong with a sheet before any cell is read: merged cells, formulas, error values, blank rows.

    What stands above the header (1-based `header_row`) is a title and may be merged.
    """
    for (top, left), (bottom, right) in (sheet.merged_cell_ranges or [])[:MOST_LISTED]:
        first = max(top + 1, header_row)
        size = f"{bottom - top + 1}行{right - left + 1}列"
        for row in range(first, min(bottom + 1, first + MOST_LISTED) + 1):
            yield SheetFault(row, left, f"是合并单元格（{size}）", "取消合并，每格分别填写。")
    for row, column in scan.formulas:
        if row >= header_row:
            yield SheetFault(row, column, "是公式", "复制后以“数值”粘贴。")
    for row, column in scan.errors:
        if row >= header_row:
            yield SheetFault(row, column, "是表格软件的错误值（如 #N/A）", "填入实际值。")
    height = sheet.end[0] + 1 if sheet.end else 0
    if scan.rows - height > MOST_BLANK_ROWS:
        message = f"数据之后还有 {scan.rows - height} 个空白行（只有格式）"
        yield SheetFault(height + 1, None, message, f"选中第 {height + 1} 行以下，删除行后保存。")
