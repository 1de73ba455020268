"""Decisions that cite a clause: admissions, what blocks entries, and to whom entries were given."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Select, select

from app.accounts.rules import Viewer
from app.allocation.outcomes import MATCHED
from app.allocation.tables import Assignment
from app.bottlenecks.tables import BottleneckCase, BottleneckFinding
from app.enterprises.tables import Enterprise
from app.kernel.database import AsyncSession
from app.whitelist.tables import WhitelistEdition, WhitelistEntry


def _entries(viewer: Viewer) -> Select[str, str]:
    return (
        select(WhitelistEntry.code, Enterprise.name)
        .select_from(WhitelistEntry)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .where(WhitelistEdition.jurisdiction == viewer.jurisdiction)
    )


def admissions(viewer: Viewer, citations: Collection[str]) -> Select[str, str]:
    """Select the entries whose admission was decided by a rule that cites one of these."""
    return _entries(viewer).where(WhitelistEntry.admission["citation"].as_string().in_(sorted(citations)))


def blocked(viewer: Viewer, citations: Collection[str]) -> Select[str, str]:
    """Select the entries that a class blocks now whose rule cites one of these."""
    return (
        _entries(viewer)
        .join(BottleneckCase, BottleneckCase.entry_id == WhitelistEntry.id)
        .join(BottleneckFinding, BottleneckFinding.case_id == BottleneckCase.id)
        .where(
            BottleneckCase.is_current.is_(True),
            BottleneckFinding.verdict == "pass",
            BottleneckFinding.detail["citation"].as_string().in_(sorted(citations)),
        )
    )


def given(viewer: Viewer, citations: Collection[str]) -> Select[str, str]:
    """Select the entries that were given to whom they are now by a class that cites one of these."""
    return (
        _entries(viewer)
        .join(Assignment, Assignment.entry_id == WhitelistEntry.id)
        .where(
            Assignment.ended_at.is_(None),
            Assignment.kind != MATCHED,  # a fit cites no class, and its reasons are long to read
            Assignment.explanation["citation"].as_string().in_(sorted(citations)),
        )
    )


async def listed(session: AsyncSession, found: Select[str, str], limit: int) -> Sequence[Any]:
    """Answer (entry, firm) of the first by entry code."""
    rows: Sequence[Any] = (await session.execute(found.order_by(WhitelistEntry.code).limit(limit))).all()
    return rows
