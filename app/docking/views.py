"""Docking as it is shown: rows and folded states to output models."""

from datetime import datetime

from app.docking.deadlines import STEP_LABELS, Deadline
from app.docking.dossiers import EntryDossier
from app.docking.legality import Standing, possible_kinds
from app.docking.onlookers import Onlooker
from app.docking.reasons import REASONS, DeclineReason
from app.docking.rules import KIND_LABELS, STAGE_LABELS, EntryState, EventKind, fold
from app.docking.schemas import DeadlineOut, DockingOut, EventOut, PartyOut
from app.docking.tables import DockingEvent


def event_out(row: DockingEvent, institution: str) -> EventOut:
    """Answer a stored event for its readers."""
    reason = DeclineReason(row.reason) if row.reason else None
    return EventOut.model_construct(
        sequence=row.sequence,
        kind=EventKind(row.kind),
        kind_label=KIND_LABELS[EventKind(row.kind)],
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
        is_simulated=row.is_simulated,
    )


def docking_out(
    dossier: EntryDossier, deadline: Deadline | None, onlooker: Onlooker, now: datetime
) -> DockingOut:
    """Answer where an entry stands at an instant: summed up over all parties, of which only seen ones are shown."""
    state = fold(dossier.events)
    responsible = dossier.responsible(now)
    return DockingOut.model_construct(
        entry=dossier.code,
        stage=state.stage,
        stage_label=STAGE_LABELS[state.stage],
        responsible=responsible.code if responsible else None,
        owner=dossier.owner,
        deadline=deadline_out(dossier.code, deadline) if deadline else None,
        needed=dossier.amount_fen,
        approved=state.approved_fen,
        disbursed=state.disbursed_fen,
        last_sequence=state.last_sequence,
        parties=[_party_out(standing, state, now) for standing in onlooker.view(dossier).standings],
    )


def deadline_out(entry: str, deadline: Deadline) -> DeadlineOut:
    """Answer what is due on an entry for its readers."""
    return DeadlineOut(
        entry=entry,
        institution=deadline.institution,
        step=deadline.step,
        step_label=STEP_LABELS[deadline.step],
        runs_since=deadline.runs_since,
        working_days=deadline.days,
        due_on=deadline.due_on,
        days_left=deadline.days_left,
        is_overdue=deadline.is_overdue,
        citation=deadline.citation,
    )


def _party_out(standing: Standing, state: EntryState, now: datetime) -> PartyOut:
    party = state.party(standing.institution_id)
    possible = possible_kinds(state, standing.institution_id) if standing.is_in_office(now) else []
    return PartyOut.model_construct(
        institution=standing.code,
        is_responsible=standing.is_responsible,
        since=standing.since,
        until=standing.until,
        stage=party.stage,
        stage_label=STAGE_LABELS[party.stage],
        approved=party.approved_fen,
        disbursed=party.disbursed_fen,
        reason=party.reason if party.has_declined else None,
        possible=possible,
    )
