"""What speaks for a firm in a link: its industry, the words of its business scope and name, core firms' lists."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

from app.chains.profiles import DIVISION_LENGTH, Link, Role
from app.chains.scopes import Spans, Stance, is_cut, items_of, verbs_at


class Weight(IntEnum):
    """How much a word says by the place where it stands; traded goods say nothing."""

    NONE = 0
    UNSAID = 1
    NAME = 2
    MADE = 3


NAME_PLACE: Final = -1


class Hit(NamedTuple):
    """A word of a link found at a place: the number of the scope's item, or `NAME_PLACE` in the firm's name."""

    place: int
    word: str
    weight: Weight


@dataclass(frozen=True, slots=True)
class CoreRelation:
    """A core firm of a chain has listed the firm: its supplier (upstream) or its dealer (downstream)."""

    chain: str
    core_firm: str
    role: Role


@dataclass(frozen=True, slots=True)
class CoreNaming:
    """Somebody has named the firm a 链主 of a chain; `by` says who, in Chinese."""

    chain: str
    by: str


@dataclass(frozen=True, slots=True)
class Traits:
    """What is known of an enterprise.

    `industry` is a GB/T 4754-2017 code with section letter, of any rank (`C27`, `C2720`); it is `inferred`
    when it was itself read from the scope. `region` has six digits; None leaves every jurisdiction open.
    """

    subject: str
    name: str = ""
    region: str | None = None
    industry: str | None = None
    is_industry_inferred: bool = False
    scope: str = ""
    size_class: str | None = None
    relations: tuple[CoreRelation, ...] = ()
    namings: tuple[CoreNaming, ...] = ()


@dataclass(frozen=True, slots=True)
class ScopeReading:
    """What a scope and a name say: hits by number of the link, and whether every item (one at least) is only traded."""

    hits: dict[int, tuple[Hit, ...]]
    is_only_traded: bool


def industry_within(link: Link, industry: str | None) -> str | None:
    """Answer the narrowest of the link's codes in which the firm's industry lies, or None."""
    if industry is None:
        return None
    return max((code for code in link.industries if industry.startswith(code)), key=len, default=None)


def is_narrow(code: str) -> bool:
    """Tell whether a code is a group 中类 or class 小类 of the standard."""
    return len(code) > DIVISION_LENGTH


def is_wider(link: Link, industry: str | None) -> bool:
    """Tell whether the firm's industry is told so widely that one of the link's codes lies in it."""
    return industry is not None and any(code.startswith(industry) for code in link.industries)


WEIGHTS: Final = {Stance.TRADED: Weight.NONE, Stance.UNSAID: Weight.UNSAID, Stance.MADE: Weight.MADE}
"""What a word weighs in an item of that stance."""


def words_in(text: str, words: Iterable[str], exclude: Iterable[str], verbs: Spans = ()) -> list[str]:
    """Answer the words that stand in a text at least once outside of every longer excluded phrase.

    Neither words nor phrases stand where they cut one of the text's verbs.
    """
    shut = [(at, at + len(phrase)) for phrase in exclude for at in _places(text, phrase, verbs)]
    return [
        word
        for word in words
        if any(
            not any(since <= at and at + len(word) <= until for since, until in shut)
            for at in _places(text, word, verbs)
        )
    ]


def read_plainly(traits: Traits, links: Iterable[Link]) -> ScopeReading:
    """Read one firm's scope and name against every word of every link, one after the other."""
    items = items_of(traits.scope)
    texts: list[tuple[int, str, Weight, Spans]] = [(NAME_PLACE, traits.name, Weight.NAME, ())]
    texts += [
        (place, item.text, WEIGHTS[item.stance], verbs_at(item.text)) for place, item in enumerate(items)
    ]
    hits: dict[int, tuple[Hit, ...]] = {}
    for number, link in enumerate(links):
        found = [
            Hit(place, word, weight)
            for place, text, weight, verbs in texts
            if weight is not Weight.NONE
            for word in words_in(text, link.words, link.exclude, verbs)
        ]
        if found:
            hits[number] = tuple(sorted(found))
    return ScopeReading(hits, {item.stance for item in items} == {Stance.TRADED})


def _places(text: str, phrase: str, verbs: Spans) -> Iterator[int]:
    at = text.find(phrase)
    while at >= 0:
        if not is_cut(at, at + len(phrase), verbs):
            yield at
        at = text.find(phrase, at + 1)
