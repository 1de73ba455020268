"""Use cases of docking: what happened to an entry, where it stands, what may be logged."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from app.accounts.rules import Viewer
from app.docking import clock_service, gathering, guarantee_service, queries
from app.docking.dossiers import EntryDossier
from app.docking.kinds import PAUSE_LABELS, PauseReason
from app.docking.onlookers import Onlooker
from app.docking.reasons import REASONS, DeclineReason
from app.docking.schemas import DockingOut, EventOut, PauseReasonOut, ReasonOut
from app.docking.views import docking_out, event_out
from app.kernel.database import AsyncSession, sight_of
from app.kernel.errors import NotFound
from app.kernel.paging import MOST_ROWS, Page, PageRequest, page_of
from app.kernel.recording import looked_once
from app.policy.facts import fact_as_json
from app.whitelist import service as whitelist

LoggedRow = tuple[Any, str | None, int | None]
_FIRST_ROWS: Final = MOST_ROWS + 1
"""So many are read at once: what the largest page and a look beyond it take."""


async def events_page(
    session: AsyncSession, viewer: Viewer, entry_code: str, request: PageRequest
) -> Page[EventOut]:
    """Answer an entry's events in order of logging, a page at a time."""
    if not await whitelist.is_seen(session, viewer, entry_code):
        raise NotFound(f"No whitelist entry {entry_code}.")
    key = request.after()
    after = key[0] if key and isinstance(key[0], int) else 0
    rows = await logged(session, viewer, entry_code, request.limit + 1, after=after)
    return page_of(rows, request, lambda row: (row[0].sequence,), lambda row: event_out(*row))


async def event(session: AsyncSession, viewer: Viewer, entry_code: str, sequence: int) -> EventOut:
    """Answer one event of an entry by its number."""
    rows = await queries.event_rows(session, viewer, entry_code, sequence - 1, 1)
    if not rows or rows[0][0].sequence != sequence:
        raise NotFound("No such docking event.")
    return event_out(*rows[0])


async def docking_state(
    session: AsyncSession, viewer: Viewer, entry_code: str, *, now: datetime
) -> DockingOut:
    """Answer where an entry stands, what may be logged next, whose turn it is and by when."""
    found = await found_entry(session, viewer, entry_code)
    return (await _shown(session, viewer, [found], now))[0]


async def docking_states(
    session: AsyncSession, viewer: Viewer, edition_code: str, *, now: datetime
) -> list[DockingOut]:
    """Answer where every entry of an edition stands; statements do not grow with the number of entries."""
    edition = await edition_id_of(session, viewer, edition_code)
    found = await gathering.dossiers(session, viewer, edition)
    return await _shown(session, viewer, found, now)


async def docking_states_of(
    session: AsyncSession, viewer: Viewer, entry_codes: Collection[str], *, now: datetime
) -> dict[str, DockingOut]:
    """Answer where those of some entries stand that the viewer may see, by code; in few statements likewise."""
    if not entry_codes:
        return {}
    found = await gathering.dossiers_by_code(session, viewer, entry_codes)
    return {one.entry: one for one in await _shown(session, viewer, found, now)}


async def _shown(
    session: AsyncSession, viewer: Viewer, found: Sequence[EntryDossier], now: datetime
) -> list[DockingOut]:
    onlooker = await onlooker_of(session, viewer, found)
    clocks = await clock_service.live_clocks(session, found, onlooker, now=now)
    caps = await guarantee_service.caps_of_guarantors(session, found, now)
    return [docking_out(one, clocks.get(one.code), onlooker, now, caps.get(one.id)) for one in found]


def pause_reasons() -> list[PauseReasonOut]:
    """Answer the closed list of reasons for a pause."""
    return [PauseReasonOut(reason=reason, label=PAUSE_LABELS[reason]) for reason in PauseReason]


def reasons() -> list[ReasonOut]:
    """Answer the closed list of reasons for a decline."""
    return [
        ReasonOut(
            reason=reason,
            label=meaning.chinese,
            establishes={name: fact_as_json(value) for name, value in meaning.establishes.items()},
            clause=meaning.clause,
        )
        for reason, meaning in ((reason, REASONS[reason]) for reason in DeclineReason)
    ]


async def found_entry(
    session: AsyncSession, viewer: Viewer, entry_code: str, *, lock: bool = False
) -> EntryDossier:
    """Answer an entry that the viewer may see.

    Raises:
        NotFound: there is none of this code.
    """
    if lock:
        found = await gathering.dossier(session, viewer, entry_code, lock=True)
    else:
        look = partial(gathering.dossier, session, viewer, entry_code)
        found = await looked_once(session, ("dossier", sight_of(session), viewer, entry_code), look)
    if found is None:
        raise NotFound(f"No whitelist entry {entry_code}.")
    return found


async def logged(
    session: AsyncSession, viewer: Viewer, entry_code: str, most: int, *, after: int = 0
) -> list[LoggedRow]:
    """Answer what was logged on an entry after a sequence number, in order; its first pages are read once a request."""
    if after:
        return list(await queries.event_rows(session, viewer, entry_code, after, most))
    first = partial(queries.event_rows, session, viewer, entry_code, 0, _FIRST_ROWS)
    rows = await looked_once(session, ("logged", sight_of(session), viewer, entry_code), first)
    if most <= len(rows) or len(rows) < _FIRST_ROWS:
        return list(rows[:most])
    last = rows[-1][0].sequence
    return [*rows, *await queries.event_rows(session, viewer, entry_code, last, most - len(rows))]


async def edition_id_of(session: AsyncSession, viewer: Viewer, code: str) -> int:
    """Answer the id of the viewer's edition of a code.

    Raises:
        NotFound: there is none.
    """
    found = await queries.edition_id(session, viewer, code)
    if found is None:
        raise NotFound(f"No whitelist edition {code}.")
    return found


async def onlooker_of(session: AsyncSession, viewer: Viewer, dossiers: Iterable[EntryDossier]) -> Onlooker:
    """Answer the viewer as one who looks at some entries; the operator is shown everything anyway."""
    if viewer.is_operator:
        return Onlooker(viewer, {})
    lineages = {one.institution_id: one.lineage for found in dossiers for one in found.standings}
    return Onlooker(viewer, await queries.institution_lines(session, lineages))
