"""Whose turn an entry is, for which step and by when, in Chinese working days (pure).

Every entry on the roster has an owner and a next step (逐户落实): before allocation the coordinator of
its region has to allocate it; an institution has to accept, contact, answer and, once credit is
approved, pay out, each step running from the one before; what a coordinator or public body keeps, and
what waits for a coordination case, has to be resolved; what is financed is refreshed with the roster at
the end of its edition (黑银发〔2023〕25号 十三, 每半年更新).

The texts ask for docking with everybody and say no number of days; the operator sets them
(`docking.deadlines`, `docking.pauses`, `docking.reminders`). A step may be taken until the end of the
day on which it is due. While an institution waits for the enterprise its days stand still, for no more
than the operator allows: a pause that is open counts as long as it may last, so that there always is a
day. While a coordination case is open, the days of whoever waits for it stand still for as long as it
takes, and what the clock says is about that case alone; paying out waits for no case. Who settles a
late step (`resolved`) gives it its days anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from app.coordination.rules import CaseState
from app.docking.dossiers import EntryDossier, stage_of
from app.docking.kinds import BY_THE_CLOCK, Level, PauseReason
from app.docking.legality import Standing
from app.docking.pauses import pauses_of
from app.docking.rules import EntryState, Event, PartyState, Stage, fold
from app.docking.working_time import DayCounter, Limits, Step
from app.kernel.shanghai import shanghai_date


class Turn(StrEnum):
    """Who has to take the next step."""

    INSTITUTION = "institution"
    COORDINATOR = "coordinator"
    BODY = "body"


TURN_LABELS: Final[Mapping[Turn, str]] = {
    Turn.INSTITUTION: "机构",
    Turn.COORDINATOR: "统筹部门",
    Turn.BODY: "责任部门",
}


WAITS_FOR_NO_CASE: Final = frozenset({Step.ALLOCATE, Step.DISBURSE, Step.REFRESH})
"""Steps that are due whether a coordination case is open or not."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The step that is due; days are those of Asia/Shanghai.

    `institution_id` is the party in whose hands the entry is, also while somebody else has the turn; None when
    it is nobody's. `due_on` is None where nobody has published or loaded the working days until then.
    """

    turn: Turn
    owner: str
    institution_id: int | None
    institution: str | None
    step: Step
    stage: Stage
    runs_since: datetime
    days: int
    due_on: date | None
    remind_on: date | None
    paused_since: datetime | None
    pause_reason: PauseReason | None
    level: Level | None
    is_reminded: bool
    citation: str


@dataclass(frozen=True, slots=True)
class _Owed:
    turn: Turn
    step: Step
    since: datetime
    owner: str
    party: Standing | None = None


def clock_of(dossier: EntryDossier, limits: Limits, counter: DayCounter) -> Clock | None:
    """Answer whose turn an entry is, for what and by when; None for one that is not on the roster."""
    if dossier.status != "admitted" or dossier.withdrawn_at is not None or dossier.listed_since is None:
        return None
    state = fold(dossier.events)
    owed = _owed(dossier, state)
    since = owed.since if state.resolved is None else max(owed.since, state.resolved[0])
    days = limits.days(owed.step, is_project=dossier.is_project)
    case = dossier.open_case
    pause = None
    if owed.step is Step.REFRESH:
        due_on: date | None = dossier.edition_until
    elif owed.turn is Turn.BODY and case is not None:
        due_on = case.due_on
    else:
        pause = _open_pause(dossier, owed, since)
        still = _still_days(dossier, owed, since, limits, counter)
        due_on = counter.after(shanghai_date(since), days + still)
    rung = _rung(dossier, owed, state)
    reminded = rung.reminded is not None and rung.reminded[0] >= since
    return Clock(
        turn=owed.turn,
        owner=owed.owner,
        institution_id=owed.party.institution_id if owed.party else None,
        institution=owed.party.code if owed.party else None,
        step=owed.step,
        stage=stage_of(dossier, state),
        runs_since=since,
        days=days,
        due_on=due_on,
        remind_on=None if owed.step is Step.REFRESH else counter.before(due_on, limits.remind_before),
        paused_since=pause.occurred_at if pause else None,
        pause_reason=pause.pause_reason if pause else None,
        level=rung.level_since(since),
        is_reminded=reminded,
        citation=limits.citation,
    )


def _owed(dossier: EntryDossier, state: EntryState) -> _Owed:
    holder, listed = dossier.holder, dossier.listed_since
    assert listed is not None, "only entries on the roster have a clock"
    owner = dossier.owner or dossier.coordinator
    if dossier.owned_since is None:
        return _Owed(Turn.COORDINATOR, Step.ALLOCATE, listed, owner)
    since = max(dossier.owned_since, listed)
    financed = _financed(dossier, state, owner)
    if financed is not None:
        return financed
    case = dossier.open_case
    if case is not None:
        return _Owed(Turn.BODY, Step.RESOLVE, max(case.raised_at, since), case.body, holder)
    refused = _refused_at(dossier, since)
    if refused is not None and (holder is None or holder.is_body):
        return _Owed(Turn.COORDINATOR, Step.RESOLVE, refused, dossier.coordinator, holder)
    if holder is None or holder.is_body:
        turn = Turn.COORDINATOR if dossier.owner_kind == "coordinator" else Turn.BODY
        return _Owed(turn, Step.RESOLVE, since, owner, holder)
    return _owed_by(dossier, holder, state.party(holder.institution_id), since)


def _rung(dossier: EntryDossier, owed: _Owed, state: EntryState) -> EntryState:
    """Answer the state without what the clock said of others: of a case while it was open, of a step before or after."""
    if not dossier.cases or owed.step in WAITS_FOR_NO_CASE:
        return state
    about = dossier.open_case
    return fold(
        event
        for event in dossier.events
        if event.kind not in BY_THE_CLOCK or dossier.case_at(event.occurred_at) is about
    )


def _refused_at(dossier: EntryDossier, since: datetime) -> datetime | None:
    """Answer when a body last refused to settle what its turn was: the coordinator has to find another way."""
    closed = [case for case in dossier.cases if case.closed_at is not None and case.closed_at >= since]
    last = max(closed, key=lambda case: case.closed_at or since, default=None)
    return last.closed_at if last is not None and last.state is CaseState.REFUSED else None


def _financed(dossier: EntryDossier, state: EntryState, owner: str) -> _Owed | None:
    """Answer what is left when somebody has approved: to pay out, then to be refreshed with the roster."""
    lenders = [
        (party.approved, party.disbursed, standing)
        for institution_id, party in state.parties.items()
        if party.approved is not None and (standing := dossier.standing_of(institution_id)) is not None
    ]
    if not lenders:
        return None
    paid = [disbursed[0] for _approved, disbursed, _standing in lenders if disbursed is not None]
    if paid:
        return _Owed(Turn.COORDINATOR, Step.REFRESH, min(paid), owner, dossier.holder)
    approved, _disbursed, standing = min(lenders, key=lambda lender: lender[0])
    return _Owed(Turn.INSTITUTION, Step.DISBURSE, approved[0], standing.name or standing.code, standing)


def _owed_by(dossier: EntryDossier, holder: Standing, party: PartyState, since: datetime) -> _Owed:
    """Answer what a responsible institution owes since it got the entry."""
    owner = dossier.owner or holder.name
    if party.declined is not None and party.declined_since(holder.since):
        return _Owed(Turn.COORDINATOR, Step.RESOLVE, party.declined[0], dossier.coordinator, holder)
    if party.granted is not None:
        return _Owed(Turn.COORDINATOR, Step.RESOLVE, party.granted[0], dossier.coordinator, holder)
    if party.has_declined:  # in an earlier time of its own: it has to accept again
        return _Owed(Turn.INSTITUTION, Step.ACCEPT, since, owner, holder)
    accepted = max(since, party.accepted[0]) if party.accepted else None
    if party.contacted is not None:
        anew = accepted if party.declined and accepted else since
        return _Owed(Turn.INSTITUTION, Step.ANSWER, max(party.contacted[0], anew), owner, holder)
    if accepted is None:
        return _Owed(Turn.INSTITUTION, Step.ACCEPT, since, owner, holder)
    return _Owed(Turn.INSTITUTION, Step.CONTACT, accepted, owner, holder)


def _open_pause(dossier: EntryDossier, owed: _Owed, since: datetime) -> Event | None:
    if owed.party is None or owed.turn is not Turn.INSTITUTION:
        return None
    last = list(pauses_of(dossier.events, owed.party, since))
    return last[-1][0] if last and last[-1][1] is None else None


def _still_days(
    dossier: EntryDossier, owed: _Owed, since: datetime, limits: Limits, counter: DayCounter
) -> int:
    """Count the working days of a step on which time stood still, each once: for cases, and for an institution's pauses."""
    waited = [
        (shanghai_date(max(case.raised_at, since)), shanghai_date(case.closed_at))
        for case in dossier.cases
        if case.closed_at is not None and case.closed_at > since and owed.step not in WAITS_FOR_NO_CASE
    ]
    of_cases = counter.covered(waited)
    if owed.party is None or owed.turn is not Turn.INSTITUTION:
        return of_cases
    pauses = list(pauses_of(dossier.events, owed.party, since))
    paused = [
        (shanghai_date(max(pause.occurred_at, since)), shanghai_date(end))
        for pause, end in pauses
        if end is not None
    ]
    of_pauses = counter.covered([*waited, *paused]) - of_cases
    is_open = any(end is None for _pause, end in pauses)
    return of_cases + (limits.pause_most if is_open else min(of_pauses, limits.pause_most))
