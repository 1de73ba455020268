"""What events and spells say of dealings with products (pure).

Events name no product: that of an event is the one which the institution had in view when it happened, by the assignment
in force then. What an institution did without any product in view (routed entries) is nobody's product's.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from app.awards.observed import Credit, Dealing
from app.docking.kinds import EventKind
from app.docking.working_time import DayCounter
from app.kernel.shanghai import shanghai_date

GRANTED = EventKind.GUARANTEE_GRANTED.value
APPROVED = frozenset({EventKind.CREDIT_APPROVED.value, GRANTED})
ANSWERS = APPROVED | {EventKind.DECLINED.value}
BEGINS = (EventKind.CONTACTED.value, EventKind.ACCEPTED.value)
"""From what on days are counted, the first of these that there is; else from when it was assigned."""


class Happening(Protocol):
    """One event of an entry for an institution."""

    @property
    def kind(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def amount_fen(self) -> int | None: ...
    @property
    def rate_bp(self) -> int | None: ...
    @property
    def fee_bp(self) -> int | None: ...
    @property
    def score(self) -> int | None: ...


class Spelled(Protocol):
    """Since when an institution had an entry, and with which product in view."""

    @property
    def since(self) -> datetime: ...
    @property
    def product_id(self) -> int | None: ...
    @property
    def revision_id(self) -> int | None: ...


Party = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Promise:
    """What a product's revision declares: days, and the rate on the day of an instant."""

    days: int | None
    rate_bp: Callable[[datetime], tuple[int, int] | None]


@dataclass(frozen=True, slots=True)
class Period:
    """From an instant up to, and without, another."""

    since: datetime
    until: datetime

    def holds(self, at: datetime) -> bool:
        """Tell whether an instant lies in it."""
        return self.since <= at < self.until


def dealings_of(
    events: Mapping[Party, Sequence[Happening]],
    spells: Mapping[Party, Sequence[Spelled]],
    promises: Mapping[int, Promise],
    period: Period,
    counter: DayCounter,
) -> Iterator[Dealing]:
    """Answer the dealings of which something came in a period, by entry and institution."""
    for party in sorted(events):
        for spell, happened in _by_spell(events[party], spells.get(party, ())):
            if spell.product_id is None or spell.revision_id is None:
                continue
            made = _dealing(
                party[0], spell.product_id, spell, happened, promises[spell.revision_id], period, counter
            )
            if made is not None:
                yield made


def _by_spell(
    events: Sequence[Happening], spells: Sequence[Spelled]
) -> Iterator[tuple[Spelled, list[Happening]]]:
    """Divide events among the spells in which they happened; a spell with the product of the one before goes on with it."""
    kept: list[Spelled] = []
    for spell in spells:
        if not kept or kept[-1].product_id != spell.product_id:
            kept.append(spell)
    for spell, following in zip(kept, [*kept[1:], None], strict=True):
        yield (
            spell,
            [
                one
                for one in events
                if one.at >= spell.since and (following is None or one.at < following.since)
            ],
        )


def _dealing(
    entry: int,
    product: int,
    spell: Spelled,
    happened: Sequence[Happening],
    promise: Promise,
    period: Period,
    counter: DayCounter,
) -> Dealing | None:
    answer = next((one for one in happened if one.kind in ANSWERS), None)
    is_answered = answer is not None and period.holds(answer.at)
    credits_ = tuple(
        Credit(one.amount_fen or 0, rate, promise.rate_bp(one.at))
        for one in happened
        if one.kind in APPROVED and period.holds(one.at) and (rate := _rate(one)) is not None
    )
    # Of several ratings of one dealing the last stands.
    rated = [one.score for one in happened if one.score is not None and period.holds(one.at)][-1:]
    if not (is_answered or credits_ or rated):
        return None
    return Dealing(
        product,
        entry,
        is_approved=answer.kind in APPROVED if answer is not None and is_answered else None,
        days=_days(spell, happened, answer, counter) if answer is not None and is_answered else None,
        declared_days=promise.days,
        credits=credits_,
        ratings=tuple(rated),
    )


def _rate(event: Happening) -> int | None:
    return event.fee_bp if event.kind == GRANTED else event.rate_bp


def _days(
    spell: Spelled, happened: Sequence[Happening], answer: Happening, counter: DayCounter
) -> int | None:
    before = [one for one in happened if one.at <= answer.at]
    begins = (next((one.at for one in before if one.kind == kind), None) for kind in BEGINS)
    begun = next((at for at in begins if at is not None), spell.since)
    between = counter.between(shanghai_date(begun), shanghai_date(answer.at))
    if between is None:
        return None
    pauses = [
        (max(shanghai_date(start), shanghai_date(begun)), shanghai_date(end))
        for start, end in _pauses(before, answer.at)
        if end > begun
    ]
    return max(0, between - counter.covered(pauses))


def _pauses(events: Iterable[Happening], end: datetime) -> Iterator[tuple[datetime, datetime]]:
    begun: datetime | None = None
    for one in events:
        if one.kind == EventKind.PAUSED.value:
            begun = begun or one.at
        elif one.kind == EventKind.RESUMED.value and begun is not None:
            yield begun, one.at
            begun = None
    if begun is not None:
        yield begun, end


def inputs_of(dealings: Iterable[Dealing]) -> list[Any]:
    """Answer dealings as data whose hash tells one set from another; the order does not matter."""
    rows = [
        [
            [one.product_id, one.entry_id, one.is_approved, one.days, one.declared_days],
            [[each.amount_fen, each.rate_bp, each.declared_bp] for each in one.credits],
            list(one.ratings),
        ]
        for one in dealings
    ]
    return sorted(rows, key=repr)  # of some parts nothing is known: they have no order of their own
