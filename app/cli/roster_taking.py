"""`rongqiao whitelist import` at its work: the roster taken, its faults written back beside it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import typer

from app.cli import edge
from app.kernel.clock import utc_now
from app.kernel.errors import Fault, Refused, Unavailable
from app.kernel.files import whole_file
from app.whitelist import import_service
from app.whitelist.import_rules import ImportOptions
from app.whitelist.import_service import ImportOutcome, RosterRefused
from app.whitelist.roster_check import Progress
from app.whitelist.schemas import ImportOut


async def take(
    file: Path, edition: str, options: ImportOptions, target: Path, progress: Progress
) -> ImportOutcome:
    """Import in one transaction; a refusal, or faults left out, leave the error workbook behind.

    Raises:
        RosterRefused: the roster has faults; nothing was changed.
        Refused, Unavailable: the error workbook cannot be written; says whether the import is kept.
    """
    with file.open("rb") as content:
        try:
            async with edge.work(writes=not options.dry_run) as (session, viewer):
                outcome = await import_service.import_roster(
                    session,
                    viewer,
                    edition,
                    content,
                    file.name,
                    now=utc_now(),
                    options=options,
                    progress=progress,
                )
        except RosterRefused as refusal:
            await _write_back(refusal, target, "import it again", refusal.detail, refusal.faults)
            typer.echo(f"faults beside each row: {target}", err=True)
            raise
        if outcome.check.faults:
            await _write_back(outcome, target, "run the command again", _kept(outcome.out))
    return outcome


async def _write_back(
    found: RosterRefused | ImportOutcome, target: Path, what: str, came: str, faults: Sequence[Fault] = ()
) -> None:
    """Write the error workbook.

    Raises:
        Unavailable, Refused: it cannot be written; says so beside what came of the import (`came`, `faults`).
    """
    try:
        with whole_file(target) as draft:
            await found.write_faults(str(draft))
    except (Unavailable, Refused) as error:
        hint = f"Another place is named with --errors; then {what}."
        also = [replace(fault, remedy=f"{fault.remedy} {hint}") for fault in error.faults]
        raise type(error)(
            f"{came} The sheet with a column of faults cannot be written.", [*also, *faults]
        ) from error


def _kept(found: ImportOut) -> str:
    """Say what came of an import that left faulty rows out."""
    left_out = f"{found.counts.faulty} faulty rows ({found.counts.faults} faults)"
    if found.is_dry_run:
        return f"Nothing was to be changed, and nothing was; {left_out} were found."
    if found.is_unchanged:
        return f"{found.edition} holds all of it but {left_out}; nothing was changed."
    return f"Import {found.id} is kept in {found.edition}; {left_out} were left out."
