"""A small town to coordinate in: two entries held by a bank, a third that nobody holds, bodies, people, consents."""

from datetime import timedelta
from typing import Any

from app.accounts.rules import Role, Viewer
from app.allocation.tables import Assignment, AssignmentSupport
from app.enterprises.tables import Consent
from app.kernel.clock import shanghai_today
from app.kernel.database import AsyncSession, Sessions, transaction
from app.whitelist.tables import WhitelistEntry
from tests.accounts.offices import person
from tests.bottlenecks.world import BEFORE, NANGANG, World, build_world

NEEDS: dict[str, dict[str, Any]] = {
    "told": {"missing_elements": ["land", "environment"]},
    "held": {"missing_elements": ["land"]},
    "free": {"region": NANGANG, "missing_elements": None},
}
PEOPLE = {
    "coordinator": (Role.COORDINATOR, "230102"),
    "elsewhere": (Role.COORDINATOR, "230200"),
    "manager": (Role.RELATIONSHIP_MANAGER, "B1-DL"),
    "head": (Role.BANK_ADMINISTRATOR, "B1"),
    "supporter": (Role.RELATIONSHIP_MANAGER, "B2-DL"),
    "stranger": (Role.RELATIONSHIP_MANAGER, "B3-DL"),
    "auditor": (Role.AUDITOR, ""),
}


async def build(session: AsyncSession) -> World:
    """Store the town: B1-DL is responsible for `told` and `held`, B2-DL supports both."""
    world = await build_world(session, NEEDS)
    for name, is_told in (("told", True), ("held", False)):
        given = Assignment(
            run_id=None, entry_id=world.entries[name], kind="matched", institution_id=world.institutions["B1-DL"],
            responsible_body="B1-DL", product_revision_id=world.products["B1-P"], score=80, explanation={},
            assigned_at=BEFORE,
        )  # fmt: skip
        session.add(given)
        await session.flush()
        session.add(
            AssignmentSupport(
                assignment_id=given.id, rank=1, institution_id=world.institutions["B2-DL"],
                product_revision_id=world.products["B2-P"], score=70,
            )
        )  # fmt: skip
        entry = await session.get_one(WhitelistEntry, world.entries[name])
        session.add(
            Consent(
                need_id=entry.need_id, purpose="financing", shows_contact=False, shows_financial=is_told,
                shows_judicial=is_told, institution_id=None, until=shanghai_today() + timedelta(days=30),
                given_by="test", given_at=BEFORE, version=1,
            )
        )  # fmt: skip
    await session.flush()
    return world


async def build_kept(sessions: Sessions) -> World:
    """Store the town for good."""
    async with transaction(sessions) as session:
        return await build(session)


async def staff(sessions: Sessions) -> dict[str, Viewer]:
    """Store the people, and somebody of the firm of `told`."""
    people = {name: await person(sessions, name, grant) for name, grant in PEOPLE.items()}
    return people | {"firm": await person(sessions, "firm", (Role.ENTERPRISE, "91230102MA1B00001X"))}
