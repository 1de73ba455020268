"""Drafts of chains' plans 一链一策草案, what each was compared with and what came of it, and plans that were archived."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class PlanDraft(Base):
    """A version of a chain's plan while people work on it; `number` counts the drafts of its chain.

    `state` is `draft`, `compared`, `published` or `given_up`; `replaces` is the published version that it follows (null:
    the first). `content` is a `chains.schemas.PlanContent`, `content_hash` that of dates and content. `ended_*` say who
    published it or gave it up, `published_version` what it became.
    """

    __tablename__ = "plan_drafts"
    __table_args__ = (UniqueConstraint("chain_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    chain_id: Mapped[int] = mapped_column(ForeignKey("chains.id"), index=True)
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(10))
    replaces: Mapped[int | None]
    since: Mapped[date]
    until: Mapped[date | None]
    content: Mapped[dict[str, Any]]
    content_hash: Mapped[str] = mapped_column(String(64))
    drafted_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    ended_by: Mapped[str | None] = mapped_column(String(80))
    ended_at: Mapped[datetime | None]
    published_version: Mapped[int | None]
    version: Mapped[int]


class PlanComparison(Base):
    """A draft beside the plan in force, over the needs of an edition; never changed once stored.

    `against` is the version in force then (null: none), `edition` the one that was compared over (null: none was open).
    `inputs` are the hashes of all that it rests on; equal `inputs_hash` gives equal `result_hash`. `listed` tells which
    needs there were, cheaply enough to be asked again with each look.
    """

    __tablename__ = "plan_comparisons"
    __table_args__ = (UniqueConstraint("draft_id", "number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("plan_drafts.id"), index=True)
    number: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64))
    against: Mapped[int | None]
    edition: Mapped[str | None] = mapped_column(String(6))
    compared_on: Mapped[date]
    listed: Mapped[str] = mapped_column(String(80))
    inputs: Mapped[dict[str, Any]]
    inputs_hash: Mapped[str] = mapped_column(String(64))
    result_hash: Mapped[str] = mapped_column(String(64))
    counts: Mapped[dict[str, Any]]
    compared_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]


class PlanEffectOnEntry(Base):
    """What a draft would do to one entry that it changes; `detail` names products, banks, steps and says it in words.

    `gained` to `rescored` count products and banks; `moved` is how much the best score changes, in 1/10,000 point.
    """

    __tablename__ = "plan_effects"
    __table_args__ = (Index("ix_plan_effects_comparison_id_code", "comparison_id", "code"),)

    comparison_id: Mapped[int] = mapped_column(ForeignKey("plan_comparisons.id"), primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("whitelist_entries.id"), primary_key=True, index=True)
    code: Mapped[str] = mapped_column(String(60))
    region_code: Mapped[str] = mapped_column(String(6))
    gained: Mapped[int]
    lost: Mapped[int]
    banks_gained: Mapped[int]
    banks_lost: Mapped[int]
    rescored: Mapped[int]
    moved: Mapped[int]
    detail: Mapped[dict[str, Any]]


class PlanReallocation(Base):
    """An edition allocated anew with a draft and with the plan in force, both to optimality: what differs, in figures."""

    __tablename__ = "plan_reallocations"

    comparison_id: Mapped[int] = mapped_column(ForeignKey("plan_comparisons.id"), primary_key=True)
    match_run_id: Mapped[int] = mapped_column(ForeignKey("match_runs.id"), index=True)
    counts: Mapped[dict[str, Any]]
    result_hash: Mapped[str] = mapped_column(String(64))
    run_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]


class PlanReallocatedEntry(Base):
    """An entry that would have another responsible institution, product or fit, and why."""

    __tablename__ = "plan_reallocated_entries"
    __table_args__ = (Index("ix_plan_reallocated_entries_comparison_id_code", "comparison_id", "code"),)

    comparison_id: Mapped[int] = mapped_column(
        ForeignKey("plan_reallocations.comparison_id"), primary_key=True
    )
    entry_id: Mapped[int] = mapped_column(ForeignKey("whitelist_entries.id"), primary_key=True, index=True)
    code: Mapped[str] = mapped_column(String(60))
    change: Mapped[str] = mapped_column(String(10))
    with_draft: Mapped[str] = mapped_column(String(300))
    without_draft: Mapped[str] = mapped_column(String(300))
    sentence: Mapped[str] = mapped_column(Text)


class PlanArchive(Base):
    """A published version that was archived: it keeps saying what held on its days."""

    __tablename__ = "plan_archives"

    plan_id: Mapped[int] = mapped_column(ForeignKey("chain_plans.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(String(300))
    archived_by: Mapped[str] = mapped_column(String(80))
    archived_at: Mapped[datetime]
