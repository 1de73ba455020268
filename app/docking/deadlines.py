"""By when the responsible institution has to take its next step: accept, contact, answer (pure).

The texts ask for docking with everybody and say no number of days; the operator sets them
(`docking.deadlines`, in Chinese working days). Each step runs from the one before it: acceptance
from the assignment, contact from the acceptance, the answer from the contact. Who is contacted
without an acceptance has only the answer left. An institution that takes an entry up again after its
decline gets its days anew. A step may be taken until the end of the day on which it is due.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from app.docking.dossiers import EntryDossier
from app.docking.legality import Standing
from app.docking.rules import PartyState, fold
from app.kernel.shanghai import shanghai_date
from app.policy.rulebook import AppliedParameter
from app.reference.errors import CalendarUnknownError
from app.reference.working_days import WorkingCalendar


class Step(StrEnum):
    """What a responsible institution owes next."""

    ACCEPT = "accept"
    CONTACT = "contact"
    ANSWER = "answer"


STEP_LABELS: Final[Mapping[Step, str]] = {
    Step.ACCEPT: "接单",
    Step.CONTACT: "首次联系",
    Step.ANSWER: "答复",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Working days for each step, with the clause that sets them; a project's answer may take longer."""

    accept: int
    contact: int
    answer: int
    answer_project: int
    citation: str

    def days(self, step: Step, *, is_project: bool) -> int:
        """Answer the working days that a step may take."""
        by_step = {Step.ACCEPT: self.accept, Step.CONTACT: self.contact}
        return by_step.get(step, self.answer_project if is_project else self.answer)


def limits_of(parameter: AppliedParameter) -> Limits:
    """Read the limits from `docking.deadlines` as it applies."""
    value = parameter.value
    assert isinstance(value, Mapping), "its type in the pack is `counts`"
    counts = {str(name): int(str(count)) for name, count in value.items()}
    return Limits(**counts, citation=parameter.citation)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The step that is due; days are those of Asia/Shanghai.

    `due_on` is None where nobody has published or loaded the working days until then. `days_left` are
    working days from today to `due_on`: 0 on the day itself, negative when overdue.
    """

    institution: str
    step: Step
    runs_since: datetime
    days: int
    due_on: date | None
    days_left: int | None
    citation: str

    @property
    def is_overdue(self) -> bool:
        """Say whether the day has passed."""
        return self.days_left is not None and self.days_left < 0


def deadline_of(
    dossier: EntryDossier, limits: Limits, calendar: WorkingCalendar, now: datetime
) -> Deadline | None:
    """Answer what the entry's responsible institution owes next and by when; None when it owes nothing.

    It owes nothing once it has approved credit or declined, nor does anybody on an entry that is withdrawn.
    """
    holder = dossier.responsible(now)
    if holder is None or dossier.withdrawn_at is not None:
        return None
    owed = _owed(holder, fold(dossier.events).party(holder.institution_id))
    if owed is None:
        return None
    step, since = owed
    days = limits.days(step, is_project=dossier.is_project)
    due_on, left = _due(calendar, since, days, now)
    return Deadline(holder.code, step, since, days, due_on, left, limits.citation)


def _owed(holder: Standing, party: PartyState) -> tuple[Step, datetime] | None:
    if party.approved or party.declined_since(holder.since):
        return None
    if party.has_declined:  # in an earlier time of its own: it has to accept again
        return Step.ACCEPT, holder.since
    accepted = max(holder.since, party.accepted[0]) if party.accepted else None
    if party.contacted is not None:
        anew = accepted if party.declined and accepted else holder.since
        return Step.ANSWER, max(party.contacted[0], anew)
    return (Step.ACCEPT, holder.since) if accepted is None else (Step.CONTACT, accepted)


def _due(
    calendar: WorkingCalendar, since: datetime, days: int, now: datetime
) -> tuple[date | None, int | None]:
    try:
        due_on = calendar.add_working_days(shanghai_date(since), days)
        return due_on, _days_left(calendar, shanghai_date(now), due_on)
    except CalendarUnknownError:
        return None, None


def _days_left(calendar: WorkingCalendar, today: date, due_on: date) -> int:
    """Count working days; a day off after the due day is overdue already, by one at least."""
    left = calendar.working_days_between(today, due_on)
    return min(left, -1) if today > due_on else left
