"""Enterprises, their projects, and needs with immutable revisions."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class Enterprise(Base):
    """A firm, known by its unified social credit code (GB 32100-2015).

    `name_key` is the normalised name that resolution of duplicates compares; `spelling` all ways to type it
    (name_spelling.py), which searching reads.
    """

    __tablename__ = "enterprises"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uscc: Mapped[str] = mapped_column(String(18), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(200), index=True)
    spelling: Mapped[str] = mapped_column(Text, server_default="")
    region_code: Mapped[str] = mapped_column(String(6), index=True)
    industry: Mapped[str | None] = mapped_column(String(6))
    established_on: Mapped[date | None]
    ownership: Mapped[str | None] = mapped_column(String(30))
    """Recorded; no criterion may use it (公平授信, 金发〔2024〕5号 九)."""
    business_scope: Mapped[str | None] = mapped_column(Text)
    """经营范围 as the register has it; null is unknown. Memberships in chains are proposed from it."""
    is_demo: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class EnterpriseContact(Base):
    """Whom to call: apart from the rest, because few may see it."""

    __tablename__ = "enterprise_contacts"

    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprises.id"), primary_key=True)
    name: Mapped[str | None] = mapped_column(String(80))
    phone: Mapped[str | None] = mapped_column(String(40))
    updated_at: Mapped[datetime]


class Project(Base):
    """A project of an enterprise that asks for finance in its own right.

    `number` counts an enterprise's projects from 1; it never changes, so codes can hold it.
    """

    __tablename__ = "projects"
    __table_args__ = (UniqueConstraint("enterprise_id", "name"), UniqueConstraint("enterprise_id", "number"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprises.id"), index=True)
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]


class Need(Base):
    """What an enterprise or project asks for; what it says is in its revisions."""

    __tablename__ = "needs"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprises.id"), index=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"), index=True)
    revision: Mapped[int]
    """Number of the revision that is current; also the version of its ETag."""
    created_at: Mapped[datetime]


class NeedRevision(Base):
    """One immutable wording of a need.

    `facts` is a `enterprises.schemas.NeedFacts`: all stated facts, of the firm too, as they were
    at that time, so that a match run can be repeated. The columns beside it serve queries.
    """

    __tablename__ = "need_revisions"
    __table_args__ = (UniqueConstraint("need_id", "revision"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    revision: Mapped[int]
    facts: Mapped[dict[str, Any]]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    term_months: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64))
    stated_on: Mapped[date]
    created_at: Mapped[datetime]


class Consent(Base):
    """An enterprise's authorisation to disclose a need: for what, which fields, to whom, until when.

    Any consent discloses who asks for what; contact details, financial and judicial facts only as it says.
    `institution_id` (with all below it) null means whichever institution is responsible or supporting.
    `evidence` names the signed paper when a coordinator recorded it for the firm.
    """

    __tablename__ = "consents"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(40))
    shows_contact: Mapped[bool]
    shows_financial: Mapped[bool]
    shows_judicial: Mapped[bool]
    institution_id: Mapped[int | None] = mapped_column(ForeignKey("institutions.id"), index=True)
    until: Mapped[date]
    given_by: Mapped[str] = mapped_column(String(80))
    given_at: Mapped[datetime]
    evidence: Mapped[str | None] = mapped_column(Text)
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(String(80))
    version: Mapped[int]


class Disclosure(Base):
    """What an institution was shown of a need, by which consent, to whom and when; the enterprise reads it.

    `contact_slot` (1 to 3) is held by an institution that holds the contact details; at most one row a slot
    is open, so that never more than three hold them at one time, and none holds two. `ended_at`: no longer held.
    """

    __tablename__ = "disclosures"
    __table_args__ = (
        Index("ix_disclosures_need_id_institution_id", "need_id", "institution_id"),
        Index(
            "uq_disclosures_contact_slot",
            "need_id",
            "contact_slot",
            unique=True,
            sqlite_where=text("contact_slot IS NOT NULL AND ended_at IS NULL"),
            postgresql_where=text("contact_slot IS NOT NULL AND ended_at IS NULL"),
        ),
        Index(
            "uq_disclosures_contact_holder",
            "need_id",
            "institution_id",
            unique=True,
            sqlite_where=text("contact_slot IS NOT NULL AND ended_at IS NULL"),
            postgresql_where=text("contact_slot IS NOT NULL AND ended_at IS NULL"),
        ),
        CheckConstraint("contact_slot BETWEEN 1 AND 3", name="contact_slot_is_one_of_three"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"))
    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id"))
    consent_id: Mapped[int] = mapped_column(ForeignKey("consents.id"), index=True)
    field_groups: Mapped[list[Any]]
    contact_slot: Mapped[int | None]
    shown_to: Mapped[str] = mapped_column(String(80))
    shown_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class NeedDraft(Base):
    """What a person has typed of a need and not yet sent (docs/decisions/0020-need-drafts.md).

    One for each person, firm and need; `need_code` is "" for a need that is not yet stored. `answers` holds the
    fields of each step as they were typed, right or wrong. `base_revision` is the wording that is being revised.
    """

    __tablename__ = "need_drafts"
    __table_args__ = (UniqueConstraint("person_id", "uscc", "need_code"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"))
    uscc: Mapped[str] = mapped_column(String(18))
    need_code: Mapped[str] = mapped_column(String(40))
    base_revision: Mapped[int]
    answers: Mapped[dict[str, Any]]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime] = mapped_column(index=True)
