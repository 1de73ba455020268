"""Rows of the audit trail."""

from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy import func, insert, select

from app.accounts.audit import GENESIS, Link
from app.accounts.tables import AuditEvent
from app.kernel.database import AsyncSession

# One number for "the end of the audit trail" among PostgreSQL's advisory locks.
_END_OF_TRAIL = 0x52515F4155444954


async def hold_last_link(session: AsyncSession) -> tuple[int, str]:
    """Answer number and hash of the last link; nobody else adds one until the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(select(func.pg_advisory_xact_lock(_END_OF_TRAIL)))
    last = select(AuditEvent.sequence, AuditEvent.hash).order_by(AuditEvent.sequence.desc()).limit(1)
    found = (await session.execute(last)).one_or_none()
    return (0, GENESIS) if found is None else (found.sequence, found.hash)


async def add_links(session: AsyncSession, links: Iterable[Link]) -> None:
    """Add links to the end of the trail, which the transaction holds."""
    rows = [asdict(link) for link in links]
    if rows:
        await session.execute(insert(AuditEvent), rows)
