"""How far long work has come: services tell it, whoever waits for the work hears it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Reporter = Callable[[str, int, int], None]
"""Hears the stage, how much of it is done, and how much there is in all (0: unknown)."""

_reporter: ContextVar[Reporter | None] = ContextVar("reporter", default=None)


def report(stage: str, done: int = 0, total: int = 0) -> None:
    """Tell how far the work has come; heard if somebody listens, from worker threads too."""
    reporter = _reporter.get()
    if reporter is not None:
        reporter(stage, done, total)


@contextmanager
def reporting(reporter: Reporter) -> Iterator[None]:
    """Have a reporter hear what is told inside the block."""
    token = _reporter.set(reporter)
    try:
        yield
    finally:
        _reporter.reset(token)
