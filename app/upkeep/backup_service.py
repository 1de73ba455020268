"""Backs a database up into one file, verifies such a file, and restores it into an empty database of either kind.

A backup shows one instant, whoever writes meanwhile. It is put on record in the database before it is taken, for
it takes all that the house holds out of it; a restoration is put on record in the database that it makes.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from app.accounts import audit_service
from app.accounts.audit import Origin
from app.kernel.database import Sessions, transaction
from app.kernel.errors import Fault, Refused
from app.upkeep import queries
from app.upkeep.archive import ArchiveWriter, Manifest, new_archive, opened
from app.upkeep.copying import (
    Counter,
    Progress,
    backend,
    batched,
    compare,
    fill,
    part_of,
    revision_of,
    silent,
)
from app.upkeep.moving_service import copy_out, require_same_tables
from app.upkeep.schemas import BackupOut, CopyOut

ARCHIVE = "archive"


async def back_up(
    sessions: Sessions, file: Path, origin: Origin, *, now: datetime, progress: Progress = silent
) -> BackupOut:
    """Write a backup of all tables, whole or not at all, readable by its owner only.

    Raises:
        Refused: there is a file of that name, none can be written there, or the database was never migrated.
    """
    with new_archive(file, now) as archive:
        async with transaction(sessions) as session:
            names = [shape.name for shape in await queries.shapes(session)]
            await revision_of(session)
            audit_service.begin(session, origin)
            audit_service.note(session, "backup", "database", file.name, now=now)
        manifest = await _write(sessions, names, archive, origin.viewer.jurisdiction, now, progress)
    return await asyncio.to_thread(_told, manifest, file)


async def _write(
    sessions: Sessions,
    names: Sequence[str],
    archive: ArchiveWriter,
    jurisdiction: str,
    now: datetime,
    progress: Progress,
) -> Manifest:
    async with transaction(sessions, writes=False) as session:
        await queries.see_as_of_now(session, names)
        shapes = await queries.shapes(session)
        counter = Counter(progress, sum([await queries.count(session, shape) for shape in shapes]))
        for shape in shapes:
            with archive.table(shape) as out:
                async for batch in queries.rows(session, shape):
                    await asyncio.to_thread(out.write, batch)
                    counter.add(len(batch))
        revision, database = await revision_of(session), backend(session)
    manifest = Manifest(revision, jurisdiction, now, database, tuple(archive.parts))
    archive.finish(manifest)
    return manifest


def _told(manifest: Manifest, file: Path) -> BackupOut:
    with file.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    copied = copy_out(manifest.revision, manifest.database, ARCHIVE, manifest.parts)
    return BackupOut(
        **copied.model_dump(),
        jurisdiction=manifest.jurisdiction,
        taken_at=manifest.taken_at,
        bytes=file.stat().st_size,
        sha256=sha256,
    )


def verify(file: Path, *, sha256: str | None = None, progress: Progress = silent) -> BackupOut:
    """Read a whole backup back, without any database; answer what it holds.

    Raises:
        Refused: damaged, cut off, altered, or none; `sha256` is given and is another than the file's.
    """
    with opened(file) as archive:
        faults = list(archive.faults(progress))
        told = _told(archive.manifest, file)
    if sha256 is not None and sha256 != told.sha256:
        faults.append(Fault(file.name, f"its SHA-256 is {told.sha256}", "It is not the file that you noted."))
    if faults:
        raise Refused("The backup cannot be used; nothing was changed.", faults)
    return told


async def restore(
    sessions: Sessions, file: Path, origin: Origin, *, now: datetime, progress: Progress = silent
) -> CopyOut:
    """Fill an empty database, at the backup's migration, from a backup that was verified; all of it or nothing.

    Raises:
        Refused: it is of another jurisdiction, the database is not empty or of another version, or a row is not taken.
    """
    with opened(file) as archive:
        _require_own(archive.manifest, origin.viewer.jurisdiction)
        async with transaction(sessions) as session:
            manifest = archive.manifest
            shapes = [part.shape for part in manifest.parts]
            await require_same_tables(session, shapes, manifest.revision)
            counter = Counter(progress, 2 * sum(part.rows for part in manifest.parts))
            await queries.begin_filling(session)
            for part in manifest.parts:
                await fill(session, part.shape, batched(archive.batches(part), counter))
            compare(manifest.parts, [await part_of(session, shape, counter) for shape in shapes])
            await queries.renumber(session, shapes)
            done = copy_out(manifest.revision, ARCHIVE, backend(session), manifest.parts)
            audit_service.begin(session, origin)
            detail = {"taken_at": manifest.taken_at.isoformat(), "rows": done.rows}
            audit_service.note(session, "restore", "database", file.name, now=now, detail=detail)
    return done


def revision_in(file: Path) -> str:
    """Answer the migration at which the database stood that a backup shows.

    Raises:
        Refused: it is no backup.
    """
    with opened(file) as archive:
        return archive.manifest.revision


def _require_own(manifest: Manifest, jurisdiction: str) -> None:
    if manifest.jurisdiction != jurisdiction:
        remedy = "Set RONGQIAO_JURISDICTION to it if this installation shall take its place."
        fault = Fault(
            "jurisdiction", f"the backup is of {manifest.jurisdiction}, this is {jurisdiction}", remedy
        )
        raise Refused("The backup is of another government; nothing was changed.", [fault])
