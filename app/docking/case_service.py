"""Use cases between docking and coordination.

Cases are raised for what the mechanism has to settle, and what it settles moves the entry on.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Final

from app.accounts.rules import local_operator
from app.allocation import service as allocation
from app.allocation.outcomes import ROUTED
from app.bottlenecks import service as bottlenecks
from app.coordination import raising_service
from app.coordination import service as coordination
from app.coordination.rules import ELEMENTS, CaseKind, CaseSpan, CaseState, NewCase
from app.docking import dossier_queries
from app.docking.rules import fold
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.settings import get_settings
from app.policy.facts import MISSING_ELEMENTS

ACTOR: Final = "docking"
BY_COORDINATION: Final = "coordination"
"""The route of 黑银发〔2023〕25号 (十五), by the word of its rule."""


async def raise_wanted(session: AsyncSession, entry_ids: Collection[int], now: datetime) -> None:
    """Raise a case for each element that an entry lacks which has gone to the coordination mechanism (十五).

    What is open already stays; what nobody routed there is none of the mechanism's.
    """
    viewer = local_operator(get_settings().jurisdiction)
    with unrestricted(session):  # what has to be settled rests on the entry, whoever moved it
        cases = await bottlenecks.current_cases_of(session, viewer, entry_ids)
        routed = [
            case.entry_id
            for case in cases
            if case.leading is not None and case.leading[2]["route"] == BY_COORDINATION
        ]
        if not routed:
            return
        found = await dossier_queries.dossiers_of(session, None, routed)
        held = [one.id for one in found if one.owner_kind == ROUTED]
        missing = await coordination.missing_elements(session, held)
        spans = await coordination.open_spans_of(session, held)
        wanted = [
            case
            for entry_id, elements in missing.items()
            for case in _cases(entry_id, elements, spans.get(entry_id, ()))
        ]
        await raising_service.raise_cases(session, wanted, now=now)


def _cases(entry_id: int, missing: Collection[str], spans: Sequence[CaseSpan]) -> Iterator[NewCase]:
    last = {one.kind.value: one.state for one in sorted(spans, key=lambda span: span.raised_at)}
    for element in sorted(missing):
        # What the mechanism refused is the coordinator's to find another way for, or to raise again.
        if element in ELEMENTS and last.get(element) is not CaseState.REFUSED:
            label = MISSING_ELEMENTS[element]
            yield NewCase(entry_id, CaseKind(element), f"融资需求缺少{label}要素，请协调落实。", ACTOR)


async def move_on(session: AsyncSession, entry_ids: Collection[int], now: datetime) -> None:
    """Match entries anew whose last open case was resolved just now, with what that established.

    Entries for which somebody has approved credit are left alone.
    """
    spans = await coordination.open_spans_of(session, entry_ids)
    settled = [entry_id for entry_id, found in spans.items() if _is_settled(found, now)]
    if not settled:
        return
    viewer = local_operator(get_settings().jurisdiction)
    with unrestricted(
        session
    ):  # where an entry goes rests on all that is known of it, whoever closed the case
        found = await dossier_queries.dossiers_of(session, None, settled)
        open_ones = {one.id for one in found if not fold(one.events).approved_fen}
        established = await coordination.facts_resolved(session, open_ones)
        await allocation.rematch_entries(session, viewer, established, cause="协调事项已解决", now=now)


def _is_settled(spans: Sequence[CaseSpan], now: datetime) -> bool:
    """Say whether nothing is open any more and something was resolved at this instant."""
    is_just_resolved = any(
        one.state is CaseState.RESOLVED and one.closed_at is not None and one.closed_at >= now
        for one in spans
    )
    return is_just_resolved and all(one.closed_at is not None for one in spans)
