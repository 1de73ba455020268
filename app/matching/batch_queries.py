"""Rows of runs that a cluster's workers store part by part, and one view of the database for all of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession, Sessions, transaction
from app.matching.tables import MatchBatch, MatchCount, MatchPart, MatchResult, MatchRun
from app.whitelist.tables import WhitelistEdition

IS_STEADY = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
MAY_WAIT = "SET LOCAL idle_in_transaction_session_timeout = 0"


@dataclass(frozen=True, slots=True)
class SteadyView:
    """The database as it stood at one moment, for as long as it is held open.

    `snapshot` names the moment on PostgreSQL, where others adopt it. On SQLite it is empty: nobody can
    write until the view is let go, so everybody reads the same.
    """

    session: AsyncSession
    snapshot: str

    @property
    def stops_writers(self) -> bool:
        """Tell whether nobody can write while it is open."""
        return not self.snapshot


@asynccontextmanager
async def steady_view(sessions: Sessions) -> AsyncIterator[SteadyView]:
    """Hold a view of the database open; it changes nothing."""
    async with transaction(sessions) as session:
        if session.get_bind().dialect.name == "sqlite":
            yield SteadyView(session, "")
            return
        await session.execute(text(IS_STEADY))
        await session.execute(text(MAY_WAIT))
        snapshot = await session.scalar(select(func.pg_export_snapshot()))
        assert isinstance(snapshot, str)
        yield SteadyView(session, snapshot)


async def adopt(session: AsyncSession, snapshot: str) -> None:
    """Let a fresh transaction see what the view of this name sees; it must be its first statement.

    Raises:
        DBAPIError: the view is no longer open.
    """
    if snapshot:
        await session.execute(text(IS_STEADY))
        assert snapshot.replace("-", "").isalnum()  # PostgreSQL takes no parameter here
        await session.execute(text(f"SET TRANSACTION SNAPSHOT '{snapshot}'"))


async def unfinished_run(
    session: AsyncSession, viewer: Viewer, edition_id: int, inputs_hash: str, parts: int
) -> int | None:
    """Answer the latest run of an edition over these inputs, cut into so many parts, of which some are missing."""
    statement = (
        select(MatchRun.id)
        .join(MatchBatch, MatchBatch.run_id == MatchRun.id)
        .join(WhitelistEdition, WhitelistEdition.id == MatchRun.edition_id)
        .where(
            WhitelistEdition.jurisdiction == viewer.jurisdiction,
            MatchRun.edition_id == edition_id,
            MatchRun.inputs_hash == inputs_hash,
            MatchBatch.parts == parts,
        )
        .order_by(MatchRun.id.desc())
        .limit(1)
    )
    return await session.scalar(statement)


async def begin(session: AsyncSession, run: MatchRun, parts: int) -> int:
    """Store a run that has no part yet and that nobody is shown; answer its id."""
    session.add(run)
    await session.flush()
    session.add(MatchBatch(run_id=run.id, parts=parts))
    await session.flush()
    return run.id


async def stored_parts(session: AsyncSession, run_id: int) -> dict[int, str]:
    """Answer the hash of each stored part of a run by its number."""
    statement = select(MatchPart.number, MatchPart.result_hash).where(MatchPart.run_id == run_id)
    return {row[0]: row[1] for row in await session.execute(statement)}


async def claim(session: AsyncSession, run_id: int, number: int, result_hash: str, now: datetime) -> bool:
    """Take a part of a run to store it in this transaction; false when it has been stored already.

    Another transaction that has taken it meanwhile is waited for.
    """
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    statement = sqlite.insert(MatchPart) if is_sqlite else postgresql.insert(MatchPart)
    row = {"run_id": run_id, "number": number, "result_hash": result_hash, "stored_at": now}
    found = await session.execute(statement.values(row).on_conflict_do_nothing().returning(MatchPart.number))
    return found.first() is not None


async def finish(session: AsyncSession, run_id: int) -> None:
    """Let a run be shown, all parts of which are stored; done twice it changes nothing."""
    await session.execute(delete(MatchBatch).where(MatchBatch.run_id == run_id))


async def clear_abandoned(session: AsyncSession, edition_id: int, before: datetime) -> int:
    """Remove what is stored of an edition's runs that were begun before an instant and never finished; answer how many."""
    statement = (
        select(MatchRun.id)
        .where(MatchRun.edition_id == edition_id, MatchRun.created_at < before)
        .where(exists().where(MatchBatch.run_id == MatchRun.id))
        .order_by(MatchRun.id)
    )
    runs = list((await session.scalars(statement)).all())
    for table in (MatchCount, MatchResult, MatchPart, MatchBatch):
        await session.execute(delete(table).where(table.run_id.in_(runs)))
    await session.execute(delete(MatchRun).where(MatchRun.id.in_(runs)))
    return len(runs)
