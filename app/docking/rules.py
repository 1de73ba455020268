"""Docking events and the state of an entry that is folded from them (对接记录).

Events are past-tense facts and arrive late or out of order, so the state is made only of firsts,
lasts and sums over `(occurred_at, sequence)` of those that no correction voids: folding gives the
same in any order, in one pass or in many. Whether an event may be logged at all is decided in
docking/legality.py; whose turn the entry is, and by when, in docking/clock.py.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import reduce
from typing import Any, Final

from app.docking.kinds import LEVELS, EventKind, Level, PauseReason
from app.docking.reasons import DeclineReason

EVER: Final = datetime.min.replace(tzinfo=UTC)
Moment = tuple[datetime, int]
"""When something happened and, of things at the same instant, which was logged first."""
Changes = dict[str, Any]


class Stage(StrEnum):
    """How far a party, or the entry, has come; of an entry see `stage_of` in docking/dossiers.py."""

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
    """One event; amounts are fen, rates and fees basis points a year (345 is 3.45 %).

    `institution_id` is the party of the entry on whose behalf it was logged; None where it concerns the
    entry as a whole. A `reason` belongs to `declined` only, a `pause_reason` to `paused`, `level` to
    `escalated`; amount to `credit_approved`, `disbursed` and guarantees; terms to `credit_approved` and,
    where they differ, `disbursed`; `corrects` is the sequence of the event that a `corrected` one voids.
    """

    sequence: int
    kind: EventKind
    institution_id: int | None
    occurred_at: datetime
    amount_fen: int = 0
    rate_bp: int | None = None
    term_months: int | None = None
    is_credit_loan: bool | None = None
    exceeds_need: bool = False
    reason: DeclineReason | None = None
    fee_bp: int | None = None
    pause_reason: PauseReason | None = None
    level: Level | None = None
    score: int | None = None
    corrects: int | None = None

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
    visited: Moment | None = None
    approved: Moment | None = None
    disbursed: Moment | None = None
    declined: Moment | None = None
    """Its last decline."""
    reason: DeclineReason | None = None
    paused: Moment | None = None
    """Its last pause, and when time last ran again."""
    resumed: Moment | None = None
    rated: Moment | None = None
    score: int | None = None
    offered: Moment | None = None
    """Its last offer of a guarantee, the amount and yearly fee of that offer."""
    offered_fen: int = 0
    offered_fee_bp: int | None = None
    granted: Moment | None = None
    approved_fen: int = 0
    disbursed_fen: int = 0
    granted_fen: int = 0

    @property
    def has_declined(self) -> bool:
        """Say whether its decline stands: it did not accept again afterwards."""
        return self.declined is not None and (self.accepted is None or self.accepted < self.declined)

    def declined_since(self, since: datetime) -> bool:
        """Say whether its decline stands and lies in the time of responsibility that began then."""
        return self.has_declined and self.declined is not None and self.declined[0] >= since

    @property
    def is_paused(self) -> bool:
        """Say whether its time stands still: it paused and has not gone on, answered or declined since."""
        ends = (self.resumed, self.approved, self.declined, self.granted)
        return self.paused is not None and not any(end is not None and end > self.paused for end in ends)

    def stage_since(self, since: datetime) -> Stage:
        """Answer how far it has come with an entry that it got then: what it declined before, it has to accept again."""
        is_anew = self.stage is Stage.DECLINED and not self.declined_since(since)
        return Stage.WAITING if is_anew else self.stage

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
        at, changed = event.moment, _CHANGES.get(event.kind)
        return self if changed is None else replace(self, **changed(self, event, at))


def _declined(party: PartyState, event: Event, at: Moment) -> Changes:
    last = _last(party.declined, at)
    return {"declined": last, "reason": event.reason if last == at else party.reason}


def _approved(party: PartyState, event: Event, at: Moment) -> Changes:
    total = party.approved_fen + event.amount_fen
    return {"approved": _first(party.approved, at), "approved_fen": total}


def _disbursed(party: PartyState, event: Event, at: Moment) -> Changes:
    total = party.disbursed_fen + event.amount_fen
    return {"disbursed": _first(party.disbursed, at), "disbursed_fen": total}


def _offered(party: PartyState, event: Event, at: Moment) -> Changes:
    if _last(party.offered, at) != at:
        return {}
    return {"offered": at, "offered_fen": event.amount_fen, "offered_fee_bp": event.fee_bp}


def _granted(party: PartyState, event: Event, at: Moment) -> Changes:
    total = party.granted_fen + event.amount_fen
    return {"granted": _first(party.granted, at), "granted_fen": total}


def _rated(party: PartyState, event: Event, at: Moment) -> Changes:
    last = _last(party.rated, at)
    return {"rated": last, "score": event.score if last == at else party.score}


_CHANGES: Final[Mapping[EventKind, Callable[[PartyState, Event, Moment], Changes]]] = {
    EventKind.ACCEPTED: lambda party, _event, at: {"accepted": _last(party.accepted, at)},
    EventKind.CONTACTED: lambda party, _event, at: {"contacted": _first(party.contacted, at)},
    EventKind.VISITED: lambda party, _event, at: {"visited": _last(party.visited, at)},
    EventKind.PAUSED: lambda party, _event, at: {"paused": _last(party.paused, at)},
    EventKind.RESUMED: lambda party, _event, at: {"resumed": _last(party.resumed, at)},
    EventKind.CREDIT_APPROVED: _approved,
    EventKind.DISBURSED: _disbursed,
    EventKind.DECLINED: _declined,
    EventKind.GUARANTEE_OFFERED: _offered,
    EventKind.GUARANTEE_GRANTED: _granted,
    EventKind.RATED: _rated,
}


@dataclass(frozen=True, slots=True)
class EntryState:
    """State of an entry: that of each party that logged something, by institution id, and how far it was raised.

    `events` are all that were folded, in whatever order: what a later correction voids must be found again.
    """

    parties: Mapping[int, PartyState] = field(default_factory=dict)
    last_sequence: int = 0
    escalations: frozenset[tuple[Moment, Level]] = frozenset()
    resolved: Moment | None = None
    """When a coordinator last settled an escalation."""
    reminded: Moment | None = None
    events: tuple[Event, ...] = field(default=(), compare=False)

    @property
    def stage(self) -> Stage:
        """Answer the best stage of all parties, former ones too; `waiting` when nothing was logged."""
        return furthest(party.stage for party in self.parties.values())

    @property
    def is_contacted(self) -> bool:
        return any(party.contacted for party in self.parties.values())

    @property
    def approved_fen(self) -> int:
        return sum(party.approved_fen for party in self.parties.values())

    @property
    def disbursed_fen(self) -> int:
        return sum(party.disbursed_fen for party in self.parties.values())

    @property
    def granted_fen(self) -> int:
        return sum(party.granted_fen for party in self.parties.values())

    def party(self, institution_id: int | None) -> PartyState:
        """Answer what one institution has done; the empty state if nothing."""
        return PartyState() if institution_id is None else self.parties.get(institution_id, PartyState())

    def level_since(self, since: datetime) -> Level | None:
        """Answer the highest level to which it was raised at or after an instant and that nobody settled since."""
        settled = self.resolved
        raised = (
            level for at, level in self.escalations if at[0] >= since and (settled is None or at > settled)
        )
        return max(raised, key=LEVELS.index, default=None)

    def after(self, event: Event) -> "EntryState":
        """Answer the state that takes one more event into account, which no correction voids."""
        last, events = max(self.last_sequence, event.sequence), (*self.events, event)
        now = replace(self, last_sequence=last, events=events)
        match event.kind:
            case EventKind.ESCALATED if event.level is not None:
                return replace(now, escalations=self.escalations | {(event.moment, event.level)})
            case EventKind.RESOLVED:
                return replace(now, resolved=_last(self.resolved, event.moment))
            case EventKind.REMINDED:
                return replace(now, reminded=_last(self.reminded, event.moment))
        if event.institution_id is None:
            return now
        party = self.party(event.institution_id).after(event)
        return replace(now, parties={**self.parties, event.institution_id: party})


def furthest(stages: Iterable[Stage]) -> Stage:
    """Answer the best of some stages; `waiting` for none."""
    return max(stages, key=_STAGES.index, default=Stage.WAITING)


def fold(events: Iterable[Event], start: EntryState | None = None) -> EntryState:
    """Fold events into the state of their entry, going on from `start`; corrected ones count nowhere.

    The order of the events does not matter: `fold(b, fold(a)) == fold([*b, *a])`.
    """
    everything = (*(start.events if start else ()), *events)
    state = reduce(EntryState.after, effective(everything), EntryState())
    last = max((event.sequence for event in everything), default=0)
    return replace(state, last_sequence=last, events=everything)


def effective(events: Iterable[Event]) -> list[Event]:
    """Answer the events that no correction voids, in the given order."""
    kept = list(events)
    voided = {event.corrects for event in kept if event.corrects is not None}
    return [event for event in kept if event.sequence not in voided] if voided else kept


def _first(known: Moment | None, moment: Moment) -> Moment:
    return moment if known is None else min(known, moment)


def _last(known: Moment | None, moment: Moment) -> Moment:
    return moment if known is None else max(known, moment)
