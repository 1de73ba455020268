"""Where events and guests stand, how they are numbered, and what may follow (pure)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

CODE_PATTERN: Final = r"^HD-[0-9]{6,15}$"
_PREFIX: Final = "HD-"
_MOST_DIGITS: Final = 15


class EventState(StrEnum):
    """Where an event stands; whether it is over is its day's to say."""

    PLANNED = "planned"
    INVITED = "invited"
    CANCELLED = "cancelled"


class GuestState(StrEnum):
    """Where an invitation stands: `proposed` is chosen and not yet told."""

    PROPOSED = "proposed"
    INVITED = "invited"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class GuestSide(StrEnum):
    """Which of the two a guest is."""

    FIRM = "firm"
    BANK = "bank"


EVENT_STATE_LABELS: Final[Mapping[EventState, str]] = {
    EventState.PLANNED: "待邀请",
    EventState.INVITED: "已邀请",
    EventState.CANCELLED: "已取消",
}
GUEST_STATE_LABELS: Final[Mapping[GuestState, str]] = {
    GuestState.PROPOSED: "待发邀请",
    GuestState.INVITED: "待答复",
    GuestState.ACCEPTED: "接受",
    GuestState.DECLINED: "谢绝",
}
SIDE_LABELS: Final[Mapping[GuestSide, str]] = {GuestSide.FIRM: "企业", GuestSide.BANK: "银行"}
TOLD: Final = frozenset({GuestState.INVITED, GuestState.ACCEPTED, GuestState.DECLINED})
"""States of guests who know that they are invited."""


def event_code(number: int) -> str:
    """Answer the code of an event's number, such as `HD-000012`."""
    return f"{_PREFIX}{number:06d}"


def event_number(code: str) -> int | None:
    """Answer the number of an event's code; None for what is none."""
    digits = code.removeprefix(_PREFIX)
    is_code = (
        code.startswith(_PREFIX) and digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS
    )
    return int(digits) if is_code and event_code(int(digits)) == code else None
