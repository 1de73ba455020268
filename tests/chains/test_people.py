"""Who answers for a chain: overlaps refused, hand-over without an untold gap, and days without a 链长, day by day."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chains.people import (
    POSTS,
    Holding,
    Place,
    PlaceKind,
    Post,
    appoint,
    faults_of_holdings,
    hand_over,
    vacancies,
)
from app.chains.periods import gaps
from app.chains.rules import Period
from app.kernel.errors import Refused

FIRST = date(2024, 1, 1)
CALENDAR = [FIRST + timedelta(days=n) for n in range(30)]
PARK = Place(PlaceKind.PARK, "P1", "正阳园区")


@st.composite
def periods(draw: st.DrawFn) -> Period:
    since = FIRST + timedelta(days=draw(st.integers(0, 20)))
    return Period(since, draw(st.none() | st.integers(0, 8).map(lambda n: since + timedelta(days=n))))


def held(post: Post, holder: str, period: Period, place: Place | None = None) -> Holding:
    return Holding("LY-01", post, holder, "某单位", period, place)


HOLDINGS = st.builds(
    lambda post, holder, period: held(post, holder, period, PARK if POSTS[post].is_of_place else None),
    st.sampled_from(Post), st.sampled_from("甲乙"), periods(),
)  # fmt: skip


@settings(max_examples=60)
@given(st.lists(HOLDINGS, max_size=4))
def test_holdings_are_in_order_when_no_day_has_two_of_one_seat(found: list[Holding]) -> None:
    def crowded(day: date) -> bool:
        seats = [one.seat for one in found if one.period.holds(day)]
        return len(seats) > len(set(seats))

    assert bool(list(faults_of_holdings(found))) == any(crowded(day) for day in CALENDAR)


def test_one_leader_at_a_time_but_several_banks() -> None:
    year = Period(date(2024, 1, 1), date(2024, 12, 31))
    banks = appoint((held(Post.BANK, "SJ", year),), held(Post.BANK, "JH", year))
    assert len(banks) == 2
    with pytest.raises(Refused) as refused:
        appoint((held(Post.LEADER, "甲", year),), held(Post.LEADER, "乙", Period(date(2024, 12, 31))))
    assert "乙 overlaps 甲" in refused.value.faults[0].message


def test_a_butler_team_is_for_a_cluster_zone_or_park_and_a_leader_for_none() -> None:
    year = Period(date(2024, 1, 1))
    team = held(Post.BUTLERS, "管家一队", year, PARK)
    assert appoint((), team) == (team,)
    assert team.title == "重点产业园区正阳园区金融管家团队"
    for wrong in (held(Post.BUTLERS, "管家一队", year), held(Post.LEADER, "甲", year, PARK)):
        with pytest.raises(Refused):
            appoint((), wrong)


@settings(max_examples=60)
@given(periods(), st.integers(0, 29), st.none() | st.integers(0, 29))
def test_a_hand_over_leaves_no_day_without_a_holder_that_nobody_told(
    period: Period, on_day: int, gap_day: int | None
) -> None:
    current, on = held(Post.LEADER, "甲", period), CALENDAR[on_day]
    gap = None if gap_day is None else CALENDAR[gap_day]
    meets = on > period.since and (period.until is None or on <= period.until + timedelta(days=1))
    if not meets or (gap is not None and gap <= on):
        with pytest.raises(Refused):
            hand_over((current,), current, "乙", "某单位", on, gap_until=gap)
        return
    after = hand_over((current,), current, "乙", "某单位", on, gap_until=gap)
    for day in [period.since + timedelta(days=n) for n in range(40)]:
        holders = [one.holder for one in after if one.period.holds(day)]
        assert holders == (["甲"] if day < on else [] if gap is not None and day < gap else ["乙"])


@settings(max_examples=60)
@given(st.lists(periods(), max_size=4), periods())
def test_gaps_are_the_days_that_no_period_holds(found: list[Period], within: Period) -> None:
    open_days = gaps(found, within)
    for day in CALENDAR:
        is_free = within.holds(day) and not any(one.holds(day) for one in found)
        assert sum(gap.holds(day) for gap in open_days) == is_free


def test_the_alarm_names_chains_without_a_leader_on_a_day_and_from_a_coming_day_on() -> None:
    leaving = held(Post.LEADER, "甲", Period(date(2024, 1, 1), date(2024, 3, 31)))
    staff = [leaving, held(Post.BANK, "SJ", Period(date(2024, 1, 1)))]
    today = date(2024, 3, 1)
    assert [one.chain for one in vacancies(["LY-01", "LY-02"], staff, Period(today, today))] == ["LY-02"]
    never, coming = vacancies(["LY-01", "LY-02"], staff, Period(today))
    assert (never.chain, never.days, never.last) == ("LY-02", Period(today), None)
    assert (coming.days, coming.last) == (Period(date(2024, 4, 1)), leaving)
