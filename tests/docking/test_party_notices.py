"""Who hears that an entry went to another party, or was handed to a colleague: each once, who did it not at all."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.accounts.rules import Role, Viewer
from app.accounts.tables import Person
from app.allocation import handler_service as handlers
from app.allocation import service as allocation
from app.allocation.handler_schemas import HandlerIn, HandoverIn
from app.allocation.reroute_schemas import RerouteIn
from app.docking import notice_service
from app.docking.party_notices import Moved
from app.docking.reroute_service import reroute_in_bulk
from app.institutions.tables import Institution
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, Sessions, transaction
from app.notifications.tables import Notice
from tests.accounts.offices import OPERATOR, person, working
from tests.bottlenecks.world import EDITION, World, banks, build_world, match

NEEDS: dict[str, dict[str, Any]] = {"one": {}, "two": {}}


async def held(sessions: Sessions) -> World:
    """Store two entries that banks hold."""
    now = utc_now() - timedelta(days=2)
    async with transaction(sessions) as session:
        world = await build_world(session, NEEDS, banks(5, count=6))
        await match(session, OPERATOR, now)
        await allocation.run_allocation(session, OPERATOR, EDITION, now=now)
    return world


async def told(sessions: Sessions, *kinds: str) -> list[tuple[str, str, bool]]:
    """Answer kind, to whom, and whether it names an entry."""
    async with sessions() as session:
        rows = await session.execute(
            select(Notice.kind, Person.login, Notice.entry_id)
            .join(Person, Person.id == Notice.person_id)
            .where(Notice.kind.in_(kinds))
            .order_by(Notice.kind, Person.login)
        )
        return [(kind, login, entry is not None) for kind, login, entry in rows]


async def holder(session: AsyncSession, world: World, name: str) -> str:
    found = await handlers.handler_of(session, OPERATOR, world.codes[name])
    return found.institution


async def test_a_reroute_is_told_to_the_enterprise_the_bank_it_left_and_the_bank_it_came_to(
    sessions: Sessions,
) -> None:
    world = await held(sessions)
    async with sessions() as session:
        before = await holder(session, world, "one")
        codes = list(await session.scalars(select(Institution.code)))
    for code in codes:
        await person(sessions, f"at-{code}", (Role.RELATIONSHIP_MANAGER, code))
    firm = world.codes["one"].partition("-")[2]
    await person(sessions, "firm", (Role.ENTERPRISE, firm))
    order = RerouteIn(edition=EDITION, entries=[world.codes["one"]], reason="逾期未对接", dry_run=False)
    now = utc_now()
    async with working(sessions, OPERATOR) as session:
        await reroute_in_bulk(session, OPERATOR, order, now=now)
        after = await holder(session, world, "one")
        # The topic may tell of the same entries again at the same instant: nobody hears it twice.
        await notice_service.tell_moved(session, list(world.entries.values()), now)
    assert after != before
    assert await told(sessions, "rerouted", "assigned") == [
        ("assigned", f"at-{after.lower()}", False),
        ("rerouted", f"at-{before.lower()}", False),
        ("rerouted", "firm", True),
    ]


def test_a_decline_and_a_run_that_changes_nobody_are_told_by_none_of_these() -> None:
    def moved(reason: str, former: int, party: int) -> Moved:
        return Moved(1, 1, "E", "U", reason, former, str(former), party, str(party))

    assert [moved(*one).is_told for one in (("rerouted", 1, 2), ("replaced", 1, 1), ("declined", 1, 2))] == [
        True, False, False,
    ]  # fmt: skip


async def test_who_is_given_entries_hears_how_many_and_who_takes_them_knows(sessions: Sessions) -> None:
    world = await held(sessions)
    async with sessions() as session:
        at = {name: await holder(session, world, name) for name in NEEDS}
    wang, zhao = [
        await person(
            sessions, login, *((Role.RELATIONSHIP_MANAGER, code) for code in sorted(set(at.values())))
        )
        for login in ("wang", "zhao")
    ]

    async def give(viewer: Viewer, name: str, to: Viewer, now: datetime) -> None:
        async with working(sessions, viewer) as session:
            body = HandlerIn(person=to.person, institution=at[name])
            await handlers.hand_to(
                session, viewer, world.codes[name], body, expect=lambda _version: None, now=now
            )

    now = utc_now()
    for name in NEEDS:
        await give(OPERATOR, name, wang, now)
    assert await told(sessions, "handed_over") == [("handed_over", "wang", False)], "one instant, one notice"
    async with working(sessions, OPERATOR) as session:
        body = HandoverIn.model_validate(
            {"from": wang.person, "to": zhao.person, "reason": "轮岗", "dry_run": False}
        )
        await handlers.hand_over(session, OPERATOR, body, now=now + timedelta(hours=1))
    async with sessions() as session:
        [text] = await session.scalars(select(Notice.body).where(Notice.person_id == zhao.person))
    assert "2个条目移交给您" in text
    async with sessions() as session:
        name = (await session.get_one(Person, zhao.person)).name
    await give(OPERATOR, "one", wang, now + timedelta(hours=2))
    async with working(sessions, OPERATOR) as session:
        free = HandlerIn(person=None, institution=at["one"])
        await handlers.hand_to(
            session, OPERATOR, world.codes["one"], free, expect=lambda _version: None, now=now + timedelta(hours=3)
        )  # fmt: skip
    before = await told(sessions, "handed_over")
    await give(replace(OPERATOR, name=name), "one", zhao, now + timedelta(hours=4))
    assert await told(sessions, "handed_over") == before
