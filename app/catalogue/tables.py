"""Products with immutable revisions, and the quarter's published library."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class Product(Base):
    """A product of one institution; what it says is in its revisions.

    `confirmed_quarter` is the latest quarter (`2023Q4`) for whose library its institution confirmed it.
    """

    __tablename__ = "products"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id"), index=True)
    revision: Mapped[int]
    """Number of the revision that is current."""
    created_at: Mapped[datetime]
    confirmed_quarter: Mapped[str | None] = mapped_column(String(6))
    confirmed_by: Mapped[str | None] = mapped_column(String(80))
    confirmed_at: Mapped[datetime | None]


class ProductRevision(Base):
    """One immutable wording of a product; `terms` is a `catalogue.rules.ProductTerms`."""

    __tablename__ = "product_revisions"
    __table_args__ = (UniqueConstraint("product_id", "revision"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    revision: Mapped[int]
    name: Mapped[str] = mapped_column(String(120))
    terms: Mapped[dict[str, Any]]
    content_hash: Mapped[str] = mapped_column(String(64))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]
    is_demo: Mapped[bool]
    created_at: Mapped[datetime]


class LibraryEdition(Base):
    """The library that a jurisdiction published for a quarter, `2023Q4`."""

    __tablename__ = "library_editions"
    __table_args__ = (UniqueConstraint("jurisdiction", "code"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(String(6))
    code: Mapped[str] = mapped_column(String(6))
    content_hash: Mapped[str] = mapped_column(String(64))
    published_at: Mapped[datetime]


class LibraryItem(Base):
    """One product revision on a library edition."""

    __tablename__ = "library_items"

    edition_id: Mapped[int] = mapped_column(ForeignKey("library_editions.id"), primary_key=True)
    product_revision_id: Mapped[int] = mapped_column(ForeignKey("product_revisions.id"), primary_key=True)


class LibraryCall(Base):
    """That institutions were called to confirm their products for a quarter's edition, and until when."""

    __tablename__ = "library_calls"
    __table_args__ = (UniqueConstraint("jurisdiction", "quarter"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(String(6))
    quarter: Mapped[str] = mapped_column(String(6))
    due_on: Mapped[date]
    called_at: Mapped[datetime]
    called_by: Mapped[str] = mapped_column(String(80))


class LibrarySuspension(Base):
    """One product that an edition leaves out because nobody confirmed it although it was called for."""

    __tablename__ = "library_suspensions"

    edition_id: Mapped[int] = mapped_column(ForeignKey("library_editions.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), primary_key=True, index=True)
