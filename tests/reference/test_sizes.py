from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.settings import PROJECT_ROOT
from app.reference.book import ReferenceBook, load_reference_book
from app.reference.sizes import FEN_PER_WAN_YUAN, SizeClass, size_class

CASES: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("sizes.yaml").read_text(encoding="utf-8")
)
ORDER = (SizeClass.MICRO, SizeClass.SMALL, SizeClass.MEDIUM, SizeClass.LARGE)
STANDARD = load_reference_book(PROJECT_ROOT / "seed").sizes


def fen(wan_yuan: int | None) -> int | None:
    return None if wan_yuan is None else wan_yuan * 10_000 * 100


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_class_is_that_of_the_standard(book: ReferenceBook, case: dict[str, Any]) -> None:
    result = size_class(
        case.get("industry"),
        fen(case.get("revenue")),
        case.get("staff"),
        book.sizes,
        assets_fen=fen(case.get("assets")),
    )
    assert result.size == case.get("size")
    assert result.missing == tuple(case.get("missing", ()))
    assert result.at_most == case.get("at_most", case.get("size"))


def test_one_fen_below_the_bound_is_below_it(book: ReferenceBook) -> None:
    bound = 40_000 * FEN_PER_WAN_YUAN
    assert size_class("3911", bound - 1, 1000, book.sizes).size is SizeClass.MEDIUM
    assert size_class("3911", bound, 1000, book.sizes).size is SizeClass.LARGE


@given(
    st.sampled_from(["3911", "5171", "5211", "5951", "6110", "6513"]),
    st.integers(0, 3_000),
    st.integers(0, 120_000 * FEN_PER_WAN_YUAN),
)
def test_an_unknown_fact_never_contradicts_what_it_turns_out_to_be(
    industry: str, staff: int, revenue: int
) -> None:
    whole = size_class(industry, revenue, staff, STANDARD)
    assert whole.size is not None
    for partial in (
        size_class(industry, None, staff, STANDARD),
        size_class(industry, revenue, None, STANDARD),
    ):
        assert partial.at_most is not None
        assert ORDER.index(whole.size) <= ORDER.index(partial.at_most)
        assert partial.size in {None, whole.size}
        assert bool(partial.missing) == (partial.size is None)
