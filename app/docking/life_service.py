"""Use case of docking: the whole life of an entry, as far as the viewer sees it."""

from typing import Any

from app.accounts.rules import Viewer
from app.docking import life_queries
from app.docking.history_service import logged
from app.docking.kinds import EventKind
from app.docking.life import LifeEvent, merged
from app.docking.reasons import REASONS, DeclineReason
from app.docking.schemas import LifeEventOut
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound

MOST_EVENTS = 5_000


async def life_of(session: AsyncSession, viewer: Viewer, entry_code: str) -> list[LifeEventOut]:
    """Answer what befell an entry from its admission on, in the order of time.

    Each kind of fact comes from the room that owns it, narrowed for the viewer: an institution sees its own part.

    Raises:
        NotFound: no such entry that this viewer may see.
    """
    events = await life_queries.life(session, viewer, entry_code)
    if events is None:
        raise NotFound(f"No whitelist entry {entry_code}.")
    for row, institution, corrected_by in await logged(session, viewer, entry_code, MOST_EVENTS):
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


def _of_docking(row: Any, institution: str | None, *, is_voided: bool) -> LifeEvent:
    kind = EventKind(row.kind)
    text = REASONS[DeclineReason(row.reason)].chinese if kind is EventKind.DECLINED and row.reason else ""
    return LifeEvent(row.occurred_at, kind, institution or "", text, row.sequence, is_voided)
