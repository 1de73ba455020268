"""Random lives of an entry: whatever is tried, in whatever order, some things always hold.

The suite tries a hundred lives, the same on every machine; ten thousand others:
`pytest tests/docking/test_life_machine.py --hypothesis-profile=ten-thousand`.
"""

from hypothesis import given
from hypothesis import strategies as st

from app.docking.clock import Turn
from app.docking.kinds import EventKind
from app.docking.legality import possible_kinds
from app.docking.reasons import DeclineReason
from app.docking.rules import effective, fold
from app.docking.working_time import Step
from app.kernel.shanghai import shanghai_date
from tests.docking.life import NEED_FEN, ROOMS, Command, Life

USUAL = (
    EventKind.ACCEPTED,
    EventKind.CONTACTED,
    EventKind.CREDIT_APPROVED,
    EventKind.DISBURSED,
    EventKind.DECLINED,
)
ENDS = {
    Step.ACCEPT: {EventKind.ACCEPTED},
    Step.CONTACT: {EventKind.CONTACTED},
    Step.ANSWER: {EventKind.CREDIT_APPROVED, EventKind.GUARANTEE_OFFERED, EventKind.DECLINED},
    Step.DISBURSE: {EventKind.DISBURSED},
}
"""What an institution may log to end its step."""
HOURS = st.sampled_from([0, 1, 1, 5, 24, 24, 72, 24 * 20])
TO = st.sampled_from([*range(4), 3] * 3 + [4, 5])
LOGGED = st.builds(
    Command,
    HOURS,
    TO,
    by=st.sampled_from([9] * 24 + [0, 1, 2, 3, 4, 5]),
    kind=st.one_of(st.sampled_from(USUAL), st.sampled_from(EventKind)),
    ago=st.sampled_from([0] * 12 + [1, 30, 24 * 9, -1]),
    amount=st.sampled_from([1, 300, 600, 1_000, 1_001]),
    is_stated=st.booleans(),
    reason=st.sampled_from(DeclineReason),
    corrects=st.integers(0, 9),
    pick=st.sampled_from([*range(10), None, None]),
)
ALLOCATED = st.builds(Command, HOURS, TO, room=st.just("allocate"), is_stated=st.booleans())
ELSEWHERE = st.builds(
    Command,
    HOURS,
    TO,
    room=st.sampled_from([*ROOMS, *["allocate", "close_case", "reopen", "ring"] * 3]),
    amount=st.integers(0, 30),
)
CORRECTED = st.builds(Command, HOURS, kind=st.just(EventKind.CORRECTED), corrects=st.integers(1, 6))
COMMAND = st.sampled_from([*[LOGGED] * 12, ALLOCATED, ELSEWHERE, CORRECTED]).flatmap(lambda drawn: drawn)
LIVES = st.tuples(
    ALLOCATED, st.one_of(st.lists(COMMAND, max_size=6), st.lists(COMMAND, min_size=12, max_size=30))
)


@given(LIVES)
def test_whatever_is_tried_the_entry_has_an_owner_and_a_day_and_the_log_stays_true(
    lives: tuple[Command, list[Command]],
) -> None:
    life = Life()
    for command in (lives[0], *lives[1]):
        life.do(command)
        _check_clock(life)
        _check_money(life)
        _check_refusal(life)
        if command.room == "ring":
            assert life.rings is None
    _check_time(life)
    _check_folding(life)


def _check_clock(life: Life) -> None:
    """No entry on the roster is ever without an owner, and a next step that can be taken, with a day."""
    clock, dossier = life.clock, life.dossier
    if dossier.withdrawn_at is not None:
        assert clock is None
        return
    assert clock is not None
    assert clock.owner
    assert clock.due_on is not None
    assert clock.runs_since <= life.now
    assert clock.remind_on is None or clock.remind_on <= clock.due_on
    if clock.turn is not Turn.BODY and clock.step is not Step.REFRESH:
        assert clock.due_on > shanghai_date(clock.runs_since)
    if clock.turn is Turn.INSTITUTION:
        party = next(one for one in dossier.standings if one.code == clock.institution)
        possible = possible_kinds(fold(dossier.events), party.institution_id, party.trade)
        assert ENDS[clock.step] & set(possible)
        assert not party.is_body
    if clock.paused_since is not None:
        assert clock.turn is Turn.INSTITUTION


def _check_money(life: Life) -> None:
    """No more is paid out than was approved before, nor guaranteed than was offered; approvals keep to the need."""
    timeline = sorted(effective(life.dossier.events), key=lambda event: event.moment)
    approved = dict.fromkeys(range(9), 0)
    paid, granted, offered = dict(approved), dict(approved), dict(approved)
    for event in timeline:
        party = event.institution_id or 0
        match event.kind:
            case EventKind.CREDIT_APPROVED:
                approved[party] += event.amount_fen
                assert event.exceeds_need or sum(approved.values()) <= NEED_FEN
            case EventKind.DISBURSED:
                paid[party] += event.amount_fen
                assert paid[party] <= approved[party]
            case EventKind.GUARANTEE_OFFERED:
                offered[party] = event.amount_fen
                assert event.amount_fen <= NEED_FEN
            case EventKind.GUARANTEE_GRANTED:
                granted[party] += event.amount_fen
                assert granted[party] <= offered[party]
    state = fold(life.dossier.events)
    for party, one in state.parties.items():
        sums = (one.approved_fen, one.disbursed_fen, one.granted_fen)
        assert sums == (approved[party], paid[party], granted[party])


def _check_refusal(life: Life) -> None:
    """A refusal names every fault, what is wrong and what is possible instead."""
    if not life.refusals:
        return
    refusal = life.refusals.pop()
    assert refusal.detail
    assert refusal.faults
    for fault in refusal.faults:
        assert fault.where
        assert fault.message
        assert fault.remedy


def _check_time(life: Life) -> None:
    """The log is numbered in order, is recorded in order of time, and tells of nothing that lies ahead."""
    assert [row["sequence"] for row in life.log] == list(range(1, len(life.log) + 1))
    recorded = [row["recorded_at"] for row in life.log]
    assert recorded == sorted(recorded)
    assert all(row["occurred_at"] <= row["recorded_at"] for row in life.log)


def _check_folding(life: Life) -> None:
    events = life.dossier.events
    whole = fold(events)
    for cut in range(len(events) + 1):
        assert fold(events[cut:], fold(events[:cut])) == whole
    assert fold(reversed(events)) == whole
