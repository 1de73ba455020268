"""What has served its time goes; what is evidence stays."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from app.accounts.tables import AuditEvent
from app.jobs.tables import Job
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.settings import Settings
from app.kernel.tables import IdempotencyRecord
from app.notifications.tables import Delivery, Digest, Notice
from app.upkeep import purge_queries
from app.upkeep.purge_service import purge
from app.upkeep.schemas import PurgeOut
from tests.house.migration_rows import Content, content, fill, tables
from tests.upkeep.conftest import record

NOW = datetime(2024, 3, 4, 2, tzinfo=UTC)
SETTINGS = Settings(
    keep_days_requests=10, keep_days_jobs=20, keep_days_messages=30, keep_days_notices=40, keep_days_drafts=50
)
PURGED = {entity.__tablename__ for entity in purge_queries.KEYS}


def _ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


def _fill(connection: Connection) -> None:
    fill(connection, tables(connection), (0, 1))


async def _held(session: AsyncSession) -> Content:
    return await (await session.connection()).run_sync(lambda opened: content(opened, tables(opened)))


async def _like(session: Any, entity: Any, **changes: Any) -> Any:
    """Add a row like the first one, with changes."""
    first = (await session.execute(select(entity.__table__).order_by(entity.id))).mappings().first()
    values = {name: value for name, value in first.items() if name != "id"}
    session.add(added := entity(**values | changes))
    await session.flush()
    return added


async def test_what_is_older_than_the_settings_keep_it_goes_and_all_else_stays(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge_queries, "ROWS_AT_ONCE", 2)
    async with transaction(sessions) as session:
        await (await session.connection()).run_sync(_fill)
    async with transaction(sessions) as session:
        open_job = (await session.scalars(select(Job.code).order_by(Job.id))).first()
        session.add(kept_key := record(1, _ago(99)))
        kept_key.key = f"job:{open_job}"
        for number, days in enumerate((9, 11, 12, 13), start=2):
            session.add(record(number, _ago(days)))
        for number, (state, days) in enumerate((("done", 19), ("done", 21), ("failed", 22), ("queued", 99))):
            await _like(session, Job, code=f"J{number}", state=state, ended_at=_ago(days))
        kept, gone = [
            await _like(session, Digest, slot=f"S{n}", created_at=_ago(99), person_id=1) for n in range(2)
        ]
        of_kept = await _like(session, Notice, event_key="a", read_at=_ago(39), digest_id=kept.id)
        of_gone = await _like(session, Notice, event_key="b", read_at=_ago(41), digest_id=gone.id)
        unread = await _like(session, Notice, event_key="c", read_at=None, digest_id=None)
        waiting = await _like(session, Notice, event_key="d", read_at=_ago(99), digest_id=None)
        for number, (state, days, notice) in enumerate(
            (("sent", 29, of_kept), ("sent", 31, of_gone), ("dead", 32, unread), ("pending", 99, waiting))
        ):
            await _like(
                session, Delivery, message_id=f"M{number}", state=state, sent_at=None, created_at=_ago(days),
                notice_id=notice.id, digest_id=None,
            )  # fmt: skip
    async with transaction(sessions, writes=False) as session:
        before = await _held(session)
        links = await session.scalar(select(func.count()).select_from(AuditEvent))
    for_ever = Settings(
        keep_days_requests=0, keep_days_jobs=0, keep_days_messages=0, keep_days_notices=0, keep_days_drafts=0
    )
    nothing = dict.fromkeys(PurgeOut.model_fields, 0)
    assert (await purge(sessions, for_ever, now=datetime(2099, 1, 1, tzinfo=UTC))).model_dump() == nothing
    rehearsed = await purge(sessions, SETTINGS, now=NOW, is_rehearsal=True)
    async with transaction(sessions, writes=False) as session:
        assert await _held(session) == before
    assert await purge(sessions, SETTINGS, now=NOW) == rehearsed
    # Of each kind two rows, months old, were there: of the jobs they are queued, of the notices one is unread.
    assert rehearsed.model_dump() == {
        "requests": 5,
        "jobs": 2,
        "messages": 4,
        "notices": 2,
        "digests": 3,
        "drafts": 2,
    }
    async with transaction(sessions, writes=False) as session:
        after = await _held(session)
        assert {name for name in before if before[name] != after[name]} == PURGED | {"audit_events"}
        assert await session.scalar(select(func.count()).select_from(AuditEvent)) == (links or 0) + 1
        keys = await session.scalars(select(IdempotencyRecord.key).order_by(IdempotencyRecord.created_at))
        assert keys.all() == [f"job:{open_job}", "K2"]
        assert set(await session.scalars(select(Job.code))) == {"code0", "code1", "J0", "J3"}
        assert set(await session.scalars(select(Delivery.message_id))) == {"M0", "M3"}
        stay = {of_kept.id, unread.id, waiting.id}
        assert stay < set(await session.scalars(select(Notice.id)))
        assert set(await session.scalars(select(Digest.id))) == {kept.id}
    assert (await purge(sessions, SETTINGS, now=NOW)).model_dump() == nothing
