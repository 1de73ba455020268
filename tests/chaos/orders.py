"""What is done in each walk, step by step: the same work as a command, as a request, or as a job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.chaos.world import EDITION, LIBRARY, MONTH, World, entries_in_hand

LEASE_OVER: Final = timedelta(minutes=6)
"""After so long a message that a killed sender held may be sent again (notifications/delivery.py)."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request that creates something; it is sent with an idempotency key."""

    path: str
    body: Mapping[str, Any] | None = None
    is_roster: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """One thing that a user asks for, once.

    `already` is what a refusal says when what is asked for was done: whoever repeats an order after its process
    died may be told so. `request` is the same over HTTP where there is such a route; `can_wait` as a job too.
    """

    step: str
    name: str
    at: datetime
    command: Sequence[str]
    request: Request | None = None
    can_wait: bool = False
    already: str = ""
    settles: bool = False
    """It lets come to its end what a disturbance before it held up, and is left in peace itself."""


def _at(day: int, hour: int, minute: int = 0, month: int = 10) -> datetime:
    return datetime(2023, month, day, hour, minute, tzinfo=UTC)


@dataclass
class Orders:
    """The orders of a walk; those that depend on what came before are made when their turn comes."""

    world: World
    sync_url: str
    steps: Sequence[str] = field(
        default=("import", "match", "allocate", "docking", "simulate", "close", "rounds")
    )

    def of(self, step: str) -> list[Order]:
        """Answer a step's orders."""
        made: list[Order] = getattr(self, f"_{step}")()
        return made

    def _import(self) -> list[Order]:
        command = ["whitelist", "import", str(self.world.roster), "--edition", EDITION, "--accept-valid"]
        fields = {"edition": EDITION, "accept_valid": "true"}
        opening = Order(
            "import", "open edition", _at(16, 2), ["whitelist", "edition", EDITION],
            Request("/whitelist/editions", {"code": EDITION}),
        )  # fmt: skip
        request = Request("/whitelist/imports", fields, is_roster=True)
        return [opening, Order("import", "import", _at(16, 2, 30), command, request, can_wait=True)]

    def _match(self) -> list[Order]:
        command = ["match", "run", "--edition", EDITION, "--library", LIBRARY, "--on", "2023-10-16"]
        body = {"edition": EDITION, "library": LIBRARY, "on": "2023-10-16"}
        return [Order("match", "match", _at(16, 4), command, Request("/matches/runs", body), can_wait=True)]

    def _allocate(self) -> list[Order]:
        command = ["allocate", "run", "--edition", EDITION]
        request = Request("/allocations", {"edition": EDITION})
        return [Order("allocate", "allocate", _at(16, 7), command, request, can_wait=True)]

    def _docking(self) -> list[Order]:
        first, second, third = entries_in_hand(self.sync_url, 3)
        return [
            self._event(first, "accepted", 1),
            self._event(first, "contacted", 2),
            self._event(first, "credit_approved", 3, amount="100000.00", rate="3.45", term_months=12, is_credit_loan=True),
            self._event(first, "disbursed", 4, amount="50000.00"),
            self._event(second, "contacted", 2),
            self._event(second, "declined", 5, reason="single_bank_limit", evidence="授信审查意见书第12号"),
            self._event(third, "contacted", 1),
            self._event(third, "visited", 3),
        ]  # fmt: skip

    def _event(self, entry: str, kind: str, hour: int, **fields: Any) -> Order:
        moment = _at(18, hour)
        local = (moment + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M")
        command = ["docking", "log", entry, kind, "--at", local]
        for name, value in fields.items():
            if isinstance(value, bool):
                command.append("--credit-loan")
            else:
                command += ["--" + name.removesuffix("_months"), str(value)]
        body = {"kind": kind, "occurred_at": moment.isoformat()} | fields
        request = Request(f"/whitelist/entries/{entry}/docking-events", body)
        return Order("docking", kind, _at(18, 8), command, request)

    def _simulate(self) -> list[Order]:
        command = ["docking", "simulate", "--edition", EDITION, "--until", "2023-10-31", "--seed", "5"]
        return [Order("simulate", "simulate", _at(1, 0, month=11), command)]

    def _close(self) -> list[Order]:
        request = Request(f"/coverage/{MONTH}/close")
        command = ["coverage", "close", MONTH]
        return [
            Order(
                "close", "close", _at(1, 1, 30, month=11), command, request, can_wait=True, already="closed"
            )
        ]

    def _rounds(self) -> list[Order]:
        at, deliver = _at(10, 2, month=11), ["notices", "deliver"]
        return [
            Order("rounds", "rounds", at, ["rounds", "make"]),
            Order("rounds", "deliver", at + LEASE_OVER, deliver),
            Order("rounds", "deliver what was held", at + 2 * LEASE_OVER, deliver, settles=True),
        ]
