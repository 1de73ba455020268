"""Which cells of a table over a tree would tell of a single firm (pure; docs/decisions/0011).

A cell is what one institution's row says of one measure. It rests on so many entries; a cell that rests on
one or two is hidden (none tells of nobody and is shown). But what lies in an institution adds up to it: a
hidden cell must not be what is left when the shown ones are taken from their sum. So others are hidden with
it, until in every sum (a row, the rows right below it, and what it did itself, which has no row) either
nothing is unknown or at least two things are, and what is unknown together rests on enough entries.

Every cell stands in two sums at most, once as the whole and once as a part, and sums hang together as a tree.
A combination of sums that left one unknown alone would need a sum at each of its ends in which nothing else
is unknown; there is none. So no difference of shown cells gives a hidden one.

Amounts add up exactly; entries need not, because one that passed from one institution to another stands in
both rows and once in their sum. So amounts say whether an institution did anything itself, where counts do not.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

WHOLE: Final = ""
"""The key of all institutions together; its row is published elsewhere and cannot be hidden."""
Counts = Mapping[str, int]
Parents = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Sum:
    """A whole and its parts; `rest` is on how many entries at least rests what the whole did itself, 0 for nothing."""

    whole: str
    parts: Sequence[str]
    rest: int


def sums_of(counts: Counts, parents: Parents, amounts: Counts | None = None) -> list[Sum]:
    """Answer the sums that a reader knows, by key; `WHOLE` may be among the counts.

    `parents` names for each row what it lies in; a row that lies in none of the rows lies in the whole.
    `amounts` are what is paid or approved on the counted entries, where the measure has amounts.
    """
    below: dict[str, list[str]] = {}
    for key in sorted(set(counts) - {WHOLE}):
        above = parents.get(key)
        below.setdefault(above if above is not None and above in counts else WHOLE, []).append(key)
    return [
        Sum(key, parts, _rest(key, parts, counts, amounts or {}))
        for key, parts in sorted(below.items())
        if key in counts
    ]


def _rest(whole: str, parts: Sequence[str], counts: Counts, amounts: Counts) -> int:
    left = counts[whole] - sum(counts[part] for part in parts)
    is_paid = amounts.get(whole, 0) > sum(amounts.get(part, 0) for part in parts)
    return max(left, 1 if is_paid else 0)


def concealed(counts: Counts, parents: Parents, fewest: int, amounts: Counts | None = None) -> frozenset[str]:
    """Answer the keys whose cells are hidden, given how many entries each rests on.

    Where all institutions together rest on fewer than `fewest` entries, nothing can be kept from a reader who
    knows the whole: then every cell is hidden.
    """
    if 0 < counts.get(WHOLE, fewest) < fewest:
        return frozenset(counts) - {WHOLE}
    hidden = {key for key, count in counts.items() if 0 < count < fewest and key != WHOLE}
    sums = sums_of(counts, parents, amounts)
    concerned: dict[str, list[Sum]] = {}
    for one in sums:
        for key in (one.whole, *one.parts):
            concerned.setdefault(key, []).append(one)
    waiting = deque(sums)
    while waiting:
        one = waiting.popleft()
        while not _is_safe(one, counts, hidden, fewest):
            more = next(_candidates(one, counts, hidden), None)
            if more is None:
                break
            hidden.add(more)
            waiting.extend(concerned[more])
    return frozenset(hidden)


def _candidates(one: Sum, counts: Counts, hidden: set[str]) -> Iterator[str]:
    """Answer which cell of a sum to hide next: the smallest part that tells of anybody, else the whole, else any."""
    shown = [key for key in one.parts if key not in hidden]
    yield from sorted((key for key in shown if counts[key] > 0), key=lambda key: (counts[key], key))
    if one.whole != WHOLE and one.whole not in hidden:
        yield one.whole
    yield from shown


def _is_safe(one: Sum, counts: Counts, hidden: set[str], fewest: int) -> bool:
    parts = [key for key in one.parts if key in hidden]
    is_hidden = one.whole in hidden
    unknown = len(parts) + is_hidden + (one.rest > 0)
    if not parts and not is_hidden:
        return not 0 < one.rest < fewest  # what it did itself is as a cell of its own
    return unknown > 1 and (is_hidden or sum(counts[key] for key in parts) + one.rest >= fewest)
