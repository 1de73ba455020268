"""What goes wrong: processes killed, connections ended, servers cut off, disks full, clocks astray.

Everything is drawn from a seeded generator, so that a case can be repeated. Most of it happens at a database event
of the process under way, counted as an undisturbed attempt passes them: a statement begun or ended, a commit begun or
ended; some of it at a moment of time.
"""

import random
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

from tests.chaos.children import Child
from tests.chaos.orders import Order
from tests.chaos.proxy import Proxy
from tests.chaos.stores import PostgresStore, Store
from tests.chaos.switchboard import Switchboard

POLL_SECONDS: Final = 0.0005
AT_THE_END: Final = 0.3
FULL_SECONDS: Final = 1.0
FULL_AT_BYTES: Final = 32 * 1024
"""Where a disk is full: no file grows beyond it. Logs of a child are shorter, what a transaction writes is longer."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How an undisturbed attempt went: how many events it passed, and how long it took."""

    events: int
    seconds: float


@dataclass
class Scene:
    """Where mischief is made: at an order, carried out by a process that looks at a switchboard."""

    order: Order
    role: str
    board: Switchboard
    store: Store
    database: str
    proxy: Proxy | None


class Mischief(Protocol):
    """Something that goes wrong during one attempt."""

    kind: str

    def before(self, scene: Scene) -> None:
        """Prepare it; the process may not be there yet."""

    def during(self, scene: Scene, child: Child) -> None:
        """Set it off when its time comes; the process is there and begins to work now."""

    def after(self, scene: Scene) -> bool:
        """Mend what a user would see mended; tell whether it happened at all."""


@dataclass
class KillAtEvent:
    """SIGKILL at a database event."""

    at: int
    kind: str = "SIGKILL at a statement or commit"
    child: Child | None = None

    def before(self, scene: Scene) -> None:
        scene.board.kill_after(self.at)

    def during(self, _scene: Scene, child: Child) -> None:
        self.child = child

    def after(self, scene: Scene) -> bool:
        scene.board.kill_after(0)
        assert self.child is not None
        return self.child.ended.wait(0.05) and self.child.code == -9


@dataclass
class KillAtMoment:
    """SIGKILL from outside after some seconds."""

    seconds: float
    kind: str = "SIGKILL at a moment"
    child: Child | None = None
    timer: threading.Timer | None = None

    def before(self, scene: Scene) -> None:
        """Nothing is to be prepared."""

    def during(self, _scene: Scene, child: Child) -> None:
        self.child = child
        self.timer = threading.Timer(self.seconds, child.signal, (9,))
        self.timer.start()

    def after(self, _scene: Scene) -> bool:
        assert self.timer is not None
        assert self.child is not None
        self.timer.cancel()
        self.timer.join()
        return self.child.ended.wait(0.05) and self.child.code == -9


@dataclass
class AtEvent:
    """Something done from outside once the process has passed some events; `mend` is done after the attempt."""

    kind: str
    at: int
    act: Callable[[Scene, Child], None]
    mend: Callable[[Scene, Child], None] = field(default=lambda _scene, _child: None)
    happened: bool = False
    failure: Exception | None = None
    child: Child | None = None
    watcher: threading.Thread | None = None
    is_over: threading.Event = field(default_factory=threading.Event)

    def before(self, scene: Scene) -> None:
        """Nothing is to be prepared."""

    def during(self, scene: Scene, child: Child) -> None:
        self.child = child
        self.watcher = threading.Thread(target=self._watch, args=(scene, child, scene.board.events + self.at))
        self.watcher.start()

    def _watch(self, scene: Scene, child: Child, at: int) -> None:
        while not self.is_over.is_set() and child.is_alive:
            if scene.board.events >= at:
                self.happened = True
                try:
                    self.act(scene, child)
                except Exception as error:  # noqa: BLE001 - told where it is waited for
                    self.failure = error
                return
            time.sleep(POLL_SECONDS)

    def after(self, scene: Scene) -> bool:
        self.is_over.set()
        assert self.watcher is not None
        assert self.child is not None
        self.watcher.join()
        if self.failure is not None:
            raise self.failure
        if self.happened:
            self.mend(scene, self.child)
        return self.happened


@dataclass
class Skew:
    """The process's clock is wrong during an attempt, and right again after it."""

    by: timedelta
    kind: str = "clock astray"

    def before(self, scene: Scene) -> None:
        scene.board.set_clock(scene.order.at + self.by)

    def during(self, _scene: Scene, _child: Child) -> None:
        """It is wrong from the start."""

    def after(self, scene: Scene) -> bool:
        scene.board.set_clock(scene.order.at)
        return True


def terminate_connections(at: int) -> AtEvent:
    """End the database connections of the process, in the middle of a transaction or not."""

    def act(scene: Scene, _child: Child) -> None:
        assert isinstance(scene.store, PostgresStore)
        scene.store.terminate(scene.database)

    return AtEvent("connections terminated by the server", at, act)


def restart_database(at: int) -> AtEvent:
    """Stop the database server as a power cut would, and start it again."""

    def act(scene: Scene, _child: Child) -> None:
        assert isinstance(scene.store, PostgresStore)
        scene.store.restart_at_once()

    return AtEvent("database server stopped at once and restarted", at, act)


def cut_network(at: int) -> AtEvent:
    """Reset every connection between the service and the database."""

    def act(scene: Scene, _child: Child) -> None:
        assert scene.proxy is not None
        scene.proxy.cut()

    return AtEvent("network connections reset", at, act)


def stall_network(at: int, seconds: float, *, is_cut: bool) -> AtEvent:
    """Let nothing through for some time; then it goes on, or breaks."""

    def act(scene: Scene, _child: Child) -> None:
        assert scene.proxy is not None
        scene.proxy.stall()
        time.sleep(seconds)
        if is_cut:
            scene.proxy.cut()
        scene.proxy.let_through()

    return AtEvent("network stalled, then reset" if is_cut else "network stalled", at, act)


def delay_network(seconds: float) -> AtEvent:
    """Let every piece wait on the network."""

    def act(scene: Scene, _child: Child) -> None:
        assert scene.proxy is not None
        scene.proxy.delay(seconds)

    def mend(scene: Scene, _child: Child) -> None:
        assert scene.proxy is not None
        scene.proxy.let_through()

    return AtEvent("network slow", 1, act, mend)


def fill_disk(at: int) -> AtEvent:
    """Let no file grow any more for a while: of the process on SQLite, of the server's own for it on PostgreSQL."""

    def act(scene: Scene, child: Child) -> None:
        _limit(scene, child, FULL_AT_BYTES)
        child.ended.wait(FULL_SECONDS)
        _limit(scene, child, None)

    return AtEvent("disk full", at, act)


def _limit(scene: Scene, child: Child, size: int | None) -> None:
    if isinstance(scene.store, PostgresStore):
        _limit_backends(scene.store, scene.database, size)
    else:
        child.limit_files(-1 if size is None else size)


def _limit_backends(store: PostgresStore, database: str, size: int | None) -> None:
    limit = "unlimited" if size is None else str(size)
    for pid in store.backends(database):
        # As the server's own user, who alone may: root of a container need not be allowed to. One that ended is gone.
        command = ["prlimit", "--pid", str(pid), f"--fsize={limit}:"]
        subprocess.run(command, user=store.server.system_user, check=False, capture_output=True)


def draw(chance: random.Random, pace: Pace, store: Store, *, has_proxy: bool) -> Mischief:
    """Draw what goes wrong at an attempt whose undisturbed pace is known."""
    last = max(pace.events, 1)
    # What is most delicate is at the end: before, during and after the commit.
    at = chance.randint(max(last - 2, 1), last) if chance.random() < AT_THE_END else chance.randint(1, last)
    moment = chance.uniform(0, pace.seconds)
    kinds: list[tuple[float, Callable[[], Mischief]]] = [
        (6, lambda: KillAtEvent(at)),
        (3, lambda: KillAtMoment(moment)),
    ]
    if not isinstance(store, PostgresStore) or store.server is not None:
        kinds.append((2, lambda: fill_disk(at)))
    if isinstance(store, PostgresStore):
        kinds.append((2, lambda: terminate_connections(at)))
        if store.server is not None:
            kinds.append((1, lambda: restart_database(at)))
    if has_proxy:
        kinds += [
            (1, lambda: cut_network(at)),
            (0.5, lambda: stall_network(at, chance.uniform(0.1, 0.6), is_cut=True)),
            (0.5, lambda: stall_network(at, chance.uniform(0.1, 0.6), is_cut=False)),
            (0.5, lambda: delay_network(chance.uniform(0.001, 0.008))),
        ]
    [make] = chance.choices([make for _weight, make in kinds], [weight for weight, _make in kinds])
    return make()


def draw_skew(chance: random.Random, longest: timedelta) -> Skew:
    """Draw by how much a clock is wrong: forward or backward, up to a length."""
    seconds = chance.uniform(-1, 1) * longest.total_seconds()
    return Skew(timedelta(seconds=round(seconds)))
