"""Industrial chains of a jurisdiction, who answers for them, and their plans."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class Chain(Base):
    """A jurisdiction's chain; `industries` are the GB/T 4754-2017 classes that propose members.

    `profile` names the shipped profile (seed/reference/chains) whose links and words propose them too.
    """

    __tablename__ = "chains"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    jurisdiction: Mapped[str] = mapped_column(String(6), index=True)
    name: Mapped[str] = mapped_column(String(80))
    industries: Mapped[list[Any]]
    source: Mapped[str] = mapped_column(String(200))
    profile: Mapped[str | None] = mapped_column(String(60))
    is_demo: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime]


class ChainManager(Base):
    """Who holds which post of a chain, from when until when (until null: still).

    A team for a place 金融管家团队 names it as it was called then. `gap_reason` says why nobody was meant to
    hold the post before this period.
    """

    __tablename__ = "chain_managers"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    chain_id: Mapped[int] = mapped_column(ForeignKey("chains.id"), index=True)
    role: Mapped[str] = mapped_column(String(30))
    name: Mapped[str] = mapped_column(String(80))
    body: Mapped[str] = mapped_column(String(120))
    since: Mapped[date]
    until: Mapped[date | None]
    place_kind: Mapped[str | None] = mapped_column(String(10))
    place_code: Mapped[str | None] = mapped_column(String(60))
    place_name: Mapped[str | None] = mapped_column(String(120))
    gap_reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]


class ChainPlace(Base):
    """What a chain covers: a region (by its code), a cluster, zone or park of the jurisdiction's list, for a period.

    `region` is where a cluster, zone or park lies, null where nobody said. A chain without a region covers its jurisdiction.
    """

    __tablename__ = "chain_places"
    __table_args__ = (UniqueConstraint("chain_id", "kind", "code", "since"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    chain_id: Mapped[int] = mapped_column(ForeignKey("chains.id"))
    kind: Mapped[str] = mapped_column(String(10))
    code: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(120))
    region: Mapped[str | None] = mapped_column(String(6))
    since: Mapped[date]
    until: Mapped[date | None]
    created_at: Mapped[datetime]


class ChainPlan(Base):
    """One version of "one chain, one policy" (一链一策), never changed once published.

    `content` is a `chains.schemas.PlanContent`: contracted banks, priority purposes, chain
    products, terms granted, and the clause that each rests on.
    """

    __tablename__ = "chain_plans"
    __table_args__ = (UniqueConstraint("chain_id", "version"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    chain_id: Mapped[int] = mapped_column(ForeignKey("chains.id"), index=True)
    version: Mapped[int]
    since: Mapped[date]
    until: Mapped[date | None]
    content: Mapped[dict[str, Any]]
    content_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
