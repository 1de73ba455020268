"""`rongqiao db`: the database's own upkeep."""

import typer
from alembic import command
from alembic.config import Config

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
    typer.echo("database is at the newest migration")
