"""JSON routes of consents and disclosures: what an enterprise lets institutions see, and what they saw."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.enterprises import consent_service, disclosure_service
from app.enterprises.consent_schemas import ConsentIn, ConsentOut, DisclosurePage
from app.enterprises.schemas import NEED_CODE_PATTERN
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

router = APIRouter(route_class=TransactionRoute, prefix="/needs", tags=["consents"], responses=PROBLEMS)
NeedCode = Annotated[
    str, Path(pattern=NEED_CODE_PATTERN, description="融资需求编码", examples=["91230199MA1BQXYE20"])
]
ConsentId = Annotated[int, Path(ge=1, le=2**63 - 1, description="授权编号", examples=[1])]


@router.post("/{code}/consents", status_code=201, openapi_extra=does(Action.GIVE_CONSENT))
async def give_consent(
    session: SessionDep,
    viewer: ViewerDep,
    code: NeedCode,
    body: ConsentIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> ConsentOut:
    """Authorise that institutions are shown a need 授权: for what, which fields, to whom, until when."""
    made = await consent_service.give_consent(session, viewer, code, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/needs/{code}/consents/{made.id}"
    response.headers["ETag"] = etag_of(made.version)
    return made


@router.get("/{code}/consents", openapi_extra=does(Action.READ_DISCLOSURES))
async def list_consents(
    session: SessionDep, viewer: ViewerDep, code: NeedCode, page: PageQuery
) -> Page[ConsentOut]:
    """List the consents of a need, the newest first, ended ones too."""
    return await consent_service.list_consents(session, viewer, code, page, now=utc_now())


@router.get("/{code}/consents/{consent}", openapi_extra=does(Action.READ_DISCLOSURES))
async def get_consent(
    session: SessionDep, viewer: ViewerDep, code: NeedCode, consent: ConsentId, response: Response
) -> ConsentOut:
    """Read one consent."""
    found = await consent_service.read_consent(session, viewer, code, consent, now=utc_now())
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.put(
    "/{code}/consents/{consent}/revocation",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.GIVE_CONSENT),
)
async def revoke_consent(
    session: SessionDep,
    viewer: ViewerDep,
    code: NeedCode,
    consent: ConsentId,
    response: Response,
    if_match: IfMatch = None,
) -> ConsentOut:
    """Revoke a consent 撤回授权; from the next request on nothing is shown by it."""
    found = await consent_service.revoke_consent(
        session,
        viewer,
        code,
        consent,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.get("/{code}/disclosures", openapi_extra=does(Action.READ_DISCLOSURES, is_recorded=True, writes=True))
async def list_disclosures(
    session: SessionDep, viewer: ViewerDep, code: NeedCode, page: PageQuery
) -> DisclosurePage:
    """Read which institutions were shown what of a need, when and by which consent; who holds its contacts now."""
    return await disclosure_service.list_disclosures(session, viewer, code, page)
