"""What a dated table answers when the asked day lies outside of it: an error, never a guess."""

from datetime import date
from typing import ClassVar

from app.kernel.errors import Fault, Unavailable

WORKING_DAYS_REMEDY = "rongqiao reference load --working-days FILE (columns day,is_working)"
LPR_REMEDY = "rongqiao reference load --lpr FILE (columns date,lpr_1y,lpr_5y)"


class CalendarUnknownError(Unavailable):
    """Nobody has published, or the operator has not loaded, the working days of that year."""

    code: ClassVar[str] = "calendar_unknown"
    title: ClassVar[str] = "The working days of that year are not known"

    def __init__(self, day: date, first_year: int, last_year: int) -> None:
        detail = (
            f"The working days of {day.year} are not known (asked for {day.isoformat()}; published "
            f"are {first_year} to {last_year}). Load the year's table: {WORKING_DAYS_REMEDY}."
        )
        fault = Fault("day", "no working-day table covers it", WORKING_DAYS_REMEDY, day.isoformat())
        super().__init__(detail, [fault])
        self.year = day.year


class LprUnknownError(Unavailable):
    """The day lies before the first quote that is known."""

    code: ClassVar[str] = "lpr_unknown"
    title: ClassVar[str] = "No loan prime rate was in force on that day"

    def __init__(self, day: date, first: date | None) -> None:
        known = f"the first known quote is of {first.isoformat()}" if first else "no quote is known"
        detail = f"No loan prime rate is known for {day.isoformat()}: {known}. {LPR_REMEDY}."
        fault = Fault("date", known, LPR_REMEDY, day.isoformat())
        super().__init__(detail, [fault])
