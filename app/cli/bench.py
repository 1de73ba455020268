"""`rongqiao bench`: all benchmarks, in a checkout that holds them."""

import runpy
import sys

import typer

from app.kernel.settings import PROJECT_ROOT


def bench(
    only: str = typer.Option("", help="Name of one benchmark, such as matching."),
    quick: bool = typer.Option(False, "--quick", help="Small sizes: shows that it runs, proves nothing."),
    write: bool = typer.Option(False, "--write", help="Keep the tables as docs/benchmarks.md."),
) -> None:
    """Measure against peers in one run with equal answers, and print tables of ratios."""
    if not (PROJECT_ROOT / "benchmarks").is_dir():
        raise typer.BadParameter("benchmarks/ is part of the checkout, not of the installed package")
    options = [only] if only else []
    options += ["--quick"] if quick else []
    options += ["--write"] if write else []
    sys.path.insert(0, str(PROJECT_ROOT))
    sys.argv = ["benchmarks", *options]
    runpy.run_module("benchmarks", run_name="__main__")
