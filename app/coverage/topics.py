"""What coverage tells the rooms above (kernel/followers.py); its numbers are those of snapshots."""

from typing import Final

from app.kernel.followers import Topic

MONTHS_CLOSED: Final = Topic("a month was closed")
