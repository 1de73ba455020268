from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.docking.kinds import EventKind
from app.docking.legality import check_event
from app.docking.reasons import DeclineReason
from app.docking.rules import Event
from app.docking.simulation import SimulatedEvent, SimulatedTask, World, obstacles, simulate
from app.kernel.settings import get_settings
from app.kernel.shanghai import SHANGHAI, shanghai_date
from app.reference.book import load_reference_book

SINCE = datetime(2023, 8, 1, 2, 0, tzinfo=UTC)
END = datetime(2023, 12, 31, 15, 59, tzinfo=UTC)
BOOK = load_reference_book(get_settings().seed_dir)


def tasks(count: int = 300, **facts: Any) -> list[SimulatedTask]:
    stated = {"term_months": 36, "collateral": ["equipment"]} | facts
    return [
        SimulatedTask(f"entry-{n:03d}", (n % 40 + 1) * 100_000_000, stated, f"bank-{n % 10}", SINCE)
        for n in range(count)
    ]


def world(seed: int = 7, until: datetime = END) -> World:
    return World(BOOK.calendar, BOOK.lpr, seed, until)


def by_entry(events: list[SimulatedEvent]) -> dict[str, list[SimulatedEvent]]:
    grouped: dict[str, list[SimulatedEvent]] = {}
    for event in events:
        grouped.setdefault(event.entry_code, []).append(event)
    return grouped


def test_the_same_seed_gives_the_same_events_in_any_order_of_tasks_and_another_seed_others() -> None:
    events = simulate(tasks(), world())
    assert simulate(reversed(tasks()), world()) == events
    assert simulate(tasks(), world(seed=8)) != events


def test_a_shorter_run_is_the_beginning_of_a_longer_one() -> None:
    middle = datetime(2023, 9, 30, 16, 0, tzinfo=UTC)
    events = simulate(tasks(), world())
    assert simulate(tasks(), world(until=middle)) == [e for e in events if e.recorded_at <= middle]
    late = [e for e in events if e.occurred_at < middle < e.recorded_at]
    assert late, "some facts of a month are learned only after its end"


def test_every_simulated_event_may_be_logged_in_the_order_in_which_it_is_recorded() -> None:
    amounts = {task.entry_code: task.amount_fen for task in tasks()}
    for code, events in by_entry(simulate(tasks(), world())).items():
        history: list[Event] = []
        for number, said in enumerate(events, 1):
            event = Event(number, said.kind, 1, said.occurred_at, said.amount_fen)
            assert check_event(history, event, needed_fen=amounts[code]) == []
            assert SINCE < said.occurred_at <= said.recorded_at <= END
            history.append(event)


def test_things_happen_on_working_days_in_office_hours() -> None:
    for event in simulate(tasks(), world()):
        local = event.occurred_at.astimezone(SHANGHAI)
        assert BOOK.calendar.is_working_day(local.date())
        assert 9 <= local.hour < 17


def test_the_run_is_plausible() -> None:
    events = simulate(tasks(), world())
    kinds = Counter(event.kind for event in events)
    contacted = kinds[EventKind.CONTACTED]
    assert 0.75 * 300 < contacted < 300, "most are contacted, some are not"
    assert 0.1 * contacted < kinds[EventKind.DECLINED] < kinds[EventKind.CREDIT_APPROVED]
    approvals = [event for event in events if event.kind is EventKind.CREDIT_APPROVED]
    assert {event.is_credit_loan for event in approvals} == {True, False}
    assert all(300 < (event.rate_bp or 0) < 700 for event in approvals)
    days = [
        (shanghai_date(event.occurred_at) - shanghai_date(SINCE)).days
        for event in events
        if event.kind is EventKind.CONTACTED
    ]
    assert max(days) > 3 * sorted(days)[len(days) // 2], "some are late"


def test_institutions_differ_in_pace() -> None:
    paces = {world().temper(f"bank-{n}").pace for n in range(10)}
    assert max(paces) > 1.5 * min(paces)


def test_obstacles_of_a_need_give_the_reasons_for_its_declines() -> None:
    facts: dict[str, Any] = {"collateral": [], "litigation": True, "missing_elements": ["land"]}
    named = obstacles(facts)
    assert named == [
        DeclineReason.NO_COLLATERAL,
        DeclineReason.LITIGATION,
        DeclineReason.MISSING_ELEMENTS_LAND,
    ]
    hindered = [e for e in simulate(tasks(**facts), world()) if e.kind is EventKind.DECLINED]
    free = [e for e in simulate(tasks(), world()) if e.kind is EventKind.DECLINED]
    assert len(hindered) > 2 * len(free)
    # Nothing to pledge leaves credit alone, which may be refused too.
    assert {event.reason for event in hindered} == {*named, DeclineReason.CREDIT_INELIGIBLE}
    assert not {event.reason for event in free} & set(named)
    assert all("模拟" in (event.evidence or "") for event in hindered)


@pytest.mark.parametrize("facts", [{}, {"collateral": None}, {"collateral": [], "guarantee_available": True}])
def test_what_is_unknown_or_covered_is_no_obstacle(facts: dict[str, Any]) -> None:
    assert obstacles(facts) == []


def test_once_the_entry_is_taken_away_only_approved_money_still_flows_and_is_rated() -> None:
    ended = SINCE + timedelta(days=20)
    cut = [
        SimulatedTask(t.entry_code, t.amount_fen, t.facts, t.institution_code, t.assigned_at, ended)
        for t in tasks()
    ]
    after = [event for event in simulate(cut, world()) if event.occurred_at >= ended]
    assert after
    assert {event.kind for event in after} == {EventKind.DISBURSED, EventKind.RATED}
