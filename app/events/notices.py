"""Who is told what of an event: invited, moved, cancelled, timetable made (pure).

A notice names the event and never a firm: a firm's is read by its own people, a bank's by the bank's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from app.accounts.rules import INSTITUTION_ROLES, Role
from app.kernel.shanghai import day_text
from app.notifications.rules import NewNotice, NoticeKind


@dataclass(frozen=True, slots=True)
class ToldGuest:
    """A guest to tell: its firm's credit code, or the codes of its bank and all below it."""

    number: int
    uscc: str | None
    institutions: tuple[str, ...]

    @property
    def audience(self) -> tuple[tuple[Role, str], ...]:
        """Answer whose notice it is."""
        if self.uscc is not None:
            return ((Role.ENTERPRISE, self.uscc),)
        return tuple((role, code) for code in self.institutions for role in sorted(INSTITUTION_ROLES))


@dataclass(frozen=True, slots=True)
class ToldEvent:
    """What notices say of an event; `version` tells one change of it from another."""

    code: str
    name: str
    day: date
    place: str
    version: int


def invited(
    event: ToldEvent, guests: Iterable[ToldGuest], answer_by: date, by: int | None
) -> list[NewNotice]:
    """Answer the invitations."""
    body = (
        f"邀请参加{day_text(event.day)}在{event.place}举办的“{event.name}”，请于{day_text(answer_by)}前答复。"
    )
    return [_notice(event, one, "invited", NoticeKind.EVENT_INVITED, body, by) for one in guests]


def moved(event: ToldEvent, guests: Iterable[ToldGuest], before: date, by: int | None) -> list[NewNotice]:
    """Answer what guests are told of another day."""
    body = f"“{event.name}”由{day_text(before)}改到{day_text(event.day)}，地点{event.place}。"
    what = f"moved:{event.version}"
    return [_notice(event, one, what, NoticeKind.EVENT_CHANGED, body, by) for one in guests]


def cancelled(event: ToldEvent, guests: Iterable[ToldGuest], by: int | None) -> list[NewNotice]:
    """Answer what guests are told of a cancelled event."""
    body = f"原定{day_text(event.day)}的“{event.name}”已取消。"
    return [_notice(event, one, "cancelled", NoticeKind.EVENT_CHANGED, body, by) for one in guests]


def timetabled(event: ToldEvent, guests: Iterable[ToldGuest], by: int | None) -> list[NewNotice]:
    """Answer what guests are told of a timetable."""
    body = f"“{event.name}”的洽谈时间表已排定，请查看本单位的时段和桌号。"
    what = f"timetable:{event.version}"
    return [_notice(event, one, what, NoticeKind.EVENT_CHANGED, body, by) for one in guests]


def _notice(
    event: ToldEvent, guest: ToldGuest, what: str, kind: NoticeKind, body: str, by: int | None
) -> NewNotice:
    return NewNotice(
        event_key=f"event:{event.code}:{guest.number}:{what}",
        kind=kind,
        body=body,
        link=f"/events/{event.code}/guests/{guest.number}",
        audience=guest.audience,
        but=by,
    )
