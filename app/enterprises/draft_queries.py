"""Rows of drafts: every statement names the person whose they are."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.enterprises.tables import NeedDraft


async def draft(session: AsyncSession, person: int, uscc: str, need_code: str) -> NeedDraft | None:
    """Answer a person's draft of a need, "" being one that is not yet stored."""
    wanted = select(NeedDraft).where(
        NeedDraft.person_id == person, NeedDraft.uscc == uscc, NeedDraft.need_code == need_code
    )
    return (await session.execute(wanted)).scalar_one_or_none()


async def drafts(session: AsyncSession, person: int, limit: int) -> Sequence[NeedDraft]:
    """Answer a person's drafts, the one changed last first."""
    wanted = (
        select(NeedDraft)
        .where(NeedDraft.person_id == person)
        .order_by(NeedDraft.updated_at.desc(), NeedDraft.id.desc())
        .limit(limit)
    )
    return (await session.execute(wanted)).scalars().all()


async def remove(session: AsyncSession, row: NeedDraft) -> None:
    """Take a draft away."""
    await session.delete(row)
    await session.flush()
