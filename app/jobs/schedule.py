"""What is done every so often, by one worker of all: each slot of time is claimed in the database."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from app.jobs import queries
from app.jobs.rules import may_claim, slot_of
from app.kernel.database import Sessions, transaction


@dataclass(frozen=True, slots=True)
class Schedule:
    """Something done once in each slot of so many seconds; done again it does no harm, left out it waits a slot."""

    name: str
    every: int
    work: Callable[[datetime], Awaitable[object]]


async def claim(sessions: Sessions, name: str, slot: int, *, worker: str, now: datetime) -> bool:
    """Claim a slot; tell whether it was still to be had."""
    async with transaction(sessions) as session:
        claimed = await queries.slot(session, name)
        if not may_claim(slot, claimed):
            return False
        return await queries.claim_slot(session, name, slot, claimed, worker, now)


class Due:
    """Tells which slots have begun since it was last asked."""

    def __init__(self, schedules: tuple[Schedule, ...]) -> None:
        self._schedules = schedules
        self._told: dict[str, int] = {}

    def now_due(self, now: datetime) -> list[tuple[str, int]]:
        """Answer names and slots that are new."""
        slots = {each.name: slot_of(now.timestamp(), each.every) for each in self._schedules}
        found = [(name, slot) for name, slot in slots.items() if self._told.get(name) != slot]
        self._told = slots
        return found
