"""Rows of the audit trail."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import fields
from typing import Final, cast

from sqlalchemy import BigInteger, ColumnElement, String, Table, bindparam, func, insert, select
from sqlalchemy import cast as cast_to

from app.accounts.audit import START, EventFilter, Link
from app.accounts.tables import AuditEvent
from app.kernel.database import AsyncSession
from app.kernel.direct import Direct

# One number for "the end of the audit trail" among PostgreSQL's advisory locks.
_END_OF_TRAIL: Final = 0x52515F4155444954
LINKS_AT_ONCE: Final = 2_000
_NAMES: Final = tuple(field.name for field in fields(Link))
_COLUMNS: Final = tuple(getattr(AuditEvent, name) for name in _NAMES)
_TABLE: Final = cast("Table", AuditEvent.__table__)
_HOLD: Final = Direct(select(func.pg_advisory_xact_lock(cast_to(_END_OF_TRAIL, BigInteger)).cast(String)))
_ADD: Final = Direct(
    insert(_TABLE).values({name: bindparam(name, type_=_TABLE.c[name].type) for name in _NAMES})
)
_LAST: Final = Direct(
    select(AuditEvent.sequence, AuditEvent.hash).order_by(AuditEvent.sequence.desc()).limit(1)
)


async def hold_last_link(session: AsyncSession) -> tuple[int, str]:
    """Answer number and hash of the last link; nobody else adds one until the transaction ends."""
    if session.get_bind().dialect.name == "postgresql":
        await _HOLD.rows(session)
    found = await _LAST.row(session)
    return START if found is None else (found.sequence, found.hash)


async def add_links(session: AsyncSession, links: Iterable[Link]) -> None:
    """Add links to the end of the trail, which the transaction holds."""
    rows = [{name: getattr(link, name) for name in _NAMES} for link in links]
    if rows:
        await _ADD.put(session, rows)


async def newest_links(
    session: AsyncSession, wanted: EventFilter, *, before: int | None, limit: int
) -> Sequence[Link]:
    """Answer the newest links that are asked for, below a number if one is given, the newest first."""
    conditions = _conditions(wanted)
    if before is not None:
        conditions.append(AuditEvent.sequence < before)
    statement = select(*_COLUMNS).where(*conditions).order_by(AuditEvent.sequence.desc()).limit(limit)
    return [Link(*row) for row in await session.execute(statement)]


async def links_after(session: AsyncSession, sequence: int, limit: int) -> Sequence[Link]:
    """Answer the links that follow a number, in the order of the chain."""
    statement = (
        select(*_COLUMNS).where(AuditEvent.sequence > sequence).order_by(AuditEvent.sequence).limit(limit)
    )
    return [Link(*row) for row in await session.execute(statement)]


async def batches(session: AsyncSession) -> AsyncIterator[Sequence[Link]]:
    """Answer the whole trail in the order of the chain, some thousand links at a time."""
    last = -(2**63)  # a forged row may have any number
    while found := await links_after(session, last, LINKS_AT_ONCE):
        yield found
        last = found[-1].sequence


def _conditions(wanted: EventFilter) -> list[ColumnElement[bool]]:
    stated = {
        AuditEvent.actor: wanted.actor,
        AuditEvent.person_id: wanted.person,
        AuditEvent.action: wanted.action,
        AuditEvent.subject_kind: wanted.subject_kind,
        AuditEvent.subject: wanted.subject,
        AuditEvent.request_id: wanted.request_id,
    }
    conditions = [column == value for column, value in stated.items() if value is not None]
    if wanted.since is not None:
        conditions.append(AuditEvent.occurred_at >= wanted.since)
    if wanted.before is not None:
        conditions.append(AuditEvent.occurred_at < wanted.before)
    return conditions
