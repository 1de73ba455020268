"""Rows of notices: posted once for each event and person, read by that person."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Row, Select, Table, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts.tables import Person
from app.enterprises.tables import Enterprise
from app.kernel.batches import in_batches
from app.kernel.database import ROWS_PER_BATCH, AsyncSession, Base
from app.notifications.tables import Notice
from app.whitelist.tables import WhitelistEntry

AnyRow = Row[*tuple[Any, ...]]
NoticeRow = tuple[Notice, WhitelistEntry | None, Enterprise | None]


async def put_new(
    session: AsyncSession,
    entity: type[Base],
    rows: Iterable[Mapping[str, Any]],
    *,
    unique: Sequence[str],
    answers: Sequence[str],
) -> list[AnyRow]:
    """Insert those rows of which no other has the same values in the unique columns; answer columns of these."""
    table = cast("Table", entity.__table__)
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    made = postgresql.insert(table) if is_postgresql else sqlite.insert(table)
    statement = made.on_conflict_do_nothing(index_elements=unique).returning(
        *(table.c[name] for name in answers)
    )
    found = list[AnyRow]()
    for batch in in_batches(rows, ROWS_PER_BATCH):
        found += (await session.execute(statement, batch)).all()
    return found


async def able_persons(session: AsyncSession, ids: Iterable[int]) -> set[int]:
    """Answer those of some persons who are there and can sign in."""
    found = set[int]()
    for batch in in_batches(sorted(set(ids))):
        statement = select(Person.id).where(Person.id.in_(batch), Person.disabled_at.is_(None))
        found |= set((await session.execute(statement)).scalars())
    return found


def _shown() -> Select[Notice, WhitelistEntry, Enterprise]:
    # What the viewer does not see of the entry and its firm is null here: the session narrows both.
    return (
        select(Notice, WhitelistEntry, Enterprise)
        .outerjoin(WhitelistEntry, WhitelistEntry.id == Notice.entry_id)
        .outerjoin(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
    )


async def page_of_notices(
    session: AsyncSession, person_id: int, *, is_unread: bool, after: int | None, limit: int
) -> list[NoticeRow]:
    """Answer a person's notices, the newest first, each with its entry and firm where the viewer sees them."""
    statement = _shown().where(Notice.person_id == person_id).order_by(Notice.id.desc()).limit(limit)
    if is_unread:
        statement = statement.where(Notice.read_at.is_(None))
    if after is not None:
        statement = statement.where(Notice.id < after)
    return [(row[0], row[1], row[2]) for row in await session.execute(statement)]


async def notice_row(session: AsyncSession, person_id: int, notice_id: int) -> NoticeRow | None:
    """Answer a notice of a person, as above."""
    statement = _shown().where(Notice.person_id == person_id, Notice.id == notice_id)
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


async def count_unread(session: AsyncSession, person_id: int) -> int:
    """Answer how many of a person's notices are unread."""
    statement = select(func.count(Notice.id)).where(Notice.person_id == person_id, Notice.read_at.is_(None))
    return (await session.execute(statement)).scalar_one()


async def mark_read(
    session: AsyncSession, person_id: int, now: datetime, *, ids: Sequence[int] | None, up_to: int | None
) -> int:
    """Mark unread notices of a person read: some, or all up to one; answer how many."""
    statement = (
        update(Notice)
        .where(Notice.person_id == person_id, Notice.read_at.is_(None))
        .values(read_at=now)
        .execution_options(synchronize_session=False)
    )
    if ids is not None:
        statement = statement.where(Notice.id.in_(ids))
    if up_to is not None:
        statement = statement.where(Notice.id <= up_to)
    done = cast("CursorResult[Any]", await session.execute(statement))
    return done.rowcount
