"""What of an entry's history counts at an instant."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.coverage.histories import Absence, EntryHistory, facts_at
from app.coverage.levels import Happening, Spell
from tests.coverage.months import START


def hour(count: int) -> datetime:
    return START + timedelta(hours=count)


def history(
    *,
    spells: tuple[Spell, ...] = (),
    happenings: tuple[Happening, ...] = (),
    absences: tuple[Absence, ...] = (),
    simulated_since: datetime | None = None,
) -> EntryHistory:
    stated = ("e1", "230102", None, "srdi", None, 100, None)
    return EntryHistory(1, *stated, hour(0), simulated_since, spells, happenings, absences)


@given(st.lists(st.integers(1, 20), max_size=5, unique=True), st.integers(-1, 25))
def test_an_entry_is_listed_at_the_end_unless_it_was_withdrawn_before_and_had_not_come_back(
    turns: list[int], until: int
) -> None:
    """The entry leaves and comes back in turn: the last turn before the instant decides."""
    ordered = sorted(turns)
    absences = tuple(
        Absence(hour(since), hour(back) if back is not None else None)
        for index, (since, back) in enumerate(pairwise([*ordered, None]))
        if index % 2 == 0 and since is not None
    )
    before = [turn for turn in ordered if turn < until]
    is_there = until > 0 and len(before) % 2 == 0
    assert (facts_at(history(absences=absences), hour(until)) is not None) == is_there


def test_what_happened_later_is_not_known_yet() -> None:
    passed_on = (Spell("a", hour(1), hour(8)), Spell("b", hour(8), None))
    events = (Happening("contacted", "a", hour(2)), Happening("contacted", "b", hour(9)))
    whole = history(spells=passed_on, happenings=events, simulated_since=hour(9))
    early, late = facts_at(whole, hour(8)), facts_at(whole, hour(10))
    assert early is not None
    assert late is not None
    assert [(p.institution, p.is_current, p.contacted_at) for p in early.parties] == [("a", True, hour(2))]
    assert [(p.institution, p.is_current) for p in late.parties] == [("a", False), ("b", True)]
    assert (early.is_simulated, late.is_simulated) == (False, True)
