"""Docking events: append-only facts about an entry, in the past tense; and its clock, which is made from them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class DockingEvent(Base):
    """One thing that happened to an entry; never changed, never deleted.

    `occurred_at` is when it happened, `recorded_at` when we learned of it: coverage counts by
    the first, restatements by the second. `institution_id` is the party on whose behalf it was
    logged, or of which it speaks; null: it concerns the entry as a whole. Who logged it stands in `detail`.
    `corrects` is the sequence of the event of the same entry that this one (kind `corrected`) voids:
    a voided event counts nowhere any more.
    """

    __tablename__ = "docking_events"
    __table_args__ = (
        UniqueConstraint("entry_id", "sequence"),
        CheckConstraint(
            "kind <> 'credit_approved' OR (amount_fen IS NOT NULL AND rate_bp IS NOT NULL"
            " AND term_months IS NOT NULL AND is_credit_loan IS NOT NULL)",
            name="approval_has_terms",
        ),
        CheckConstraint("kind <> 'disbursed' OR amount_fen IS NOT NULL", name="payment_has_amount"),
        CheckConstraint(
            "kind <> 'declined' OR (reason IS NOT NULL AND evidence IS NOT NULL)",
            name="decline_has_reason",
        ),
        CheckConstraint("(kind = 'corrected') = (corrects IS NOT NULL)", name="correction_names_event"),
        UniqueConstraint("entry_id", "corrects"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("whitelist_entries.id"))
    sequence: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    institution_id: Mapped[int | None] = mapped_column(ForeignKey("institutions.id"), index=True)
    occurred_at: Mapped[datetime] = mapped_column(index=True)
    recorded_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))
    amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    rate_bp: Mapped[int | None]
    """Annual rate in basis points: 345 is 3.45 %."""
    term_months: Mapped[int | None]
    is_credit_loan: Mapped[bool | None]
    fee_bp: Mapped[int | None]
    """Annual guarantee fee in basis points of the guaranteed amount."""
    corrects: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(String(40))
    evidence: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[dict[str, Any]]
    is_simulated: Mapped[bool]


class EntryClock(Base):
    """Whose turn an entry is, for what, and by when: made from its facts (docking/clock.py), one row an entry.

    Written in the transaction that changes the entry, so that lists need not fold histories; it can be made
    anew at any time (`rongqiao docking clocks`). `urgent_on` orders lists: `due_on`, or the first day of all
    where no working days are published. `remind_on` is the day from which a reminder is due.
    """

    __tablename__ = "entry_clocks"
    __table_args__ = (
        Index("ix_entry_clocks_urgency", "edition_id", "urgent_on", "entry_id"),
        Index("ix_entry_clocks_institution_id", "institution_id", "urgent_on"),
    )

    entry_id: Mapped[int] = mapped_column(ForeignKey("whitelist_entries.id"), primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("whitelist_editions.id"))
    turn: Mapped[str] = mapped_column(String(12))
    owner: Mapped[str] = mapped_column(String(200))
    institution_id: Mapped[int | None] = mapped_column(ForeignKey("institutions.id"))
    step: Mapped[str] = mapped_column(String(12))
    stage: Mapped[str] = mapped_column(String(12))
    runs_since: Mapped[datetime]
    working_days: Mapped[int]
    due_on: Mapped[date | None]
    urgent_on: Mapped[date]
    remind_on: Mapped[date | None]
    is_reminded: Mapped[bool]
    paused_since: Mapped[datetime | None]
    pause_reason: Mapped[str | None] = mapped_column(String(40))
    level: Mapped[str | None] = mapped_column(String(20))
    citation: Mapped[str] = mapped_column(String(80))
