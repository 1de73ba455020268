"""Proposals for a whole roster: every phrase of every scope is read once, every word found by one table.

The table leads from the first two characters of a place to the words that may begin there; an industry is
compared with the links once. Answers equal `propose` of each firm.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from app.chains.evidence import NAME_PLACE, WEIGHTS, Hit, ScopeReading, Traits, Weight
from app.chains.membership import Answer, LinkOfChain, decide, links_of, why_none
from app.chains.profiles import ChainProfile
from app.chains.scopes import Stance, items_of_phrase, phrases


class WordTable:
    """All words and exclusions of all links, found in a text in one pass."""

    def __init__(self, links: Sequence[LinkOfChain]) -> None:
        words, exclusions = defaultdict[str, list[int]](list), defaultdict[str, list[int]](list)
        for number, at in enumerate(links):
            for word in dict.fromkeys(at.link.words):
                words[word].append(number)
            for phrase in dict.fromkeys(at.link.exclude):
                exclusions[phrase].append(number)
        self._by_start: dict[str, list[tuple[str, list[int], list[int]]]] = {}
        for text in words.keys() | exclusions.keys():
            self._by_start.setdefault(text[:2], []).append(
                (text, words.get(text, []), exclusions.get(text, []))
            )

    def find(self, text: str) -> list[tuple[int, str]]:
        """Answer (number of a link, word) for each word outside of that link's exclusions."""
        begun = self._by_start
        places = [at for at in range(len(text) - 1) if text[at : at + 2] in begun]
        if not places:
            return []
        words: list[tuple[int, int, str]] = []
        shut: dict[int, list[tuple[int, int]]] = {}
        for at in places:
            for word, owners, shutters in begun[text[at : at + 2]]:
                if text.startswith(word, at):
                    words += [(number, at, word) for number in owners]
                    for number in shutters:
                        shut.setdefault(number, []).append((at, at + len(word)))
        return list(
            {(number, word): None for number, at, word in words if _stands(at, word, shut.get(number))}
        )


def _stands(at: int, word: str, shut: list[tuple[int, int]] | None) -> bool:
    return shut is None or not any(since <= at and at + len(word) <= until for since, until in shut)


@dataclass(frozen=True, slots=True)
class _PhraseReading:
    hits: tuple[tuple[int, int, str, Weight], ...]
    items: int
    is_only_traded: bool


@dataclass
class _Reader:
    table: WordTable
    known: dict[str, _PhraseReading] = field(default_factory=dict)
    words: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def read(self, traits: Traits) -> ScopeReading:
        found = defaultdict[int, list[Hit]](list)
        for number, word in self.table.find(traits.name):
            found[number].append(Hit(NAME_PLACE, word, Weight.NAME))
        place, is_only_traded = 0, True
        for phrase in phrases(traits.scope):
            reading = self._phrase(phrase)
            for offset, number, word, weight in reading.hits:
                found[number].append(Hit(place + offset, word, weight))
            place += reading.items
            is_only_traded = is_only_traded and reading.is_only_traded
        hits = {number: tuple(sorted(hits)) for number, hits in found.items()}
        return ScopeReading(hits, is_only_traded and place > 0)

    def _words(self, text: str) -> list[tuple[int, str]]:
        words = self.words.get(text)
        if words is None:
            words = self.words[text] = self.table.find(text)
        return words

    def _phrase(self, phrase: str) -> _PhraseReading:
        reading = self.known.get(phrase)
        if reading is None:
            items = items_of_phrase(phrase)
            hits = tuple(
                (offset, number, word, WEIGHTS[item.stance])
                for offset, item in enumerate(items)
                if item.stance is not Stance.TRADED
                for number, word in self._words(item.text)
            )
            reading = self.known[phrase] = _PhraseReading(
                hits, len(items), all(item.stance is Stance.TRADED for item in items)
            )
        return reading


def propose_all(firms: Iterable[Traits], chains: Iterable[ChainProfile]) -> list[Answer]:
    """Propose the chains of each firm, in the order given; equals `propose` of each.

    Only the links that a firm's industry or words touch are weighed: those that neither touches propose nothing.
    """
    links = links_of(chains)
    reader = _Reader(WordTable(links))
    by_industry: dict[str | None, list[int]] = {None: []}
    by_chain = defaultdict[str, list[int]](list)
    for at in links:
        by_chain[at.chain.code].append(at.order)
    return [_one(traits, links, reader, by_industry, by_chain) for traits in firms]


def _one(
    traits: Traits,
    links: Sequence[LinkOfChain],
    reader: _Reader,
    by_industry: dict[str | None, list[int]],
    by_chain: dict[str, list[int]],
) -> Answer:
    reading = reader.read(traits)
    touched = by_industry.get(traits.industry)
    if touched is None:
        touched = by_industry[traits.industry] = _touched_by(traits.industry or "", links)
    numbers = sorted(
        {*touched, *reading.hits, *(n for one in traits.relations for n in by_chain.get(one.chain, ()))}
    )
    near = [links[number] for number in numbers]
    hits = {i: reading.hits[number] for i, number in enumerate(numbers) if number in reading.hits}
    answer = decide(traits, near, ScopeReading(hits, reading.is_only_traded))
    if answer.proposals:
        return answer
    return Answer(traits.subject, (), why_none(traits, links, reading))


def _touched_by(industry: str, links: Sequence[LinkOfChain]) -> list[int]:
    return [at.order for at in links if any(industry.startswith(code) for code in at.link.industries)]
