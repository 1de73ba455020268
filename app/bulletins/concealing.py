"""Which cells of a published table would tell of a single firm (pure).

A cell that rests on one or two entries is withheld. Where the sum of a column is published too, one withheld
cell is what is left of the sum: so at least two are withheld, that together rest on at least three entries.
"""

from collections.abc import Sequence
from typing import Final

FEWEST: Final = 3
"""Entries on which a published cell rests at least; a cell that rests on none tells of nobody."""


def concealed(counts: Sequence[int]) -> frozenset[int]:
    """Answer which cells of a column are withheld, by position, given how many entries each rests on.

    Beside those of one or two entries, the smallest others are withheld until no difference to the sum
    tells of fewer than three entries; of equal ones the first.
    """
    hidden = [place for place, count in enumerate(counts) if 0 < count < FEWEST]
    if not hidden:
        return frozenset()
    others = sorted(
        (place for place, count in enumerate(counts) if count >= FEWEST),
        key=lambda place: (counts[place], place),
    )
    for place in others:
        if len(hidden) > 1 and sum(counts[one] for one in hidden) >= FEWEST:
            break
        hidden.append(place)
    return frozenset(hidden)
