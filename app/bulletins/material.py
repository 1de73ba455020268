"""What a bulletin is made of: figures of two months, groups, what is late, blocked and changed (pure).

Percentages are those that were published: a bulletin compares what readers have seen, never what it computes
anew. Amounts are fen, instants aware.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Share:
    """A published ratio; `percent` has two places, None: out of nothing."""

    part: int
    whole: int
    percent: str | None


@dataclass(frozen=True, slots=True)
class MonthFigures:
    """Published figures of a group of entries (docs/decisions/0003); days are (p50, p90)."""

    entries: int
    assigned: Share
    contacted: Share
    answered: Share
    credited: Share
    disbursed: Share
    needed_fen: int
    credited_fen: int
    disbursed_fen: int
    rate: str | None
    first_loan: Share
    first_loan_unknown: int
    credit_loan: Share
    medium_long_term: Share
    contact_days: tuple[int | None, int | None]
    answer_days: tuple[int | None, int | None]
    uncounted: int
    simulated: int

    @property
    def coverage(self) -> Share:
        """Contacted out of entries (对接覆盖率)."""
        return self.contacted


@dataclass(frozen=True, slots=True)
class Group:
    """A row of a cut; `before` are its figures of the month before, where they can be compared.

    `hidden` are the measures (entries, assigned, contacted, answered, credited, disbursed) whose cells are withheld;
    `rank` is its place among those of its level, None: it is not ranked.
    """

    key: str
    name: str
    level: str
    figures: MonthFigures
    restated: MonthFigures | None = None
    before: MonthFigures | None = None
    hidden: frozenset[str] = frozenset()
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A target of a policy beside its figure; `value` and `actual` are texts with their unit."""

    name: str
    value: str
    actual: str
    state: str
    due_on: date | None
    citation: str


@dataclass(frozen=True, slots=True)
class LateCount:
    """Entries whose day has passed, of one institution, region and step; days are working days."""

    institution: str
    region: str
    step: str
    count: int
    longest_days: int | None


@dataclass(frozen=True, slots=True)
class OpenClass:
    """Entries that a class of obstacles leads and that nobody has granted credit yet."""

    route: str
    name: str
    count: int
    responsible_body: str
    receiver: str
    citation: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened within the month; `declines` are (reason in Chinese, how many)."""

    admitted: int = 0
    withdrawn: int = 0
    reopened: int = 0
    rerouted: int = 0
    declines: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True, slots=True)
class RestatedMonth:
    """A closed month whose facts are known better today."""

    month: str
    closed: MonthFigures
    today: MonthFigures


@dataclass(frozen=True, slots=True)
class Closing:
    """Under what the month was closed."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Material:
    """All that a bulletin says of a month.

    `before` is the month before; its figures are None when they cannot be compared, and
    `incomparable` then says why. `as_of` is the instant for which late entries and obstacles are told,
    `smallest_cell` the fewest entries behind a published cell.
    """

    smallest_cell: int
    jurisdiction: str
    jurisdiction_name: str
    month: str
    edition: str
    until: datetime
    closing: Closing | None
    facts_sha256: str
    total: MonthFigures
    restated: MonthFigures | None
    before: MonthFigures | None
    incomparable: str
    regions: Sequence[Group]
    chains: Sequence[Group]
    institutions: Sequence[Group]
    targets: Sequence[Target]
    as_of: datetime
    late: Sequence[LateCount]
    open_classes: Sequence[OpenClass]
    changes: Changes
    restated_months: Sequence[RestatedMonth]
    method: Sequence[str]


def points(now: str | None, before: str | None) -> str | None:
    """Answer the difference of two published percentages in percentage points; None unless there are both."""
    if now is None or before is None:
        return None
    return str(Decimal(now) - Decimal(before))
