"""Amounts read aloud mean what they say: read back by a reader written apart, they are the same amount."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.desks.amounts_in_words import chinese, english, in_words
from app.kernel.money import MOST_FEN

DIGITS = dict(zip("零一二三四五六七八九", range(10), strict=True))
UNITS = {"十": 10, "百": 100, "千": 1000}
TEENS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
SMALL = {word: number for number, word in enumerate(TEENS.split())} | {
    word: 10 * number for number, word in enumerate(TENS.split(), start=2)
}
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
AMOUNTS = st.one_of(
    st.integers(0, MOST_FEN),
    # Round sums, as people ask for them, and sums with gaps in them.
    st.builds(lambda n, e: min(n * 10**e, MOST_FEN), st.integers(0, 999), st.integers(0, 13)),
    st.builds(
        lambda n, e, m: min(n * 10**e + m, MOST_FEN),
        st.integers(1, 99),
        st.integers(4, 13),
        st.integers(0, 999),
    ),
)


def read_chinese(text: str) -> int:
    """Read a whole number in Chinese, unit by unit from the left."""
    total = section = digit = 0
    for sign in text:
        if sign in DIGITS:
            digit = DIGITS[sign]
        elif sign in UNITS:
            section, digit = section + (digit or 1) * UNITS[sign], 0
        elif sign == "万":
            section, digit = (section + digit) * 10**4, 0
            total, section = total + section, 0
        else:
            total, section, digit = (total + section + digit) * 10**8, 0, 0
    return total + section + digit


def fen_of_chinese(text: str) -> int:
    found = re.fullmatch(r"(?:(.+)元)?(整|零)?(?:(.)角)?(?:(.)分)?", text)
    assert found, text
    whole, _mark, jiao, cents = found.groups()
    return read_chinese(whole or "零") * 100 + DIGITS[jiao or "零"] * 10 + DIGITS[cents or "零"]


def fen_of_english(text: str) -> int:
    total = 0
    for part in text.split(" and "):
        *words, unit = part.split()
        whole = group = 0
        for word in words:
            if word in SCALES:
                whole, group = whole + group * SCALES[word], 0
            elif word == "hundred":
                group *= 100
            else:
                group += sum(SMALL[each] for each in word.split("-"))
        total += (whole + group) * (100 if unit == "yuan" else 1)
    return total


@given(AMOUNTS)
def test_an_amount_in_words_is_that_amount(fen: int) -> None:
    assert fen_of_chinese(chinese(fen)) == fen
    assert fen_of_english(english(fen)) == fen
    assert "零零" not in chinese(fen)
    assert not re.search("零[十百千万亿元]", chinese(fen)[1:])


@pytest.mark.parametrize(
    ("yuan", "said"),
    [
        ("5000000", "五百万元整"),
        ("0", "零元整"),
        ("10", "十元整"),
        ("100000", "十万元整"),
        ("110", "一百一十元整"),
        ("12005000", "一千二百万五千元整"),
        ("100050000", "一亿零五万元整"),
        ("1200000000000", "一万二千亿元整"),
        ("1.05", "一元零五分"),
        ("0.50", "五角"),
        ("5.50", "五元五角"),
    ],
)
def test_amounts_are_said_as_the_rules_for_bills_have_it(yuan: str, said: str) -> None:
    assert in_words(round(float(yuan) * 100)) == said


def test_five_million_yuan_is_said_in_english_too() -> None:
    assert in_words(500_000_000, "en") == "five million yuan"


@pytest.mark.parametrize("fen", [-1, MOST_FEN + 1])
def test_what_nobody_may_state_is_not_said(fen: int) -> None:
    with pytest.raises(ValueError, match="no amount"):
        in_words(fen)
