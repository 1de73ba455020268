"""When somebody says once more what they said before, because nobody told them that it was heard."""

from collections.abc import Iterable

from app.accounts.rules import Viewer
from app.docking import queries
from app.docking.schemas import EventIn, EventOut
from app.docking.views import event_out
from app.kernel.database import AsyncSession

MOST_LOOKED_AT = 10_000


def same_event(stated: EventIn, actor: str, logged: Iterable[EventOut]) -> EventOut | None:
    """Answer the event that already says all that is stated, by the same person at the same stated time, if one does.

    What was voided since says nothing any more; without a stated time nothing is a repetition.
    """
    wanted = stated.model_dump(exclude={"institution"})
    for event in logged:
        is_theirs = event.actor == actor and event.corrected_by is None
        if is_theirs and stated.institution in {None, event.institution, event.logged_by}:
            said = event.model_dump(include=set(wanted))
            if said == wanted:
                return event
    return None


async def logged_before(
    session: AsyncSession, viewer: Viewer, entry_code: str, stated: EventIn
) -> EventOut | None:
    """Answer the event of an entry that already says what is stated, if there is one; the entry is held."""
    rows = await queries.event_rows(session, viewer, entry_code, 0, MOST_LOOKED_AT)
    return same_event(stated, viewer.name, (event_out(*row) for row in rows))
