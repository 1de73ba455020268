"""Money is an integer number of fen inside, a decimal yuan string in JSON, 万元 in spreadsheets."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

FEN_PER_YUAN = 100
FEN_PER_WAN = 1_000_000
# 10^13 yuan: above the whole loan balance of any province, below what int64 holds a thousand times over.
MOST_FEN = 10**15
MOST_PLACES = 40
"""Places before the point that a number is read with: what `1e999990` stands for takes half a minute to work out."""


def short_decimal(text: str | Decimal | int) -> Decimal:
    """Answer a decimal number as it is written.

    Raises:
        InvalidOperation: it is none, or has more places than any number of ours.
    """
    found = Decimal(text)
    if found.adjusted() > MOST_PLACES:
        raise InvalidOperation
    return found


def _exact_fen(amount: Decimal, fen_per_unit: int) -> int:
    fen = amount * fen_per_unit
    if not fen.is_finite() or fen != fen.to_integral_value():
        msg = f"{amount} is not a whole number of fen"
        raise ValueError(msg)
    return int(fen)


def fen_from_yuan(text: str | Decimal | int) -> int:
    """Answer the fen in an exact yuan amount such as `"5000000.00"`.

    Raises:
        ValueError: not a decimal number, or finer than one fen.
    """
    try:
        return _exact_fen(short_decimal(text), FEN_PER_YUAN)
    except InvalidOperation as error:
        msg = f"{text!r} is not a decimal amount in yuan"
        raise ValueError(msg) from error


def fen_from_wan(text: str | Decimal | int) -> int:
    """Answer the fen in an exact 万元 amount such as `"500"` (five million yuan).

    Raises:
        ValueError: not a decimal number, or finer than one fen.
    """
    try:
        return _exact_fen(short_decimal(text), FEN_PER_WAN)
    except InvalidOperation as error:
        msg = f"{text!r} is not a decimal amount in 万元"
        raise ValueError(msg) from error


def yuan_text(fen: int) -> str:
    """Answer the decimal yuan string of an amount in fen, always with two places."""
    sign = "-" if fen < 0 else ""
    yuan, rest = divmod(abs(fen), FEN_PER_YUAN)
    return f"{sign}{yuan}.{rest:02d}"


def wan_text(fen: int) -> str:
    """Answer the shortest exact 万元 text of an amount in fen, with grouped thousands."""
    amount = (Decimal(fen) / FEN_PER_WAN).normalize()
    return f"{amount:,f}"


def _parse_yuan(value: Any) -> int:
    # JSON numbers would already have been rounded to binary floats: only strings are exact.
    if not isinstance(value, str):
        msg = 'write the amount as a decimal string in yuan, such as "5000000.00"'
        raise ValueError(msg)  # noqa: TRY004 - pydantic turns ValueError into a field error
    fen = fen_from_yuan(value)
    if not 0 <= fen <= MOST_FEN:
        msg = f"not an amount from 0 to {yuan_text(MOST_FEN)} yuan"
        raise ValueError(msg)
    return fen


Yuan = Annotated[
    int,
    BeforeValidator(_parse_yuan),
    PlainSerializer(yuan_text, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\d{1,13}(\.\d{1,2})?$",
            "examples": ["5000000.00"],
            "description": "Amount in yuan as a decimal string.",
        }
    ),
]
"""Integer fen that JSON sees as a decimal yuan string; build models from Python with `model_construct`."""
