"""What a child of the harness has that a process of the service has not: another clock, and a place to die.

Installed before any room of the application is imported, so that no room keeps the real clock; the application
itself knows nothing of it.
"""

import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect

from app.kernel import clock
from tests.chaos.switchboard import Switchboard


class _Present:
    """Which switchboard this process looks at; none until it is a child."""

    switchboard: Switchboard | None = None
    stood_at: datetime | None = None
    since: float = 0.0


def install() -> None:
    """Let this process, and those forked from it, read the time and pass database events by their switchboard."""
    clock.utc_now = _now
    event.listen(Engine, "before_cursor_execute", _pass)
    event.listen(Engine, "after_cursor_execute", _pass)
    DefaultDialect.do_commit = _watched(DefaultDialect.do_commit)  # type: ignore[method-assign]  # no event says that a commit came back


def let_queues_time_pass() -> None:
    """Let the time of the jobs' queue go on from where the clock stands: what waits a moment becomes due.

    What a job does keeps the instant at which the clock stands, as everything does.
    """
    from app.jobs import running, worker  # noqa: PLC0415 - after the clock is exchanged

    running.utc_now = _passing  # type: ignore[attr-defined]  # a name that the module imported
    worker.utc_now = _passing  # type: ignore[attr-defined]  # as above


def obey(path: Path) -> None:
    """Look at a switchboard from now on."""
    _Present.switchboard = Switchboard(path)


def _now() -> datetime:
    board = _Present.switchboard
    return (board.now if board is not None else None) or datetime.now(UTC)


def _passing() -> datetime:
    stands = _now()
    if stands != _Present.stood_at:
        _Present.stood_at, _Present.since = stands, time.monotonic()
    return stands + timedelta(seconds=time.monotonic() - _Present.since)


def _pass(*_what: Any) -> None:
    board = _Present.switchboard
    if board is not None and board.count():
        board.kill_after(0)  # whoever comes after it lives
        os.kill(os.getpid(), signal.SIGKILL)


def _watched(commit: Callable[..., None]) -> Callable[..., None]:
    def watched(dialect: Any, connection: Any) -> None:
        _pass()
        commit(dialect, connection)
        _pass()

    return watched
