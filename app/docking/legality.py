"""Which events may be logged now; a refusal says what is possible instead.

- Somebody logs on behalf of a *party*: the responsible or a supporting institution of the entry,
  being that institution itself or standing above or below it in the tree. An acceptance, contact,
  pause or decline needs a party in office at that time; approvals and payments may also follow later.
- Nothing lies before the party got the entry, nor in the future (docking/recording.py).
- In the order of time: a contact comes before a visit and before a credit approval (of anyone on the
  entry: there is no credit without talking to the firm), approvals before what is paid out of them,
  an offer before the guarantee, an answer before the enterprise rates it. A decline ends a party's
  part until it accepts again, and is no longer possible once it approved credit or guaranteed.
- Banks lend and guarantors guarantee; neither logs the other's events.
- A decline without a contact is a fact and may be logged; coverage does not count it as answered.
- Approvals together stay within the need unless the event states that they exceed it, and so do guarantees.
- A correction voids one event for good. What rests on that event has to be corrected before it.

A late record or a correction must leave everything else legal: the whole history is replayed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.docking.kinds import (
    ALLOWED,
    FOREIGN,
    GUARANTEES,
    KIND_LABELS,
    MAY_FOLLOW_LATER,
    NOT_TO_CORRECT,
    OF_THE_ENTRY,
    REQUIRED,
    EventKind,
    Trade,
)
from app.docking.rates import HIGHEST_RATE_BP
from app.docking.rules import EVER, EntryState, Event, PartyState, effective
from app.kernel.errors import Fault
from app.kernel.money import MOST_FEN, wan_text
from app.kernel.shanghai import shanghai_date

LONGEST_MONTHS: Final = 600
SHORTEST_EVIDENCE: Final = 4
BEST_SCORE: Final = 5
_FALSE_IS_AN_ANSWER: Final = frozenset({"is_credit_loan"})


@dataclass(frozen=True, slots=True)
class Standing:
    """A party's time in office on an entry: `[since, until)`; `until` None is still.

    `lineage` is the path of ids from the root of its tree, `/1/17/204/`; `name` is for people.
    A guarantor guarantees and a public body coordinates; neither lends.
    """

    institution_id: int
    code: str
    lineage: str
    is_responsible: bool
    since: datetime
    until: datetime | None = None
    name: str = ""
    is_guarantor: bool = False
    is_body: bool = False

    @property
    def trade(self) -> Trade:
        """Answer what the institution does for enterprises."""
        if self.is_body:
            return Trade.COORDINATES
        return Trade.GUARANTEES if self.is_guarantor else Trade.LENDS

    def is_in_office(self, at: datetime) -> bool:
        """Say whether the party was in office at an instant."""
        return self.since <= at and (self.until is None or at < self.until)


def is_one_line(lineage: str, other: str) -> bool:
    """Say whether two nodes are the same or one stands above the other in the tree."""
    return lineage.startswith(other) or other.startswith(lineage)


def check_fields(kind: EventKind, given: Mapping[str, object]) -> list[Fault]:
    """Name each field that the kind of event lacks, and each that does not belong to it.

    `given` holds the optional fields by their JSON names; None, "" and False mean not given,
    except that `is_credit_loan` false is an answer.
    """
    present = {name for name, value in given.items() if _is_given(name, value)}
    named = f"{kind.value} ({KIND_LABELS[kind]})"
    lacking = [
        Fault(name, f"missing: {named} needs it", f"Send {name}.")
        for name in sorted(REQUIRED[kind] - present)
    ]
    strange = [
        Fault(name, f"does not belong to {named}", "Leave it out.", str(given[name])[:80])
        for name in sorted(present - ALLOWED[kind])
    ]
    return lacking + strange + _check_ranges(given)


def _is_given(name: str, value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and (value is not False or name in _FALSE_IS_AN_ANSWER)


def _check_ranges(given: Mapping[str, object]) -> list[Fault]:
    bounds = (
        ("amount", 1, MOST_FEN, "fen"),
        ("rate", 1, HIGHEST_RATE_BP, "basis points"),
        ("fee_rate", 0, HIGHEST_RATE_BP, "basis points"),
        ("term_months", 1, LONGEST_MONTHS, "months"),
        ("score", 1, BEST_SCORE, "points"),
    )
    faults = [
        Fault(name, f"not between {least} and {most} {unit}", "Correct it.", str(value))
        for name, least, most, unit in bounds
        if isinstance(value := given.get(name), int) and not least <= value <= most
    ]
    evidence = given.get("evidence")
    if isinstance(evidence, str) and 0 < len(evidence.strip()) < SHORTEST_EVIDENCE:
        faults.append(Fault("evidence", "too short to prove anything", "Say what shows it.", evidence))
    return faults


def party_of(standings: Sequence[Standing], lineage: str, kind: EventKind, at: datetime) -> Standing | None:
    """Answer the party for which a node of the tree may log this kind of event at that time.

    The node itself wins over its line, the responsible party over the supporting ones, the one
    in office over former ones, the latest over earlier ones; None if it acts for nobody.
    """
    able = [
        standing
        for standing in standings
        if is_one_line(standing.lineage, lineage)
        and standing.since <= at
        and (standing.is_in_office(at) or kind in MAY_FOLLOW_LATER)
    ]
    return max(able, key=lambda s: _claim(s, lineage, at), default=None)


def _claim(standing: Standing, lineage: str, at: datetime) -> tuple[bool, bool, bool, datetime]:
    is_itself = standing.lineage == lineage
    return standing.is_in_office(at), is_itself, standing.is_responsible, standing.since


def refuse_stranger(standings: Sequence[Standing], institution: str, kind: EventKind, at: datetime) -> Fault:
    """Explain why nobody is found for whom this institution may log."""
    in_office = [standing for standing in standings if standing.is_in_office(at)]
    if not in_office:
        first = min((standing.since for standing in standings), default=None)
        said = "no institution was responsible for the entry at that time"
        since = f"Log what happened after {shanghai_date(first)}." if first else "Allocate it first."
        return Fault("occurred_at", said, since, at.isoformat())
    parties = "、".join(standing.code for standing in in_office)
    message = f"may not log {kind.value}: it is no party of the entry at that time, nor in a party's line"
    return Fault("institution", message, f"Parties then: {parties}.", institution)


def check_event(
    history: Sequence[Event],
    event: Event,
    *,
    needed_fen: int,
    trades: Mapping[int, Trade] | None = None,
) -> list[Fault]:
    """Name what forbids an event whose party is established; nothing if it may be logged.

    `trades` says what parties (ids) do that do not lend.
    """
    if event.kind is EventKind.CORRECTED:
        fault = _check_correction(history, event)
        if fault is not None:
            return [fault]
    state = EntryState()
    for step in sorted(effective([*history, event]), key=lambda logged: logged.moment):
        fault = _check_step(
            state, step, needed_fen, (trades or {}).get(step.institution_id or 0, Trade.LENDS)
        )
        if fault is not None:
            return [fault if step is event else _blame(event, step, fault)]
        state = state.after(step)
    return []


def possible_kinds(
    state: EntryState, institution_id: int | None, trade: Trade = Trade.LENDS
) -> list[EventKind]:
    """Answer the kinds of event that a party in office may log next, leaving amounts and corrections aside."""
    party = state.party(institution_id)
    is_open = not party.has_declined
    is_answered = party.approved is not None or party.granted is not None
    wanted = {
        EventKind.ACCEPTED: party.accepted is None or party.has_declined,
        EventKind.CONTACTED: is_open,
        EventKind.VISITED: is_open and party.contacted is not None,
        EventKind.GUARANTEE_OFFERED: is_open and party.contacted is not None,
        EventKind.GUARANTEE_GRANTED: is_open and party.offered_fen > party.granted_fen,
        EventKind.CREDIT_APPROVED: state.is_contacted and is_open,
        EventKind.DISBURSED: party.approved_fen > party.disbursed_fen,
        EventKind.DECLINED: is_open and not is_answered,
        EventKind.PAUSED: is_open and not is_answered and not party.is_paused and _has_begun(party),
        EventKind.RESUMED: party.is_paused,
        EventKind.RATED: is_answered or party.declined is not None,
    }
    return [kind for kind, is_possible in wanted.items() if is_possible and kind not in FOREIGN[trade]]


def _has_begun(party: PartyState) -> bool:
    return party.accepted is not None or party.contacted is not None


def _check_correction(history: Sequence[Event], event: Event) -> Fault | None:
    number = str(event.corrects)
    voided = {logged.corrects for logged in history}
    found = next((logged for logged in history if logged.sequence == event.corrects), None)
    if found is None:
        return Fault(
            "corrects", "no such event on this entry", "Name the sequence of the wrong event.", number
        )
    if found.sequence in voided:
        return Fault("corrects", "is corrected already", "Log what really happened, if it did.", number)
    if found.kind in NOT_TO_CORRECT:
        return Fault("corrects", f"the event {found.kind.value} stands", "Log what really happened.", number)
    if event.occurred_at < found.occurred_at:
        day = shanghai_date(found.occurred_at)
        return Fault("occurred_at", f"before the event that it corrects ({day})", "Correct the time.")
    return None


def _check_step(state: EntryState, event: Event, needed_fen: int, trade: Trade) -> Fault | None:
    if event.kind is EventKind.RESOLVED and state.level_since(EVER) is None:
        return Fault("kind", "nothing is raised that could be settled", "Log it once a step was raised.")
    if event.kind in OF_THE_ENTRY or event.kind is EventKind.CORRECTED:
        return None
    if event.kind not in possible_kinds(state, event.institution_id, trade):
        return _impossible(state, event, trade)
    return _MONEY_CHECKS[event.kind](state, event, needed_fen) if event.kind in _MONEY_CHECKS else None


def _check_approved(state: EntryState, event: Event, needed_fen: int) -> Fault | None:
    total = state.approved_fen + event.amount_fen
    if event.exceeds_need or total <= needed_fen:
        return None
    message = f"approvals would come to {wan_text(total)}万元, the need is {wan_text(needed_fen)}万元"
    return Fault(
        "amount", message, "Correct the amount, or state `exceeds_need`.", wan_text(event.amount_fen)
    )


def _check_disbursed(state: EntryState, event: Event, _needed_fen: int) -> Fault | None:
    party = state.party(event.institution_id)
    left = party.approved_fen - party.disbursed_fen
    if event.amount_fen <= left:
        return None
    message = f"more than the {wan_text(left)}万元 approved and not yet paid out at that time"
    return Fault("amount", message, "Log the approval first, or correct.", wan_text(event.amount_fen))


def _check_offered(_state: EntryState, event: Event, needed_fen: int) -> Fault | None:
    if event.amount_fen <= needed_fen:
        return None
    message = f"more than the {wan_text(needed_fen)}万元 that the need asks for"
    return Fault("amount", message, "Correct the amount.", wan_text(event.amount_fen))


def _check_granted(state: EntryState, event: Event, needed_fen: int) -> Fault | None:
    party = state.party(event.institution_id)
    together = state.granted_fen + event.amount_fen
    if together > needed_fen:
        message = f"guarantees would come to {wan_text(together)}万元, the need is {wan_text(needed_fen)}万元"
        return Fault("amount", message, "Correct the amount.", wan_text(event.amount_fen))
    left = party.offered_fen - party.granted_fen
    if event.amount_fen > left:
        message = f"more than the {wan_text(left)}万元 offered and not yet granted"
        return Fault("amount", message, "Log the offer first, or correct.", wan_text(event.amount_fen))
    if party.offered_fee_bp is not None and (event.fee_bp or 0) > party.offered_fee_bp:
        return Fault(
            "fee_rate", "above the fee that was offered", "Log a new offer first.", str(event.fee_bp)
        )
    return None


_MONEY_CHECKS: Final[Mapping[EventKind, Callable[[EntryState, Event, int], Fault | None]]] = {
    EventKind.CREDIT_APPROVED: _check_approved,
    EventKind.DISBURSED: _check_disbursed,
    EventKind.GUARANTEE_OFFERED: _check_offered,
    EventKind.GUARANTEE_GRANTED: _check_granted,
}


def _impossible(state: EntryState, event: Event, trade: Trade) -> Fault:
    possible = _kinds_text(possible_kinds(state, event.institution_id, trade))
    return Fault(
        "kind",
        f"{event.kind.value} is not possible at that time: {_why(state, event, trade)}",
        f"Possible then: {possible}.",
        event.kind.value,
    )


def _why(state: EntryState, event: Event, trade: Trade) -> str:
    party = state.party(event.institution_id)
    if event.kind in FOREIGN[trade]:
        return f"the institution {trade.value}, it does not {'guarantee' if event.kind in GUARANTEES else 'lend'}"
    if party.has_declined and event.kind not in {EventKind.RATED, EventKind.RESUMED}:
        return "the institution has declined; it has to accept again first"
    if event.kind is EventKind.PAUSED and party.is_paused:
        return "its time stands still already"
    return _REASONS[event.kind]


_REASONS: Final[Mapping[EventKind, str]] = {
    EventKind.ACCEPTED: "the institution has accepted already",
    EventKind.CONTACTED: "the institution has declined",
    EventKind.VISITED: "the institution has not contacted the enterprise before",
    EventKind.GUARANTEE_OFFERED: "the institution has not contacted the enterprise before",
    EventKind.GUARANTEE_GRANTED: "nothing is offered that is not yet granted",
    EventKind.CREDIT_APPROVED: "nobody has contacted the enterprise before",
    EventKind.DISBURSED: "nothing is approved that is not yet paid out",
    EventKind.DECLINED: "the institution has approved; what is not drawn stays undrawn",
    EventKind.PAUSED: "the institution has not begun, or has answered",
    EventKind.RESUMED: "its time does not stand still",
    EventKind.RATED: "the institution has not answered yet",
}


def _blame(event: Event, later: Event, fault: Fault) -> Fault:
    when = shanghai_date(later.occurred_at)
    if event.kind is EventKind.CORRECTED:
        message = f"event {later.sequence} ({later.kind.value}, {when}) rests on it: {fault.message}"
        return Fault("corrects", message, f"Correct event {later.sequence} first.", str(event.corrects))
    message = f"would make event {later.sequence} ({later.kind.value}, {when}) impossible: {fault.message}"
    return Fault("occurred_at", message, "Correct the time.", event.occurred_at.isoformat())


def _kinds_text(kinds: Iterable[EventKind]) -> str:
    return ", ".join(kind.value for kind in kinds) or "nothing"
