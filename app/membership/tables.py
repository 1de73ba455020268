"""Memberships 归链: which firms belong to which chain, proposed, said by people, questioned, objected to."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId

_OPEN_ENDED = text("until IS NULL AND state <> 'withdrawn'")
_OPEN = text("state = 'open'")


class MembershipRun(Base):
    """One time for which memberships were proposed for all firms of a jurisdiction, and what came of it.

    `input_hash` covers the profiles of the chains and all that was known of the firms; `counts` tells proposals
    by chain and by confidence.
    """

    __tablename__ = "membership_runs"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(String(6), index=True)
    firms: Mapped[int]
    with_proposal: Mapped[int]
    added: Mapped[int]
    withdrawn: Mapped[int]
    kept: Mapped[int]
    questions: Mapped[int]
    counts: Mapped[dict[str, Any]]
    input_hash: Mapped[str] = mapped_column(String(64))
    started_by: Mapped[str] = mapped_column(String(80))
    started_at: Mapped[datetime]


class ChainMembership(Base):
    """A firm's place in a chain for a period: proposed, confirmed or declined by people, or a proposal withdrawn.

    `reason` is what spoke for it; `word` what the person said who settled it (`said_by`, empty: nobody yet). At
    most one proposal and one open-ended word of each kind stand for a firm in a chain.
    """

    __tablename__ = "chain_memberships"
    __table_args__ = (
        Index("ix_chain_memberships_chain_code_state_id", "chain_code", "state", "id"),
        Index(
            "uq_chain_memberships_open_ended",
            "enterprise_id",
            "chain_code",
            "state",
            unique=True,
            sqlite_where=_OPEN_ENDED,
            postgresql_where=_OPEN_ENDED,
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprises.id"), index=True)
    chain_code: Mapped[str] = mapped_column(String(60))
    link: Mapped[str | None] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(10))
    confidence: Mapped[str | None] = mapped_column(String(20))
    since: Mapped[date]
    until: Mapped[date | None]
    reason: Mapped[str] = mapped_column(Text)
    word: Mapped[str | None] = mapped_column(Text)
    said_by: Mapped[str] = mapped_column(String(80))
    said_at: Mapped[datetime]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("membership_runs.id"), index=True)
    version: Mapped[int]


class MembershipAct(Base):
    """What was done with a membership, by whom and why; only ever added."""

    __tablename__ = "membership_acts"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("chain_memberships.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    done_by: Mapped[str] = mapped_column(String(80))
    done_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text)


class MembershipQuestion(Base):
    """Something that speaks against a confirmed membership: shown until a person decides, never carried out by itself.

    `kind` is `evidence` (the proposal would be another now) or `statement` (a need of the firm states another
    chain or role). `asked` is what it points to, so that what was dismissed is not asked again.
    """

    __tablename__ = "membership_questions"
    __table_args__ = (
        UniqueConstraint("membership_id", "kind", "asked"),
        Index("ix_membership_questions_state_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("chain_memberships.id"))
    kind: Mapped[str] = mapped_column(String(10))
    asked: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))
    asked_at: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(80))
    decided_at: Mapped[datetime | None]
    decision: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int]


class MembershipObjection(Base):
    """What a firm says against a membership of its own; a coordinator answers. One is open at a time."""

    __tablename__ = "membership_objections"
    __table_args__ = (
        Index(
            "uq_membership_objections_open",
            "membership_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index("ix_membership_objections_state_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("chain_memberships.id"), index=True)
    membership_version: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))
    raised_by: Mapped[str] = mapped_column(String(80))
    raised_at: Mapped[datetime]
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[str | None] = mapped_column(String(80))
    answered_at: Mapped[datetime | None]
    version: Mapped[int]


class MembershipListing(Base):
    """A core firm has listed a firm as its supplier or dealer on a chain; `until` is set when the list says so no more."""

    __tablename__ = "membership_listings"
    __table_args__ = (
        Index(
            "uq_membership_listings_current",
            "enterprise_id",
            "chain_code",
            "core_firm",
            "role",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprises.id"))
    chain_code: Mapped[str] = mapped_column(String(60), index=True)
    core_firm: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(12))
    since: Mapped[date]
    until: Mapped[date | None]
    noted_by: Mapped[str] = mapped_column(String(80))
    noted_at: Mapped[datetime]
