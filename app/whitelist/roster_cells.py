"""One cell of a roster → its value; what cannot be read raises `BadCell`, and nothing is guessed.

Cells come as a workbook reader gives them: text, number, date, boolean. Text is taken in one width
(NFKC) first. `UNSTATED` words leave the fact unknown; in sets `无` says that there is none.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz, process

from app.kernel.money import FEN_PER_WAN, MOST_FEN
from app.reference.credit_codes import UsccFault, check_uscc
from app.whitelist.roster_faults import BadCell

Cell = object
UNSTATED: Final = frozenset({"", "-", "--", "—", "——", "/", "未知", "不详", "n/a"})
NONE_WORDS: Final = frozenset({"无", "没有", "none"})
YES: Final = frozenset({"是", "有", "y", "yes", "true", "1", "√"})
NO: Final = frozenset({"否", "无", "没有", "n", "no", "false", "0", "×"})
SEPARATORS: Final = re.compile(r"[、;,\n\r]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UNSEEN = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]")
"""What turns a text round or stands in it unseen: it comes along with what is copied, and no name has it."""
_NUMBER = re.compile(r"^([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)\s*(\D{0,4})$")
_DATE = re.compile(
    r"^(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|年(\d{1,2})月(\d{1,2})日?|(\d{2})(\d{2}))(?:[ T]00:00(?::00)?)?$"
)
_SERIAL_EPOCH = date(1899, 12, 30)
_SERIALS = range(1_000, 73_051)  # 1902-09-26 to 2100-01-01; below are numbers that are no dates
_PHONE = re.compile(r"^[\d+\-() 转/]{5,40}$")
_FEN_BY_UNIT: Final = {"": FEN_PER_WAN, "万元": FEN_PER_WAN, "万": FEN_PER_WAN, "亿元": FEN_PER_WAN * 10_000,
                       "亿": FEN_PER_WAN * 10_000, "元": 100}  # fmt: skip
_MONTHS_BY_UNIT: Final = {"": 1, "月": 1, "个月": 1, "年": 12}
_CERTAIN_DIGITS = 15  # a number in a workbook is a binary float
_LEAST_LIKENESS = 40.0
_MOST_CACHED = 60
_ERRORS: Final = frozenset({"#N/A", "#REF", "#VALUE", "#DIV/0", "#NAME", "#NULL", "#NUM"})


@lru_cache(maxsize=16_384)
def _one_width(text: str) -> str:
    return _in_one_width(text)


def _in_one_width(text: str) -> str:
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", text)).strip()


def cell_text(cell: Cell) -> str:
    """Answer a cell as text in one width; whole numbers without point, dates as 2015-03-01.

    Raises:
        BadCell: it holds control characters or an error value of the spreadsheet.
    """
    if isinstance(cell, str):
        text = _one_width(cell) if len(cell) <= _MOST_CACHED else _in_one_width(cell)
        if _CONTROLS.search(text):
            raise BadCell("含有不可见的控制字符", "重新键入这一格。")
        if text[:1] == "#" and text.rstrip("!?") in _ERRORS:
            raise BadCell("单元格是表格软件的错误值", "改正公式后以数值粘贴。")
        return text
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return f"{Decimal(f'{cell:.{_CERTAIN_DIGITS}g}'):f}"
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat(" ")
    return "" if cell is None else str(cell)


def stated_text(cell: Cell) -> str | None:
    """Answer a cell's text, or None where it leaves the fact unknown."""
    text = cell_text(cell)
    return None if text.casefold() in UNSTATED else text


def read_text(text: str, longest: int) -> str:
    """Answer a name, with single spaces."""
    words = " ".join(text.split())
    if len(words) > longest:
        raise BadCell(f"共{len(words)}个字，最多{longest}个", "缩短。")
    return words


def read_phone(text: str, longest: int) -> str:
    """Answer a telephone number as given; several are separated by / or 、."""
    phone = re.sub(r"[、;,\n]+", "/", text)
    if not _PHONE.match(phone) or len(phone) > longest:
        raise BadCell("不像电话号码", "只填数字、+、-、括号，多个用“/”隔开。")
    return phone


def read_flag(text: str) -> bool:
    """Answer yes or no."""
    word = text.casefold()
    if word in YES:
        return True
    if word in NO:
        return False
    raise BadCell("只能填“是”或“否”", "改成“是”或“否”，未知则留空。")


def read_choice(text: str, values: Mapping[str, str]) -> str:
    """Answer the code of a listed word; both its Chinese and its code are read."""
    code = _codes(tuple(values.items())).get(text.casefold())
    if code is None:
        raise BadCell("不在列表中", _nearest(text, values))
    return code


def read_choices(text: str, values: Mapping[str, str]) -> list[str]:
    """Answer the codes of the listed words of one cell, sorted; `无` is the empty set."""
    if text.casefold() in NONE_WORDS:
        return []
    codes = _codes(tuple(values.items()))
    words = [word.strip() for word in SEPARATORS.split(text) if word.strip()]
    unknown = [word for word in words if word.casefold() not in codes]
    if unknown:
        remedies = " ".join(_nearest(word, values) for word in unknown[:3])
        raise BadCell(f"不在列表中：{'、'.join(unknown)}", remedies)
    return sorted({codes[word.casefold()] for word in words})


def read_names(text: str, longest: int) -> list[str]:
    """Answer the names of one cell in their order, each once; `无` is none."""
    if text.casefold() in NONE_WORDS:
        return []
    words = (read_text(word, longest) for word in SEPARATORS.split(text) if word.strip())
    return list(dict.fromkeys(words))


@lru_cache(maxsize=64)
def _codes(values: tuple[tuple[str, str], ...]) -> Mapping[str, str]:
    words = {_one_width(chinese).casefold(): code for code, chinese in values}
    return words | {code.casefold(): code for code, _ in values}


def _nearest(text: str, values: Mapping[str, str]) -> str:
    best = process.extractOne(text, list(values.values()), scorer=fuzz.ratio, score_cutoff=_LEAST_LIKENESS)
    listed = f"可填：{'、'.join(values.values())}。"
    return f"“{text}”是否指“{best[0]}”？{listed}" if best else listed


def _split_number(text: str, expected: str) -> tuple[Decimal, str]:
    found = _NUMBER.match(text)
    if found is None:
        raise BadCell("不是数", expected)
    try:
        return Decimal(found[1].replace(",", "")), found[2].strip()
    except InvalidOperation as error:
        raise BadCell("不是数", expected) from error


def read_fen(text: str) -> int:
    """Answer the fen of an amount in 万元, or in the unit written behind it (元, 万元, 亿元); not negative."""
    expected = "填以万元为单位的数，如 500 或 1,234.56。"
    number, unit = _split_number(text, expected)
    if unit not in _FEN_BY_UNIT:
        raise BadCell(f"不认识单位“{unit}”", expected)
    fen = number * _FEN_BY_UNIT[unit]
    if fen < 0:
        raise BadCell("不能是负数", expected)
    if fen > MOST_FEN:
        raise BadCell("大得不可能", "核对单位：本列以万元计。")
    if fen != fen.to_integral_value():
        raise BadCell("精确到分还有余数", "最多六位小数（万元）。")
    return int(fen)


def read_integer(text: str, most: int) -> int:
    """Answer a whole number of persons from 0 to `most`."""
    number, unit = _split_number(text, "填整数。")
    if unit not in {"", "人"} or number != number.to_integral_value():
        raise BadCell("不是整数", "填整数，不带单位。")
    if not 0 <= number <= most:
        raise BadCell(f"不在 0 至 {most} 之间", "核对这个数。")
    return int(number)


def read_months(text: str, most: int) -> int:
    """Answer a term in months from 1 to `most`; `3年` is read as 36."""
    number, unit = _split_number(text, "填月数，如 36。")
    if unit not in _MONTHS_BY_UNIT:
        raise BadCell(f"不认识单位“{unit}”", "填月数，如 36。")
    months = number * _MONTHS_BY_UNIT[unit]
    if months != months.to_integral_value() or not 1 <= months <= most:
        raise BadCell(f"不是 1 至 {most} 的整月数", "填月数，如 36。")
    return int(months)


def read_date(cell: Cell, text: str) -> date:
    """Answer a day: 2015-03-01, 2015/3/1, 2015.3.1, 20150301, 2015年3月1日, a date cell, or Excel's serial number."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    found = _DATE.match(text)
    try:
        if found:
            year, month, day = (int(part) for part in found.groups() if part)
            return date(year, month, day)
        if text.isdecimal() and int(text) in _SERIALS:
            return _SERIAL_EPOCH + timedelta(days=int(text))
    except ValueError as error:
        raise BadCell("没有这一天", "如 2015-03-01。") from error
    raise BadCell("不是日期", "如 2015-03-01、2015/3/1、20150301、2015年3月1日。")


def read_uscc(cell: Cell, text: str) -> str:
    """Answer a credit code whose check digit is right (GB 32100-2015)."""
    if isinstance(cell, int | float):
        raise BadCell("以数字格式保存，末几位已丢失", "把这一列设为文本格式后重新填写。")
    result = check_uscc(text)
    if result.fault is None:
        return result.code
    remedy = "对照营业执照核对。"
    if result.suggestion:
        remedy = f"是否为 {result.suggestion}？对照营业执照核对。"
    match result.fault:
        case UsccFault.CHECK_DIGIT:
            message = f"校验位是 {result.code[-1]}，按前17位应为 {result.expected}"
        case UsccFault.LENGTH:
            message = f"应为18位，实为{len(result.code)}位"
        case _:
            message = "含有信用代码中不用的字符（不用 I、O、Z、S、V，第3至8位是数字）"
    raise BadCell(message, remedy)
