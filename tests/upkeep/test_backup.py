"""A backup shows one instant, comes back on either database, and is believed only as far as it is true."""

import errno
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.accounts.audit import Origin
from app.accounts.rules import local_operator
from app.accounts.tables import AuditEvent
from app.kernel.database import Sessions, transaction
from app.kernel.errors import Refused
from app.kernel.tables import IdempotencyRecord
from app.upkeep import backup_service, checks_service, moving_service, queries
from app.upkeep.schemas import BackupOut
from tests.databases import Databases
from tests.upkeep.conftest import NOW, OPERATOR, ORIGIN, add_pair, opened


async def _back_up(sessions: Sessions, file: Path) -> BackupOut:
    return await backup_service.back_up(sessions, file, ORIGIN, now=NOW)


async def test_a_backup_shows_one_instant_whoever_writes_and_comes_back_whole(
    databases: Databases, world: str, empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, number, as_it_is = tmp_path / "backup.zip", 100, queries.rows
    async with opened(world) as first, opened(databases.fresh()) as sessions, opened(empty) as other:
        await moving_service.move(first, sessions, ORIGIN, now=NOW)

        async def while_others_write(session: Any, shape: Any) -> Any:
            nonlocal number
            if shape.name in {"audit_events", "idempotency_records"}:
                number += 1
                await add_pair(sessions, number)
            async for batch in as_it_is(session, shape):
                yield batch

        monkeypatch.setattr(queries, "rows", while_others_write)
        taken = await _back_up(sessions, file)
        monkeypatch.undo()
        assert number > 101
        assert backup_service.verify(file, sha256=taken.sha256) == taken
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert [path.name for path in tmp_path.glob(".*")] == []
        restored = await backup_service.restore(other, file, ORIGIN, now=NOW)
        assert restored.tables == taken.tables
        async with transaction(other, writes=False) as session:
            told = select(func.count()).where(AuditEvent.action == "paired")
            kept = select(func.count()).select_from(IdempotencyRecord)
            assert (await session.scalar(told), await session.scalar(kept)) == (4, 4)
            last = select(AuditEvent.action).order_by(AuditEvent.sequence.desc()).limit(2)
            assert (await session.scalars(last)).all() == ["restore", "backup"]
            assert all(check.holds for check in await checks_service.check(session, OPERATOR))
        with pytest.raises(Refused, match="No backup was made"):
            await _back_up(sessions, file)
        with pytest.raises(Refused, match="not empty"):
            await backup_service.restore(other, file, ORIGIN, now=NOW)
        elsewhere = Origin(local_operator("410300"), via="cli")
        with pytest.raises(Refused, match="another government"):
            await backup_service.restore(other, file, elsewhere, now=NOW)


def _zip_again(file: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    with zipfile.ZipFile(file) as zipped:
        parts = {name: zipped.read(name) for name in zipped.namelist()}
    change(parts)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in parts.items():
            zipped.writestr(name, content)


def _alter_row(parts: dict[str, bytes]) -> None:
    parts["tables/chains.jsonl"] = parts["tables/chains.jsonl"].replace("链".encode(), "练".encode(), 1)


def _leave_out_rows(parts: dict[str, bytes]) -> None:
    parts["tables/enterprises.jsonl"] = b"".join(parts["tables/enterprises.jsonl"].splitlines(True)[1:])


def _add_a_file(parts: dict[str, bytes]) -> None:
    parts["../outside"] = b"x"


def _bomb(parts: dict[str, bytes]) -> None:
    parts["tables/chains.jsonl"] = bytes(8 * 1024 * 1024)


def _no_manifest(parts: dict[str, bytes]) -> None:
    del parts["manifest.json"]


def _another_format(parts: dict[str, bytes]) -> None:
    stated = json.loads(parts["manifest.json"])
    parts["manifest.json"] = json.dumps(stated | {"format": "rongqiao-backup/2"}).encode()


def _another_column(parts: dict[str, bytes]) -> None:
    stated = json.loads(parts["manifest.json"])
    for table in stated["tables"]:
        table["columns"][-1][1] = "money"
    parts["manifest.json"] = json.dumps(stated).encode()


ALTERATIONS = {
    _alter_row: "tables/chains.jsonl: it holds 18 rows",
    _leave_out_rows: "tables/enterprises.jsonl: it holds",
    _add_a_file: "other files in it than its manifest states",
    _bomb: "would unpack to 8 MiB",
    _no_manifest: "no manifest of a backup",
    _another_format: "no manifest of a backup: format 'rongqiao-backup/2'",
    _another_column: "no manifest of a backup: table",
}


async def test_what_is_no_whole_backup_is_refused_with_the_reason_and_nothing_is_written(
    world: str, empty: str, tmp_path: Path
) -> None:
    whole, file = tmp_path / "whole.zip", tmp_path / "altered.zip"
    async with opened(world) as sessions, opened(empty) as target:
        taken = await _back_up(sessions, whole)
        content = whole.read_bytes()
        middle = len(content) // 2
        spoiled = {
            "cut off": content[:-100],
            "cut off early": content[:middle],
            "damaged": content[:middle] + bytes(200) + content[middle + 200 :],
            "no backup": b"PK\x05\x06" + bytes(18),
            "nothing": b"",
        }
        for what, bytes_ in spoiled.items():
            file.write_bytes(bytes_)
            with pytest.raises(Refused, match="cannot be used"):
                backup_service.verify(file)
            with pytest.raises(Refused, match=r"cannot be used|not take a row"):
                await backup_service.restore(target, file, ORIGIN, now=NOW)
            assert (await moving_service.standing(target))[1] == [], what
        for change, told in ALTERATIONS.items():
            file.write_bytes(content)
            _zip_again(file, change)
            with pytest.raises(Refused) as refused:
                backup_service.verify(file)
            assert any(told in f"{fault.where}: {fault.message}" for fault in refused.value.faults), change
            with pytest.raises(Refused):
                await backup_service.restore(target, file, ORIGIN, now=NOW)
            assert (await moving_service.standing(target))[1] == [], change
        file.write_bytes(content)
        _zip_again(file, lambda _parts: None)
        assert backup_service.verify(file).tables == taken.tables
        with pytest.raises(Refused):
            backup_service.verify(file, sha256=taken.sha256)


async def test_a_backup_that_fails_leaves_no_file(
    world: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(_session: Any, _shape: Any) -> Any:
        yield []
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(queries, "rows", failing)
    folder = tmp_path / "backups"
    folder.mkdir()
    async with opened(world) as sessions:
        with pytest.raises(Refused, match="No backup was made") as refused:
            await _back_up(sessions, folder / "backup.zip")
        assert refused.value.faults[0].message == "No space left on device"
        assert list(folder.iterdir()) == []
        with pytest.raises(Refused, match="No backup was made"):
            await _back_up(sessions, tmp_path / "nowhere" / "backup.zip")
