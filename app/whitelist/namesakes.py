"""Firms of a roster whose names look like another firm's: questions for a person, never a merger. Pure."""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from app.whitelist.entry_planning import Namesake
from app.whitelist.name_duplicates import duplicates_in
from app.whitelist.name_grams import GramBlock
from app.whitelist.name_index import DUPLICATE, NameIndex, Store, table_of
from app.whitelist.name_score import NameTable
from app.whitelist.names import RegionPrefixes

MOST_NAMESAKES: Final = 3


@dataclass(frozen=True, slots=True)
class FirmRows:
    """Some firms; `sources` say where each name stands. Nobody is asked about settled ones again."""

    usccs: list[str]
    names: list[str]
    sources: list[str]
    is_settled: list[bool]


@dataclass(frozen=True, slots=True)
class NamedFirms:
    """Firms with their names taken apart, a few thousand at a time; all of it may lie on disk."""

    rows: Store[FirmRows] = field(default_factory=list[FirmRows])
    tables: Store[NameTable] = field(default_factory=list[NameTable])
    blocks: Store[GramBlock] = field(default_factory=list[GramBlock])

    def add(self, rows: FirmRows, region_codes: Sequence[str], regions: RegionPrefixes) -> None:
        """Add some firms behind the others."""
        self.rows.append(rows)
        self.tables.append(table_of(rows.names, region_codes, regions))

    def usccs(self) -> npt.NDArray[np.bytes_]:
        """Answer the credit codes, 18 bytes each."""
        parts = [np.array(rows.usccs, dtype=np.bytes_) for rows in self.rows]
        return np.concatenate([np.zeros(0, dtype=np.bytes_), *parts])


def find_namesakes(roster: NamedFirms, registered: NamedFirms) -> dict[str, tuple[Namesake, ...]]:
    """Answer for each unsettled firm of a roster the firms it may be the same as, the likeliest first.

    `roster` are its firms in the order of its rows, `registered` all others; the blocks of both are filled.
    Of two unsettled firms of the roster the later is asked. Memory, if they lie on disk: about 40 bytes a firm,
    16 a distinct term of the names, and one block.
    """
    likeliest = _Likeliest({})
    _within_roster(roster, likeliest)
    _among_registered(roster, registered, likeliest)
    return likeliest.namesakes(roster, registered)


@dataclass(frozen=True, slots=True)
class _Likeliest:
    """Credit code of who is asked → (−likeness, credit code) of the likeliest others, ascending."""

    found: dict[str, list[tuple[float, str]]]

    def add(self, asked: str, other: str, likeness: float) -> None:
        others = self.found.setdefault(asked, [])
        if all(uscc != other for _, uscc in others):
            insort(others, (-likeness, other))
            del others[MOST_NAMESAKES:]

    def namesakes(self, *firms: NamedFirms) -> dict[str, tuple[Namesake, ...]]:
        wanted = {uscc for others in self.found.values() for _, uscc in others}
        known = {
            uscc: (name, source)
            for some in firms
            for part in some.rows
            for uscc, name, source in zip(part.usccs, part.names, part.sources, strict=True)
            if uscc in wanted
        }
        return {
            asked: tuple(Namesake(other, known[other][0], -away, known[other][1]) for away, other in others)
            for asked, others in self.found.items()
        }


def _within_roster(roster: NamedFirms, likeliest: _Likeliest) -> None:
    usccs = roster.usccs()
    is_settled = np.array([one for part in roster.rows for one in part.is_settled], dtype=np.bool_)
    for pair in duplicates_in(roster.tables, roster.blocks):
        asked, other = pair.second, pair.first
        if is_settled[asked]:
            asked, other = other, asked
        if not is_settled[asked]:
            likeliest.add(usccs[asked].decode(), usccs[other].decode(), pair.likeness)


def _among_registered(roster: NamedFirms, registered: NamedFirms, likeliest: _Likeliest) -> None:
    usccs = registered.usccs()
    if not len(usccs):
        return
    index = NameIndex.of(registered.tables, registered.blocks)
    for part, table in zip(roster.rows, roster.tables, strict=True):
        asked = np.flatnonzero(~np.array(part.is_settled, dtype=np.bool_))
        found = index.candidates(table.rows(asked), top=MOST_NAMESAKES, at_least=DUPLICATE)
        for row, candidate in found:
            likeliest.add(part.usccs[asked[row]], usccs[candidate.position].decode(), candidate.likeness)
