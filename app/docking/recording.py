"""From what somebody wants to log to the event that is recorded, or to the reasons against it.

Pure: the entry's parties and history, the draft and the present instant come in as values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.docking.kinds import OF_THE_ENTRY, EventKind, Level, PauseReason
from app.docking.legality import (
    Standing,
    check_event,
    check_fields,
    is_one_line,
    party_of,
    refuse_stranger,
)
from app.docking.reasons import DeclineReason
from app.docking.rules import Event
from app.kernel.errors import Conflict, Fault, Refused


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to log; `institution` None means the responsible one of that time.

    `recorded_at` is the instant up to which things may have happened: now, or a simulation's. `about` is the
    institution (id) whose step the clock speaks of.
    """

    kind: EventKind
    occurred_at: datetime
    recorded_at: datetime
    institution: str | None = None
    lineage: str | None = None
    amount_fen: int | None = None
    rate_bp: int | None = None
    term_months: int | None = None
    is_credit_loan: bool | None = None
    exceeds_need: bool = False
    reason: DeclineReason | None = None
    evidence: str | None = None
    note: str | None = None
    fee_bp: int | None = None
    pause_reason: PauseReason | None = None
    score: int | None = None
    corrects: int | None = None
    level: Level | None = None
    step: str | None = None
    about: int | None = None

    def given(self) -> dict[str, object]:
        """Answer the fields that belong to some kinds only, by their JSON names."""
        return {
            "amount": self.amount_fen,
            "rate": self.rate_bp,
            "term_months": self.term_months,
            "is_credit_loan": self.is_credit_loan,
            "exceeds_need": self.exceeds_need,
            "reason": self.reason,
            "evidence": self.evidence,
            "note": self.note,
            "fee_rate": self.fee_bp,
            "pause_reason": self.pause_reason,
            "score": self.score,
            "corrects": self.corrects,
        }


def decide(
    standings: Sequence[Standing], history: Sequence[Event], draft: Draft, *, needed_fen: int
) -> Event:
    """Answer the event to append, numbered after the history.

    Raises:
        Refused: fields are missing, do not belong to the kind or are out of range, or the time
            lies in the future.
        Conflict: it contradicts who is responsible or what was logged; says what is possible.
    """
    faults = [*check_fields(draft.kind, draft.given()), *_check_time(draft)]
    if faults:
        raise Refused("The event cannot be logged as sent.", faults)
    event = Event(
        sequence=max((logged.sequence for logged in history), default=0) + 1,
        kind=draft.kind,
        institution_id=_party_id(standings, history, draft),
        occurred_at=draft.occurred_at,
        amount_fen=draft.amount_fen or 0,
        rate_bp=draft.rate_bp,
        term_months=draft.term_months,
        is_credit_loan=draft.is_credit_loan,
        exceeds_need=draft.exceeds_need,
        reason=draft.reason,
        fee_bp=draft.fee_bp,
        pause_reason=draft.pause_reason,
        level=draft.level,
        score=draft.score,
        corrects=draft.corrects,
    )
    trades = {standing.institution_id: standing.trade for standing in standings}
    faults = check_event(history, event, needed_fen=needed_fen, trades=trades)
    if faults:
        raise Conflict("The event contradicts what is logged on the entry.", faults)
    return event


def _check_time(draft: Draft) -> list[Fault]:
    if draft.occurred_at <= draft.recorded_at:
        return []
    text = draft.occurred_at.isoformat()
    return [Fault("occurred_at", "lies in the future", "Log what has happened.", text)]


def _party_id(standings: Sequence[Standing], history: Sequence[Event], draft: Draft) -> int | None:
    """Answer whom an event is about: the party for which it is logged, of a correction that of the corrected event."""
    if draft.kind in OF_THE_ENTRY:
        return draft.about
    if draft.kind is EventKind.CORRECTED:
        return _corrected_party(standings, history, draft)
    return _party(standings, draft).institution_id


def _corrected_party(standings: Sequence[Standing], history: Sequence[Event], draft: Draft) -> int | None:
    """Answer the party of the event that is corrected; nobody outside its line corrects it."""
    party = next((logged.institution_id for logged in history if logged.sequence == draft.corrects), None)
    lines = [standing.lineage for standing in standings if standing.institution_id == party]
    if draft.lineage and lines and not is_one_line(lines[0], draft.lineage):
        fault = Fault(
            "institution", "another institution's event", "Let that one correct it.", draft.institution or ""
        )
        raise Conflict("The event is not this institution's to correct.", [fault])
    return party


def _party(standings: Sequence[Standing], draft: Draft) -> Standing:
    at = draft.occurred_at
    if draft.institution is None:
        in_office = (s for s in standings if s.is_responsible and s.is_in_office(at))
        party = max(in_office, key=lambda standing: standing.since, default=None)
    else:
        party = party_of(standings, draft.lineage or "", draft.kind, at) if draft.lineage else None
    if party is None:
        fault = refuse_stranger(standings, draft.institution or "", draft.kind, at)
        raise Conflict("Nobody is found for whom this could be logged.", [fault])
    return party
