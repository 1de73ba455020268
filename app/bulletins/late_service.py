"""Counts the entries that were late at an instant, over a whole edition, a batch of entries at a time."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from app.accounts.rules import Viewer
from app.bulletins import queries
from app.bulletins.lateness import Owner, as_of, due_of, late_counts
from app.bulletins.material import LateCount
from app.coverage.facts import MonthFacts, Place, path_of
from app.docking import clock_service, gathering
from app.docking.dossiers import EntryDossier
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession
from app.reference.regions import Regions

ENTRIES_AT_ONCE: Final = 2_000


async def late_at(
    session: AsyncSession, viewer: Viewer, edition_id: int, facts: MonthFacts, regions: Regions, at: datetime
) -> list[LateCount]:
    """Answer what was late at an instant, of the entries of a month's facts, by whole bank, region and step.

    Where nothing has happened since, the clock that is kept is the one of then; only the others are put back.
    """
    admitted = {entry.entry: entry.admitted_at for entry in facts.entries}
    owners = await queries.owners_then(session, edition_id, at)
    found = await queries.dues_unchanged(session, edition_id, at)
    for batch in in_batches(await queries.entries_changed(session, edition_id, at), ENTRIES_AT_ONCE):
        dossiers = await gathering.dossiers_of(session, batch)
        stood = await asyncio.to_thread(_as_of, dossiers, at, admitted, owners)
        clocks = await clock_service.clocks_of(session, stood)
        found += [due_of(one.region, clocks[one.id]) for one in stood if one.id in clocks]
    counter = await clock_service.day_counter(session)
    return await asyncio.to_thread(
        lambda: late_counts(
            found,
            at,
            counter,
            region_name=lambda code: region_below(code, viewer.jurisdiction, regions),
            bank_name=lambda code: whole_bank(code, facts.institutions),
        )
    )


def _as_of(
    found: Sequence[EntryDossier],
    at: datetime,
    admitted: Mapping[str, datetime],
    owners: Mapping[int, Owner],
) -> list[EntryDossier]:
    return [
        as_of(one, at, admitted_at=admitted[one.code], owner=owners.get(one.id))
        for one in found
        if one.code in admitted
    ]


def region_below(code: str, jurisdiction: str, regions: Regions) -> str:
    """Answer the name of the division right below a government in which a place lies; its own where there is none."""
    path = [place.code for place in regions.ancestors(code)]
    inner = [code, *path[: path.index(jurisdiction)]] if jurisdiction in path else [code]
    found = regions.get(inner[-1])
    return found.name if found else inner[-1]


def whole_bank(code: str, institutions: Mapping[str, Place]) -> str:
    """Answer the name of the institution at the root of another's tree."""
    root = path_of(code, institutions)[0]
    place = institutions.get(root)
    return place.name if place else root
