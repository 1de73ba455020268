"""The shared strings of a workbook, kept on disk: half a million of them take no more memory than a few.

Programs that save texts once and let cells point to them (Excel, WPS) put all texts of a sheet there.
"""

import re
import tempfile
import weakref
import zipfile
from array import array
from collections.abc import Iterable
from typing import Final

from app.kernel.workbook_archive import MIB, part_named, refuse, unpacked
from app.kernel.workbook_items import PREFIX, PartItems, start_tag

MOST_STRINGS_BYTES: Final = 256 * MIB
MOST_STRINGS: Final = 5_000_000
_PART: Final = "xl/sharedStrings.xml"
_IN_MEMORY: Final = MIB
_BLOCK: Final = 32  # strings for each place held in memory
_BETWEEN: Final = b"\0"  # no XML text holds it
_STRING = re.compile(
    rb"<(" + PREFIX + rb")si(?:[ \t\r\n][^<>]*?)?"
    rb"(?:/>|>([^<]*(?:<(?!/?" + PREFIX + rb"si[ \t\r\n/>])[^<]*)*+)</\1si[ \t\r\n]*>)"
)
_SAVE_AGAIN: Final = "用 Excel 或 WPS 打开后另存。"


class SharedStrings:
    """The content of each shared string's element, by number."""

    def __init__(self) -> None:
        self.count = 0
        self.longest = 0  # bytes with mark-up
        self._starts = array("Q", [0])
        self._open: list[bytes] = []
        # It lives as long as this object, which a `with` cannot say.
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def pick(self, numbers: Iterable[int]) -> list[bytes]:
        """Answer the strings of these numbers, which ascend and exist."""
        found: list[bytes] = []
        read, strings = -1, [b""]
        for number in numbers:
            block = number // _BLOCK
            if block != read:
                start, end = self._starts[block], self._starts[block + 1]
                self._file.seek(start)
                read, strings = block, self._file.read(end - start).split(_BETWEEN)
            found.append(strings[number % _BLOCK])
        return found

    def _add(self, strings: list[bytes]) -> None:
        self.count += len(strings)
        self.longest = max(self.longest, *map(len, strings))
        self._open += strings
        whole = len(self._open) - len(self._open) % _BLOCK
        for at in range(0, whole, _BLOCK):
            self._write(self._open[at : at + _BLOCK])
        del self._open[:whole]

    def _write(self, block: list[bytes]) -> None:
        if block:
            self._starts.append(self._starts[-1] + self._file.write(_BETWEEN.join(block)))

    @classmethod
    def of(cls, archive: zipfile.ZipFile, name: str) -> "SharedStrings":
        """Read the shared strings of a workbook; it may have none.

        Raises:
            Refused: damaged, or beyond the bounds at the head of this file.
        """
        found = cls()
        if part := part_named(archive, _PART):
            for piece in PartItems(unpacked(archive, part, name, MOST_STRINGS_BYTES), "sst", "si", name):
                strings = [inner for _, inner in _STRING.findall(piece)]
                if len(strings) != len(start_tag(b"si").findall(piece)) or _BETWEEN in piece:
                    raise refuse(name, f"{part} 的写法无法核对", _SAVE_AGAIN)
                if strings:
                    found._add(strings)
                if found.count > MOST_STRINGS:
                    raise refuse(name, f"超过 {MOST_STRINGS} 个不同的文字", "拆成几个文件。")
            found._write(found._open)
            found._open = []
        return found
