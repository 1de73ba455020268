"""`rongqiao db move|backup|verify|restore|purge`: whole databases, in and out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, TypeVar
from urllib.parse import parse_qs, urlsplit

import typer

from app.accounts.audit import Origin
from app.accounts.rules import local_operator
from app.cli import edge
from app.cli.migrations import prepare_empty, upgrade
from app.kernel.clock import utc_now
from app.kernel.database import Sessions, make_engine, make_sessions, transaction
from app.kernel.errors import Fault, Refused
from app.kernel.settings import Settings, get_settings
from app.upkeep import backup_service, checks_service, moving_service
from app.upkeep.schemas import BackupOut, CheckOut, CopyOut, PurgeOut

MOVE_TO: Final = "RONGQIAO_MOVE_TO_URL"
SHOWN_DIGITS: Final = 16
Result = TypeVar("Result")
TargetOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help=f"An empty database; with a password in it, put it into {MOVE_TO} instead.",
    ),
]


def move(*, to: TargetOption = None, as_json: edge.JsonFlag = False) -> None:
    """Copy this database into an empty one, SQLite or PostgreSQL, and compare every row; all of it or nothing.

    Nobody may write meanwhile: stop servers and workers first. Afterwards set RONGQIAO_DATABASE_URL to the new one.
    """
    settings = get_settings()
    with edge.refusals_shown():
        target = _target(to, settings)
        revision = asyncio.run(_with(settings.database_url, _revision))
        prepare_empty(target, revision)

    async def job() -> CopyOut:
        async with _sessions(settings.database_url) as source, _sessions(target) as goal:
            with edge.progress("rows") as told:
                return await moving_service.move(
                    source, goal, _origin(settings), now=utc_now(), progress=told
                )

    done = edge.run(job)
    _finish(done, target, settings, as_json=as_json)


def backup(
    file: Annotated[
        Path, typer.Argument(help="A file that is not there yet, such as rongqiao-2024-03-01.zip.")
    ],
    *,
    as_json: edge.JsonFlag = False,
) -> None:
    """Write the whole database, as it is at one instant, into one file; others may go on working.

    The file holds everything, password hashes and contacts too: only its owner may read it. Keep the SHA-256 apart.
    """
    settings = get_settings()

    async def job() -> BackupOut:
        async with _sessions(settings.database_url) as sessions:
            with edge.progress("rows") as told:
                return await backup_service.back_up(
                    sessions, file, _origin(settings), now=utc_now(), progress=told
                )

    _show_archive(edge.run(job), file, as_json=as_json)


def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A backup.")],
    *,
    sha256: Annotated[str | None, typer.Option(help="SHA-256 of the file that you noted.")] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Read a whole backup back and compare it with what it states, without any database."""
    with edge.refusals_shown(), edge.progress("tables") as told:
        found = backup_service.verify(file, sha256=sha256, progress=told)
    _show_archive(found, file, as_json=as_json)


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A backup.")],
    *,
    into: TargetOption = None,
    sha256: Annotated[str | None, typer.Option(help="SHA-256 of the file that you noted.")] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Fill an empty database, SQLite or PostgreSQL, from a backup; then check the audit trail and the closed months.

    Without a URL it is the database of RONGQIAO_DATABASE_URL. One of an older version is brought to this one.
    """
    settings = get_settings()
    with edge.refusals_shown():
        target = _target(into, settings, is_optional=True)
        with edge.progress("tables") as told:
            backup_service.verify(file, sha256=sha256, progress=told)
        prepare_empty(target, backup_service.revision_in(file))

    async def job() -> CopyOut:
        async with _sessions(target) as sessions:
            with edge.progress("rows") as told:
                return await backup_service.restore(
                    sessions, file, _origin(settings), now=utc_now(), progress=told
                )

    done = edge.run(job)
    _finish(done, target, settings, as_json=as_json)


def purge(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Remove what has served its time (RONGQIAO_KEEP_DAYS_…), as workers do daily; never anything that is evidence."""
    from app.upkeep import purge_service  # noqa: PLC0415 - much of the house: no other command here waits for it

    settings = get_settings()

    async def job() -> PurgeOut:
        async with _sessions(settings.database_url) as sessions:
            return await purge_service.purge(sessions, settings, now=utc_now(), is_rehearsal=dry_run)

    done = edge.run(job)
    if as_json:
        edge.print_json(done)
        return
    rows = [
        (str(about.description).rstrip("."), getattr(done, name))
        for name, about in PurgeOut.model_fields.items()
    ]
    edge.print_table("Would be purged" if dry_run else "Purged", ("what", "rows"), rows)


def _target(given: str | None, settings: Settings, *, is_optional: bool = False) -> str:
    """Answer the URL of the database to fill.

    Raises:
        Refused: none is given, or one with a password that the whole machine could read in the list of processes.
    """
    kept = settings.move_to_url.get_secret_value()
    target = given or kept or (settings.database_url if is_optional else "")
    if given is not None and _holds_password(given):
        fault = Fault("URL", "it holds a password", f"Put it into {MOVE_TO}, or into the file move_to_url.")
        raise Refused("Secrets are not taken from the command line.", [fault])
    if not target.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")):
        remedy = "sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER@HOST/NAME"
        fault = Fault(
            "URL", "none given, or of another kind", f"Give {remedy} with the option or as {MOVE_TO}."
        )
        raise Refused("There is no database to fill.", [fault])
    return target


def _holds_password(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.password) or "password" in parse_qs(parts.query)


@asynccontextmanager
async def _sessions(url: str) -> AsyncIterator[Sessions]:
    engine = make_engine(url)
    try:
        yield make_sessions(engine)
    finally:
        await engine.dispose()


async def _with(url: str, work: Callable[[Sessions], Awaitable[Result]]) -> Result:
    async with _sessions(url) as sessions:
        return await work(sessions)


async def _revision(sessions: Sessions) -> str:
    found, _filled = await moving_service.standing(sessions)
    if found is None:
        fault = Fault("source", "it has no tables of ours", "Check RONGQIAO_DATABASE_URL.")
        raise Refused("There is nothing to copy.", [fault])
    return found


def _origin(settings: Settings) -> Origin:
    return Origin(local_operator(settings.jurisdiction), via="cli")


def _finish(done: CopyOut, target: str, settings: Settings, *, as_json: bool) -> None:
    """Bring a filled database to this version, check what it holds, and tell; exit 1 if something does not hold."""

    async def checked(sessions: Sessions) -> list[CheckOut]:
        async with transaction(sessions, writes=False) as session:
            return await checks_service.check(session, local_operator(settings.jurisdiction))

    with edge.refusals_shown():
        upgrade(target)
    checks = edge.run(lambda: _with(target, checked))
    if as_json:
        edge.print_json(done.model_dump() | {"checks": [check.model_dump() for check in checks]})
    else:
        _show_tables(done)
        rows = [(check.what, "holds" if check.holds else "BROKEN", check.told) for check in checks]
        edge.print_table("Checked in the new database", ("what", "", "found"), rows)
        edge.screen.print(f"{done.rows} rows of {len(done.tables)} tables: equal on both sides")
    if not all(check.holds for check in checks):
        raise typer.Exit(edge.REFUSED)


def _show_archive(found: BackupOut, file: Path, *, as_json: bool) -> None:
    if as_json:
        edge.print_json(found)
        return
    _show_tables(found)
    when: datetime = found.taken_at
    edge.screen.print(
        f"{file}: {found.jurisdiction}, as of {when:%Y-%m-%d %H:%M:%S} UTC, migration {found.revision}"
    )
    edge.screen.print(f"{found.rows} rows in {found.bytes} bytes", highlight=False)
    edge.screen.print(f"SHA-256 {found.sha256}", highlight=False, soft_wrap=True)


def _show_tables(done: CopyOut) -> None:
    rows = [(table.table, table.rows, table.sha256[:SHOWN_DIGITS]) for table in done.tables]
    edge.print_table(f"From {done.source} to {done.target}", ("table", "rows", "SHA-256"), rows)
