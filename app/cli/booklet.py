"""`rongqiao booklet`: the policy and product booklet 一本通 of a library edition as a file."""

from pathlib import Path
from typing import Annotated, Final

import typer

from app.booklet import service
from app.booklet.booklet import Booklet
from app.booklet.service import Format
from app.cli import edge
from app.kernel.errors import Fault, Refused

commands = typer.Typer(no_args_is_help=True)
STEPS: Final = 2


@commands.callback()
def group() -> None:
    """Keep `write` a command of its own."""


@commands.command()
def write(
    output: Annotated[
        Path,
        typer.Argument(help="File to write; its name tells the format: .docx to print, .json for machines."),
    ],
    library: Annotated[
        str | None, typer.Option(help="Edition of the product library, such as 2023Q4; left out: the newest.")
    ] = None,
    as_json: edge.JsonFlag = False,
) -> None:
    """Write the policy and product booklet (一本通): policies in force, the quarter's products, how to apply, whom to ask.

    Equal inputs give the same bytes: edition, policies of the day of its publication, plans of chains, institutions.
    """

    async def job() -> Booklet:
        async with edge.work(writes=False) as (session, viewer):
            code = library or (await service.newest_library(session, viewer)).code
            return await service.booklet(session, viewer, code)

    with edge.refusals_shown():
        kind = _told_by(output)
    with edge.progress(f"booklet {library or ''}".strip()) as step:
        made = edge.run(job)
        step(1, STEPS)
        data = service.rendered(made, kind)
        step(STEPS, STEPS)
    edge.write_file(output, data)
    if as_json:
        edge.print_json(
            {
                "file": str(output),
                "bytes": len(data),
                "library": made.library,
                "products": made.products,
                "supports": made.supports,
                "inputs_sha256": made.inputs_sha256,
            }
        )
    else:
        told = (
            f"{made.library}, {made.products} products, {made.supports} supports, inputs {made.inputs_sha256}"
        )
        edge.notes.print(f"{output}: {len(data):,} bytes ({told})", highlight=False)


def _told_by(output: Path) -> Format:
    try:
        return Format(output.suffix.removeprefix("."))
    except ValueError as error:
        kinds = ", ".join(f".{one}" for one in Format)
        fault = Fault("FILE", f"none of {kinds}", "Choose one of them.", output.name)
        raise Refused("The kind of file is told by its name.", [fault]) from error
