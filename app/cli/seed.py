"""`rongqiao seed`: fills an empty database with the demonstration, all of it through the services."""

from typing import Annotated

import typer

from app.accounts.rules import Viewer
from app.cli import edge
from app.cli.demo import demo_plan, is_demo_there, worth_trying
from app.cli.line import LinePlan, stages_of
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession

commands = typer.Typer(no_args_is_help=True)


@commands.callback()
def group() -> None:
    """Keep `demo` a command of its own although it is the only one."""


@commands.command()
def demo(
    seed: Annotated[int, typer.Option(help="Seed of all that is invented or simulated.")] = 2023,
    entries: Annotated[int, typer.Option(min=20, max=5_000, help="Firms to invent.")] = 300,
) -> None:
    """Invent firms, needs and five months of docking around the demo catalogue; again, it changes nothing."""

    async def job() -> tuple[bool, list[tuple[str, str]]]:
        async with edge.work(writes=True) as (session, viewer):
            is_new = not await is_demo_there(session, viewer, now=utc_now())
            if is_new:
                await _fill(session, viewer, demo_plan(seed, entries))
            return is_new, await worth_trying(session, viewer, now=utc_now())

    is_new, tips = edge.run(job)
    edge.screen.print(
        "The demonstration is ready; every firm, need and event in it is invented."
        if is_new
        else "The demonstration is there already; nothing was changed."
    )
    edge.print_table("What to try", ("to see", "run or open"), tips)


async def _fill(session: AsyncSession, viewer: Viewer, plan: LinePlan) -> None:
    """Walk the line inside the command's one transaction: an interrupted seed leaves nothing behind."""
    stages = stages_of(plan)
    with edge.progress("seeding") as advance:
        for number, stage in enumerate(stages, start=1):
            await stage.work(session, viewer, stage.at)
            advance(number, len(stages))
