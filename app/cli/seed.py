"""`rongqiao seed`: fills an empty database with the demonstration, all of it through the services."""

from typing import Annotated

import typer

from app.accounts.rules import Role, Viewer
from app.cli import edge
from app.cli.demo import FIRST, SECOND, demo_plan, is_demo_there, worth_trying
from app.cli.demo_awards import seed_awards
from app.cli.demo_core_lists import seed_core_lists
from app.cli.demo_events import seed_events
from app.cli.demo_members import seed_members
from app.cli.demo_people import (
    DEMO_PASSWORD,
    DemoPerson,
    hashed_demo_password,
    refuse_in_production,
    seed_people,
)
from app.cli.demo_plans import seed_draft
from app.cli.demo_selection import seed_selection
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
    """Invent firms, needs, five months of docking and people to sign in as; again, it changes nothing.

    Refused in production: everybody knows the password of the people.
    """

    async def job() -> tuple[bool, list[tuple[str, str]], list[DemoPerson]]:
        refuse_in_production()
        password_hash = await hashed_demo_password()
        async with edge.work(writes=True) as (session, viewer):
            is_new = not await is_demo_there(session, viewer, now=utc_now())
            if is_new:
                await _fill(session, viewer, demo_plan(seed, entries))
            people = await seed_people(session, viewer, (FIRST, SECOND), password_hash, now=utc_now())
            if is_new:
                own = next((one.scope for one in people if one.role is Role.ENTERPRISE), "")
                await seed_members(session, viewer, own, now=utc_now())
                await seed_core_lists(session, viewer, own, now=utc_now())
            if is_new:
                await seed_selection(session, viewer, (FIRST, SECOND), people, now=utc_now())
                await seed_events(session, viewer, SECOND, people, now=utc_now())
            await seed_awards(session, viewer, people, now=utc_now())
            return is_new, await worth_trying(session, viewer, now=utc_now()), people

    is_new, tips, people = edge.run(job)
    edge.screen.print(
        "The demonstration is ready; every firm, need and event in it is invented."
        if is_new
        else "The demonstration is there already; nothing was changed."
    )
    edge.print_table("What to try", ("to see", "run or open"), tips)
    rows = [(person.login, person.role, person.scope, person.sees) for person in people]
    edge.print_table("Whom to sign in as 演示账号", ("登录名", "角色", "作用范围", "sees"), rows)
    typer.echo(f"Password of all of them, for demonstration only: {DEMO_PASSWORD}")


async def _fill(session: AsyncSession, viewer: Viewer, plan: LinePlan) -> None:
    """Walk the line inside the command's one transaction: an interrupted seed leaves nothing behind."""
    stages = stages_of(plan)
    with edge.progress("seeding") as advance:
        for number, stage in enumerate(stages, start=1):
            await stage.work(session, viewer, stage.at)
            advance(number, len(stages))
    await seed_draft(session, viewer, now=utc_now())
