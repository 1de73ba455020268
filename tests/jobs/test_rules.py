"""What becomes of jobs, how fast they go, and whose slot it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.rules import (
    LONGEST_DELAY,
    MOST_STARTS,
    Answer,
    Progress,
    State,
    becomes,
    delay_before,
    may_claim,
    slot_of,
)

UNDER_WAY = {"code": "conflict", "errors": [{"where": "header.Idempotency-Key"}]}


@pytest.mark.parametrize(
    ("status", "problem", "start", "expected"),
    [
        (201, None, 1, State.DONE),
        (399, None, 1, State.DONE),
        (400, {}, 1, State.REFUSED),
        (409, {"code": "conflict", "errors": []}, 1, State.REFUSED),
        (409, UNDER_WAY, 1, State.QUEUED),
        (499, {}, 1, State.REFUSED),
        (500, {}, 1, State.FAILED),
        (503, {"code": "busy"}, MOST_STARTS - 1, State.QUEUED),
        (503, {"code": "busy"}, MOST_STARTS, State.FAILED),
        (503, {"code": "timed_out"}, 1, State.FAILED),
    ],
)
def test_what_becomes_of_a_job_follows_from_its_answer(
    status: int, problem: dict[str, object] | None, start: int, expected: State
) -> None:
    assert becomes(Answer(status, {}, b""), problem, start) is expected


def test_each_start_waits_longer_than_the_one_before_up_to_a_minute() -> None:
    assert [delay_before(start) for start in range(1, 10)] == [
        0,
        1,
        2,
        4,
        8,
        16,
        32,
        LONGEST_DELAY,
        LONGEST_DELAY,
    ]


def test_rate_and_time_left_are_told_only_when_they_can_be_known() -> None:
    assert Progress("rows", 50, 200, 2.0).rate == 25
    assert Progress("rows", 50, 200, 2.0).seconds_left == 6
    assert Progress("rows", 200, 200, 2.0).seconds_left == 0
    assert Progress("rows", 0, 200, 2.0).seconds_left is None
    assert Progress("rows", 50, 0, 2.0).seconds_left is None


@given(st.integers(0, 10**9), st.integers(-3, 3))
def test_workers_whose_clocks_differ_by_a_slot_never_do_one_twice(slot: int, apart: int) -> None:
    if may_claim(slot, None) and may_claim(slot + apart, slot):
        # Whoever is let in claims a slot that nobody claimed after this one.
        assert apart > 0 or apart < -2
    assert not may_claim(slot, slot)


def test_a_claim_far_ahead_was_made_by_a_wrong_clock_and_stops_nobody() -> None:
    assert may_claim(slot_of(86_400, 60), claimed=slot_of(86_400 * 30, 60))
