"""`rongqiao bulletin`: the month's bulletin as a file."""

from pathlib import Path
from typing import Annotated, Final

import typer

from app.bulletins import service
from app.bulletins.bulletin import Bulletin
from app.bulletins.service import Format
from app.cli import edge
from app.kernel.clock import utc_now
from app.kernel.errors import Fault, Refused

commands = typer.Typer(no_args_is_help=True)
STEPS: Final = 2


@commands.callback()
def group() -> None:
    """Keep `write` a command of its own."""


@commands.command()
def write(
    month: Annotated[str, typer.Argument(help="Month in Asia/Shanghai, such as 2023-11.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="File to write; its name tells the format unless --format does."),
    ],
    kind: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="docx to issue, xlsx to calculate, json for machines."),
    ] = None,
    edition: Annotated[
        str | None, typer.Option(help="Edition; left out: the one in force at the end of the month.")
    ] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Write a month's bulletin; while the month is open every page and sheet is marked a draft."""

    async def job() -> Bulletin:
        async with edge.work(writes=False) as (session, viewer):
            return await service.bulletin(session, viewer, month, edition=edition, now=utc_now())

    with edge.refusals_shown():
        chosen = kind or _told_by(output)
    with edge.progress(f"bulletin {month}") as step:
        made = edge.run(job)
        step(1, STEPS)
        data = service.rendered(made, chosen)
        step(STEPS, STEPS)
    edge.write_file(output, data)
    if as_json:
        edge.print_json({"file": str(output), "bytes": len(data), "is_draft": bool(made.mark)})
    else:
        state = f" ({made.mark})" if made.mark else ""
        edge.notes.print(f"{output}: {len(data):,} bytes{state}", highlight=False)


def _told_by(output: Path) -> Format:
    try:
        return Format(output.suffix.removeprefix("."))
    except ValueError as error:
        kinds = ", ".join(f".{one}" for one in Format)
        fault = Fault("--output", f"none of {kinds}", "Choose one of them, or give --format.", output.name)
        raise Refused("The kind of file is told by its name.", [fault]) from error
