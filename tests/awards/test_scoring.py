"""Results in exact fractions: the order of what comes in does not matter, ties and limits follow the published rules."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.awards.observed import Figures, hash_of
from app.awards.rules import AwardAct, AwardState, Days, Standing
from app.awards.scoring import (
    Ballot,
    Candidate,
    Criteria,
    Outcome,
    Part,
    Why,
    decided,
    points_text,
    reason_of,
    shortlisted,
)

START = datetime(2023, 12, 1, tzinfo=UTC)
WEIGHTS = {Part.REACH: 25, Part.APPROVAL: 10, Part.PROMISE: 20, Part.SATISFACTION: 20, Part.JURY: 25}
figures = st.builds(
    lambda answers, approvals, timed, in_time, credits_, entries, fen, within, ratings, mean: Figures(
        answers, min(approvals, answers), timed, min(in_time, timed), 0, (), credits_, min(entries, credits_),
        fen * credits_, min(within, fen) * credits_, 0, (), ratings, ratings * mean,
    ),
    *[st.integers(0, 9)] * 6, st.integers(1, 9), st.integers(0, 9), st.integers(0, 9), st.integers(1, 5),
)  # fmt: skip
candidates = st.lists(
    st.tuples(st.integers(0, 30), st.sampled_from("ABC"), figures, st.integers(0, 3)),
    max_size=12,
    unique_by=lambda one: one[0],
).map(
    lambda rows: [Candidate(f"P{n:02}", bank, one, START + timedelta(days=at)) for n, bank, one, at in rows]
)
ballots = st.lists(
    st.dictionaries(st.integers(0, 30).map(lambda n: f"P{n:02}"), st.integers(0, 10), max_size=12), max_size=4
).map(lambda rows: [Ballot(number, points) for number, points in enumerate(rows)])


def criteria(**changes: Any) -> Criteria:
    usual: dict[str, Any] = {
        "weights": WEIGHTS, "places": 3, "shortlist": 6, "least_credits": 1, "least_answers": 1, "least_ratings": 1,
        "least_ballots": 1, "most_per_bank": 2,
    }  # fmt: skip
    return Criteria(**(usual | changes))


@given(candidates, ballots, st.randoms())
def test_a_result_is_the_same_in_whatever_order_things_come_and_holds_its_limits(
    found: list[Candidate], cast: list[Ballot], random: Any
) -> None:
    rules = criteria()
    result = decided(found, rules, cast)
    mixed, votes = list(found), list(cast)
    random.shuffle(mixed)
    random.shuffle(votes)
    assert hash_of([one.as_data() for one in decided(mixed, rules, votes)]) == hash_of(
        [one.as_data() for one in result]
    )
    assert sorted(one.code for one in result) == sorted(one.code for one in found)
    assert [Outcome.from_data(one.as_data()) for one in result] == result
    banks = {one.code: one.bank for one in found}
    awarded = [one for one in result if one.why is Why.AWARDED]
    assert len(awarded) <= rules.places
    assert all([banks[one.code] for one in awarded].count(bank) <= 2 for bank in "ABC")
    totals = [one.total for one in result if one.place is not None and one.total is not None]
    assert totals == sorted(totals, reverse=True)
    assert all(0 <= total <= 100 for total in totals)
    assert all(reason_of(one, rules).endswith("。") for one in result)


@given(candidates)
def test_of_equals_at_the_border_of_the_shortlist_all_go_on(found: list[Candidate]) -> None:
    result = shortlisted(found, criteria(shortlist=2))
    going = [one.total for one in result if one.why is Why.SHORTLISTED]
    staying = [one.total for one in result if one.why is Why.NOT_SHORTLISTED]
    assert (
        not going
        or not staying
        or min(one for one in going if one is not None) > max(one for one in staying if one is not None)
    )
    assert len(going) >= min(2, len(going) + len(staying))


def _of(code: str, bank: str, day: int, rated: int = 4) -> Candidate:
    made = Figures(
        answers=4, approvals=4, timed=2, in_time=2, credits=4, credited_entries=4, credited_fen=400, within_fen=400,
        ratings=2, rated_sum=2 * rated,
    )  # fmt: skip
    return Candidate(code, bank, made, START + timedelta(days=day))


def test_ties_go_by_jury_then_rating_then_the_earlier_nomination() -> None:
    even = [_of("P1", "A", 2), _of("P2", "B", 1), _of("P3", "C", 1)]
    votes = [Ballot(1, {"P1": 5, "P2": 5, "P3": 5})]
    assert [one.code for one in decided(even, criteria(), votes)] == ["P2", "P3", "P1"]
    weights = WEIGHTS | {Part.JURY: 0, Part.SATISFACTION: 45}
    votes = [Ballot(1, {"P1": 9, "P2": 5, "P3": 5})]
    assert next(one.code for one in decided(even, criteria(weights=weights), votes)) == "P1"


def test_who_is_struck_gives_the_place_to_the_next() -> None:
    found = [_of("P1", "A", 1), _of("P2", "B", 1, rated=2)]
    votes = [Ballot(1, {"P1": 9, "P2": 9})]
    rules = criteria(places=1)
    assert {one.code: one.why for one in decided(found, rules, votes)} == {"P1": Why.AWARDED, "P2": Why.BELOW}
    struck = {one.code: one.why for one in decided(found, rules, votes, frozenset({"P1"}))}
    assert struck == {"P1": Why.STRUCK, "P2": Why.AWARDED}
    silent = {one.code: one.why for one in decided(found, criteria(least_ballots=2), votes)}
    assert set(silent.values()) == {Why.FEW_BALLOTS}


@given(st.fractions(0, 100))
def test_a_score_is_written_with_two_decimals_halves_up(value: Fraction) -> None:
    assert abs(Fraction(points_text(value)) - value) <= Fraction(1, 200)


@pytest.mark.parametrize(
    ("state", "day", "ballots", "possible"),
    [
        (AwardState.ANNOUNCED, 10, 0, {AwardAct.NOMINATE, AwardAct.APPOINT}),
        (AwardState.ANNOUNCED, 11, 0, {AwardAct.APPOINT, AwardAct.SHORTLIST}),
        (AwardState.SHORTLISTED, 20, 1, {AwardAct.APPOINT, AwardAct.VOTE}),
        (AwardState.SHORTLISTED, 20, 2, {AwardAct.APPOINT, AwardAct.VOTE, AwardAct.DECIDE}),
        (AwardState.SHORTLISTED, 21, 0, {AwardAct.APPOINT, AwardAct.DECIDE}),
        (AwardState.DECIDED, 21, 2, {AwardAct.PUBLISH}),
        (AwardState.PUBLISHED, 28, 2, {AwardAct.APPEAL}),
        (AwardState.PUBLISHED, 29, 2, set()),
    ],
)
def test_what_can_be_done_follows_from_state_and_day(
    state: AwardState, day: int, ballots: int, possible: set[AwardAct]
) -> None:
    days = [datetime(2024, 1, number, tzinfo=UTC).date() for number in (10, 20, 28, day)]
    standing = Standing(state, Days(*days[:3]), jurors=2, ballots=ballots)
    assert set(standing.possible(days[3])) == possible
