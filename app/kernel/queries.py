"""Reads and writes of the kernel's own rows."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.tables import IdempotencyRecord


async def idempotency_record(session: AsyncSession, viewer_key: str, key: str) -> IdempotencyRecord | None:
    """Answer what was answered to this viewer under this key, if anything."""
    statement = select(IdempotencyRecord).where(
        IdempotencyRecord.viewer_key == viewer_key, IdempotencyRecord.key == key
    )
    return (await session.execute(statement)).scalar_one_or_none()
