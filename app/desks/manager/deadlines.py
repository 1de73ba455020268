"""How pages say by when something is due, and how pressing that is. Pure."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from app.desks.texts import Text
from app.docking.schemas import ClockOut
from app.docking.working_time import Step

SOON_DAYS: Final = 2
"""So many working days before it is due something is called pressing."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when a step is due: in words, how it is shown (good, wait, bad or plain), and the day itself."""

    said: Text
    tone: str
    day: date | None


def deadline(clock: ClockOut) -> Deadline:
    """Answer how pressing a step is; days are working days."""
    left = clock.days_left
    if clock.step is Step.REFRESH:
        return Deadline(Text("随名单更新"), "", clock.due_on)
    if clock.paused_since is not None:
        return Deadline(Text("暂停计时"), "", clock.due_on)
    if left is None:
        return Deadline(Text("工作日历未公布"), "wait", clock.due_on)
    if left < 0:
        return Deadline(Text("逾期 %(days)s 个工作日", days=-left), "bad", clock.due_on)
    if left == 0:
        return Deadline(Text("今日到期"), "wait", clock.due_on)
    return Deadline(
        Text("还有 %(days)s 个工作日", days=left), "wait" if left <= SOON_DAYS else "good", clock.due_on
    )
