"""Who begins, who waits, who is sent away: places are never overdrawn, and who is let in is served in time."""

import random
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from app.kernel.admission import STANDING_SECONDS, TARGET_SHARE, Admission, Lane, Refusal, Ticket

LONGEST = 2.0
TARGET = LONGEST * TARGET_SHARE


@given(st.integers(4, 9), st.integers(0, 6), st.data())
def test_places_are_never_overdrawn_never_idle_and_nobody_is_lost(
    most_working: int, most_waiting: int, data: st.DataObject
) -> None:
    admission, now = Admission(most_working, most_waiting, LONGEST), 0.0
    working: list[Ticket] = []
    waiting: list[Ticket] = []
    for _step in range(data.draw(st.integers(0, 40))):
        now += data.draw(st.sampled_from([0.0, 0.1, 0.7]))
        what = data.draw(st.sampled_from(["read", "change", "leave", "give_up"]))
        if what == "leave" and working:
            begun = admission.leave(working.pop(data.draw(st.integers(0, len(working) - 1))), now)
            working += begun
            waiting = [ticket for ticket in waiting if ticket not in begun]
        elif what == "give_up" and waiting:
            admission.give_up(waiting.pop(data.draw(st.integers(0, len(waiting) - 1))))
        elif what in {"read", "change"}:
            told = admission.arrive(Lane(what), now)
            if isinstance(told, Ticket):
                (working if told.is_working() else waiting).append(told)
        changing = sum(ticket.lane is Lane.CHANGE for ticket in working)
        assert (admission.working, admission.waiting) == (len(working), len(waiting))
        assert all(ticket.is_working() for ticket in working)
        assert len(working) <= most_working
        assert changing <= most_working - most_working // 4
        assert len(waiting) <= most_waiting
        if any(ticket.lane is Lane.READ for ticket in waiting):
            assert len(working) == most_working  # nobody waits while there is a place


def test_changes_that_hang_leave_places_for_who_reads() -> None:
    admission = Admission(16, 10, LONGEST)
    changes = [admission.arrive(Lane.CHANGE, 0.0) for _ in range(30)]
    assert [isinstance(one, Ticket) and one.is_working() for one in changes].count(True) == 12
    assert changes[-1] is Refusal.FULL
    reads = [admission.arrive(Lane.READ, 1.0) for _ in range(4)]
    assert all(isinstance(one, Ticket) and one.is_working() for one in reads)


def test_whoever_has_waited_longest_is_next_whatever_its_lane() -> None:
    admission = Admission(4, 10, LONGEST)
    first = [admission.arrive(Lane.READ, 0.0) for _ in range(4)]
    lanes = [Lane.CHANGE, Lane.READ, Lane.READ, Lane.CHANGE]
    for number, lane in enumerate(lanes):
        admission.arrive(lane, 0.1 * number)
    begun = [ticket.lane for one in first if isinstance(one, Ticket) for ticket in admission.leave(one, 1.0)]
    assert begun == lanes


def test_a_burst_waits_and_a_queue_that_stands_takes_nobody_until_it_is_short() -> None:
    admission = Admission(4, 100, LONGEST)
    working = [admission.arrive(Lane.READ, 0.0) for _ in range(4)]
    for _ in range(20):
        assert isinstance(admission.arrive(Lane.READ, 0.0), Ticket)  # a burst
    assert isinstance(admission.arrive(Lane.READ, STANDING_SECONDS - 0.01), Ticket)
    assert admission.arrive(Lane.READ, TARGET + 0.01) is Refusal.STANDING
    assert isinstance(admission.arrive(Lane.CHANGE, TARGET + 0.01), Ticket)  # another lane
    for _ in range(20):
        [begun] = admission.leave(working.pop(0), TARGET)  # type: ignore[arg-type]  # all of them got in
        working.append(begun)
    assert isinstance(
        admission.arrive(Lane.READ, TARGET + 0.01), Ticket
    )  # the first one has waited for 0.02 s
    assert admission.refused[Refusal.STANDING] == 1


def _served(load: float, seconds: float, *, seed: int = 7) -> tuple[int, int, list[float], Admission]:
    """Simulate so many times what four places can do (10 ms each); answer arrivals, served, and their waits."""
    rng, admission, now = random.Random(seed), Admission(4, 1_600, LONGEST), 0.0
    ends: list[tuple[float, Ticket]] = []
    waits: list[float] = []
    arrivals = served = 0
    due = 0.0
    begin: Callable[[Ticket], None] = lambda ticket: ends.append((now + rng.expovariate(100), ticket))  # noqa: E731
    while now < seconds:
        ends.sort(key=lambda end: end[0])
        if ends and ends[0][0] < due:
            now, ticket = ends.pop(0)
            served += 1
            for one in admission.leave(ticket, now):
                waits.append(now - one.since)
                begin(one)
            continue
        now, due = due, due + rng.expovariate(400 * load)
        arrivals += 1
        told = admission.arrive(Lane.READ, now)
        if isinstance(told, Ticket) and told.is_working():
            waits.append(0.0)
            begin(told)
    return arrivals, served, sorted(waits), admission


def test_at_twice_and_ten_times_the_load_all_places_work_and_who_is_let_in_waits_little() -> None:
    for load in (2.0, 10.0):
        _arrivals, served, waits, admission = _served(load, 8)
        assert served > 0.95 * 400 * 8
        assert waits[int(len(waits) * 0.9)] < TARGET + 0.15  # the others came with the first burst
        assert waits[-1] < LONGEST
        assert admission.refused[Refusal.STANDING] > 0


def test_what_can_be_done_is_never_refused() -> None:
    arrivals, served, _waits, admission = _served(0.8, 8)
    assert sum(admission.refused.values()) == 0
    assert served >= arrivals - 30


def test_those_sent_away_come_again_at_different_times() -> None:
    admission = Admission(4, 0, LONGEST)
    for _ in range(4):
        admission.arrive(Lane.READ, 0.0)
    told = set()
    for _ in range(3):
        assert admission.arrive(Lane.READ, 0.0) is Refusal.FULL
        told.add(admission.retry_after)
    assert told == {1, 2, 3}
