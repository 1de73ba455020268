"""What is put on record commits in memory, lets go of the trail's end, and is answered when it is on disk."""

from datetime import datetime

import pytest
from sqlalchemy import text

from app.accounts import audit_service, audit_trail_service
from app.accounts.audit import Origin
from app.accounts.rules import Viewer
from app.kernel import durability
from app.kernel.database import AsyncSession, Sessions, as_last_step, make_engine, make_sessions, transaction
from app.kernel.errors import OutcomeUnknown

pytestmark = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
SETTING, WRITTEN, ON_DISK = "SHOW synchronous_commit", "pg_current_wal_insert_lsn", "pg_current_wal_flush_lsn"


def put_on_record(session: AsyncSession, viewer: Viewer, now: datetime) -> None:
    audit_service.begin(session, Origin(viewer, "test"))
    audit_service.note(session, "look", "row", "1", now=now)


async def asked(session: AsyncSession, what: str) -> str:
    """Answer a value as text; of the log, a place as so many bytes from its beginning."""
    wanted = what if what == SETTING else f"SELECT ({what}() - '0/0'::pg_lsn)::text"
    found: str = (await session.execute(text(wanted))).scalar_one()
    return found


async def test_it_is_on_disk_when_its_transaction_ends_although_its_commit_did_not_wait(
    sessions: Sessions, viewer: Viewer, now: datetime
) -> None:
    # The tests' server cares for no disk; production's does.
    engine = make_engine(sessions.kw["bind"].url.render_as_string(hide_password=False))
    own, seen = make_sessions(engine), list[str]()

    async def look(session: AsyncSession) -> None:
        seen.extend([await asked(session, SETTING), await asked(session, WRITTEN)])

    try:
        for _ in range(3):
            async with transaction(own) as session:
                await session.execute(text("SET SESSION synchronous_commit = on"))
                put_on_record(session, viewer, now)
                as_last_step(session, look)
            async with transaction(own, writes=False) as session:
                assert int(await asked(session, ON_DISK)) >= int(seen[-1])
        assert seen[::2] == ["off"] * 3
        async with transaction(own, writes=False) as session:
            assert await asked(session, SETTING) == "on"
    finally:
        await engine.dispose()


async def test_if_nobody_knows_whether_it_is_on_disk_that_is_what_is_told(
    sessions: Sessions, viewer: Viewer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def put() -> None:
        async with transaction(sessions) as session:
            put_on_record(session, viewer, now)

    await put()
    monkeypatch.setattr(durability, "_TO_DISK", "SELECT 1 / 0")
    with pytest.raises(OutcomeUnknown, match="perhaps it was, perhaps not"):
        await put()
    async with transaction(sessions, writes=False) as session:
        found = await audit_trail_service.verify(session)
    assert (found.links, found.broken) == (2, None)
