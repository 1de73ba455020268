"""What a year's events may be about, and how often, from counted entries and the packs in force (pure)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.events.year import RHYTHM_LABELS, Rhythm, Series, Subject
from app.policy.facts import SOURCE_CLASSES

PARAMETERS: Final[Mapping[Rhythm, str]] = {
    Rhythm.YEARLY: "events.conferences_per_year",
    Rhythm.QUARTERLY: "events.activities_per_quarter",
    Rhythm.MONTHLY: "events.chain_events_per_month",
}
"""Parameters of packs that say how often."""
UNSET: Final[Mapping[Rhythm, int]] = {Rhythm.YEARLY: 0, Rhythm.QUARTERLY: 0, Rhythm.MONTHLY: 1}
"""How often where no pack in force says it."""
BY_OPERATOR: Final = "运营方设定"
ALL_BP: Final = 10_000
_AT: Final = "@"


@dataclass(frozen=True, slots=True)
class Counted:
    """Entries of a chain, class and city: on the roster, open, contacted."""

    chain: str | None
    source_class: str
    city: str
    entries: int
    open: int
    contacted: int


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """A chain as calendars see it: who has to be there, chain people and contracted banks."""

    code: str
    name: str
    people: frozenset[str]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What subjects are made from; `places` names regions, `last` is the day of each subject's last event."""

    jurisdiction: str
    places: Mapping[str, str]
    chains: tuple[ChainFacts, ...]
    counted: tuple[Counted, ...]
    last: Mapping[str, date]

    def place_name(self, code: str) -> str:
        return self.places.get(code, code)


@dataclass(frozen=True, slots=True)
class Rate:
    """How often a rhythm comes, and what says so."""

    count: int
    clause: str


def rate_of(rhythm: Rhythm, asked: int | None, stated: Rate | None) -> Rate:
    """Answer how often: what was asked for, else what a pack in force says, else the operator's default."""
    if asked is None:
        return stated or Rate(UNSET[rhythm], BY_OPERATOR)
    if stated is not None:
        more = "" if stated.count == asked else f"（{BY_OPERATOR}为{asked}场）"
        return Rate(asked, f"{stated.clause}{more}")
    return Rate(asked, BY_OPERATOR)


def series_of(
    around: Surroundings, rates: Mapping[Rhythm, Rate], conference_month: int | None
) -> list[Series]:
    """Answer the series of a year; a rhythm of count 0, or without subjects, has none."""
    made = {
        Rhythm.YEARLY: (conference(around),),
        Rhythm.QUARTERLY: field_subjects(around),
        Rhythm.MONTHLY: chain_subjects(around),
    }
    return [
        Series(
            rhythm,
            subjects,
            rates[rhythm].clause,
            rates[rhythm].count,
            conference_month if rhythm is Rhythm.YEARLY else None,
        )
        for rhythm, subjects in made.items()
        if rates[rhythm].count and subjects
    ]


def conference(around: Surroundings) -> Subject:
    """Answer the whole jurisdiction as the subject of a conference."""
    name = around.place_name(around.jurisdiction)
    return _subject(
        around, around.jurisdiction, f"{name}制造业", around.jurisdiction, frozenset(), around.counted
    )


def chain_subjects(around: Surroundings) -> tuple[Subject, ...]:
    """Answer every chain; its place is the city with most of its open needs, else the jurisdiction's seat."""
    by_chain = defaultdict(list)
    for one in around.counted:
        by_chain[one.chain].append(one)
    return tuple(
        _subject(
            around,
            chain.code,
            chain.name,
            _seat(around, by_chain[chain.code]),
            chain.people,
            by_chain[chain.code],
        )
        for chain in around.chains
    )


def field_subjects(around: Surroundings) -> tuple[Subject, ...]:
    """Answer each field (名单类别) in each city that has open needs there; nobody has to be at two of them."""
    by_field = defaultdict(list)
    for one in around.counted:
        by_field[one.source_class, one.city].append(one)
    return tuple(
        _subject(
            around,
            f"{kind}{_AT}{city}",
            f"{around.place_name(city)}{SOURCE_CLASSES.get(kind, kind)}",
            city,
            frozenset(),
            counted,
            theme=kind,
        )
        for (kind, city), counted in sorted(by_field.items())
        if sum(one.open for one in counted)
    )


def _seat(around: Surroundings, counted: Iterable[Counted]) -> str:
    open_ = Counter[str]()
    for one in counted:
        open_[one.city] += one.open
    return min(open_, key=lambda city: (-open_[city], city), default=around.jurisdiction)


def _subject(
    around: Surroundings,
    code: str,
    name: str,
    place: str,
    people: frozenset[str],
    counted: Sequence[Counted],
    *,
    theme: str = "",
) -> Subject:
    entries = sum(one.entries for one in counted)
    contacted = sum(one.contacted for one in counted)
    return Subject(
        code=code,
        name=name,
        place=place,
        place_name=around.place_name(place),
        people=people,
        open_needs=sum(one.open for one in counted),
        coverage_bp=contacted * ALL_BP // entries if entries else None,
        last_event=around.last.get(code),
        theme=theme,
    )


def period_of(rhythm: Rhythm, day: date) -> date:
    """Answer the first day of the month, quarter or year in which a day lies."""
    first_month = {
        Rhythm.YEARLY: 1,
        Rhythm.QUARTERLY: (day.month - 1) // 3 * 3 + 1,
        Rhythm.MONTHLY: day.month,
    }
    return date(day.year, first_month[rhythm], 1)


def event_name(rhythm: Rhythm, subject_name: str) -> str:
    """Answer what an event is called."""
    return f"{RHYTHM_LABELS[rhythm]}：{subject_name}"
