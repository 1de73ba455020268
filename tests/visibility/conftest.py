"""The world, once a backend; its tests change nothing that stays."""

from collections.abc import AsyncIterator

import pytest

from app.kernel.database import make_engine, make_sessions
from tests.databases import Databases
from tests.visibility.oracle import Oracle
from tests.visibility.world import World, build


@pytest.fixture(scope="session")
async def world(databases: Databases) -> AsyncIterator[World]:
    """The tagged demonstration."""
    engine = make_engine(databases.fresh())
    yield await build(make_sessions(engine))
    await engine.dispose()


@pytest.fixture(scope="session")
def oracle(world: World) -> Oracle:
    """Who may see what in it."""
    return Oracle(world)
