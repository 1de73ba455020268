"""The HTTP door: `create_app()` composes the routes of all rooms."""

import importlib
import ipaddress
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from app.accounts.rules import local_operator
from app.kernel.database import Sessions, make_engine, make_sessions
from app.kernel.errors import Fault, TooLarge
from app.kernel.problems import install_problem_handlers
from app.kernel.settings import Settings, get_settings

API_PREFIX = "/api/v1"
ROOMS = (
    "policy",
    "institutions",
    "chains",
    "catalogue",
    "enterprises",
    "whitelist",
    "matching",
    "bottlenecks",
    "allocation",
    "docking",
    "coverage",
)


def create_app(settings: Settings | None = None, sessions: Sessions | None = None) -> FastAPI:
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
        middleware=[Middleware(_RequestEnvelope, most_bytes=settings.max_upload_bytes)],
    )
    app.state.settings = settings
    app.state.viewer = local_operator(settings.jurisdiction)
    if sessions is not None:
        app.state.sessions = sessions
    install_problem_handlers(app)
    api = APIRouter(prefix=API_PREFIX)
    for room in ROOMS:
        api.include_router(importlib.import_module(f"app.{room}.api").router)
    app.include_router(api)
    return app


def is_loopback(host: str) -> bool:
    """Tell whether an address to listen on is reachable from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _RequestEnvelope:
    """Gives each request an id (in logs, problems and the answer) and bounds its body."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self.app, self.most_bytes = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"cache-control", b"no-store"),
                ]
            await send(message)

        with bound_contextvars(request_id=request_id):
            await self.app(scope, _bounded(receive, self.most_bytes), send_with_id)


def _bounded(receive: Receive, most_bytes: int) -> Receive:
    seen = 0

    async def receive_some() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most_bytes:
            raise TooLarge(
                "The body is larger than this service reads.",
                [
                    Fault(
                        "body",
                        f"more than {most_bytes} bytes",
                        "Split it, or raise RONGQIAO_MAX_UPLOAD_BYTES.",
                    )
                ],
            )
        return message

    return receive_some
