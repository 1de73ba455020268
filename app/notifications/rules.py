"""What notices there are, when mail about them is due, and when a message is tried again (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate
from typing import Final

from app.accounts.rules import Role
from app.kernel.shanghai import SHANGHAI


class NoticeKind(StrEnum):
    """What a notice is about. Only kinds leave the house, in the words of KIND_TITLES."""

    ASSIGNED = "assigned"
    HANDED_OVER = "handed_over"
    REMINDED = "reminded"
    LATE = "late"
    ESCALATED = "escalated"
    PAUSED = "paused"
    RESUMED = "resumed"
    PROGRESSED = "progressed"
    DECLINED = "declined"
    REROUTED = "rerouted"
    CORRECTED = "corrected"
    CASE_RAISED = "case_raised"
    CASE_COMMENTED = "case_commented"
    CASE_CLOSED = "case_closed"
    GUARANTEE = "guarantee"
    MONTH_CLOSED = "month_closed"
    MONTH_RESTATED = "month_restated"
    BULLETIN = "bulletin"
    LIBRARY = "library"
    MEMBERSHIP = "membership"
    OBJECTION = "membership_objection"
    VACANCY = "chain_vacancy"
    LIBRARY_CALL = "library_call"
    AWARD = "award"
    CORE_LISTED = "core_listed"
    CORE_LIST_WAITING = "core_list_waiting"
    CORE_LIST_DECIDED = "core_list_decided"
    CORE_LIST_MATCHED = "core_list_matched"
    EVENT_INVITED = "event_invited"
    EVENT_CHANGED = "event_changed"
    SELECTION = "selection"
    PLAN = "plan"


KIND_TITLES: Final[Mapping[NoticeKind, str]] = {
    NoticeKind.ASSIGNED: "有新的条目待接单",
    NoticeKind.HANDED_OVER: "有条目移交给您",
    NoticeKind.REMINDED: "办理期限临近",
    NoticeKind.LATE: "办理事项逾期",
    NoticeKind.ESCALATED: "逾期事项已上报到您",
    NoticeKind.PAUSED: "办理期限已暂停",
    NoticeKind.RESUMED: "办理期限已恢复",
    NoticeKind.PROGRESSED: "对接有新进展",
    NoticeKind.DECLINED: "融资申请有答复",
    NoticeKind.REROUTED: "责任主体有变更",
    NoticeKind.CORRECTED: "对接记录有更正",
    NoticeKind.CASE_RAISED: "有协调事项待办",
    NoticeKind.CASE_COMMENTED: "协调事项有新意见",
    NoticeKind.CASE_CLOSED: "协调事项已办结",
    NoticeKind.GUARANTEE: "融资担保有新进展",
    NoticeKind.MONTH_CLOSED: "月度对接覆盖率已封账",
    NoticeKind.MONTH_RESTATED: "已封账月份有追补",
    NoticeKind.BULLETIN: "月度通报已发布",
    NoticeKind.LIBRARY: "产品有效期届满或将至",
    NoticeKind.MEMBERSHIP: "产业链归属有变化",
    NoticeKind.OBJECTION: "归链异议",
    NoticeKind.VACANCY: "产业链没有链长",
    NoticeKind.LIBRARY_CALL: "有产品待季度确认",
    NoticeKind.AWARD: "“十佳”评选有新进展",
    NoticeKind.CORE_LISTED: "有核心企业将您列入上下游名单",
    NoticeKind.CORE_LIST_WAITING: "有核心企业名单待办",
    NoticeKind.CORE_LIST_DECIDED: "上下游名单有答复",
    NoticeKind.CORE_LIST_MATCHED: "供应链产品有新的匹配",
    NoticeKind.EVENT_INVITED: "对接活动邀请",
    NoticeKind.EVENT_CHANGED: "对接活动有变动",
    NoticeKind.SELECTION: "双向选择有新进展",
    NoticeKind.PLAN: "一链一策有新版发布",
}
"""The words in mails and messages: a closed list, so that neither names a firm, an entry or an amount."""


MOST_KEY: Final = 200
MOST_LINK: Final = 300


@dataclass(frozen=True, slots=True)
class NewNotice:
    """Something to tell: to everybody who has one of some roles in exactly that scope today, and to some persons.

    `event_key` names the event: told again to the same person, nothing comes of it. `title` (of the kind's
    when empty), `body` and `link` (a path on this service) are shown only while the person sees the entry;
    without an entry they are shown always, and tell of no case. An urgent one goes out by mail at once.
    """

    event_key: str
    kind: NoticeKind
    body: str
    title: str = ""
    entry_id: int | None = None
    link: str = ""
    audience: tuple[tuple[Role, str], ...] = ()
    persons: tuple[int, ...] = ()
    but: int | None = None
    """Who did it, and need not be told."""
    is_urgent: bool = False

    def __post_init__(self) -> None:
        is_local = not self.link or (self.link.startswith("/") and not self.link.startswith("//"))
        is_short = 0 < len(self.event_key) <= MOST_KEY and len(self.title) <= MOST_KEY
        if not (is_local and is_short and len(self.link) <= MOST_LINK):
            msg = f"notice {self.event_key!r}: key and title have at most {MOST_KEY} characters, the link is a path"
            raise ValueError(msg)


class MailKind(StrEnum):
    """What mail a person gets now."""

    DIGEST = "digest"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A person's unread notices that no mail has counted, and the mails that went before.

    `digest_slot` is the last digest's day, `last_mail_at` when the last mail of either kind was made.
    """

    person_id: int
    count: int
    urgent: int
    wants_digest: bool
    wants_urgent: bool
    digest_slot: str | None = None
    last_mail_at: datetime | None = None


URGENT_EVERY: Final = timedelta(hours=1)


def mail_due(waiting: Waiting, *, now: datetime, digest_hour: int) -> MailKind | None:
    """Answer what mail is due to a person, if any.

    The digest comes once a day (Asia/Shanghai) from its hour on and counts everything that waits; urgent
    notices come before it, folded into one mail, no sooner than an hour after the mail before.
    """
    if not waiting.count:
        return None
    is_open = now.astimezone(SHANGHAI).hour >= digest_hour
    had_digest = waiting.digest_slot is not None and waiting.digest_slot >= slot_of(MailKind.DIGEST, now)
    if waiting.wants_digest and is_open and not had_digest:
        return MailKind.DIGEST
    is_quiet = waiting.last_mail_at is not None and now - waiting.last_mail_at < URGENT_EVERY
    return MailKind.URGENT if waiting.urgent and waiting.wants_urgent and not is_quiet else None


def slot_of(kind: MailKind, now: datetime) -> str:
    """Answer the day, or for urgent mail the hour, that a mail stands for; later ones sort behind."""
    local = now.astimezone(SHANGHAI)
    return f"{local:%Y-%m-%d}" if kind is MailKind.DIGEST else f"{local:%Y-%m-%dT%H}"


class DeliveryState(StrEnum):
    """How far a message is; `dead`: given up, for somebody to look at."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"


class Verdict(StrEnum):
    """What came of an attempt.

    `failed`: this message was not taken; `unreachable`: the receiver takes nothing now; `refused`: this
    message will never be taken; `gone`: the receiver takes nothing ever again; `put_off`: it was not tried.
    """

    SENT = "sent"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    GONE = "gone"
    PUT_OFF = "put_off"


SCHEDULE: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 300, 600, 840, 1200, 1440))
"""How long to wait after the first, second, … attempt that failed: 75 hours and a half in all."""
GIVE_UP_AFTER: Final = list(accumulate(SCHEDULE))[-1]
MOST_JITTER: Final = 0.1
"""By so much of itself a wait may be longer, so that what failed together is not tried together again."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A message as it stands after an attempt."""

    state: DeliveryState
    attempts: int
    next_attempt_at: datetime
    tried_since: datetime


def after_attempt(
    verdict: Verdict, *, attempts: int, tried_since: datetime | None, now: datetime, jitter: float
) -> Tried:
    """Answer how a message stands after an attempt; `attempts` are those before, `jitter` is from 0 to 1.

    Waits only grow, and nobody gives up within three days: a receiver may be down for a long weekend. What was
    put off because its receiver just failed is never given up without an attempt of its own.
    """
    since = tried_since or now
    if verdict is Verdict.SENT:
        return Tried(DeliveryState.SENT, attempts + 1, now, since)
    if verdict in {Verdict.REFUSED, Verdict.GONE}:
        return Tried(DeliveryState.DEAD, attempts + 1, now, since)
    was_tried = verdict is not Verdict.PUT_OFF
    if was_tried and (attempts >= len(SCHEDULE) or now - since >= GIVE_UP_AFTER):
        return Tried(DeliveryState.DEAD, attempts + 1, now, since)
    wait = SCHEDULE[min(attempts, len(SCHEDULE) - 1)]
    made = attempts + 1 if was_tried else attempts
    return Tried(DeliveryState.PENDING, made, now + wait + wait * MOST_JITTER * jitter, since)
