"""A year's calendar: turns against all orders, days never off, what a person may move and must explain."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.events.calendar import plan_year
from app.events.moving import moved
from app.events.turns import chain_turns, field_turns, urgency
from app.events.year import Commitment, Rhythm, Series, Subject
from app.kernel.errors import Refused
from app.reference.working_days import WorkingCalendar

CALENDAR = WorkingCalendar()
CHAINS = "洛阳（征求意见稿）（二）"
CITIES = "黑银发〔2023〕25号（十四）"


def _subject(
    code: str, place: str, needs: int, *, people: frozenset[str] = frozenset(), theme: str = ""
) -> Subject:
    return Subject(code, f"链{code}", place, f"市{place}", people, needs, theme=theme)


SUBJECTS = st.lists(
    st.tuples(st.sampled_from("ABC"), st.integers(0, 9), st.sampled_from(["", "x", "y"])),
    min_size=1,
    max_size=5,
).map(
    lambda rows: [_subject(str(k), place, needs, theme=theme) for k, (place, needs, theme) in enumerate(rows)]
)


def _repeats(order: tuple[Subject, ...]) -> int:
    return sum(one.place == other.place for one, other in pairwise(order))


@settings(max_examples=100)
@given(SUBJECTS)
def test_chains_take_turns_by_urgency_among_the_orders_with_fewest_neighbours_in_one_place(
    subjects: list[Subject],
) -> None:
    best = min(permutations(subjects), key=lambda order: (_repeats(order), [urgency(one) for one in order]))
    assert chain_turns(subjects, len(subjects)) == list(best)
    twice = chain_turns(subjects, 2 * len(subjects))
    assert set(Counter(one.code for one in twice).values()) == {2}


@settings(max_examples=100)
@given(SUBJECTS, st.integers(1, 4))
def test_fields_in_cities_differ_as_far_as_they_can_and_are_the_most_urgent_such(
    subjects: list[Subject], positions: int
) -> None:
    def differing(chosen: tuple[Subject, ...]) -> bool:
        themes = [one.theme or one.code for one in chosen]
        return len({one.place for one in chosen}) == len(chosen) == len(set(themes))

    ranked, count = sorted(subjects, key=urgency), min(positions, len(subjects))
    sets = [order for size in range(count + 1) for order in permutations(ranked, size)]
    best = max(
        (order for order in sets if differing(order)),
        key=lambda order: (len(order), [-ranked.index(one) for one in order]),
    )
    assert field_turns(subjects, count)[: len(best)] == list(best)
    assert len(set(field_turns(subjects, count))) == count


CHAIN_LIST = tuple(
    _subject(f"c{k:02}", str(k % 4), k * 7 % 17, people=frozenset({f"p{k % 5}", "boss"})) for k in range(10)
)
FIELDS = tuple(
    _subject(f"f{k}", str(k % 5), k, people=frozenset({"boss"}), theme=f"t{k % 3}") for k in range(12)
)
CONFERENCE = (_subject("all", "0", 1, people=frozenset({"boss", "p1"})),)
YEAR = (
    Series(Rhythm.YEARLY, CONFERENCE, CITIES, best_month=10),
    Series(Rhythm.QUARTERLY, FIELDS, CITIES),
    Series(Rhythm.MONTHLY, CHAIN_LIST, CHAINS),
)


@pytest.mark.parametrize("year", [2024, 2026])
def test_a_year_covers_every_chain_on_working_weekdays_a_week_apart_for_the_same_people(year: int) -> None:
    plan = plan_year(year, YEAR, CALENDAR)
    assert plan == plan_year(year, YEAR, CALENDAR)
    assert plan.questions == ()
    assert Counter(event.rhythm for event in plan.events) == {
        Rhythm.YEARLY: 1,
        Rhythm.QUARTERLY: 4,
        Rhythm.MONTHLY: 12,
    }
    months = {event.day.month for event in plan.events if event.rhythm is Rhythm.MONTHLY}
    chains = {event.subject.code for event in plan.events if event.rhythm is Rhythm.MONTHLY}
    assert (len(months), chains) == (12, {chain.code for chain in CHAIN_LIST})
    for event in plan.events:
        assert CALENDAR.is_working_day(event.day)
        assert event.day.weekday() < 5
        assert event.in_period(event.day)
        assert all(event.reasons)
    for one, other in pairwise(plan.events):
        assert (other.day - one.day).days >= 7, "the same boss is at all of them"


def test_what_stands_already_is_respected_and_past_periods_are_left_alone() -> None:
    stands = tuple(
        Commitment("全省会议", date(2026, 6, 15) + timedelta(weeks=week), frozenset({"boss"}))
        for week in (0, 1)
    )
    plan = plan_year(2026, YEAR[2:], CALENDAR, first_day=date(2026, 6, 10), commitments=stands)
    days = [event.day for event in plan.events]
    assert [day.month for day in days] == [6, 7, 8, 9, 10, 11, 12]
    assert days[0] == date(2026, 6, 29)
    assert {left.subject.code for left in plan.left_out} == {
        c.code for c in sorted(CHAIN_LIST, key=urgency)[7:]
    }
    assert plan.left_out[0].reason == "本年可排7场，共10个对象，排第8位；每期安排1场可全部覆盖"


def test_days_that_nobody_knows_are_asked_for_and_crowded_people_too() -> None:
    plan = plan_year(2031, YEAR[:1], CALENDAR)
    assert plan.events == ()
    assert plan.questions == ("2031年1月起的一期年度金企对接大会未排：放假安排尚未公布或载入，请载入后再排",)
    busy = (Series(Rhythm.MONTHLY, CHAIN_LIST, CHAINS, per_period=8),)
    crowded = plan_year(2026, busy, CALENDAR)
    assert len(crowded.events) < 96
    assert len(crowded.events) + len(crowded.questions) == 96
    assert all((other.day - one.day).days >= 7 for one, other in pairwise(crowded.events))


def test_a_public_holiday_is_refused_by_name_with_the_next_working_days_unless_a_reason_is_given() -> None:
    event = next(one for one in plan_year(2026, YEAR, CALENDAR).events if one.rhythm is Rhythm.YEARLY)
    holiday = date(2026, 10, 2)
    with pytest.raises(Refused) as refused:
        moved(event, holiday, CALENDAR)
    [fault] = refused.value.faults
    assert (fault.message, fault.remedy) == (
        "2026-10-02 is a public holiday: 国庆节",
        "Move it to 2026-10-08 / 2026-10-09 / 2026-10-12.",
    )
    kept = moved(event, holiday, CALENDAR, reason="与国庆产业博览会同场举办")
    assert kept.day == holiday
    assert kept.reasons[-1].endswith("理由：与国庆产业博览会同场举办（已知：2026年10月2日是国庆节假期）")
    assert moved(event, date(2026, 10, 9), CALENDAR).day == date(2026, 10, 9)


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 10, 10), "on the weekend day 2026-10-10 people work in place of a holiday"),
        (date(2026, 10, 17), "2026-10-17 is a day off: 星期六"),
        (date(2031, 3, 3), "whether people work on 2031-03-03 was not announced or loaded yet"),
        (date(2026, 8, 12), "the same people are at “培训” on 2026-08-10, less than a week apart"),
    ],
)
def test_other_days_that_speak_against_themselves_are_questioned(day: date, said: str) -> None:
    event = next(one for one in plan_year(2026, YEAR, CALENDAR).events if one.rhythm is Rhythm.YEARLY)
    training = Commitment("培训", date(2026, 8, 10), frozenset({"boss"}))
    with pytest.raises(Refused) as refused:
        moved(event, day, CALENDAR, others=(training,))
    assert refused.value.faults[0].message == said
