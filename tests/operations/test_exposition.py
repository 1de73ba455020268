"""A worker's own figures: by HTTP on a port of its own, to this machine or to who has the token."""

import httpx
from prometheus_client import CollectorRegistry, Gauge

from app.kernel.settings import Settings
from app.operations.exposition import exposed, serving

TOKEN = "a-token-of-some-length"  # noqa: S105 - of a test


def registry() -> CollectorRegistry:
    made = CollectorRegistry()
    Gauge("rongqiao_test", "A figure.", registry=made).set(7)
    return made


def test_a_worker_shows_its_figures_and_that_it_lives() -> None:
    with serving(
        registry(), Settings(host="192.0.2.1"), 0
    ) as port:  # without a token: loopback, whatever the host
        base = f"http://127.0.0.1:{port}"
        shown, live, nothing = (httpx.get(base + path) for path in ("/metrics", "/healthz", "/other"))
    assert "rongqiao_test 7.0" in shown.text
    assert (shown.status_code, live.status_code, nothing.status_code) == (200, 200, 404)


def test_with_a_token_it_has_to_be_shown() -> None:
    with serving(registry(), Settings(metrics_token=TOKEN), 0) as port:
        url = f"http://127.0.0.1:{port}/metrics"
        told = [
            httpx.get(url, headers={"Authorization": shown}).status_code
            for shown in ("", "Bearer x", f"Bearer {TOKEN}")
        ]
    assert told == [401, 401, 200]


def test_no_port_no_figures() -> None:
    with exposed(registry(), Settings()) as port:
        assert port is None
