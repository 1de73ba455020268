"""What wraps every request: an id, a bound on the body, and no answer to other sites' pages."""

import uuid
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from app.kernel.problems import problem_response, unexpected

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
    # What is no page loads and runs nothing; pages say themselves what they need (desks/pages.py).
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


class RequestEnvelope:
    """Gives each request an id, bounds its body in bytes, and refuses what foreign pages send.

    The last matters because the server trusts whoever reaches it on loopback: a foreign name
    that resolves here (DNS rebinding) or a foreign form must not act as the operator.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, hosts: frozenset[str]) -> None:
        self.app, self.most_bytes, self.hosts = app, most_bytes, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        request.state.request_id = request_id = uuid.uuid4().hex

        has_begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers["x-request-id"] = request_id
            await send(message)

        with bound_contextvars(request_id=request_id):
            if self._is_foreign(request):
                refusal = problem_response(
                    request, 403, "foreign_site", "Not from here", "Call this server by its own address."
                )
                await refusal(scope, receive, send_with_headers)
                return
            try:
                await self.app(scope, _bounded(receive, self.most_bytes), send_with_headers)
            except Exception as error:
                if has_begun:
                    raise
                answer = await unexpected(request, error)
                await answer(scope, receive, send_with_headers)

    def _is_foreign(self, request: Request) -> bool:
        try:
            host = urlsplit(f"//{request.headers.get('host', '')}").hostname
        except ValueError:  # no address at all, such as "[::1"
            return True
        if host not in self.hosts:
            return True
        origin = request.headers.get("origin")
        if request.method in SAFE_METHODS or origin is None:
            return False
        # A browser sends scheme://host:port and nothing else; whatever differs is not ours.
        return origin.partition("://")[2] != request.headers["host"]


def _bounded(receive: Receive, most_bytes: int) -> Receive:
    seen = 0

    async def receive_some() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most_bytes:
            # FastAPI lets only its own kind of exception pass while it reads a body.
            raise HTTPException(
                413, f"The body has more than {most_bytes} bytes (RONGQIAO_MAX_UPLOAD_BYTES)."
            )
        return message

    return receive_some
