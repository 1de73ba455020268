"""Reads what people type into one field: a value, or a sentence that says how to mend it. Pure.

Full-width digits, thousands commas and units behind a number are read as they are meant; invisible marks that come
along with copied text are left out; what could be meant in two ways is asked back.
"""

import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Final

from app.desks.texts import Text
from app.kernel.money import FEN_PER_WAN, MOST_FEN
from app.reference.credit_codes import UsccFault, check_uscc

MOST_NUMBER: Final = 40
_PLAIN: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+")
_AMOUNT: Final = re.compile(r"[¥$]?(-?[\d.,]+)(亿元|亿|万元|万|元)?")
_FEN_PER: Final = {"亿元": 10_000 * FEN_PER_WAN, "亿": 10_000 * FEN_PER_WAN, "元": 100}
_WHOLE: Final = re.compile(r"(-?[\d.,]+)(个月|月|年|人|名)?")
_DAY: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{4})(\d{2})(\d{2})")
_NEVER_IN_NAMES: Final = frozenset({"So", "Sk", "Cs", "Co", "Cn"})
_BEGINS_FORMULAS: Final = ("=", "+", "-", "@")


class Wrong(Exception):
    """What was typed cannot be taken; `said` tells how to mend it."""

    def __init__(self, said: Text) -> None:
        super().__init__(said.chinese)
        self.said = said


def visible(text: str) -> str:
    """Answer a text without control characters, marks that turn its direction, and spaces around it."""
    kept = (each for each in text if unicodedata.category(each) not in {"Cc", "Cf", "Cs"} or each == "\n")
    return "".join(kept).strip()


def amount(text: str, *, is_zero_taken: bool) -> int:
    """Read an amount in 万元, unless another unit stands behind it; answers fen."""
    typed = _number_text(text)
    found = _AMOUNT.fullmatch(typed)
    if found is None or len(typed) > MOST_NUMBER:
        raise Wrong(Text("请填写数字，单位为万元，例如 500 或 1,200.5"))
    number = _decimal(found[1], Text("请用小数点“.”写小数，用逗号只分千位，例如 1,200.5"))
    if number < 0:
        raise Wrong(Text("金额不能是负数"))
    fen = number * _FEN_PER.get(found[2] or "", FEN_PER_WAN)
    if fen > MOST_FEN:
        raise Wrong(Text("金额太大：最多 1,000,000,000 万元。请核对单位是否为万元"))
    if fen != fen.to_integral_value():
        raise Wrong(Text("最多精确到分：以万元计最多六位小数"))
    if fen == 0 and not is_zero_taken:
        raise Wrong(Text("金额须大于 0"))
    return int(fen)


def whole(text: str, *, least: int, most: int, unit: Text | str, is_term: bool = False) -> int:
    """Read a whole number; of a term, years too are read as months."""
    typed = _number_text(text)
    found = _WHOLE.fullmatch(typed)
    if found is None or len(typed) > MOST_NUMBER or (found[2] == "年" and not is_term):
        raise Wrong(Text("请只填写整数，单位为%(unit)s，例如 36", unit=unit))
    number = _decimal(found[1], Text("请填写整数，例如 36 或 1,200")) * (12 if found[2] == "年" else 1)
    if number != number.to_integral_value():
        raise Wrong(Text("请填写整数，不带小数"))
    if not least <= number <= most:
        raise Wrong(Text("请填写 %(least)s 到 %(most)s 之间的整数", least=f"{least:,}", most=f"{most:,}"))
    return int(number)


def day(text: str, *, today: date) -> date:
    """Read a day as people write it: 2015-03-01, 2015年3月1日, 2015/3/1, 20150301."""
    found = _DAY.fullmatch(_number_text(text))
    if found is None:
        raise Wrong(Text("请按“年-月-日”填写日期，例如 2015-03-01"))
    try:
        read = date(*(int(part) for part in found.groups() if part is not None))
    except ValueError:
        raise Wrong(Text("没有这一天，请核对年、月、日")) from None
    if read > today:
        raise Wrong(Text("日期不能晚于今天"))
    if read.year < 1800:  # noqa: PLR2004 - need_facts.EARLIEST_ESTABLISHMENT
        raise Wrong(Text("日期太早，请核对年份"))
    return read


def name(text: str, *, most: int) -> str:
    """Read a name: of a firm, a project, a person, a bank."""
    read = re.sub(r"\s+", " ", visible(text))
    if len(read) > most:
        raise Wrong(Text("太长了：最多 %(most)s 个字，现有 %(count)s 个", most=most, count=len(read)))
    if read.startswith(_BEGINS_FORMULAS):
        raise Wrong(Text("名称不能以 = + - @ 开头"))
    if strange := [each for each in read if unicodedata.category(each) in _NEVER_IN_NAMES]:
        raise Wrong(Text("名称里有不能使用的符号：%(found)s", found=strange[0]))
    if not re.search(r"\w", read):
        raise Wrong(Text("请填写名称，不能只有标点"))
    return read


def names(text: str, *, most: int, most_each: int) -> list[str]:
    """Read several names, one a line or separated by 、 ； ;."""
    parts = [part for part in re.split(r"[\n、；;]", visible(text)) if part.strip()]
    if len(parts) > most:
        raise Wrong(Text("太多了：最多 %(most)s 家", most=most))
    return list(dict.fromkeys(name(part, most=most_each) for part in parts))


def phone(text: str) -> str:
    """Read a telephone number."""
    read = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", visible(text)))
    if not re.fullmatch(r"\+?[\d() \-]{5,30}(?:(?:转|ext\.?|x) ?\d{1,6})?", read):
        raise Wrong(Text("请填写电话号码，例如 0451-12345678 或 13800000000"))
    return read


def credit_code(text: str) -> str:
    """Read a unified social credit code (GB 32100-2015)."""
    read = check_uscc(text[:200])
    match read.fault:
        case None:
            return read.code
        case UsccFault.EMPTY:
            raise Wrong(Text("请填写统一社会信用代码"))
        case UsccFault.LENGTH:
            raise Wrong(
                Text(
                    "统一社会信用代码应为 18 位，现在是 %(count)s 位，请对照营业执照核对",
                    count=len(read.code),
                )
            )
        case UsccFault.CHARACTERS if read.suggestion:
            raise Wrong(Text("代码里没有字母 I、O、Z、S、V。您是不是要填 %(code)s？", code=read.suggestion))
        case UsccFault.CHARACTERS:
            raise Wrong(
                Text("代码只含数字和大写字母（没有 I、O、Z、S、V），第 3 至 8 位是数字，请对照营业执照核对")
            )
        case _:
            raise Wrong(Text("校验位不符，多半有一位填错了，请对照营业执照逐位核对"))


def _number_text(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", visible(text[:1_000])))


def _decimal(text: str, said: Text) -> Decimal:
    digits = text.removeprefix("-")
    if not _PLAIN.fullmatch(digits):
        raise Wrong(said)
    return Decimal(text.replace(",", ""))
