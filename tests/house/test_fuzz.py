"""schemathesis walks the whole API of a real server over the demonstration, on both databases.

No answer may be a 5xx, an undocumented status or media type, or break its schema.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import ignored_auth, positive_data_acceptance

from app.accounts.door import OpenDoor
from app.accounts.rules import local_operator
from app.cli.demo import demo_plan
from app.cli.line import stages_of, walk
from app.kernel.database import make_engine, make_sessions
from app.kernel.settings import Settings
from app.main import create_app
from app.visibility.service import narrow
from tests.conftest import Databases

ENTRIES = 24
EXAMPLES = 20
DESCRIBED = {
    f"{method.upper()} {path}": operation
    for path, methods in create_app().openapi()["paths"].items()
    for method, operation in methods.items()
}
WITH_INPUT = [name for name, one in DESCRIBED.items() if one.keys() & {"parameters", "requestBody"}]


async def _fill(url: str) -> None:
    engine = make_engine(url)
    viewer = local_operator("230000")
    async for _done in walk(make_sessions(engine), viewer, stages_of(demo_plan(7, ENTRIES))):
        pass
    await engine.dispose()


@pytest.fixture(scope="module")
def server_url(databases: Databases) -> Iterator[str]:
    """Address of a real server over a seeded database."""
    url = databases.fresh()
    asyncio.run(_fill(url))
    app = create_app(Settings(database_url=url), door=OpenDoor(local_operator("230000"), narrow))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=20)


@pytest.fixture(scope="module")
def described(server_url: str) -> schemathesis.BaseSchema:
    """The API as it describes itself."""
    return schemathesis.openapi.from_url(f"{server_url}/openapi.json")


@pytest.mark.parametrize("operation", DESCRIBED)
def test_every_operation_answers_the_well_formed_as_it_says(
    described: schemathesis.BaseSchema, operation: str
) -> None:
    _call(described, operation, schemathesis.GenerationMode.POSITIVE)


@pytest.mark.parametrize("operation", WITH_INPUT)
def test_every_operation_refuses_the_malformed_as_it_says(
    described: schemathesis.BaseSchema, operation: str
) -> None:
    _call(described, operation, schemathesis.GenerationMode.NEGATIVE)


def _call(described: schemathesis.BaseSchema, operation: str, mode: schemathesis.GenerationMode) -> None:
    method, path = operation.split()

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(case=described[path][method].as_strategy(generation_mode=mode))
    def answers(case: schemathesis.Case[Any]) -> None:
        # What is well-formed may still be refused for its meaning (an unknown region, a full edition).
        # This server's door is open to all, whatever they show or do not.
        case.call_and_validate(excluded_checks=[positive_data_acceptance, ignored_auth])

    answers()
