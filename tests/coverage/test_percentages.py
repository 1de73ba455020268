"""A published percentage is the exact share, rounded half up."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.coverage.percentages import percent_text


@given(st.integers(0, 10**12), st.integers(1, 10**12))
def test_it_is_the_decimal_share_with_two_places(numerator: int, denominator: int) -> None:
    share = (Decimal(numerator) * 100 / Decimal(denominator)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert percent_text(numerator, denominator) == str(share)


@pytest.mark.parametrize(
    ("numerator", "denominator", "percent"),
    [(0, 3, "0.00"), (2, 3, "66.67"), (1, 800, "0.13"), (9, 800, "1.13"), (3, 3, "100.00"), (5, 0, None)],
)
def test_halves_go_up_and_out_of_nothing_there_is_none(
    numerator: int, denominator: int, percent: str | None
) -> None:
    assert percent_text(numerator, denominator) == percent
