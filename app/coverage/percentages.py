"""Shares in percent as they are published (pure)."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

TWO_PLACES: Final = Decimal("0.01")


def percent_text(numerator: int, denominator: int, places: Decimal = TWO_PLACES) -> str | None:
    """Answer numerator / denominator in percent, rounded half up; None when out of nothing."""
    if denominator == 0:
        return None
    share = Decimal(numerator) * 100 / Decimal(denominator)
    return str(share.quantize(places, ROUND_HALF_UP))
