"""Core firms' lists of suppliers and dealers 核心企业名单: versions, rows, listed firms with their answers, batch matches.

`region_code` of the list stands in every table below it: who coordinates that region sees the row (app/visibility).
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class CoreList(Base):
    """The list of one core firm; `figures` is what the core firm is told (core_lists/counts.py).

    `evidence` names the core firm's consent in writing when a coordinator entered the list for it.
    """

    __tablename__ = "core_lists"
    __table_args__ = (Index("ix_core_lists_state_core_uscc", "state", "core_uscc"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprises.id"), unique=True)
    core_uscc: Mapped[str] = mapped_column(String(18), unique=True)
    core_name: Mapped[str] = mapped_column(String(200))
    region_code: Mapped[str] = mapped_column(String(6), index=True)
    chain_code: Mapped[str | None] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(10))
    evidence: Mapped[str | None] = mapped_column(Text)
    figures: Mapped[dict[str, Any]]
    decided_by: Mapped[str | None] = mapped_column(String(80))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)
    is_demo: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class CoreListVersion(Base):
    """One workbook of a core firm; at most one of a list is a draft, at most one current."""

    __tablename__ = "core_list_versions"
    __table_args__ = (
        UniqueConstraint("list_id", "number"),
        Index(
            "uq_core_list_versions_draft",
            "list_id",
            unique=True,
            sqlite_where=text("state = 'draft'"),
            postgresql_where=text("state = 'draft'"),
        ),
        Index(
            "uq_core_list_versions_current",
            "list_id",
            unique=True,
            sqlite_where=text("state = 'current'"),
            postgresql_where=text("state = 'current'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("core_lists.id"))
    region_code: Mapped[str] = mapped_column(String(6))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    file_name: Mapped[str] = mapped_column(String(200))
    file_sha256: Mapped[str] = mapped_column(String(64))
    listed: Mapped[int]
    given_by: Mapped[str] = mapped_column(String(80))
    is_on_behalf: Mapped[bool]
    evidence: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class CoreListRow(Base):
    """One row of a version as it was written, and whom it means.

    `suspects` are the firms that it may be, each a credit code with its likeness in thousandths.
    """

    __tablename__ = "core_list_rows"
    __table_args__ = (
        UniqueConstraint("version_id", "number"),
        Index("ix_core_list_rows_version_id_outcome", "version_id", "outcome", "number"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("core_lists.id"), index=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("core_list_versions.id"))
    region_code: Mapped[str] = mapped_column(String(6))
    number: Mapped[int]
    uscc: Mapped[str | None] = mapped_column(String(18))
    name: Mapped[str] = mapped_column(String(200))
    relation: Mapped[str] = mapped_column(String(10))
    yearly_fen: Mapped[int | None] = mapped_column(BigInteger)
    since_year: Mapped[int | None]
    outcome: Mapped[str] = mapped_column(String(10))
    enterprise_id: Mapped[int | None] = mapped_column(ForeignKey("enterprises.id"), index=True)
    likeness: Mapped[int | None]
    suspects: Mapped[list[Any]]
    decided_by: Mapped[str | None] = mapped_column(String(80))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int]


class CoreListMember(Base):
    """A known firm on a list, and what it has answered: the core firm never sees this.

    What identifies the firm stands here as it was when it was listed, so that a bank that may see the row needs no
    other right. `left_at`: the current version names it no more, or the list was withdrawn. `shows_trade`: banks see
    what the core firm says of their trade too.
    """

    __tablename__ = "core_list_members"
    __table_args__ = (UniqueConstraint("list_id", "enterprise_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("core_lists.id"))
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprises.id"), index=True)
    region_code: Mapped[str] = mapped_column(String(6), index=True)
    core_name: Mapped[str] = mapped_column(String(200))
    chain_code: Mapped[str | None] = mapped_column(String(60))
    firm_uscc: Mapped[str] = mapped_column(String(18), index=True)
    firm_name: Mapped[str] = mapped_column(String(200))
    firm_region: Mapped[str] = mapped_column(String(6))
    relation: Mapped[str] = mapped_column(String(10))
    yearly_fen: Mapped[int | None] = mapped_column(BigInteger)
    since_year: Mapped[int | None]
    answer: Mapped[str] = mapped_column(String(10))
    shows_trade: Mapped[bool]
    until: Mapped[date | None]
    answered_by: Mapped[str | None] = mapped_column(String(80))
    answered_at: Mapped[datetime | None]
    listed_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    version: Mapped[int]


class CoreListRun(Base):
    """One batch match over the firms of a list that had consented; `counts` are of firms, by kind too."""

    __tablename__ = "core_list_runs"
    __table_args__ = (UniqueConstraint("list_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("core_lists.id"))
    region_code: Mapped[str] = mapped_column(String(6))
    number: Mapped[int]
    on_day: Mapped[date]
    share_percent: Mapped[int]
    term_months: Mapped[int]
    counts: Mapped[dict[str, Any]]
    inputs_hash: Mapped[str] = mapped_column(String(64))
    run_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]


class CoreListMatch(Base):
    """A product for a listed firm, of one kind; those of a list's last run alone are kept.

    `fit` is whether the firm qualifies (`fits`) or something is still to be asked (`asks`).
    """

    __tablename__ = "core_list_matches"
    __table_args__ = (
        UniqueConstraint("member_id", "product_revision_id", "kind"),
        Index("ix_core_list_matches_list_id_kind", "list_id", "kind"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("core_list_runs.id"), index=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("core_lists.id"))
    member_id: Mapped[int] = mapped_column(ForeignKey("core_list_members.id"))
    region_code: Mapped[str] = mapped_column(String(6))
    product_revision_id: Mapped[int] = mapped_column(ForeignKey("product_revisions.id"), index=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    fit: Mapped[str] = mapped_column(String(10))
    place: Mapped[int]
    score: Mapped[int]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
