"""Notices, settings, receivers and the outbox as JSON."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.notifications.addresses import EMAIL_PATTERN, MOST_EMAIL, MOST_URL
from app.notifications.rules import DeliveryState, NoticeKind

MOST_MARKED = 200
NoticeNumber = Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]


class NoticeOut(BaseModel):
    """Something told to the viewer 通知."""

    id: int = Field(description="Its number 通知编号.")
    kind: NoticeKind = Field(description="What it is about 类别.")
    title: str = Field(description="标题; of a withheld one the kind's in general.")
    body: str | None = Field(description="正文; null when it is withheld.")
    entry: str | None = Field(description="名单条目编码; null when it is about none, or withheld.")
    link: str | None = Field(
        description="Path on this service where it leads; null when there is none, or withheld."
    )
    is_withheld: bool = Field(
        description="It is about an entry that the viewer does not see any more 已无权查看该条目."
    )
    is_urgent: bool = Field(description="It goes out by mail at once 紧急.")
    created_at: datetime = Field(description="When it was told.")
    read_at: datetime | None = Field(description="When it was marked read 已读; null while it is not.")


class UnreadOut(BaseModel):
    """How many notices wait."""

    unread: int = Field(description="Unread notices 未读通知数.")


class ReadIn(BaseModel):
    """Notices to mark read: some by number, or all up to one."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[NoticeNumber], Field(min_length=1, max_length=MOST_MARKED)] | None = Field(
        default=None,
        description="Their numbers 通知编号; those of others are passed over.",
        examples=[[1, 2]],
    )
    up_to: NoticeNumber | None = Field(
        default=None, description="All with this number or a lower one 此号及以前的全部通知.", examples=[10]
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.ids is None) == (self.up_to is None):
            msg = "name either ids or up_to"
            raise ValueError(msg)
        return self


class ReadOut(BaseModel):
    """What was marked."""

    marked: int = Field(description="Notices that were unread and are read now 本次标记数.")
    unread: int = Field(description="Unread notices left 剩余未读.")


class NoticeSettingsIn(BaseModel):
    """How the viewer wants mail."""

    model_config = ConfigDict(extra="forbid")

    email: (
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=MOST_EMAIL, pattern=EMAIL_PATTERN)]
        | None
    ) = Field(
        description="通知邮箱; a new one counts once the code mailed to it comes back; null for none.",
        examples=["wang@bank.example.cn"],
    )
    wants_digest: bool = Field(
        default=True, strict=True, description="One mail a day about what is unread 每日摘要."
    )
    wants_urgent: bool = Field(
        default=True,
        strict=True,
        description="Urgent notices at once, at most one mail an hour 紧急通知即时发送.",
    )


class NoticeSettingsOut(BaseModel):
    """How the viewer gets mail."""

    is_mail_on: bool = Field(
        description="This installation sends mail (RONGQIAO_SMTP_HOST) 邮件通道是否开通."
    )
    email: str | None = Field(description="通知邮箱 to which mail goes; null while none is confirmed.")
    confirmed_at: datetime | None = Field(description="When it was confirmed.")
    pending_email: str | None = Field(description="待确认邮箱: an address whose code has not come back.")
    wants_digest: bool = Field(description="One mail a day about what is unread 每日摘要.")
    wants_urgent: bool = Field(description="Urgent notices at once 紧急通知即时发送.")
    version: int = Field(description="Number of its version (0: never set); also its ETag.")


class EmailCodeIn(BaseModel):
    """The code that was mailed to an address."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9A-Za-z -]{1,40}$")] = Field(
        description="验证码; case and dashes do not matter.", examples=["K7QF-3MZA-9XTC"]
    )


class WebhookIn(BaseModel):
    """A receiver of signed messages to add."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, StringConstraints(max_length=MOST_URL, pattern=r"^https?://[\x21-\x7e]+$")] = Field(
        description="Where messages are posted 接收地址: https, at public addresses.",
        examples=["https://hooks.bank.example.cn/rongqiao"],
    )
    kinds: list[NoticeKind] = Field(
        default=[], max_length=len(NoticeKind), description="Only these kinds of notices 类别; empty for all."
    )


class WebhookChange(BaseModel):
    """What changes about a receiver; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    kinds: list[NoticeKind] | None = Field(
        default=None,
        max_length=len(NoticeKind),
        description="Only these kinds 类别; empty for all; null: as before.",
    )
    is_enabled: bool | None = Field(
        default=None, strict=True, description="Whether it takes messages 启用; null: as before."
    )


class WebhookOut(BaseModel):
    """A receiver, without its secret."""

    id: int = Field(description="Its number.")
    url: str = Field(description="接收地址.")
    kinds: list[NoticeKind] = Field(description="Only these kinds of notices 类别; empty for all.")
    is_enabled: bool = Field(description="Whether it takes messages 启用.")
    disabled_reason: str | None = Field(description="Why it does not: `owner`, or what it answered.")
    last_sent_at: datetime | None = Field(description="When it last took a message; null if never.")
    last_error: str | None = Field(description="What went wrong at the last attempt; null if nothing did.")
    created_at: datetime = Field(description="When it was added.")
    version: int = Field(description="Number of its version; also its ETag.")


class WebhookMade(WebhookOut):
    """A receiver just added."""

    secret: str = Field(
        description="Signing secret 签名密钥 (Standard Webhooks, `whsec_…`), shown this once."
    )


class DeliveryOut(BaseModel):
    """A message of the outbox 发件箱, without what it says and whom it reaches."""

    id: int = Field(description="Its number.")
    message_id: str = Field(description="`webhook-id` or Message-ID: the same at every attempt.")
    channel: str = Field(description="`email` or `webhook` 渠道.")
    kind: str = Field(description="Kind of notice 类别, or `digest`, `confirmation`, `test`.")
    host: str = Field(description="Host of the receiver, or domain of the mailbox.")
    state: DeliveryState = Field(description="`pending`, `sent` or `dead` 状态.")
    attempts: int = Field(description="Attempts made 尝试次数.")
    next_attempt_at: datetime | None = Field(description="When it is tried next; null when it is not.")
    last_error: str | None = Field(description="What went wrong last.")
    created_at: datetime = Field(description="When it was written.")
    sent_at: datetime | None = Field(description="When the receiver took it.")


class DeliveryCounts(BaseModel):
    """What a round of delivery came to."""

    is_mail_on: bool = Field(description="This installation sends mail (RONGQIAO_SMTP_HOST).")
    digests: int = Field(description="Mails about notices that were written 新写邮件.")
    sent: int = Field(description="Messages that receivers took 已送达.")
    failed: int = Field(description="Messages that are tried again later 待重试.")
    dead: int = Field(description="Messages that were given up 已放弃.")
