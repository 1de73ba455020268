"""Seconds and memory of a piece of work."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_BETWEEN_SAMPLES = 0.005


@dataclass
class Measure:
    """What a piece of work took; `peak_mb` is what resident memory grew by at its peak. Filled in at its end."""

    seconds: float = 0.0
    peak_mb: float = 0.0


@contextmanager
def measure() -> Iterator[Measure]:
    """Measure the work inside; memory is sampled, and what the process held before and uses again is not counted."""
    found, done = Measure(), threading.Event()
    before = peak = _resident_mb()

    def watch() -> None:
        nonlocal peak
        while not done.wait(_BETWEEN_SAMPLES):
            peak = max(peak, _resident_mb())

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    try:
        yield found
    finally:
        found.seconds = time.perf_counter() - started
        done.set()
        watcher.join()
        found.peak_mb = max(peak, _resident_mb()) - before


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
