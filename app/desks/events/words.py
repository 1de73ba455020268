"""What the pages of docking events call things, and who finds which tab."""

from collections.abc import Mapping
from typing import Any, Final

from app.accounts.permissions import Action, Target, may_do
from app.accounts.rules import Viewer
from app.desks.texts import Text
from app.events.invitations import NotInvited
from app.events.schemas import HostedEventOut
from app.events.states import (
    EVENT_STATE_LABELS,
    GUEST_STATE_LABELS,
    SIDE_LABELS,
    EventState,
    GuestSide,
    GuestState,
)
from app.events.year import RHYTHM_LABELS, Rhythm

EVENT_TONES: Final[Mapping[EventState, str]] = {
    EventState.PLANNED: "wait",
    EventState.INVITED: "good",
    EventState.CANCELLED: "bad",
}
GUEST_TONES: Final[Mapping[GuestState, str]] = {
    GuestState.PROPOSED: "",
    GuestState.INVITED: "wait",
    GuestState.ACCEPTED: "good",
    GuestState.DECLINED: "bad",
}
NOT_INVITED: Final[Mapping[NotInvited, Text]] = {
    NotInvited.NOTHING_OPEN: Text("没有未解决的需求"),
    NotInvited.NO_FITTING_BANK: Text("没有适配的银行"),
    NotInvited.OVER_CAPACITY: Text("洽谈场次已满"),
}
TABS: Final = (
    ("", Text("概况")),
    ("/guests", Text("来宾")),
    ("/timetable", Text("时间表")),
    ("/door", Text("签到")),
    ("/contacts", Text("登记洽谈")),
    ("/results", Text("成效")),
)
_HOSTS: Final = frozenset({"/door", "/contacts"})
OTHERS_FIRST: Final = Text("您打开本页之后，已有人改动了这场活动。下面是现在的内容，请看过后再提交。")


def shared(viewer: Viewer, event: HostedEventOut, tab: str) -> dict[str, Any]:
    """Answer what every page of an event shows: its tabs, and whether the viewer hosts it."""
    target = Target(region=viewer.jurisdiction, chain=event.chain)
    is_host = may_do(viewer, Action.MANAGE_EVENTS, target)
    reads_results = may_do(viewer, Action.READ_EVENT_RESULTS, target)
    tabs = [
        (f"/events/{event.code}{path}", name, path == tab)
        for path, name in TABS
        if (is_host or path not in _HOSTS) and (reads_results or path != "/results")
    ]
    return {
        "event": event,
        "tabs": tabs,
        "is_host": is_host,
        "is_open": event.state is not EventState.CANCELLED and not event.is_over,
        "event_tone": EVENT_TONES[event.state],
        "event_tones": EVENT_TONES,
        "event_states": EVENT_STATE_LABELS,
        "guest_tones": GUEST_TONES,
        "guest_states": GUEST_STATE_LABELS,
        "sides": SIDE_LABELS,
        "rhythm_names": RHYTHM_LABELS,
        "firm_side": GuestSide.FIRM,
    }


def may_plan(viewer: Viewer) -> bool:
    """Tell whether somebody plans whole years, and not the events of a chain alone."""
    return may_do(viewer, Action.MANAGE_EVENTS, Target(region=viewer.jurisdiction))


def rhythms() -> list[tuple[str, str]]:
    """Answer the rhythms by name."""
    return [(one.value, RHYTHM_LABELS[one]) for one in Rhythm]
