"""The first pass over a roster: every fault at once, and what the second pass needs to know. Writes nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from app.enterprises.statements import name_key
from app.kernel.workbooks import MOST_BLANK_ROWS
from app.whitelist.roster_faults import RosterFault
from app.whitelist.roster_rows import RosterContext, RosterRow, RowReading, is_blank, read_row
from app.whitelist.workbook_reading import RosterSheet

Progress = Callable[[int, int], None]
ROWS_PER_BATCH: Final = 1_000
MOST_FAULTS: Final = 50_000
MOST_NOTES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Firm:
    """A firm that the roster names, with the row that names it first."""

    name: str
    region_code: str
    row: int


class Memory(Protocol):
    """What the rows so far said; it may lie on disk, see roster_memory."""

    def first_row(self, uscc: str, project: str | None, row: int) -> int:
        """Answer the row that named this firm and project first: this one, if none did before."""
        ...

    def first_name(self, uscc: str, name: str, row: int) -> tuple[str, int]:
        """Answer what the firm was called first, and in which row: this name, if it had none before."""
        ...

    def keep(self, uscc: str, firm: Firm) -> None:
        """Keep a firm of a faultless row; what was kept of it first stays."""
        ...

    def put_down(self, rows: list[RosterRow]) -> None:
        """Put faultless rows behind the others."""
        ...


@dataclass(slots=True)
class RosterCheck:
    """What the first pass found. `faulty_rows` may not be taken; `faults` are those listed of `fault_count`."""

    sheet: str
    header_row: int = 1
    unknown_columns: tuple[str, ...] = ()
    rows: int = 0
    fault_count: int = 0
    faults: list[RosterFault] = field(default_factory=list)
    faulty_rows: set[int] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def add(self, fault: RosterFault) -> None:
        """Take a fault in; beyond `MOST_FAULTS` they are counted only."""
        self.fault_count += 1
        self.faulty_rows.add(fault.row)
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(fault)


def check_roster(
    roster: RosterSheet, context: RosterContext, memory: Memory, progress: Progress | None = None
) -> RosterCheck:
    """Read every row once and report all that is wrong, in the order of the sheet.

    Rows are read under a faulty header too, by the columns that were found. `memory`, empty before,
    holds the faultless rows and their firms afterwards.
    """
    check = RosterCheck(
        roster.name, roster.header.row, tuple(heading for _, heading in roster.header.unknown)
    )
    for fault in (*roster.header.faults, *roster.faults):
        check.add(fault)
    if roster.header.places:
        _check_rows(roster, context, check, memory, progress)
        if not check.rows:
            check.add(RosterFault(roster.header.row, None, "没有数据行", "在表头之下填写名单。"))
    check.faults.sort(key=lambda fault: (fault.row, -1 if fault.column is None else fault.column))
    return check


def _check_rows(
    roster: RosterSheet,
    context: RosterContext,
    check: RosterCheck,
    memory: Memory,
    progress: Progress | None,
) -> None:
    places = {column.fact: index for index, column in roster.header.places}
    blank: list[int] = []
    batch: list[RosterRow] = []
    named = {(fault.row, fault.column) for fault in roster.faults}
    for number, cells in _filled_rows(roster, blank, progress):
        check.rows += 1
        reading = read_row(cells, number, roster.header, context)
        faults = [*reading.faults, *_repetitions(reading, number, memory, places)]
        for fault in faults:
            if (fault.row, fault.column) not in named:
                check.add(fault)
        if reading.row is not None:
            _note(reading.row, check)
            if not faults:
                memory.keep(reading.row.uscc, Firm(reading.row.name, reading.row.facts.region, number))
                batch.append(reading.row)
        if len(batch) == ROWS_PER_BATCH:
            memory.put_down(batch)
            batch = []
    memory.put_down(batch)
    if len(blank) > MOST_BLANK_ROWS:
        message = f"有 {len(blank)} 个空白行"
        check.add(RosterFault(blank[0], None, message, "选中空白行，删除行后保存。"))


def _filled_rows(
    roster: RosterSheet, blank: list[int], progress: Progress | None
) -> Iterator[tuple[int, Sequence[object]]]:
    """Yield the rows with anything in them; note in `blank` where the others stand."""
    for number, cells in roster.rows():
        if progress is not None and number % ROWS_PER_BATCH == 0:
            progress(number, roster.height)
        if is_blank(cells):
            blank.append(number)
        else:
            yield number, cells
    if progress is not None:
        progress(roster.height, roster.height)


def _repetitions(
    reading: RowReading, number: int, memory: Memory, places: Mapping[str, int]
) -> list[RosterFault]:
    """Find what the file says twice: the same firm and project, or one code with two names."""
    faults: list[RosterFault] = []
    if reading.key is None:
        return faults
    uscc, project = reading.key
    first = memory.first_row(uscc, project, number)
    if first != number:
        message = f"第{first}行已有同一统一社会信用代码" + ("和项目" if project else "")
        remedy = "删去其中一行；若是另一个项目，填写“项目名称”。"
        faults.append(RosterFault(number, places["uscc"], message, remedy, uscc))
    if reading.name is not None:
        name, row = memory.first_name(uscc, reading.name, number)
        if name_key(name) != name_key(reading.name):
            message = f"同一统一社会信用代码在第{row}行的名称是“{name}”"
            faults.append(RosterFault(number, places["name"], message, "核对代码和名称。", reading.name))
    return faults


def _note(row: RosterRow, check: RosterCheck) -> None:
    for note in row.notes:
        if len(check.notes) < MOST_NOTES:
            check.notes.append(f"{check.sheet}!{row.number} {note}")
