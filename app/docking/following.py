"""What docking does when rooms below change an entry, in the same transaction.

Its clock runs anew. What went to the coordination mechanism gets its cases, and what the mechanism settled
moves on.
"""

from app.allocation.refusal_service import REFUSALS
from app.allocation.topics import PARTIES_CHANGED
from app.coordination.topics import CASES_CHANGED
from app.docking import case_service, clock_service, notice_service, rejudging_service
from app.notifications import membership_telling_service
from app.whitelist.topics import ROSTER_CHANGED


def follow_all() -> None:
    """Follow the rooms below, and tell allocation who declined what; both doors call it once."""
    membership_telling_service.follow_all()
    PARTIES_CHANGED.follow(case_service.raise_wanted)
    for tell in (notice_service.tell_assigned, notice_service.tell_moved, notice_service.tell_handed_over):
        PARTIES_CHANGED.follow(tell)
    CASES_CHANGED.follow(case_service.move_on)
    for topic in (ROSTER_CHANGED, PARTIES_CHANGED, CASES_CHANGED):
        topic.follow(clock_service.refresh)
    REFUSALS.told_by(rejudging_service.refusals)
