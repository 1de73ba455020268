"""The life of one entry as lower rooms and docking write it together, without a database: random commands, one world.

Lower rooms are as plain as can be: they allocate, reroute after a decline, raise and close coordination cases,
withdraw and reopen. What docking decides is docking's own: `row_of` for the log, `clock_of` for the clock.
"""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from app.coordination.rules import CaseKind, CaseSpan, CaseState
from app.docking.appending import row_of
from app.docking.clock import Clock, clock_of
from app.docking.dossiers import EntryDossier, InstitutionKey, is_left
from app.docking.kinds import EventKind, Level, PauseReason
from app.docking.legality import Standing, possible_kinds
from app.docking.reasons import DeclineReason
from app.docking.recording import Draft
from app.docking.round_service import _draft
from app.docking.rules import fold
from app.docking.working_time import DayCounter, Limits
from app.kernel.errors import RongqiaoError
from app.kernel.shanghai import shanghai_date
from app.reference.working_days import WorkingCalendar

START: Final = datetime(2023, 10, 9, 1, 0, tzinfo=UTC)
NEED_FEN: Final = 1_000
COUNTER: Final = DayCounter(WorkingCalendar())
LIMITS: Final = Limits(
    allocate=5, accept=1, contact=3, answer=10, answer_project=30, disburse=20, resolve=15, pause_most=20,
    remind_before=1, citation="经办方设定5",
)  # fmt: skip
LADDER: Final = dict(zip(Level, (1, 2, 4, 7, 12), strict=True))
PARTIES: Final = ("bank-a", "bank-b", "bank-c", "guarantor", "body")
KEYS: Final = {
    code: InstitutionKey(number, code, f"{code}机构", f"/{number}/")
    for number, code in enumerate((*PARTIES, "stranger"), start=1)
}


@dataclass(frozen=True, slots=True)
class Command:
    """Something that somebody tries: a kind of event to log, or what lower rooms do (`room`).

    `to` is the institution that gets the entry (an index of PARTIES; beyond: the coordinator), `by` the one that
    logs (an index of KEYS; beyond: left out, and so the responsible one); time goes on by `hours` first, and an
    event happened `ago` hours before. `pick` replaces the kind by one of those that are possible for whoever logs.
    """

    hours: int
    to: int = 0
    by: int = 9
    kind: EventKind | None = None
    room: str = ""
    ago: int = 0
    amount: int = 0
    is_stated: bool = False
    reason: DeclineReason = DeclineReason.NO_COLLATERAL
    corrects: int = 1
    level: Level = Level.MANAGER
    pick: int | None = None


@dataclass
class Life:
    """One entry from its admission on; `refused` counts what was refused, `log` keeps the rows in order."""

    now: datetime = START
    log: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[RongqiaoError] = field(default_factory=list)
    dossier: EntryDossier = field(
        default_factory=lambda: EntryDossier(
            id=1, code="2023H2-1", status="admitted", amount_fen=NEED_FEN, withdrawn_at=None, region="230102",
            uscc="91230102000000001X", edition_until=date(2024, 6, 30), listed_since=START, coordinator="道里区统筹部门",
        )
    )  # fmt: skip

    @property
    def clock(self) -> Clock | None:
        """Answer the entry's clock."""
        return clock_of(self.dossier, LIMITS, COUNTER)

    def do(self, command: Command) -> None:
        """Let time go on, then try a command."""
        self.now += timedelta(hours=command.hours)
        if command.kind is None:
            getattr(self, f"_{command.room}")(command)
            return
        kind = self._picked(command) or command.kind
        before = replace(
            self.dossier, events=list(self.dossier.events), standings=list(self.dossier.standings)
        )
        try:
            row = row_of(self.dossier, self._draft(command, kind), KEYS, actor="test")
        except RongqiaoError as refusal:
            assert self.dossier == before, "what is refused changes nothing"
            self.refusals.append(refusal)
            return
        self.log.append(row)
        if kind is EventKind.DECLINED and is_left(self.dossier, self.now):
            self._reroute(command)

    def _picked(self, command: Command) -> EventKind | None:
        """Answer one of the kinds that are possible now for the one who logs, if that is wanted."""
        own = self.dossier.responsible(self.now)
        if command.by < len(KEYS):
            own = self.dossier.standing_of(list(KEYS.values())[command.by].id)
        if command.pick is None or own is None:
            return None
        state = fold(self.dossier.events)
        possible = possible_kinds(state, own.institution_id, own.trade)
        done = {event.kind for event in self.dossier.events if event.institution_id == own.institution_id}
        fresh = [kind for kind in possible if kind not in done] or possible
        return fresh[command.pick % len(fresh)] if fresh else None

    def _draft(self, command: Command, kind: EventKind) -> Draft:
        draft = Draft(kind, self.now - timedelta(hours=command.ago), self.now, **_fields(command)[kind])
        own = list(KEYS)[command.by] if command.by < len(KEYS) else None
        return replace(draft, institution=own)

    def _reroute(self, command: Command) -> None:
        """Give the entry away after a decline, as allocation does: not while somebody has approved credit."""
        if not fold(self.dossier.events).approved_fen:
            self._allocate(command)

    def _allocate(self, command: Command) -> None:
        """Give the entry to an institution, or beyond the last one to the coordinator, ending who had it."""
        dossier = self.dossier
        if dossier.withdrawn_at is not None:
            return
        self._end_offices()
        dossier.owned_since, dossier.owner_kind, dossier.owner = self.now, "coordinator", dossier.coordinator
        if command.to < len(PARTIES):
            key = KEYS[PARTIES[command.to]]
            dossier.owner, dossier.owner_kind = key.name, "routed" if key.code == "body" else "matched"
            dossier.standings.append(_standing(key, self.now, is_responsible=True))
            if command.is_stated and key.code != "body":
                helper = KEYS[PARTIES[(command.to + 1) % 3]]
                if helper != key:
                    dossier.standings.append(_standing(helper, self.now, is_responsible=False))

    def _end_offices(self) -> None:
        self.dossier.standings = [
            one if one.until is not None else replace(one, until=self.now) for one in self.dossier.standings
        ]

    def _unassign(self, _command: Command) -> None:
        """End an assignment without another, as a run does for who left the roster."""
        self._end_offices()
        self.dossier.owned_since = self.dossier.owner = self.dossier.owner_kind = None

    def _raise_case(self, command: Command) -> None:
        days = 1 + command.amount % 15
        due = COUNTER.after(self.now.date(), days)
        code = f"XT{len(self.dossier.cases)}"
        self.dossier.cases.append(
            CaseSpan(CaseKind.LAND, "区发展改革局", self.now, None, due, CaseState.OPEN, code, days)
        )

    def _close_case(self, command: Command) -> None:
        opened = [n for n, case in enumerate(self.dossier.cases) if case.closed_at is None]
        if opened:
            number = opened[command.to % len(opened)]
            self.dossier.cases[number] = replace(self.dossier.cases[number], closed_at=self.now)

    def _withdraw(self, _command: Command) -> None:
        if self.dossier.withdrawn_at is None:
            self.dossier.withdrawn_at = self.now

    def _ring(self, _command: Command) -> None:
        """Let the clock ring, as the round does; ringing again on the same day says nothing more."""
        for _again in range(len(LADDER) + 2):
            draft = self.rings
            if draft is None:
                return
            self.log.append(row_of(self.dossier, draft, KEYS, actor="clock"))
        msg = "the clock rings without an end"
        raise AssertionError(msg)

    @property
    def rings(self) -> Draft | None:
        """Answer what the clock says today."""
        clock = self.clock
        return None if clock is None else _draft(clock, LADDER, shanghai_date(self.now), COUNTER, self.now)

    def _reopen(self, _command: Command) -> None:
        if self.dossier.withdrawn_at is not None:
            self.dossier.withdrawn_at, self.dossier.listed_since = None, self.now


def _fields(command: Command) -> defaultdict[EventKind, dict[str, Any]]:
    """Answer what belongs to an event of each kind."""
    money = {"amount_fen": command.amount}
    terms = money | {"rate_bp": 345, "term_months": 12, "is_credit_loan": True}
    found: dict[EventKind, dict[str, Any]] = {
        EventKind.GUARANTEE_OFFERED: money | {"fee_bp": 100},
        EventKind.GUARANTEE_GRANTED: money | {"fee_bp": 100},
        EventKind.CREDIT_APPROVED: terms | {"exceeds_need": command.is_stated},
        EventKind.DISBURSED: money,
        EventKind.DECLINED: {"reason": command.reason, "evidence": "尽调报告"},
        EventKind.PAUSED: {"pause_reason": PauseReason.MATERIALS, "evidence": "补正通知"},
        EventKind.RATED: {"score": 1 + command.amount % 5},
        EventKind.RESOLVED: {"note": "已经约谈"},
        EventKind.ESCALATED: {"level": command.level},
        EventKind.CORRECTED: {"corrects": command.corrects, "evidence": "登记有误"},
    }
    return defaultdict(dict, found)


ROOMS: Final = ("allocate", "unassign", "raise_case", "close_case", "withdraw", "reopen", "ring")


def _standing(key: InstitutionKey, since: datetime, *, is_responsible: bool) -> Standing:
    return Standing(
        institution_id=key.id,
        code=key.code,
        lineage=key.lineage,
        is_responsible=is_responsible,
        since=since,
        name=key.name,
        is_guarantor=key.code == "guarantor",
        is_body=key.code == "body",
    )
