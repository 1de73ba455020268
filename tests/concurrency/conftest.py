"""One town a backend and worker, whose tests leave it as they found it or take things of their own."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from itertools import count

import pytest
import time_machine

from app.kernel.database import make_engine, make_sessions
from tests.concurrency.town import NOW, Town, build, open_town
from tests.databases import Databases

_hours = count()


@pytest.fixture(scope="session")
async def town(databases: Databases) -> AsyncIterator[Town]:
    """Three servers over one database."""
    engine = make_engine(url := databases.fresh())
    await build(make_sessions(engine))
    await engine.dispose()
    with time_machine.travel(NOW):
        opened = open_town(url)
        made = await opened.__aenter__()
    yield made
    await opened.__aexit__(None, None, None)


@pytest.fixture(autouse=True)
def later() -> Iterator[None]:
    """Each test is an hour after the one before it."""
    with time_machine.travel(NOW + timedelta(hours=next(_hours))):
        yield
