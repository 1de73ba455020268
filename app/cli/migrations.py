"""Migrations as commands run them; nothing else here knows Alembic."""

import asyncio

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from app.kernel.database import make_engine, make_sessions
from app.kernel.errors import Fault, Refused
from app.kernel.settings import PROJECT_ROOT
from app.upkeep.moving_service import standing


def alembic_config(database_url: str) -> Config:
    """Answer the configuration with which Alembic migrates a database."""
    config = Config(PROJECT_ROOT / "alembic.ini")
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str) -> None:
    """Bring a database to the newest migration that this version knows."""
    command.upgrade(alembic_config(database_url), "head")


def prepare_empty(database_url: str, revision: str) -> None:
    """Bring a database without rows to a migration, up or down.

    Raises:
        Refused: this version does not know the migration, or the database has rows.
    """
    known = _known(database_url)
    if revision not in known:
        remedy = "Use the version of Rongqiao that it comes from, or a newer one."
        fault = Fault(
            "source", f"it stands at migration {revision}, which this version does not know", remedy
        )
        raise Refused("The source is of a newer version; nothing was changed.", [fault])
    found, filled = asyncio.run(_standing(database_url))
    if filled:
        remedy = "Name an empty database: nothing is ever written over."
        faults = [Fault(name, "has rows", remedy) for name in filled]
        raise Refused("The target is not empty; nothing was changed.", faults)
    if found is not None and found not in known:
        fault = Fault("target", f"it stands at the unknown migration {found}", "Name a new database.")
        raise Refused("The target is of a newer version; nothing was changed.", [fault])
    if found is not None and known.index(found) > known.index(revision):
        command.downgrade(alembic_config(database_url), revision)
    else:
        command.upgrade(alembic_config(database_url), revision)


def _known(database_url: str) -> list[str]:
    """Answer the migrations that this version knows, in their order."""
    scripts = ScriptDirectory.from_config(alembic_config(database_url))
    return [script.revision for script in scripts.walk_revisions()][::-1]


async def _standing(database_url: str) -> tuple[str | None, list[str]]:
    engine = make_engine(database_url)
    try:
        return await standing(make_sessions(engine))
    finally:
        await engine.dispose()
