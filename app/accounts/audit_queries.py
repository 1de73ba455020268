"""Rows of the audit trail."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import fields
from typing import Final, cast
from weakref import WeakKeyDictionary

from sqlalchemy import BigInteger, ColumnElement, Engine, String, Table, bindparam, func, insert, select
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects.postgresql import ARRAY

from app.accounts.audit import START, EventFilter, Link
from app.accounts.tables import AuditEvent
from app.kernel.database import AsyncSession, DBAPIError, unrestricted
from app.kernel.direct import Direct
from app.kernel.durability import IN_MEMORY, commits_in_memory
from app.kernel.troubles import trouble_of

# One number for "the end of the audit trail" among PostgreSQL's advisory locks.
_END_OF_TRAIL: Final = 0x52515F4155444954
LINKS_AT_ONCE: Final = 2_000
_NAMES: Final = tuple(field.name for field in fields(Link))
_COLUMNS: Final = tuple(getattr(AuditEvent, name) for name in _NAMES)
_TABLE: Final = cast("Table", AuditEvent.__table__)
_HELD: Final = select(
    func.set_config(*IN_MEMORY),
    func.pg_advisory_xact_lock(cast_to(_END_OF_TRAIL, BigInteger)).cast(String),
)
_HOLD: Final = Direct(_HELD)
_ADD: Final = Direct(
    insert(_TABLE).values({name: bindparam(name, type_=_TABLE.c[name].type) for name in _NAMES})
)
_LAST: Final = Direct(
    select(AuditEvent.sequence, AuditEvent.hash).order_by(AuditEvent.sequence.desc()).limit(1)
)
_END_IS: Final = select(_TABLE.c.hash).order_by(_TABLE.c.sequence.desc()).limit(
    1
).scalar_subquery() == bindparam("end", type_=String())
_COLUMNS_OF_ROWS: Final = tuple(
    func.unnest(bindparam(f"all_{name}", type_=ARRAY(_TABLE.c[name].type))).label(name) for name in _NAMES
)
_ADD_IF_END_IS: Final = Direct(
    insert(_TABLE)
    .from_select(_NAMES, select(*_COLUMNS_OF_ROWS).where(_END_IS), include_defaults=False)
    .returning(_TABLE.c.sequence)
)
_HELD_HERE: Final = _HELD.cte("held")
_HOLD_AND_ADD_IF_END_IS: Final = Direct(
    insert(_TABLE)
    .from_select(
        _NAMES,
        select(*_COLUMNS_OF_ROWS).select_from(_HELD_HERE).where(_END_IS),
        include_defaults=False,
    )
    .returning(_TABLE.c.sequence)
)

Chained = Callable[[tuple[int, str]], Iterable[Link]]
_ENDS: Final[WeakKeyDictionary[Engine, tuple[int, str]]] = WeakKeyDictionary()
"""Number and hash of the last link that this process added to a database: mostly it still is the end."""


async def add_to_end(session: AsyncSession, chained: Chained) -> None:
    """Add links to the end of the trail; nobody else adds any until the transaction ends.

    `chained` answers the links that follow a last one (sequence, hash), as often as it is asked. Others wait for each
    other here, so there are as few statements as can be: the end that is remembered is not read, but asked for in the
    statement that adds. Where it was another (other processes, a transaction that was taken back), nothing was added.
    """
    engine = session.get_bind().engine
    if engine.dialect.name == "postgresql":
        await _HOLD.rows(session)
        commits_in_memory(session)
        end = _ENDS.get(engine)
        if end is not None:
            links = list(chained(end))
            with unrestricted(session):  # where the end is, decides; nothing of it is shown
                rows = await _ADD_IF_END_IS.rows(session, end=end[1], **_by_column(links))
            if rows:
                _ENDS[engine] = links[-1].sequence, links[-1].hash
                return
    links = list(chained(await _last(session)))
    await _ADD.put(session, [{name: getattr(link, name) for name in _NAMES} for link in links])
    _ENDS[engine] = links[-1].sequence, links[-1].hash


async def is_added_alone(session: AsyncSession, chained: Chained) -> bool:
    """Add links by one statement that is a transaction of its own; tell whether they were added.

    For a session that has begun nothing. The statement holds the end as `add_to_end` does, but sees what was there
    before it waited for that: if others added links meanwhile, the table refuses its own, out of their order.
    """
    engine = session.get_bind().engine
    if engine.dialect.name != "postgresql":
        return False
    for remembered in (_ENDS.get(engine), None):
        end = remembered or await _last(session)
        added = list(chained(end))
        try:
            rows = await _HOLD_AND_ADD_IF_END_IS.rows(session, end=end[1], **_by_column(added))
        except DBAPIError as error:
            if trouble_of(error) is not None:
                raise
            return False
        if rows:
            commits_in_memory(session)
            _ENDS[engine] = added[-1].sequence, added[-1].hash
            return True
    return False


async def _last(session: AsyncSession) -> tuple[int, str]:
    found = await _LAST.row(session)
    return START if found is None else (found.sequence, found.hash)


def _by_column(links: Sequence[Link]) -> dict[str, list[object]]:
    return {f"all_{name}": [getattr(link, name) for link in links] for name in _NAMES}


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
