import pytest

from app.reference.book import ReferenceBook
from app.reference.industries import Industries, Industry, Rank


def test_section_c_is_whole(book: ReferenceBook) -> None:
    ranks = [entry.rank for entry in book.industries.by_code.values() if entry.section == "C"]
    counts = {rank: ranks.count(rank) for rank in Rank}
    assert counts == {Rank.SECTION: 1, Rank.DIVISION: 31, Rank.GROUP: 179, Rank.CLASS: 609}


def test_a_class_lies_in_its_group_division_and_section(book: ReferenceBook) -> None:
    industries = book.industries
    assert industries.path("3911") == ("3911", "391", "39", "C")
    assert all(industries.is_within("3911", above) for above in ("3911", "391", "39", "C"))
    assert not industries.is_within("3911", "38")
    assert not industries.is_within("39", "391")
    assert not industries.is_within("9999", "C")


def test_every_code_but_a_section_begins_with_its_parent(book: ReferenceBook) -> None:
    for entry in book.industries.by_code.values():
        if entry.rank in {Rank.GROUP, Rank.CLASS}:
            assert entry.parent == entry.code[:-1]
        elif entry.rank is Rank.DIVISION:
            assert entry.parent == entry.section


@pytest.mark.parametrize(
    ("text", "code"),
    [("3911", "3911"), (" ３９１１ ", "3911"), ("C3911", "3911"), ("c39", "39"), ("C", "C")],
)
def test_a_cell_may_carry_the_section_letter_and_full_width_digits(
    book: ReferenceBook, text: str, code: str
) -> None:
    assert book.industries.parse(text) == book.industries.get(code)


@pytest.mark.parametrize("text", ["F3911", "3999999", "", "电子"])
def test_a_wrong_letter_or_an_unlisted_code_is_none(book: ReferenceBook, text: str) -> None:
    assert book.industries.parse(text) is None


def test_below_lists_the_next_rank_only(book: ReferenceBook) -> None:
    assert [entry.code for entry in book.industries.below("595")] == ["5951", "5952", "5959"]


def test_a_child_before_its_parent_is_refused() -> None:
    with pytest.raises(ValueError, match="parent C"):
        Industries.build([Industry("13", "农副食品加工业", Rank.DIVISION, "C", "C")])
