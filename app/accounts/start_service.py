"""Lets the service start, or says everything that is in the way."""

from pathlib import Path
from typing import Final

from app.accounts import start_queries
from app.accounts.start_checks import DatabaseFacts, database_faults, settings_faults
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.errors import Refused, Unavailable
from app.kernel.settings import PROJECT_ROOT, Settings, exposed_secrets

MIGRATIONS: Final = PROJECT_ROOT / "migrations" / "versions"


def newest_migration(folder: Path = MIGRATIONS) -> str:
    """Answer the number of this version's last migration; files are numbered in their order."""
    return max(file.name[:4] for file in folder.glob("[0-9][0-9][0-9][0-9]_*.py"))


def require_safe(settings: Settings) -> None:
    """Refuse unsafe settings.

    Raises:
        Refused: with every fault, and how to mend it.
    """
    faults = settings_faults(settings, exposed_secrets(settings))
    if faults:
        raise Refused(f"The service does not start: {settings.environment} settings are unsafe.", faults)


async def require_fit(sessions: Sessions, settings: Settings) -> None:
    """Refuse a database that is not at this version or, in production, not safe.

    Raises:
        Unavailable: with every fault, and how to mend it.
    """
    async with transaction(sessions, writes=False) as session:
        faults = database_faults(settings, await _facts(session))
    if faults:
        raise Unavailable("The service does not start on this database.", faults)


async def stored_migration(session: AsyncSession) -> str | None:
    """Answer the number of the migration at which the tables are; None if there never was one."""
    return await start_queries.revision(session)


async def _facts(session: AsyncSession) -> DatabaseFacts:
    newest = newest_migration()
    unreachable = await start_queries.out_of_reach(session)
    if unreachable:
        return DatabaseFacts(None, newest, unreachable=tuple(unreachable))
    revision = await start_queries.revision(session)
    if revision is None or revision < newest:
        return DatabaseFacts(revision, newest)
    return DatabaseFacts(
        revision,
        newest,
        await start_queries.demo_people(session),
        await start_queries.may_change_trail(session),
    )
