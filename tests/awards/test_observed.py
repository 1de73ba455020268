"""Figures of products, in whole numbers: percentiles, what is hidden, what is off; and whose product an event is."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from app.awards.dealings import Period, Promise, dealings_of, inputs_of
from app.awards.observed import (
    Credit,
    Dealing,
    Figures,
    Least,
    Off,
    figures_by_product,
    first_day,
    flags_of,
    is_over,
    last_over,
    percent_of,
    shown,
)
from app.catalogue.quarters import quarter_of
from app.docking.working_time import DayCounter
from app.reference.working_days import WorkingCalendar

LEAST = Least(3, 3, 3)
credit = st.builds(
    Credit, st.integers(1, 10**9), st.integers(1, 1_000), st.sampled_from([None, (100, 300), (400, 500)])
)
dealing = st.builds(
    Dealing,
    st.integers(1, 3),
    st.integers(1, 20),
    st.sampled_from([None, True, False]),
    st.one_of(st.none(), st.integers(0, 40)),
    st.one_of(st.none(), st.integers(0, 20)),
    st.lists(credit, max_size=3).map(tuple),
    st.lists(st.integers(1, 5), max_size=1).map(tuple),
)


@given(st.lists(dealing, max_size=25), st.randoms())
def test_figures_do_not_depend_on_the_order_and_percentiles_divide_the_amount(
    dealings: list[Dealing], random: object
) -> None:
    mixed = sorted(dealings, key=lambda _one: random.random())  # type: ignore[attr-defined]  # hypothesis' own Random
    figures = figures_by_product(dealings)
    assert figures == figures_by_product(mixed)
    assert inputs_of(dealings) == inputs_of(mixed)
    for product, one in figures.items():
        credits_ = [each for own in dealings if own.product_id == product for each in own.credits]
        assert Figures.from_data(one.as_data()) == one
        for percent, rate in zip((10, 50, 90), one.rates, strict=False):
            total = sum(each.amount_fen for each in credits_)
            upto = sum(each.amount_fen for each in credits_ if each.rate_bp <= rate)
            below = sum(each.amount_fen for each in credits_ if each.rate_bp < rate)
            assert upto * 100 >= percent * total > below * 100


@given(st.lists(dealing, max_size=25))
def test_what_rests_on_too_few_is_shown_nowhere(dealings: list[Dealing]) -> None:
    for one in figures_by_product(dealings).values():
        told = shown(one, LEAST)
        assert (told.credits == 0) == (one.credits < 3) or one.credits == 0
        assert told.rates == (one.rates if one.credits >= 3 else ())
        assert told.days == (one.days if min(one.answers, one.days_known) >= 3 else ())
        assert told.answers in {0, one.answers}
        flags = {flag.off for flag in flags_of(one, LEAST, (9, 10))}
        assert not (one.credits < 3 and flags & {Off.RATE_ABOVE, Off.RATE_BELOW})
        assert not (one.answers < 3 and flags & {Off.LATE, Off.FEW_APPROVED})


def test_each_flag_names_its_rule_and_its_numbers() -> None:
    figures = Figures(
        answers=10,
        approvals=3,
        timed=10,
        in_time=8,
        credits=4,
        credited_fen=1_000,
        within_fen=899,
        below_fen=100,
    )
    flags = {one.off: one for one in flags_of(figures, LEAST, (80, 100))}
    assert set(flags) == {Off.RATE_ABOVE, Off.LATE, Off.FEW_APPROVED}, "exactly a tenth is no flag"
    assert (
        flags[Off.LATE].sentence == "10次答复中有2次超过申报的工作日（规则：超过申报时限的答复占比超过10%）。"
    )
    assert flags[Off.RATE_ABOVE].percent == "10.1"
    assert flags_of(replace(figures, approvals=4), LEAST, (80, 100))[-1].off is Off.LATE


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_share_is_rounded_halves_up(part: int, whole: int) -> None:
    assert abs(Fraction(percent_of(part, whole)) - Fraction(100 * part, whole)) <= Fraction(1, 20)


def test_periods_are_four_whole_quarters() -> None:
    assert first_day(quarter_of("2023Q4")) == date(2023, 1, 1)
    assert first_day(quarter_of("2024Q1")) == date(2023, 4, 1)
    assert (is_over("2023Q4", date(2023, 12, 31)), is_over("2023Q4", date(2024, 1, 1))) == (False, True)
    assert last_over(date(2024, 1, 1)) == "2023Q4"


@dataclass(frozen=True)
class Event:
    kind: str
    at: datetime
    amount_fen: int | None = None
    rate_bp: int | None = None
    fee_bp: int | None = None
    score: int | None = None


@dataclass(frozen=True)
class Had:
    since: datetime
    product_id: int | None
    revision_id: int | None


def test_an_event_counts_for_the_product_that_was_in_view_then() -> None:
    start = datetime(2023, 11, 6, 1, tzinfo=UTC)  # a Monday
    days = [start + timedelta(days=number) for number in range(20)]
    spells = [Had(start, 1, 1), Had(days[1], 1, 1), Had(days[9], 2, 2), Had(days[15], None, None)]
    events = [
        Event("contacted", days[0]),
        Event("paused", days[1]),
        Event("resumed", days[3]),
        Event("credit_approved", days[4], 100, 400),
        Event("rated", days[5], score=1),
        Event("rated", days[6], score=4),
        Event("declined", days[10]),
        Event("credit_approved", days[16], 100, 400),
    ]
    promises = {1: Promise(3, lambda _at: (300, 350)), 2: Promise(None, lambda _at: None)}
    period = Period(start, days[19])
    found = list(
        dealings_of({(7, 8): events}, {(7, 8): spells}, promises, period, DayCounter(WorkingCalendar()))
    )
    first = Dealing(1, 7, True, 2, 3, (Credit(100, 400, (300, 350)),), (4,))
    assert found == [first, Dealing(2, 7, False, 1, None)]
    later = Period(days[5], days[19])
    again = dealings_of({(7, 8): events}, {(7, 8): spells}, promises, later, DayCounter(WorkingCalendar()))
    assert next(again) == Dealing(1, 7, None, None, 3, (), (4,)), "an answer counts in its own period alone"
