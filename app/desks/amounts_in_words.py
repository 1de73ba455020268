"""Amounts as they are read aloud: 五百万元整, five million yuan. Pure; `need.js` says the same while somebody types.

Chinese follows 正确填写票据和结算凭证的基本规定 (支付结算办法, 附件一) in plain numerals: 整 after whole yuan, 零 for
gaps, none after fen. What people leave out in speech, the 一 of 一十 at the very front, is left out.
"""

from typing import Final

from app.desks.texts import CHINESE
from app.kernel.money import FEN_PER_YUAN, MOST_FEN

_DIGITS: Final = "零一二三四五六七八九"
_PLACES: Final = ("", "十", "百", "千")
_MYRIADS: Final = ("", "万", "亿", "万亿")
_ONES: Final = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS: Final = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_THOUSANDS: Final = ("", " thousand", " million", " billion", " trillion")


def in_words(fen: int, language: str = CHINESE) -> str:
    """Answer how an amount from 0 to the most that anybody may state (10^15 fen) is read aloud.

    Raises:
        ValueError: it is negative, or more.
    """
    if not 0 <= fen <= MOST_FEN:
        msg = f"{fen} fen is no amount to be read aloud"
        raise ValueError(msg)
    return chinese(fen) if language == CHINESE else english(fen)


def chinese(fen: int) -> str:
    """Answer an amount in Chinese, such as 三万零五元二角."""
    yuan, rest = divmod(fen, FEN_PER_YUAN)
    jiao, cents = divmod(rest, 10)
    whole = f"{_whole(yuan)}元" if yuan or not rest else ""
    if not rest:
        return f"{whole}整"
    tenth = f"{_DIGITS[jiao]}角" if jiao else ("零" if whole else "")
    return whole + tenth + (f"{_DIGITS[cents]}分" if cents else "")


def _whole(number: int) -> str:
    if number == 0:
        return _DIGITS[0]
    groups: list[str] = []
    is_gap = False
    for at in reversed(range(len(_MYRIADS))):
        four = number // 10_000**at % 10_000
        if four == 0:
            is_gap = bool(groups)
            # 一万亿 has its 亿 in 万亿 already; nothing else is said of an empty group.
            continue
        unit = _MYRIADS[at]
        if at == len(_MYRIADS) - 1 and number // 10_000**2 % 10_000:
            unit = "万"  # 一万二千亿: 亿 is said once
        groups.append(("零" if groups and (is_gap or four < 1_000) else "") + _four(four) + unit)  # noqa: PLR2004 - four places
        is_gap = False
    text = "".join(groups)
    return text[1:] if text.startswith("一十") else text


def _four(number: int) -> str:
    text, is_gap = "", False
    for place in reversed(range(4)):
        digit = number // 10**place % 10
        if digit:
            text += ("零" if is_gap and text else "") + _DIGITS[digit] + _PLACES[place]
        is_gap = not digit
    return text


def english(fen: int) -> str:
    """Answer an amount in English, such as five million yuan."""
    yuan, rest = divmod(fen, FEN_PER_YUAN)
    parts = [f"{_count(yuan)} yuan"] if yuan or not rest else []
    return " and ".join([*parts, *([f"{_count(rest)} fen"] if rest else [])])


def _count(number: int) -> str:
    if number == 0:
        return _ONES[0]
    groups = [
        _hundreds(three) + _THOUSANDS[at]
        for at in reversed(range(len(_THOUSANDS)))
        if (three := number // 1_000**at % 1_000)
    ]
    return " ".join(groups)


def _hundreds(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    parts = [f"{_ONES[hundreds]} hundred"] if hundreds else []
    if rest >= len(_ONES):
        tens, ones = divmod(rest, 10)
        parts.append(_TENS[tens] + (f"-{_ONES[ones]}" if ones else ""))
    elif rest:
        parts.append(_ONES[rest])
    return " ".join(parts)
