"""Binds to a session what its viewer may see, and how it finds through which institutions."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Final

from app.accounts.rules import Viewer
from app.enterprises.disclosure_service import Entrusting, bind
from app.kernel.database import AsyncSession, Sight, restrict, sight_of
from app.visibility.holder_queries import basis_of_showing, holders_of
from app.visibility.queries import criteria, criteria_of_entry

_NARROWED_FOR: Final = "rongqiao_narrowed_for"


def narrow(session: AsyncSession, viewer: Viewer, day: date, entry: str | None = None) -> None:
    """Let a session see from now on what a viewer may see on a day (Shanghai); the operator sees all.

    `entry`: of all that the viewer's institutions hold, the one (code) that is looked at, as within `looking_at`.
    """
    session.info[_NARROWED_FOR] = viewer, day
    restrict(session, None if viewer.is_operator else _criteria(viewer, day, entry))
    bind(session, Entrusting(day, holders_of, basis_of_showing))


@contextmanager
def looking_at(session: AsyncSession, entry: str) -> Iterator[None]:
    """Narrow a session further, to one entry (code) of all that its viewer's institutions hold, and widen it again.

    For what is read of that entry alone: the same rows are found, without a look through all others. It goes by the viewer
    for whom the session was narrowed: a route may see with fewer roles than its viewer has.
    """
    before = sight_of(session)
    if before is not None:
        viewer, day = session.info[_NARROWED_FOR]
        restrict(session, criteria_of_entry(viewer, day, entry))
    try:
        yield
    finally:
        restrict(session, before)


def _criteria(viewer: Viewer, day: date, entry: str | None) -> Sight:
    return criteria(viewer, day) if entry is None else criteria_of_entry(viewer, day, entry)
