"""Keeps the audit trail: notes are gathered while a transaction runs and chained as its last step."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from app.accounts import audit_queries
from app.accounts.audit import Note, Origin, links
from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession, as_last_step

_ORIGIN: Final = "audit_origin"
_NOTES: Final = "audit_notes"


def begin(session: AsyncSession, origin: Origin) -> None:
    """Say on whose behalf, by which way and from where a transaction works."""
    session.info[_ORIGIN] = origin


def acting_as(session: AsyncSession, viewer: Viewer) -> None:
    """Say who it was that a transaction works for, now that it is known (after signing in)."""
    session.info[_ORIGIN] = replace(session.info[_ORIGIN], viewer=viewer)


def note(
    session: AsyncSession,
    action: str,
    subject_kind: str,
    subject: str,
    *,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Put something done or shown on record, in the same transaction; `detail` holds no personal data.

    It is chained just before the commit: the one place where transactions wait for each other is short.
    """
    session.info.setdefault(_NOTES, []).append(Note(action, subject_kind, subject, now, detail or {}))
    as_last_step(session, _seal)


async def _seal(session: AsyncSession) -> None:
    notes, origin = session.info.pop(_NOTES, []), session.info[_ORIGIN]
    last = await audit_queries.hold_last_link(session)
    await audit_queries.add_links(session, links(origin, notes, last))
