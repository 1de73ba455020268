"""Amounts as files write them: exact, with their unit, and read by one reader everywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.money import MOST_FEN
from app.policy.amounts import amount_from_text, amount_words, fen_from_words


@given(st.integers(0, MOST_FEN))
def test_what_is_written_is_read_back(fen: int) -> None:
    assert fen_from_words(amount_words(fen)) == fen


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("14.24亿元", 142_400_000_000),
        ("1.00000001亿元", 10_000_000_100),
        ("2000万元", 2_000_000_000),
        ("0.0001万元", 100),
        ("5000000.01元", 500_000_001),
        ("500 万元", 500_000_000),
    ],
)
def test_every_unit_is_exact_to_the_fen(text: str, fen: int) -> None:
    assert amount_from_text(text) == fen


@pytest.mark.parametrize(
    "written",
    [
        2000,
        None,
        "",
        "2000",
        "2,000万元",
        "-1万元",
        "２０００万元",
        "0.001元",
        "1亿亿元",
        "1万元\n",
        "99999999999999元",
    ],
)
def test_what_is_no_amount_or_beyond_any_is_none(written: object) -> None:
    assert amount_from_text(written) is None
