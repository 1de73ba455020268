"""The HTTP door: `create_app()` composes the routes of all rooms."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.middleware import Middleware

from app.accounts.door import OpenDoor
from app.accounts.rules import local_operator
from app.allocation import api as allocation
from app.bottlenecks import api as bottlenecks
from app.catalogue import api as catalogue
from app.chains import api as chains
from app.coverage import api as coverage
from app.desks import coordinator
from app.desks.pages import problem_page
from app.docking import api as docking
from app.enterprises import api as enterprises
from app.institutions import api as institutions
from app.kernel.database import Sessions, make_engine, make_sessions
from app.kernel.envelope import RequestEnvelope
from app.kernel.memory import relax_collection
from app.kernel.problems import install_problem_handlers
from app.kernel.requests import Door
from app.kernel.settings import Settings, get_settings
from app.matching import api as matching
from app.matching.service import warm_up
from app.policy import api as policy
from app.visibility.service import narrow
from app.whitelist import api as whitelist

API_PREFIX = "/api/v1"
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
ROUTERS = (
    policy.router,
    institutions.router,
    chains.router,
    catalogue.router,
    enterprises.router,
    whitelist.router,
    matching.router,
    bottlenecks.router,
    allocation.router,
    docking.router,
    coverage.router,
)


def create_app(
    settings: Settings | None = None, sessions: Sessions | None = None, door: Door | None = None
) -> FastAPI:
    """Make the application; tests pass their own settings and sessions.

    Raises:
        ValueError: the address to listen on is not loopback; until accounts exist, whoever
            reaches the server is the operator.
    """
    settings = settings or get_settings()
    if not is_loopback(settings.host):
        msg = f"RONGQIAO_HOST={settings.host}: without accounts the server listens on loopback only; use 127.0.0.1"
        raise ValueError(msg)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = None
        if sessions is None:
            engine = make_engine(settings.database_url)
            app.state.sessions = make_sessions(engine)
        await asyncio.to_thread(warm_up)
        relax_collection()
        yield
        if engine is not None:
            await engine.dispose()

    app = FastAPI(
        title="Rongqiao 融桥",
        version="0.1.0",
        summary="Needs, products, responsible banks and coverage, clause by clause.",
        description=(
            "Money is a decimal string in yuan; rates are annual percent; instants are UTC; months and "
            "days are Asia/Shanghai. Lists page by cursor; creating requests may carry an "
            "`Idempotency-Key`; changes carry `If-Match`; refusals are RFC 9457 problem JSON."
        ),
        lifespan=lifespan,
        # The stock viewers load scripts from elsewhere; this service answers on closed networks.
        docs_url=None,
        redoc_url=None,
        middleware=[Middleware(RequestEnvelope, most_bytes=settings.max_upload_bytes, hosts=LOOPBACK_NAMES)],
    )
    app.state.settings = settings
    app.state.door = door or OpenDoor(local_operator(settings.jurisdiction), narrow)
    if sessions is not None:
        app.state.sessions = sessions
    install_problem_handlers(app)
    app.state.problem_page = problem_page
    api = APIRouter(prefix=API_PREFIX)
    for router in ROUTERS:
        api.include_router(router)
    app.include_router(api)
    app.include_router(coordinator.router)
    return app


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on is reachable from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
