"""Opens a submitted .xlsx as the archive that it is: its parts, unpacked in chunks whatever they claim, and its sheets.

A few kilobytes can unpack to gigabytes, so each part has a bound that is counted while it unpacks.
"""

import copy
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Final
from xml.etree import ElementTree as ET

from app.kernel.errors import Fault, Refused

MIB: Final = 1024 * 1024
MOST_SMALL_PART_BYTES: Final = 16 * MIB
MOST_PARTS: Final = 5_000
# Memory goes with this: each piece of a sheet is about one chunk long, and its cells take some ten times that.
_CHUNK: Final = MIB // 4
_WORKBOOK: Final = "xl/workbook.xml"


def refuse(where: str, message: str, remedy: str) -> Refused:
    """Make the refusal of a workbook as a whole."""
    return Refused("The workbook cannot be read.", [Fault(where, message, remedy)])


def damaged(where: str, part: str) -> Refused:
    """Make the refusal of a part that ends early or is no XML."""
    return refuse(where, f"文件已损坏（{part}）", "重新保存后再试。")


def not_a_workbook(name: str) -> Refused:
    """Make the refusal of a file that is no .xlsx workbook."""
    return refuse(
        name, "不是 .xlsx 工作簿", "用 Excel 或 WPS 打开后另存为“Excel 工作簿（.xlsx）”，不加密码。"
    )


def open_archive(file: IO[bytes], name: str) -> zipfile.ZipFile:
    """Open a workbook's archive; the file stays open when the archive is closed.

    Raises:
        Refused: not an .xlsx workbook.
    """
    file.seek(0)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise not_a_workbook(name) from error
    if len(archive.namelist()) > MOST_PARTS or _WORKBOOK not in archive.namelist():
        raise not_a_workbook(name)
    return archive


def unpacked(archive: zipfile.ZipFile, part: str, name: str, most: int) -> Iterator[bytes]:
    """Yield a part's real content in chunks, whatever size its header claims.

    Raises:
        Refused: damaged, in UTF-16, or longer than `most` bytes.
    """
    info = copy.copy(archive.getinfo(part))
    info.file_size = most + 2 * MIB  # so that the bound is passed before the archive's own end of the part
    seen = 0
    try:
        with archive.open(info) as stream:
            while chunk := stream.read(_CHUNK):
                seen += len(chunk)
                if seen > most:
                    message = f"{part} 解压后超过 {most // MIB} MiB"
                    raise refuse(name, message, "删去空白行和多余内容，把数据粘贴到新模板。")
                if seen == len(chunk) and chunk[:2] in {b"\xff\xfe", b"\xfe\xff"}:
                    raise not_a_workbook(name)
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise damaged(name, part) from error


def part_named(archive: zipfile.ZipFile, wanted: str) -> str | None:
    """Answer a part as the archive spells it; some programs write `xl/SharedStrings.xml`."""
    return next((part for part in archive.namelist() if part.lower() == wanted.lower()), None)


def sheet_parts(archive: zipfile.ZipFile, name: str) -> dict[str, str]:
    """Answer sheet name → part, in the order of the workbook.

    Raises:
        Refused: no sheets, or damaged.
    """
    rels = "xl/_rels/workbook.xml.rels"
    if rels not in archive.namelist():
        raise not_a_workbook(name)
    targets = {item.get("Id"): item.get("Target", "") for item in _tree(archive, rels, name)}
    found = {}
    for item in _tree(archive, _WORKBOOK, name).iter():
        if _local(item.tag) == "sheet":
            keys = (
                value for key, value in item.attrib.items() if key.startswith("{") and _local(key) == "id"
            )
            target = targets.get(next(keys, None)) or ""
            part = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
            if part in archive.namelist():
                found[item.get("name", "")] = part
    if not found:
        raise not_a_workbook(name)
    return found


def counts_from_1904(archive: zipfile.ZipFile, name: str) -> bool:
    """Tell whether the workbook's dates count from 1904, as those of old Macs do."""
    settings = (item for item in _tree(archive, _WORKBOOK, name).iter() if _local(item.tag) == "workbookPr")
    return any(item.get("date1904") in {"1", "true"} for item in settings)


def _tree(archive: zipfile.ZipFile, part: str, name: str) -> ET.Element:
    content = b"".join(unpacked(archive, part, name, MOST_SMALL_PART_BYTES))
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise not_a_workbook(name)
    try:
        return ET.fromstring(content)  # noqa: S314 - no DTD, hence no entities, and bounded above
    except ET.ParseError as error:
        raise damaged(name, part) from error


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
