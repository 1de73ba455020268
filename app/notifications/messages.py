"""What leaves the house: kinds, counts, instants and links; no names, no codes of entries, no amounts (pure)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, Final

from app.kernel.shanghai import SHANGHAI
from app.notifications.rules import KIND_TITLES, NoticeKind

TEST: Final = "test"
CONFIRMATION: Final = "confirmation"
DIGEST: Final = "digest"
NOTICES_PATH: Final = "/notices"
"""Where people read theirs, in a browser; programs read them below `API_PATH`."""
API_PATH: Final = "/api/v1/notices"
_FOOTER: Final = "本邮件由融桥系统自动发送，请勿回复。接收方式可在“通知设置”中更改。"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes: the sender's mailbox, and the address of this service for links (may be empty)."""

    sender: str
    origin: str


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """What of a notice leaves the house."""

    id: int
    kind: str
    created_at: datetime


def title_of(kind: str) -> str:
    """Answer the words for a kind of notice, from the closed list."""
    return KIND_TITLES.get(NoticeKind(kind), "") if kind in set(NoticeKind) else "测试消息"


def payload(notice: NoticeFacts, origin: str) -> str:
    """Answer a webhook's body, in the form of Standard Webhooks; equal at every attempt."""
    data = {
        "notice": notice.id,
        "kind": notice.kind,
        "title": title_of(notice.kind),
        "url": f"{origin}{API_PATH}/{notice.id}",
    }
    return _event(f"notice.{notice.kind}", notice.created_at, data)


def payload_of_test(created_at: datetime) -> str:
    """Answer the body of a test."""
    return _event(TEST, created_at, {"title": title_of(TEST)})


def _event(kind: str, instant: datetime, data: Mapping[str, Any]) -> str:
    event = {"type": kind, "timestamp": instant.isoformat(), "data": data}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def counted(notices: Iterable[tuple[str, datetime]]) -> dict[str, list[Any]]:
    """Answer by kind how many notices, and since when, as a digest keeps it."""
    found: dict[str, tuple[int, datetime]] = {}
    for kind, created_at in notices:
        count, first = found.get(kind, (0, created_at))
        found[kind] = (count + 1, min(first, created_at))
    return {kind: [count, first.isoformat()] for kind, (count, first) in sorted(found.items())}


def digest_mail(
    letterhead: Letterhead,
    receiver: str,
    message_id: str,
    counts: Mapping[str, Any],
    *,
    is_urgent: bool,
    date: datetime,
) -> EmailMessage:
    """Write the mail about a person's notices: by kind how many, and since when.

    Raises:
        ValueError: an address would break its header.
    """
    total = sum(int(count) for count, _first in counts.values())
    subject = f"融桥：{total} 条紧急通知" if is_urgent else f"融桥：{total} 条未读通知"
    lines = [
        f"· {title_of(kind)}：{count} 条（最早 {_local(datetime.fromisoformat(first))}）"
        for kind, (count, first) in counts.items()
    ]
    intro = "您有以下紧急通知：" if is_urgent else "您有以下未读通知："
    text = [intro, "", *lines, "", *_link(letterhead), "", _FOOTER]
    return _mail(letterhead, receiver, message_id, subject, text, date)


def confirmation_mail(
    letterhead: Letterhead, receiver: str, message_id: str, code: str, *, date: datetime
) -> EmailMessage:
    """Write the mail with the code that shows that an address is its person's.

    Raises:
        ValueError: an address would break its header.
    """
    text = [
        "有人在融桥系统中把这个邮箱登记为通知邮箱。若是您本人，请在 24 小时内于“通知设置”中填入验证码：",
        "",
        code,
        "",
        "若不是您本人，请忽略本邮件，不会再有其他邮件。",
    ]
    return _mail(letterhead, receiver, message_id, "融桥：通知邮箱验证码", text, date)


def _mail(
    letterhead: Letterhead, receiver: str, message_id: str, subject: str, text: Iterable[str], date: datetime
) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address("融桥", addr_spec=letterhead.sender)
    mail["To"] = Address(addr_spec=receiver)
    mail["Subject"] = subject
    mail["Date"] = date
    mail["Message-ID"] = f"<{message_id}@{letterhead.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answers of holiday notes
    mail.set_content("\n".join(text) + "\n")
    return mail


def _link(letterhead: Letterhead) -> list[str]:
    return [f"查看：{letterhead.origin}{NOTICES_PATH}?unread=true"] if letterhead.origin else []


def _local(instant: datetime) -> str:
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
