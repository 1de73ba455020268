"""Notices, how persons want to be told of them, and the outbox of what leaves the house."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class Digest(Base):
    """One mail about several notices of a person: the day's digest, or urgent ones folded together.

    `slot` is the day in Asia/Shanghai (`2024-03-01`) or, of urgent ones, the hour (`2024-03-01T14`), so that
    there is one of each at most. `counts` holds by kind how many notices and since when, as they were when
    the mail was made: sent again, it says the same.
    """

    __tablename__ = "digests"
    __table_args__ = (UniqueConstraint("person_id", "slot"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    slot: Mapped[str] = mapped_column(String(20))
    is_urgent: Mapped[bool]
    counts: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Notice(Base):
    """Something told to one person about one event; whoever tells it twice has told it once.

    `title`, `body` and `link` may tell of a case and stay in the house: they are shown while the person
    sees the entry. `digest_id` is the mail that counted it.
    """

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("event_key", "person_id"),
        Index("ix_notices_person_id_read_at", "person_id", "read_at"),
        Index("ix_notices_digest_id_person_id", "digest_id", "person_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    event_key: Mapped[str] = mapped_column(String(200))
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    kind: Mapped[str] = mapped_column(String(30))
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    entry_id: Mapped[int | None] = mapped_column(ForeignKey("whitelist_entries.id"))
    link: Mapped[str] = mapped_column(String(300))
    is_urgent: Mapped[bool]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
    digest_id: Mapped[int | None] = mapped_column(ForeignKey("digests.id"))


class NoticeSettings(Base):
    """Where and how a person wants mail. An address counts once its code came back (`email`, not `pending_email`).

    No code is kept: it follows from the installation's keys, the address and `pending_since`.
    """

    __tablename__ = "notice_settings"

    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), primary_key=True)
    email: Mapped[str | None] = mapped_column(String(254))
    confirmed_at: Mapped[datetime | None]
    pending_email: Mapped[str | None] = mapped_column(String(254))
    pending_since: Mapped[datetime | None]
    wants_digest: Mapped[bool]
    wants_urgent: Mapped[bool]
    version: Mapped[int]
    updated_at: Mapped[datetime]


class WebhookEndpoint(Base):
    """A person's receiver of signed messages; `sealed_secret` is encrypted (accounts/sealing.py).

    `kinds` are those that it wants, none meaning all. It is `disabled` by its owner or because it answered
    410; a `removed` one is kept without its secret for the record of what was sent.
    """

    __tablename__ = "webhook_endpoints"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    url: Mapped[str] = mapped_column(String(500))
    sealed_secret: Mapped[str] = mapped_column(String(300))
    kinds: Mapped[list[Any]]
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None] = mapped_column(String(200))
    removed_at: Mapped[datetime | None]
    last_sent_at: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(200))
    version: Mapped[int]
    created_at: Mapped[datetime]


class Delivery(Base):
    """The outbox: one message to one receiver, written with what it tells of, sent later.

    `message_id` is the same at every attempt, so that the receiver can tell a repetition. A row that
    somebody is sending is leased: `claim` names who, until `claimed_until`. `tried_since` is when the first
    attempt was due and made, from which it is counted when to give up.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("notice_id", "endpoint_id"),
        UniqueConstraint("digest_id"),
        Index("ix_deliveries_state_next_attempt_at", "state", "next_attempt_at"),
        Index("ix_deliveries_endpoint_id_state", "endpoint_id", "state"),
        Index("ix_deliveries_person_id_kind", "person_id", "kind"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    message_id: Mapped[str] = mapped_column(String(60), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    channel: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(30))
    notice_id: Mapped[int | None] = mapped_column(ForeignKey("notices.id"))
    digest_id: Mapped[int | None] = mapped_column(ForeignKey("digests.id"))
    endpoint_id: Mapped[int | None] = mapped_column(ForeignKey("webhook_endpoints.id"))
    address: Mapped[str | None] = mapped_column(String(254))
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime]
    tried_since: Mapped[datetime | None]
    claim: Mapped[str | None] = mapped_column(String(32))
    claimed_until: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(String(200))
    sent_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
