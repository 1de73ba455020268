"""Walks through all steps: once undisturbed, then again and again with something going wrong, compared after each step."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import make_url

from tests.chaos import content, invariants
from tests.chaos.children import Nursery
from tests.chaos.content import Content, Instants, Rows
from tests.chaos.doors import CommandDoor, Door, Fate, HttpDoor, Place, nothing
from tests.chaos.jobs_door import JobsDoor
from tests.chaos.mischief import Mischief, Pace, Scene, Skew, draw, draw_skew
from tests.chaos.orders import Order, Orders
from tests.chaos.proxy import Proxy
from tests.chaos.stores import WORLD, PostgresStore
from tests.chaos.world import World
from tests.notifications.servers import MailServer, Receiver

NO_PACE: Final = Pace(0, 0)
MOST_ATTEMPTS: Final = 8
DISTURBED_AGAIN: Final = 0.3
"""Chance that the attempt after a disturbed one is disturbed too."""
BREATH_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Manner:
    """A manner of walking: by which door, with what going wrong, and how much of an instant counts afterwards."""

    door: Callable[[Place], Door]
    instants: Instants = Instants.EXACT
    skew: timedelta | None = None
    is_compared: bool = True
    without: frozenset[str] = frozenset()


MANNERS: Final = {
    "command": Manner(CommandDoor),
    "http": Manner(HttpDoor),
    # After a kill the next round is made in the next slot, some minutes later.
    "jobs": Manner(JobsDoor, Instants.DAYS),
    # What is simulated follows from the instants of what was before.
    "skewed": Manner(HttpDoor, Instants.NONE, timedelta(hours=5), without=frozenset({"simulate"})),
    # By days another day's work is done, or refused: nothing is lost for it, and everything still holds.
    "astray": Manner(HttpDoor, Instants.NONE, timedelta(days=60), is_compared=False),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One attempt at one order during which something went wrong."""

    store: str
    door: str
    walk: int
    step: str
    role: str
    kind: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must not be, and how to see it again."""

    where: str
    what: str


@dataclass
class Report:
    """What came of all walks."""

    cases: list[Case] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    walks: int = 0
    repetitions: int = 0


@dataclass
class Reference:
    """The undisturbed walk: what the database said after each step, and at what pace each order was carried out."""

    contents: dict[str, Content] = field(default_factory=dict)
    notes: dict[str, Rows] = field(default_factory=dict)
    paces: dict[tuple[str, int, str], Pace] = field(default_factory=dict)


@dataclass
class Lane:
    """All walks over one database: its world, its nursery, its receivers."""

    world: World
    nursery: Nursery
    folder: Path
    receiver: Receiver
    mails: MailServer
    seed: int
    report: Report
    steps: Sequence[str] | None = None

    def reference(self, door: str) -> Reference:
        """Walk undisturbed.

        Raises:
            RuntimeError: an order was not carried out.
        """
        made = Reference()
        if not MANNERS[door].is_compared:
            return made
        with self._walking(door, "reference") as walk:
            for step in walk.steps():
                for number, order in enumerate(walk.orders.of(step)):
                    for role, pace in walk.undisturbed(order, number).items():
                        made.paces[step, number, role] = pace
                made.contents[step] = walk.content()
                made.notes[step] = content.noted(walk.sync_url)
            broken = walk.broken()
        if broken:
            msg = f"the undisturbed walk over {self.world.store.name} by {door} is broken: {broken}"
            raise RuntimeError(msg)
        return made

    def disturbed(self, door: str, number: int, reference: Reference, *, only: str | None = None) -> None:
        """Walk with something going wrong at every step, or at one; report each difference."""
        name = f"{self.world.store.name}/{door}/{number}"
        with self._walking(door, f"walk{number}") as walk:
            for step in walk.steps():
                where = f"{name}/{step}"
                chance = random.Random(f"{self.seed}/{where}")
                is_disturbed = only is None or only == step
                walk.step(step, reference, chance if is_disturbed else None, number)
                found = walk.differences(step, reference)
                self.report.findings += [Finding(where, one) for one in (*walk.rough, *found)]
                walk.rough.clear()
                if found:
                    break  # whatever follows differs too
            self.report.findings += [Finding(name, one) for one in walk.broken()]
            self.report.repetitions += invariants.repetitions(invariants.arrivals(self.receiver, self.mails))
        self.report.walks += 1

    @contextmanager
    def _walking(self, door: str, name: str) -> Iterator["Walk"]:
        store, database = self.world.store, f"chaos_{door}_{name}"
        self.receiver.requests.clear()
        self.mails.mails.clear()
        store.copy(WORLD, database)
        url, proxy = store.url(database), None
        if isinstance(store, PostgresStore):
            proxy = Proxy(store.address())
            url = (
                make_url(url)
                .set(host="127.0.0.1", port=proxy.port, query={})
                .render_as_string(hide_password=False)
            )
        with proxy or nullcontext():
            place = Place(self.world, url, store.sync_url(database), self.nursery, self.folder)
            opened = MANNERS[door].door(place)
            try:
                yield Walk(self, MANNERS[door], opened, place, database, proxy)
            finally:
                opened.close()
                store.drop(database)


@dataclass
class Walk:
    """One walk over one copy of the world."""

    lane: Lane
    manner: Manner
    door: Door
    place: Place
    database: str
    proxy: Proxy | None
    rough: list[str] = field(default_factory=list)

    @property
    def sync_url(self) -> str:
        """Where the harness looks into the database."""
        return self.lane.world.store.sync_url(self.database)

    @property
    def orders(self) -> Orders:
        """What is to be done."""
        return Orders(self.lane.world, self.sync_url)

    def steps(self) -> Sequence[str]:
        """Answer the steps to walk."""
        steps = self.lane.steps or self.orders.steps
        return [step for step in steps if step not in self.manner.without]

    def undisturbed(self, order: Order, place: int) -> dict[str, Pace]:
        """Carry out an order at once; answer at what pace each process worked at it.

        Raises:
            RuntimeError: it was not carried out.
        """
        roles = self.door.roles_of(order)
        self.place.set_clock(order)
        self.door.prepare(order)
        passed, began = {role: self.place.board(role).events for role in roles}, time.monotonic()
        outcome = self.door.attempt(order, self._key(order, place), roles[0], nothing)
        if outcome.fate is not Fate.DONE:
            msg = f"{order.step}/{order.name} undisturbed: {outcome}"
            raise RuntimeError(msg)
        seconds = time.monotonic() - began
        return {
            role: Pace(self.place.board(role).events - before, seconds) for role, before in passed.items()
        }

    def step(self, step: str, reference: Reference, chance: random.Random | None, number: int) -> None:
        """Carry out a step's orders, each disturbed at least once if there is a generator to draw from."""
        for place, order in enumerate(self.orders.of(step)):
            paces = {
                role: reference.paces.get((step, place, role), NO_PACE) for role in self.door.roles_of(order)
            }
            self._carry_out(order, self._key(order, place), paces, chance, number)

    def _carry_out(
        self, order: Order, key: str, paces: Mapping[str, Pace], chance: random.Random | None, number: int
    ) -> None:
        is_next = not order.settles
        for _attempt in range(MOST_ATTEMPTS):
            role, mischief = self.door.roles_of(order)[0], None
            if chance is not None and is_next:
                role = chance.choice(self.door.roles_of(order))
                mischief = self._drawn(chance, paces[role])
            fate = self._attempt(order, key, role, mischief, number)
            # Whoever has the wrong time may be refused, and changes nothing.
            is_astray = isinstance(mischief, Skew)
            if fate is Fate.DONE or (fate is Fate.REFUSED and not is_astray):
                return
            is_next = is_next and chance is not None and chance.random() < DISTURBED_AGAIN
            time.sleep(0 if is_next else BREATH_SECONDS)
        self.rough.append(f"{order.name} was not carried out in {MOST_ATTEMPTS} attempts")

    def _attempt(self, order: Order, key: str, role: str, mischief: Mischief | None, number: int) -> Fate:
        self.place.set_clock(order)
        self.door.prepare(order)
        if mischief is None:
            outcome = self.door.attempt(order, key, role, nothing)
        else:
            scene = Scene(
                order, role, self.place.board(role), self.lane.world.store, self.database, self.proxy
            )
            mischief.before(scene)
            outcome = self.door.attempt(order, key, role, lambda child: mischief.during(scene, child))
            if mischief.after(scene):
                store, door = self.lane.world.store.name, self.door.name
                self.lane.report.cases.append(Case(store, door, number, order.step, role, mischief.kind))
        if outcome.rough:
            kind = mischief.kind if mischief is not None else "nothing"
            self.rough.append(f"{order.name} ended roughly upon “{kind}”: {outcome.rough[-1500:]}")
        is_told = bool(order.already) and order.already in outcome.said
        may_be_refused = is_told or isinstance(mischief, Skew) or not self.manner.is_compared
        if outcome.fate is Fate.REFUSED and not may_be_refused:
            self.rough.append(f"{order.name} was refused: {outcome.said[:1500]}")
        return outcome.fate

    def _key(self, order: Order, place: int) -> str:
        return f"{order.step}-{place}"

    def content(self) -> Content:
        """Answer what the database says."""
        self.lane.world.store.await_ready()
        return content.content_of(self.sync_url, self.manner.instants)

    def _drawn(self, chance: random.Random, pace: Pace) -> Mischief:
        if self.manner.skew is not None:
            return draw_skew(chance, self.manner.skew)
        return draw(chance, pace, self.lane.world.store, has_proxy=self.proxy is not None)

    def differences(self, step: str, reference: Reference) -> list[str]:
        """Answer how the database differs from the undisturbed walk's after this step."""
        if not self.manner.is_compared:
            return []
        found = content.differences(reference.contents[step], self.content())
        expected, noted = reference.notes[step], content.noted(self.sync_url)
        lost = [f"audit_events: lost: {one}" for one in sorted((expected - noted).keys())]
        strange = [f"audit_events: of its own: {one}" for one in sorted(noted.keys() - expected.keys())]
        return [str(one) for one in found] + lost + strange

    def broken(self) -> list[str]:
        """Answer which invariants do not hold."""
        arrived = invariants.arrivals(self.lane.receiver, self.lane.mails)
        return invariants.broken(self.lane.world.store.url(self.database), self.sync_url, arrived)
