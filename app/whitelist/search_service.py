"""Use case of the search box: firms by name, pinyin or code, with their entries and needs."""

import re
from typing import Final

from app.accounts.rules import Viewer
from app.enterprises.search_service import FirmRow, asked, find_firms, find_needs
from app.kernel.database import AsyncSession
from app.kernel.paging import PageRequest
from app.whitelist.schemas import EntryFilter, EntrySummary
from app.whitelist.search_queries import found, these
from app.whitelist.search_schemas import FoundFirm, FoundNeed, FoundOut
from app.whitelist.service import list_entries

__all__ = ["asked", "find", "these"]

MOST_FIRMS: Final = 20
MOST_ENTRIES: Final = 100
_ENTRY: Final = re.compile(r"[0-9]{4}H[12]-?[0-9A-Z-]*", re.ASCII)


async def find(session: AsyncSession, viewer: Viewer, text: str) -> FoundOut:
    """Answer what a text finds of what the viewer may see; nothing of a text under two letters or characters.

    What institutions are shown of entries is put on record, as in their lists.
    """
    wanted = asked(text)
    if wanted is None:
        return FoundOut(firms=[], entries=[], needs=[], is_cut=False)
    firms = await find_firms(session, viewer, wanted, MOST_FIRMS)
    shown = firms[:MOST_FIRMS]
    begins = wanted.code if _ENTRY.fullmatch(wanted.code) else ""
    entries = await list_entries(
        session,
        viewer,
        PageRequest(limit=MOST_ENTRIES),
        EntryFilter(),
        within=found([firm.id for firm in shown], begins),
    )
    needs = await find_needs(session, viewer, shown, wanted, MOST_ENTRIES)
    return FoundOut(
        firms=[
            FoundFirm(uscc=one.uscc, name=one.name, region=one.region_code, is_demo=one.is_demo)
            for one in shown
        ],
        entries=_ordered(entries.items, shown),
        needs=[FoundNeed(code=one.code, uscc=one.uscc, name=one.name, project=one.project) for one in needs],
        is_cut=len(firms) > MOST_FIRMS or entries.next is not None or len(needs) == MOST_ENTRIES,
    )


def _ordered(entries: list[EntrySummary], firms: list[FirmRow]) -> list[EntrySummary]:
    """Answer entries in the order of their firms, of each those of the newest edition first."""
    places = {firm.uscc: place for place, firm in enumerate(firms)}
    newest_first = sorted(entries, key=lambda one: one.edition, reverse=True)
    return sorted(newest_first, key=lambda one: places.get(one.uscc, len(places)))
