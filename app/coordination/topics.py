"""What coordination tells the rooms above (kernel/followers.py)."""

from typing import Final

from app.kernel.followers import Topic

CASES_CHANGED: Final = Topic("coordination cases of entries were raised, resolved or refused")
