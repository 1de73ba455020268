"""Who watches requests from outside the rooms: metrics and traces. And the routes by which machines look in."""

from typing import Any, Final, Protocol

from starlette.requests import Request

LIVE: Final = "/healthz"
READY: Final = "/readyz"
METRICS: Final = "/metrics"
PROBES: Final = frozenset({LIVE, READY, METRICS})
"""Never sent away, never counted as strangers: who is overloaded must still say that it lives."""


class Seen(Protocol):
    """One request that is being watched."""

    def end(self, request: Request, status: int, seconds: float) -> None:
        """Note how it ended; status 0: it was not answered."""


class Watcher(Protocol):
    """Somebody who watches requests (operations)."""

    def begin(self, request: Request) -> Seen:
        """Note that a request has come; its route is not known yet."""


def furnished(request: Request, name: str, default: Any) -> Any:
    """Answer what the application was furnished with under a name; the default if it was not, or is none of ours."""
    app = request.scope.get("app")
    return default if app is None else getattr(app.state, name, default)


def route_of(request: Request) -> str:
    """Answer the template of a request's route, never its path; empty if it came to none."""
    return str(getattr(request.scope.get("route"), "path", ""))
