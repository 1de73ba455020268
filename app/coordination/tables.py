"""Coordination cases 协调事项: what somebody other than the bank has to settle before an entry can be financed."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class CoordinationCase(Base):
    """One question to a responsible body 责任单位 about an entry; an entry has at most one open of each kind.

    `body` names who has to answer, `body_institution_id` the public body if it is one of the stored ones
    (null: the coordinator of the region itself). `raised_for_institution_id` is the institution on whose
    behalf it was raised. `due_on` is `working_days` after the day it was raised, null where nobody has
    published or loaded the working days until then. `closed_*` and `outcome` are written once; `answered_by` names
    the body that gave the answer, which the coordinator writes down on its behalf.
    """

    __tablename__ = "coordination_cases"
    __table_args__ = (
        Index(
            "uq_coordination_cases_open",
            "entry_id",
            "kind",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_coordination_cases_state_due_on", "state", "due_on"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("whitelist_entries.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10))
    body_institution_id: Mapped[int | None] = mapped_column(ForeignKey("institutions.id"), index=True)
    body: Mapped[str] = mapped_column(String(200))
    raised_by: Mapped[str] = mapped_column(String(80))
    raised_at: Mapped[datetime]
    raised_for_institution_id: Mapped[int | None] = mapped_column(ForeignKey("institutions.id"))
    question: Mapped[str] = mapped_column(Text)
    working_days: Mapped[int]
    due_on: Mapped[date | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(80))
    answered_by: Mapped[str | None] = mapped_column(String(200))
    outcome: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int]


class CoordinationComment(Base):
    """What somebody adds to a case, open or closed; only ever added."""

    __tablename__ = "coordination_comments"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("coordination_cases.id"), index=True)
    written_by: Mapped[str] = mapped_column(String(80))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
