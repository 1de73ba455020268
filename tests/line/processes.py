"""Several processes of the service: each is forked from one that has loaded the program, and runs `rongqiao` as a shell would."""

import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Final

import httpx

PATIENCE_SECONDS: Final = 60
"""When to give up waiting for what will not come; no test asserts how long things take."""


def rongqiao(words: Sequence[str], environment: Mapping[str, str]) -> None:
    """Be a process that runs the command line in an environment."""
    from app.cli import main  # noqa: PLC0415 - in the child alone
    from app.kernel.settings import get_settings  # noqa: PLC0415

    os.environ.update(environment)
    get_settings.cache_clear()
    sys.argv = ["rongqiao", *words]
    main()


class Processes:
    """Servers and workers, which all end with the block."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._context: ForkServerContext = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.line.loaded", __name__])
        self._made: list[ForkServerProcess] = []

    def begin(self, *words: str, **environment: str) -> ForkServerProcess:
        """Begin a process of the service."""
        made = self._context.Process(target=rongqiao, args=(words, self._environment | environment))
        made.start()
        self._made.append(made)
        return made

    def serve(self) -> tuple[ForkServerProcess, httpx.Client]:
        """Begin a server; answer it and a client of it, which may not be ready yet."""
        port = free_port()
        made = self.begin("serve", RONGQIAO_PORT=str(port))
        return made, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS)

    def end(self) -> None:
        """Kill what still runs."""
        for one in self._made:
            one.kill()
            one.join()
            one.close()


@contextmanager
def processes(environment: Mapping[str, str]) -> Iterator[Processes]:
    """Open a group of processes."""
    made = Processes(environment)
    try:
        yield made
    finally:
        made.end()


def terminated(process: ForkServerProcess) -> int | None:
    """Ask a process to end (SIGTERM), wait for it, and answer its exit status."""
    assert process.pid is not None
    os.kill(process.pid, signal.SIGTERM)
    process.join(PATIENCE_SECONDS)
    return process.exitcode


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds; say what was waited for if it does not."""
    given_up_at = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < given_up_at, what
        time.sleep(0.05)


def is_ready(client: httpx.Client) -> bool:
    """Tell whether a server takes requests."""
    try:
        return client.get("/readyz").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def free_port() -> int:
    """Answer a port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
