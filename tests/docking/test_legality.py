from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from app.docking.kinds import MAY_FOLLOW_LATER, OF_THE_ENTRY, EventKind, Trade
from app.docking.legality import Standing, check_event, party_of, possible_kinds
from app.docking.reasons import DeclineReason
from app.docking.recording import Draft, decide
from app.docking.rules import Event, fold
from app.kernel.errors import Conflict, Refused
from tests.docking.histories import NEED_FEN, PARTIES, START, TRADES, histories, is_legal, make_event

BRANCH = Standing(7, "bank-branch", "/1/7/", is_responsible=True, since=START)
SUPPORT = Standing(8, "other", "/2/8/", is_responsible=False, since=START)
TERMS = {"amount_fen": 400, "rate_bp": 345, "term_months": 12, "is_credit_loan": True}
LATER = START + timedelta(hours=1)


def draft(kind: EventKind, hours: int = 1, **fields: Any) -> Draft:
    given_fields: dict[str, Any] = {"lineage": "/1/7/", "institution": "bank-branch"} | fields
    at = START + timedelta(hours=hours)
    return Draft(kind, at, START + timedelta(days=9), **given_fields)


def refused_fields(wanted: Draft) -> list[str]:
    """Name the fields for which a draft is refused on an entry that was contacted."""
    contact = make_event(1, EventKind.CONTACTED, hour=0)
    try:
        decide([BRANCH], [contact], wanted, needed_fen=NEED_FEN)
    except Refused as refusal:
        return [fault.where for fault in refusal.faults]
    return []


@given(histories())
def test_an_event_is_logged_exactly_when_the_whole_history_stays_legal(attempts: list[Event]) -> None:
    history: list[Event] = []
    for attempt in attempts:
        faults = check_event(history, attempt, needed_fen=NEED_FEN, trades=TRADES)
        assert (not faults) == is_legal([*history, attempt])
        if not faults:
            history.append(attempt)
    state = fold(history)
    for party in state.parties.values():
        assert party.disbursed_fen <= party.approved_fen
        assert party.granted_fen <= NEED_FEN


@given(histories())
def test_what_is_called_possible_next_is_accepted_and_nothing_else_is(attempts: list[Event]) -> None:
    history: list[Event] = []
    for attempt in attempts:
        if not check_event(history, attempt, needed_fen=NEED_FEN, trades=TRADES):
            history.append(attempt)
    for party in PARTIES:
        possible = possible_kinds(fold(history), party, TRADES.get(party, Trade.LENDS))
        for kind in set(EventKind) - OF_THE_ENTRY - {EventKind.CORRECTED}:
            newest = make_event(99, kind, party, hour=20, amount=1, exceeds_need=True)
            faults = check_event(history, newest, needed_fen=NEED_FEN, trades=TRADES)
            assert (not faults) == (kind in possible)


def test_a_refusal_says_why_and_what_is_possible_then() -> None:
    [fault] = check_event([], make_event(1, EventKind.CREDIT_APPROVED, amount=400), needed_fen=NEED_FEN)
    assert fault.where == "kind"
    assert "nobody has contacted the enterprise" in fault.message
    assert fault.remedy == "Possible then: accepted, contacted, declined."


def test_a_late_record_may_not_make_later_events_impossible() -> None:
    history = [
        make_event(1, EventKind.CONTACTED, hour=1),
        make_event(2, EventKind.CREDIT_APPROVED, hour=5, amount=400),
    ]
    [fault] = check_event(history, make_event(3, EventKind.DECLINED, hour=3), needed_fen=NEED_FEN)
    assert fault.where == "occurred_at"
    assert "would make event 2 (credit_approved, 2023-10-09) impossible" in fault.message


@pytest.mark.parametrize(
    ("amount", "is_stated", "is_legal_amount"),
    [(999, False, True), (1_000, False, True), (1_001, False, False), (1_001, True, True)],
)
def test_approvals_stay_within_the_need_unless_stated(
    *, amount: int, is_stated: bool, is_legal_amount: bool
) -> None:
    history = [make_event(1, EventKind.CONTACTED, hour=1)]
    approval = make_event(2, EventKind.CREDIT_APPROVED, hour=2, amount=amount, exceeds_need=is_stated)
    assert (not check_event(history, approval, needed_fen=NEED_FEN)) == is_legal_amount


@pytest.mark.parametrize(("amount", "is_legal_amount"), [(399, True), (400, True), (401, False)])
def test_no_more_is_paid_out_than_the_same_party_approved(*, amount: int, is_legal_amount: bool) -> None:
    history = [
        make_event(1, EventKind.CONTACTED, hour=1),
        make_event(2, EventKind.CREDIT_APPROVED, 7, hour=2, amount=400),
        make_event(3, EventKind.CREDIT_APPROVED, 8, hour=2, amount=600),
    ]
    payment = make_event(4, EventKind.DISBURSED, 7, hour=3, amount=amount)
    assert (not check_event(history, payment, needed_fen=NEED_FEN)) == is_legal_amount


@pytest.mark.parametrize(
    ("lineage", "party"),
    [("/1/7/", 7), ("/1/", 7), ("/1/7/70/", 7), ("/2/8/", 8), ("/2/", 8), ("/1/9/", None), ("/3/", None)],
)
def test_one_logs_for_oneself_or_for_those_above_and_below(lineage: str, party: int | None) -> None:
    found = party_of([BRANCH, SUPPORT], lineage, EventKind.CONTACTED, LATER)
    assert (found.institution_id if found else None) == party


def test_after_its_time_a_party_may_only_follow_up_with_money_be_rated_and_correct() -> None:
    former = Standing(7, "bank-branch", "/1/7/", is_responsible=True, since=START, until=LATER)
    able = {kind for kind in EventKind if party_of([former], "/1/7/", kind, LATER)}
    assert able == MAY_FOLLOW_LATER
    assert party_of([former], "/1/7/", EventKind.CONTACTED, LATER - timedelta(microseconds=1))


@pytest.mark.parametrize(("hours", "is_allowed"), [(-1, False), (0, True)])
def test_nothing_is_logged_before_the_assignment(*, hours: int, is_allowed: bool) -> None:
    if is_allowed:
        assert decide([BRANCH], [], draft(EventKind.CONTACTED, hours), needed_fen=NEED_FEN).sequence == 1
        return
    with pytest.raises(Conflict) as caught:
        decide([BRANCH], [], draft(EventKind.CONTACTED, hours), needed_fen=NEED_FEN)
    assert caught.value.faults[0].where == "occurred_at"
    assert "2023-10-09" in caught.value.faults[0].remedy


def test_a_stranger_is_told_who_the_parties_are() -> None:
    stranger = draft(EventKind.CONTACTED, lineage="/3/", institution="stranger")
    with pytest.raises(Conflict) as caught:
        decide([BRANCH, SUPPORT], [], stranger, needed_fen=NEED_FEN)
    assert caught.value.faults[0].where == "institution"
    assert "bank-branch、other" in caught.value.faults[0].remedy


def test_without_an_institution_the_responsible_one_of_that_time_is_meant() -> None:
    former = Standing(5, "former", "/5/", is_responsible=True, since=START, until=LATER)
    present = Standing(7, "bank-branch", "/1/7/", is_responsible=True, since=LATER)
    anyone = {"institution": None, "lineage": None}
    early = decide([former, present], [], draft(EventKind.CONTACTED, 0, **anyone), needed_fen=NEED_FEN)
    late = decide([former, present], [], draft(EventKind.CONTACTED, 1, **anyone), needed_fen=NEED_FEN)
    assert (early.institution_id, late.institution_id) == (5, 7)


def test_the_future_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        decide([BRANCH], [], draft(EventKind.CONTACTED, 24 * 9 + 1), needed_fen=NEED_FEN)
    assert [fault.where for fault in caught.value.faults] == ["occurred_at"]


@pytest.mark.parametrize(
    ("kind", "fields", "wheres"),
    [
        (EventKind.CREDIT_APPROVED, {}, ["amount", "is_credit_loan", "rate", "term_months"]),
        (EventKind.CREDIT_APPROVED, TERMS | {"is_credit_loan": False}, []),
        (EventKind.CREDIT_APPROVED, TERMS | {"amount_fen": 0}, ["amount"]),
        (EventKind.DISBURSED, {}, ["amount"]),
        (EventKind.DECLINED, {}, ["evidence", "reason"]),
        (EventKind.DECLINED, {"reason": DeclineReason.LITIGATION, "evidence": "  "}, ["evidence"]),
        (EventKind.DECLINED, {"reason": DeclineReason.LITIGATION, "evidence": "短"}, ["evidence"]),
        (EventKind.CONTACTED, TERMS, ["amount", "is_credit_loan", "rate", "term_months"]),
        (EventKind.ACCEPTED, {"reason": DeclineReason.LITIGATION, "evidence": "(2023)黑01民初1号"}, ["evidence", "reason"]),
    ],
)  # fmt: skip
def test_each_kind_has_its_own_fields_and_every_fault_is_named(
    kind: EventKind, fields: dict[str, Any], wheres: list[str]
) -> None:
    assert refused_fields(draft(kind, **fields)) == wheres
