"""A booklet part by part, for those who read it on pages: a section so many items at a time, however many there are (pure).

The items of a section are its pointers, the rows of its tables and its entries, in this order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from app.booklet.booklet import Booklet, BookletSection, Chapter

Item = TypeVar("Item")
NEED: Final = "need-"
"""Keys of sections of a purpose begin so; the purpose's word follows."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which products of a section are wanted; empty: all."""

    purpose: str = ""
    institution: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """So many items of a section."""

    section: BookletSection
    """With these items alone."""
    before: int
    total: int

    @property
    def last(self) -> int:
        """Answer the place of its last item, from 1."""
        return self.before + items_of(self.section)

    @property
    def has_more(self) -> bool:
        """Whether items follow."""
        return self.last < self.total


def items_of(section: BookletSection) -> int:
    """Answer how many items a section has."""
    return len(section.links) + sum(len(table.rows) for table in section.tables) + len(section.entries)


def find(booklet: Booklet, key: str) -> tuple[Chapter, BookletSection | None] | None:
    """Answer the chapter that is called so, or the section with its chapter."""
    for chapter in booklet.chapters:
        if chapter.key == key:
            return chapter, None
        for section in chapter.sections:
            if section.key == key:
                return chapter, section
    return None


def places(booklet: Booklet) -> Mapping[str, tuple[str, int]]:
    """Answer by the key of each entry its section and how many items stand before it there."""
    return {
        entry.key: (section.key, place)
        for chapter in booklet.chapters
        for section in chapter.sections
        for place, entry in enumerate(section.entries, items_of(section) - len(section.entries))
    }


def offering(booklet: Booklet) -> Mapping[str, str]:
    """Answer by the key of each product's entry the code of the institution that offers it."""
    return {
        entry.key: entry.institution
        for chapter in booklet.chapters
        for section in chapter.sections
        for entry in section.entries
        if entry.institution
    }


def products_of(section: BookletSection) -> Iterable[str]:
    """Answer the keys of the products that a section tells of or points to; others' keys stand among them."""
    yield from (link.target for link in section.links)
    yield from (entry.key for entry in section.entries)


def chosen(booklet: Booklet, section: BookletSection, choice: Choice) -> BookletSection:
    """Answer a section with the products that are wanted alone; what is no product stays."""
    if choice == Choice():
        return section
    offered = offering(booklet)
    wanted = {key for key, code in offered.items() if choice.institution in ("", code)}
    if choice.purpose:
        found = find(booklet, NEED + choice.purpose)
        wanted &= set(products_of(found[1])) if found and found[1] else set()
    return section.model_copy(
        update={
            "links": [one for one in section.links if one.target in wanted or one.target not in offered],
            "entries": [one for one in section.entries if one.key in wanted or one.key not in offered],
        }
    )


def window(section: BookletSection, before: int, most: int) -> Window:
    """Answer at most so many items of a section, those before left out; tables without a row among them go."""
    left = before

    def cut(items: list[Item]) -> list[Item]:
        nonlocal left
        first, end = max(left, 0), max(left + most, 0)
        left -= len(items)
        return items[first:end]

    links = cut(section.links)
    tables = [
        table.model_copy(update={"rows": rows}) for table in section.tables if (rows := cut(table.rows))
    ]
    shown = section.model_copy(update={"links": links, "tables": tables, "entries": cut(section.entries)})
    return Window(shown, before, items_of(section))
