"""Routes by which machines look in: without a person, a transaction or a place among the working requests."""

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from app.accounts.credentials import unauthenticated
from app.accounts.permissions import Action, does
from app.accounts.start_checks import is_loopback
from app.kernel.errors import NotFound, Unavailable
from app.kernel.limits import address_of
from app.kernel.problems import PROBLEMS
from app.kernel.settings import Settings
from app.kernel.watching import LIVE, METRICS, READY
from app.operations.access import Access, may_read_figures
from app.operations.furnishing import Operations
from app.operations.schemas import LiveOut, ReadyOut

router = APIRouter(tags=["operations"], responses=PROBLEMS)
AGAIN_SECONDS: Final = "5"
FIGURES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Figures in Prometheus' text format.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


@router.get(LIVE, openapi_extra=does(Action.PROBE))
async def live() -> LiveOut:
    """Say that the process lives 存活检查; it asks nobody."""
    return LiveOut()


@router.get(READY, openapi_extra=does(Action.PROBE))
async def ready(request: Request) -> ReadyOut:
    """Say whether this process should get requests 就绪检查; 503 names each check that fails."""
    operations: Operations = request.app.state.operations
    faults = await operations.obstacles()
    if faults:
        named = ", ".join(fault.where for fault in faults)
        raise Unavailable(f"Not ready: {named}.", faults, headers={"Retry-After": AGAIN_SECONDS})
    return ReadyOut()


@router.get(METRICS, response_class=Response, responses=FIGURES, openapi_extra=does(Action.PROBE))
async def metrics(request: Request) -> Response:
    """Show this process's figures 运行指标 to who has `RONGQIAO_METRICS_TOKEN`, or while developing to this machine."""
    settings: Settings = request.app.state.settings
    access = may_read_figures(
        token=settings.metrics_token.get_secret_value(),
        authorization=request.headers.get("authorization", ""),
        is_development=settings.environment == "development",
        is_local=is_loopback(address_of(request)) and "x-forwarded-for" not in request.headers,
    )
    if access is Access.UNPROVEN:
        raise unauthenticated()
    if access is Access.HIDDEN:
        raise NotFound("Nothing is at this address; /openapi.json lists all there are.")
    operations: Operations = request.app.state.operations
    return Response(await operations.figures(), media_type=CONTENT_TYPE_LATEST)
