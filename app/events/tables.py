"""Years of docking events with their reasons, events, who is invited and came, who meets whom, and what followed."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class EventYear(Base):
    """A jurisdiction's calendar of one year as it was planned; `content` keeps series, reasons, who was left out, questions.

    Events move afterwards; this row never does: it is what was decided then, and why.
    """

    __tablename__ = "event_years"
    __table_args__ = (UniqueConstraint("jurisdiction", "year"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(String(6))
    year: Mapped[int]
    content: Mapped[dict[str, Any]]
    content_hash: Mapped[str] = mapped_column(String(64))
    planned_by: Mapped[str] = mapped_column(String(80))
    planned_at: Mapped[datetime]


class HostedEvent(Base):
    """One docking event 对接活动: its subject, day, hours and place. Public in the house: it tells of no firm.

    `subject_code` is a chain's code, or `class@city` of a field in a city, or the region of a conference. `period` is the
    first day of the month, quarter or year that its clause counts. Hours are minutes from midnight in Shanghai.
    `timetable` is what was reached when the places of the meetings were last made; null: not yet.
    """

    __tablename__ = "hosted_events"
    __table_args__ = (Index("ix_hosted_events_jurisdiction_day", "jurisdiction", "day"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(String(6))
    year_id: Mapped[int | None] = mapped_column(ForeignKey("event_years.id"), index=True)
    rhythm: Mapped[str] = mapped_column(String(10))
    subject_code: Mapped[str] = mapped_column(String(60))
    subject_name: Mapped[str] = mapped_column(String(120))
    chain_code: Mapped[str | None] = mapped_column(String(60), index=True)
    theme: Mapped[str] = mapped_column(String(30))
    place_code: Mapped[str] = mapped_column(String(6))
    place_name: Mapped[str] = mapped_column(String(80))
    venue: Mapped[str] = mapped_column(String(200))
    people: Mapped[list[Any]]
    period: Mapped[date]
    day: Mapped[date]
    reasons: Mapped[list[Any]]
    clause: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(10))
    opens: Mapped[int]
    closes: Mapped[int]
    slot_minutes: Mapped[int]
    change_minutes: Mapped[int]
    breaks: Mapped[list[Any]]
    most_a_firm: Mapped[int]
    timetable: Mapped[dict[str, Any] | None]
    made_by: Mapped[str] = mapped_column(String(80))
    version: Mapped[int]
    created_at: Mapped[datetime]


class EventGuest(Base):
    """A firm or bank that an event invites; `name` is what stands at its table (桌牌).

    Of a firm `entry_ids` are its entries whose needs were open when it was chosen, `region_code` theirs; of a bank
    it is the event's place. `chain_code` is the event's chain, or else the entries'. A bank sees a firm here once that has
    accepted to meet it, and not before (visibility/queries.py). `absent` holds slots in which the guest is away.
    """

    __tablename__ = "event_guests"
    __table_args__ = (
        UniqueConstraint("event_id", "enterprise_id"),
        UniqueConstraint("event_id", "institution_id"),
        CheckConstraint("(enterprise_id IS NULL) <> (institution_id IS NULL)", name="guest_is_firm_or_bank"),
        Index("ix_event_guests_event_id_id", "event_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("hosted_events.id"))
    enterprise_id: Mapped[int | None] = mapped_column(ForeignKey("enterprises.id"), index=True)
    institution_id: Mapped[int | None] = mapped_column(ForeignKey("institutions.id"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    region_code: Mapped[str] = mapped_column(String(6))
    chain_code: Mapped[str | None] = mapped_column(String(60))
    entry_ids: Mapped[list[Any]]
    tables: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))
    absent: Mapped[list[Any]]
    invited_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None] = mapped_column(String(80))
    note: Mapped[str | None] = mapped_column(Text)
    arrived_at: Mapped[datetime | None]
    version: Mapped[int]


class EventMeeting(Base):
    """One firm meets one bank for one slot; `slot` (from 0) and `place` (table from 1) once there is a timetable.

    `met_at` is set once, when it was logged that they met. `outcome` then says what was logged of it: docking events
    of the firm's entries, or an interest, with the reason why it is no docking.
    """

    __tablename__ = "event_meetings"
    __table_args__ = (UniqueConstraint("firm_guest_id", "bank_guest_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("hosted_events.id"), index=True)
    firm_guest_id: Mapped[int] = mapped_column(ForeignKey("event_guests.id"))
    bank_guest_id: Mapped[int] = mapped_column(ForeignKey("event_guests.id"), index=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id"), index=True)
    """The bank of `bank_guest_id`: who sees a meeting need not see the bank's invitation."""
    fit: Mapped[int]
    is_responsible: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    slot: Mapped[int | None]
    place: Mapped[int | None]
    met_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(Text)
    outcome: Mapped[list[Any]]


class KeptResult(Base):
    """What followed an event within a window that is over: figures and the docking events behind them, with their hash."""

    __tablename__ = "event_results"
    __table_args__ = (UniqueConstraint("event_id", "days"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("hosted_events.id"))
    days: Mapped[int]
    content: Mapped[dict[str, Any]]
    sha256: Mapped[str] = mapped_column(String(64))
    kept_at: Mapped[datetime]
