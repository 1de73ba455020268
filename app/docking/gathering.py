"""Entries with all that decides about them: parties, events, coordination cases, who coordinates their region."""

from collections.abc import Collection, Sequence

from app.accounts.rules import Viewer
from app.allocation.gathering import coordinator_of
from app.coordination import service as coordination
from app.docking import dossier_queries
from app.docking.dossiers import EntryDossier
from app.kernel.database import AsyncSession
from app.kernel.settings import get_settings
from app.reference.book import load_reference_book


async def dossier(
    session: AsyncSession, viewer: Viewer, entry_code: str, *, lock: bool = False
) -> EntryDossier | None:
    """Answer one entry that the viewer may see, or None; `lock` keeps other writers out."""
    found = await dossier_queries.dossier(session, viewer, entry_code, lock=lock)
    await _complete(session, [found] if found is not None else [])
    return found


async def dossiers(
    session: AsyncSession, viewer: Viewer, edition: int, *, lock: bool = False
) -> list[EntryDossier]:
    """Answer an edition's entries that the viewer may see, by code, in few statements whatever their number."""
    found = await dossier_queries.dossiers(session, viewer, edition, lock=lock)
    await _complete(session, found)
    return found


async def dossiers_by_code(
    session: AsyncSession, viewer: Viewer, codes: Collection[str]
) -> list[EntryDossier]:
    """Answer those of some entries (codes) that the viewer may see, by code, likewise."""
    found = await dossier_queries.dossiers_by_code(session, viewer, codes)
    await _complete(session, found)
    return found


async def dossiers_of(
    session: AsyncSession, entry_ids: Collection[int], *, lock: bool = False
) -> list[EntryDossier]:
    """Answer entries (ids) for the system itself, which decides about them and shows them to nobody."""
    found = await dossier_queries.dossiers_of(session, None, entry_ids, lock=lock)
    await _complete(session, found)
    return found


async def _complete(session: AsyncSession, found: Sequence[EntryDossier]) -> None:
    regions = load_reference_book(get_settings().seed_dir).regions
    cases = await coordination.open_spans_of(session, [one.id for one in found]) if found else {}
    for one in found:
        one.coordinator = coordinator_of(one.region, regions)
        one.cases = cases.get(one.id, [])
