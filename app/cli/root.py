"""The tree of commands."""

import importlib

import typer

from app.cli.bench import bench
from app.cli.serve import serve

commands = typer.Typer(
    name="rongqiao",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="融桥: whitelist, products, matching, responsible banks, docking and coverage.",
)
ROOMS = {
    "db": "database",
    "seed": "seed",
    "reference": "reference",
    "policy": "policy",
    "institutions": "institutions",
    "chains": "chains",
    "catalogue": "catalogue",
    "whitelist": "whitelist",
    "match": "matching",
    "bottlenecks": "bottlenecks",
    "allocate": "allocation",
    "docking": "docking",
    "coverage": "coverage",
}
for _name, _module in ROOMS.items():
    try:
        commands.add_typer(importlib.import_module(f"app.cli.{_module}").commands, name=_name)
    except ImportError:
        continue


commands.command()(serve)
commands.command()(bench)


def main() -> None:
    """Run `rongqiao`."""
    commands()
