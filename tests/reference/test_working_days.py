from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reference.errors import CalendarUnknownError
from app.reference.working_days import FIRST_YEAR, LAST_YEAR, WorkingCalendar

CALENDAR = WorkingCalendar()
PUBLISHED = st.dates(date(FIRST_YEAR + 1, 1, 1), date(LAST_YEAR - 1, 6, 30))
BEYOND = LAST_YEAR + 1
LAST = date(LAST_YEAR, 12, 31)


def notice(year: int) -> dict[date, bool]:
    """A year's notice in the form of the State Council's, with invented days around Spring Festival."""
    off = [(1, 1), (2, 5), (2, 6), (2, 7), (2, 8), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3), (10, 4)]
    days = {date(year, month, day): False for month, day in off}
    return days | {date(year, 2, 20): True}


@pytest.mark.parametrize(
    ("day", "is_working"),
    [
        (date(2023, 9, 28), True),
        (date(2023, 9, 29), False),  # Mid-Autumn, a Friday
        (date(2023, 10, 6), False),  # a Friday off
        (date(2023, 10, 7), True),  # a Saturday made up (调休)
        (date(2023, 10, 8), True),  # a Sunday made up
        (date(2023, 10, 14), False),  # an ordinary Saturday
        (date(2024, 2, 4), True),  # a Sunday made up before Spring Festival
        (date(2024, 2, 9), True),  # the eve, a Friday, not a day off in 2024
        (date(2020, 1, 31), False),  # Spring Festival prolonged in 2020
    ],
)
def test_holidays_and_make_up_days_are_those_announced(day: date, *, is_working: bool) -> None:
    assert CALENDAR.is_working_day(day) is is_working


def test_a_deadline_of_working_days_counts_from_the_next_day() -> None:
    assert CALENDAR.add_working_days(date(2023, 9, 27), 1) == date(2023, 9, 28)
    assert CALENDAR.add_working_days(date(2023, 9, 28), 1) == date(2023, 10, 7)
    assert CALENDAR.add_working_days(date(2023, 9, 28), 3) == date(2023, 10, 9)
    assert CALENDAR.add_working_days(date(2023, 9, 29), 1) == date(2023, 10, 7)


def test_no_working_day_added_is_the_day_itself_or_the_next_working_one() -> None:
    assert CALENDAR.add_working_days(date(2023, 9, 28), 0) == date(2023, 9, 28)
    assert CALENDAR.add_working_days(date(2023, 9, 29), 0) == date(2023, 10, 7)
    with pytest.raises(ValueError, match="-1"):
        CALENDAR.add_working_days(date(2023, 9, 28), -1)


@given(PUBLISHED, st.integers(1, 60))
def test_adding_and_counting_undo_each_other(start: date, count: int) -> None:
    end = CALENDAR.add_working_days(start, count)
    assert CALENDAR.is_working_day(end)
    assert CALENDAR.working_days_between(start, end) == count
    assert CALENDAR.working_days_between(end, start) == -count


@given(PUBLISHED, st.integers(0, 90))
def test_counting_agrees_with_looking_at_each_day(start: date, span: int) -> None:
    days = [start + timedelta(days=offset) for offset in range(1, span + 1)]
    expected = len([day for day in days if CALENDAR.is_working_day(day)])
    assert CALENDAR.working_days_between(start, start + timedelta(days=span)) == expected


@given(st.dates(LAST - timedelta(days=60), LAST + timedelta(days=30)), st.integers(0, 60), st.randoms())
def test_counting_agrees_with_looking_at_each_day_where_the_operator_lists_days(
    start: date, span: int, random: Random
) -> None:
    end = start + timedelta(days=span)
    days = [start + timedelta(days=offset) for offset in range(1, span + 1)]
    calendar = CALENDAR.with_days(
        (day, random.random() < 0.5) for day in days if day > LAST or day.day % 3 == 0
    )
    assert calendar.working_days_between(start, end) == sum(map(calendar.is_working_day, days))


def test_a_day_beyond_the_published_years_is_never_guessed() -> None:
    with pytest.raises(CalendarUnknownError) as caught:
        CALENDAR.is_working_day(date(BEYOND, 3, 10))
    assert caught.value.year == BEYOND
    assert str(BEYOND) in caught.value.detail
    assert "rongqiao reference load --working-days" in caught.value.detail
    with pytest.raises(CalendarUnknownError):
        CALENDAR.add_working_days(date(LAST_YEAR, 12, 30), 5)
    with pytest.raises(CalendarUnknownError):
        CALENDAR.working_days_between(date(LAST_YEAR, 12, 1), date(BEYOND, 1, 31))
    with pytest.raises(CalendarUnknownError):
        CALENDAR.is_working_day(date(FIRST_YEAR - 1, 12, 31))


def test_single_listed_days_make_only_themselves_known() -> None:
    calendar = WorkingCalendar({date(BEYOND, 1, 4): True, date(BEYOND, 1, 1): False})
    assert calendar.is_working_day(date(BEYOND, 1, 4))
    assert not calendar.is_working_day(date(BEYOND, 1, 1))
    with pytest.raises(CalendarUnknownError):
        calendar.is_working_day(date(BEYOND, 1, 5))


def test_a_whole_notice_makes_the_year_known() -> None:
    calendar = CALENDAR.with_days(notice(2035).items())
    assert not calendar.is_working_day(date(2035, 2, 5))  # a Monday off
    assert calendar.is_working_day(date(2035, 3, 2))  # an ordinary Friday
    assert not calendar.is_working_day(date(2035, 3, 3))  # an ordinary Saturday
    with pytest.raises(CalendarUnknownError):
        calendar.is_working_day(date(2036, 1, 4))


@pytest.mark.parametrize("missing", [date(2035, 1, 1), date(2035, 2, 6), date(2035, 10, 2)])
def test_a_notice_that_lacks_a_public_holiday_is_not_whole(missing: date) -> None:
    days = {day: works for day, works in notice(2035).items() if day != missing}
    with pytest.raises(CalendarUnknownError):
        WorkingCalendar(days).is_working_day(date(2035, 3, 1))


def test_the_operators_day_wins_over_the_published_one() -> None:
    calendar = CALENDAR.with_days([(date(2023, 10, 7), False)])
    assert calendar.add_working_days(date(2023, 9, 28), 1) == date(2023, 10, 8)
    assert CALENDAR.is_working_day(date(2023, 10, 7))
