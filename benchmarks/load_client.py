"""A load generator: HTTP/1.1 over kept connections, as little work a request as Python allows.

`closed`: so many connections, each asking again as soon as it is answered; tells what a server can take.
`opened`: requests come when they come, at a rate, whether the server keeps up or not; an answer's time counts
from when its request should have been sent, so that a server that stalls is not asked less.
"""

import asyncio
import random
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

Asker = Generator[bytes, str | None, None]
"""Answers the next request, given the status of the answer to the one before (None at first)."""
BUSY = "503"
LONGEST_ANSWER = 15


@dataclass
class Outcome:
    """What came of asking for some time: seconds of good answers, statuses, and what went wrong otherwise."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    broken: int = 0
    unsent: int = 0
    silent_503: int = 0

    @property
    def good(self) -> int:
        """How many were answered with 2xx."""
        return sum(count for status, count in self.statuses.items() if status.startswith("2"))

    @property
    def shed(self) -> int:
        """How many were turned away with 503 and when to come again."""
        return self.statuses["503"] - self.silent_503

    @property
    def errors(self) -> int:
        """How many were neither answered nor turned away as they should be."""
        return sum(self.statuses.values()) - self.good - self.shed + self.broken

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return self.good / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Answer the time within which that share of good answers came, in milliseconds."""
        ordered = sorted(self.latencies)
        return 1_000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


class Connection(asyncio.Protocol):
    """One connection; `answered` is called with status, head and body of each answer."""

    def __init__(self, answered: Callable[["Connection", bytes, bytes, bytes], None]) -> None:
        self.answered, self.is_open = answered, False
        self.began, self.buffer, self.needed = 0.0, b"", 0
        self.transport: asyncio.Transport | None = None
        self.asker: Asker | None = None
        self.told: str | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport, self.is_open = transport, True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        self.is_open = False

    def go_on(self, began: float) -> None:
        """Ask what its asker asks next; its time counts from `began`."""
        assert self.asker is not None
        self.ask(self.asker.send(self.told), began)

    def ask(self, request: bytes, began: float) -> None:
        """Send a request."""
        assert self.transport is not None
        self.began = began
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        if not self.needed:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self.needed = end + 4 + _length(self.buffer, end)
            self.head = end
        if len(self.buffer) >= self.needed:
            whole, self.buffer, self.needed = self.buffer, b"", 0
            self.told = whole[9:12].decode()
            self.answered(self, whole[9:12], whole[: self.head], whole[self.head + 4 :])


def _length(data: bytes, end: int) -> int:
    at = data.find(b"content-length: ", 0, end)
    return int(data[at + 16 : data.find(b"\r\n", at)]) if at >= 0 else 0


class Counted:
    """Counts answers into an outcome."""

    def __init__(self) -> None:
        self.outcome, self.is_counting = Outcome(), False

    def count(self, connection: Connection, status: bytes, head: bytes, body: bytes) -> None:
        if not self.is_counting:
            return
        outcome, told = self.outcome, status.decode()
        outcome.statuses[told] += 1
        if told[0] == "2":
            outcome.latencies.append(time.perf_counter() - connection.began)
        elif told == BUSY and b"retry-after:" not in head:
            outcome.silent_503 += 1
        elif told != BUSY and outcome.statuses[told] == 1:
            print(f"first {told}: {body[:300]!r}", file=sys.stderr, flush=True)


async def connected(port: int, answered: Callable[[Connection, bytes, bytes, bytes], None]) -> Connection:
    """Open a connection."""
    loop = asyncio.get_running_loop()
    _transport, made = await loop.create_connection(lambda: Connection(answered), "127.0.0.1", port)
    return made


async def closed(port: int, askers: Sequence[Asker], seconds: float, warm: float) -> Outcome:
    """Let each asker ask on a connection of its own, one request after the other, for some seconds after warming up."""
    counted, is_over = Counted(), False

    def answered(connection: Connection, status: bytes, head: bytes, body: bytes) -> None:
        counted.count(connection, status, head, body)
        if not is_over:
            connection.go_on(time.perf_counter())

    made = await _connections(port, askers, answered)
    for connection in made:
        connection.go_on(time.perf_counter())
    await asyncio.sleep(warm)
    counted.is_counting, began = True, time.perf_counter()
    await asyncio.sleep(seconds)
    counted.is_counting, is_over = False, True
    counted.outcome.seconds = time.perf_counter() - began
    counted.outcome.broken = sum(not connection.is_open for connection in made)
    await asyncio.sleep(0.3)
    _close(made)
    return counted.outcome


async def opened(
    port: int, askers: Sequence[Asker], rate: float, seconds: float, *, seed: int = 7
) -> Outcome:
    """Send requests at random instants, `rate` of them a second on average, each on a connection that is free.

    What finds none free waits for one, and its time counts.
    """
    counted, chance = Counted(), random.Random(seed)
    free: deque[Connection] = deque()
    waiting: deque[float] = deque()

    def answered(connection: Connection, status: bytes, head: bytes, body: bytes) -> None:
        counted.count(connection, status, head, body)
        if waiting:
            connection.go_on(waiting.popleft())
        else:
            free.append(connection)

    made = await _connections(port, askers, answered)
    free.extend(made)
    counted.is_counting, began = True, time.perf_counter()
    due = began
    while (now := time.perf_counter()) - began < seconds:
        while due <= now:
            if free:
                free.popleft().go_on(due)
            else:
                waiting.append(due)
            due += chance.expovariate(rate)
        await asyncio.sleep(max(0.0, min(due - time.perf_counter(), 0.002)))
    counted.outcome.seconds = time.perf_counter() - began
    counted.outcome.unsent = len(waiting)
    waiting.clear()
    deadline = time.perf_counter() + LONGEST_ANSWER
    while len(free) < sum(each.is_open for each in made) and time.perf_counter() < deadline:  # noqa: ASYNC110 - once
        await asyncio.sleep(0.01)
    counted.outcome.broken = len(made) - len(free)
    counted.is_counting = False
    _close(made)
    return counted.outcome


async def _connections(
    port: int, askers: Iterable[Asker], answered: Callable[[Connection, bytes, bytes, bytes], None]
) -> list[Connection]:
    made = []
    for asker in askers:
        connection = await connected(port, answered)
        connection.asker = asker
        made.append(connection)
    return made


async def one(port: int, request: bytes) -> tuple[str, bytes, float]:
    """Ask one thing on a connection of its own; answer status, body and seconds."""
    done: asyncio.Future[tuple[str, bytes, float]] = asyncio.get_running_loop().create_future()

    def answered(connection: Connection, status: bytes, _head: bytes, body: bytes) -> None:
        done.set_result((status.decode(), body, time.perf_counter() - connection.began))

    connection = await connected(port, answered)
    connection.ask(request, time.perf_counter())
    found = await done
    _close([connection])
    return found


def _close(connections: Any) -> None:
    for connection in connections:
        if connection.transport is not None:
            connection.transport.close()


def get(path: str, token: str = "") -> bytes:
    """Answer a GET request."""
    shown = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{shown}\r\n".encode()


def post(path: str, token: str, body: bytes) -> bytes:
    """Answer a POST request with a JSON body."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
