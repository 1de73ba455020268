"""Goes through a sheet's rows before they are read: how far they reach, and cells that may not be there.

One cell in the last corner makes a reader lay out 17 billion cells, so every cell's address is
found first. A piece whose cells do not all show one in plain sight is refused.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final

from app.kernel.errors import Refused
from app.kernel.workbook_archive import refuse
from app.kernel.workbook_items import PREFIX, start_tag

MOST_ROWS: Final = 200_001
MOST_COLUMNS: Final = 256
MOST_CELLS: Final = 6_000_000
MOST_LISTED: Final = 1_000

_VALUE = rb"\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*')"
_ATTRIBUTE = rb"\s+(?!r\s*=)[^\s=<>\"'/]+" + _VALUE
# Attributes, address, attributes; whether the cell is empty, else whether a formula comes first.
_CELL = re.compile(
    rb"<" + PREFIX + rb"c((?:" + _ATTRIBUTE + rb")*+)\s+r\s*=\s*[\"']([A-Z]{1,3})([1-9]\d{0,6})[\"']"
    rb"((?:" + _ATTRIBUTE + rb")*+)\s*+"
    rb"(?:(/>|>\s*(?:<" + PREFIX + rb"v\s*(?:/>|></" + PREFIX + rb"v\s*>)\s*)?</" + PREFIX + rb"c\s*>)"
    rb"|>\s*(?:<" + PREFIX + rb"(f)[\s/>])?)"
)
_NAMED = re.compile(rb"\s([^\s=<>\"'/]+)\s*=\s*(?:\"([^\"<>]*)\"|'([^'<>]*)')")
# The same for cells as the usual programs write them: three times as fast.
_PLAIN_CELL = re.compile(
    rb"()<c r=\"([A-Z]{1,3}+)([1-9]\d{0,6}+)\"((?: (?!r=)[a-z]+=\"[^\"<>]*+\")*+)"
    rb"(?:(/>|></c>|><v/></c>|><v></v></c>)|>(?:<(f)[ />])?+)"
)
# A cell that points to a shared string, from its type on: what stands before the number, and the number.
_SHARED = re.compile(
    rb"(t\s*+=\s*+[\"']s[\"'][^<>]*+>\s*+"
    rb"(?:<" + PREFIX + rb"f[\s/>][^<]*+(?:</" + PREFIX + rb"f\s*+>)?\s*+)?+"
    rb"<" + PREFIX + rb"v(?:\s[^<>]*+)?+>)(\d{1,9})(?=</)"
)
_MERGED = re.compile(
    rb"<"
    + PREFIX
    + rb"mergeCell\s[^<>]*?\bref\s*=\s*[\"']([A-Z]{1,3})(\d{1,7})(?::([A-Z]{1,3})(\d{1,7}))?[\"']"
)
Cell = tuple[bytes, bytes, bytes, bytes, bytes, bytes]


@dataclass(slots=True)
class SheetScan:
    """What a sheet's part holds: its extent, and cells that a roster may not have (1-based row, 0-based column).

    The extent is that of cells with any content; `rows` counts the rows that are written, blank ones
    too; `merged` holds (top, left, bottom, right).
    """

    last_row: int = 0
    first_column: int = 0
    last_column: int = -1
    rows: int = 0
    filled: int = 0
    formulas: list[tuple[int, int]] = field(default_factory=list)
    errors: list[tuple[int, int]] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)

    def take_rows(self, piece: bytes, strings: int, where: str) -> None:
        """Take in a piece of whole rows; `strings` is how many shared strings there are.

        Raises:
            Refused: beyond the bounds, or written so that it cannot be checked or read in pieces.
        """
        count = len(start_tag(b"c").findall(piece))
        cells: list[Cell] = _PLAIN_CELL.findall(piece)
        if len(cells) != count:
            cells = _CELL.findall(piece)
        if len(cells) != count:
            raise _unchecked(where, "单元格没有地址，无法核对")
        self.rows += len(start_tag(b"row").findall(piece))
        filled = [cell for cell in cells if not cell[4]]
        if filled:
            self._reach(set(map(itemgetter(1), filled)), set(map(itemgetter(2), filled)), where)
            self.filled += len(filled)
            self._note(filled, piece, strings, where)

    def _reach(self, letters: set[bytes], numbers: set[bytes], where: str) -> None:
        columns, rows = {_index(one) for one in letters}, {int(one) for one in numbers}
        if min(rows) <= self.last_row:
            raise _unchecked(where, f"第 {min(rows)} 行排在第 {self.last_row} 行之后，顺序不对")
        self.first_column = min(columns) if not self.filled else min(self.first_column, *columns)
        self.last_row, self.last_column = max(rows), max(self.last_column, *columns)
        width = self.last_column + 1
        if self.last_row > MOST_ROWS or width > MOST_COLUMNS or self.last_row * width > MOST_CELLS:
            message = f"内容延伸到第 {self.last_row} 行、第 {width} 列（最多 {MOST_ROWS - 1} 行数据、{MOST_COLUMNS} 列）"
            raise refuse(where, message, "删去远处的零散内容，或拆成几个文件。")

    def _note(self, filled: list[Cell], piece: bytes, strings: int, where: str) -> None:
        _list(self.formulas, (cell for cell in filled if cell[5]))
        types = Counter(map(itemgetter(0, 3), filled))
        kinds = {attributes: _type(b"".join(attributes), where) for attributes in types}
        if b"e" in kinds.values():
            _list(self.errors, (cell for cell in filled if kinds[cell[0], cell[3]] == b"e"))
        pointing = sum(count for attributes, count in types.items() if kinds[attributes] == b"s")
        _, _, numbers = split_at_strings(piece)
        if len(numbers) != pointing:
            raise _unchecked(where, "引用文字的单元格写法无法核对")
        if numbers and max(map(int, set(numbers))) >= strings:
            raise _unchecked(where, "单元格引用了不存在的文字")

    def take_behind(self, piece: bytes) -> None:
        """Take in what stands behind the rows."""
        for left, top, right, bottom in _MERGED.findall(piece):
            if len(self.merged) < MOST_LISTED:
                first = int(top), _index(left)
                self.merged.append((*first, *((int(bottom), _index(right)) if right else first)))


def split_at_strings(piece: bytes) -> tuple[list[bytes], slice, list[bytes]]:
    """Split rows at the numbers of shared strings: the parts in order, which of them are numbers, the numbers."""
    has_any = b'"s"' in piece or b"'s'" in piece  # much faster to see than the pattern
    parts = _SHARED.split(piece) if has_any else [piece]
    numbers = slice(2, None, 3)
    return parts, numbers, parts[numbers]


def _unchecked(where: str, message: str) -> Refused:
    return refuse(where, message, "用 Excel 或 WPS 打开后另存。")


def _type(attributes: bytes, where: str) -> bytes:
    named: list[tuple[bytes, bytes, bytes]] = _NAMED.findall(attributes)
    values = {name: double or single for name, double, single in named}
    if len(values) < len(named):
        raise _unchecked(where, "单元格的属性重复")
    return values.get(b"t", b"")


def _list(found: list[tuple[int, int]], cells: Iterable[Cell]) -> None:
    for _, letters, row, *_ in cells:
        if len(found) == MOST_LISTED:
            return
        found.append((int(row), _index(letters)))


def _index(letters: bytes) -> int:
    return column_index(letters.decode())


def column_index(letters: str) -> int:
    """Answer the 0-based column of letters: A is 0, AA is 26."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1
