"""Which simulated events to log on an edition as it stands (pure)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from app.docking.appending import EntryDraft
from app.docking.dossiers import EntryDossier
from app.docking.legality import Standing
from app.docking.recording import Draft
from app.docking.simulation import SimulatedEvent, SimulatedTask, World, simulate

LoggedMoment = tuple[int, int, str, datetime]
"""Entry id, institution id, kind and time of an event."""


def plan(
    dossiers: Iterable[EntryDossier],
    facts: Mapping[str, Mapping[str, Any]],
    logged: AbstractSet[LoggedMoment],
    real: AbstractSet[int],
    world: World,
) -> list[EntryDraft]:
    """Answer the simulated events that are not logged yet, in order of recording.

    Each responsible institution's course starts when it first got the entry, and ends when it lost it. Entries of which
    anything real is logged (`real`, by id), or which are not on the roster, get none; nor does a
    party get a course when another one has approved credit already.
    """
    by_code = {found.code: found for found in dossiers if found.id not in real and _is_open(found)}
    tasks = [task for found in by_code.values() for task in _tasks(found, facts[found.code])]
    ids = {standing.code: standing.institution_id for d in by_code.values() for standing in d.standings}
    return [
        (event.entry_code, _draft(event))
        for event in simulate(tasks, world)
        if (by_code[event.entry_code].id, ids[event.institution_code], event.kind.value, event.occurred_at)
        not in logged
    ]


def _is_open(dossier: EntryDossier) -> bool:
    return dossier.status == "admitted" and dossier.withdrawn_at is None


def _tasks(dossier: EntryDossier, facts: Mapping[str, Any]) -> Iterator[SimulatedTask]:
    courses: dict[int, list[Standing]] = {}
    for standing in dossier.standings:
        if standing.is_responsible:
            courses.setdefault(standing.institution_id, []).append(standing)
    lenders = {event.institution_id for event in dossier.events if event.rate_bp is not None}
    for institution_id, spells in courses.items():
        if lenders <= {institution_id}:
            first = spells[0]
            yield SimulatedTask(
                dossier.code, dossier.amount_fen, facts, first.code, first.since, _until(spells), first.trade
            )


def _until(spells: Sequence[Standing]) -> datetime | None:
    """Answer when an institution's first time in office ended, runs that renewed it without a break included."""
    until = spells[0].until
    for spell in spells[1:]:
        if spell.since != until:
            break
        until = spell.until
    return until


def _draft(event: SimulatedEvent) -> Draft:
    return Draft(
        kind=event.kind,
        occurred_at=event.occurred_at,
        recorded_at=event.recorded_at,
        institution=event.institution_code,
        amount_fen=event.amount_fen or None,
        rate_bp=event.rate_bp,
        term_months=event.term_months,
        is_credit_loan=event.is_credit_loan,
        reason=event.reason,
        evidence=event.evidence,
        fee_bp=event.fee_bp,
        pause_reason=event.pause_reason,
        score=event.score,
    )
