"""Amounts as people write them in packs, products and institutions: 2000万元, 1.5亿元, 300000元."""

import re
from decimal import Decimal
from typing import Any, Final

from app.kernel.money import FEN_PER_WAN, FEN_PER_YUAN, MOST_FEN, fen_from_yuan, yuan_text

FEN_PER_YI: Final = FEN_PER_WAN * 10_000
EXPECTED: Final = "an amount such as 2000万元, 1.5亿元 or 300000元"
_AMOUNT = re.compile(r"([0-9]{1,13}(?:\.[0-9]{1,10})?) ?(元|万元|亿元)")
_YUAN: Final = {"元": 1, "万元": FEN_PER_WAN // FEN_PER_YUAN, "亿元": FEN_PER_YI // FEN_PER_YUAN}


def fen_from_words(text: str) -> int:
    """Answer the fen of an exact amount with its unit.

    Raises:
        ValueError: it is not written so, is finer than a fen, or beyond any sensible amount.
    """
    found = _AMOUNT.fullmatch(text)
    if found is None:
        msg = f"expected {EXPECTED}"
        raise ValueError(msg)
    number, unit = found.groups()
    fen = fen_from_yuan(Decimal(number) * _YUAN[unit])
    if fen > MOST_FEN:
        msg = f"{text} is more than {amount_words(MOST_FEN)}"
        raise ValueError(msg)
    return fen


def amount_from_text(data: Any) -> int | None:
    """Answer the fen of a written amount, or None if it is none."""
    try:
        return fen_from_words(data) if isinstance(data, str) else None
    except ValueError:
        return None


def amount_words(fen: int) -> str:
    """Write an amount as files do, in the largest unit that leaves a whole number (else in yuan)."""
    if fen and fen % FEN_PER_YI == 0:
        return f"{fen // FEN_PER_YI}亿元"
    return f"{fen // FEN_PER_WAN}万元" if fen % FEN_PER_WAN == 0 else f"{yuan_text(fen)}元"
