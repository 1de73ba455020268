"""Binds to a session what its viewer may see."""

from datetime import date

from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession, restrict
from app.visibility.queries import criteria


def narrow(session: AsyncSession, viewer: Viewer, day: date) -> None:
    """Let a session see from now on what a viewer may see on a day (Shanghai); the operator sees all."""
    restrict(session, () if viewer.is_operator else criteria(viewer, day))
