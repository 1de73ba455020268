"""JSON routes of docking: what happened to an entry, and where it stands."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.allocation.reroute_schemas import RerouteIn, RerouteOut
from app.chains.fields import CODE_PATTERN as CHAIN_PATTERN
from app.docking import (
    answers_api,
    clock_service,
    history_service,
    life_service,
    reroute_service,
    restating_service,
    service,
)
from app.docking.clock import Turn
from app.docking.kinds import Level
from app.docking.schemas import (
    ClockOut,
    DockingOut,
    EntryCode,
    EventIn,
    EventOut,
    LateOut,
    LifeEventOut,
    PaceOut,
    PauseReasonOut,
    ReasonOut,
)
from app.docking.working_time import Step
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PRECONDITION_PROBLEMS, PROBLEMS
from app.kernel.requests import (
    IdempotencyKey,
    IfMatch,
    SessionDep,
    TransactionRoute,
    check_if_match,
    etag_of,
)
from app.whitelist.schemas import EntryOut, RestatementIn

entry_router = APIRouter(
    route_class=TransactionRoute, prefix="/whitelist/entries", tags=["docking"], responses=PROBLEMS
)
docking_router = APIRouter(
    route_class=TransactionRoute, prefix="/docking", tags=["docking"], responses=PROBLEMS
)
Sequence = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of the event on its entry.")]

EditionQuery = Annotated[
    str,
    Query(pattern=r"^[0-9]{4}H[12]$", description="Edition of the roster (名单版次).", examples=["2023H2"]),
]
InstitutionQuery = Annotated[
    str | None,
    Query(
        pattern=r"^[0-9A-Za-z_.:-]{1,40}$",
        description="Only entries in the hands of this institution (机构) and of those below it.",
    ),
]
TurnQuery = Annotated[Turn | None, Query(description="Only entries that wait for this side (轮到谁).")]
StepQuery = Annotated[Step | None, Query(description="Only entries on which this step is due (环节).")]
LevelQuery = Annotated[
    Level | None, Query(description="Only entries whose step was raised up to this level (升级层级).")
]
ChainQuery = Annotated[
    str | None,
    Query(pattern=CHAIN_PATTERN, description="Only entries on this chain (产业链).", examples=["HLJ-GDZB"]),
]
RegionQuery = Annotated[
    str | None,
    Query(
        pattern=r"^[0-9]{6}$",
        description="Only entries of this region (行政区划代码) and of those within it.",
        examples=["230100"],
    ),
]
OverdueQuery = Annotated[bool, Query(description="Only what is overdue (逾期).")]


@entry_router.put(
    "/{entry}/facts",
    summary="Correct what an entry's need says (更正事实)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.CHANGE_ENTRIES),
)
async def restate_entry(
    session: SessionDep,
    viewer: ViewerDep,
    response: Response,
    entry: EntryCode,
    body: RestatementIn,
    if_match: IfMatch = None,
) -> EntryOut:
    """Store all facts as they were found, judge the entry as an import would, and match it anew; with a reason.

    `POST matches/preview` and `POST bottlenecks/preview` say beforehand what the facts would lead to.
    """
    found = await restating_service.restate_entry(
        session,
        viewer,
        entry,
        body,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(found.version)
    return found


@entry_router.get(
    "/{entry}/docking-events",
    summary="Events of an entry, in order of logging (对接记录)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True, of_entry="entry"),
)
async def list_docking_events(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, entry: EntryCode
) -> Page[EventOut]:
    """Answer what happened to the entry, in order of logging; which is not always that of happening."""
    return await history_service.events_page(session, viewer, entry, page)


@entry_router.post(
    "/{entry}/docking-events",
    status_code=201,
    summary="Log an event (登记对接)",
    openapi_extra=does(Action.LOG_DOCKING),
)
async def log_docking_event(
    session: SessionDep,
    viewer: ViewerDep,
    response: Response,
    entry: EntryCode,
    event: EventIn,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - TransactionRoute answers repetitions
) -> EventOut:
    """Append an event; nothing is ever changed or deleted. What is not possible is refused (409) with what is."""
    logged = await service.log_event(session, viewer, entry, event, now=utc_now())
    response.headers["location"] = f"/api/v1/whitelist/entries/{entry}/docking-events/{logged.sequence}"
    return logged


@entry_router.get(
    "/{entry}/docking-events/{sequence}",
    summary="One event of an entry",
    openapi_extra=does(Action.READ_CASES, is_recorded=True, of_entry="entry"),
)
async def get_docking_event(
    session: SessionDep, viewer: ViewerDep, entry: EntryCode, sequence: Sequence
) -> EventOut:
    """Answer one event by its number on the entry."""
    return await history_service.event(session, viewer, entry, sequence)


@entry_router.get(
    "/{entry}/docking",
    summary="Where an entry stands, and what may be logged next (对接状态)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True, of_entry="entry"),
)
async def get_docking(session: SessionDep, viewer: ViewerDep, entry: EntryCode) -> DockingOut:
    """Answer the state folded from the entry's events, and for each party the kinds that it may log now."""
    return await history_service.docking_state(session, viewer, entry, now=utc_now())


@entry_router.get(
    "/{entry}/life",
    summary="The whole life of an entry, from its admission on (条目全程)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True, of_entry="entry"),
)
async def get_life(session: SessionDep, viewer: ViewerDep, entry: EntryCode) -> list[LifeEventOut]:
    """Answer in the order of time who got the entry when, what was logged, classified and settled."""
    return await life_service.life_of(session, viewer, entry)


@docking_router.get(
    "/deadlines",
    summary="What is due on an edition's entries, most urgent first (对接时限)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def list_deadlines(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    edition: EditionQuery,
    institution: InstitutionQuery = None,
    turn: TurnQuery = None,
    step: StepQuery = None,
    level: LevelQuery = None,
    chain: ChainQuery = None,
    region: RegionQuery = None,
    *,
    overdue: OverdueQuery = False,
) -> Page[ClockOut]:
    """Answer for each entry whose turn it is, for which step, and by when, in Chinese working days."""
    return await clock_service.clocks_page(
        session,
        viewer,
        page,
        edition,
        institution=institution,
        is_overdue=overdue,
        turn=turn,
        step=step,
        level=level,
        chain=chain,
        region=region,
        now=utc_now(),
    )


@docking_router.get(
    "/late",
    summary="What is late, with whom, since when (逾期汇总)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def list_late(session: SessionDep, viewer: ViewerDep, edition: EditionQuery) -> list[LateOut]:
    """Answer the late entries that the viewer sees, counted by institution, side, region and step."""
    return await clock_service.late_entries(session, viewer, edition, now=utc_now())


@docking_router.get(
    "/pace",
    summary="How fast institutions take their steps (各机构用时 p50、p90)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def list_pace(session: SessionDep, viewer: ViewerDep, edition: EditionQuery) -> list[PaceOut]:
    """Answer percentiles of working days by institution and step, over the entries that the viewer sees."""
    return await clock_service.institution_pace(session, viewer, edition, now=utc_now())


@docking_router.get(
    "/pause-reasons",
    summary="The closed list of reasons for a pause (暂停原因)",
    openapi_extra=does(Action.READ_REFERENCE),
)
async def list_pause_reasons(_viewer: ViewerDep) -> list[PauseReasonOut]:
    """Answer what the enterprise may owe while an institution's time stands still."""
    return history_service.pause_reasons()


@docking_router.get(
    "/reasons",
    summary="The closed list of reasons for a decline (婉拒原因)",
    openapi_extra=does(Action.READ_REFERENCE),
)
async def list_decline_reasons(_viewer: ViewerDep) -> list[ReasonOut]:
    """Answer each reason with its Chinese words and the facts of the need that it establishes."""
    return history_service.reasons()


@docking_router.post(
    "/reroutes",
    summary="Take entries from their parties and give them to the next (批量改派)",
    openapi_extra=does(Action.REROUTE_ENTRIES, can_wait=True),
)
async def reroute_entries(
    session: SessionDep,
    viewer: ViewerDep,
    body: RerouteIn,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - TransactionRoute answers repetitions
) -> RerouteOut:
    """Say for each entry where it goes and why; a dry run (the default) stores nothing and answers the same."""
    return await reroute_service.reroute_in_bulk(session, viewer, body, now=utc_now())


router = APIRouter()
router.include_router(entry_router)
router.include_router(docking_router)
router.include_router(answers_api.router)
