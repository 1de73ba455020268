"""What an event brought, thirty and ninety days after (pure): contacts, credit, payments, by a written rule.

It claims an order in time and the same pair of entry and bank, nothing more: see `RULE`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.docking.kinds import EventKind
from app.docking.rules import Event, effective
from app.kernel.shanghai import shanghai_date

WINDOWS: Final = (30, 90)
RULE: Final = (
    "归因规则：名单条目在活动上见过某银行，该银行在活动次日起第1日至第{days}日（含，上海时间）登记的首次对接（或走访）、首笔授信、首笔放款，"
    "归入本场；其间该条目在后一场活动又见过该银行的，归入后一场；被更正的记录不计。"
    "归因只说明先后次序和同一家银行，不说明因果：没有本场活动也可能发生，活动促成而未登记的不在其内，首笔之后的授信和放款不计。"
)
CONTACTS: Final = frozenset({EventKind.CONTACTED, EventKind.VISITED})


@dataclass(frozen=True, slots=True)
class Met:
    """An entry met a bank at an event; `institutions` (ids) are the bank's node and those for which its line logs."""

    entry: int
    bank: str
    institutions: frozenset[int]


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """An event that took place: its day, entries that were invited and that attended, and who met whom."""

    code: str
    day: date
    invited: frozenset[int]
    attended: frozenset[int]
    met: tuple[Met, ...]


@dataclass(frozen=True, slots=True)
class Attributed:
    """One docking event that counts for an event held before it."""

    entry: int
    bank: str
    kind: EventKind
    sequence: int
    day: date
    amount_fen: int
    on_earlier_credit: bool = False
    """Of a payment: the bank had approved the credit before the event, which cannot have brought the approval."""


@dataclass(frozen=True, slots=True)
class EventResult:
    """Figures of one window; counts are of entries, amounts fen. `is_complete`: the window is over."""

    days: int
    is_complete: bool
    invited: int
    attended: int
    met: int
    contacted: int
    credited: int
    credited_fen: int
    disbursed: int
    disbursed_fen: int
    disbursed_on_earlier_credit_fen: int
    attributed: tuple[Attributed, ...]

    @property
    def rule(self) -> str:
        """Answer in Chinese what is counted, and what that does not claim."""
        return RULE.format(days=self.days)


def event_result(
    held: HeldEvent,
    histories: Mapping[int, Sequence[Event]],
    *,
    days: int,
    as_of: date,
    later: Sequence[HeldEvent] = (),
) -> EventResult:
    """Answer what counts for an event within so many days after its own (day 1 is the day after).

    `histories` are the docking events of the entries, by entry; `later` other events, of which those after this
    one take over what follows them. So figures of several events add up without counting anything twice.
    """
    found = tuple(
        one
        for met in sorted(held.met, key=lambda met: (met.entry, met.bank))
        for one in _of_pair(held, met, histories.get(met.entry, ()), min(days, _days_left(held, met, later)))
        if one.day <= as_of
    )
    found = _each_once(found)
    payments = [one for one in found if one.kind is EventKind.DISBURSED]
    approvals = [one for one in found if one.kind is EventKind.CREDIT_APPROVED]
    return EventResult(
        days=days,
        is_complete=(as_of - held.day).days > days,
        invited=len(held.invited),
        attended=len(held.attended),
        met=len({met.entry for met in held.met}),
        contacted=len({one.entry for one in found if one.kind in CONTACTS}),
        credited=len({one.entry for one in approvals}),
        credited_fen=sum(one.amount_fen for one in approvals),
        disbursed=len({one.entry for one in payments}),
        disbursed_fen=sum(one.amount_fen for one in payments),
        disbursed_on_earlier_credit_fen=sum(one.amount_fen for one in payments if one.on_earlier_credit),
        attributed=found,
    )


def _days_left(held: HeldEvent, met: Met, later: Sequence[HeldEvent]) -> int:
    """Days after the event up to which what the bank does is not a later event's at which they met again."""
    again = (
        (other.day - held.day).days
        for other in later
        if other.day > held.day
        and any(one.entry == met.entry and one.institutions & met.institutions for one in other.met)
    )
    return min(again, default=max(WINDOWS) + 1_000_000)


def _of_pair(held: HeldEvent, met: Met, history: Sequence[Event], days: int) -> Iterator[Attributed]:
    """The first contact, approval and payment of the bank within so many days after the event."""
    own = sorted(
        (event for event in effective(history) if event.institution_id in met.institutions),
        key=lambda event: event.moment,
    )
    had_credit = any(
        event.kind is EventKind.CREDIT_APPROVED and shanghai_date(event.occurred_at) <= held.day
        for event in own
    )
    for kinds in (CONTACTS, {EventKind.CREDIT_APPROVED}, {EventKind.DISBURSED}):
        after = (
            event for event in own if event.kind in kinds and shanghai_date(event.occurred_at) > held.day
        )
        first = next(after, None)
        if first is None or (shanghai_date(first.occurred_at) - held.day).days > days:
            continue
        yield Attributed(
            met.entry,
            met.bank,
            first.kind,
            first.sequence,
            shanghai_date(first.occurred_at),
            first.amount_fen,
            first.kind is EventKind.DISBURSED and had_credit,
        )


def _each_once(found: Sequence[Attributed]) -> tuple[Attributed, ...]:
    """One docking event counts once, though an entry met two nodes of one bank."""
    return tuple({(one.entry, one.sequence): one for one in reversed(found)}.values())[::-1]
