"""A booklet's sections so many items at a time: nothing lost, nothing twice, products of one purpose or institution."""

import pytest

from app.booklet.booklet import Booklet, BookletSection
from app.booklet.composition import compose
from app.booklet.parts import Choice, chosen, find, items_of, places, window
from tests.booklet.materials import january


@pytest.fixture(scope="module")
def made() -> Booklet:
    return compose(january())


def section(made: Booklet, key: str) -> BookletSection:
    found = find(made, key)
    assert found is not None
    assert found[1] is not None
    return found[1]


@pytest.mark.parametrize("most", [1, 2, 3, 50])
def test_windows_one_after_the_other_hold_every_item_of_every_section_once(made: Booklet, most: int) -> None:
    for chapter in made.chapters:
        for whole in chapter.sections:
            links, rows, entries, before = [], [], [], 0
            while True:
                seen = window(whole, before, most)
                assert items_of(seen.section) <= most
                links += seen.section.links
                rows += [row for table in seen.section.tables for row in table.rows]
                entries += seen.section.entries
                if not seen.has_more:
                    break
                before = seen.last
            assert (links, entries) == (whole.links, whole.entries)
            assert rows == [row for table in whole.tables for row in table.rows]


def test_an_entry_stands_in_the_window_that_begins_at_its_place(made: Booklet) -> None:
    for key, (where, place) in places(made).items():
        assert window(section(made, where), place, 1).section.entries[0].key == key


def test_a_window_behind_the_last_item_is_empty(made: Booklet) -> None:
    seen = window(section(made, "form-loan"), 10_000, 50)
    assert (items_of(seen.section), seen.has_more) == (0, False)


def test_products_are_chosen_by_institution_and_purpose_and_supports_stay(made: Booklet) -> None:
    loans = section(made, "form-loan")
    assert [one.key for one in chosen(made, loans, Choice(institution="BF")).entries] == ["product-BF-XD"]
    assert [one.key for one in chosen(made, loans, Choice("research")).entries] == ["product-SJ-KCED"]
    assert chosen(made, loans, Choice("research", "BF")).entries == []
    assert chosen(made, loans, Choice("merger")).entries == []
    renewal = chosen(made, section(made, "need-renewal"), Choice(institution="SJ"))
    assert [one.target for one in renewal.links] == ["support-support.renewal"]


def test_chapters_and_sections_are_found_by_their_keys_and_nothing_else_is(made: Booklet) -> None:
    assert [find(made, chapter.key) for chapter in made.chapters] == [
        (chapter, None) for chapter in made.chapters
    ]
    assert find(made, "product-SJ-KCED") is None
