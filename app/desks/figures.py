"""How pages write amounts, shares, days and instants: grouped, with their unit, as people write them. Pure."""

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from app.desks.texts import CHINESE
from app.kernel.money import FEN_PER_WAN
from app.kernel.shanghai import SHANGHAI, shanghai_date

FEN_PER_YI: Final = 10_000 * FEN_PER_WAN
NOTHING: Final = "—"
"""Stands where there is no figure; never 0, which would be one."""


def wan(fen: int | None, language: str = CHINESE) -> str:
    """Answer an amount in 万元, exact to the fen: `1,234.5 万元`."""
    if fen is None:
        return NOTHING
    text = f"{(Decimal(fen) / FEN_PER_WAN).normalize():,f}"
    return f"{text} 万元" if language == CHINESE else f"{text} ×10⁴ yuan"


def yi(fen: int | None, language: str = CHINESE) -> str:
    """Answer a sum in 亿元 with two places, below one 亿元 in whole 万元."""
    if fen is None:
        return NOTHING
    if abs(fen) < FEN_PER_YI:
        return wan(
            int((Decimal(fen) / FEN_PER_WAN).quantize(Decimal(1), ROUND_HALF_UP)) * FEN_PER_WAN, language
        )
    text = f"{Decimal(fen) / FEN_PER_YI:,.2f}"
    return f"{text} 亿元" if language == CHINESE else f"{text} ×10⁸ yuan"


def number(count: int | None) -> str:
    """Answer a count with grouped thousands."""
    return NOTHING if count is None else f"{count:,}"


def percent(text: str | Decimal | None) -> str:
    """Answer a share or rate that is stated in percent already."""
    return NOTHING if text is None else f"{text}%"


def day(value: date | datetime | None, language: str = CHINESE) -> str:
    """Answer a day as people write it: `2023年11月7日`, `7 Nov 2023`; of an instant, Shanghai's."""
    if value is None:
        return NOTHING
    found = shanghai_date(value) if isinstance(value, datetime) else value
    if language == CHINESE:
        return f"{found.year}年{found.month}月{found.day}日"
    return f"{found.day} {_MONTHS[found.month - 1]} {found.year}"


def day_in(value: datetime | None, year: int, language: str = CHINESE) -> str:
    """Answer a day without its year where it is of that year, so that many fit beside each other."""
    found = day(value, language)
    own = f"{year}年" if language == CHINESE else f" {year}"
    return found.removeprefix(own).removesuffix(own)


def month(text: str | None, language: str = CHINESE) -> str:
    """Answer a month such as `2023-11` as people write it."""
    if not text:
        return NOTHING
    year, number_ = text.split("-")
    return f"{year}年{int(number_)}月" if language == CHINESE else f"{_MONTHS[int(number_) - 1]} {year}"


def moment(instant: datetime | None, language: str = CHINESE) -> str:
    """Answer an instant as people write it by a Shanghai clock, to the minute: `2023年11月7日 09:05`."""
    return NOTHING if instant is None else f"{day(instant, language)} {instant.astimezone(SHANGHAI):%H:%M}"


def in_fours(text: str) -> str:
    """Answer a text in groups of four, as people copy it."""
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
