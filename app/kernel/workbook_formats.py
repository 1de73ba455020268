"""The number formats of a workbook, without all else that its styles hold.

Formats tell dates from numbers. Styles of files that went through many hands run to megabytes of
fonts and colours, which nobody needs to read a cell.
"""

import zipfile
from collections.abc import Mapping
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

from app.kernel.workbook_archive import MOST_SMALL_PART_BYTES, damaged, part_named, refuse, unpacked

MOST_FORMATS: Final = 100_000  # Excel itself writes at most 65,490
_PART: Final = "xl/styles.xml"
_LISTS: Final = {"numFmts": "numFmt", "cellXfs": "xf"}
_KEPT: Final = ("numFmtId", "formatCode")


class _Formats:
    """Takes the tags of the styles as they come and keeps those of number formats."""

    def __init__(self) -> None:
        self.kept: list[str] = []
        self.list = ""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        local = tag.rpartition("}")[2]
        if local in _LISTS:
            self.list = local
            self.kept.append(f"<{local}>")
        elif self.list and local == _LISTS[self.list]:
            said = "".join(f" {key}={quoteattr(attributes[key])}" for key in _KEPT if key in attributes)
            self.kept.append(f"<{local}{said}/>")

    def end(self, tag: str) -> None:
        if self.list and tag.rpartition("}")[2] == self.list:
            self.kept.append(f"</{self.list}>")
            self.list = ""

    def close(self) -> bytes:
        return f"<styleSheet>{''.join(self.kept)}</styleSheet>".encode()


def number_formats(archive: zipfile.ZipFile, name: str) -> bytes:
    """Answer a styles part that holds the number format of each style, and nothing else.

    Raises:
        Refused: damaged, or more than `MOST_FORMATS`.
    """
    formats = _Formats()
    part = part_named(archive, _PART)
    if part is None:
        return formats.close()
    parser = ET.XMLParser(target=formats)  # noqa: S314 - a DTD is refused below, hence no entities
    seen = b""
    try:
        for chunk in unpacked(archive, part, name, MOST_SMALL_PART_BYTES):
            seen = seen[-len(b"<!DOCTYPE") :] + chunk
            if b"<!DOCTYPE" in seen:
                raise damaged(name, part)
            parser.feed(chunk)
            if len(formats.kept) > MOST_FORMATS:
                raise refuse(name, f"超过 {MOST_FORMATS} 种单元格格式", "把数据粘贴到新模板。")
        parser.close()
    except ET.ParseError as error:
        raise damaged(name, part) from error
    return formats.close()
