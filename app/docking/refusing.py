"""What declines and guarantees that stand say of an entry: who refused it for what, and which facts they establish (pure)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from app.allocation.refusals import Refusal
from app.docking.kinds import EventKind
from app.docking.reasons import CURED_BY, REASONS, DeclineReason, facts_established
from app.docking.rules import Event, effective
from app.policy.facts import FactValue, Members

GUARANTEED: Final[Mapping[str, FactValue]] = {"guarantee_available": True}
"""What a granted guarantee establishes."""


def refusal_of(
    institution_id: int, declined_at: datetime, reason: DeclineReason, *, is_voided: bool
) -> Refusal:
    """Answer a decline as it keeps its institution from being asked again: while what it declined for still holds."""
    meaning = REASONS[reason]
    return Refusal(
        institution_id,
        declined_at,
        reason=reason.value,
        label=meaning.chinese,
        establishes=meaning.establishes,
        cured_by=CURED_BY.get(reason, {}),
        is_voided=is_voided,
    )


def established_by(events: Iterable[Event]) -> dict[str, FactValue]:
    """Answer the facts of the need that an entry's events establish together; what a correction voids says nothing."""
    standing = effective(events)
    reasons = (event.reason for event in standing if event.reason is not None)
    facts = facts_established(reasons)
    is_guaranteed = any(event.kind is EventKind.GUARANTEE_GRANTED for event in standing)
    return facts | (dict(GUARANTEED) if is_guaranteed else {})


def elements_taken_back(events: Iterable[Event]) -> frozenset[str]:
    """Answer the missing elements (土地、环评、施工许可 …) that declines established which a correction voids."""
    logged = list(events)
    standing = {event.sequence for event in effective(logged)}
    voided = (event.reason for event in logged if event.reason is not None and event.sequence not in standing)
    found = facts_established(voided).get("missing_elements")
    return found.known if isinstance(found, Members) else frozenset()
