"""Pages are tested on SQLite: what they say to a database they say by services, which are tested on both.

That they work on PostgreSQL too is seen by the walk through all of them (tests/visibility/test_leaks.py).
"""

from collections.abc import AsyncIterator

import pytest

from app.kernel.database import Sessions
from tests.accounts.signing import Installation, installed
from tests.databases import Databases
from tests.lending import Lender


@pytest.fixture(scope="session")
def databases() -> Databases:
    """Databases of SQLite alone."""
    return Databases(None)


@pytest.fixture(scope="session")
async def lender(databases: Databases) -> AsyncIterator[Lender]:
    """Who lends them: the one of the other tests keeps those that were asked for first."""
    opened = Lender(databases)
    yield opened
    await opened.close()


@pytest.fixture
def house(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """The application over the test's database; what a role may is asked anew for each request."""
    return installed(sessions, monkeypatch, viewer_cache_seconds=0)
