"""Routes of the audit trail."""

import re
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BeforeValidator

from app.accounts import audit_trail_service as service
from app.accounts.api import ViewerDep
from app.accounts.audit import EventFilter
from app.accounts.audit_schemas import AuditEventOut
from app.accounts.permissions import Action, does
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PROBLEMS
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, prefix="/audit", tags=["audit"], responses=PROBLEMS)

LINES: Final = "application/x-ndjson"
MOST_LINES: Final = 10_000
PLAIN: Final = r"^[^\x00-\x1f]*$"
READS: Final = does(Action.READ_AUDIT, is_recorded=True)


def _written_day(value: Any) -> Any:
    # pydantic would also take a number as seconds since 1970.
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return value
    msg = "write the day as YYYY-MM-DD"
    raise ValueError(msg)


Day = Annotated[date, BeforeValidator(_written_day)]
ActorQuery = Annotated[str | None, Query(max_length=80, pattern=PLAIN, description="Name that acted 操作人.")]
PersonQuery = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Number of the person.")]
ActionQuery = Annotated[
    str | None, Query(pattern=r"^[a-z_]{1,60}$", description="What was done.", examples=["read_contacts"])
]
KindQuery = Annotated[
    str | None, Query(max_length=40, pattern=PLAIN, description="Kind of subject 对象类别.")
]
SubjectQuery = Annotated[
    str | None, Query(max_length=200, pattern=PLAIN, description="Code of what was touched.")
]
RequestQuery = Annotated[str | None, Query(pattern=r"^[0-9a-f]{32}$", description="Id of one request.")]
FromQuery = Annotated[
    Day | None, Query(alias="from", description="First day, in Shanghai.", examples=["2023-11-01"])
]
ToQuery = Annotated[
    Day | None, Query(alias="to", description="Last day, in Shanghai.", examples=["2023-11-30"])
]
AfterQuery = Annotated[
    int, Query(ge=0, le=2**62, description="Number of the link after which to begin; 0 for the first.")
]
LimitQuery = Annotated[int, Query(ge=1, le=MOST_LINES, description="Most links in the answer.")]


def _asked(
    actor: ActorQuery = None,
    person: PersonQuery = None,
    action: ActionQuery = None,
    subject_kind: KindQuery = None,
    subject: SubjectQuery = None,
    request_id: RequestQuery = None,
    first: FromQuery = None,
    last: ToQuery = None,
) -> EventFilter:
    return service.asked_events(
        actor=actor,
        person=person,
        action=action,
        subject_kind=subject_kind,
        subject=subject,
        request_id=request_id,
        first=first,
        last=last,
    )


@router.get("/events", summary="Audit trail 审计记录", openapi_extra=READS)
async def list_events(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, asked: Annotated[EventFilter, Depends(_asked)]
) -> Page[AuditEventOut]:
    """Who did and saw what sensitive thing, when and from where; the newest first."""
    return await service.list_events(session, viewer, page, asked)


@router.get(
    "/events.jsonl",
    summary="Export of the audit trail 审计导出",
    response_class=Response,
    responses={200: {"description": "One link a line, in the order of the chain.", "content": {LINES: {}}}},
    openapi_extra=READS,
)
async def export_events(
    session: SessionDep, viewer: ViewerDep, after: AfterQuery = 0, limit: LimitQuery = 5_000
) -> Response:
    """Links with their hashes, to be verified anywhere (`rongqiao audit verify --file`); `Link` names the next part.

    A line without its member `hash` is the text over which that hash is (SHA-256); `previous_hash` is
    the line before.
    """
    lines, go_on = await service.exported(session, viewer, after, limit)
    following = f'</api/v1/audit/events.jsonl?after={go_on}&limit={limit}>; rel="next"'
    return Response(lines, media_type=LINES, headers={"Link": following} if go_on else {})
