"""Docking events and the state of an entry that is folded from them (对接记录).

Events are past-tense facts and arrive late or out of order, so the state is made only of firsts,
lasts and sums over `(occurred_at, sequence)`: folding gives the same in any order, in one pass or
in many. Whether an event may be logged at all is decided in docking/legality.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import reduce
from typing import Final

from app.docking.reasons import DeclineReason

Moment = tuple[datetime, int]
"""When something happened and, of things at the same instant, which was logged first."""


class EventKind(StrEnum):
    """What can happen to an entry."""

    ACCEPTED = "accepted"
    CONTACTED = "contacted"
    CREDIT_APPROVED = "credit_approved"
    DISBURSED = "disbursed"
    DECLINED = "declined"


KIND_LABELS: Final[Mapping[EventKind, str]] = {
    EventKind.ACCEPTED: "已接单",
    EventKind.CONTACTED: "已对接",
    EventKind.CREDIT_APPROVED: "已授信",
    EventKind.DISBURSED: "已放款",
    EventKind.DECLINED: "已婉拒",
}


class Stage(StrEnum):
    """How far a party, or the entry, has come; of an entry it is the best of its parties'."""

    WAITING = "waiting"
    DECLINED = "declined"
    ACCEPTED = "accepted"
    CONTACTED = "contacted"
    CREDITED = "credited"
    DISBURSED = "disbursed"


STAGE_LABELS: Final[Mapping[Stage, str]] = {
    Stage.WAITING: "待接单",
    Stage.DECLINED: "已婉拒",
    Stage.ACCEPTED: "已接单",
    Stage.CONTACTED: "已对接",
    Stage.CREDITED: "已授信",
    Stage.DISBURSED: "已放款",
}
_STAGES: Final = list(Stage)


@dataclass(frozen=True, slots=True)
class Event:
    """One event; amounts are fen, rates basis points a year (345 is 3.45 %).

    `institution_id` is the party of the entry on whose behalf it was logged. A `reason` belongs to
    `declined` only; amount to `credit_approved` and `disbursed`; terms to `credit_approved` and,
    where they differ, `disbursed`.
    """

    sequence: int
    kind: EventKind
    institution_id: int
    occurred_at: datetime
    amount_fen: int = 0
    rate_bp: int | None = None
    term_months: int | None = None
    is_credit_loan: bool | None = None
    exceeds_need: bool = False
    reason: DeclineReason | None = None

    @property
    def moment(self) -> Moment:
        return self.occurred_at, self.sequence


@dataclass(frozen=True, slots=True)
class PartyState:
    """What one institution has done for an entry so far."""

    accepted: Moment | None = None
    """Its last acceptance: one after a decline takes the entry up again."""
    contacted: Moment | None = None
    """Its first contact."""
    approved: Moment | None = None
    disbursed: Moment | None = None
    declined: Moment | None = None
    """Its last decline."""
    reason: DeclineReason | None = None
    approved_fen: int = 0
    disbursed_fen: int = 0

    @property
    def has_declined(self) -> bool:
        """Say whether its decline stands: it did not accept again afterwards."""
        return self.declined is not None and (self.accepted is None or self.accepted < self.declined)

    def declined_since(self, since: datetime) -> bool:
        """Say whether its decline stands and lies in the time of responsibility that began then."""
        return self.has_declined and self.declined is not None and self.declined[0] >= since

    @property
    def stage(self) -> Stage:
        """Answer how far this party has come."""
        if self.disbursed:
            return Stage.DISBURSED
        if self.approved:
            return Stage.CREDITED
        if self.has_declined:
            return Stage.DECLINED
        if self.contacted:
            return Stage.CONTACTED
        return Stage.ACCEPTED if self.accepted else Stage.WAITING

    def after(self, event: Event) -> "PartyState":
        """Answer the state that takes one more event into account."""
        match event.kind:
            case EventKind.ACCEPTED:
                return replace(self, accepted=_last(self.accepted, event.moment))
            case EventKind.CONTACTED:
                return replace(self, contacted=_first(self.contacted, event.moment))
            case EventKind.CREDIT_APPROVED:
                total = self.approved_fen + event.amount_fen
                return replace(self, approved=_first(self.approved, event.moment), approved_fen=total)
            case EventKind.DISBURSED:
                total = self.disbursed_fen + event.amount_fen
                return replace(self, disbursed=_first(self.disbursed, event.moment), disbursed_fen=total)
            case EventKind.DECLINED:
                last = _last(self.declined, event.moment)
                reason = event.reason if last == event.moment else self.reason
                return replace(self, declined=last, reason=reason)


@dataclass(frozen=True, slots=True)
class EntryState:
    """State of an entry: that of each party that logged something, by institution id."""

    parties: Mapping[int, PartyState] = field(default_factory=dict)
    last_sequence: int = 0

    @property
    def stage(self) -> Stage:
        """Answer the best stage of all parties; `waiting` when nothing was logged."""
        stages = (party.stage for party in self.parties.values())
        return max(stages, key=_STAGES.index, default=Stage.WAITING)

    @property
    def is_contacted(self) -> bool:
        return any(party.contacted for party in self.parties.values())

    @property
    def approved_fen(self) -> int:
        return sum(party.approved_fen for party in self.parties.values())

    @property
    def disbursed_fen(self) -> int:
        return sum(party.disbursed_fen for party in self.parties.values())

    def party(self, institution_id: int) -> PartyState:
        """Answer what one institution has done; the empty state if nothing."""
        return self.parties.get(institution_id, PartyState())

    def after(self, event: Event) -> "EntryState":
        """Answer the state that takes one more event into account."""
        party = self.party(event.institution_id).after(event)
        return EntryState(
            {**self.parties, event.institution_id: party}, max(self.last_sequence, event.sequence)
        )


def fold(events: Iterable[Event], start: EntryState | None = None) -> EntryState:
    """Fold events into the state of their entry, going on from `start`.

    The order of the events does not matter: `fold(b, fold(a)) == fold([*b, *a])`.
    """
    return reduce(EntryState.after, events, start or EntryState())


def _first(known: Moment | None, moment: Moment) -> Moment:
    return moment if known is None else min(known, moment)


def _last(known: Moment | None, moment: Moment) -> Moment:
    return moment if known is None else max(known, moment)
