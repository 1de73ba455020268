"""What an event brought, day by day at the edges of its windows; attendance codes; contacts to be logged."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.docking.kinds import EventKind
from app.docking.legality import Standing
from app.docking.recording import decide
from app.docking.rules import Event
from app.events.attendance import attendance_code, guest_of, is_code_of
from app.events.contacts import Contact, contacts_to_log
from app.events.results import EventResult, HeldEvent, Met, event_result

DAY = date(2026, 3, 10)
# 23:30 in Shanghai.
LATE = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)
HELD = HeldEvent(
    "e1",
    DAY,
    frozenset({1, 2, 3}),
    frozenset({1, 2}),
    (Met(1, "B1", frozenset({11, 12})), Met(2, "B2", frozenset({20}))),
)
KINDS = (EventKind.CONTACTED, EventKind.CREDIT_APPROVED, EventKind.DISBURSED)


def _on(days: int, *, bank: int = 11, first: int = 1) -> list[Event]:
    at = LATE + timedelta(days=days)
    return [
        Event(first + k, kind, bank, at, amount_fen=0 if kind is EventKind.CONTACTED else 10**k * 100)
        for k, kind in enumerate(KINDS)
    ]


def _result(events: list[Event], *, days: int = 30, as_of: date = date(2026, 12, 31)) -> EventResult:
    return event_result(HELD, {1: events}, days=days, as_of=as_of)


@pytest.mark.parametrize(
    ("days", "window", "counts"),
    [(0, 30, 0), (1, 30, 1), (29, 30, 1), (30, 30, 1), (31, 30, 0), (89, 90, 1), (90, 90, 1), (91, 90, 0)],
)
def test_the_last_day_of_a_window_counts_and_the_next_does_not(days: int, window: int, counts: int) -> None:
    found = _result(_on(days), days=window)
    assert (found.contacted, found.credited, found.disbursed) == (counts, counts, counts)
    assert (found.credited_fen, found.disbursed_fen) == (counts * 1_000, counts * 10_000)
    assert f"第{window}日" in found.rule


def test_only_banks_met_there_count_only_the_first_of_each_kind_and_nothing_that_was_corrected() -> None:
    stranger = _on(3, bank=99)
    assert _result(stranger).attributed == ()
    twice = [*_on(5), *_on(9, bank=12, first=4)]
    assert _result(twice).disbursed_fen == 10_000
    voided = [*_on(5), Event(9, EventKind.CORRECTED, 11, LATE + timedelta(days=6), corrects=3)]
    assert (_result(voided).contacted, _result(voided).disbursed) == (1, 0)


def test_a_payment_on_credit_from_before_the_event_is_counted_apart() -> None:
    before = Event(1, EventKind.CREDIT_APPROVED, 12, LATE - timedelta(days=40), amount_fen=900)
    paid = Event(2, EventKind.DISBURSED, 11, LATE + timedelta(days=4), amount_fen=500)
    found = _result([before, paid])
    assert (found.credited, found.disbursed_fen, found.disbursed_on_earlier_credit_fen) == (0, 500, 500)


def test_what_follows_a_later_event_belongs_to_that_one_and_nothing_counts_twice() -> None:
    later = HeldEvent(
        "e2", DAY + timedelta(days=10), frozenset({1}), frozenset({1}), (Met(1, "B1", frozenset({11})),)
    )
    history = {1: [*_on(10)[:1], *_on(11, first=2)[1:]]}
    first = event_result(HELD, history, days=90, as_of=date(2026, 12, 31), later=(later, HELD))
    second = event_result(later, history, days=90, as_of=date(2026, 12, 31), later=(HELD,))
    assert (first.contacted, first.credited, first.disbursed) == (1, 0, 0)
    assert (second.contacted, second.credited, second.disbursed) == (0, 1, 1)


def test_one_docking_event_counts_once_though_two_nodes_of_the_bank_were_met() -> None:
    held = HeldEvent(
        "e",
        DAY,
        frozenset({1}),
        frozenset({1}),
        (Met(1, "A", frozenset({11})), Met(1, "B", frozenset({11, 12}))),
    )
    found = event_result(held, {1: _on(2)}, days=30, as_of=date(2026, 12, 31))
    assert (found.credited_fen, found.disbursed_fen, len(found.attributed)) == (1_000, 10_000, 3)


def test_a_window_is_complete_on_the_day_after_its_last_and_the_figures_of_guests_stand() -> None:
    assert [_result([], as_of=DAY + timedelta(days=n)).is_complete for n in (29, 30, 31)] == [
        False,
        False,
        True,
    ]
    found = _result(_on(20), as_of=DAY + timedelta(days=10))
    assert (found.invited, found.attended, found.met, found.contacted) == (3, 2, 2, 0)


KEY = bytes(range(32))


@given(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8), st.text(max_size=8))
def test_a_code_belongs_to_one_guest_of_one_event(
    event: str, guest: str, other_event: str, other: str
) -> None:
    code = attendance_code(KEY, event, guest)
    assert len(code) == 8
    assert is_code_of(KEY, event, guest, f" {code[:4].lower()}-{code[4:]} ")
    same = (event, guest) == (other_event, other)
    assert is_code_of(KEY, other_event, other, code) == same
    assert not is_code_of(KEY[::-1], event, guest, code)


def test_a_code_finds_its_guest_and_anything_else_finds_nobody() -> None:
    guests = [f"guest-{k}" for k in range(50)]
    codes = {guest: attendance_code(KEY, "e1", guest) for guest in guests}
    assert len(set(codes.values())) == len(guests)
    assert [guest_of(KEY, "e1", guests, codes[guest]) for guest in guests] == guests
    assert guest_of(KEY, "e2", guests, codes["guest-3"]) is None
    assert guest_of(KEY, "e1", guests, "é0000000") is None
    with pytest.raises(ValueError, match="too short"):
        attendance_code(b"short", "e1", "guest-1")


def test_contacts_of_parties_are_drafted_and_may_be_logged_and_others_are_kept_as_interests() -> None:
    since, met_at = LATE - timedelta(days=30), LATE
    standing = Standing(11, "B1", "/1/11/", is_responsible=True, since=since)
    contacts = (
        Contact(1, "B1", "/1/11/", met_at, "看好订单贷"),
        Contact(1, "B1", "/1/11/", met_at + timedelta(minutes=5)),
        Contact(1, "B2", "/2/20/", met_at),
    )
    found = contacts_to_log("春季对接会", contacts, {1: [standing]}, recorded_at=met_at + timedelta(hours=1))
    [(entry, draft)] = found.drafts
    assert (entry, draft.note) == (1, "在“春季对接会”上洽谈：看好订单贷")
    logged = decide([standing], [], draft, needed_fen=100)
    assert (logged.kind, logged.institution_id, logged.occurred_at) == (EventKind.CONTACTED, 11, met_at)
    assert [contact.bank for contact, _ in found.interests] == ["B2"]
