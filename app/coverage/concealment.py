"""Which cells of a table over a tree would tell of a single firm (pure; docs/decisions/0011).

A cell is what one institution's row says of one measure. It rests on so many entries; a cell that rests on
one or two is hidden (none tells of nobody and is shown). But what lies in an institution adds up to it: a
hidden cell must not be what is left when the shown ones are taken from their sum. So others are hidden with
it, until in every sum (a row, the rows right below it, and what it did itself, which has no row) either
nothing is unknown or at least two things are, and what is unknown together rests on enough entries.

Every cell stands in two sums at most, once as the whole and once as a part, and sums hang together as a tree.
A combination of sums that left one unknown alone would need a sum at each of its ends in which nothing else
is unknown; there is none. So no difference of shown cells gives a hidden one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

WHOLE: Final = ""
"""The key of all institutions together; its row is published elsewhere and cannot be hidden."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A whole and its parts; `rest` is what the whole has beyond its parts, and no row shows."""

    whole: str
    parts: Sequence[str]
    rest: int


def sums_of(counts: Mapping[str, int], parents: Mapping[str, str | None]) -> list[Sum]:
    """Answer the sums that a reader knows, the deepest first; `WHOLE` may be among the counts.

    `parents` names for each row what it lies in; a row that lies in none of the rows lies in the whole.
    """
    below: dict[str, list[str]] = {}
    for key in sorted(counts):
        above = parents.get(key)
        if key != WHOLE:
            below.setdefault(above if above in counts else WHOLE, []).append(key)  # type: ignore[arg-type]  # mypy: None is in no counts
    depths = {key: _depth(key, counts, parents) for key in below}
    ordered = sorted(below, key=lambda key: (-depths[key], key))
    return [
        Sum(key, below[key], counts[key] - sum(counts[part] for part in below[key]))
        for key in ordered
        if key in counts
    ]


def _depth(key: str, counts: Mapping[str, int], parents: Mapping[str, str | None]) -> int:
    depth, at = 0, key
    while at != WHOLE:
        above = parents.get(at)
        at, depth = above if above is not None and above in counts else WHOLE, depth + 1
    return depth


def concealed(counts: Mapping[str, int], parents: Mapping[str, str | None], fewest: int) -> frozenset[str]:
    """Answer the keys whose cells are hidden, given how many entries each rests on.

    Where all institutions together rest on fewer than `fewest` entries, nothing can be kept from a reader who
    knows the whole: then every cell is hidden.
    """
    if 0 < counts.get(WHOLE, fewest) < fewest:
        return frozenset(counts) - {WHOLE}
    hidden = {key for key, count in counts.items() if 0 < count < fewest and key != WHOLE}
    sums = sums_of(counts, parents)
    while more := next(_betrayed(sums, counts, hidden, fewest), None):
        hidden.add(more)
    return frozenset(hidden)


def _betrayed(sums: Sequence[Sum], counts: Mapping[str, int], hidden: set[str], fewest: int) -> Iterator[str]:
    """Answer which cell has to be hidden next, because a sum would tell what is unknown in it."""
    for one in sums:
        parts = [key for key in one.parts if key in hidden]
        if _is_safe(one, parts, counts, hidden, fewest):
            continue
        shown = [key for key in one.parts if key not in hidden]
        # The smallest that tells of anybody; where all others rest on none, the whole; else one that rests on none.
        telling = sorted((key for key in shown if counts[key] > 0), key=lambda key: (counts[key], key))
        whole = [one.whole] if one.whole != WHOLE and one.whole not in hidden else []
        yield from (*telling, *whole, *sorted(shown))


def _is_safe(
    one: Sum, parts: Sequence[str], counts: Mapping[str, int], hidden: set[str], fewest: int
) -> bool:
    is_hidden, has_rest = one.whole in hidden, one.rest != 0
    unknown = len(parts) + is_hidden + has_rest
    if not parts and not is_hidden:
        return not 0 < one.rest < fewest  # the rest alone: as a cell of its own
    if is_hidden:
        return unknown > 1
    return unknown > 1 and sum(counts[key] for key in parts) + max(one.rest, 0) >= fewest
