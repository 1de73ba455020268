"""Use case of core firms' lists: whom the rows of a workbook mean, among all firms that are registered."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

import numpy as np
import numpy.typing as npt

from app.core_lists.columns import ListRow
from app.core_lists.resolution import MOST_CANDIDATES, KnownName, Resolution, resolve
from app.enterprises.service import all_names
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.progress import report
from app.kernel.settings import get_settings
from app.reference.service import current_book
from app.whitelist.name_grams import GramBlock
from app.whitelist.name_index import NameIndex, Store, table_of
from app.whitelist.name_score import NameTable
from app.whitelist.names import RegionPrefixes
from app.whitelist.shelf import Shelf
from app.whitelist.writing import region_prefixes

NAMES_PER_PAGE: Final = 8_192
WORKERS: Final = 2


async def region_names(session: AsyncSession) -> RegionPrefixes:
    """Answer the regions that may lead a firm's name."""
    return region_prefixes(await current_book(session, get_settings().seed_dir))


async def resolved(session: AsyncSession, rows: Sequence[ListRow], core_uscc: str) -> list[Resolution]:
    """Answer whom each row means; the core firm itself is nobody's supplier.

    All names are compared, wherever their firms lie; they stand on disk a few thousand at a time.
    """
    regions = await region_names(session)
    report("comparing names")
    with ExitStack() as stack:
        tables = stack.enter_context(Shelf[NameTable]())
        blocks = stack.enter_context(Shelf[GramBlock]())
        codes: list[npt.NDArray[np.bytes_]] = []
        with unrestricted(session):
            async for page in all_names(session, NAMES_PER_PAGE):
                known = [one for one in page if one[0] != core_uscc]
                if known:
                    codes.append(await asyncio.to_thread(_add, tables, known, regions))
        usccs = np.concatenate([np.zeros(0, dtype="S18"), *codes])
        return await asyncio.to_thread(_resolved, rows, tables, blocks, regions, usccs)


def _add(
    tables: Shelf[NameTable], firms: Sequence[tuple[str, str, str]], regions: RegionPrefixes
) -> npt.NDArray[np.bytes_]:
    usccs, names, codes = map(list, zip(*firms, strict=True))
    tables.append(table_of(names, codes, regions))
    return np.array(usccs, dtype="S18")


def _resolved(
    rows: Sequence[ListRow],
    tables: Store[NameTable],
    blocks: Store[GramBlock],
    regions: RegionPrefixes,
    usccs: npt.NDArray[np.bytes_],
) -> list[Resolution]:
    if not len(usccs):
        return [resolve(row.uscc, (), is_registered=False) for row in rows]
    index = NameIndex.of(tables, blocks, regions=regions)
    found = index.resolve(
        [row.name for row in rows], [None] * len(rows), top=MOST_CANDIDATES, workers=WORKERS
    )
    registered = set(usccs.tolist())
    return [
        resolve(
            row.uscc,
            [KnownName(usccs[one.position].decode(), one.likeness, one.verdict) for one in candidates],
            is_registered=row.uscc is not None and row.uscc.encode() in registered,
        )
        for row, candidates in zip(rows, found, strict=True)
    ]
