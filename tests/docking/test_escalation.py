"""When a reminder goes out and who is told of a late step, just below, at and above each rung; how fast steps are taken."""

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.docking.clock import Turn
from app.docking.escalation import is_higher, ladder_of, newly_told, owes_reminder, raised_to
from app.docking.kinds import Level
from app.docking.pace import STEPS, OwedCount, Taken, paces
from app.docking.working_time import DayCounter, Step
from app.kernel.shanghai import shanghai_date
from app.reference.working_days import LAST_YEAR, WorkingCalendar

CALENDAR = WorkingCalendar()
DAYS = DayCounter(CALENDAR)
LADDER = ladder_of({"manager": 1, "bank_administrator": 2, "county": 4, "city": 7, "province": 12})
DUE = date(2023, 9, 27)  # 29 September to 6 October are days off, 7 and 8 October, a weekend, are worked
NOBODY = None
LADDER_CASES: list[tuple[str, int, Level | None, Level | None]] = [
    # today, working days late, of an institution, of a coordinator or body
    ("2023-09-26", -1, NOBODY, NOBODY),
    ("2023-09-27", 0, NOBODY, NOBODY),
    ("2023-09-28", 1, Level.MANAGER, NOBODY),
    ("2023-09-29", 1, Level.MANAGER, NOBODY),
    ("2023-10-06", 1, Level.MANAGER, NOBODY),
    ("2023-10-07", 2, Level.BANK_ADMINISTRATOR, NOBODY),
    ("2023-10-08", 3, Level.BANK_ADMINISTRATOR, NOBODY),
    ("2023-10-09", 4, Level.COUNTY, Level.COUNTY),
    ("2023-10-11", 6, Level.COUNTY, Level.COUNTY),
    ("2023-10-12", 7, Level.CITY, Level.CITY),
    ("2023-10-18", 11, Level.CITY, Level.CITY),
    ("2023-10-19", 12, Level.PROVINCE, Level.PROVINCE),
    ("2023-10-22", 13, Level.PROVINCE, Level.PROVINCE),
]


@pytest.mark.parametrize(("day", "late", "of_bank", "of_others"), LADDER_CASES)
def test_a_late_step_is_raised_rung_by_rung(
    day: str, late: int, of_bank: Level | None, of_others: Level | None
) -> None:
    today = date.fromisoformat(day)
    assert DAYS.between(DUE, today) == late
    found = {turn: raised_to(turn, DUE, today, LADDER, DAYS) for turn in Turn}
    assert found == {Turn.INSTITUTION: of_bank, Turn.COORDINATOR: of_others, Turn.BODY: of_others}


def test_a_day_off_right_after_the_due_day_is_late_already() -> None:
    assert raised_to(Turn.INSTITUTION, date(2023, 9, 28), date(2023, 9, 29), LADDER, DAYS) is Level.MANAGER


def test_a_rung_that_the_operator_leaves_out_is_passed_over() -> None:
    short = ladder_of({"bank_administrator": 1, "city": 4})
    told = [raised_to(Turn.INSTITUTION, DUE, date(2023, 10, day), short, DAYS) for day in (8, 9)]
    assert told == [Level.BANK_ADMINISTRATOR, Level.CITY]


@pytest.mark.parametrize(
    ("turn", "level", "before", "told"),
    [
        (Turn.INSTITUTION, Level.MANAGER, None, [Level.MANAGER]),
        (Turn.INSTITUTION, Level.COUNTY, Level.BANK_ADMINISTRATOR, [Level.COUNTY]),
        (Turn.INSTITUTION, Level.COUNTY, None, [Level.MANAGER, Level.BANK_ADMINISTRATOR, Level.COUNTY]),
        (Turn.BODY, Level.CITY, None, [Level.COUNTY, Level.CITY]),
        (Turn.COORDINATOR, Level.PROVINCE, Level.CITY, [Level.PROVINCE]),
    ],
)
def test_who_was_passed_over_hears_of_it_together_with_who_stands_above(
    turn: Turn, level: Level, before: Level | None, told: list[Level]
) -> None:
    assert list(newly_told(turn, level, before, LADDER)) == told


def test_what_is_not_dated_is_raised_to_nobody() -> None:
    assert raised_to(Turn.INSTITUTION, None, date(2023, 10, 9), LADDER, DAYS) is None
    assert raised_to(Turn.INSTITUTION, DUE, date(LAST_YEAR + 2, 1, 1), LADDER, DAYS) is None


def test_a_level_stands_above_those_before_it_and_not_above_itself() -> None:
    above = [(one, other) for one in Level for other in Level if is_higher(one, other)]
    names = list(Level)
    assert above == [(one, other) for n, one in enumerate(names) for other in names[:n]]
    assert all(is_higher(one, None) for one in Level)


@pytest.mark.parametrize(
    ("day", "is_due"),
    [("2023-09-25", False), ("2023-09-26", True), ("2023-09-27", True), ("2023-09-28", False)],
)
def test_a_reminder_is_owed_once_from_its_day_to_the_due_day(day: str, *, is_due: bool) -> None:
    today, from_day = date.fromisoformat(day), DAYS.before(DUE, 1)
    assert owes_reminder(Step.ACCEPT, DUE, from_day, today, is_reminded=False) is is_due
    assert not owes_reminder(Step.ACCEPT, DUE, from_day, today, is_reminded=True)
    assert not owes_reminder(Step.REFRESH, DUE, from_day, today, is_reminded=False)
    assert not owes_reminder(Step.ACCEPT, None, None, today, is_reminded=False)


START = datetime(2023, 9, 25, 1, 0, tzinfo=UTC)
instants = st.one_of(st.none(), st.integers(-30, 700).map(lambda hours: START + timedelta(hours=hours)))
histories = st.lists(
    st.builds(
        lambda code, *times: Taken(code, f"{code}银行", START, *times),
        st.sampled_from(("a", "b")),
        instants,
        instants,
        instants,
    ),
    max_size=12,
)


def naive_days(start: datetime, end: datetime) -> int:
    """Count working days after one day up to and with another, day by day."""
    first, last = shanghai_date(start), shanghai_date(end)
    span = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
    return sum(CALENDAR.is_working_day(day) for day in span)


def naive_spans(one: Taken) -> list[tuple[Step, int]]:
    found: list[tuple[Step, int]] = []
    before = one.assigned_at
    for step, at in (
        (Step.ACCEPT, one.accepted_at),
        (Step.CONTACT, one.contacted_at),
        (Step.ANSWER, one.answered_at),
    ):
        if at is not None and at >= before:
            found.append((step, naive_days(before, at)))
            before = at
    return found


@given(histories)
def test_half_and_nine_in_ten_took_at_most_so_long(taken: list[Taken]) -> None:
    owed = [OwedCount("c", "c银行", Step.CONTACT, 5, 2), OwedCount("a", "a银行", Step.ACCEPT, 3, 0)]
    found = {(one.institution, one.step): one for one in paces(taken, owed, DAYS)}
    assert list(found) == sorted(found, key=lambda key: (key[0], STEPS.index(key[1])))
    days: dict[tuple[str, Step], list[int]] = {}
    for one in taken:
        for step, count in naive_spans(one):
            days.setdefault((one.institution, step), []).append(count)
    assert found.keys() == {*days, ("c", Step.CONTACT), ("a", Step.ACCEPT)}
    for key, pace in found.items():
        counts = sorted(days.get(key, []))
        assert (pace.taken, pace.name) == (len(counts), f"{key[0]}银行")
        for percent, told in ((50, pace.p50), (90, pace.p90)):
            shares = [100 * sum(other <= one for other in counts) for one in counts]
            assert told == (counts[bisect_left(shares, percent * len(counts))] if counts else None)
    assert (found["c", Step.CONTACT].open, found["c", Step.CONTACT].late) == (5, 2)
    assert (found["a", Step.ACCEPT].open, found["a", Step.ACCEPT].late) == (3, 0)


def test_steps_on_days_that_nobody_published_are_left_out() -> None:
    end = datetime(LAST_YEAR, 12, 30, 1, 0, tzinfo=UTC)
    over = Taken("a", "a银行", end, end + timedelta(hours=1), end + timedelta(days=5), None)
    assert [(one.step, one.taken, one.p90) for one in paces([over], [], DAYS)] == [(Step.ACCEPT, 1, 0)]
