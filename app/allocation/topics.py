"""What allocation tells the rooms above (kernel/followers.py)."""

from typing import Final

from app.kernel.followers import Topic

PARTIES_CHANGED: Final = Topic("entries have another responsible party, or another handler within it")
