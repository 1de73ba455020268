"""The server process: how it listens, and how it ends.

SIGTERM (or Ctrl-C): `/readyz` says 503 at once, so that load balancers turn away; for `drain_seconds` everything
is still answered, on connections that are not kept; then nobody new comes in, event streams are closed, what is
under way has `shutdown_seconds`; exit status 0. A second signal ends the draining.
"""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import uvicorn
from fastapi import FastAPI

from app.kernel.clock import elapsed_seconds
from app.kernel.draining import Drain
from app.kernel.settings import Settings
from app.kernel.wire import BoundedProtocol

STARTUP_FAILURE: Final = 3
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
SWITCH_SECONDS: Final = 0.001
"""So long a thread that computes (a month's figures) keeps the interpreter from the loop that answers everybody."""
IDLE_SECONDS: Final = 75
"""So long a connection is kept that asks nothing: longer than proxies keep theirs, and than a person thinks over a form.

Who ends it first may do so just as the other one sends, who then is not answered at all.
"""
FILES: Final = 8_192
"""Open files that a server should be allowed: connections, beside the database's and its own."""


class DrainingServer(uvicorn.Server):
    """uvicorn, which would stop listening at once and die of the signal."""

    def __init__(self, config: uvicorn.Config, drain: Drain, drain_seconds: float) -> None:
        super().__init__(config)
        self._drain, self._drain_seconds = drain, drain_seconds
        self._told_at: float | None = None
        self._is_hurried = False

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Listen to signals, and do not raise them again when all is over: then it ended well."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        former = {number: signal.signal(number, self.handle_exit) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as uvicorn calls it
        """Note that a signal came; the loop acts on it within a tenth of a second."""
        if self._told_at is not None and sig == signal.SIGINT and self.should_exit:
            self.force_exit = True
        self._is_hurried = self._told_at is not None
        self._told_at = self._told_at or elapsed_seconds()

    async def on_tick(self, counter: int) -> bool:
        """Say that the end is near as soon as it is, and that it has come when the time to drain is over."""
        if self._told_at is not None and not self.should_exit:
            self._drain.begin()
            over = elapsed_seconds() - self._told_at >= self._drain_seconds
            self.should_exit = over or self._is_hurried
        return await super().on_tick(counter)

    async def shutdown(self, sockets: Any = None) -> None:
        """Close what would never end by itself, then as uvicorn does."""
        self._drain.close()
        await super().shutdown(sockets)


def run_server(app: FastAPI, settings: Settings) -> None:
    """Serve until a signal comes; exits with status 3 if the server cannot start, as uvicorn does."""
    _allow_files()
    sys.setswitchinterval(SWITCH_SECONDS)
    config = uvicorn.Config(app, **server_options(settings))
    server = DrainingServer(config, app.state.drain, settings.drain_seconds)
    server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def server_options(settings: Settings) -> dict[str, Any]:
    """Answer how the server listens: bounded heads; nobody is believed about addresses but by us."""
    return {
        "host": settings.host,
        "port": settings.port,
        "http": BoundedProtocol,
        "ws": "none",
        "timeout_keep_alive": IDLE_SECONDS,
        "timeout_graceful_shutdown": settings.shutdown_seconds,
        "proxy_headers": False,  # uvicorn would believe whoever comes from loopback (kernel/addresses.py decides)
        "server_header": False,
        "log_config": None,
        "access_log": False,
    }


def _allow_files() -> None:
    """Raise this process's bound of open files as far as it may and needs."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not there on Windows

    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    if least != resource.RLIM_INFINITY and least < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
