"""When a reminder goes out and up to whom a late step is raised (pure).

Days late are Chinese working days after the due day. The ladder is the operator's (`docking.escalation`):
who stands on it is told from that many days on, the nearest first. What a coordinator or public body
owes has no bank on its ladder: it begins with the county.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from app.docking.clock import Turn
from app.docking.kinds import LEVELS, Level
from app.docking.working_time import DayCounter, Step, days_left

OF_INSTITUTIONS: Final = frozenset({Level.MANAGER, Level.BANK_ADMINISTRATOR})
Ladder = Mapping[Level, int]
"""From how many working days late on each level is told."""


def ladder_of(value: Mapping[str, object]) -> dict[Level, int]:
    """Read the ladder from `docking.escalation` as it applies."""
    return {Level(name): int(str(days)) for name, days in value.items()}


def raised_to(
    turn: Turn, due_on: date | None, today: date, ladder: Ladder, counter: DayCounter
) -> Level | None:
    """Answer the highest level that has to know of a step today; None: nobody, or its working days are unknown."""
    left = days_left(counter, today, due_on)
    if left is None or left >= 0:
        return None
    told = [level for level in _rungs(turn, ladder) if -left >= ladder[level]]
    return told[-1] if told else None


def newly_told(turn: Turn, level: Level, before: Level | None, ladder: Ladder) -> tuple[Level, ...]:
    """Answer who hears of a step for the first time when it is raised: that level, and those passed over since before.

    They are more than one where no round was made for days.
    """
    return tuple(one for one in _rungs(turn, ladder) if is_higher(one, before) and not is_higher(one, level))


def _rungs(turn: Turn, ladder: Ladder) -> list[Level]:
    open_to = (level for level in LEVELS if turn is Turn.INSTITUTION or level not in OF_INSTITUTIONS)
    return [level for level in open_to if level in ladder]


def is_higher(level: Level, than: Level | None) -> bool:
    """Say whether a level stands above another."""
    return than is None or LEVELS.index(level) > LEVELS.index(than)


def owes_reminder(
    step: Step, due_on: date | None, remind_on: date | None, today: date, *, is_reminded: bool
) -> bool:
    """Say whether a step's owner is to be reminded today: once a step, from its day up to the day it is due."""
    if step is Step.REFRESH or is_reminded or due_on is None or remind_on is None:
        return False
    return remind_on <= today <= due_on
