"""What the two sides hand in: quotas, contracts in force, and lists; and everything that is wrong with them.

A list is a sequence of groups, the best first; those of one group are liked alike. It may be incomplete: `rest` says what
becomes of those it does not name. A participant that hands in no list is open to all by computed preferences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain

from app.kernel.errors import Fault
from app.selection.market import MOST_PLACES, Side


class Rest(StrEnum):
    """What becomes of those that a list does not name."""

    COMPUTED = "computed"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Statement:
    """A participant's list: groups of the other side's codes, best first, and whom it refuses in any case."""

    participant: str
    tiers: tuple[tuple[str, ...], ...] = ()
    refuses: tuple[str, ...] = ()
    rest: Rest = Rest.COMPUTED


@dataclass(frozen=True, slots=True)
class Entrants:
    """Who takes part with which quota (by code), pairs (chain, bank) under contract now, and the lists handed in.

    A quota is the most partners at a time: contracts in force count against it.
    """

    chains: tuple[str, ...]
    banks: tuple[str, ...]
    quotas: Mapping[str, int]
    contracts: tuple[tuple[str, str], ...] = ()
    statements: tuple[Statement, ...] = ()
    _sides: Mapping[str, Side] = field(init=False, repr=False, compare=False)
    facing: Mapping[Side, frozenset[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        sides = dict.fromkeys(self.chains, Side.CHAINS) | dict.fromkeys(self.banks, Side.BANKS)
        object.__setattr__(self, "_sides", sides)
        facing = {Side.CHAINS: frozenset(self.banks), Side.BANKS: frozenset(self.chains)}
        object.__setattr__(self, "facing", facing)

    def side_of(self, code: str) -> Side | None:
        """Answer the side of a participant; None for somebody who takes no part."""
        return self._sides.get(code)

    def commitments(self) -> Counter[str]:
        """Count the contracts in force of each participant."""
        return Counter(code for pair in dict.fromkeys(self.contracts) for code in pair)


def faults_of(entrants: Entrants) -> list[Fault]:
    """Name everything that is wrong, in one pass; an empty list means that a market can be built of it."""
    faults = [*_in_participants(entrants), *_in_contracts(entrants), *_in_quotas(entrants)]
    authors = Counter(one.participant for one in entrants.statements)
    for at, statement in enumerate(entrants.statements):
        where, who = f"statements[{at}]", statement.participant
        if entrants.side_of(who) is None:
            message = f"{who} takes no part in this round"
            faults.append(Fault(f"{where}.participant", message, "Name a chain or a bank of the round.", who))
        elif authors[who] > 1:
            message = f"{who} has handed in {authors[who]} lists"
            faults.append(Fault(f"{where}.participant", message, "Keep one list of each participant.", who))
        faults += statement_faults(statement, entrants, where)
    return faults


def statement_faults(statement: Statement, entrants: Entrants, where: str) -> Iterator[Fault]:
    """Name what is wrong with one list; `where` is its place, as in `statements[2]`."""
    if not _is_sound(statement, entrants):
        yield from _each_fault(statement, entrants, where)


def _is_sound(statement: Statement, entrants: Entrants) -> bool:
    """Tell at once whether a list of thousands has no fault at all: places are written out only for one that has."""
    side = entrants.side_of(statement.participant)
    named = [*chain.from_iterable(statement.tiers), *statement.refuses]
    facing = frozenset[str]() if side is None else entrants.facing[side]
    is_said = any(statement.tiers) or statement.rest is Rest.COMPUTED
    return facing.issuperset(named) and len(set(named)) == len(named) and all(statement.tiers) and is_said


def _each_fault(statement: Statement, entrants: Entrants, where: str) -> Iterator[Fault]:
    named = [
        (f"{where}.tiers[{tier}][{at}]", code)
        for tier, group in enumerate(statement.tiers)
        for at, code in enumerate(group)
    ]
    yield from _repeated(statement.participant, named, is_ranking=True)
    for tier, group in enumerate(statement.tiers):
        if not group:
            yield Fault(f"{where}.tiers[{tier}]", "a group names nobody", "Leave the group out.")
    refused = [(f"{where}.refuses[{at}]", code) for at, code in enumerate(statement.refuses)]
    yield from _repeated(statement.participant, refused, is_ranking=False)
    ranked = {code for _, code in named}
    for place, code in refused:
        if code in ranked:
            message = f"{statement.participant} both ranks and refuses {code}"
            yield Fault(place, message, "Keep it in one of the two.", code)
    for place, code in named + refused:
        if strange := _strange(statement.participant, code, entrants):
            yield Fault(place, strange, "Name only participants of the other side.", code)
    if statement.rest is Rest.NOBODY and not ranked:
        message = f"{statement.participant} names nobody and accepts nobody else"
        yield Fault(
            where, message, "Set its quota to what it has under contract to stay out, or name somebody."
        )


def _strange(author: str, code: str, entrants: Entrants) -> str | None:
    side, own = entrants.side_of(code), entrants.side_of(author)
    if code == author:
        return f"{author} names itself"
    if side is None:
        return f"{code} takes no part in this round"
    return f"{code} is on the same side as {author}" if side is own else None


def _repeated(author: str, named: list[tuple[str, str]], *, is_ranking: bool) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for place, code in named:
        if code in seen:
            message = (
                f"{author} ranks {code} twice, first at {seen[code]}"
                if is_ranking
                else f"{author} refuses {code} twice, first at {seen[code]}"
            )
            yield Fault(place, message, "Name it once.", code)
        seen.setdefault(code, place)


def _in_participants(entrants: Entrants) -> Iterator[Fault]:
    for side, codes in ((Side.CHAINS, entrants.chains), (Side.BANKS, entrants.banks)):
        seen: set[str] = set()
        for at, code in enumerate(codes):
            if code in seen:
                yield Fault(f"{side.value}[{at}]", f"{code} takes part twice", "Name it once.", code)
            seen.add(code)
    both = set(entrants.chains)
    for at, code in enumerate(entrants.banks):
        if code in both:
            yield Fault(f"banks[{at}]", f"{code} is on both sides", "Name it as a chain or as a bank.", code)


def _in_contracts(entrants: Entrants) -> Iterator[Fault]:
    seen: dict[tuple[str, str], int] = {}
    for at, pair in enumerate(entrants.contracts):
        for code, side in zip(pair, Side, strict=True):
            if entrants.side_of(code) is not side:
                message = (
                    f"{code} is no chain of this round"
                    if side is Side.CHAINS
                    else f"{code} is no bank of this round"
                )
                yield Fault(f"contracts[{at}]", message, "Name a chain and a bank that take part.", code)
        if seen.setdefault(pair, at) < at:
            yield Fault(
                f"contracts[{at}]",
                f"{pair[0]} and {pair[1]} are under contract already",
                "Name the pair once.",
            )


def _in_quotas(entrants: Entrants) -> Iterator[Fault]:
    commitments = entrants.commitments()
    for code in dict.fromkeys((*entrants.chains, *entrants.banks)):
        quota, held = entrants.quotas.get(code), commitments[code]
        where = f"quotas.{code}"
        if quota is None:
            yield Fault(where, f"{code} has no quota", "Say how many it takes at most, contracts included.")
        elif not 0 <= quota <= MOST_PLACES:
            yield Fault(where, f"not a number from 0 to {MOST_PLACES}", "Correct it.", str(quota))
        elif quota < held:
            message = f"{code} has a quota of {quota}, below its contracts in force: {held}"
            yield Fault(where, message, f"Set it to {held} or more, or end contracts first.", str(quota))
    for code in entrants.quotas:
        if entrants.side_of(code) is None:
            yield Fault(f"quotas.{code}", f"{code} takes no part in this round", "Leave it out.", code)
