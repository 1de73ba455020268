"""Closed months: facts, figures and their hash, frozen."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class CoverageSnapshot(Base):
    """One closed month of one edition; the row is never changed.

    `facts` is the canonical JSON of the month's facts, compressed with zlib; `facts_sha256` is
    the hash of the uncompressed bytes; `figures` are those computed from them at the close.
    """

    __tablename__ = "coverage_snapshots"
    __table_args__ = (UniqueConstraint("jurisdiction", "month"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(String(6))
    edition_id: Mapped[int] = mapped_column(ForeignKey("whitelist_editions.id"))
    month: Mapped[str] = mapped_column(String(7))
    facts: Mapped[bytes]
    facts_sha256: Mapped[str] = mapped_column(String(64))
    figures: Mapped[dict[str, Any]]
    closed_by: Mapped[str] = mapped_column(String(80))
    closed_at: Mapped[datetime]
