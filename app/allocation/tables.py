"""Allocation runs and the responsible party of every entry (逐户落实责任银行)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class AllocationRun(Base):
    """One run over an edition's match run, with its settings, objective and hashes.

    `AllocationProblemRecord` keeps the solved problem as it was posed.
    """

    __tablename__ = "allocation_runs"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("whitelist_editions.id"), index=True)
    match_run_id: Mapped[int] = mapped_column(ForeignKey("match_runs.id"))
    settings: Mapped[dict[str, Any]]
    objective: Mapped[dict[str, Any]]
    inputs_hash: Mapped[str] = mapped_column(String(64))
    result_hash: Mapped[str] = mapped_column(String(64))
    run_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]


class AllocationProblemRecord(Base):
    """A run's posed problem (capacities, limits, candidates) and its solution, as compressed arrays (numpy .npz).

    With it `allocate check RUN` needs nothing that may have changed since.
    """

    __tablename__ = "allocation_problems"

    run_id: Mapped[int] = mapped_column(ForeignKey("allocation_runs.id"), primary_key=True)
    arrays: Mapped[bytes]


class Assignment(Base):
    """Who is responsible for an entry, and why; an entry has at most one that is not ended.

    `run_id` is the run that made it, null when the entry was rerouted between runs.

    `kind` is `matched` (a fitting product's branch), `routed` (by its bottleneck class) or
    `coordinator` (policy gap, facts to ask, or no room; then there is no institution). `ended_at` is set
    when a later run or reroute replaces it, `end_reason` then says why: `replaced` (by a run), `withdrawn`,
    `declined` (the institution is not asked again while what it declined for stands), `resolved` (something
    was established, so that it was matched again), `rematched` (likewise, as a decline was voided) or `rerouted`
    (the coordinator took it away).
    """

    __tablename__ = "assignments"
    __table_args__ = (
        UniqueConstraint("run_id", "entry_id"),
        Index("ix_assignments_entry_id_ended_at", "entry_id", "ended_at"),
        Index(
            "uq_assignments_current",
            "entry_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("allocation_runs.id"), index=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("whitelist_entries.id"))
    kind: Mapped[str] = mapped_column(String(12))
    institution_id: Mapped[int | None] = mapped_column(ForeignKey("institutions.id"), index=True)
    responsible_body: Mapped[str] = mapped_column(String(200))
    product_revision_id: Mapped[int | None] = mapped_column(ForeignKey("product_revisions.id"))
    score: Mapped[int | None]
    explanation: Mapped[dict[str, Any]]
    assigned_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None] = mapped_column(String(12))


class AssignmentSupport(Base):
    """A supporting institution of an assignment, at most two, best first."""

    __tablename__ = "assignment_supports"

    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignments.id"), primary_key=True)
    rank: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id"), index=True)
    product_revision_id: Mapped[int] = mapped_column(ForeignKey("product_revisions.id"))
    score: Mapped[int]


class CardKey(Base):
    """The random key of an institution's tree, from which the codes of its anonymised cards are made."""

    __tablename__ = "card_keys"

    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id"), primary_key=True)
    secret: Mapped[bytes]
    created_at: Mapped[datetime]


class EntryHandler(Base):
    """The relationship manager 客户经理 who handles an assignment within its institution; handed over, never deleted.

    Handling ends with its assignment: a row counts while neither is ended. `reason` says why it was handed over.
    """

    __tablename__ = "entry_handlers"
    __table_args__ = (
        Index(
            "uq_entry_handlers_current",
            "assignment_id",
            "institution_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignments.id"), index=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("persons.id"), index=True)
    given_by: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str | None] = mapped_column(Text)
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]
