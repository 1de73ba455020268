"""One walk through the demonstration on a small cut, for each database; the tests only read it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from app.accounts.rules import Viewer, local_operator
from app.cli.demo import demo_plan
from app.cli.line import Done, LinePlan, stages_of, walk
from app.kernel.database import Sessions, make_engine, make_sessions
from tests.databases import Databases

ENTRIES, SEED = 60, 14
LATER = datetime(2024, 3, 4, 2, tzinfo=UTC)
"""An instant after the last month was closed."""


@dataclass(frozen=True)
class Line:
    """A database in which the line was walked, and what each stage answered."""

    sessions: Sessions
    viewer: Viewer
    plan: LinePlan
    done: list[Done]


async def walked(url: str) -> Line:
    plan, viewer = demo_plan(SEED, ENTRIES), local_operator("230000")
    first, second = plan.half_years
    cut = (replace(first, months=first.months[1:]), replace(second, months=second.months[:1]))
    plan = replace(plan, half_years=cut)
    sessions = make_sessions(make_engine(url))
    return Line(sessions, viewer, plan, [done async for done in walk(sessions, viewer, stages_of(plan))])


@pytest.fixture(scope="module")
async def line(databases: Databases) -> AsyncIterator[Line]:
    walk_done = await walked(databases.fresh())
    yield walk_done
    await walk_done.sessions.kw["bind"].dispose()
