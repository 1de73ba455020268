"""JSON routes of docking: what happened to an entry, and where it stands."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.docking import service
from app.docking.schemas import DeadlineOut, DockingOut, EntryCode, EventIn, EventOut, ReasonOut
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PROBLEMS
from app.kernel.requests import IdempotencyKey, SessionDep, TransactionRoute

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
    Query(pattern=r"^[0-9A-Za-z_.:-]{1,40}$", description="Only what this institution owes (机构)."),
]
OverdueQuery = Annotated[bool, Query(description="Only what is overdue (逾期).")]


@entry_router.get(
    "/{entry}/docking-events",
    summary="Events of an entry, in order of logging (对接记录)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def list_docking_events(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, entry: EntryCode
) -> Page[EventOut]:
    """Answer what happened to the entry, in order of logging; which is not always that of happening."""
    return await service.events_page(session, viewer, entry, page)


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
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def get_docking_event(
    session: SessionDep, viewer: ViewerDep, entry: EntryCode, sequence: Sequence
) -> EventOut:
    """Answer one event by its number on the entry."""
    return await service.event(session, viewer, entry, sequence)


@entry_router.get(
    "/{entry}/docking",
    summary="Where an entry stands, and what may be logged next (对接状态)",
    openapi_extra=does(Action.READ_CASES, is_recorded=True),
)
async def get_docking(session: SessionDep, viewer: ViewerDep, entry: EntryCode) -> DockingOut:
    """Answer the state folded from the entry's events, and for each party the kinds that it may log now."""
    return await service.docking_state(session, viewer, entry, now=utc_now())


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
    *,
    overdue: OverdueQuery = False,
) -> Page[DeadlineOut]:
    """Answer for each entry what its responsible institution owes next and by when, in Chinese working days."""
    return await service.deadlines_page(
        session, viewer, page, edition, institution=institution, is_overdue=overdue, now=utc_now()
    )


@docking_router.get(
    "/reasons",
    summary="The closed list of reasons for a decline (婉拒原因)",
    openapi_extra=does(Action.READ_REFERENCE),
)
async def list_decline_reasons(_viewer: ViewerDep) -> list[ReasonOut]:
    """Answer each reason with its Chinese words and the facts of the need that it establishes."""
    return service.reasons()


router = APIRouter()
router.include_router(entry_router)
router.include_router(docking_router)
