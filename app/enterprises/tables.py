"""Enterprises, their projects, and needs with immutable revisions."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class Enterprise(Base):
    """A firm, known by its unified social credit code (GB 32100-2015).

    `name_key` is the normalised name that resolution of duplicates compares.
    """

    __tablename__ = "enterprises"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    uscc: Mapped[str] = mapped_column(String(18), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(200), index=True)
    region_code: Mapped[str] = mapped_column(String(6), index=True)
    industry: Mapped[str | None] = mapped_column(String(6))
    established_on: Mapped[date | None]
    ownership: Mapped[str | None] = mapped_column(String(30))
    """Recorded; no criterion may use it (公平授信, 金发〔2024〕5号 九)."""
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
