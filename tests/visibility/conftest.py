"""The world, once a backend; its tests change nothing that stays."""

from collections.abc import AsyncIterator

import pytest

from app.kernel.database import make_engine, make_sessions
from tests.conftest import Databases
from tests.visibility.oracle import Oracle
from tests.visibility.world import World, build


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker do all leak tests of a backend: their walk is long, and made once a worker."""
    for item in items:
        if item.path.name == "test_leaks.py" and "databases" in (params := _params_of(item)):
            item.add_marker(pytest.mark.xdist_group(f"leaks_{params['databases']}"))


def _params_of(item: pytest.Item) -> dict[str, object]:
    callspec = getattr(item, "callspec", None)
    return {} if callspec is None else dict(callspec.params)


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
