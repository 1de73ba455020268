"""Keeps the audit trail: notes are gathered while a transaction runs and chained as its last step."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

from app.accounts import audit_queries
from app.accounts.audit import Note, Origin, links
from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession, as_last_step
from app.kernel.recording import Keeping, leave_note, leaves

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
    What a session leaves that only reads is chained right after it, with what others leave (kernel/recording.py).
    """
    made = Note(action, subject_kind, subject, now, detail or {})
    if leaves(session):
        leave_note(session, _TRAIL, (session.info[_ORIGIN], made))
    else:
        session.info.setdefault(_NOTES, []).append(made)
        as_last_step(session, _seal)


async def _seal(session: AsyncSession) -> None:
    notes, origin = session.info.pop(_NOTES, []), session.info[_ORIGIN]
    await _add(session, [(origin, note) for note in notes])


async def _chain(session: AsyncSession, notes: list[tuple[Origin, Note]]) -> None:
    """Chain what several sessions left as the last step of the transaction that keeps it."""

    async def seal(session: AsyncSession) -> None:
        await _add(session, notes)

    as_last_step(session, seal)


async def _chain_alone(session: AsyncSession, notes: list[tuple[Origin, Note]]) -> bool:
    return await audit_queries.is_added_alone(session, partial(links, notes))


_TRAIL: Final = Keeping(_chain, _chain_alone)


async def _add(session: AsyncSession, notes: Sequence[tuple[Origin, Note]]) -> None:
    if notes:
        await audit_queries.add_to_end(session, partial(links, notes))
