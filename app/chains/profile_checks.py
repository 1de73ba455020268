"""What contradicts a set of chain profiles: every fault at once, none of them fatal to finding the others."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from app.chains.profiles import STANDARD, ChainProfile, Link, Role
from app.kernel.errors import Fault
from app.policy.facts import PURPOSES
from app.reference.industries import Industries
from app.reference.regions import Regions

WhereOf = Callable[[str], str]
LEAST_WORD: Final = 2
"""A single character stands in too many other words to say anything."""


@dataclass(frozen=True, slots=True)
class PlacedProfile:
    """A profile and where its keys stand (`links[2].words` → file and line)."""

    profile: ChainProfile
    where: WhereOf


def faults_of_profiles(
    placed: Sequence[PlacedProfile], industries: Industries, regions: Regions
) -> Iterator[Fault]:
    """Name codes given twice, unknown industries, regions and purposes, and contradictions between links."""
    seen: set[str] = set()
    for item in placed:
        chain = item.profile
        if chain.code in seen:
            yield Fault(item.where("code"), "a chain of this code stands twice", "Keep one.", chain.code)
        seen.add(chain.code)
        if regions.get(chain.jurisdiction) is None:
            remedy = regions.hint(chain.jurisdiction)
            yield Fault(item.where("jurisdiction"), "no region of today", remedy, chain.jurisdiction)
        yield from _faults_of_sources(item)
        for i, link in enumerate(chain.links):
            yield from _faults_of_link(link, f"links[{i}]", item.where, industries)
        yield from _faults_between(item)
        yield from _faults_of_order(item)


def _faults_of_sources(item: PlacedProfile) -> Iterator[Fault]:
    if not item.profile.sources:
        remedy = f"Cite the clause that names it, or {STANDARD}."
        yield Fault(item.where("sources"), "nothing says where the chain is named", remedy)
    if not any(link.role is Role.CORE for link in item.profile.links):
        yield Fault(item.where("links"), "no link has the role core", "Say where a 链主 can stand.")


def _faults_of_link(link: Link, at: str, where: WhereOf, industries: Industries) -> Iterator[Fault]:
    if not link.industries and not link.words:
        yield Fault(where(at), "has neither industries nor words", "Give one of them.", link.code)
    for code in link.industries:
        if industries.parse(code) is None or not code[:1].isalpha():
            remedy = "Write section letter and digits, such as C3412."
            yield Fault(where(f"{at}.industries"), f"not in {STANDARD}", remedy, code)
    for wide, narrow in combinations(sorted(link.industries), 2):
        if narrow.startswith(wide):
            yield Fault(where(f"{at}.industries"), f"lies in {wide} of the same link", "Keep one.", narrow)
    yield from _faults_of_words(link, at, where)
    for i, one in enumerate(link.purposes):
        if one.purpose not in PURPOSES:
            remedy = f"One of {', '.join(PURPOSES)}."
            yield Fault(where(f"{at}.purposes[{i}].purpose"), "unknown purpose", remedy, one.purpose)


def _faults_of_words(link: Link, at: str, where: WhereOf) -> Iterator[Fault]:
    for word in (*link.words, *link.exclude):
        if len(word) < LEAST_WORD:
            yield Fault(where(at), "a word needs two characters", "Write a longer one.", word)
    for phrase in link.exclude:
        if not any(word in phrase and word != phrase for word in link.words):
            remedy = "An exclusion is longer than the word that it shuts out."
            yield Fault(where(f"{at}.exclude"), "shuts out no word of the link", remedy, phrase)


def _faults_between(item: PlacedProfile) -> Iterator[Fault]:
    """Links of one chain whose firms could not be told apart."""
    links, owners = item.profile.links, dict[str, str]()
    for i, link in enumerate(links):
        if any(other.code == link.code for other in links[:i]):
            yield Fault(
                item.where(f"links[{i}].code"), "a link of this code stands twice", "Keep one.", link.code
            )
        for word in dict.fromkeys(link.words):
            if word in owners:
                message = f"is a word of link {owners[word]} too"
                yield Fault(item.where(f"links[{i}].words"), message, "Leave it to one link.", word)
            owners.setdefault(word, link.code)
    for (i, one), (j, other) in combinations(enumerate(links), 2):
        shared = next(
            (
                max(a, b, key=len)
                for a in one.industries
                for b in other.industries
                if a.startswith(b) or b.startswith(a)
            ),
            None,
        )
        if shared is not None and not (
            set(one.words) - set(other.words) and set(other.words) - set(one.words)
        ):
            message = f"overlaps link {one.code} (links[{i}]) and words do not tell them apart"
            yield Fault(
                item.where(f"links[{j}].industries"), message, "Give both words of their own.", shared
            )


def _faults_of_order(item: PlacedProfile) -> Iterator[Fault]:
    """Unknown links supplied, and links that stand upstream of themselves (each ring is named once)."""
    feeds: dict[str, tuple[str, ...]] = {}
    for link in item.profile.links:
        feeds[link.code] = (*feeds.get(link.code, ()), *link.feeds)
    for i, link in enumerate(item.profile.links):
        for code in link.feeds:
            if code not in feeds:
                yield Fault(item.where(f"links[{i}].feeds"), "no such link in this chain", "", code)
    for ring in _rings(feeds):
        at = next(i for i, link in enumerate(item.profile.links) if link.code == ring[0])
        message = f"stands upstream of itself: {' → '.join((*ring, ring[0]))}"
        yield Fault(item.where(f"links[{at}].feeds"), message, "Take out one of these steps.", ring[0])


def _rings(feeds: dict[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Answer for each strongly connected set of links one ring through it, by its first link."""
    reach = {code: _reached_from(code, feeds) for code in feeds}
    sets = defaultdict[frozenset[str], list[str]](list)
    for code in feeds:
        if code in reach[code]:
            sets[frozenset(other for other in reach[code] if code in reach.get(other, ()))].append(code)
    return [_ring_of(codes[0], members, feeds) for members, codes in sets.items()]


def _reached_from(code: str, feeds: dict[str, tuple[str, ...]]) -> set[str]:
    reached, waiting = set[str](), list(feeds[code])
    while waiting:
        other = waiting.pop()
        if other not in reached:
            reached.add(other)
            waiting.extend(feeds.get(other, ()))
    return reached


def _ring_of(start: str, members: frozenset[str], feeds: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Answer a shortest way from a link back to itself within its set."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    for way in ways:
        for code in feeds[way[-1]]:
            if code == start:
                return way
            if code in members and code not in seen:
                seen.add(code)
                ways.append((*way, code))
    raise AssertionError(start)
