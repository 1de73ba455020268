"""Reads a piece of a sheet's rows as a small workbook of its own, so that no sheet is held whole.

What a cell's text, number or date is stays calamine's business: each piece is handed to it with the
number formats and the shared strings that it uses.
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from python_calamine import CalamineError, load_workbook

from app.kernel.workbook_archive import refuse
from app.kernel.workbook_scan import split_at_strings
from app.kernel.workbook_strings import SharedStrings

Cells = Sequence[object]
_SHEET: Final = "rows"
# calamine looks for merged cells to the end of the part: none here ends its search before the rows.
_BEFORE: Final = b"<worksheet><mergeCells/><sheetData>"
_BEHIND: Final = b"</sheetData></worksheet>"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@dataclass(frozen=True, slots=True)
class PieceReader:
    """Reads pieces of one sheet, whole rows each, as their element's content stands in its part."""

    strings: SharedStrings
    formats: bytes
    is_1904: bool
    where: str

    def read(self, piece: bytes) -> tuple[int, int, Sequence[Cells]]:
        """Answer the first row and column with content (0-based), and the rows from there on, equally long.

        Raises:
            Refused: a cell holds what its type does not allow.
        """
        rows, strings = self._with_own_strings(piece)
        try:
            sheet = load_workbook(io.BytesIO(self._workbook(rows, strings))).get_sheet_by_name(_SHEET)
            if sheet.start is None:
                return 0, 0, []
            return *sheet.start, sheet.to_python()
        except (CalamineError, OSError, ValueError) as error:
            raise refuse(self.where, "无法读取", "用 Excel 或 WPS 打开后另存。") from error

    def _with_own_strings(self, piece: bytes) -> tuple[bytes, list[bytes]]:
        """Number the strings of a piece from 0 on."""
        parts, at, numbers = split_at_strings(piece)
        if not numbers:
            return piece, []
        written = {number: int(number) for number in set(numbers)}
        own = sorted(set(written.values()))
        places = {number: b"%d" % place for place, number in enumerate(own)}
        new = {number: places[value] for number, value in written.items()}
        parts[at] = map(new.__getitem__, numbers)
        return b"".join(parts), self.strings.pick(own)

    def _workbook(self, rows: bytes, strings: list[bytes]) -> bytes:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as made:
            made.writestr("_rels/.rels", _relations("officeDocument", "xl/workbook.xml"))
            made.writestr("xl/_rels/workbook.xml.rels", _relations("worksheet", "sheet.xml"))
            made.writestr(
                "xl/workbook.xml",
                f'<workbook xmlns:r="{_RELATIONS}"><workbookPr date1904="{int(self.is_1904)}"/>'
                f'<sheets><sheet name="{_SHEET}" sheetId="1" r:id="rId1"/></sheets></workbook>',
            )
            made.writestr("xl/styles.xml", self.formats)
            made.writestr("xl/sheet.xml", _BEFORE + rows + _BEHIND)
            if strings:
                table = b"</si><si>".join(strings)
                made.writestr("xl/sharedStrings.xml", b"<sst><si>" + table + b"</si></sst>")
        return target.getvalue()


def _relations(kind: str, target: str) -> str:
    return f'<Relationships><Relationship Id="rId1" Type="{_RELATIONS}/{kind}" Target="{target}"/></Relationships>'
