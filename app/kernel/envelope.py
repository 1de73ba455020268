"""What wraps every request: an id, where it comes from, bounds on its body, no answer to other sites' pages, a log line."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from app.kernel.addresses import client_address
from app.kernel.bodies import BODIES_AT_ONCE, MOST_STRANGER_BYTES, BodyRoom, BoundedBody, too_large
from app.kernel.clock import elapsed_seconds
from app.kernel.draining import Drain, broken_off
from app.kernel.errors import TooMany
from app.kernel.limits import count_request
from app.kernel.logs import get_logger
from app.kernel.problems import domain_problem, log_unexpected, problem_response, unexpected
from app.kernel.request_ids import request_id_of
from app.kernel.settings import Settings
from app.kernel.watching import METRICS, PROBES, Watcher, furnished, route_of

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})
HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
    # What is no page loads and runs nothing; pages say themselves what they need (desks/pages.py).
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
HSTS: Final = {"strict-transport-security": "max-age=31536000"}
"""Said only where browsers come through TLS; of this host alone, its neighbours below the domain are not ours."""
CREDENTIALS: Final = frozenset({"authorization", "cookie", "x-api-key"})
HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z.-]{1,253})(:[0-9]{1,5})?")
API_PATHS: Final = "/api/"
logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the envelope lets pass.

    `hosts` are the names by which this server may be called, `origin` that of its own pages if it has
    a public address, `foreign` the origins of other pages that may call the API (without cookies).
    `counts_strangers`: who shows no credentials is counted by address before anything is read. `nameless` are
    the paths that answer by whatever name the server is called: machines next to it look in by its address.
    """

    most_bytes: int
    hosts: frozenset[str]
    origin: str
    foreign: frozenset[str]
    trusted_proxies: int
    headers: Mapping[str, str]
    counts_strangers: bool
    nameless: frozenset[str]

    @classmethod
    def of(cls, settings: Settings, *, counts_strangers: bool) -> "Bounds":
        """Answer the bounds that settings call for."""
        named = {settings.public_host} if settings.public_host else set()
        return cls(
            most_bytes=settings.max_upload_bytes,
            hosts=frozenset(named if settings.environment == "production" else LOOPBACK_NAMES | named),
            origin=settings.public_origin,
            foreign=frozenset(settings.allowed_origins),
            trusted_proxies=settings.trusted_proxies,
            headers=HEADERS | (HSTS if settings.is_public_https else {}),
            counts_strangers=counts_strangers,
            # A page of elsewhere that reaches us by a name of its own (DNS rebinding) does not know the token.
            nameless=PROBES if settings.metrics_token.get_secret_value() else PROBES - {METRICS},
        )


class RequestEnvelope:
    """Gives each request an id and its client's address, bounds its body, refuses what foreign pages send.

    A foreign name that resolves here (DNS rebinding) or a foreign page's form must not act as
    somebody who is signed in. Pages of allowed origins may call the API, with a token and never with
    a cookie.
    """

    def __init__(self, app: ASGIApp, bounds: Bounds) -> None:
        self.app, self.bounds = app, bounds
        self.room = BodyRoom(BODIES_AT_ONCE * bounds.most_bytes)
        self._headers = [(name.encode(), value.encode()) for name, value in bounds.headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        # A worker that carries a stored request out goes on under the id with which it came in.
        request.state.request_id = request_id = getattr(request.state, "request_id", "") or request_id_of(
            request.headers.getlist("x-request-id"),
            request.headers.getlist("traceparent"),
            self.bounds.trusted_proxies,
        )
        request.state.address = client_address(
            request.client.host if request.client else "",
            request.headers.getlist("x-forwarded-for"),
            self.bounds.trusted_proxies,
        )
        body = BoundedBody(receive, self._most_bytes(request), self.room)
        began, status = elapsed_seconds(), 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._complete(message, request)
            await send(message)

        with bound_contextvars(request_id=request_id):
            watchers: tuple[Watcher, ...] = furnished(request, "watchers", ())
            watched = [watcher.begin(request) for watcher in watchers]
            try:
                refusal = self._refusal(request)
                asked = refusal or self.app
                await asked(scope, body, send_with_headers)
            except Exception as error:  # noqa: BLE001 - whatever happened, it is answered or said to have broken off
                if status:  # too late to answer; what happened is logged here, without what it held
                    log_unexpected(request, error)
                    msg = "the answer broke off"
                    raise ConnectionAbortedError(msg) from None
                answer = await unexpected(request, error)
                await answer(scope, receive, send_with_headers)
            except asyncio.CancelledError:
                if status or not _is_closing(request):
                    raise
                answer = domain_problem(request, broken_off(is_change=request.method not in SAFE_METHODS))
                await answer(scope, receive, send_with_headers)
            finally:
                body.release()
                seconds = elapsed_seconds() - began
                for seen in watched:
                    seen.end(request, status, seconds)
                _log_request(request, status, seconds)

    def _complete(self, message: Message, request: Request) -> None:
        stated = message["headers"]
        names = {name for name, _value in stated}
        added = [pair for pair in self._headers if pair[0] not in names]
        added.append((b"x-request-id", request.state.request_id.encode()))
        if _is_last(request) and b"connection" not in names:
            added.append((b"connection", b"close"))
        message["headers"] = [*stated, *added]

    def _refusal(self, request: Request) -> Response | None:
        if self._is_foreign(request):
            return problem_response(
                request, 403, "foreign_site", "Not from here", "Call this server by its own address."
            )
        declared, most_bytes = request.headers.get("content-length", ""), self._most_bytes(request)
        if declared.isdecimal() and int(declared[:20]) > most_bytes:
            return problem_response(request, 413, "too_large", "Content Too Large", too_large(most_bytes))
        if self._is_stranger(request):
            try:
                count_request(request, None)
            except TooMany as error:
                return domain_problem(request, error)
        return None

    def _is_stranger(self, request: Request) -> bool:
        is_counted = self.bounds.counts_strangers and request.scope["path"] not in PROBES
        return is_counted and CREDENTIALS.isdisjoint(request.headers.keys())

    def _most_bytes(self, request: Request) -> int:
        most_bytes = self.bounds.most_bytes
        return min(most_bytes, MOST_STRANGER_BYTES) if self._is_stranger(request) else most_bytes

    def _is_foreign(self, request: Request) -> bool:
        if request.scope["path"] in self.bounds.nameless and request.method in SAFE_METHODS:
            return False
        host = _host_of(request)
        if host not in self.bounds.hosts:
            return True
        origin = request.headers.get("origin")
        if origin in self.bounds.foreign and request.url.path.startswith(API_PATHS):
            _drop_cookies(request)
            return False
        if request.method in SAFE_METHODS or origin is None:
            return False
        # A browser sends scheme://host:port and nothing else; whatever differs is not ours.
        if self.bounds.origin and host not in LOOPBACK_NAMES:
            return origin != self.bounds.origin
        return origin.partition("://")[2] != request.headers["host"]


def _host_of(request: Request) -> str | None:
    """Answer the name by which this server was called; None if it is none, or there are several."""
    stated = request.headers.getlist("host")
    return _name_in(stated[0]) if len(stated) == 1 else None


@lru_cache(maxsize=256)
def _name_in(host: str) -> str | None:
    if not HOST.fullmatch(host):
        return None
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:  # no address at all, such as "[::1"
        return None


def _is_last(request: Request) -> bool:
    """Tell whether the connection shall not be kept: the server is about to end, or has too many."""
    drain: Drain | None = furnished(request, "drain", None)
    return getattr(request.state, "is_one_too_many", False) or (drain is not None and drain.is_draining)


def _is_closing(request: Request) -> bool:
    drain: Drain | None = furnished(request, "drain", None)
    return drain is not None and drain.is_closing


def _drop_cookies(request: Request) -> None:
    request.scope["headers"] = [pair for pair in request.scope["headers"] if pair[0] != b"cookie"]


def _log_request(request: Request, status: int, seconds: float) -> None:
    """Write one line: the route's template, never what the path, query or body held."""
    viewer = getattr(request.state, "viewer", None)
    log = logger.debug if request.scope["path"] in PROBES else logger.info
    log(
        "request",
        method=request.method,
        route=route_of(request),
        status=status,
        milliseconds=round(seconds * 1000, 1),
        viewer=getattr(viewer, "key", ""),
    )
