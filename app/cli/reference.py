"""`rongqiao reference`: codes, working days and the loan prime rate."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from app.cli import edge
from app.kernel.settings import get_settings
from app.reference import service

commands = typer.Typer(no_args_is_help=True)

LprOption = Annotated[Path | None, typer.Option("--lpr", help="CSV of LPR quotes: date,lpr_1y,lpr_5y.")]
DaysOption = Annotated[
    Path | None,
    typer.Option("--working-days", help="CSV of a year's holiday notice: day,is_working (1 or 0)."),
]


@commands.callback()
def group() -> None:
    """Keep `load` a command of its own although it is the only one."""


@commands.command()
def load(
    lpr: LprOption = None,
    working_days: DaysOption = None,
    *,
    dry_run: Annotated[bool, typer.Option(help="Check and count, write nothing.")] = False,
    as_json: edge.JsonFlag = False,
) -> None:
    """Load dated values published since the release; without files, check the shipped tables."""
    if lpr is None and working_days is None:
        _show_shipped(as_json=as_json)
    else:
        _load(lpr, working_days, dry_run=dry_run, as_json=as_json)


def _show_shipped(*, as_json: bool) -> None:
    with edge.refusals_shown():
        counts = service.check_shipped(get_settings().seed_dir)
    if as_json:
        edge.print_json(counts)
    else:
        edge.print_table("Shipped reference tables", ("table", "rows"), list(counts.items()))


def _load(lpr: Path | None, working_days: Path | None, *, dry_run: bool, as_json: bool) -> None:
    async def job() -> service.LoadReport:
        async with edge.work(writes=not dry_run) as (session, _viewer):
            return await service.load_operator_reference(
                session,
                get_settings().seed_dir,
                lpr_file=lpr,
                working_days_file=working_days,
                dry_run=dry_run,
            )

    report = asdict(edge.run(job))
    if as_json:
        edge.print_json(report | {"dry_run": dry_run})
        return
    rows = [(name, *counts.values()) for name, counts in report.items() if counts is not None]
    title = "Would be loaded" if dry_run else "Loaded"
    edge.print_table(title, ("table", "new", "changed", "same"), rows)
