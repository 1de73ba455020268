"""The policy and product booklet 一本通 as a value: chapters of sections, each with sentences, links, tables and entries.

JSON, page and document show this value and nothing else, so that they cannot differ. Every part that can be pointed to
has a key, which is its anchor on the page and its bookmark in the document.
"""

from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.kernel.printing import plain

Text = Annotated[str, AfterValidator(plain)]
"""A text of a booklet: names and notes come from many hands, and a booklet goes to many."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class BookletFact(_Value):
    """One line of an entry."""

    label: Text = Field(description="What it is, in Chinese.")
    value: Text = Field(description="What it says, in Chinese.")
    clause: Text = Field(
        default="", description="The clause that it rests on (依据); empty: the bank's own terms."
    )


class Link(_Value):
    """A pointer to another part of the booklet."""

    text: Text = Field(description="What it is called.")
    target: Text = Field(description="Key of the entry that it leads to.")
    note: Text = Field(default="", description="What helps to choose: institution, amount, clause.")


class BookletColumn(_Value):
    """A column of a table."""

    label: Text = Field(description="Heading in Chinese.")
    is_number: bool = Field(default=False, description="Set to the right.")


class BookletTable(_Value):
    """A table."""

    key: Text = Field(description="Name of the table.")
    title: Text = Field(description="Title in Chinese.")
    columns: list[BookletColumn] = Field(description="Columns.")
    rows: list[list[Text]] = Field(description="Rows: one text for each column.")


class Entry(_Value):
    """Something with a name that readers look for: a support, a clause, a plan, a product, a word."""

    key: Text = Field(description="Anchor on the page and bookmark in the document.")
    title: Text = Field(description="Name.")
    subtitle: Text = Field(default="", description="Whose it is, or where it is written.")
    institution: Text = Field(
        default="", description="Code of the institution that offers it (机构代码); empty: it is no product."
    )
    sentences: list[Text] = Field(default_factory=list, description="What it says in plain words.")
    facts: list[BookletFact] = Field(default_factory=list, description="Its terms, line by line.")


class BookletSection(_Value):
    """A section of a chapter."""

    key: Text = Field(description="Anchor on the page and bookmark in the document.")
    heading: Text = Field(description="Heading with its number.")
    sentences: list[Text] = Field(default_factory=list, description="What the section says.")
    links: list[Link] = Field(default_factory=list, description="Where to read on.")
    tables: list[BookletTable] = Field(default_factory=list, description="Tables.")
    entries: list[Entry] = Field(default_factory=list, description="Entries in their order.")


class Chapter(_Value):
    """A chapter of the booklet."""

    key: Text = Field(description="Anchor on the page and bookmark in the document.")
    heading: Text = Field(description="Heading with its number.")
    sentences: list[Text] = Field(default_factory=list, description="What the chapter is for.")
    sections: list[BookletSection] = Field(description="Sections in their order.")


class Booklet(_Value):
    """The booklet of one library edition."""

    title: Text = Field(description="Title.")
    jurisdiction: Text = Field(
        description="Region code of the government (行政区划代码).", examples=["230000"]
    )
    library: Text = Field(description="Edition of the product library (产品库版次).", examples=["2023Q4"])
    on: date = Field(
        description="Day whose policies and products it tells: that of the library's publication, the quarter's last at most."
    )
    published_at: datetime = Field(description="When the library was published (UTC).")
    is_demo: bool = Field(description="Whether a product in it is invented (演示数据).")
    products: int = Field(description="Number of products (产品数).")
    institutions: int = Field(description="Number of institutions that offer them (机构数).")
    supports: int = Field(description="Number of supports that policies in force give (支持政策数).")
    inputs_sha256: Text = Field(description="SHA-256 of all that it is made of; equal inputs, equal booklet.")
    chapters: list[Chapter] = Field(description="Chapters in their order.")


def entries_saying(booklet: Booklet, text: str) -> list[Link]:
    """Answer the entries in which a text stands, in their order; the case of letters plays no part."""
    wanted = text.casefold()
    return [
        Link(text=entry.title, target=entry.key, note=entry.subtitle)
        for chapter in booklet.chapters
        for section in chapter.sections
        for entry in section.entries
        if wanted in _said(entry).casefold()
    ]


def _said(entry: Entry) -> str:
    facts = (f"{fact.label} {fact.value} {fact.clause}" for fact in entry.facts)
    return "\n".join((entry.title, entry.subtitle, *entry.sentences, *facts))
