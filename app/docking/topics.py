"""What docking tells the rooms above (kernel/followers.py)."""

from typing import Final

from app.kernel.followers import Topic

BACKDATED: Final = Topic("something was logged, or voided, of a month that is over")
