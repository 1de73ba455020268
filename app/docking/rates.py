"""Annual rates: integer basis points inside, decimal percent strings in JSON (345 is "3.45")."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from app.kernel.money import short_decimal

BP_PER_PERCENT = 100
HIGHEST_RATE_BP = 3_600


def bp_from_percent(text: str | Decimal) -> int:
    """Answer the basis points in an annual percent such as `"3.45"`.

    Raises:
        ValueError: not a decimal number, or finer than one basis point.
    """
    try:
        points = short_decimal(text) * BP_PER_PERCENT
    except InvalidOperation as error:
        msg = f"{text!r} is not an annual rate in percent"
        raise ValueError(msg) from error
    if not points.is_finite() or points != points.to_integral_value():
        msg = f"{text} % is not a whole number of basis points"
        raise ValueError(msg)
    return int(points)


def percent_text(points: int) -> str:
    """Answer the percent text of basis points, always with two places."""
    return f"{Decimal(points) / BP_PER_PERCENT:.2f}"


def _parse(value: Any, *, least: int = 1) -> int:
    if not isinstance(value, str):
        msg = 'write the rate as a decimal string in percent a year, such as "3.45"'
        raise ValueError(msg)  # noqa: TRY004 - pydantic turns ValueError into a field error
    points = bp_from_percent(value)
    if not least <= points <= HIGHEST_RATE_BP:
        msg = f"not a rate from {percent_text(least)} to {percent_text(HIGHEST_RATE_BP)} percent a year"
        raise ValueError(msg)
    return points


Rate = Annotated[
    int,
    BeforeValidator(_parse),
    PlainSerializer(percent_text, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\d{1,2}(\.\d{1,2})?$",
            "examples": ["3.45"],
            "description": "Annual rate in percent (年利率, %) as a decimal string, at most 36.00.",
        }
    ),
]
"""Integer basis points that JSON sees as a decimal percent string."""


FeeRate = Annotated[
    int,
    BeforeValidator(lambda value: _parse(value, least=0)),
    PlainSerializer(percent_text, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\d{1,2}(\.\d{1,2})?$",
            "examples": ["0.80"],
            "description": "Annual guarantee fee in percent of the guaranteed amount (担保费率, %), 0.00 to 36.00.",
        }
    ),
]
"""Integer basis points that JSON sees as a decimal percent string; a public guarantor may waive its fee."""
