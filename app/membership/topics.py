"""What membership tells the rooms above (kernel/followers.py): numbers of memberships and of objections."""

from typing import Final

from app.kernel.followers import Topic

MEMBERSHIPS_SAID: Final = Topic("people confirmed, declined, handed over or ended memberships")
OBJECTIONS_RAISED: Final = Topic("firms objected to memberships of their own")
OBJECTIONS_ANSWERED: Final = Topic("coordinators answered objections")
