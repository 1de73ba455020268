"""From drafts to the rows that are appended, one after the other on each entry (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.docking.dossiers import EntryDossier, InstitutionKey
from app.docking.recording import Draft, decide
from app.kernel.errors import Conflict, Fault, Refused, RongqiaoError

EntryDraft = tuple[str, Draft]
"""An entry's code, and what to log on it."""


def rows_of(
    dossiers: Mapping[str, EntryDossier],
    drafts: Sequence[EntryDraft],
    known: Mapping[str, InstitutionKey],
    *,
    actor: str,
) -> tuple[list[dict[str, Any]], list[Fault]]:
    rows: list[dict[str, Any]] = []
    faults: list[Fault] = []
    for number, (code, draft) in enumerate(drafts):
        dossier = dossiers.get(code)
        if dossier is None:
            faults.append(Fault(f"events.{number}.entry", "no such entry", "Correct the code.", code))
            continue
        try:
            rows.append(row_of(dossier, draft, known, actor=actor))
        except RongqiaoError as error:
            faults += (replace(fault, where=f"events.{number}.{fault.where}") for fault in error.faults)
    return rows, faults


def row_of(
    dossier: EntryDossier, draft: Draft, known: Mapping[str, InstitutionKey], *, actor: str
) -> dict[str, Any]:
    """Decide one event and add it to the dossier; answer its row."""
    _check_open(dossier, draft)
    if draft.institution is not None:
        if draft.institution not in known:
            fault = Fault("institution", "no such institution", "Correct the code.", draft.institution)
            raise Refused("The institution is not known.", [fault])
        draft = replace(draft, lineage=known[draft.institution].lineage)
    event = decide(dossier.standings, dossier.events, draft, needed_fen=dossier.amount_fen)
    dossier.events.append(event)
    recorded_at = max(draft.recorded_at, dossier.last_recorded_at or draft.recorded_at)
    dossier.last_recorded_at = recorded_at  # a clock that was set back must not turn the log around
    party = {standing.institution_id: standing.code for standing in dossier.standings}
    own = None if event.institution_id is None else party.get(event.institution_id)
    detail = {
        "exceeds_need": draft.exceeds_need or None,
        "note": draft.note or None,
        "logged_by": draft.institution if draft.institution not in {None, own} else None,
        "score": draft.score,
        "level": draft.level,
        "step": draft.step,
    }
    reason = draft.reason or draft.pause_reason
    return {
        "entry_id": dossier.id,
        "sequence": event.sequence,
        "kind": event.kind.value,
        "institution_id": event.institution_id,
        "occurred_at": event.occurred_at,
        "recorded_at": recorded_at,
        "actor": actor,
        "amount_fen": draft.amount_fen,
        "rate_bp": draft.rate_bp,
        "term_months": draft.term_months,
        "is_credit_loan": draft.is_credit_loan,
        "fee_bp": draft.fee_bp,
        "corrects": draft.corrects,
        "reason": reason.value if reason else None,
        "evidence": draft.evidence,
        "detail": {key: value for key, value in detail.items() if value is not None},
        "is_simulated": False,
    }


def _check_open(dossier: EntryDossier, draft: Draft) -> None:
    if dossier.status != "admitted":
        fault = Fault("entry", f"is not admitted but {dossier.status}", "Admit it first.", dossier.code)
        raise Conflict("The entry is not on the roster.", [fault])
    if dossier.withdrawn_at is not None and draft.occurred_at >= dossier.withdrawn_at:
        when = dossier.withdrawn_at.isoformat()
        fault = Fault("occurred_at", f"the entry was withdrawn at {when}", "Log what was before.")
        raise Conflict("The entry is withdrawn.", [fault])
