"""A worker's own figures over HTTP: it serves nobody else, so this is all there is."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from app.kernel.settings import Settings
from app.kernel.watching import LIVE, METRICS
from app.operations.access import Access, may_read_figures

LOOPBACK: Final = "127.0.0.1"
SILENCE_SECONDS: Final = 10


@contextmanager
def exposed(registry: CollectorRegistry, settings: Settings) -> Iterator[int | None]:
    """Serve a worker's figures while the block runs; answers the port, None where none is wanted.

    On `host` if there is a token to ask for, else to this machine alone.
    """
    if not settings.worker_metrics_port:
        yield None
        return
    with serving(registry, settings, settings.worker_metrics_port) as port:
        yield port


@contextmanager
def serving(registry: CollectorRegistry, settings: Settings, port: int) -> Iterator[int]:
    """Serve figures on a port (0: any that is free) while the block runs; answers the port."""
    token = settings.metrics_token.get_secret_value()
    handler = type("Figures", (_Figures,), {"registry": registry, "token": token})
    server = ThreadingHTTPServer((settings.host if token else LOOPBACK, port), handler)
    thread = threading.Thread(target=server.serve_forever, name="figures", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Figures(BaseHTTPRequestHandler):
    registry: CollectorRegistry
    token: str
    timeout = SILENCE_SECONDS

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == LIVE:
            self._answer(HTTPStatus.OK, b"live\n", "text/plain")
        elif path != METRICS:
            self._answer(HTTPStatus.NOT_FOUND, b"", "text/plain")
        elif self._access() is Access.GRANTED:
            self._answer(HTTPStatus.OK, generate_latest(self.registry), CONTENT_TYPE_LATEST)
        else:
            self._answer(HTTPStatus.UNAUTHORIZED, b"", "text/plain")

    def _access(self) -> Access:
        shown = self.headers.get("Authorization", "")
        # Without a token it listens on loopback alone, whatever the environment.
        return may_read_figures(token=self.token, authorization=shown, is_development=True, is_local=True)

    def _answer(self, status: HTTPStatus, body: bytes, media_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the library names it
        """Write nothing: a look every few seconds is no news."""
