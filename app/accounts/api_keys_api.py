"""JSON routes of API keys."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.accounts import api_keys, auth_service
from app.accounts.api import ViewerDep
from app.accounts.auth_api import StandingDep
from app.accounts.auth_schemas import ApiKeyIn, ApiKeyMade, ApiKeyOut
from app.accounts.permissions import Action, does
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PROBLEMS
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, tags=["API keys"], responses=PROBLEMS)
KeyId = Annotated[int, Path(ge=1, le=2**63 - 1, description="Number of the key 密钥编号", examples=[1])]


@router.post("/api-keys", status_code=201, openapi_extra=does(Action.OWN_ACCOUNT, shows_secret=True))
async def make_key(
    session: SessionDep, viewer: ViewerDep, standing: StandingDep, body: ApiKeyIn
) -> ApiKeyMade:
    """Make a key for a system of yours: one of your roles, at most a year; it is shown this once."""
    auth_service.check_code_given(standing)
    return await api_keys.make(session, viewer, body, now=utc_now())


@router.get("/api-keys", openapi_extra=does(Action.OWN_ACCOUNT))
async def list_keys(session: SessionDep, viewer: ViewerDep, page: PageQuery) -> Page[ApiKeyOut]:
    """List your keys, the newest first; administrators see everybody's, never a secret."""
    return await api_keys.list_keys(session, viewer, page)


@router.delete("/api-keys/{key_id}", status_code=204, openapi_extra=does(Action.OWN_ACCOUNT, is_final=True))
async def revoke_key(session: SessionDep, viewer: ViewerDep, key_id: KeyId) -> Response:
    """Revoke a key of yours, or as administrator anybody's; it stops holding at once."""
    await api_keys.revoke(session, viewer, key_id, now=utc_now())
    return Response(status_code=204)
