"""When an institution's time stood still, because the enterprise owed something (pure)."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from app.docking.kinds import EventKind
from app.docking.legality import Standing
from app.docking.rules import Event, effective

ENDS: Final = frozenset(
    {EventKind.RESUMED, EventKind.CREDIT_APPROVED, EventKind.DECLINED, EventKind.GUARANTEE_GRANTED}
)
"""What ends a pause: that time runs again, or the answer."""


def pauses_of(
    events: Iterable[Event], party: Standing, since: datetime
) -> Iterator[tuple[Event, datetime | None]]:
    """Answer the pauses of a party's time in office that reach into a step, each with its end; None: still open."""
    own = sorted(
        (
            one
            for one in effective(events)
            if one.institution_id == party.institution_id and one.occurred_at >= party.since
        ),
        key=lambda event: event.moment,
    )
    begun: Event | None = None
    for event in own:
        if event.kind is EventKind.PAUSED:
            begun = event
        elif begun is not None and event.kind in ENDS:
            if event.occurred_at > since:
                yield begun, event.occurred_at
            begun = None
    if begun is not None:
        yield begun, None
