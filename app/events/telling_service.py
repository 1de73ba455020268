"""Use cases of telling guests, in the transaction of what they are told of."""

from collections.abc import Callable, Sequence
from datetime import datetime

from app.accounts.rules import Viewer
from app.events import guest_queries
from app.events.notices import ToldEvent, ToldGuest
from app.events.states import event_code
from app.events.subjects import event_name
from app.events.tables import EventGuest, HostedEvent
from app.events.year import Rhythm
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession, unrestricted
from app.notifications import service as notifications
from app.notifications.rules import NewNotice

Wording = Callable[[ToldEvent, Sequence[ToldGuest]], list[NewNotice]]


async def tell(
    session: AsyncSession,
    viewer: Viewer,
    event: HostedEvent,
    guests: Sequence[EventGuest],
    wording: Wording,
    *,
    now: datetime,
) -> int:
    """Tell some guests of an event; answer how many people were told anew."""
    told = ToldEvent(
        event_code(event.id),
        event_name(Rhythm(event.rhythm), event.subject_name),
        event.day,
        event.venue or event.place_name,
        event.version,
    )
    # Whoever acts, all hear of it whom it concerns: the notices go to nobody else.
    with unrestricted(session):
        codes = await guest_queries.firm_codes(session, [one.id for one in guests])
    tree = await institution_tree(session, viewer)
    whom = []
    for one in guests:
        own: tuple[str, ...] = ()
        if one.institution_id is not None:
            below = (tree.node(one.institution_id), *tree.descendants(one.institution_id))
            own = tuple(node.code for node in below)
        whom.append(ToldGuest(one.id, codes.get(one.id), own))
    return await notifications.post(session, wording(told, whom), now=now)
