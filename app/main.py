"""The HTTP door: `create_app()` composes the routes of all rooms."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from importlib.metadata import version

from fastapi import Depends, FastAPI
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
from app.awards import api as awards
from app.awards import observed_api as observed
from app.booklet import api as booklet
from app.bottlenecks import api as bottlenecks
from app.bulletins import api as bulletins
from app.bulletins.following import follow_all
from app.catalogue import api as catalogue
from app.chains import api as chains
from app.chains import post_api as chain_posts
from app.coordination import api as coordination
from app.core_lists import api as core_lists
from app.core_lists import listings_api as listings
from app.core_lists import matches_api as core_matches
from app.coverage import api as coverage
from app.desks import account, assets, home, invitation, password_reset, signing
from app.desks import second_factor as factor_pages
from app.desks import single_sign_on as arriving
from app.desks.administration import deliveries as delivery_pages
from app.desks.administration import invitations as invitation_pages
from app.desks.administration import people as people_pages
from app.desks.audit import routes as audit_desk
from app.desks.awards import award_pages, taking_part
from app.desks.awards import library as library_pages
from app.desks.bank import colleagues as bank_colleagues
from app.desks.bank import library as bank_library
from app.desks.bank import overview as bank_overview
from app.desks.bank import products as bank_products
from app.desks.bank import revising as bank_revising
from app.desks.booklet import routes as booklet_desk
from app.desks.bottlenecks import cases as case_pages
from app.desks.bottlenecks import classes as bottleneck_pages
from app.desks.chain import entries as chain_entries
from app.desks.chain import pages as chain_pages
from app.desks.chain import people as chain_people
from app.desks.core_lists import routes as core_lists_desk
from app.desks.coverage import bulletins as coverage_bulletins
from app.desks.coverage import closing as coverage_closing
from app.desks.coverage import lists as coverage_lists
from app.desks.coverage import months as coverage_pages
from app.desks.enterprise import chains as enterprise_chains
from app.desks.enterprise import consents as enterprise_consents
from app.desks.enterprise import disclosures as enterprise_disclosures
from app.desks.enterprise import home as enterprise_home
from app.desks.enterprise import needs as enterprise_needs
from app.desks.events import routes as events_desk
from app.desks.manager import cards as manager_cards
from app.desks.manager import entries as manager_entries
from app.desks.manager import lists as manager_pages
from app.desks.memberships import of_chain as membership_of_chain
from app.desks.memberships import one as membership_page
from app.desks.memberships import overview as membership_overview
from app.desks.notices import routes as notice_pages
from app.desks.plans import routes as plans_desk
from app.desks.policies import routes as policies_desk
from app.desks.problems import problem_page
from app.desks.registration import confirm as registration_decisions
from app.desks.registration import register as registration_pages
from app.desks.roster import routes as roster_desk
from app.desks.rounds import routes as rounds_desk
from app.desks.search import routes as search_pages
from app.desks.selection import errands as selection_errands
from app.desks.selection import lists as selection_lists
from app.desks.selection import results as selection_results
from app.desks.selection import rounds as selection_rounds
from app.desks.submission import lookups
from app.desks.submission import pages as submission_pages
from app.desks.unread import count_beside_refusal, count_unread
from app.desks.warming import warming
from app.docking import api as docking
from app.enterprises import api as enterprises
from app.enterprises import registration_api as registrations
from app.events import api as events
from app.events import guests_api as event_guests
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
from app.kernel.route_index import RouteIndex
from app.kernel.settings import Settings, get_settings
from app.kernel.shedding import Shedding
from app.matching import api as matching
from app.matching.service import warm_up
from app.membership import api as memberships
from app.membership import runs_api as membership_runs
from app.notifications import api as notices
from app.notifications import deliveries_api as deliveries
from app.notifications import webhooks_api as webhooks
from app.operations import api as looks
from app.operations import furnishing as operations
from app.plans import api as plans
from app.policy import api as policy
from app.selection import api as selection
from app.selection import objection_api as selection_objections
from app.selection import result_api as selection_result
from app.visibility.places import StoredPlaces
from app.visibility.service import narrow
from app.whitelist import api as whitelist
from app.whitelist import search_api as search

API_PREFIX = "/api/v1"
ASKING_HEADERS = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match")
ANSWERING_HEADERS = ("ETag", "Idempotency-Replayed", "Link", "Location", "Retry-After", "X-Request-Id")
ROUTERS = (
    handlers.router,
    whitelist.router,
    matching.router,
    enterprises.router,
    search.router,
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
    chain_posts.router,
    memberships.router,
    membership_runs.router,
    plans.router,
    catalogue.router,
    bottlenecks.router,
    allocation.router,
    deliveries.router,
    notices.router,
    webhooks.router,
    coordination.router,
    # Before the lists: what stands in their addresses is a firm's code.
    core_matches.router,
    core_lists.router,
    listings.router,
    awards.router,
    observed.router,
    docking.router,
    event_guests.router,
    events.router,
    selection.router,
    selection_result.router,
    selection_objections.router,
    coverage.router,
    bulletins.router,
    booklet.router,
    jobs.router,
)
TAGS = {
    "whitelist": "Entries of the roster 名单: editions, imports, reviews, search, corrections.",
    "allocation": "Which institution is responsible for which entry 分派, and who there has it in hand.",
    "matching": "Which products fit a need, with score and reasons 匹配; runs over a whole edition.",
    "enterprises": "Firms and whom to call there 企业.",
    "projects": "Projects of firms 项目.",
    "needs": "Financing needs and their revisions 融资需求.",
    "consents": "Who may see what of a need, for which purpose and until when 授权; who has looked.",
    "signing in": "Tokens, sessions, passwords and the second factor 登录.",
    "API keys": "Keys for programs, each with the rights of its person or fewer.",
    "people": "People, their roles, invitations, and registrations of firms 人员.",
    "audit": "The chained record of who did and saw what 审计.",
    "policies": "Policy documents, clauses, rules, dated values, and adoptions 政策.",
    "institutions": "Banks, guarantors and public bodies, as a tree 机构.",
    "memberships": "Which firms belong to which chain 归链: proposed, said by people, questioned, objected to.",
    "chains": "Industrial chains, their plans, managers and members 产业链.",
    "plans": "Plans as a workflow 一链一策: drafted, compared over a whole edition, published, archived.",
    "selection": "Chains and banks choosing each other in rounds 双向选择: lists, result with proof, objections.",
    "products": "Products with their terms, revision by revision, and quarterly decisions 产品.",
    "library": "Editions of the product library 产品库, confirmed quarter by quarter; declared against observed.",
    "awards": "The yearly ten best products 十佳: criteria, nominations, jury, result with reasons, appeals.",
    "bottlenecks": "What stands in the way of a need, by class, with the clause that says who acts 堵点.",
    "cards": "Needs without the firm's name, before it consents 匿名卡片.",
    "notices": "Notices to people, how they get them, and messages that did not go out 通知.",
    "webhooks": "Addresses of other systems that events are sent to, signed.",
    "coordination": "Matters that a body or the coordinator has to settle 协调事项.",
    "core lists": "Suppliers and dealers that a core firm names, their own answers, and batch matches 核心企业名单.",
    "docking": "What happens between firm and institution: events, stages, deadlines, ratings 对接.",
    "events": "Docking events 对接活动: the year's calendar, invitations, timetables, the door, what followed.",
    "coverage": "Coverage of a month with numerator and denominator, closes, restatements, verification 覆盖.",
    "bulletins": "The monthly bulletin as JSON, workbook and document 月度通报.",
    "booklet": "Policies in force and products of a quarter, in plain words, as JSON and document 一本通.",
    "jobs": "Requests that wait for a worker: state, progress, result.",
    "operations": "For machines that look in: alive, ready, measurements.",
}
"""What the API's description says of each group of operations, in the order in which the groups are listed."""
LOOKS = (looks.router, assets.router)
"""By which machines look in: without a person or a transaction."""
PAGES = (
    home.router,
    coverage_pages.router,
    coverage_lists.router,
    coverage_closing.router,
    coverage_bulletins.router,
    bottleneck_pages.router,
    case_pages.router,
    selection_rounds.router,
    selection_errands.router,
    selection_lists.router,
    selection_results.router,
    chain_entries.router,
    chain_pages.router,
    chain_people.router,
    membership_of_chain.router,
    membership_overview.router,
    membership_page.router,
    signing.router,
    arriving.router,
    password_reset.router,
    invitation.router,
    account.router,
    factor_pages.router,
    notice_pages.router,
    people_pages.router,
    invitation_pages.router,
    delivery_pages.router,
    search_pages.router,
    bank_overview.router,
    bank_colleagues.router,
    bank_products.router,
    bank_revising.router,
    bank_library.router,
    library_pages.router,
    award_pages.router,
    taking_part.router,
    submission_pages.router,
    enterprise_home.router,
    # After the pages that state a need: in /enterprise/needs/new stands no need's code.
    enterprise_needs.router,
    enterprise_consents.router,
    enterprise_chains.router,
    enterprise_disclosures.router,
    registration_pages.router,
    registration_decisions.router,
    lookups.router,
    manager_pages.router,
    manager_cards.router,
    manager_entries.router,
    *core_lists_desk.ROUTERS,
    *roster_desk.ROUTERS,
    *rounds_desk.ROUTERS,
    *events_desk.ROUTERS,
    *plans_desk.ROUTERS,
    *policies_desk.ROUTERS,
    booklet_desk.router,
    *audit_desk.ROUTERS,
)


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

    app = FastAPI(
        title="Rongqiao 融桥",
        version=version("rongqiao"),
        summary="Needs, products, responsible banks and coverage, clause by clause.",
        description=(
            "Money is a decimal string in yuan; rates are annual percent; instants are UTC; months and "
            "days are Asia/Shanghai. Lists page by cursor; creating requests may carry an "
            "`Idempotency-Key`; changes carry `If-Match`; refusals are RFC 9457 problem JSON."
        ),
        lifespan=_serving,
        openapi_tags=[{"name": name, "description": said} for name, said in TAGS.items()],
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
    for router in LOOKS:
        app.include_router(router)
    for router in ROUTERS:
        app.include_router(router, prefix=API_PREFIX)
    for router in PAGES:
        app.include_router(router, dependencies=[Depends(count_unread)])
    app.router.routes.insert(0, RouteIndex(app.routes))
    return app


@asynccontextmanager
async def _serving(app: FastAPI) -> AsyncIterator[None]:
    """Have ready what requests need, as long as the application is served."""
    settings: Settings = app.state.settings
    engine = None
    if not hasattr(app.state, "sessions"):
        engine = make_engine(settings.database_url, Patience.of_requests(settings))
        app.state.sessions = make_sessions(engine)
        await require_fit(app.state.sessions, settings)
    await asyncio.to_thread(warm_up)
    await asyncio.to_thread(passwords.warm_up)
    relax_collection()
    async with warming(app.state.sessions, settings) if engine is not None else nullcontext():
        yield
    await app.state.deferral.close()
    if engine is not None:
        del app.state.sessions
        await engine.dispose()


def _furnish(app: FastAPI, settings: Settings, door: Door | None) -> None:
    """Give the application what its routes ask for: who may come in, what places there are, how often."""
    app.state.settings = settings
    app.state.request_limit = RateLimit("requests", settings.requests_per_minute)
    app.state.registration_limit = RateLimit("registrations", settings.sign_ins_per_minute)
    app.state.attendance_limit = RateLimit("attendance codes", 3 * settings.sign_ins_per_minute)
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
    app.state.furnish_problem_page = count_beside_refusal
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
