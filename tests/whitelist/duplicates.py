"""The pairs that look alike in one roster held in memory, as the tests compare them with whatever else finds them."""

from collections.abc import Iterable, Sequence

from app.whitelist.name_duplicates import DuplicatePair, duplicates_in
from app.whitelist.name_index import CHUNK, DUPLICATE, NAMES_AT_ONCE, table_of
from app.whitelist.names import RegionPrefixes


def find_duplicates(
    names: Sequence[str],
    region_codes: Sequence[str | None] | None = None,
    region_names: Iterable[str] = (),
    *,
    at_least: float = DUPLICATE,
    at_once: int = NAMES_AT_ONCE,
) -> list[DuplicatePair]:
    """Answer the pairs of rows that look like one firm (likeness >= `at_least`), each once, ascending."""
    codes = [None] * len(names) if region_codes is None else region_codes
    tables = list(table_of(names, codes, RegionPrefixes.of(region_names)).pieces(min(CHUNK, at_once)))
    each = {
        (pair.first, pair.second): pair
        for pair in duplicates_in(tables, [], at_least=at_least, at_once=at_once)
    }
    return [each[rows] for rows in sorted(each)]
