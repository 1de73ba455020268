"""What was late at an instant: entries as they stood then, their clocks, and how many had run out (pure)."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from app.bulletins.material import LateCount
from app.docking.clock import TURN_LABELS, Clock, Turn
from app.docking.dossiers import EntryDossier
from app.docking.working_time import STEP_LABELS, DayCounter, Step, days_left
from app.kernel.shanghai import shanghai_date

Name = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Owner:
    """To whom an entry was given at an instant; `kind` is that of the assignment."""

    kind: str
    body: str
    since: datetime


def as_of(dossier: EntryDossier, at: datetime, *, admitted_at: datetime, owner: Owner | None) -> EntryDossier:
    """Answer an entry that was on the roster at an instant as it stood then; corrections count whenever they came.

    `owner` is to whom it was given at that instant, where that has changed since.
    """
    listed, owned = dossier.listed_since, dossier.owned_since
    cut = replace(
        dossier,
        status="admitted",
        withdrawn_at=None,
        listed_since=listed if listed is not None and listed < at else admitted_at,
        standings=[
            replace(one, until=None) if one.until is not None and one.until >= at else one
            for one in dossier.standings
            if one.since < at
        ],
        events=[one for one in dossier.events if one.corrects is not None or one.occurred_at < at],
        cases=[
            replace(one, closed_at=None) if one.closed_at is not None and one.closed_at >= at else one
            for one in dossier.cases
            if one.raised_at < at
        ],
    )
    if owned is not None and owned < at:
        return cut
    kind, body, since = (owner.kind, owner.body, owner.since) if owner else (None, None, None)
    return replace(cut, owner_kind=kind, owner=body, owned_since=since)


@dataclass(frozen=True, slots=True)
class Due:
    """So many entries of a region whose step is due on a day, in the hands of an institution or of nobody."""

    turn: Turn
    institution: str | None
    region: str
    step: Step
    due_on: date | None
    count: int = 1


def due_of(region: str, clock: Clock) -> Due:
    """Answer what one entry's clock says."""
    return Due(clock.turn, clock.institution, region, clock.step, clock.due_on)


def late_counts(
    dues: Iterable[Due], at: datetime, counter: DayCounter, *, region_name: Name, bank_name: Name
) -> list[LateCount]:
    """Count the entries whose day had passed at an instant.

    By bank (whoever else has the turn is named as such), region and step; the roster's own renewal is never late.
    """
    today = shanghai_date(at)
    counts: Counter[tuple[str, str, str]] = Counter()
    longest: dict[tuple[str, str, str], int] = {}
    for due in dues:
        if due.step is Step.REFRESH or due.due_on is None or due.due_on >= today:
            continue
        is_own = due.turn is Turn.INSTITUTION and due.institution is not None
        who = bank_name(due.institution or "") if is_own else TURN_LABELS[due.turn]
        key = (who, region_name(due.region), STEP_LABELS[due.step])
        counts[key] += due.count
        left = days_left(counter, today, due.due_on)
        if left is not None:
            longest[key] = max(longest.get(key, 0), -left)
    return [LateCount(*key, count, longest.get(key)) for key, count in sorted(counts.items())]
