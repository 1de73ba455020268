"""The worker beside a server is there again, whatever ended it or kept it from beginning."""

import subprocess
import sys
import threading
from typing import Any

import pytest

from app.cli import worker


def test_a_worker_that_ended_or_could_not_be_begun_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []
    is_over, lives = threading.Event(), threading.Event()
    begin = subprocess.Popen

    def popen(_command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        tries.append(1)
        if len(tries) == 1:
            raise BlockingIOError(11, "no room for another process")
        code = "import sys; sys.exit(3)" if len(tries) == 2 else "import sys; sys.stdin.read()"
        if len(tries) == 3:
            lives.set()
        return begin([sys.executable, "-S", "-c", code], **options)

    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setattr(worker, "RESTART_SECONDS", 0.01)
    keeper = threading.Thread(target=worker._keep, args=(is_over, 5))
    keeper.start()
    assert lives.wait(60)
    is_over.set()
    keeper.join(60)
    assert not keeper.is_alive()
    assert len(tries) == 3
