"""Entries leave the roster, come back, and leave again: each time on record, and told to whom it concerns."""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import select, update

from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession, Sessions, make_engine, make_sessions, transaction
from app.kernel.errors import Conflict, NotFound
from app.kernel.settings import PROJECT_ROOT
from app.whitelist import entry_service, service, withdrawal_service
from app.whitelist.queries import entry_ids
from app.whitelist.tables import EntryWithdrawal, WhitelistEntry
from app.whitelist.topics import ROSTER_CHANGED
from tests.bottlenecks.world import BEFORE, build_world
from tests.databases import Databases, migrate
from tests.whitelist.rosters import credit_code, good_row, workbook
from tests.whitelist.test_api import send
from tests.whitelist.test_import import EDITION, decide, open_items, take


def code_of(number: int) -> str:
    return f"{EDITION}-{credit_code(number)}"


def any_version(_version: int) -> None:
    """Expect no version."""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[set[int]]:
    """What the roster tells, call by call."""
    heard: list[set[int]] = []

    async def listen(session: AsyncSession, entries: Collection[int], now: datetime) -> None:
        stored = await session.scalars(select(WhitelistEntry.id).where(WhitelistEntry.id.in_(entries)))
        assert set(stored) == set(entries), "told of entries that are not stored yet"
        heard.append(set(entries))

    monkeypatch.setattr(ROSTER_CHANGED, "_followers", [listen])
    return heard


async def ids_of(session: AsyncSession, *numbers: int, edition: str = EDITION) -> set[int]:
    found = await entry_ids(session, [f"{edition}-{credit_code(number)}" for number in numbers])
    assert len(found) == len(numbers)
    return set(found.values())


async def test_an_entry_comes_back_as_it_stood_and_may_leave_again(
    session: AsyncSession, viewer: Viewer, now: datetime, told: list[set[int]]
) -> None:
    await take(session, viewer, now, workbook([good_row(1), good_row(2, 资质="")]))
    told.clear()
    later = now + timedelta(days=1)
    for number, status in ((1, "admitted"), (2, "review")):
        code = code_of(number)
        with pytest.raises(Conflict, match="not withdrawn"):
            await withdrawal_service.reopen(session, viewer, code, "恢复", expect=any_version, now=now)
        gone = await withdrawal_service.withdraw(session, viewer, code, "停产", expect=any_version, now=now)
        assert (gone.status, gone.withdrawal_reason, gone.withdrawals[0].reopened_at) == (
            status,
            "停产",
            None,
        )
        back = await withdrawal_service.reopen(session, viewer, code, "复产", expect=any_version, now=later)
        assert (back.status, back.withdrawn_at, back.withdrawn_by, back.withdrawal_reason) == (
            status,
            None,
            None,
            None,
        )
        again = await withdrawal_service.withdraw(
            session, viewer, code, "又停", expect=any_version, now=later
        )
        assert [(one.reason, one.withdrawn_at, one.reopen_reason, one.reopened_at) for one in again.withdrawals] == [
            ("停产", now, "复产", later), ("又停", later, None, None),
        ]  # fmt: skip
        assert again.version == gone.version + 2
    ids = [await ids_of(session, number) for number in (1, 2)]
    assert told == [*[ids[0]] * 3, *[ids[1]] * 3]
    with pytest.raises(NotFound):
        await withdrawal_service.reopen(session, viewer, code_of(9), "恢复", expect=any_version, now=now)


async def test_a_clock_that_went_back_reopens_no_earlier_than_it_withdrew(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await take(session, viewer, now, workbook([good_row(1)]))
    await withdrawal_service.withdraw(session, viewer, code_of(1), "停产", expect=any_version, now=now)
    earlier = now - timedelta(seconds=3)
    back = await withdrawal_service.reopen(
        session, viewer, code_of(1), "复产", expect=any_version, now=earlier
    )
    assert back.withdrawals[0].reopened_at == now


async def test_a_reopening_takes_the_version_that_was_read_and_a_reason(client: httpx.AsyncClient) -> None:
    await client.post("/whitelist/editions", json={"code": EDITION})
    await send(client, workbook([good_row(1)]))
    path = f"/whitelist/entries/{code_of(1)}"
    body = {"reason": "复产"}
    assert (await client.post(f"{path}/reopening", json=body)).status_code == 428
    assert (await client.post(f"{path}/reopening", json=body, headers={"If-Match": '"1"'})).status_code == 409
    await client.put(f"{path}/withdrawal", json={"reason": "停产"}, headers={"If-Match": '"1"'})
    assert (await client.post(f"{path}/reopening", json=body, headers={"If-Match": '"1"'})).status_code == 412
    for faulty in ({}, {"reason": " "}, {"reason": "a\x07b"}, body | {"status": "admitted"}):
        answer = await client.post(f"{path}/reopening", json=faulty, headers={"If-Match": '"2"'})
        assert answer.status_code == 422, faulty
    back = await client.post(f"{path}/reopening", json=body, headers={"If-Match": '"2"'})
    assert (back.status_code, back.headers["etag"], back.json()["withdrawn_at"]) == (200, '"3"', None)
    assert [one["reopen_reason"] for one in (await client.get(path)).json()["withdrawals"]] == ["复产"]


async def test_imports_decisions_and_listings_tell_of_what_is_admitted_and_no_longer(
    session: AsyncSession,
    viewer: Viewer,
    now: datetime,
    told: list[set[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.whitelist.roster_check.ROWS_PER_BATCH", 2)
    rows = [good_row(1), good_row(2), good_row(3, 资质=""), good_row(4)]
    await take(session, viewer, now, workbook(rows), dry_run=True)
    assert told == []
    await take(session, viewer, now, workbook(rows))
    assert told == [await ids_of(session, 1, 2), await ids_of(session, 4)]
    told.clear()
    await take(session, viewer, now, workbook(rows))
    assert told == []
    # One is stated anew, another so that the rules leave its admission open, a third is as it was.
    await take(
        session,
        viewer,
        now,
        workbook([good_row(1, **{"融资金额（万元）": "600"}), good_row(2, 资质=""), good_row(4)]),
    )
    assert told == [await ids_of(session, 1, 2)]
    told.clear()
    for item in await open_items(session, viewer):
        await decide(session, viewer, now, item, "admit")
    assert told == [await ids_of(session, 3), await ids_of(session, 2)]
    told.clear()
    await service.open_edition(session, viewer, "2024H1", now=now)
    await entry_service.list_need(session, viewer, "2024H1", credit_code(4), now=now)
    assert told == [await ids_of(session, 4, edition="2024H1")]


async def test_withdrawals_of_before_get_rows_of_their_own_and_going_down_takes_them_back(
    databases: Databases,
) -> None:
    url = databases.fresh()
    sessions = make_sessions(engine := make_engine(url))
    gone: dict[str, Any] = {"withdrawn_at": BEFORE, "withdrawn_by": "甲", "withdrawal_reason": "停产"}
    async with transaction(sessions) as session:
        world = await build_world(session, {"gone": {}, "listed": {}, "back": {}})
        statement = update(WhitelistEntry).where(WhitelistEntry.id == world.entries["gone"]).values(gone)
        await session.execute(statement)
        session.add(
            EntryWithdrawal(
                entry_id=world.entries["back"], withdrawn_at=BEFORE, withdrawn_by="乙", reason="停产",
                reopened_at=BEFORE, reopened_by="乙", reopen_reason="复产",
            )
        )  # fmt: skip
    before = await _stored(sessions)
    config = Config(PROJECT_ROOT / "alembic.ini")
    config.attributes["database_url"] = url
    carrying = ScriptDirectory.from_config(config).get_revision("0006")
    for _time in range(2):
        await _in_thread(command.downgrade, config, str(carrying.down_revision))
        assert await _stored(sessions) == before
        await _in_thread(migrate, url)
        assert await _stored(sessions) == [*before, (world.entries["gone"], BEFORE, "甲", "停产", None)]
    await engine.dispose()


async def _stored(sessions: Sessions) -> list[tuple[Any, ...]]:
    async with transaction(sessions, writes=False) as session:
        columns = (
            EntryWithdrawal.entry_id, EntryWithdrawal.withdrawn_at, EntryWithdrawal.withdrawn_by,
            EntryWithdrawal.reason, EntryWithdrawal.reopened_at,
        )  # fmt: skip
        return [tuple(row) for row in await session.execute(select(*columns).order_by(EntryWithdrawal.id))]


async def _in_thread(job: Any, *rest: Any) -> None:
    """Run a migration where it may have an event loop of its own."""
    await asyncio.to_thread(job, *rest)
