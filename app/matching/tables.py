"""Match runs and their results: which products each entry's need qualifies for, best first."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class MatchRun(Base):
    """One run over an edition; the same `inputs_hash` always gives the same `result_hash`."""

    __tablename__ = "match_runs"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    edition_id: Mapped[int] = mapped_column(ForeignKey("whitelist_editions.id"), index=True)
    library_code: Mapped[str | None] = mapped_column(String(6))
    engine_version: Mapped[str] = mapped_column(String(20))
    inputs_hash: Mapped[str] = mapped_column(String(64))
    result_hash: Mapped[str] = mapped_column(String(64))
    inputs: Mapped[dict[str, Any]]
    """Hashes of the pack set, product revisions, need revisions, chain plans; day; weights."""
    counts: Mapped[dict[str, Any]]
    run_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]


class MatchBatch(Base):
    """A run of which the workers of a cluster still store parts; nobody is shown it until this row is gone."""

    __tablename__ = "match_batches"

    run_id: Mapped[int] = mapped_column(ForeignKey("match_runs.id"), primary_key=True)
    parts: Mapped[int]


class MatchPart(Base):
    """A part of a run that a worker of a cluster has stored: all of its rows, in one transaction, once."""

    __tablename__ = "match_parts"

    run_id: Mapped[int] = mapped_column(ForeignKey("match_runs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    result_hash: Mapped[str] = mapped_column(String(64))
    stored_at: Mapped[datetime]


class MatchResult(Base):
    """One of the best products of an entry; `score` is 0 to 1,000,000 for 0 to 100."""

    __tablename__ = "match_results"

    run_id: Mapped[int] = mapped_column(ForeignKey("match_runs.id"), primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("whitelist_entries.id"), primary_key=True)
    rank: Mapped[int] = mapped_column(Integer, primary_key=True)
    product_revision_id: Mapped[int] = mapped_column(ForeignKey("product_revisions.id"))
    score: Mapped[int]


class MatchCount(Base):
    """How many products an entry's need qualifies for, and for how many that is unknown."""

    __tablename__ = "match_counts"

    run_id: Mapped[int] = mapped_column(ForeignKey("match_runs.id"), primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("whitelist_entries.id"), primary_key=True)
    eligible: Mapped[int]
    unknown: Mapped[int]
