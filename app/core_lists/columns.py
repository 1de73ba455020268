"""The columns of a core firm's list, and its cells → rows; every fault of a workbook at once. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.core_lists.rules import MOST_ROWS, STATED_RELATIONS, Relation
from app.kernel.errors import Fault
from app.whitelist.names import normalise_company_name
from app.whitelist.roster_cells import cell_text, read_choice, read_fen, read_text, read_uscc, stated_text
from app.whitelist.roster_columns import heading_key
from app.whitelist.roster_faults import MOST_SHOWN, BadCell, column_letters
from app.whitelist.roster_rows import is_blank

SHEET: Final = "上下游名单"
LONGEST_NAME: Final = 200
LONGEST_YEAR: Final = 4
EARLIEST_YEAR: Final = 1949
_RECOGNISED_BY: Final = 2


@dataclass(frozen=True, slots=True)
class ListColumn:
    """One column: heading, key, and what its user is told."""

    heading: str
    key: str
    note: str
    example: str
    is_required: bool = False


COLUMNS: Final = (
    ListColumn("统一社会信用代码", "uscc", "选填；18位，以文本格式填写。填了就按代码确认企业，不必再猜名称。", "91230199MA1BQXYE20"),
    ListColumn("企业名称", "name", "营业执照上的全称。", "哈尔滨示例配件有限公司", is_required=True),
    ListColumn("关系", "relation", "供应商或经销商；两者都是的填两行。", "供应商", is_required=True),
    ListColumn("年交易额（万元）", "yearly", "选填；上一年度与本企业的交易额，单位万元。用于估算预授信额度。", "860"),
    ListColumn("合作起始年", "since", "选填；四位年份。", "2018"),
)  # fmt: skip
_BY_KEY: Final = {heading_key(column.heading): column for column in COLUMNS}


@dataclass(frozen=True, slots=True)
class ListRow:
    """What a faultless row states; `number` is its 1-based row in the sheet."""

    number: int
    name: str
    relation: Relation
    uscc: str | None = None
    yearly_fen: int | None = None
    since_year: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Answer what a list may hold only once: the firm, by code if stated, else by name; and its relation."""
        firm = self.uscc or normalise_company_name(self.name).exact_key
        return firm, self.relation.value


@dataclass(frozen=True, slots=True)
class ReadList:
    """What a workbook says: its faultless rows, every fault by cell, and headings that are not ours."""

    rows: tuple[ListRow, ...]
    faults: tuple[Fault, ...]
    unknown_columns: tuple[str, ...] = ()


def is_header(row: Sequence[object]) -> bool:
    """Tell whether a row of a sheet is the heading."""
    return sum(heading_key(_shown(cell)) in _BY_KEY for cell in row) >= _RECOGNISED_BY


def read_list(
    header: Sequence[object],
    rows: Iterable[tuple[int, Sequence[object]]],
    *,
    header_row: int,
    core_uscc: str,
    this_year: int,
    most: int = MOST_ROWS,
    sheet: str = SHEET,
) -> ReadList:
    """Read the rows below a heading; blank ones are passed over."""
    faults: list[Fault] = []
    places, unknown = _places(header, header_row, sheet, faults)
    if faults:
        return ReadList((), tuple(faults), unknown)
    found: list[ListRow] = []
    first: dict[tuple[str, str], int] = {}
    count = 0
    for number, cells in rows:
        if is_blank(cells):
            continue
        count += 1
        if count > most:
            fault = Fault(
                f"{sheet}!{number}",
                f"超过{most}户",
                "一份名单最多这么多户；分成几家核心企业或只列主要的。",
            )
            return ReadList(tuple(found), (*faults, fault), unknown)
        row, wrong = _read_row(cells, number, places, sheet, this_year)
        faults += wrong
        if row is not None:
            faults += _about_others(row, first, core_uscc, places, sheet)
            found.append(row)
    if not count:
        faults.append(Fault(f"{sheet}!{header_row + 1}", "没有一户企业", "从第二行起每行填一户。"))
    return ReadList(tuple(found), tuple(faults), unknown)


def _places(
    header: Sequence[object], header_row: int, sheet: str, faults: list[Fault]
) -> tuple[dict[str, int], tuple[str, ...]]:
    places: dict[str, int] = {}
    unknown: list[str] = []
    for index, cell in enumerate(header):
        text = _shown(cell)
        column = _BY_KEY.get(heading_key(text))
        where = f"{sheet}!{column_letters(index)}{header_row}"
        if column is None:
            unknown += [text[:MOST_SHOWN]] if text else []
        elif column.key in places:
            faults.append(Fault(where, "这一列出现两次", "只保留一列。", column.heading))
        else:
            places[column.key] = index
    missing = [column.heading for column in COLUMNS if column.is_required and column.key not in places]
    if missing:
        faults.append(Fault(f"{sheet}!{header_row}", f"缺少列：{'、'.join(missing)}", "从模板复制表头。"))
    return places, tuple(unknown)


def _read_row(
    cells: Sequence[object], number: int, places: Mapping[str, int], sheet: str, this_year: int
) -> tuple[ListRow | None, list[Fault]]:
    faults: list[Fault] = []
    read: dict[str, object] = {}
    for column in COLUMNS:
        index = places.get(column.key)
        cell = cells[index] if index is not None and index < len(cells) else ""
        try:
            value = _read_cell(column, cell, this_year)
            if value is not None:
                read[column.key] = value
        except BadCell as error:
            where = f"{sheet}!{column_letters(index or 0)}{number}"
            faults.append(Fault(where, error.message, error.remedy, _shown(cell)[:MOST_SHOWN]))
    if faults:
        return None, faults
    row = ListRow(
        number,
        str(read["name"]),
        Relation(str(read["relation"])),
        _text_or_none(read.get("uscc")),
        _int_or_none(read.get("yearly")),
        _int_or_none(read.get("since")),
    )
    return row, []


def _read_cell(column: ListColumn, cell: object, this_year: int) -> object:
    text = stated_text(cell)
    if text is not None:
        return _value(column.key, cell, text, this_year)
    if column.is_required:
        raise BadCell(f"{column.heading}必填", column.note)
    return None


def _value(key: str, cell: object, text: str, this_year: int) -> object:
    match key:
        case "uscc":
            return read_uscc(cell, text)
        case "name":
            return _name(text)
        case "relation":
            return read_choice(text, {one.value: name for one, name in STATED_RELATIONS.items()})
        case "yearly":
            return read_fen(text)
        case _:
            return _year(text, this_year)


def _name(text: str) -> str:
    name = read_text(text, LONGEST_NAME)
    if not normalise_company_name(name).exact_key:
        raise BadCell("不是企业名称", "填营业执照上的全称。")
    return name


def _year(text: str, this_year: int) -> int:
    plain = text.removesuffix("年")
    if not (plain.isascii() and plain.isdecimal() and len(plain) == LONGEST_YEAR):
        raise BadCell("不是年份", "填四位年份，如 2018。")
    year = int(plain)
    if not EARLIEST_YEAR <= year <= this_year:
        raise BadCell(f"不在 {EARLIEST_YEAR} 至 {this_year} 之间", "填开始合作的年份。")
    return year


def _about_others(
    row: ListRow, first: dict[tuple[str, str], int], core_uscc: str, places: Mapping[str, int], sheet: str
) -> list[Fault]:
    letters = column_letters(places["uscc"] if row.uscc else places["name"])
    where = f"{sheet}!{letters}{row.number}"
    if row.uscc == core_uscc:
        return [Fault(where, "是核心企业自己", "只列供应商和经销商。", row.name[:MOST_SHOWN])]
    before = first.setdefault(row.key, row.number)
    if before != row.number:
        message = f"与第{before}行是同一家企业、同一种关系"
        return [Fault(where, message, "只留一行，交易额合并填写。", row.name[:MOST_SHOWN])]
    return []


def _shown(cell: object) -> str:
    try:
        return cell_text(cell)
    except BadCell:
        return ""


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _int_or_none(value: object) -> int | None:
    return value if isinstance(value, int) else None
