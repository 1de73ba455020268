"""Why a day is no working day: the public holiday's Chinese name, or the weekend (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from chinese_calendar import get_holiday_detail

from app.reference.working_days import FIXED_HOLIDAYS, WorkingCalendar, is_published

_NAMES: Final[Mapping[str, str]] = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "National Day": "国庆节",
    "Mid-autumn Festival": "中秋节",
    "Anti-Fascist 70th Day": "抗战胜利纪念日",
}
_BY_MONTH: Final[Mapping[int, str]] = {1: "元旦", 5: "劳动节", 10: "国庆节"}
_WEEKEND: Final[Mapping[int, str]] = {5: "星期六", 6: "星期日"}


@dataclass(frozen=True, slots=True)
class DayOff:
    """Why nobody works; a public holiday includes its days off in lieu (调休)."""

    name: str
    is_public_holiday: bool


def day_off(calendar: WorkingCalendar, day: date) -> DayOff | None:
    """Answer why a day is off, None for a working day.

    Raises:
        CalendarUnknownError: neither the library nor the operator knows the day.
    """
    if calendar.is_working_day(day):
        return None
    if (day.month, day.day) in FIXED_HOLIDAYS:
        return DayOff(_BY_MONTH[day.month], is_public_holiday=True)
    name = get_holiday_detail(day)[1] if is_published(day.year) else None
    if name is not None:
        return DayOff(_NAMES.get(name, name), is_public_holiday=True)
    if (weekend := _WEEKEND.get(day.weekday())) is not None and calendar.extra.get(day) is None:
        return DayOff(weekend, is_public_holiday=False)
    return DayOff("经办方日历所列的放假日", is_public_holiday=True)
