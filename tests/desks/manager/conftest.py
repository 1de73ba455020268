"""A bank's people before their pages: a roster of six entries, all with a consent but the last."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.accounts.rules import Role
from app.enterprises.tables import Consent
from app.kernel.clock import shanghai_today
from app.kernel.database import Sessions, transaction
from tests.accounts.signing import Installation
from tests.desks.visits import Visit
from tests.docking.world import ASSIGNED, World, build_world

RESPONSIBLE = ("icbc-dl",) * 4 + ("ccb", "icbc-dl")


@pytest.fixture
async def world(sessions: Sessions) -> World:
    """Entries 0 to 3 are in the hands of icbc-dl, 4 of ccb; of 5, again icbc-dl's, no firm has consented."""
    async with transaction(sessions) as session:
        made = await build_world(session, RESPONSIBLE)
        for need in range(1, len(RESPONSIBLE)):
            session.add(
                Consent(
                    need_id=need, purpose="financing", shows_contact=need == 1, shows_financial=False,
                    shows_judicial=False, institution_id=None, until=shanghai_today() + timedelta(days=30),
                    given_by="test", given_at=ASSIGNED, version=1,
                )
            )  # fmt: skip
        return made


@pytest.fixture
async def visit(house: Installation, world: World) -> AsyncIterator[Visit]:
    """A browser in which a relationship manager of icbc-dl is signed in."""
    await house.person("wang.fang", (Role.RELATIONSHIP_MANAGER, "icbc-dl"))
    async with Visit(house) as opened:
        await opened.sign_in()
        yield opened
