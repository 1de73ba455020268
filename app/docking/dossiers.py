"""An entry with all that decides what may be logged on it, whose turn it is and by when, as a value."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from app.coordination.rules import CaseSpan
from app.docking.legality import Standing
from app.docking.rules import EntryState, Event, Stage, fold, furthest


@dataclass(slots=True)
class EntryDossier:
    """An entry with all that decides what may be logged on it, by whom and by when.

    `owner` names who is responsible now, an institution or a public body (逐户落实), since `owned_since`;
    None before allocation: then it is the region's `coordinator`. `owner_kind` is that of the assignment: `matched`, `routed` or `coordinator`.
    `listed_since` is when it was admitted or last reopened; `edition_until` the edition's last day.
    """

    id: int
    code: str
    status: str
    amount_fen: int
    withdrawn_at: datetime | None
    region: str = ""
    is_project: bool = False
    owner: str | None = None
    chain: str | None = None
    uscc: str = ""
    edition_id: int = 0
    edition_until: date = date.max
    listed_since: datetime | None = None
    owner_kind: str | None = None
    owned_since: datetime | None = None
    coordinator: str = "统筹部门"
    standings: list[Standing] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    cases: list[CaseSpan] = field(default_factory=list)
    last_recorded_at: datetime | None = None

    @property
    def holder(self) -> Standing | None:
        """Answer the institution that is responsible and has no successor; None when it is a body without docking."""
        in_office = [one for one in self.standings if one.is_responsible and one.until is None]
        return max(in_office, key=lambda standing: standing.since, default=None)

    @property
    def open_case(self) -> CaseSpan | None:
        """Answer the coordination case that has to be settled first: of the open ones the earliest due."""
        return _first_due(case for case in self.cases if case.closed_at is None)

    def case_at(self, at: datetime) -> CaseSpan | None:
        """Answer the coordination case that had to be settled first at an instant."""
        return _first_due(
            case
            for case in self.cases
            if case.raised_at <= at and (case.closed_at is None or at < case.closed_at)
        )

    def responsible(self, at: datetime) -> Standing | None:
        """Answer the institution that is responsible at an instant; None when it is a body without docking."""
        in_office = [one for one in self.standings if one.is_responsible and one.is_in_office(at)]
        return max(in_office, key=lambda standing: standing.since, default=None)

    def standing_of(self, institution_id: int) -> Standing | None:
        """Answer a party's latest time in office."""
        own = [one for one in self.standings if one.institution_id == institution_id]
        return max(own, key=lambda standing: standing.since, default=None)


def stage_of(dossier: EntryDossier, state: EntryState) -> Stage:
    """Answer how far an entry has come with those who have it now: to the next institution it is new.

    What former parties did counts where they approved credit, and where no institution has the entry any more.
    """
    holder = dossier.holder
    if holder is None or holder.is_body:
        return state.stage
    now = [one for one in dossier.standings if one.until is None]
    return furthest(
        [
            *(state.party(one.institution_id).stage_since(one.since) for one in now),
            *(party.stage for party in state.parties.values() if party.approved),
        ]
    )


def _first_due(cases: Iterable[CaseSpan]) -> CaseSpan | None:
    return min(cases, key=lambda case: (case.due_on or date.max, case.raised_at), default=None)


def is_left(dossier: EntryDossier, now: datetime) -> bool:
    """Say whether the entry's responsible institution has declined it, so that it needs the next one."""
    holder = dossier.responsible(now)
    if holder is None or dossier.withdrawn_at is not None:
        return False
    return fold(dossier.events).party(holder.institution_id).declined_since(holder.since)


@dataclass(frozen=True, slots=True)
class InstitutionKey:
    """An institution's id, code, name and place in its tree."""

    id: int
    code: str
    name: str
    lineage: str
