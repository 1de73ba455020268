"""The HTTP door: `create_app()` composes the routes of all rooms."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.middleware import Middleware
from fastapi.middleware.cors import CORSMiddleware

from app.accounts import api_keys_api as keys
from app.accounts import audit_api as audit
from app.accounts import auth_api as auth
from app.accounts import invitation_api as invitations
from app.accounts import passwords
from app.accounts import people_api as people
from app.accounts import second_factor_api as second_factor
from app.accounts.door import AccountsDoor
from app.accounts.key_ring import key_ring
from app.accounts.lockout import Lockout
from app.accounts.oidc_client import Provider
from app.accounts.openapi import describe_credentials
from app.accounts.sign_in import Gate
from app.accounts.start_service import require_fit, require_safe
from app.allocation import api as allocation
from app.allocation import handler_api as handlers
from app.bottlenecks import api as bottlenecks
from app.bulletins import api as bulletins
from app.bulletins.following import follow_all
from app.catalogue import api as catalogue
from app.chains import api as chains
from app.coordination import api as coordination
from app.coverage import api as coverage
from app.desks import account, coordinator, invitation, signing
from app.desks import second_factor as factor_pages
from app.desks.pages import problem_page
from app.docking import api as docking
from app.enterprises import api as enterprises
from app.enterprises import registration_api as registrations
from app.institutions import api as institutions
from app.jobs import api as jobs
from app.jobs.openapi import describe_jobs
from app.jobs.queue import JobQueue
from app.jobs.service import JobDeferral
from app.kernel.database import Sessions, make_engine, make_sessions
from app.kernel.envelope import Bounds, RequestEnvelope
from app.kernel.limits import RateLimit
from app.kernel.links import describe_links
from app.kernel.memory import relax_collection
from app.kernel.patience import Patience
from app.kernel.problems import METHODS, install_problem_handlers
from app.kernel.recording import Recorder
from app.kernel.requests import Door
from app.kernel.settings import Settings, get_settings
from app.kernel.shedding import Shedding
from app.matching import api as matching
from app.matching.service import warm_up
from app.notifications import api as notices
from app.notifications import deliveries_api as deliveries
from app.notifications import webhooks_api as webhooks
from app.operations import api as looks
from app.operations import furnishing as operations
from app.policy import api as policy
from app.visibility.places import StoredPlaces
from app.visibility.service import narrow
from app.whitelist import api as whitelist

API_PREFIX = "/api/v1"
ASKING_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match")
ANSWERING_HEADERS = ("ETag", "Idempotency-Replayed", "Link", "Location", "Retry-After", "X-Request-Id")
# The routes that are asked most come first: they are found in this order.
ROUTERS = (
    whitelist.router,
    handlers.router,
    enterprises.router,
    matching.router,
    auth.router,
    keys.router,
    second_factor.router,
    people.router,
    invitations.router,
    registrations.router,
    audit.router,
    policy.router,
    institutions.router,
    chains.router,
    catalogue.router,
    bottlenecks.router,
    allocation.router,
    deliveries.router,
    notices.router,
    webhooks.router,
    coordination.router,
    docking.router,
    coverage.router,
    bulletins.router,
    jobs.router,
)
LOOKS = (looks.router,)
"""By which machines look in: without a person or a transaction."""
PAGES = (coordinator.router, signing.router, invitation.router, account.router, factor_pages.router)


def create_app(
    settings: Settings | None = None, sessions: Sessions | None = None, door: Door | None = None
) -> FastAPI:
    """Make the application; tests pass their own settings and sessions.

    Raises:
        Refused: the settings are unsafe (accounts/start_checks.py); every fault is named.
    """
    settings = settings or get_settings()
    require_safe(settings)
    follow_all()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = None
        if sessions is None:
            engine = make_engine(settings.database_url, Patience.of_requests(settings))
            app.state.sessions = make_sessions(engine)
            await require_fit(app.state.sessions, settings)
        await asyncio.to_thread(warm_up)
        await asyncio.to_thread(passwords.warm_up)
        relax_collection()
        yield
        await app.state.deferral.close()
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
        middleware=_middleware(settings, counts_strangers=door is None),
    )
    _furnish(app, settings, door)
    if sessions is not None:
        app.state.sessions = sessions
    install_problem_handlers(app)
    describe_credentials(app)
    describe_jobs(app)
    describe_links(app, API_PREFIX)
    api = APIRouter(prefix=API_PREFIX)
    for router in ROUTERS:
        api.include_router(router)
    app.include_router(api)
    for router in (*PAGES, *LOOKS):
        app.include_router(router)
    return app


def _furnish(app: FastAPI, settings: Settings, door: Door | None) -> None:
    """Give the application what its routes ask for: who may come in, what places there are, how often."""
    app.state.settings = settings
    app.state.request_limit = RateLimit("requests", settings.requests_per_minute)
    app.state.registration_limit = RateLimit("registrations", settings.sign_ins_per_minute)
    app.state.recorder = Recorder()
    app.state.places = StoredPlaces()
    app.state.deferral = JobDeferral(JobQueue(settings))
    ring = key_ring(settings)
    app.state.gate = Gate(
        ring, Lockout(settings.sign_ins_per_minute), refuses_demo=settings.environment == "production"
    )
    app.state.provider = Provider(settings) if settings.oidc_issuer else None
    app.state.door = door or AccountsDoor(settings, ring, narrow)
    app.state.problem_page = problem_page
    operations.furnish(app, settings)


def _middleware(settings: Settings, *, counts_strangers: bool) -> list[Middleware]:
    """Answer what wraps the application, the outermost first; no page of elsewhere may call it unless named."""
    found = [Middleware(RequestEnvelope, Bounds.of(settings, counts_strangers=counts_strangers))]
    if settings.allowed_origins:
        found.append(
            Middleware(
                CORSMiddleware,
                allow_origins=settings.allowed_origins,
                allow_methods=METHODS,
                allow_headers=ASKING_HEADERS,
                expose_headers=ANSWERING_HEADERS,
                allow_credentials=False,
            )
        )
    found.append(Middleware(Shedding))
    return found
