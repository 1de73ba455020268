"""Moves a database into another one, SQLite or PostgreSQL: all of it, verified, in one transaction, or nothing.

While it moves nobody else writes to the source. The target's own triggers stay in force, so that the trail
arrives link by link and what is wrong with it shows. What arrived is read back and compared with what was sent,
table by table, before anything is kept; a move that was cut off has left an empty target and is made again.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from app.accounts import audit_service
from app.accounts.audit import Origin
from app.kernel.database import AsyncSession, DBAPIError, Sessions, transaction
from app.kernel.errors import Conflict, Fault, Refused
from app.kernel.troubles import Trouble, trouble_of
from app.upkeep import queries
from app.upkeep.archive import Part
from app.upkeep.copying import (
    Counter,
    Progress,
    backend,
    compare,
    fill,
    part_of,
    plain_rows,
    require_empty,
    revision_of,
    silent,
)
from app.upkeep.rows import Lines, TableShape
from app.upkeep.schemas import CopyOut, TableOut


async def standing(sessions: Sessions) -> tuple[str | None, list[str]]:
    """Answer at which migration a database stands (None: no tables of ours), and which tables have rows."""
    async with transaction(sessions, writes=False) as session:
        return await queries.revision(session), await queries.filled(session, await queries.shapes(session))


async def move(
    source: Sessions, target: Sessions, origin: Origin, *, now: datetime, progress: Progress = silent
) -> CopyOut:
    """Copy all tables into an empty database at the same migration; answer rows and hash of each.

    Raises:
        Refused: the target is not empty or stands at another migration, or a row cannot be copied.
        Conflict: somebody writes to the source.
    """
    async with transaction(source, writes=False) as session:
        names = [shape.name for shape in await queries.shapes(session)]
        await revision_of(session)
    async with _nobody_writing(source, names) as sending, transaction(target) as arriving:
        shapes = await queries.shapes(sending)
        revision = await revision_of(sending)
        await require_same_tables(arriving, shapes, revision)
        sent = await _send(sending, arriving, shapes, progress)
        await queries.renumber(arriving, shapes)
        done = copy_out(revision, backend(sending), backend(arriving), sent)
        audit_service.begin(arriving, origin)
        detail = {"from": done.source, "rows": done.rows, "revision": revision}
        audit_service.note(arriving, "move", "database", done.target, now=now, detail=detail)
    return done


@asynccontextmanager
async def _nobody_writing(source: Sessions, names: Sequence[str]) -> AsyncIterator[AsyncSession]:
    held = False
    try:
        async with transaction(source) as session:
            await queries.keep_writers_out(session, names)
            held = True
            yield session
    except DBAPIError as error:
        if held or trouble_of(error) is not Trouble.BUSY:
            raise
        fault = Fault("source", "somebody writes to it", "Stop its servers and workers, then run it again.")
        raise Conflict("The source is in use; nothing was changed.", [fault]) from error


async def require_same_tables(session: AsyncSession, shapes: Sequence[TableShape], revision: str) -> None:
    """See that a database is empty and has just these tables, of this migration.

    Raises:
        Refused: otherwise; tells all that differs.
    """
    found = await queries.revision(session)
    if found != revision:
        remedy = "Name an empty database; it is brought to the source's migration."
        fault = Fault("target", f"it stands at {found or 'no migration'}, the source at {revision}", remedy)
        raise Refused("The two are of different versions; nothing was changed.", [fault])
    there = await queries.shapes(session)
    await require_empty(session, there)
    columns = {shape.name: set(shape.columns) for shape in there}
    unlike = [shape.name for shape in shapes if columns.get(shape.name) != set(shape.columns)]
    unlike += sorted(set(columns) - {shape.name for shape in shapes})
    if unlike:
        faults = [Fault(name, "other columns here and there", "Tell the makers.") for name in unlike]
        raise Refused("The two do not have the same tables; nothing was changed.", faults)


async def _send(
    sending: AsyncSession, arriving: AsyncSession, shapes: Sequence[TableShape], progress: Progress
) -> list[Part]:
    # Each row passes twice: on its way, and when what arrived is read back.
    total = 2 * sum([await queries.count(sending, shape) for shape in shapes])
    counter, sent = Counter(progress, total), []
    await queries.begin_filling(arriving)
    for shape in shapes:
        lines = Lines()
        await fill(arriving, shape, plain_rows(sending, shape, lines, counter))
        sent.append(Part(shape, lines.rows, lines.size, lines.sha256))
    compare(sent, [await part_of(arriving, shape, counter) for shape in shapes])
    return sent


def copy_out(revision: str, source: str, target: str, parts: Sequence[Part]) -> CopyOut:
    """Answer what was copied."""
    tables = [TableOut(table=part.shape.name, rows=part.rows, sha256=part.sha256) for part in parts]
    return CopyOut(revision=revision, source=source, target=target, tables=tables)
