"""Traces: one span a request, which says nothing of what was asked; sent to a collector that asks for them."""

import sys
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from fastapi import FastAPI, Request
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.middleware import Middleware
from structlog.contextvars import bound_contextvars

from app.accounts.rules import Grant, Role, Viewer
from app.kernel.envelope import Bounds, RequestEnvelope
from app.kernel.errors import Refused
from app.kernel.problems import install_problem_handlers
from app.kernel.settings import Settings
from app.operations.tracing import RequestTraces, traces_of
from tests.apps import create_app

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PRIVATE = ("91230102MA72HD1TJW", "wang.fang", "secret")
FANG = Viewer("wang.fang", "230000", (Grant(Role.COORDINATOR, "230000"),), person=7)


async def show(uscc: str, request: Request) -> str:
    request.state.viewer = FANG
    return uscc


async def fail() -> None:
    msg = "secret"
    raise RuntimeError(msg)


class Traced:
    """An application whose spans stay in memory."""

    def __init__(self, trusted_proxies: int) -> None:
        self.kept, provider = InMemorySpanExporter(), TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.kept))
        bounds = Bounds.of(Settings(trusted_proxies=trusted_proxies), counts_strangers=False)
        app = FastAPI(middleware=[Middleware(RequestEnvelope, bounds)])
        app.state.watchers = (RequestTraces(provider, trusted_proxies),)
        install_problem_handlers(app)
        app.get("/firms/{uscc}")(show)
        app.get("/fail")(fail)
        app.get("/healthz")(fail)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers)

    def spans(self) -> tuple[ReadableSpan, ...]:
        return self.kept.get_finished_spans()


@pytest.fixture
async def traced() -> AsyncIterator[Traced]:
    made = Traced(1)
    async with made.client:
        yield made


async def test_a_request_is_one_span_that_says_nothing_of_what_was_asked(traced: Traced) -> None:
    answer = await traced.client.get(f"/firms/{PRIVATE[0]}", params={"q": "secret"})
    await traced.client.get("/fail")
    await traced.client.get("/nothing/secret")
    await traced.client.get("/healthz")
    shown, failed, missing = traced.spans()
    assert (shown.name, shown.kind) == ("GET /firms/{uscc}", SpanKind.SERVER)
    assert dict(shown.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/firms/{uscc}",
        "http.response.status_code": 200,
        "rongqiao.request_id": answer.headers["x-request-id"],
        "rongqiao.viewer": "coordinator",
    }
    assert (failed.name, failed.status.status_code, failed.events) == ("GET /fail", StatusCode.ERROR, ())
    assert (missing.name, missing.status.status_code) == ("GET", StatusCode.UNSET)
    told = "".join(span.to_json() for span in traced.spans())
    assert not [word for word in PRIVATE if word in told]


async def test_a_trace_of_our_proxy_goes_on_here_and_anybody_elses_does_not(traced: Traced) -> None:
    await traced.client.get("/firms/x")
    [ours] = traced.spans()
    assert ours.parent is not None
    assert (f"{ours.parent.trace_id:032x}", f"{ours.parent.span_id:016x}") == (TRACE, PARENT)
    stranger = Traced(0)
    await stranger.client.get("/firms/x")
    assert [span.parent for span in stranger.spans()] == [None]


async def test_a_job_is_one_span_that_names_it(traced: Traced) -> None:
    with bound_contextvars(job="5d1f0c2a"):
        await traced.client.get("/firms/x")
    [span] = traced.spans()
    assert (span.kind, (span.attributes or {})["rongqiao.job"]) == (SpanKind.CONSUMER, "5d1f0c2a")


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """The address of a collector on this machine, and what was sent there."""
    received: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    server.server_close()
    thread.join()


async def test_spans_reach_the_collector_when_the_server_ends(
    collector: tuple[str, list[tuple[str, bytes]]],
) -> None:
    url, received = collector
    app = create_app(Settings(otlp_endpoint=url))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        await client.get("/nothing/secret")
    await app.state.operations.close()
    [(path, body)] = received
    sent = ExportTraceServiceRequest.FromString(body)
    [resource] = sent.resource_spans
    assert (path, [span.name for span in resource.scope_spans[0].spans]) == ("/v1/traces", ["GET"])
    assert b"secret" not in body


def test_traces_that_cannot_be_made_are_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    assert traces_of(Settings()) is None
    with pytest.raises(Refused) as refused:
        traces_of(Settings(otlp_endpoint="http://127.0.0.1:4318"))
    [fault] = refused.value.faults
    assert (fault.where, "rongqiao[tracing]" in fault.remedy) == ("RONGQIAO_OTLP_ENDPOINT", True)
