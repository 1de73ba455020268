"""What docking does when rooms below change an entry: its clock runs anew, in the same transaction."""

from app.allocation.topics import PARTIES_CHANGED
from app.coordination.topics import CASES_CHANGED
from app.docking import clock_service
from app.whitelist.topics import ROSTER_CHANGED


def follow_all() -> None:
    """Follow the rooms below; both doors call it once."""
    for topic in (ROSTER_CHANGED, PARTIES_CHANGED, CASES_CHANGED):
        topic.follow(clock_service.refresh)
