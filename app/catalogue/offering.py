"""How a product stands to the library of this quarter and of the coming one. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from app.catalogue.quarters import Quarter, quarter_with


class OfferState(StrEnum):
    """What its institution has to know first of a product."""

    NOT_BEGUN = "not_begun"
    ENDED = "ended"
    PAUSED = "paused"
    TO_CONFIRM = "to_confirm"
    ENDING = "ending"
    CONFIRMED = "confirmed"


OFFER_LABELS: Final[Mapping[OfferState, str]] = {
    OfferState.NOT_BEGUN: "尚未生效",
    OfferState.ENDED: "已失效",
    OfferState.PAUSED: "下季度暂停",
    OfferState.TO_CONFIRM: "待确认",
    OfferState.ENDING: "即将到期",
    OfferState.CONFIRMED: "已确认",
}


@dataclass(frozen=True, slots=True)
class Days:
    """The days for which a product's current revision was written, and for which quarter it was confirmed."""

    valid_from: date
    valid_until: date | None
    confirmed_quarter: str | None


@lru_cache
def coming_quarter(today: date) -> Quarter:
    """Answer the quarter whose library is prepared: the next one."""
    return quarter_with(quarter_with(today).last + timedelta(days=1))


def offer_state(days: Days, today: date) -> OfferState:
    """Answer how a product stands on a day.

    What ends before the coming quarter begins is not on its library: paused if it ends right then, on the last
    day of this quarter. What ends within the coming quarter, confirmed or not, ends soon.
    """
    coming = coming_quarter(today)
    if days.valid_from > today:
        return OfferState.NOT_BEGUN
    if days.valid_until is not None and days.valid_until < today:
        return OfferState.ENDED
    if days.valid_until is not None and days.valid_until < coming.first:
        return OfferState.PAUSED if days.valid_until == last_day_before(coming) else OfferState.ENDING
    if days.confirmed_quarter != coming.code:
        return OfferState.TO_CONFIRM
    return (
        OfferState.ENDING
        if days.valid_until is not None and days.valid_until <= coming.last
        else OfferState.CONFIRMED
    )


def last_day_before(quarter: Quarter) -> date:
    """Answer the last day on which a product holds that the quarter's library shall not have."""
    return quarter.first - timedelta(days=1)
