"""Docking as it is shown: rows and folded states to output models."""

from datetime import date, datetime

from app.docking.clock import TURN_LABELS, Turn
from app.docking.clock_queries import ClockRow
from app.docking.dossiers import EntryDossier, stage_of
from app.docking.guarantee_schemas import FeeCapOut
from app.docking.guarantees import FeeCap
from app.docking.kinds import KIND_LABELS, LEVEL_LABELS, EventKind, Level, PauseReason
from app.docking.legality import Standing, possible_kinds
from app.docking.onlookers import Onlooker
from app.docking.reasons import REASONS, DeclineReason
from app.docking.rules import STAGE_LABELS, EntryState, Stage, fold
from app.docking.schemas import ClockOut, DockingOut, EventOut, PartyOut
from app.docking.tables import DockingEvent
from app.docking.working_time import STEP_LABELS, DayCounter, Step, days_left


def event_out(row: DockingEvent, institution: str | None, corrected_by: int | None = None) -> EventOut:
    """Answer a stored event for its readers."""
    kind = EventKind(row.kind)
    reason = DeclineReason(row.reason) if kind is EventKind.DECLINED and row.reason else None
    level, step = row.detail.get("level"), row.detail.get("step")
    return EventOut.model_construct(
        sequence=row.sequence,
        kind=kind,
        kind_label=KIND_LABELS[kind],
        institution=institution,
        logged_by=row.detail.get("logged_by"),
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        actor=row.actor,
        amount=row.amount_fen,
        rate=row.rate_bp,
        term_months=row.term_months,
        is_credit_loan=row.is_credit_loan,
        exceeds_need=bool(row.detail.get("exceeds_need")),
        reason=reason,
        reason_label=REASONS[reason].chinese if reason else None,
        evidence=row.evidence,
        note=row.detail.get("note"),
        fee_rate=row.fee_bp,
        pause_reason=PauseReason(row.reason) if kind is EventKind.PAUSED and row.reason else None,
        score=row.detail.get("score"),
        level=Level(level) if level else None,
        step=Step(step) if step else None,
        corrects=row.corrects,
        corrected_by=corrected_by,
        is_simulated=row.is_simulated,
    )


def docking_out(
    dossier: EntryDossier,
    clock: ClockOut | None,
    onlooker: Onlooker,
    now: datetime,
    cap: FeeCap | None = None,
) -> DockingOut:
    """Answer where an entry stands at an instant: summed up over all parties, of which only seen ones are shown.

    `cap` is what a guarantee of the amount asked for may cost: it is told to guarantors in office.
    """
    state = fold(dossier.events)
    responsible, seen = dossier.responsible(now), onlooker.view(dossier)
    stage = stage_of(dossier, state)
    if stage is Stage.DECLINED and fold(seen.events).stage is not Stage.DECLINED:
        stage = Stage.WAITING  # that others declined is not the viewer's to know
    return DockingOut.model_construct(
        entry=dossier.code,
        stage=stage,
        stage_label=STAGE_LABELS[stage],
        responsible=responsible.code if responsible else None,
        owner=dossier.owner,
        clock=clock,
        needed=dossier.amount_fen,
        approved=state.approved_fen,
        disbursed=state.disbursed_fen,
        last_sequence=state.last_sequence,
        parties=[_party_out(standing, state, now, cap) for standing in seen.standings],
    )


def clock_out(row: ClockRow, counter: DayCounter, today: date) -> ClockOut:
    """Answer a clock for its readers, as of a day; on a roster that is over the days stand still."""
    clock, today = row.clock, min(today, row.edition_until)
    left = days_left(counter, today, clock.due_on)
    turn, step = Turn(clock.turn), Step(clock.step)
    level = Level(clock.level) if clock.level else None
    return ClockOut.model_construct(
        entry=row.entry,
        turn=turn,
        turn_label=TURN_LABELS[turn],
        owner=clock.owner,
        institution=row.institution,
        step=step,
        step_label=STEP_LABELS[step],
        runs_since=clock.runs_since,
        working_days=clock.working_days,
        due_on=clock.due_on,
        days_left=left,
        is_overdue=clock.due_on is not None and clock.due_on < today and step is not Step.REFRESH,
        paused_since=clock.paused_since,
        pause_reason=PauseReason(clock.pause_reason) if clock.pause_reason else None,
        level=level,
        level_label=LEVEL_LABELS[level] if level else None,
        citation=clock.citation,
    )


def _party_out(standing: Standing, state: EntryState, now: datetime, cap: FeeCap | None) -> PartyOut:
    is_told = standing.is_guarantor and standing.is_in_office(now)
    party = state.party(standing.institution_id)
    stage = party.stage_since(standing.since)
    possible = (
        possible_kinds(state, standing.institution_id, standing.trade) if standing.is_in_office(now) else []
    )
    return PartyOut.model_construct(
        institution=standing.code,
        is_responsible=standing.is_responsible,
        since=standing.since,
        until=standing.until,
        stage=stage,
        stage_label=STAGE_LABELS[stage],
        approved=party.approved_fen,
        disbursed=party.disbursed_fen,
        offered=party.offered_fen,
        fee_rate=party.offered_fee_bp,
        guaranteed=party.granted_fen,
        fee_cap=FeeCapOut.of(cap) if cap is not None and is_told else None,
        reason=party.reason if party.declined_since(standing.since) else None,
        is_paused=party.is_paused,
        score=party.score,
        possible=possible,
    )
