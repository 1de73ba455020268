"""The line of work once through, as stages: institutions → roster → match → … → closed months.

`rongqiao seed demo` and the run on real names both walk these stages; each is one transaction, as a
command of its own would be, and gets its instant as an argument, so that a past half-year can be
lived through again. Docking is simulated, and everything that comes of it says so.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any, Final

from app.accounts import audit_service
from app.accounts.audit import Origin
from app.accounts.rules import Viewer
from app.allocation import service as allocation
from app.allocation.reroute_schemas import MOST_ENTRIES, RerouteIn
from app.bottlenecks import service as bottlenecks
from app.catalogue import service as catalogue
from app.chains import service as chains
from app.coordination import simulation_service as coordination
from app.coverage import service as coverage
from app.docking import clock_service as clocks
from app.docking import simulation_service as docking
from app.docking.clock import Turn
from app.docking.kinds import Level
from app.docking.reroute_service import reroute_in_bulk
from app.docking.round_service import remind_and_escalate
from app.docking.working_time import Step
from app.institutions import service as institutions
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.settings import get_settings
from app.kernel.shanghai import SHANGHAI, month_bounds, shanghai_date
from app.matching import service as matching
from app.reference.book import load_reference_book
from app.whitelist import import_service as imports
from app.whitelist import service as whitelist
from app.whitelist.import_rules import ImportOptions

_MORNING, _LATE_MORNING, _NOON, _AFTERNOON = time(9), time(10), time(12), time(15)
_MID_MONTH: Final = 16
_A_QUARTER: Final = 92


@dataclass(frozen=True, slots=True)
class SeedText:
    """A YAML file's text and the name under which its faults are told."""

    text: str
    name: str


@dataclass(frozen=True, slots=True)
class HalfYear:
    """An edition, its roster (an xlsx workbook), the day on which that comes in, and the months to close.

    Each month is closed on the first working day after it.
    """

    edition: str
    roster: bytes
    since: date
    months: Sequence[str]


@dataclass(frozen=True, slots=True)
class LinePlan:
    """What goes into the line, and the half-years that are lived through, one after the other.

    `is_demo` marks firms as invented. Rows of a roster that have faults are left out and reported, as
    `--accept-valid` does.
    """

    institutions: SeedText
    chains: SeedText
    products: SeedText
    half_years: Sequence[HalfYear]
    seed: int
    is_demo: bool


Work = Callable[[AsyncSession, Viewer, datetime], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Stage:
    """One transaction of the line: what it does, when it is supposed to happen, and how it is called."""

    name: str
    at: datetime
    work: Work


@dataclass(frozen=True, slots=True)
class Done:
    """A stage with what its service answered."""

    stage: Stage
    result: Any


async def walk(sessions: Sessions, viewer: Viewer, stages: Sequence[Stage]) -> AsyncIterator[Done]:
    """Work through the stages; each is kept before the next begins."""
    for stage in stages:
        async with transaction(sessions) as session:
            audit_service.begin(session, Origin(viewer, via="line"))
            result = await stage.work(session, viewer, stage.at)
        yield Done(stage, result)


def stages_of(plan: LinePlan) -> list[Stage]:
    """Answer the stages of a plan in order."""
    stages = list(_preparation(plan))
    for half in plan.half_years:
        stages += _first_round(plan, half)
        stages += _rounds(plan, half)
    return stages


def _preparation(plan: LinePlan) -> Iterator[Stage]:
    """Answer the imports, and the library of the quarter before, so that the next has one to differ from."""
    since = plan.half_years[0].since
    at = _at(since, _MORNING)

    async def take_institutions(session: AsyncSession, viewer: Viewer, now: datetime) -> Any:
        given = plan.institutions
        return await institutions.import_institutions(session, viewer, given.text, given.name, now=now)

    async def take_chains(session: AsyncSession, viewer: Viewer, now: datetime) -> Any:
        return await chains.import_chains(session, viewer, plan.chains.text, plan.chains.name, now=now)

    async def take_products(session: AsyncSession, viewer: Viewer, now: datetime) -> Any:
        given = plan.products
        taken = await catalogue.import_products(session, viewer, given.text, given.name, now=now)
        await catalogue.refuse_unknown_plan_products(session, viewer)
        return taken

    yield Stage("institutions", at, take_institutions)
    yield Stage("chains", at, take_chains)
    yield Stage("products", at, take_products)
    yield _library(_quarter(since - timedelta(days=_A_QUARTER)), at)


def _first_round(plan: LinePlan, half: HalfYear) -> Iterator[Stage]:
    async def take_roster(session: AsyncSession, viewer: Viewer, now: datetime) -> Any:
        options = ImportOptions(accept_valid=True, opens_edition=True, is_demo=plan.is_demo)
        name = f"{half.edition}-generated.xlsx"
        with BytesIO(half.roster) as file:
            taken = await imports.import_roster(
                session, viewer, half.edition, file, name, now=now, options=options
            )
        return taken.out

    yield _library(_quarter(half.since), _at(half.since, _LATE_MORNING))
    yield Stage("roster", _at(half.since, _LATE_MORNING), take_roster)
    yield from _match(half, _quarter(half.since), _at(half.since, _NOON))
    yield _allocate(half, _at(half.since, _AFTERNOON))
    yield _check(half, _at(half.since, _AFTERNOON))


def _rounds(plan: LinePlan, half: HalfYear) -> Iterator[Stage]:
    """Answer the months: docking goes on, twice a month declined entries get their next party, months close.

    On the first working day of a new quarter its library is published and everything matched anew.
    """
    for month in half.months:
        middle = _working_day(date.fromisoformat(f"{month}-{_MID_MONTH}"))
        if middle > half.since:
            yield _dock(plan, half, _at(middle, _MORNING))
            yield _coordinate(plan, half, _at(middle, _LATE_MORNING))
            yield _ring(_at(middle, _NOON))
            yield _take_from_silent(half, _at(middle, _NOON))
            yield _allocate(half, _at(middle, _AFTERNOON))
        following = shanghai_date(month_bounds(month)[1])
        closing = _at(_working_day(following), _MORNING)
        yield _dock(plan, half, closing)
        yield _close(month, closing)
        yield _coordinate(plan, half, _at(_working_day(following), _LATE_MORNING))
        yield _ring(_at(_working_day(following), _NOON))
        yield _take_from_silent(half, _at(_working_day(following), _NOON))
        if month == half.months[-1]:
            return
        if _quarter(following) != f"{month[:4]}Q{(int(month[5:]) + 2) // 3}":
            yield _library(_quarter(following), closing)
            yield from _match(half, _quarter(following), closing)
        yield _allocate(half, closing)


def _library(code: str, at: datetime) -> Stage:
    async def publish(session: AsyncSession, viewer: Viewer, now: datetime) -> Any:
        return await catalogue.publish_library(session, viewer, code, now=now)

    return Stage(f"library {code}", at, publish)


def _match(half: HalfYear, library: str, at: datetime) -> Iterator[Stage]:
    async def match(session: AsyncSession, viewer: Viewer, now: datetime) -> Any:
        return await matching.run_match(session, viewer, half.edition, now=now, library=library)

    async def classify(session: AsyncSession, viewer: Viewer, now: datetime) -> Any:
        edition = await whitelist.edition(session, viewer, half.edition)
        run = await matching.latest_run(session, viewer, edition.id)
        assert run is not None, "the stage before this one stored it"
        return await bottlenecks.classify_run(session, viewer, run.id, now=now)

    yield Stage("match", at, match)
    yield Stage("bottlenecks", at, classify)


def _allocate(half: HalfYear, at: datetime) -> Stage:
    async def allocate(session: AsyncSession, viewer: Viewer, now: datetime) -> Any:
        return await allocation.run_allocation(session, viewer, half.edition, now=now)

    return Stage("allocate", at, allocate)


def _check(half: HalfYear, at: datetime) -> Stage:
    async def check(session: AsyncSession, viewer: Viewer, _now: datetime) -> Any:
        newest = await allocation.list_runs(session, viewer, PageRequest(limit=1), edition=half.edition)
        return await allocation.check_run(session, viewer, newest.items[0].id)

    return Stage("check", at, check)


def _dock(plan: LinePlan, half: HalfYear, at: datetime) -> Stage:
    async def dock(session: AsyncSession, viewer: Viewer, now: datetime) -> Any:
        return await docking.simulate_edition(
            session, viewer, half.edition, seed=plan.seed, until=now, now=now
        )

    return Stage("docking", at, dock)


def _coordinate(plan: LinePlan, half: HalfYear, at: datetime) -> Stage:
    """Let public bodies answer some of the coordination cases that they have had for a while."""

    async def answer(session: AsyncSession, viewer: Viewer, now: datetime) -> Any:
        return await coordination.simulate_answers(session, viewer, half.edition, seed=plan.seed, now=now)

    return Stage("coordination", at, answer)


def _ring(at: datetime) -> Stage:
    """Let the clock remind and escalate."""

    async def ring(session: AsyncSession, viewer: Viewer, now: datetime) -> Any:
        parts = [await remind_and_escalate(session, viewer, now=now)]
        while (last := parts[-1].last) is not None:
            parts.append(await remind_and_escalate(session, viewer, after=last, now=now))
        return parts

    return Stage("clock", at, ring)


def _take_from_silent(half: HalfYear, at: datetime) -> Stage:
    """Let the coordinator take entries whose first steps were raised to the province, and give them to the next."""

    async def take(session: AsyncSession, viewer: Viewer, now: datetime) -> Any:
        late: list[str] = []
        page: PageRequest | None = PageRequest(limit=MOST_ROWS)
        while page is not None:
            found = await clocks.clocks_page(
                session, viewer, page, half.edition, turn=Turn.INSTITUTION, level=Level.PROVINCE, now=now
            )
            late += (one.entry for one in found.items if one.step in {Step.ACCEPT, Step.CONTACT})
            page = PageRequest(limit=MOST_ROWS, cursor=found.next) if found.next else None
        return [
            await reroute_in_bulk(
                session,
                viewer,
                RerouteIn(edition=half.edition, entries=batch, reason="逾期未对接", dry_run=False),
                now=now,
            )
            for batch in in_batches(late, MOST_ENTRIES)
        ]

    return Stage("reroute", at, take)


def _close(month: str, at: datetime) -> Stage:
    async def close(session: AsyncSession, viewer: Viewer, now: datetime) -> Any:
        return await coverage.close(session, viewer, month, now=now)

    return Stage(f"close {month}", at, close)


def _at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, SHANGHAI)


def _quarter(day: date) -> str:
    return f"{day.year}Q{(day.month + 2) // 3}"


def _working_day(day: date) -> date:
    """Answer the day, or the first working day after it."""
    calendar = load_reference_book(get_settings().seed_dir).calendar
    while not calendar.is_working_day(day):
        day += timedelta(days=1)
    return day
