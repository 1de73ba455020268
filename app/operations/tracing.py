"""Traces for OpenTelemetry, if they are wanted: one span a request, also a job's; never what was asked for.

A span has the route's template, method, status, request id and the kind of viewer; no path, query, body or
parameter of SQL. Behind proxies of ours a `traceparent` (W3C Trace Context) is honoured.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from structlog.contextvars import get_contextvars

from app.kernel.errors import Fault, Refused
from app.kernel.settings import Settings
from app.kernel.watching import PROBES, route_of

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

TRACES_PATH: Final = "/v1/traces"
SERVICE: Final = "rongqiao"
INSTALL: Final = "pip install 'rongqiao[tracing]'"
SERVER_ERROR: Final = 500


class RequestTraces:
    """Makes a span of each request; a watcher of the envelope."""

    def __init__(self, provider: "TracerProvider", trusted_proxies: int) -> None:
        from opentelemetry import trace  # noqa: PLC0415 - only with the extra
        from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415 - only with the extra
            TraceContextTextMapPropagator,
        )

        self._provider, self._tracer, self._trace = provider, provider.get_tracer(SERVICE), trace
        self._contexts = TraceContextTextMapPropagator() if trusted_proxies else None

    def begin(self, request: Request) -> "SpanSeen | Unseen":
        """Begin a request's span; looks of machines have none."""
        if request.scope["path"] in PROBES:
            return Unseen()
        context = self._contexts.extract(dict(request.headers)) if self._contexts else None
        kind = self._trace.SpanKind.CONSUMER if "job" in get_contextvars() else self._trace.SpanKind.SERVER
        return SpanSeen(self._tracer.start_span(request.method, context, kind=kind))

    def close(self) -> None:
        """Send what has not been sent yet."""
        self._provider.shutdown()


class Unseen:
    """A request without a span."""

    def end(self, request: Request, status: int, seconds: float) -> None:
        """Note nothing."""


@dataclass(frozen=True, slots=True)
class SpanSeen:
    """A request with a span."""

    span: "Span"

    def end(self, request: Request, status: int, seconds: float) -> None:  # noqa: ARG002 - the span has its own clock
        """End the span; by now the route and the viewer are known."""
        route = route_of(request)
        self.span.update_name(f"{request.method} {route}".rstrip())
        self.span.set_attributes(_attributes(request, route, status))
        if status >= SERVER_ERROR or not status:
            from opentelemetry.trace import StatusCode  # noqa: PLC0415 - only with the extra

            self.span.set_status(StatusCode.ERROR)
        self.span.end()


def _attributes(request: Request, route: str, status: int) -> dict[str, Any]:
    viewer, job = getattr(request.state, "viewer", None), get_contextvars().get("job")
    found = {
        "http.request.method": request.method,
        "http.route": route,
        "http.response.status_code": status,
        "rongqiao.request_id": getattr(request.state, "request_id", ""),
        "rongqiao.viewer": _kind_of(viewer),
    }
    return found | ({"rongqiao.job": str(job)} if job else {})


def _kind_of(viewer: Any) -> str:
    """Answer the roles of who asked, never who it was."""
    if viewer is None or not (viewer.is_operator or viewer.is_signed_in):
        return "anonymous"
    return "operator" if viewer.is_operator else ",".join(sorted({grant.role for grant in viewer.grants}))


def traces_of(settings: Settings) -> RequestTraces | None:
    """Make the traces that settings ask for; None if they ask for none.

    Raises:
        Refused: they do, and OpenTelemetry is not installed.
    """
    if not settings.otlp_endpoint:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - only with the extra
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - only with the extra
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - only with the extra
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - only with the extra
    except ImportError as error:
        fault = Fault("RONGQIAO_OTLP_ENDPOINT", "OpenTelemetry is not installed", f"Run `{INSTALL}`.")
        raise Refused("The service does not start: traces are wanted.", [fault]) from error
    provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
    exporter = OTLPSpanExporter(endpoint=settings.otlp_endpoint.rstrip("/") + TRACES_PATH)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return RequestTraces(provider, settings.trusted_proxies)
