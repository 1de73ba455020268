"""Half-year editions of the roster, their entries, imports, and what waits for a person."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class WhitelistEdition(Base):
    """A jurisdiction's roster of one half-year, `2023H2` (黑银发〔2023〕25号 十三)."""

    __tablename__ = "whitelist_editions"
    __table_args__ = (UniqueConstraint("jurisdiction", "code"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(String(6))
    code: Mapped[str] = mapped_column(String(6))
    in_force_from: Mapped[date]
    in_force_until: Mapped[date]
    version: Mapped[int]
    created_at: Mapped[datetime]


class WhitelistEntry(Base):
    """One need on an edition.

    `status` is `admitted`, `review` (a verdict is unknown or a duplicate is suspected) or
    `refused`; `admission` holds the findings that decided. Region, chain, classes and amount are
    those of the entry's need revision, repeated here for cuts and filters. `extra` keeps the cells
    of roster columns that the template does not know, as given, by heading.
    """

    __tablename__ = "whitelist_entries"
    __table_args__ = (
        UniqueConstraint("edition_id", "need_id"),
        Index("ix_whitelist_entries_edition_id_status", "edition_id", "status"),
        # An entry's findings are long: what is counted over an edition is read from here alone.
        Index(
            "ix_whitelist_entries_edition_id_code",
            "edition_id",
            "code",
            postgresql_include=["id", "region_code", "chain_code", "status", "withdrawn_at"],
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("whitelist_editions.id"))
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id"), index=True)
    need_revision_id: Mapped[int] = mapped_column(ForeignKey("need_revisions.id"))
    enterprise_id: Mapped[int] = mapped_column(ForeignKey("enterprises.id"), index=True)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("whitelist_imports.id"))
    source_class: Mapped[str] = mapped_column(String(30))
    region_code: Mapped[str] = mapped_column(String(6), index=True)
    chain_code: Mapped[str | None] = mapped_column(String(60), index=True)
    size_class: Mapped[str | None] = mapped_column(String(10))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(String(10))
    admission: Mapped[dict[str, Any]]
    extra: Mapped[dict[str, Any]]
    admitted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(80))
    withdrawal_reason: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int]
    created_at: Mapped[datetime]


class EntryWithdrawal(Base):
    """One time for which an entry was off the roster; `reopened_*` are written once, when it comes back.

    The entry's own `withdrawn_*` columns say how it stands now, these rows how it came there: at most one of
    an entry is not reopened. `import_id` names the import whose undoing took it off; a later import brings it back.
    """

    __tablename__ = "entry_withdrawals"
    __table_args__ = (
        Index(
            "uq_entry_withdrawals_current",
            "entry_id",
            unique=True,
            sqlite_where=text("reopened_at IS NULL"),
            postgresql_where=text("reopened_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("whitelist_entries.id"), index=True)
    withdrawn_at: Mapped[datetime]
    withdrawn_by: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text)
    reopened_at: Mapped[datetime | None]
    reopened_by: Mapped[str | None] = mapped_column(String(80))
    reopen_reason: Mapped[str | None] = mapped_column(Text)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("whitelist_imports.id"))


class WhitelistImport(Base):
    """One workbook that was taken, with its hash and what came of it."""

    __tablename__ = "whitelist_imports"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("whitelist_editions.id"), index=True)
    file_name: Mapped[str] = mapped_column(String(200))
    file_sha256: Mapped[str] = mapped_column(String(64))
    counts: Mapped[dict[str, Any]]
    imported_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]


class ReviewItem(Base):
    """Something on the roster that a person must decide; nothing is merged silently.

    `kind` is `admission_unknown` or `duplicate_name`; `detail` names what to ask or the
    candidates with their scores. `decision` stays null until somebody decides.
    """

    __tablename__ = "review_items"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("whitelist_entries.id"), index=True)
    kind: Mapped[str] = mapped_column(String(30))
    detail: Mapped[dict[str, Any]]
    decision: Mapped[str | None] = mapped_column(String(30))
    reason: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(String(80))
    decided_at: Mapped[datetime | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
