"""What is asked under load, and by whom: each connection is one person after the other, with a token of their own."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, cycle
from typing import Final

from benchmarks.load_client import BUSY, Asker, get, post
from benchmarks.load_world import MONTH, Cast

ASKED_IN_A_ROW: Final = 50
"""So many things a manager asks before another one comes to the connection."""
EMPTY, ENTRY, PAGE, SUBMIT, MIXED = (
    "an empty route",
    "one entry",
    "a page of 25",
    "submit a need, read its matches",
    "all of them, mixed",
)
MIX: Final = (("page", 30), ("entry", 45), ("submit", 24), ("coverage", 1))
"""Of a hundred turns so many managers list, managers open, enterprises submit and read, coordinators read coverage."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A thing that is asked under load; `least` is its share of the empty route's throughput that is promised."""

    name: str
    asker: Callable[[], Asker]
    least: float | None = None


class Askers:
    """Makes requests without end; what people of a kind ask is the same on every run."""

    def __init__(self, cast: Cast) -> None:
        self.cast, self.chance = cast, random.Random(11)
        self.managers, self.applicants = cycle(cast.managers), iter(cast.applicants)
        self.coordinators = cycle(cast.coordinators)

    def scenes(self) -> tuple[Scene, ...]:
        """Answer what is measured, in its order."""
        return (
            Scene(EMPTY, self.empty),
            Scene(ENTRY, self.entry, 0.30),
            Scene(PAGE, self.page, 0.20),
            Scene(SUBMIT, self.submit, 0.22),
            Scene(MIXED, self.mixed),
        )

    def empty(self) -> Asker:
        """Ask whether the process lives."""
        request = get("/healthz")
        while True:
            yield request

    def entry(self) -> Asker:
        """Open entries that a manager handles, in any order."""
        while True:
            token, entries = next(self.managers)
            for entry in self.chance.choices(entries, k=ASKED_IN_A_ROW):
                yield get(f"/api/v1/whitelist/entries/{entry}", token)

    def page(self) -> Asker:
        """List what a manager handles."""
        while True:
            token, _entries = next(self.managers)
            for _ in range(ASKED_IN_A_ROW):
                yield get("/api/v1/whitelist/entries?assigned_to=me&limit=25", token)

    def submit(self) -> Asker:
        """Submit the need of a firm, then read its matches; each firm once, each with a session of its own."""
        for token, uscc, facts in self.applicants:
            body = b'{"uscc":"%s","facts":%s}' % (uscc.encode(), facts)
            while (yield post("/api/v1/needs", token, body)) == BUSY:  # it was turned away: it comes again
                pass
            yield get(f"/api/v1/needs/{uscc}/matches", token)
        msg = "every firm of the world has submitted its need: make more of them"
        raise RuntimeError(msg)

    def coverage(self) -> Asker:
        """Read a closed month's coverage by region."""
        while True:
            yield get(f"/api/v1/coverage/{MONTH}?by=region", next(self.coordinators))

    def mixed(self) -> Asker:
        """Ask what all of them ask, in turn by chance."""
        askers = {name: getattr(self, name)() for name, _share in MIX}
        told: dict[str, str | None] = dict.fromkeys(askers)
        names = list(chain.from_iterable([name] * share for name, share in MIX))
        while True:
            name = self.chance.choice(names)
            told[name] = yield askers[name].send(told[name])
            if name == "submit":
                told[name] = yield askers[name].send(told[name])
