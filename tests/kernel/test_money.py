"""Amounts and rates are read exactly, and what nobody can mean is refused before anything is worked out from it."""

import pytest

from app.docking.rates import bp_from_percent
from app.kernel.money import fen_from_wan, fen_from_yuan


@pytest.mark.parametrize("text", ["1e999990", "-1e999999", "9" * 5_000, "1e-999990", "Infinity", "sNaN"])
def test_a_number_that_nobody_can_mean_is_refused(text: str) -> None:
    for read in (fen_from_yuan, fen_from_wan, bp_from_percent):
        with pytest.raises(ValueError, match=r"is not a"):
            read(text)
