"""What a core firm's list says of its chain: a listed firm's place there, proposed to the room that keeps members."""

from datetime import datetime

from app.core_lists.tables import CoreList
from app.kernel.database import AsyncSession


async def propose_roles(session: AsyncSession, row: CoreList, *, now: datetime) -> None:
    """Propose the listed firms upstream or downstream on the core firm's chain, with the list as evidence."""
