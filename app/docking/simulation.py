"""Simulated docking for demonstrations, tests and dry runs: never mixed up with the real thing.

Every event that comes from here is stored with `is_simulated` and the actor `simulation`. Delays
are Chinese working days; institutions differ in pace, silence and appetite; a need's own obstacles
make declines likelier and give their reasons. One course depends on nothing but the seed, the
entry, the institution and when it got the entry, so a longer run goes on where a shorter ended.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Final

from app.docking.kinds import PAUSE_LABELS, EventKind, PauseReason, Trade
from app.docking.reasons import REASONS, DeclineReason
from app.kernel.money import FEN_PER_WAN
from app.kernel.shanghai import SHANGHAI, shanghai_date
from app.reference.lpr import LprTable
from app.reference.working_days import WorkingCalendar

ACTOR: Final = "simulation"
_MAY_FOLLOW: Final = frozenset({EventKind.DISBURSED, EventKind.RATED})
_OPENS = time(9, 0)
_OPEN_MINUTES = 8 * 60
_ONE_DAY = timedelta(days=1)
_WITHOUT_OBSTACLE: Final = (
    DeclineReason.OUTSIDE_PRODUCT_TERMS,
    DeclineReason.INSUFFICIENT_REPAYMENT,
    DeclineReason.ENTERPRISE_WITHDREW_INTEREST,
    DeclineReason.FINANCED_ELSEWHERE,
    DeclineReason.ENTERPRISE_UNREACHABLE,
)


@dataclass(frozen=True, slots=True)
class SimulatedTask:
    """An entry in the hands of an institution from `assigned_at`; `facts` are the need's, as JSON.

    Once it has ended, only money that was approved before still flows.
    """

    entry_code: str
    amount_fen: int
    facts: Mapping[str, Any]
    institution_code: str
    assigned_at: datetime
    ended_at: datetime | None = None
    trade: Trade = Trade.LENDS


@dataclass(frozen=True, slots=True)
class SimulatedEvent:
    """One simulated event, in the terms of `docking.rules.Event`; `recorded_at` may be days later."""

    entry_code: str
    institution_code: str
    kind: EventKind
    occurred_at: datetime
    recorded_at: datetime
    amount_fen: int = 0
    rate_bp: int | None = None
    term_months: int | None = None
    is_credit_loan: bool | None = None
    reason: DeclineReason | None = None
    evidence: str | None = None
    fee_bp: int | None = None
    pause_reason: PauseReason | None = None
    score: int | None = None


@dataclass(frozen=True, slots=True)
class Temper:
    """How an institution works: pace (1 is usual, 2 twice as slow) and chances from 0 to 1."""

    pace: float
    silence: float
    appetite: float
    lag: float


@dataclass(frozen=True, slots=True)
class World:
    """What a simulation stands in: the calendar, the loan prime rate, the seed, and its end."""

    calendar: WorkingCalendar
    lpr: LprTable
    seed: int
    until: datetime

    def rng(self, *key: str) -> Random:
        """Answer a generator that depends on the seed and the key only."""
        text = "|".join((str(self.seed), *key))
        return Random(hashlib.sha256(text.encode()).digest())

    def temper(self, institution_code: str) -> Temper:
        """Answer how an institution works in this world."""
        rng = self.rng("institution", institution_code)
        return Temper(
            pace=rng.uniform(0.6, 1.9),
            silence=rng.uniform(0.01, 0.15),
            appetite=rng.uniform(-0.12, 0.15),
            lag=rng.uniform(0.1, 0.5),
        )

    def later(self, rng: Random, day: date, working_days: int) -> datetime | None:
        """Answer an instant in office hours that many working days on; None beyond the end."""
        last, left = shanghai_date(self.until), max(1, working_days)
        while left:
            day += _ONE_DAY
            if day > last:
                return None
            left -= self.calendar.is_working_day(day)
        opened = datetime.combine(day, _OPENS, SHANGHAI)
        at = opened + timedelta(minutes=rng.randrange(_OPEN_MINUTES))
        return at if at <= self.until else None


def simulate(tasks: Iterable[SimulatedTask], world: World) -> list[SimulatedEvent]:
    """Answer all simulated events that are recorded up to the world's end, in order of recording.

    Each entry's events are legal in that order (docking/legality.py).
    """
    events = [event for task in tasks for event in _course(task, world)]
    return sorted(events, key=lambda event: (event.recorded_at, event.entry_code, event.occurred_at))


def obstacles(facts: Mapping[str, Any]) -> list[DeclineReason]:
    """Answer the reasons for a decline that lie in a need's own stated facts."""
    lacks_security = facts.get("collateral") == [] and not facts.get("guarantee_available")
    missing = facts.get("missing_elements") or ()
    signs = {
        DeclineReason.NO_COLLATERAL: lacks_security,
        DeclineReason.CREDIT_INELIGIBLE: facts.get("credit_eligible") is False,
        DeclineReason.LITIGATION: facts.get("litigation") is True,
        DeclineReason.ADVERSE_CREDIT: facts.get("adverse_credit") is True,
        DeclineReason.SINGLE_BANK_LIMIT: facts.get("single_bank_limit_reached") is True,
    } | {DeclineReason(f"missing_elements_{element}"): True for element in missing}
    return [reason for reason, is_there in signs.items() if is_there]


def _course(task: SimulatedTask, world: World) -> Iterator[SimulatedEvent]:
    rng = world.rng("entry", task.entry_code, task.institution_code)
    records = world.rng("records", task.entry_code, task.institution_code)
    temper, known = world.temper(task.institution_code), task.assigned_at
    for at, event in _steps(task, world, temper, rng):
        known = _learned(records, temper, at, known)
        is_over = task.ended_at is not None and at >= task.ended_at
        if known > world.until or (is_over and event["kind"] not in _MAY_FOLLOW):
            return
        yield SimulatedEvent(
            task.entry_code, task.institution_code, occurred_at=at, recorded_at=known, **event
        )


def _learned(rng: Random, temper: Temper, at: datetime, known: datetime) -> datetime:
    """Answer when an event is recorded: mostly within the hour, sometimes working days later.

    Never before what happened earlier on the entry was recorded.
    """
    late = rng.random() < temper.lag
    delay = timedelta(days=rng.randrange(1, 9)) if late else timedelta(minutes=rng.randrange(2, 50))
    return max(known, at + delay)


_Step = tuple[datetime, dict[str, Any]]


def _steps(task: SimulatedTask, world: World, temper: Temper, rng: Random) -> Iterator[_Step]:
    is_silent, is_late = rng.random() < temper.silence, rng.random() < 0.15
    accepted = world.later(rng, shanghai_date(task.assigned_at), round(rng.uniform(0.5, 2) * temper.pace))
    if accepted is None or is_silent:
        return
    yield accepted, {"kind": EventKind.ACCEPTED}
    wait = rng.uniform(1, 4) * temper.pace + (rng.uniform(5, 20) if is_late else 0)
    contacted = world.later(rng, shanghai_date(accepted), round(wait))
    if contacted is None:
        return
    yield contacted, {"kind": EventKind.CONTACTED}
    if task.trade is Trade.COORDINATES:
        return  # what a public body settles stands in its coordination cases
    answered = list(_result(task, world, temper, rng, contacted))
    # Asides have chances of their own, so that more of them change no course.
    asides = world.rng("asides", task.entry_code, task.institution_code)
    until = answered[0][0] if answered else world.until
    yield from _meanwhile(world, asides, contacted, until)
    yield from sorted([*answered, *_rating(world, asides, answered)], key=lambda step: step[0])


def _rating(world: World, rng: Random, answered: Sequence[_Step]) -> Iterator[_Step]:
    """The enterprise rates some of those who paid out, days after the first money."""
    paid = next((at for at, event in answered if event["kind"] is EventKind.DISBURSED), None)
    if paid is None or rng.random() >= 0.4:
        return
    rated = world.later(rng, shanghai_date(paid), rng.randrange(1, 10))
    if rated is not None:
        yield rated, {"kind": EventKind.RATED, "score": rng.choice((2, 3, 4, 4, 5, 5))}


def _meanwhile(world: World, rng: Random, contacted: datetime, until: datetime) -> Iterator[_Step]:
    """Between contact and answer: a visit, or a wait for what the enterprise owes."""
    visited = world.later(rng, shanghai_date(contacted), rng.randrange(1, 4))
    if visited is None or visited >= until:
        return
    if rng.random() < 0.35:
        yield visited, {"kind": EventKind.VISITED}
    begun = world.later(rng, shanghai_date(visited), 1)
    if rng.random() >= 0.12 or begun is None or begun >= until:
        return
    reason = rng.choice(tuple(PauseReason))
    yield (
        begun,
        {"kind": EventKind.PAUSED, "pause_reason": reason, "evidence": f"模拟记录：{PAUSE_LABELS[reason]}"},
    )
    ended = world.later(rng, shanghai_date(begun), rng.randrange(1, 6))
    if ended is not None and ended < until:
        yield ended, {"kind": EventKind.RESUMED}


def _guarantee(task: SimulatedTask, world: World, rng: Random, offered: datetime) -> Iterator[_Step]:
    """A guarantor's answer: an offer within every cap there is, mostly followed by the guarantee."""
    terms = {"amount_fen": _rounded(task.amount_fen, 80), "fee_bp": rng.randrange(50, 101, 10)}
    yield offered, {"kind": EventKind.GUARANTEE_OFFERED, **terms}
    granted = world.later(rng, shanghai_date(offered), rng.randrange(2, 8))
    if granted is not None and rng.random() < 0.8:
        yield granted, {"kind": EventKind.GUARANTEE_GRANTED, **terms}


def _result(
    task: SimulatedTask, world: World, temper: Temper, rng: Random, contacted: datetime
) -> Iterator[_Step]:
    span = (12, 30) if task.facts.get("project_name") else (4, 14)
    answered = world.later(rng, shanghai_date(contacted), round(rng.uniform(*span) * temper.pace))
    hindrances = obstacles(task.facts)
    is_declined = rng.random() < min(0.85, 0.16 + 0.22 * len(hindrances)) - temper.appetite
    if answered is None:
        return
    if is_declined:
        reason = rng.choice(hindrances or _WITHOUT_OBSTACLE)
        if reason is DeclineReason.NO_COLLATERAL and rng.random() < 0.5:
            reason = DeclineReason.CREDIT_INELIGIBLE  # nothing to pledge left credit alone: refused
        evidence = f"模拟记录：{REASONS[reason].chinese}，经客户经理核实"
        yield answered, {"kind": EventKind.DECLINED, "reason": reason, "evidence": evidence}
        return
    if task.trade is Trade.GUARANTEES:
        yield from _guarantee(task, world, rng, answered)
        return
    terms = _terms(task, world, rng, answered)
    yield answered, {"kind": EventKind.CREDIT_APPROVED, **terms}
    for at, amount in _payments(world, rng, answered, terms["amount_fen"]):
        yield at, {"kind": EventKind.DISBURSED, "amount_fen": amount}


def _terms(task: SimulatedTask, world: World, rng: Random, at: datetime) -> dict[str, Any]:
    months = int(task.facts.get("term_months") or 12)
    quote = world.lpr.on(shanghai_date(at))
    base = quote.rate_5y if months > 60 else quote.rate_1y
    is_credit = rng.random() < (0.85 if task.facts.get("collateral") == [] else 0.2)
    granted = _rounded(task.amount_fen, rng.choice((60, 70, 80, 90, 100, 100, 100)))
    spread = rng.randrange(-20, 90, 5) + (30 if is_credit else 0)
    return {
        "amount_fen": granted,
        "rate_bp": int(base * 100) + spread,
        "term_months": months,
        "is_credit_loan": is_credit,
    }


def _payments(
    world: World, rng: Random, approved: datetime, amount_fen: int
) -> Iterator[tuple[datetime, int]]:
    shares: Sequence[int] = rng.choice(((), (100,), (100,), (50, 50), (40, 30, 30), (60, 20)))
    day = shanghai_date(approved)
    for share in shares:
        at = world.later(rng, day, rng.randrange(2, 16))
        if at is None:
            return
        yield at, _rounded(amount_fen, share)
        day = shanghai_date(at)


def _rounded(amount_fen: int, percent: int) -> int:
    """Answer a share of an amount, down to a whole 万元 where there is one, never more than it."""
    share = amount_fen * percent // 100
    return share // FEN_PER_WAN * FEN_PER_WAN or share or amount_fen
