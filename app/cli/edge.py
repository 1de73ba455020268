"""The edge of every command: one transaction, one way to print, one way to refuse.

Exit status: 0 done, 1 what was given is refused, 2 wrong usage (typer's own), 130 stopped by Ctrl-C.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from app.accounts import audit_service
from app.accounts.audit import Origin
from app.accounts.rules import Viewer, local_operator
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, DBAPIError, make_engine, make_sessions, transaction
from app.kernel.errors import Fault, Refused, RongqiaoError, Unavailable
from app.kernel.files import whole_file
from app.kernel.settings import get_settings
from app.kernel.troubles import Trouble, leaves_of, trouble_of

Result = TypeVar("Result")
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
COMMAND_WORD = re.compile(r"[a-z-]+")
REFUSED = 1
INTERRUPTED = 130
MOST_SHOWN_FAULTS = 200

# Piped output has no width of its own: tables then get room instead of folding at 80.
PIPED_WIDTH = 120
screen = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
notes = Console(stderr=True)


@asynccontextmanager
async def work(*, writes: bool) -> AsyncIterator[tuple[AsyncSession, Viewer]]:
    """Open the command's one transaction as the local operator; all of it is kept, or nothing."""
    from app.bulletins.following import follow_all  # noqa: PLC0415 - most of the house: help does not wait for it

    settings = get_settings()
    follow_all()
    engine = make_engine(settings.database_url)
    try:
        async with transaction(make_sessions(engine), writes=writes) as session:
            viewer = local_operator(settings.jurisdiction)
            audit_service.begin(session, Origin(viewer, via="cli"))
            yield session, viewer
            if writes:
                audit_service.note(
                    session, "command", "command", _command(), now=utc_now(), detail={"uid": _uid()}
                )
    finally:
        await engine.dispose()


def _uid() -> int | None:
    """Answer the number of the machine's user who runs the command, where users have numbers."""
    return os.getuid() if sys.platform != "win32" else None


def _command() -> str:
    """Answer the command that runs, such as `whitelist import`, without what was given to it."""
    return " ".join(takewhile(COMMAND_WORD.fullmatch, sys.argv[1:3]))


def run(job: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run an asynchronous command; print a refusal with all its faults and exit 1."""
    with refusals_shown():
        return asyncio.run(job())


@contextmanager
def refusals_shown() -> Iterator[None]:
    """Turn a domain error, a database that is not ready or a full disk into printed faults and exit status 1."""
    try:
        yield
    except KeyboardInterrupt as error:
        notes.print("stopped; nothing was changed, and the command can be run again")
        raise typer.Exit(INTERRUPTED) from error
    except RongqiaoError as error:
        show_refusal(error)
        raise typer.Exit(REFUSED) from error
    except Exception as error:
        refusal = _refusal_of(error)
        if refusal is None:
            raise
        show_refusal(refusal)
        raise typer.Exit(REFUSED) from error


@contextmanager
def output_told() -> Iterator[None]:
    """Run a command; where there is no room for what it prints, say so and exit 1: what it did is kept."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if trouble_of(error) is not Trouble.FULL:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what waits to be printed is given up
        with suppress(OSError):
            notes.print(f"the output cannot be written: {error.strerror}; what the command did is kept")
        raise SystemExit(REFUSED) from error


def _refusal_of(error: Exception) -> Unavailable | None:
    """Answer how a database or disk in trouble is told; None for a defect, also for one among troubles."""
    leaves = list(leaves_of(error))
    said = str(getattr(leaves[0], "orig", None) or leaves[0]).splitlines()
    reason = said[0] if said else type(leaves[0]).__name__
    if trouble_of(error) is Trouble.FULL:
        fault = Fault("disk", reason, "Make room, then run the command again.")
        return Unavailable("There is no room left on the disk; nothing was changed.", [fault])
    if not all(isinstance(one, DBAPIError | ConnectionError) or trouble_of(one) for one in leaves):
        return None
    fault = Fault("database", reason, "Check RONGQIAO_DATABASE_URL, then run `rongqiao db upgrade`.")
    return Unavailable("The database cannot be used; nothing was changed.", [fault])


def write_file(file: Path, content: bytes) -> None:
    """Write what a command made into the file that was asked for, or exit 1 and say why it cannot be written."""
    with refusals_shown(), whole_file(file) as draft:
        draft.write_bytes(content)


def read_text(file: Path) -> str:
    """Read a text file that people wrote, in UTF-8.

    Raises:
        Refused: it is not UTF-8 text.
    """
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        fault = Fault(file.name, f"byte {error.start} is not UTF-8", "Save the file as UTF-8.")
        raise Refused("The file cannot be read.", [fault]) from error


def show_refusal(error: RongqiaoError) -> None:
    """Print what was refused: where, what, and how to mend it."""
    if "--json" in sys.argv:
        body = {"code": error.code, "detail": error.detail}
        print_json(body | {"errors": [fault.as_dict() for fault in error.faults]})
        return
    notes.print(f"[red]refused[/red] {escape(error.detail)}", highlight=False)
    for fault in error.faults[:MOST_SHOWN_FAULTS]:
        value = f" [dim]({escape(fault.value)})[/dim]" if fault.value else ""
        remedy = f" → {fault.remedy}" if fault.remedy else ""
        said = escape(fault.message + remedy)
        notes.print(f"  [bold]{escape(fault.where)}[/bold] {said}{value}", highlight=False)
    if len(error.faults) > MOST_SHOWN_FAULTS:
        notes.print(f"  … and {len(error.faults) - MOST_SHOWN_FAULTS} more")


def print_json(value: Any) -> None:
    """Print a value, model or list of models as JSON on standard output."""
    sys.stdout.write(json.dumps(_plain(value), ensure_ascii=False, indent=2, default=str) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows as a table below its title; numbers are right-aligned."""
    screen.print(escape(title), style="bold", soft_wrap=True, highlight=False)
    table = Table()
    for i, column in enumerate(columns):
        is_number = bool(rows) and all(isinstance(row[i], int | float) for row in rows)
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    screen.print(table)


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show progress of long work on standard error; call the answer with (done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=notes, transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
