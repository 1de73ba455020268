"""Figures of one process for Prometheus: what it is asked, how long that takes, and how the work goes.

Labels are routes' templates, methods, kinds and states, of which there are few; never a name, code or amount.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from starlette.requests import Request

from app.kernel.admission import Admission
from app.kernel.draining import Drain
from app.kernel.problems import METHODS
from app.kernel.watching import route_of
from app.operations.gathered import Gathered

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Upper bounds of latency in seconds; the last is the longest that a request may take unless set otherwise."""
NO_ROUTE: Final = "none"
OTHER_METHOD: Final = "other"
UNANSWERED: Final = "none"


class RequestMetrics:
    """Counts requests by route, method and class of status, with their latency; a watcher of the envelope."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("route", "method")
        self._requests = Counter(
            "rongqiao_requests", "Requests answered.", (*labels, "status"), registry=registry
        )
        self._seconds = Histogram(
            "rongqiao_request_seconds",
            "Time from the head of a request to the end of its answer.",
            labels,
            buckets=BUCKETS,
            registry=registry,
        )
        self._in_flight = Gauge("rongqiao_requests_in_flight", "Requests under way.", registry=registry)

    def begin(self, request: Request) -> "RequestMetrics":  # noqa: ARG002 - as watchers are called
        """Note that a request has come."""
        self._in_flight.inc()
        return self

    def end(self, request: Request, status: int, seconds: float) -> None:
        """Note how it ended."""
        self._in_flight.dec()
        route = route_of(request) or NO_ROUTE
        method = request.method if request.method in METHODS else OTHER_METHOD
        self._requests.labels(route, method, f"{status // 100}xx" if status else UNANSWERED).inc()
        self._seconds.labels(route, method).observe(seconds)


class ProcessState(Collector):
    """What a process knows of its own places and connections, read when it is asked."""

    def __init__(self, admission: Admission, drain: Drain) -> None:
        self._admission, self._drain = admission, drain
        self.pool: tuple[int, int] | None = None
        """Connections to the database: in use, and idle."""

    def collect(self) -> Iterator[Metric]:
        """Answer the figures."""
        shed = CounterMetricFamily(
            "rongqiao_requests_shed", "Requests sent away with 503 by why.", labels=["reason"]
        )
        for reason, number in self._admission.refused.items():
            shed.add_metric([reason], number)
        yield shed
        yield _gauge("rongqiao_requests_working", "Requests that have a place.", self._admission.working)
        yield _gauge("rongqiao_requests_waiting", "Requests that wait for one.", self._admission.waiting)
        yield _gauge("rongqiao_event_streams", "Open event streams.", self._drain.streams)
        yield _gauge("rongqiao_draining", "1 once the process is about to end.", self._drain.is_draining)
        if self.pool is not None:
            connections = GaugeMetricFamily(
                "rongqiao_database_connections", "Connections of the pool.", labels=["state"]
            )
            for state, number in zip(("in_use", "idle"), self.pool, strict=True):
                connections.add_metric([state], number)
            yield connections


class WorkState(Collector):
    """How the work goes, as it was gathered last; what could not be gathered is left out."""

    def __init__(self) -> None:
        self.gathered: Gathered | None = None

    def collect(self) -> Iterable[Metric]:
        """Answer the figures."""
        return () if self.gathered is None else _work(self.gathered)


def _work(found: Gathered) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("rongqiao_jobs", "Jobs by kind and state.", labels=["kind", "state"])
    for (kind, state), number in sorted(found.jobs.items()):
        jobs.add_metric([kind, state], number)
    yield jobs
    yield _gauge("rongqiao_job_queue_age_seconds", "Age of the oldest queued job.", found.queue_age or 0)
    yield _gauge(
        "rongqiao_late_entries", "Entries of rosters in force that are late (逾期).", found.late_entries
    )
    yield _gauge("rongqiao_open_months", "Months that have ended and are not closed.", found.open_months)
    yield _gauge("rongqiao_outbox_waiting", "Messages that wait to be sent.", found.outbox_waiting)
    yield _gauge(
        "rongqiao_outbox_age_seconds", "For how long the oldest of them is due.", found.outbox_age or 0
    )
    if found.match_run_seconds is not None:
        yield _gauge(
            "rongqiao_match_run_seconds",
            "Duration of the last match run that was a job.",
            found.match_run_seconds,
        )


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=float(value))


def make_registry(version: str, migration: str) -> CollectorRegistry:
    """Make a process's registry, with what it is built of and what it costs."""
    disable_created_metrics()  # type: ignore[no-untyped-call]  # untyped; turns off a second line for each counter
    registry = CollectorRegistry()
    built = Gauge(
        "rongqiao_build_info", "What this process is built of.", ("version", "migration"), registry=registry
    )
    built.labels(version, migration).set(1)
    ProcessCollector(registry=registry)
    return registry
