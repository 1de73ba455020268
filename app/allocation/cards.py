"""Anonymised cards: what an institution sees of needs before their enterprises consent. Pure.

Cards are k-anonymous over everything that they show of a need (Samarati & Sweeney, 1998, with top-down
specialisation as in Fung, Wang & Yu, 2005): all cards of a listing begin as one class that shows nothing;
columns are refined step by step, a class being split only into parts of at least k cards. So whatever
columns are put together, and however often, at least k cards of the listing show the same.
"""

import base64
import hashlib
import hmac
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from app.enterprises.need_facts import NeedFacts
from app.institutions.rules import areas_holding
from app.kernel.money import FEN_PER_WAN

K: Final = 5
"""So many cards at least show the same."""
COLUMNS: Final = ("city", "industry", "size_class", "amount", "term", "purposes", "secured", "chain")
STEPS: Final = (
    ("industry", 1), ("city", 1), ("size_class", 1), ("amount", 1), ("industry", 2), ("city", 2),
    ("purposes", 1), ("term", 1), ("amount", 2), ("chain", 1), ("secured", 1),
)  # fmt: skip
"""What is refined, in this order: the column, and which rung of its ladder it comes to show."""
_AMOUNT_BANDS: Final = (100, 500, 1000, 3000, 10_000)
_WIDE_BANDS: Final = (1000, 10_000)
_TERM_BANDS: Final = (12, 36)

Value = str | tuple[str, ...] | bool | None
Ladder = tuple[Value, ...]
"""A column's values from the coarsest (None: not shown) to the finest."""


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card could show, by column; each ladder as long as its column has rungs."""

    city: Ladder
    industry: Ladder
    size_class: Ladder
    amount: Ladder
    term: Ladder
    purposes: Ladder
    secured: Ladder
    chain: Ladder

    def at(self, levels: Sequence[int]) -> tuple[Value, ...]:
        """Answer what is shown when each column stands on a rung."""
        return tuple(getattr(self, name)[level] for name, level in zip(COLUMNS, levels, strict=True))

    def finest(self) -> tuple[Value, ...]:
        """Answer everything."""
        return tuple(getattr(self, name)[-1] for name in COLUMNS)


def card_facts(facts: NeedFacts, region: str, size_class: str | None, chain: str | None) -> CardFacts:
    """Read from a need what its card could show: no county, no exact amount, no finer industry than two digits."""
    industry = facts.industry or ""
    security = (facts.guarantee_available, bool(facts.collateral) if facts.collateral is not None else None)
    secured = True if True in security else None if None in security else False
    wan = -(-facts.amount // FEN_PER_WAN)
    return CardFacts(
        city=(None, f"{region[:2]}0000", f"{region[:4]}00"),
        industry=(None, industry[:1] or None, industry[:3] if len(industry) >= len("C34") else None),
        size_class=(None, size_class),
        amount=(None, _band(wan, _WIDE_BANDS, "万元"), _band(wan, _AMOUNT_BANDS, "万元")),
        term=(None, _band(facts.term_months, _TERM_BANDS, "个月")),
        purposes=(None, tuple(sorted(facts.purposes))),
        secured=(None, secured),
        chain=(None, chain),
    )


def _band(value: int, bounds: Sequence[int], unit: str) -> str:
    """Answer the band in which a value lies; each ends at its upper bound, which belongs to it."""
    below = [bound for bound in bounds if bound < value]
    above = [bound for bound in bounds if bound >= value]
    if not below:
        return f"不超过{above[0]:,}{unit}"
    return f"超过{below[-1]:,}{unit}" + (f"，不超过{above[0]:,}{unit}" if above else "")


@dataclass(frozen=True, slots=True)
class _Class:
    members: tuple[int, ...]
    levels: tuple[int, ...]


def anonymise(cards: Sequence[CardFacts], k: int = K) -> list[tuple[Value, ...]]:
    """Answer what each card shows, by COLUMNS, so that at least k of them show the same.

    Fewer than k cards in all show nothing.
    """
    nothing = _Class(tuple(range(len(cards))), (0,) * len(COLUMNS))
    classes = [nothing]
    for column, level in STEPS if len(cards) >= k else ():
        at = COLUMNS.index(column)
        classes = [part for one in classes for part in _refined(one, cards, at, level, k)]
    shown: list[tuple[Value, ...]] = [()] * len(cards)
    for one in classes:
        for member in one.members:
            shown[member] = cards[member].at(one.levels)
    return shown


def _refined(one: _Class, cards: Sequence[CardFacts], at: int, level: int, k: int) -> list[_Class]:
    """Split a class by a column's finer values; what would leave fewer than k together keeps the coarse one."""
    if one.levels[at] != level - 1:
        return [one]
    by_value: dict[Value, list[int]] = defaultdict(list)
    for member in one.members:
        by_value[getattr(cards[member], COLUMNS[at])[level]].append(member)
    # An unknown value shows as little as one that is kept back.
    rest = by_value.pop(None, [])
    large = []
    for members in sorted(by_value.values(), key=lambda found: (len(found), found)):
        if len(members) < k:
            rest += members
        else:
            large.append(members)
    while 0 < (lacking := max(k - len(rest), 0)) < k and large:
        # Too few to stay behind alone: the largest part lends some of its own if it can, else the smallest joins.
        if len(large[-1]) >= k + lacking:
            rest += [large[-1].pop() for _ in range(lacking)]
        else:
            rest += large.pop(0)
    finer = (*one.levels[:at], level, *one.levels[at + 1 :])
    parts = [_Class(tuple(members), finer) for members in large]
    return [*parts, _Class(tuple(rest), one.levels)] if rest else parts


def serves(areas: Iterable[str], region: str) -> bool:
    """Tell whether one of some areas is a region, its city, its province or the nation."""
    return not set(areas).isdisjoint(areas_holding(region))


def card_code(secret: bytes, institutions: Iterable[str], entry_code: str) -> str:
    """Answer the code of an entry's card for some institutions of a tree: always the same, not to be guessed.

    A head office and its branch list different cards, each k-anonymous by itself. Equal codes would let
    both listings be laid side by side, and what they show together would be less than k-anonymous.
    """
    said = "\n".join((*sorted(institutions), entry_code))
    digest = hmac.new(secret, said.encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:16]).decode().rstrip("=")
