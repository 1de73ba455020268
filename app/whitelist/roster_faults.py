"""What is wrong with a roster, by row and column; messages speak Chinese, as the workbook does."""

from dataclasses import dataclass

from app.kernel.errors import Fault

_LETTERS = 26
MOST_SHOWN = 80


def column_letters(index: int) -> str:
    """Answer the letters of a 0-based column: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, _LETTERS)
        letters = chr(ord("A") + rest) + letters
    return letters


@dataclass(frozen=True, slots=True)
class RosterFault:
    """One fault: 1-based row (0: the sheet as a whole), 0-based column (None: the whole row)."""

    row: int
    column: int | None
    message: str
    remedy: str = ""
    value: str = ""

    def where(self, sheet: str) -> str:
        """Answer the place as Excel names it: `名单!C17`, `名单!17` for a row, `名单` for the sheet."""
        if not self.row:
            return sheet
        letters = "" if self.column is None else column_letters(self.column)
        return f"{sheet}!{letters}{self.row}"

    def as_fault(self, sheet: str) -> Fault:
        """Answer it as every refusal lists its faults."""
        return Fault(self.where(sheet), self.message, self.remedy, self.value[:MOST_SHOWN])


class BadCell(ValueError):
    """A cell that cannot be read as its column asks; says why and how to mend it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy
