"""What the whitelist tells the rooms above (kernel/followers.py)."""

from typing import Final

from app.kernel.followers import Topic

ROSTER_CHANGED: Final = Topic("entries were admitted, withdrawn or reopened")
