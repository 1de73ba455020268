"""The facts of a month: one row for each entry, and all that its figures are computed from.

Facts are those that happened before the end of the month in Asia/Shanghai. They hold no figure:
whoever has them can recompute everything (coverage/rules.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Credit:
    """One approval that counts: fen, basis points a year, months."""

    amount_fen: int
    rate_bp: int
    term_months: int
    is_credit_loan: bool


@dataclass(frozen=True, slots=True)
class Party:
    """What came of an entry while one institution was responsible for it.

    The instants are those at which the entry reached each level under this institution, in the
    order of time (coverage/levels.py); None: not reached by the end of the month. `is_current`:
    it is responsible at the end of the month. `uncounted` are answers and payments that happened
    before the level which they presuppose.
    """

    institution: str
    assigned_at: datetime
    is_current: bool
    contacted_at: datetime | None = None
    answered_at: datetime | None = None
    credited_at: datetime | None = None
    disbursed_at: datetime | None = None
    credits: tuple[Credit, ...] = ()
    disbursed_fen: int = 0
    uncounted: int = 0


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """An entry that was on the roster at the end of the month.

    `strays` are answers and payments which no responsible institution's time covers.
    """

    entry: str
    region: str
    chain: str | None
    source_class: str
    size_class: str | None
    amount_fen: int
    first_loan: bool | None
    admitted_at: datetime
    parties: tuple[Party, ...] = ()
    strays: int = 0
    is_simulated: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A node of the tree of regions or institutions: name, code of the node above, level."""

    name: str
    parent: str | None
    level: str


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """All facts of a month of one edition, with the names and trees that cuts need.

    `until` is the first instant after the month. Regions and institutions hold what the entries
    lie in, up to the root; entries are in the order of their codes.
    """

    jurisdiction: str
    edition: str
    month: str
    until: datetime
    entries: tuple[EntryFacts, ...]
    regions: Mapping[str, Place]
    institutions: Mapping[str, Place]
    chains: Mapping[str, str]


def path_of(code: str, places: Mapping[str, Place]) -> tuple[str, ...]:
    """Answer a place's codes from the root down to itself; just itself where it is not listed."""
    path = [code]
    while (place := places.get(path[-1])) is not None and place.parent not in {None, *path}:
        path.append(str(place.parent))
    return tuple(reversed(path))
