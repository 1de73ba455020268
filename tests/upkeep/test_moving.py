"""A database moves into the other kind and back, whole or not at all."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from sqlalchemy import func, select

from app.chains.tables import Chain
from app.kernel.database import Sessions, transaction
from app.kernel.errors import Conflict, Refused
from app.kernel.patience import Patience
from app.kernel.settings import Settings
from app.upkeep import checks_service, moving_service, queries
from app.upkeep.rows import Row, TableShape
from app.upkeep.schemas import CopyOut
from app.whitelist.tables import WhitelistImport
from tests.databases import Databases
from tests.upkeep.conftest import AWKWARD, NOW, OPERATOR, ORIGIN, opened, record


async def _move(source: Sessions, target: Sessions, **options: Any) -> CopyOut:
    return await moving_service.move(source, target, ORIGIN, now=NOW, **options)


def _hashes(done: CopyOut) -> dict[str, tuple[int, str]]:
    return {each.table: (each.rows, each.sha256) for each in done.tables if each.table != "audit_events"}


async def test_what_was_moved_there_and_back_is_what_it_was_and_goes_on_from_there(
    databases: Databases, world: str, empty: str
) -> None:
    async with opened(world) as source, opened(databases.fresh()) as there, opened(empty) as back:
        first, second = await _move(source, there), await _move(there, back)
        assert _hashes(first) == _hashes(second)
        assert {"enterprises", "coverage_snapshots", "jobs"} < set(_hashes(first))
        assert (first.source, second.target) == ("sqlite", "sqlite")
        links = []
        for sessions in (source, there, back):
            async with transaction(sessions, writes=False) as session:
                checks = await checks_service.check(session, OPERATOR)
                assert [(check.what, check.holds) for check in checks] == [
                    ("audit trail", True),
                    ("closed month 2023-10", True),
                ]
                links.append(int(checks[0].told.split()[0]))
                assert (await session.get_one(WhitelistImport, 1)).counts == AWKWARD
        assert links == [links[0], links[0] + 1, links[0] + 2], "each move stands in the trail that it made"
        for sessions in (there, back):
            async with transaction(sessions) as session:
                last = await session.get_one(Chain, (await session.scalars(select(func.max(Chain.id)))).one())
                values = {c.key: getattr(last, c.key) for c in Chain.__table__.columns if c.key != "id"}
                session.add(new := Chain(**values | {"code": "new"}))
                await session.flush()
                assert new.id == last.id + 1


async def test_a_row_that_changes_on_its_way_is_found_and_a_broken_move_is_made_again(
    databases: Databases, world: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(world) as source, opened(databases.fresh()) as there:
        as_it_is = queries.write

        async def tampering(session: Any, shape: TableShape, batches: AsyncIterator[Sequence[Row]]) -> None:
            at = shape.names.index("name") if shape.name == "chains" else None

            async def altered() -> AsyncIterator[Sequence[Row]]:
                async for batch in batches:
                    if at is not None:
                        batch[0][at] += "链"  # type: ignore[index] # they are lists
                    yield batch

            await as_it_is(session, shape, altered())

        monkeypatch.setattr(queries, "write", tampering)
        with pytest.raises(Refused, match="not what was sent") as refused:
            await _move(source, there)
        assert [fault.where for fault in refused.value.faults] == ["chains"]
        monkeypatch.undo()

        def cut(done: int, _total: int) -> None:
            if done > 500:
                raise asyncio.CancelledError  # as Ctrl-C does

        with pytest.raises(asyncio.CancelledError):
            await _move(source, there, progress=cut)
        assert (await moving_service.standing(there))[1] == []
        await _move(source, there)
        with pytest.raises(Refused, match="not empty"):
            await _move(source, there)


async def test_a_source_that_is_being_written_to_is_not_moved(
    databases: Databases, empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "HOLD_SECONDS", 0.2)
    impatient = Patience.of_requests(Settings(database_lock_seconds=1))
    async with opened(databases.fresh(), patience=impatient) as source, opened(empty) as target:
        async with transaction(source) as session:
            session.add(record(1))
            await session.flush()
            with pytest.raises(Conflict, match="in use"):
                await _move(source, target)
        assert (await moving_service.standing(target))[1] == []
        await _move(source, target)
