"""Many things in parts, so that a statement takes its values and memory stays flat."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, TypeVar

Item = TypeVar("Item")

IDS_PER_STATEMENT: Final = 5_000
"""So many values a statement takes at once: SQLite takes 32,766 parameters in all."""


def in_batches(items: Iterable[Item], size: int = IDS_PER_STATEMENT) -> Iterator[list[Item]]:
    """Yield items in their order, in lists of `size`, the last one of what is left."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch
