"""One cell of a product sheet ↔ the value that JSON holds; what cannot be read raises `BadCell`.

Nothing is guessed: codes, words and numbers are only taken in one width (NFKC), several values of a
cell are separated by 、 or ; or a comma, and words are read in Chinese or as their key. Free text stays
as it was typed.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from app.catalogue.terms import PARTS
from app.kernel.money import FEN_PER_WAN, fen_from_wan, fen_from_yuan, yuan_text

Cell = object
_SEPARATORS = re.compile(r"[、;,\n\r]+")
_CITES = re.compile(rf"[;；\s]+(?=(?:{'|'.join(PARTS.values())})[:：])")
_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
_DATE = re.compile(r"(\d{4})(?:[-/.](\d{1,2})[-/.](\d{1,2})|年(\d{1,2})月(\d{1,2})日?|(\d{2})(\d{2}))")
_FLAGS: Final = {"是": True, "否": False}


class BadCell(ValueError):
    """A cell that cannot be read: what is wrong, and how to mend it."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy


def cell_text(cell: Cell, *, keeps_width: bool = False) -> str:
    """Answer a cell as text, in one width unless it is kept; whole numbers without point, dates as 2023-10-01."""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() else f"{Decimal(f'{cell:.15g}'):f}"
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    text = "" if cell is None else str(cell)
    return (text if keeps_width else unicodedata.normalize("NFKC", text)).strip()


def read_text(text: str) -> str:
    """Read a cell whose text is taken as it was written."""
    return text


def read_word(vocabulary: Mapping[str, str]) -> Callable[[str], str]:
    """Make the reader of one word of a vocabulary."""
    keys = _keys_of(vocabulary)

    def read(text: str) -> str:
        if text not in keys:
            raise BadCell(f"不认识“{text}”", f"可填：{'、'.join(vocabulary.values())}")
        return keys[text]

    return read


def read_words(vocabulary: Mapping[str, str]) -> Callable[[str], list[str]]:
    """Make the reader of several words of a vocabulary."""
    read_one = read_word(vocabulary)
    return lambda text: [read_one(part) for part in read_codes(text)]


def read_codes(text: str) -> list[str]:
    """Answer the codes of a cell."""
    return [part.strip() for part in _SEPARATORS.split(text) if part.strip()]


def read_amount(text: str) -> str:
    """Answer the yuan string of an amount in 万元."""
    number = _number(text)
    try:
        return yuan_text(fen_from_wan(number))
    except ValueError as error:
        raise BadCell(f"“{text}”不是以万元计的金额", "填数字，单位万元，如 2000") from error


def read_integer(text: str) -> int:
    """Answer a whole number."""
    number = _number(text)
    if number != number.to_integral_value():
        raise BadCell(f"“{text}”不是整数", "填整数")
    return int(number)


def read_date(text: str) -> str:
    """Answer the ISO day of a date in one of the usual spellings."""
    found = _DATE.fullmatch(text)
    parts = [int(part) for part in found.groups() if part is not None] if found else [0, 0, 0]
    try:
        return date(*parts).isoformat()
    except ValueError as error:
        raise BadCell(f"“{text}”不是日期", "填如 2023-10-01") from error


def read_flag(text: str) -> bool:
    """Answer yes or no."""
    if text not in _FLAGS:
        raise BadCell(f"“{text}”既非是也非否", "填是或否")
    return _FLAGS[text]


def read_cites(text: str) -> list[dict[str, str]]:
    """Answer `金额:洛阳…;产品:黑银发…` as the cited parts with their clauses."""
    read_part = read_word(PARTS)
    cites = []
    for entry in _CITES.split(text):
        part, _, clause = entry.replace("：", ":", 1).partition(":")
        if not clause.strip():
            raise BadCell(f"“{entry}”没有写明部分", "写成 部分：依据，如 金额：洛阳（征求意见稿）（四）")
        cites.append({"part": read_part(part.strip()), "clause": clause.strip()})
    return cites


def read_criteria(text: str) -> list[Any]:
    """Answer the conditions that a cell holds as JSON."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise BadCell("不是 JSON", '写成 [{"fact": "exporter", "is_true": true}]') from error
    if not isinstance(found, list):
        raise BadCell("不是条件列表", '写成 [{"fact": "exporter", "is_true": true}]')
    return found


def write_words(vocabulary: Mapping[str, str]) -> Callable[[Sequence[str]], str]:
    """Make the writer of several words."""
    return lambda keys: "、".join(vocabulary[key] for key in keys)


def write_codes(codes: Sequence[str]) -> str:
    """Write several codes into a cell."""
    return "、".join(codes)


def write_amount(yuan: str) -> float | str:
    """Write a yuan string as a number of 万元, or as text when a binary number cannot hold it."""
    exact = Decimal(fen_from_yuan(yuan)) / FEN_PER_WAN
    return float(exact) if Decimal(repr(float(exact))) == exact else f"{exact:f}"


def write_cites(cites: Sequence[Mapping[str, str]]) -> str:
    """Write cited parts with their clauses."""
    return "；".join(f"{PARTS[cite['part']]}：{cite['clause']}" for cite in cites)


def write_criteria(criteria: Sequence[Any]) -> str:
    """Write conditions as JSON."""
    return json.dumps(criteria, ensure_ascii=False) if criteria else ""


def write_flag(value: bool) -> str:  # noqa: FBT001 - a cell's value
    """Write yes or no."""
    return "是" if value else "否"


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise BadCell(f"“{text}”不是数字", "只填数字")
    return Decimal(text.replace(",", ""))


def _keys_of(vocabulary: Mapping[str, str]) -> dict[str, str]:
    chinese = {unicodedata.normalize("NFKC", name): key for key, name in vocabulary.items()}
    return chinese | {key: key for key in vocabulary}
