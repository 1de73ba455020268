"""The harness's side of the nursery: children that are begun, waited for and killed."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from app.kernel.settings import PROJECT_ROOT
from tests.chaos.switchboard import Switchboard

PATIENCE_SECONDS: Final = 120
KILLED: Final = -signal.SIGKILL


class Stuck(RuntimeError):
    """A child did not end, or did not begin to serve, in a time in which it should."""


@dataclass
class Child:
    """One process of the service."""

    name: str
    board: Switchboard
    out: Path
    began_at_byte: int
    pid: int = 0
    code: int | None = None
    began: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def is_alive(self) -> bool:
        """Tell whether it still runs."""
        return not self.ended.is_set()

    def said(self) -> str:
        """Answer what it printed and logged."""
        with self.out.open("rb") as file:
            file.seek(self.began_at_byte)
            return file.read().decode("utf-8", "replace")

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Answer its exit status, negative for a signal.

        Raises:
            Stuck: it runs still.
        """
        if not self.ended.wait(seconds):
            msg = f"{self.name} did not end within {seconds} seconds; it said:\n{self.said()[-2000:]}"
            raise Stuck(msg)
        assert self.code is not None
        return self.code

    def kill(self) -> None:
        """Kill it at once, if it lives, and see it gone."""
        self.signal(signal.SIGKILL)
        self.wait()

    def signal(self, number: int) -> None:
        """Send it a signal, if it lives."""
        if self.is_alive:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def limit_files(self, size: int) -> None:
        """Let no file that it writes grow beyond a size, as on a full disk; -1 takes the limit away."""
        limit = resource.RLIM_INFINITY if size < 0 else size
        if self.is_alive:
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))


class Nursery:
    """One process that forks children; it ends with the block, and all children with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._children: dict[int, Child] = {}
        self._waiting: dict[str, Child] = {}
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery"],
            cwd=PROJECT_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ready = threading.Event()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        if not self._ready.wait(PATIENCE_SECONDS):
            msg = "the nursery did not come up"
            raise Stuck(msg)
        return self

    def __exit__(self, *_what: object) -> None:
        for child in list(self._children.values()):
            child.signal(signal.SIGKILL)
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.kill()  # it holds nothing
        self._process.wait(PATIENCE_SECONDS)
        self._listener.join(PATIENCE_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def begin(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], board: Switchboard
    ) -> Child:
        """Begin `rongqiao` with some arguments; its switchboard keeps clock and place to die."""
        out = self._folder / f"{name}.log"
        out.touch()  # a child may be killed before it says a word
        child = Child(name, board, out, out.stat().st_size)
        with self._lock:
            self._waiting[name] = child
        wanted = {
            "name": name,
            "arguments": list(arguments),
            "environment": dict(environment),
            "out": str(out),
            "switchboard": str(board.path),
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(wanted) + "\n")
        self._process.stdin.flush()
        if not child.began.wait(PATIENCE_SECONDS):
            msg = f"{name} did not begin"
            raise Stuck(msg)
        return child

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told = json.loads(line)
            if "ready" in told:
                self._ready.set()
            elif "began" in told:
                with self._lock:
                    child = self._waiting.pop(told["name"])
                child.pid = told["began"]
                self._children[child.pid] = child
                child.began.set()
            else:
                child = self._children.pop(told["ended"])
                child.code = told["code"]
                child.ended.set()
