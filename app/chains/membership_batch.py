"""Proposals for a whole roster: every phrase of every scope is read once, every word found by one table.

The table leads from the first two characters of a place to the words that may begin there; an industry is
compared with the links once. Answers equal `propose` of each firm.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.chains.evidence import NAME_PLACE, WEIGHTS, Hit, ScopeReading, Traits, Weight
from app.chains.membership import Answer, Ground, LinkOfChain, decide
from app.chains.profiles import ChainProfile
from app.chains.scopes import Spans, Stance, is_cut, items_of_phrase, phrases, verbs_at

MOST_REPEATED: Final = 3
"""Items of a phrase that is kept: firms repeat each other's short phrases (货物进出口), and hardly any long one."""
_TRADED, _OF_NAME = Stance.TRADED, Weight.NAME


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

    def find(self, text: str, verbs: Spans = ()) -> list[tuple[int, str]]:
        """Answer (number of a link, word) for each word that cuts no verb, outside of that link's exclusions."""
        begun = self._by_start
        places = [at for at in range(len(text) - 1) if text[at : at + 2] in begun]
        if not places:
            return []
        words: list[tuple[int, int, str]] = []
        shut: dict[int, list[tuple[int, int]]] = {}
        for at in places:
            for word, owners, shutters in begun[text[at : at + 2]]:
                if text.startswith(word, at) and not (verbs and is_cut(at, at + len(word), verbs)):
                    words += [(number, at, word) for number in owners]
                    for number in shutters:
                        shut.setdefault(number, []).append((at, at + len(word)))
        return list(
            {(number, word): None for number, at, word in words if _stands(at, word, shut.get(number))}
        )


def _stands(at: int, word: str, shut: list[tuple[int, int]] | None) -> bool:
    return shut is None or not any(since <= at and at + len(word) <= until for since, until in shut)


_Told = tuple[int, Weight, int, str]
"""Where among the items of its phrase a word stands, what it weighs there, the number of its link, the word."""


@dataclass(slots=True)
class _Reader:
    table: WordTable
    known: dict[str, tuple[Sequence[_Told], int, bool]] = field(default_factory=dict)
    words: dict[str, Sequence[tuple[int, str]]] = field(default_factory=dict)

    def read(self, traits: Traits) -> ScopeReading:
        # Places grow, and the words of one place stand in order: so do the hits of each link.
        found: dict[int, tuple[Hit, ...]] = {}
        for number, word in sorted(self.table.find(traits.name)):
            found[number] = (*found.get(number, ()), Hit(NAME_PLACE, word, _OF_NAME))
        begin, is_only_traded = 0, True
        for phrase in phrases(traits.scope):
            told, items, is_traded = self.known.get(phrase) or self._phrase(phrase)
            for place, weight, number, word in told:
                hit = Hit(begin + place, word, weight)
                before = found.get(number)
                found[number] = (hit,) if before is None else (*before, hit)
            begin += items
            is_only_traded = is_only_traded and is_traded
        return ScopeReading(found, is_only_traded and begin > 0)

    def _phrase(self, phrase: str) -> tuple[Sequence[_Told], int, bool]:
        """Answer what a phrase tells, of how many items, and whether all of them are only traded."""
        items = items_of_phrase(phrase)
        told: list[_Told] = []
        is_only_traded = True
        for place, (text, stance) in enumerate(items):
            if stance is not _TRADED:
                is_only_traded, weight = False, WEIGHTS[stance]
                told += [(place, weight, number, word) for number, word in self._words(text)]
        reading = (told, len(items), is_only_traded)
        if len(items) <= MOST_REPEATED:
            self.known[phrase] = reading
        return reading

    def _words(self, text: str) -> Sequence[tuple[int, str]]:
        words = self.words.get(text)
        if words is None:
            words = self.words[text] = sorted(self.table.find(text, verbs_at(text)))
        return words


def propose_all(firms: Iterable[Traits], chains: Iterable[ChainProfile]) -> list[Answer]:
    """Propose the chains of each firm, in the order given; equals `propose` of each."""
    ground = Ground(chains)
    reader = _Reader(WordTable(ground.links))
    return [decide(traits, ground, reader.read(traits)) for traits in firms]
