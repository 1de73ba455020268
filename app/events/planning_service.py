"""Use cases of a year's calendar: plan it and look, keep it, read it as it was planned."""

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.chains.service import chain_book
from app.events import gathering_queries, queries
from app.events.calendar import plan_year
from app.events.days import WEEK
from app.events.gathering_queries import Tally
from app.events.schemas import YearIn, YearListed, YearOut, YearPlanOut
from app.events.states import EventState, event_code
from app.events.subjects import PARAMETERS, ChainFacts, Counted, Rate, Surroundings, rate_of, series_of
from app.events.tables import EventYear, HostedEvent
from app.events.views import planned_out
from app.events.year import RHYTHM_LABELS, Commitment, PlannedEvent, Rhythm, Series, YearPlan
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession, hold
from app.kernel.errors import Conflict, Fault, NotFound
from app.kernel.paging import Page, PageRequest, encode_cursor
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.policy.service import rule_book
from app.reference.book import ReferenceBook
from app.reference.service import current_book

OPENS, CLOSES, BREAK = 540, 990, (720, 810)
SLOT_MINUTES: Final = 20
CHANGE_MINUTES: Final = 5
MOST_A_FIRM: Final = 3


@dataclass(frozen=True, slots=True)
class _Planned:
    plan: YearPlan
    series: Sequence[Series]
    out: YearPlanOut


async def preview_year(
    session: AsyncSession, viewer: Viewer, wanted: YearIn, *, now: datetime
) -> YearPlanOut:
    """Answer the calendar that would be kept; nothing is stored.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
    """
    return (await _plan(session, viewer, wanted, now)).out


async def keep_year(session: AsyncSession, viewer: Viewer, wanted: YearIn, *, now: datetime) -> YearOut:
    """Plan a year and keep it, with an event for each turn.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
        Conflict: the year has a calendar, or the plan is another one than the one that was looked at.
    """
    require(viewer, Action.MANAGE_EVENTS, Target(region=viewer.jurisdiction))
    await hold(session, f"events:{viewer.jurisdiction}:{wanted.year}")
    if await queries.year_row(session, viewer, wanted.year) is not None:
        fault = Fault(
            "year", "has a calendar", "Move or cancel its events, or add single ones.", str(wanted.year)
        )
        raise Conflict("The year has been planned already.", [fault])
    made = await _plan(session, viewer, wanted, now)
    if wanted.expected_hash is not None and wanted.expected_hash != made.out.content_hash:
        fault = Fault(
            "expected_hash", "is of another plan", "Look at the preview again.", wanted.expected_hash
        )
        raise Conflict("Needs or events have changed since the preview; nothing was kept.", [fault])
    year = EventYear(
        jurisdiction=viewer.jurisdiction,
        year=wanted.year,
        content=made.out.model_dump(mode="json", exclude={"content_hash"}),
        content_hash=made.out.content_hash,
        planned_by=viewer.name,
        planned_at=now,
    )
    await queries.add(session, year)
    await queries.add(session, *_rows(viewer, made, year.id, now))
    detail = {"events": len(made.plan.events), "content_hash": year.content_hash}
    audit_service.note(session, "plan_events", "event_year", str(wanted.year), now=now, detail=detail)
    return await get_year(session, viewer, wanted.year)


async def get_year(session: AsyncSession, viewer: Viewer, year: int) -> YearOut:
    """Answer the calendar of a year as it was planned, with the codes of its events.

    Raises:
        NotFound: the year has none.
    """
    row = await queries.year_row(session, viewer, year)
    if row is None:
        raise NotFound(f"No calendar of events was planned for {year}.")
    codes = [event_code(one.id) for one in await queries.events_of_year(session, row.id)]
    listed = [event | {"code": code} for event, code in zip(row.content["events"], codes, strict=True)]
    content: Mapping[str, Any] = row.content | {
        "events": listed,
        "content_hash": row.content_hash,
        "planned_by": row.planned_by,
        "planned_at": row.planned_at,
    }
    return YearOut.model_validate(content)


async def list_years(session: AsyncSession, viewer: Viewer, page: PageRequest) -> Page[YearListed]:
    """Answer the years that have a calendar, the newest first."""
    rows = await queries.page_of_years(session, viewer, before=page.after_number(), limit=page.limit + 1)
    shown = rows[: page.limit]
    items = [
        YearListed(
            year=row.year,
            events=len(row.content["events"]),
            planned_by=row.planned_by,
            planned_at=row.planned_at,
        )
        for row in shown
    ]
    return Page(items=items, next=encode_cursor(shown[-1].year) if len(rows) > page.limit else None)


async def _plan(session: AsyncSession, viewer: Viewer, wanted: YearIn, now: datetime) -> _Planned:
    require(viewer, Action.MANAGE_EVENTS, Target(region=viewer.jurisdiction))
    today, year = shanghai_date(now), wanted.year
    first = wanted.first_day or max(date(year, 1, 1), today if today.year == year else date.min)
    book = await current_book(session, get_settings().seed_dir)
    around = await surroundings(session, viewer, book, first)
    rates = await _rates(session, viewer, wanted, first)
    series = series_of(around, rates, wanted.conference_month)
    standing = await commitments(session, viewer, date(year, 1, 1), date(year, 12, 31))
    plan = await asyncio.to_thread(
        plan_year, year, series, book.calendar, first_day=first, commitments=standing
    )
    return _Planned(plan, series, _plan_out(year, first, series, plan))


async def surroundings(session: AsyncSession, viewer: Viewer, book: ReferenceBook, on: date) -> Surroundings:
    """Answer what calendars are made from, as it stands on a day."""
    edition = await gathering_queries.edition_on(session, viewer, on)
    counted = [] if edition is None else await gathering_queries.tallies(session, edition[0])
    people = await gathering_queries.chain_people(session, on)
    tree = await institution_tree(session, viewer)
    chains = []
    for chain in (await chain_book(session, viewer, on)).chains.values():
        banks = () if chain.plan is None else chain.plan.contracted
        nodes = [tree.find(bank.institution) for bank in banks]
        names = {node.short_name for node in nodes if node is not None}
        chains.append(ChainFacts(chain.code, chain.name, people.get(chain.code, frozenset()) | names))
    tallied = tuple(_counted(one, book, viewer.jurisdiction) for one in counted)
    codes = {viewer.jurisdiction, *(one.city for one in tallied)}
    places = {code: region.name for code in codes if (region := book.regions.get(code)) is not None}
    last = await queries.last_days(session, viewer, on)
    return Surroundings(viewer.jurisdiction, places, tuple(chains), tallied, last)


def _counted(one: Tally, book: ReferenceBook, jurisdiction: str) -> Counted:
    city = book.regions.city_of(one.region)
    place = city.code if city is not None else jurisdiction
    return Counted(one.chain, one.source_class, place, one.entries, one.open, one.contacted)


async def _rates(session: AsyncSession, viewer: Viewer, wanted: YearIn, on: date) -> dict[Rhythm, Rate]:
    packs = await rule_book(session, viewer.jurisdiction, on)
    asked = {
        Rhythm.YEARLY: wanted.conferences,
        Rhythm.QUARTERLY: wanted.field_events_per_quarter,
        Rhythm.MONTHLY: wanted.chain_events_per_month,
    }
    found = {}
    for rhythm, key in PARAMETERS.items():
        stated = None
        if packs.sets(key):
            parameter = packs.parameter(key)
            stated = Rate(int(str(parameter.value)), parameter.citation)
        found[rhythm] = rate_of(rhythm, asked[rhythm], stated)
    return found


async def commitments(
    session: AsyncSession, viewer: Viewer, first: date, last: date, *, but: int | None = None
) -> list[Commitment]:
    """Answer what stands in the calendar from one day to another and a week around; without one event, if named."""
    week = timedelta(days=WEEK)
    rows = await queries.standing_events(session, viewer, first - week, last + week)
    return [
        Commitment(f"{RHYTHM_LABELS[Rhythm(row.rhythm)]}：{row.subject_name}", row.day, frozenset(row.people))
        for row in rows
        if row.id != but
    ]


def _plan_out(year: int, first: date, series: Sequence[Series], plan: YearPlan) -> YearPlanOut:
    content: dict[str, Any] = {
        "year": year,
        "first_day": first.isoformat(),
        "series": [
            {
                "rhythm": one.rhythm.value,
                "label": RHYTHM_LABELS[one.rhythm],
                "per_period": one.per_period,
                "clause": one.clause,
                "subjects": len(one.subjects),
            }
            for one in series
        ],
        "events": [planned_out(event).model_dump(mode="json") for event in plan.events],
        "left_out": [
            {"code": one.subject.code, "name": one.subject.name, "reason": one.reason}
            for one in plan.left_out
        ],
        "questions": list(plan.questions),
    }
    return YearPlanOut.model_validate(content | {"content_hash": hash_of(content)})


def hash_of(content: Mapping[str, Any]) -> str:
    """Answer the SHA-256 of content as it is written canonically."""
    written = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(written.encode()).hexdigest()


def _rows(viewer: Viewer, made: _Planned, year_id: int, now: datetime) -> list[HostedEvent]:
    clauses = {one.rhythm: one.clause for one in made.series}
    return [hosted(viewer, event, clauses[event.rhythm], now, year_id=year_id) for event in made.plan.events]


def hosted(
    viewer: Viewer, event: PlannedEvent, clause: str, now: datetime, *, year_id: int | None
) -> HostedEvent:
    """Answer the row of a planned event, with the hours that events have unless said otherwise."""
    subject = event.subject
    return HostedEvent(
        jurisdiction=viewer.jurisdiction,
        year_id=year_id,
        rhythm=event.rhythm.value,
        subject_code=subject.code,
        subject_name=subject.name,
        chain_code=subject.code if event.rhythm is Rhythm.MONTHLY else None,
        theme=subject.theme,
        place_code=subject.place,
        place_name=subject.place_name,
        venue="",
        people=sorted(subject.people),
        period=event.period,
        day=event.day,
        reasons=list(event.reasons),
        clause=clause[:200],
        state=EventState.PLANNED.value,
        opens=OPENS,
        closes=CLOSES,
        slot_minutes=SLOT_MINUTES,
        change_minutes=CHANGE_MINUTES,
        breaks=[list(BREAK)],
        most_a_firm=MOST_A_FIRM,
        timetable=None,
        made_by=viewer.name,
        version=1,
        created_at=now,
    )
