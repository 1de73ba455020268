"""Timetables of one-to-one meetings against a brute-force oracle; re-making; why not all fit."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.events.meetings import Goal, Meeting, Outcome, Place, TimetableProblem
from app.events.slots import Span, day_slots
from app.events.timetable import make_timetable
from app.events.timetable_checker import check_timetable
from app.kernel.errors import Refused
from tests.events.oracles import every_timetable, figures

FIRMS, BANKS = ("F1", "F2", "F3"), ("B1", "B2", "B3")


def _away(draw: st.DrawFn, codes: tuple[str, ...], slots: int) -> Mapping[str, frozenset[int]]:
    some = st.frozensets(st.integers(0, slots - 1), max_size=1)
    return {code: draw(some) for code in codes}


@st.composite
def problems(draw: st.DrawFn) -> TimetableProblem:
    """Up to six meetings in up to four slots, with absences, a pin, and a timetable from before."""
    slots = draw(st.integers(1, 4))
    pairs = st.builds(Meeting, st.sampled_from(FIRMS), st.sampled_from(BANKS))
    meetings = tuple(draw(st.lists(pairs, unique=True, min_size=1, max_size=6)))
    problem = TimetableProblem(
        slots,
        meetings,
        {bank: draw(st.integers(1, 2)) for bank in BANKS},
        _away(draw, FIRMS, slots),
        _away(draw, BANKS, slots),
        draw(st.none() | st.integers(1, 4)),
        before={m: Place(draw(st.integers(0, 3)), 1) for m in draw(st.sets(pairs, max_size=3))},
    )
    pin = draw(st.none() | st.sampled_from(meetings))
    there = problem.slots_of(pin) if pin is not None else ()
    return (
        replace(problem, pinned={pin: draw(st.sampled_from(there))}) if pin is not None and there else problem
    )


@settings(max_examples=80, deadline=None)
@given(problems())
def test_a_timetable_has_no_clash_and_is_the_best_of_all_that_there_are(problem: TimetableProblem) -> None:
    best = min((figures(problem, held) for held in every_timetable(problem)), default=None)
    found = make_timetable(problem)
    if best is None:
        assert found.outcome is Outcome.INFEASIBLE
        assert not found.places
        assert found.reasons
        _assert_fewest_are_left_out(problem, found.unplaced)
        return
    assert found.outcome is Outcome.OPTIMAL
    check = check_timetable(problem, found.places)
    assert check.is_clean, [str(clash) for clash in check.clashes]
    assert tuple(check.figures[goal] for goal in Goal) == best
    assert {each.goal: each.value for each in found.reached}.items() <= check.figures.items()


def _assert_fewest_are_left_out(problem: TimetableProblem, unplaced: tuple[Meeting, ...]) -> None:
    without = tuple(meeting for meeting in problem.meetings if meeting not in unplaced)
    assert any(True for _ in every_timetable(replace(problem, meetings=without)))
    assert not set(unplaced) & set(problem.pinned)
    if len(unplaced) == 1:
        return
    for kept in unplaced:
        if any(True for _ in every_timetable(replace(problem, meetings=(*without, kept)))):
            pytest.fail(f"{kept} could have stayed")


MORNING = TimetableProblem(
    3,
    (Meeting("F1", "B1"), Meeting("F2", "B1"), Meeting("F3", "B1"), Meeting("F1", "B2")),
    {"B1": 1, "B2": 1},
)


def test_a_cancelled_meeting_leaves_all_others_where_they_were() -> None:
    first = make_timetable(MORNING)
    gone = Meeting("F2", "B1")
    left = tuple(meeting for meeting in MORNING.meetings if meeting != gone)
    again = make_timetable(replace(MORNING, meetings=left, before=first.places))
    assert again.outcome is Outcome.OPTIMAL
    assert again.places == {meeting: place for meeting, place in first.places.items() if meeting != gone}


def test_a_bank_that_leaves_early_moves_as_few_meetings_as_it_must_and_no_promised_one() -> None:
    held = {
        Meeting("F1", "B1"): Place(0, 1),
        Meeting("F2", "B1"): Place(1, 1),
        Meeting("F1", "B2"): Place(1, 1),
        Meeting("F3", "B1"): Place(3, 1),
    }
    problem = TimetableProblem(
        4,
        tuple(held),
        {"B1": 1, "B2": 1},
        banks_absent={"B1": frozenset({3})},
        pinned={Meeting("F1", "B2"): 1},
        before=held,
    )
    again = make_timetable(problem)
    assert check_timetable(problem, again.places).is_clean
    assert {m for m, place in again.places.items() if place != held[m]} == {Meeting("F3", "B1")}
    assert str(again.reached[0]) == "改动时段的洽谈1（已证最少）"


def test_who_has_more_meetings_than_places_is_said_with_the_tables_that_it_would_take() -> None:
    meetings = (*(Meeting(f"F{k}", "B1") for k in range(5)), Meeting("F0", "B2"), Meeting("F0", "B3"))
    problem = TimetableProblem(2, meetings, {"B1": 2, "B2": 1, "B3": 1})
    found = make_timetable(problem)
    assert found.outcome is Outcome.INFEASIBLE
    assert found.reasons[:2] == (
        "firm F0 has 3 meetings and is there in 2 slots only",
        "bank B1 has 5 meetings, and 4 places (2 tables, 2 slots); it needs 3 tables",
    )
    assert found.is_fewest
    assert len(found.unplaced) == 1
    assert found.unplaced[0] == Meeting("F0", "B1")


def test_a_misstated_timetable_is_refused_with_every_fault() -> None:
    meeting = Meeting("F1", "B1")
    problem = TimetableProblem(
        2,
        (meeting, meeting, Meeting("F2", "B9"), Meeting("F3", "B1")),
        {"B1": 1, "B2": 0},
        banks_absent={"B1": frozenset({7})},
        pinned={meeting: 0, Meeting("F3", "B1"): 0, Meeting("F4", "B1"): 0},
    )
    with pytest.raises(Refused) as refused:
        make_timetable(problem)
    assert [fault.where for fault in refused.value.faults] == [
        "tables.B2",
        "meetings.F1.B1",
        "meetings.F2.B9",
        "banks_absent.B1",
        "pinned.F4.B1",
        "pinned.B1",
    ]


def test_with_hardly_any_effort_nothing_is_claimed_that_does_not_hold() -> None:
    best = make_timetable(MORNING)
    assert [(each.value, each.bound) for each in best.reached] == [(0, 0), (0, 0), (3, 3)]
    for work in (0.0, 1e-6, 1e-5, 1e-4):
        found = make_timetable(MORNING, work=work)
        assert found.outcome is not Outcome.INFEASIBLE
        assert bool(found.places) == (found.outcome is not Outcome.UNDECIDED)
        assert all(each.bound <= each.value for each in found.reached)
        assert not found.reached or found.reached[0].bound <= best.reached[0].value
        assert not found.places or check_timetable(MORNING, found.places).is_clean


def test_the_checker_names_every_planted_clash() -> None:
    problem = replace(
        MORNING,
        firms_absent={"F2": frozenset({2})},
        banks_absent={"B2": frozenset({0})},
        most_at_once=1,
        pinned={Meeting("F2", "B1"): 1},
    )
    places = {
        Meeting("F1", "B1"): Place(0, 1),
        Meeting("F1", "B2"): Place(0, 1),
        Meeting("F2", "B1"): Place(2, 1),
        Meeting("F9", "B1"): Place(2, 1),
        Meeting("F8", "B1"): Place(1, 2),
    }
    assert {clash.code for clash in check_timetable(problem, places).clashes} == {
        "missing", "not_asked_for", "no_such_place", "firm_twice", "table_twice", "firm_absent", "bank_absent",
        "hall_over", "pin_moved",
    }  # fmt: skip


def test_slots_begin_after_breaks_and_never_reach_into_one() -> None:
    day, lunch = Span(time(9), time(15)), Span(time(11, 45), time(13, 30))
    slots = day_slots(day, minutes=40, change_minutes=5, breaks=(lunch,))
    assert [str(slot) for slot in slots] == [
        "09:00—09:40", "09:45—10:25", "10:30—11:10", "13:30—14:10", "14:15—14:55",
    ]  # fmt: skip
    with pytest.raises(Refused) as refused:
        day_slots(day, minutes=0, breaks=(Span(time(12), time(11)),))
    assert [fault.where for fault in refused.value.faults] == ["breaks[0]", "minutes"]
