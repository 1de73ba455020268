"""Use case of docking: the whole life of an entry, as far as the viewer sees it."""

from collections.abc import Iterator

from app.accounts.rules import Viewer
from app.coordination.rules import KINDS, CaseKind, CaseState
from app.coordination.tables import CoordinationCase
from app.docking import life_queries, queries
from app.docking.history_service import seen_entry
from app.docking.kinds import EventKind
from app.docking.life import LifeEvent, LifeKind, merged
from app.docking.reasons import REASONS, DeclineReason
from app.docking.schemas import LifeEventOut
from app.docking.tables import DockingEvent
from app.kernel.database import AsyncSession

MOST_EVENTS = 5_000


async def life_of(session: AsyncSession, viewer: Viewer, entry_code: str) -> list[LifeEventOut]:
    """Answer what befell an entry from its admission on, in the order of time.

    Each kind of fact comes from the room that owns it, narrowed for the viewer: an institution sees its own part.

    Raises:
        NotFound: no such entry that this viewer may see.
    """
    await seen_entry(session, viewer, entry_code)
    events = await life_queries.admission(session, viewer, entry_code)
    events += await life_queries.withdrawals(session, viewer, entry_code)
    events += await life_queries.parties(session, viewer, entry_code)
    events += await life_queries.handlers(session, viewer, entry_code)
    events += await life_queries.classifications(session, viewer, entry_code)
    for case in await life_queries.coordination(session, viewer, entry_code):
        events += _of_case(case)
    for row, institution, corrected_by in await queries.event_rows(
        session, viewer, entry_code, 0, MOST_EVENTS
    ):
        events.append(_of_docking(row, institution, is_voided=corrected_by is not None))
    return [
        LifeEventOut(
            at=one.at,
            kind=one.kind.value,
            label=one.label,
            who=one.who or None,
            text=one.text or None,
            sequence=one.sequence,
            is_voided=one.is_voided,
        )
        for one in merged(events)
    ]


def _of_case(case: CoordinationCase) -> Iterator[LifeEvent]:
    label = KINDS[CaseKind(case.kind)].chinese
    yield LifeEvent(case.raised_at, LifeKind.CASE_RAISED, case.body, label)
    if case.closed_at is not None:
        is_settled = CaseState(case.state) is CaseState.RESOLVED
        kind = LifeKind.CASE_RESOLVED if is_settled else LifeKind.CASE_REFUSED
        yield LifeEvent(case.closed_at, kind, case.body, label)


def _of_docking(row: DockingEvent, institution: str | None, *, is_voided: bool) -> LifeEvent:
    kind = EventKind(row.kind)
    text = REASONS[DeclineReason(row.reason)].chinese if kind is EventKind.DECLINED and row.reason else ""
    return LifeEvent(row.occurred_at, kind, institution or "", text, row.sequence, is_voided)
