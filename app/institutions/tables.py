"""Banks, branches, guarantors and other bodies that can answer for an entry."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class Institution(Base):
    """One node of the tree head office → branch → sub-branch.

    `lineage` is the path of ids from the root to this node, `/1/17/204/`, so that all below a
    node is one prefix. `capacity` is the number of entries that the node itself may be
    responsible for in one edition; `group_capacity` bounds the sum below it. Null is unbounded
    for groups, and means "not a responsible institution" for capacity.
    """

    __tablename__ = "institutions"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    uscc: Mapped[str | None] = mapped_column(String(18), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    short_name: Mapped[str] = mapped_column(String(80), index=True)
    kind: Mapped[str] = mapped_column(String(30))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("institutions.id"), index=True)
    root_id: Mapped[int | None] = mapped_column(ForeignKey("institutions.id"), index=True)
    lineage: Mapped[str] = mapped_column(String(120), index=True)
    region_code: Mapped[str] = mapped_column(String(6), index=True)
    capacity: Mapped[int | None]
    group_capacity: Mapped[int | None]
    credit_loan_share: Mapped[int | None]
    """Share of credit (信用) loans in all its loans, basis points: its credit-loan capability."""
    borrower_limit_fen: Mapped[int | None] = mapped_column(BigInteger)
    """Most that it may lend to one borrower: its headroom for (十六) b."""
    is_demo: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class InstitutionArea(Base):
    """A region (with all below it) that an institution serves."""

    __tablename__ = "institution_areas"

    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id"), primary_key=True)
    region_code: Mapped[str] = mapped_column(String(6), primary_key=True)
