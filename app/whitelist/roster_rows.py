"""One row of a roster → what it states, or all of its faults at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from pydantic import ValidationError

from app.chains.rules import ChainInForce
from app.enterprises.need_facts import MOST_BANKS, MOST_STAFF, MOST_TERM_MONTHS, NeedFacts
from app.kernel.money import wan_text, yuan_text
from app.reference.book import ReferenceBook
from app.whitelist import roster_cells as cells
from app.whitelist.roster_columns import BY_FACT, RosterColumn, RosterHeader
from app.whitelist.roster_faults import BadCell, RosterFault
from app.whitelist.roster_places import PlaceReader

ASSUMED_UNIT_ERROR: Final = 10_000  # 万元 and 元
CONTACT_FACTS: Final = frozenset({"contact_name", "contact_phone"})
"""Faults name such a cell and do not repeat it: faults are stored, and read by more people than contacts are."""
NOT_OF_THE_NEED: Final = CONTACT_FACTS | {"uscc", "name", "business_scope"}
EARLIEST_DAY: Final = date(1800, 1, 1)
MOST_EXTRA: Final = 1_000
MOST_MEMORISED: Final = 20_000
REPEATING: Final = frozenset({"flag", "choice", "choices", "region", "industry", "months"})


@dataclass(frozen=True, slots=True)
class RosterContext:
    """What cells are checked against: codes, chains, the day, and amounts that are not questioned (fen)."""

    book: ReferenceBook
    jurisdiction: str
    today: date
    chains: tuple[ChainInForce, ...] = ()
    amounts: tuple[int, int] | None = None
    places: PlaceReader = field(init=False)
    memo: dict[tuple[str, str], Any] = field(default_factory=dict, init=False)
    """Values of cells read before: a roster repeats a few words many times."""

    def __post_init__(self) -> None:
        reader = PlaceReader(self.book, self.jurisdiction, self.chains)
        object.__setattr__(self, "places", reader)


@dataclass(frozen=True, slots=True)
class RosterRow:
    """What a faultless row states; `number` is its 1-based row in the sheet.

    `extra` holds the non-empty cells of unknown columns by heading; `notes` say what was changed in
    reading (an old region code).
    """

    number: int
    uscc: str
    name: str
    facts: NeedFacts
    contact_name: str | None
    contact_phone: str | None
    extra: Mapping[str, str]
    notes: tuple[str, ...] = ()
    business_scope: str | None = None


@dataclass(frozen=True, slots=True)
class RowReading:
    """What came of one row: all that it states, or None with every fault in it.

    `key` is what a roster may hold only once, the firm and its project; it and `name` are read from a
    faulty row too (None where their own cells cannot be read), so that repetitions are named at once.
    """

    row: RosterRow | None
    faults: list[RosterFault]
    key: tuple[str, str | None] | None
    name: str | None


Reader = Callable[[object, str, RosterColumn, RosterContext], Any]
_READERS: Final[Mapping[str, Reader]] = {
    "uscc": lambda cell, text, _column, _context: cells.read_uscc(cell, text),
    "text": lambda _cell, text, column, _context: cells.read_text(text, column.longest),
    "phone": lambda _cell, text, column, _context: cells.read_phone(text, column.longest),
    "region": lambda _cell, text, _column, context: context.places.region(text),
    "industry": lambda _cell, text, _column, context: context.places.industry(text),
    "chain": lambda _cell, text, _column, _context: text,  # settled when the row's region is known
    "integer": lambda _cell, text, _column, _context: cells.read_integer(text, MOST_STAFF),
    "months": lambda _cell, text, _column, _context: cells.read_months(text, MOST_TERM_MONTHS),
    "money": lambda _cell, text, _column, _context: yuan_text(cells.read_fen(text)),
    "asked_money": lambda _cell, text, _column, context: yuan_text(_asked(cells.read_fen(text), context)),
    "date": lambda cell, text, _column, context: _past(cells.read_date(cell, text), context),
    "flag": lambda _cell, text, _column, _context: cells.read_flag(text),
    "choice": lambda _cell, text, column, _context: cells.read_choice(text, column.values),
    "choices": lambda _cell, text, column, _context: _some(cells.read_choices(text, column.values), column),
    "names": lambda _cell, text, column, _context: _few(cells.read_names(text, column.longest)),
}


def _asked(fen: int, context: RosterContext) -> int:
    if fen <= 0:
        raise BadCell("融资金额须大于零", "填以万元为单位的数，如 500。")
    if context.amounts is None or context.amounts[0] <= fen <= context.amounts[1]:
        return fen
    least, most = (wan_text(bound) for bound in context.amounts)
    message = f"{wan_text(fen)}万元不在通常范围（{least}至{most}万元）内"
    if (
        fen % ASSUMED_UNIT_ERROR == 0
        and context.amounts[0] <= fen // ASSUMED_UNIT_ERROR <= context.amounts[1]
    ):
        raise BadCell(
            message,
            f"是否按元填写？若是，应为 {wan_text(fen // ASSUMED_UNIT_ERROR)}；若金额无误，导入时注明金额已核实。",
        )
    raise BadCell(message, "核对单位（万元）；若金额无误，导入时注明金额已核实。")


def _past(day: date, context: RosterContext) -> str:
    if not EARLIEST_DAY <= day <= context.today:
        raise BadCell("日期在将来或过早", f"应不晚于 {context.today.isoformat()}。")
    return day.isoformat()


def _some(codes: list[str], column: RosterColumn) -> list[str]:
    if column.is_required and not codes:
        raise BadCell("至少一项", f"可填：{'、'.join(column.values.values())}。")
    return codes


def _few(names: list[str]) -> list[str]:
    if len(names) > MOST_BANKS:
        raise BadCell(f"共{len(names)}家，最多{MOST_BANKS}家", "只留主要的。")
    return names


def is_blank(row: Sequence[object]) -> bool:
    """Tell whether nothing is written in a row but white space."""
    return not any(cell.strip() if isinstance(cell, str) else cell is not None for cell in row)


def read_row(row: Sequence[object], number: int, header: RosterHeader, context: RosterContext) -> RowReading:
    """Read one row by the columns that there are; under a faulty header it states nothing for certain."""
    values: dict[str, Any] = {}
    faults: list[RosterFault] = []
    for index, column in header.places:
        cell = row[index] if index < len(row) else None
        try:
            value = _read_cell(cell, column, context)
        except BadCell as error:
            shown = "" if column.fact in CONTACT_FACTS else _shown(cell)
            faults.append(RosterFault(number, index, error.message, error.remedy, shown))
            continue
        if value is not None:
            values[column.fact] = value
    if "chain" in values:
        _settle_chain(values, number, header, context, faults)
    extra = _extra(row, number, header, faults)
    key, name = _key(values, header, faults), values.get("name")
    if faults or header.faults:
        return RowReading(None, faults, key, name)
    stated, faults = _stated_row(values, number, extra, _notes(row, header, context))
    return RowReading(stated, faults, key, name)


def _key(
    values: Mapping[str, Any], header: RosterHeader, faults: Sequence[RosterFault]
) -> tuple[str, str | None] | None:
    is_unread = {fault.column for fault in faults} & {
        index for index, column in header.places if column.fact == "project_name"
    }
    return None if is_unread or "uscc" not in values else (values["uscc"], values.get("project_name"))


def _read_cell(cell: object, column: RosterColumn, context: RosterContext) -> Any:
    if column.kind not in REPEATING or not isinstance(cell, str):
        return _read_new_cell(cell, column, context)
    key = column.fact, cell
    if key not in context.memo:
        value = _read_new_cell(cell, column, context)
        if len(context.memo) >= MOST_MEMORISED:
            return value
        context.memo[key] = value
    return context.memo[key]


def _read_new_cell(cell: object, column: RosterColumn, context: RosterContext) -> Any:
    text = cells.stated_text(cell)
    if text is None:
        if column.is_required:
            raise BadCell(f"“{column.heading}”必填", f"如：{column.example}。")
        return None
    if text in cells.NONE_WORDS and column.kind in {"text", "chain", "phone", "choice"}:
        return None
    return _READERS[column.kind](cell, text, column, context)


def _settle_chain(
    values: dict[str, Any],
    number: int,
    header: RosterHeader,
    context: RosterContext,
    faults: list[RosterFault],
) -> None:
    """Turn a chain's name into its code; of chains of one name that of the row's own area is meant."""
    index = next(index for index, column in header.places if column.fact == "chain")
    text = values["chain"]
    try:
        values["chain"] = context.places.chain(text, values.get("region"))
    except BadCell as error:
        faults.append(RosterFault(number, index, error.message, error.remedy, text))


def _notes(row: Sequence[object], header: RosterHeader, context: RosterContext) -> tuple[str, ...]:
    places = (index for index, column in header.places if column.kind == "region")
    found = (context.places.succession(cells.cell_text(row[index])) for index in places)
    return tuple(note for note in found if note)


def _extra(
    row: Sequence[object], number: int, header: RosterHeader, faults: list[RosterFault]
) -> dict[str, str]:
    found = {}
    for index, heading in header.unknown:
        if index < len(row) and row[index] not in ("", None):
            try:
                found[heading] = cells.read_text(cells.cell_text(row[index]), MOST_EXTRA)
            except BadCell as error:
                faults.append(RosterFault(number, index, error.message, error.remedy, _shown(row[index])))
    return found


def _stated_row(
    values: dict[str, Any], number: int, extra: dict[str, str], notes: tuple[str, ...]
) -> tuple[RosterRow | None, list[RosterFault]]:
    own = {key: values.pop(key, None) for key in NOT_OF_THE_NEED}
    values["subject"] = "project" if values.get("project_name") else "enterprise"
    try:
        facts = NeedFacts.model_validate(values)
    except ValidationError as error:
        return None, [_surprise(item, number) for item in error.errors()]
    row = RosterRow(
        number,
        own["uscc"],
        own["name"],
        facts,
        own["contact_name"],
        own["contact_phone"],
        extra,
        notes,
        own["business_scope"],
    )
    return row, []


def _surprise(item: Any, number: int) -> RosterFault:
    """Report what the cell readers let through and the need's own schema does not."""
    fact = str(item["loc"][0]) if item["loc"] else ""
    heading = BY_FACT[fact].heading if fact in BY_FACT else fact
    return RosterFault(number, None, f"“{heading}”：{item['msg']}", "核对这一格。", _shown(item.get("input")))


def _shown(cell: object) -> str:
    """Answer a cell as it was read, so that 230199 does not come back as 230199.0."""
    try:
        return cells.cell_text(cell)
    except BadCell:
        return str(cell)
