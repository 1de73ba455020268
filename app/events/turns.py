"""Whose turn it is: which subject at which position of a series (pure, exact).

Urgency orders subjects: most open needs, then lowest coverage, then longest since the last event (never first), then
code. Over the order stands spread, kept by looking ahead: at every position the most urgent subject is taken after which
the best spread is still possible. So among all orders of the best spread the answer is the first by urgency.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from app.events.year import Subject


def urgency(subject: Subject) -> tuple[int, int, date, str]:
    """Answer the key by which subjects are sorted, the most urgent first; unknown coverage counts as none."""
    covered = 0 if subject.coverage_bp is None else subject.coverage_bp
    return -subject.open_needs, covered, subject.last_event or date.min, subject.code


def chain_turns(subjects: Sequence[Subject], positions: int) -> list[Subject]:
    """Answer a subject for each position: all once before any again, the most urgent where not all fit.

    In every round as few neighbours as possible are in the same place, that of the round before included.
    """
    ranked, found = sorted(subjects, key=urgency), list[Subject]()
    while ranked and len(found) < positions:
        fit = ranked[: positions - len(found)]
        found += _apart(fit, after=found[-1].place if found else "")
    return found


def _apart(ranked: Sequence[Subject], *, after: str) -> list[Subject]:
    left, place, order = list(ranked), after, list[Subject]()
    counts = Counter(subject.place for subject in ranked)
    while left:
        best = least_repeats(counts, place)
        subject = next(each for each in left if _repeats_from(counts, place, each) == best)
        left.remove(subject)
        order.append(subject)
        counts, place = counts - Counter([subject.place]), subject.place
    return order


def _repeats_from(counts: Counter[str], place: str, taken: Subject) -> int:
    """How many repeats there are at least when this one comes next."""
    return (taken.place == place) + least_repeats(counts - Counter([taken.place]), taken.place)


def least_repeats(counts: Counter[str], after: str) -> int:
    """Answer how many neighbours at least are in the same place, of so many subjects a place, after one in `after`.

    A place with c of n subjects has n - c others to part them; after one of its own it needs one more.
    """
    total = counts.total()
    return max([0, *(2 * count - total - 1 + (place == after) for place, count in counts.items())])


def field_turns(subjects: Sequence[Subject], positions: int) -> list[Subject]:
    """Answer a subject for each position, all once before any again, the most urgent first.

    In every round as many as possible differ from each other in place and theme (a maximum matching of places and
    themes: Kőnig; Hopcroft & Karp 1973, doi:10.1137/0202019), the most urgent such; the others follow.
    """
    ranked, found = sorted(subjects, key=urgency), list[Subject]()
    while ranked and len(found) < positions:
        left = positions - len(found)
        differing = _differing(ranked, left)
        others = [subject for subject in ranked if subject not in differing]
        found += [*differing, *others][:left]
    return found


def _differing(ranked: Sequence[Subject], most: int) -> list[Subject]:
    taken, left = list[Subject](), list(ranked)
    size = min(most, _matching(left))
    while len(taken) < size:
        subject = left.pop(0)
        fits = [other for other in left if other.place != subject.place and _theme(other) != _theme(subject)]
        if len(taken) + 1 + _matching(fits) >= size:
            taken.append(subject)
            left = fits
    return taken


def _theme(subject: Subject) -> str:
    """A subject without theme is like no other."""
    return subject.theme or f"{subject.place} {subject.code}"


def _matching(subjects: Sequence[Subject]) -> int:
    """How many of them can differ in place and theme at once."""
    if not subjects:
        return 0
    places, row = np.unique([subject.place for subject in subjects], return_inverse=True)
    themes, column = np.unique([_theme(subject) for subject in subjects], return_inverse=True)
    graph = csr_array((np.ones(len(subjects), np.int8), (row, column)), shape=(places.size, themes.size))
    return int((maximum_bipartite_matching(graph) >= 0).sum())
