"""What was late at an instant: entries as they stood then, their clocks, and how many had run out (pure)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

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


def late_counts(
    clocks: Iterable[tuple[str, Clock]],
    at: datetime,
    counter: DayCounter,
    *,
    region_name: Name,
    bank_name: Name,
) -> list[LateCount]:
    """Count the clocks, each with its entry's region code, whose day had passed at an instant.

    By bank (whoever else has the turn is named as such), region and step; the roster's own renewal is never late.
    """
    today = shanghai_date(at)
    found: dict[tuple[str, str, str], list[int | None]] = {}
    for region, clock in clocks:
        if clock.step is Step.REFRESH or clock.due_on is None or clock.due_on >= today:
            continue
        is_own = clock.turn is Turn.INSTITUTION and clock.institution is not None
        who = bank_name(clock.institution or "") if is_own else TURN_LABELS[clock.turn]
        key = (who, region_name(region), STEP_LABELS[clock.step])
        left = days_left(counter, today, clock.due_on)
        found.setdefault(key, []).append(None if left is None else -left)
    return [
        LateCount(
            *key, count=len(days), longest_days=max((day for day in days if day is not None), default=None)
        )
        for key, days in sorted(found.items())
    ]
