"""What coverage does when rooms below change what a closed month was about, in the same transaction."""

from app.coverage import telling_service
from app.docking import following
from app.docking.topics import BACKDATED


def follow_all() -> None:
    """Follow the rooms below, and have them follow theirs."""
    following.follow_all()
    BACKDATED.follow(telling_service.tell_restated)
