"""Binds to a session what its viewer may see, and how it finds through which institutions."""

from datetime import date

from app.accounts.rules import Viewer
from app.enterprises.disclosure_service import Entrusting, bind
from app.kernel.database import AsyncSession, restrict
from app.visibility.holder_queries import basis_of_showing, holders_of
from app.visibility.queries import criteria


def narrow(session: AsyncSession, viewer: Viewer, day: date) -> None:
    """Let a session see from now on what a viewer may see on a day (Shanghai); the operator sees all."""
    restrict(session, None if viewer.is_operator else criteria(viewer, day))
    bind(session, Entrusting(day, holders_of, basis_of_showing))
