"""`rongqiao db`: the database's own upkeep."""

from typing import Annotated

import typer
from alembic import command
from alembic.config import Config

from app.accounts import rights_service
from app.cli import edge
from app.jobs.queue import JobQueue
from app.kernel.settings import PROJECT_ROOT, get_settings

commands = typer.Typer(no_args_is_help=True)


def alembic_config(database_url: str) -> Config:
    """Answer the configuration with which Alembic migrates a database."""
    config = Config(PROJECT_ROOT / "alembic.ini")
    config.attributes["database_url"] = database_url
    return config


@commands.command()
def upgrade() -> None:
    """Create the tables, or bring them to this version; running it again changes nothing."""
    command.upgrade(alembic_config(get_settings().database_url), "head")
    JobQueue(get_settings()).prepare()
    typer.echo("database is at the newest migration")


@commands.command()
def grant(
    role: Annotated[str, typer.Argument(help="PostgreSQL role with which the service signs in.")],
) -> None:
    """Give the service's role its rights: all tables, but of the audit trail to read and to add only.

    Run it as the owner of the tables, and again after each upgrade.
    """

    async def job() -> None:
        async with edge.work(writes=True) as (session, _viewer):
            await rights_service.grant(session, role)

    edge.run(job)
    typer.echo(f"{role} may work for the service and may not change the audit trail")
