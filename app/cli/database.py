"""`rongqiao db`: the database's own upkeep."""

from typing import Annotated

import typer

from app.accounts import rights_service
from app.cli import edge, migrations, upkeep
from app.cli.migrations import alembic_config
from app.jobs.queue import JobQueue, jobs_url
from app.kernel.settings import get_settings

__all__ = ["alembic_config", "commands"]

commands = typer.Typer(no_args_is_help=True)
for command in (upkeep.move, upkeep.backup, upkeep.verify, upkeep.restore, upkeep.purge):
    commands.command()(command)


@commands.command()
def upgrade() -> None:
    """Create the tables, or bring them to this version; running it again changes nothing.

    The version before goes on serving meanwhile (docs/upgrading.md).
    """
    settings = get_settings()
    with edge.refusals_shown():
        migrations.upgrade(settings.database_url)
        if jobs_url(settings).startswith("postgresql"):
            JobQueue(settings).prepare()  # the service's own role may not make tables
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
