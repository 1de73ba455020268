"""A small town to hold events in: a chain with three firms, four banks; B1's branch has the first firm's entry."""

from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import update

from app.accounts.rules import Role, Viewer, local_operator
from app.accounts.tables import RoleGrant
from app.allocation.tables import Assignment
from app.events import guest_service, inviting_service, service, timetable_service
from app.events.guest_schemas import (
    GuestOut,
    GuestsIn,
    InvitationAnswerIn,
    SendingIn,
    TimetableIn,
    TimetableOut,
)
from app.events.schemas import HostedEventIn
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.paging import PageRequest
from tests.accounts.offices import person
from tests.bottlenecks.world import BARE, BEFORE, World, add_plan, build_world, match

CHAIN: Final = "HKHT"
NEEDS: Final[dict[str, dict[str, Any]]] = {
    "甲": {"chain": CHAIN},
    "乙": {"chain": CHAIN},
    "丙": {"chain": CHAIN, **BARE},
    "链外": {},
}
NOW: Final = datetime(2023, 11, 15, 2, tzinfo=UTC)
"""A Wednesday morning in Shanghai."""
DAY: Final = "2023-12-13"
THAT_DAY: Final = datetime(2023, 12, 13, 9, tzinfo=UTC)
AFTERWARDS: Final = datetime(2024, 4, 1, 2, tzinfo=UTC)
PEOPLE: Final = {
    "whole": (Role.COORDINATOR, "230000"),
    "county": (Role.COORDINATOR, "230103"),
    "chain": (Role.CHAIN_MANAGER, CHAIN),
    "other chain": (Role.CHAIN_MANAGER, "QC"),
    "firm": (Role.ENTERPRISE, "91230102MA1B00001X"),
    "stranger": (Role.ENTERPRISE, "91230102MA1B00004X"),
    "bank": (Role.BANK_ADMINISTRATOR, "B1"),
    "clerk": (Role.RELATIONSHIP_MANAGER, "B1-DL"),
    "auditor": (Role.AUDITOR, ""),
}
PAGE: Final = PageRequest(limit=100)


def any_version(_version: int) -> None:
    """Accept whatever version is stored."""


async def build(session: AsyncSession) -> World:
    """Store the town, matched."""
    await add_plan(session, CHAIN, [], "条款")
    world = await build_world(session, NEEDS)
    session.add(
        Assignment(
            run_id=None, entry_id=world.entries["甲"], kind="matched", institution_id=world.institutions["B1-DL"],
            responsible_body="B1-DL", product_revision_id=world.products["B1-P"], score=80, explanation={},
            assigned_at=BEFORE,
        )
    )  # fmt: skip
    await session.flush()
    await match(session, local_operator("230000"), NOW)
    return world


async def build_kept(sessions: Sessions) -> World:
    """Store the town for good."""
    async with transaction(sessions) as session:
        return await build(session)


async def staff(sessions: Sessions) -> dict[str, Viewer]:
    """Store the people, who have had their roles for long."""
    people = {name: await person(sessions, name.replace(" ", "-"), grant) for name, grant in PEOPLE.items()}
    async with transaction(sessions) as session:
        await session.execute(update(RoleGrant).values(since=date(2023, 1, 1)))
    return people


async def invited(
    session: AsyncSession, viewer: Viewer, *, tables: int = 1
) -> tuple[str, dict[str, GuestOut]]:
    """Add an event of the chain, invite its guests; answer its code, and the guests by name."""
    wanted = HostedEventIn.model_validate({"chain": CHAIN, "day": DAY})
    event = await service.add_event(session, viewer, wanted, now=NOW)
    sent = GuestsIn(tables=tables)
    await inviting_service.keep_guests(session, viewer, event.code, sent, expect=any_version, now=NOW)
    by = SendingIn.model_validate({"answer_by": "2023-12-01"})
    await inviting_service.send_invitations(session, viewer, event.code, by, expect=any_version, now=NOW)
    return event.code, await guests(session, viewer, event.code)


async def guests(session: AsyncSession, viewer: Viewer, code: str) -> dict[str, GuestOut]:
    """Answer the guests of an event by name."""
    return {
        one.name: one for one in (await guest_service.list_guests(session, viewer, code, PAGE, now=NOW)).items
    }


async def answered(session: AsyncSession, viewer: Viewer, code: str, number: int, **said: Any) -> GuestOut:
    """Answer an invitation."""
    answer = InvitationAnswerIn.model_validate({"accepts": True} | said)
    return await guest_service.answer(session, viewer, code, number, answer, expect=any_version, now=NOW)


async def timetabled(session: AsyncSession, viewer: Viewer, code: str) -> TimetableOut:
    """Make an event's timetable."""
    wanted = TimetableIn()
    problem = await timetable_service.pose(session, viewer, code, wanted, now=NOW)
    made = await timetable_service.compute(problem)
    return await timetable_service.save(session, viewer, code, wanted, problem, made, now=NOW)
