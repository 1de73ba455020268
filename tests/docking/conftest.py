"""A door of docking's tests through which one viewer after the other enters."""

from collections.abc import AsyncIterator

import pytest

from app.kernel.database import Sessions
from tests.accounts.offices import Enter, entering


@pytest.fixture
async def enter(sessions: Sessions) -> AsyncIterator[Enter]:
    """Let another viewer into one and the same application over the test's own database."""
    async with entering(sessions) as let_in:
        yield let_in
