"""Entries are handed to colleagues within one institution, one holder at a time, and all at once when somebody leaves."""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from httpx import AsyncClient, Response
from sqlalchemy import select, update

from app.accounts.permissions import Target
from app.accounts.rules import Grant, Role, Viewer
from app.accounts.tables import AuditEvent
from app.allocation import handler_service
from app.allocation.handler_schemas import HandlerIn, HandoverIn
from app.allocation.handling import Reach, may_hand, reach_of
from app.allocation.tables import EntryHandler
from app.allocation.topics import PARTIES_CHANGED
from app.enterprises.tables import Consent
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.errors import Forbidden, PreconditionFailed
from app.kernel.requests import check_if_match
from tests.accounts.offices import OPERATOR, client_as, person, working
from tests.docking.world import ASSIGNED, World, assign, build_world, entry_code


async def town(sessions: Sessions) -> World:
    """Store four entries of icbc-dl (supported by lj) and one of ccb, all with a consent."""
    async with transaction(sessions) as session:
        world = await build_world(session, ("icbc-dl",) * 4 + ("ccb",))
        for need in range(1, 6):
            session.add(
                Consent(
                    need_id=need, purpose="financing", shows_contact=False, shows_financial=False,
                    shows_judicial=False, institution_id=None, until=shanghai_today() + timedelta(days=30),
                    given_by="test", given_at=ASSIGNED, version=1,
                )
            )  # fmt: skip
        return world


async def staff(sessions: Sessions) -> dict[str, Viewer]:
    manager, administrator = Role.RELATIONSHIP_MANAGER, Role.BANK_ADMINISTRATOR
    roles = {
        "head": (administrator, "icbc"),
        "branch": (administrator, "icbc-hrb"),
        "wang": (manager, "icbc-dl"),
        "zhao": (manager, "icbc-hrb"),
        "stranger": (manager, "ccb"),
        "supporter": (manager, "lj"),
    }
    return {name: await person(sessions, name, role) for name, role in roles.items()}


async def put(
    client: AsyncClient, number: int, who: Viewer | None, version: int = 0, **more: str
) -> Response:
    body = {"person": who and who.person, **more}
    path = f"/whitelist/entries/{entry_code(number)}/handler"
    return await client.put(path, json=body, headers={"If-Match": f'"{version}"'})


async def listed(client: AsyncClient, assigned_to: Any) -> list[int]:
    answer = await client.get("/whitelist/entries", params={"assigned_to": assigned_to})
    assert answer.status_code == 200, answer.text
    return [int(item["code"][-2:]) for item in answer.json()["items"]]


def test_a_banks_administrator_decides_for_the_subtree_and_a_manager_on_own_and_free_entries() -> None:
    leaf = Target(institutions=("bank", "branch", "leaf"))
    administrator = Viewer("a", "230000", (Grant(Role.BANK_ADMINISTRATOR, "branch"),), 1)
    manager = Viewer("m", "230000", (Grant(Role.RELATIONSHIP_MANAGER, "leaf"),), 2)
    coordinator = Viewer("c", "230000", (Grant(Role.COORDINATOR, "230000"),), 3)
    assert [reach_of(one, leaf) for one in (administrator, manager, coordinator)] == [
        Reach.ALL, Reach.OWN, Reach.NOTHING,
    ]  # fmt: skip
    assert reach_of(administrator, Target(institutions=("bank",))) is Reach.NOTHING
    people = (None, 2, 8, 9)
    allowed = {
        pair
        for pair in product(people, people)
        if may_hand(manager, Reach.OWN, before=pair[0], after=pair[1])
    }
    assert allowed == {(None, 2), (2, None), (2, 2), (2, 8), (2, 9)}
    assert all(
        may_hand(administrator, Reach.ALL, before=old, after=new) for old, new in product(people, people)
    )
    assert not any(
        may_hand(coordinator, Reach.NOTHING, before=old, after=new) for old, new in product(people, people)
    )


async def test_an_administrator_gives_entries_to_colleagues_of_the_branch_or_above_and_each_finds_the_own(
    sessions: Sessions,
) -> None:
    await town(sessions)
    people = await staff(sessions)
    async with client_as(sessions, people["branch"]) as client:
        assert await listed(client, "unhandled") == [0, 1, 2, 3]
        given = await put(client, 0, people["wang"])
        assert (given.status_code, given.json()["name"], given.json()["given_by"]) == (200, "Wang", "branch")
        assert (await put(client, 1, people["zhao"])).status_code == 200
        for outsider in ("stranger", "supporter"):
            refused = await put(client, 2, people[outsider])
            assert (refused.status_code, refused.json()["errors"][0]["where"]) == (422, "person")
        assert (await put(client, 2, Viewer("none", "230000", person=999_999))).status_code == 422
        assert (await put(client, 4, people["wang"])).status_code == 404
        assert (await put(client, 0, people["zhao"])).status_code == 412
        moved = await put(client, 0, people["zhao"], given.json()["version"])
        assert (moved.status_code, moved.json()["name"]) == (200, "Zhao")
        assert await listed(client, people["zhao"].person) == [0, 1]
        assert await listed(client, people["wang"].person) == []
        assert await listed(client, "unhandled") == [2, 3]
        free = await put(client, 0, None, moved.json()["version"])
        assert (free.json()["person"], free.headers["etag"]) == (None, '"0"')
        found = await client.get("/institutions/icbc-dl/colleagues")
        assert {one["name"]: one["entries"] for one in found.json()} == {
            "Head": 0,
            "Branch": 0,
            "Wang": 0,
            "Zhao": 1,
        }
        assert (await client.get("/institutions/icbc/colleagues")).status_code == 403
    async with client_as(sessions, people["zhao"]) as client:
        assert await listed(client, "me") == [1]
        shown = (await client.get(f"/whitelist/entries/{entry_code(1)}/assignment")).json()
        assert [(one["institution"], one["name"]) for one in shown["handlers"]] == [("icbc-dl", "Zhao")]
    async with client_as(sessions, OPERATOR) as client:
        assert await listed(client, "unhandled") == [0, 2, 3, 4]
    async with sessions() as session:
        notes = (
            await session.execute(
                select(AuditEvent.subject, AuditEvent.detail)
                .where(AuditEvent.action == "dispatch")
                .order_by(AuditEvent.sequence)
            )
        ).all()
    assert [(note.subject, note.detail["to"]) for note in notes] == [
        (entry_code(0), people["wang"].person),
        (entry_code(1), people["zhao"].person),
        (entry_code(0), people["zhao"].person),
        (entry_code(0), None),
    ]


async def test_a_manager_takes_free_entries_only_and_a_supporting_bank_has_its_own_handler(
    sessions: Sessions,
) -> None:
    await town(sessions)
    people = await staff(sessions)
    async with client_as(sessions, people["wang"]) as client:
        taken = await put(client, 0, people["wang"])
        assert (taken.status_code, taken.json()["institution"]) == (200, "icbc-dl")
        assert (await put(client, 1, people["zhao"])).status_code == 403
        assert (await client.get("/institutions/icbc-dl/colleagues")).status_code == 200
    async with client_as(sessions, people["zhao"]) as client:
        assert (await put(client, 0, people["zhao"], taken.json()["version"])).status_code == 403
    async with client_as(sessions, people["supporter"]) as client:
        own = await put(client, 0, people["supporter"])
        assert (own.status_code, own.json()["institution"]) == (200, "lj")
        others = await put(client, 0, people["supporter"], institution="icbc-dl")
        assert others.status_code == 403
        assert (await put(client, 0, people["supporter"], institution="ccb")).status_code == 404
        shown = (await client.get(f"/whitelist/entries/{entry_code(0)}/assignment")).json()
        assert [one["name"] for one in shown["handlers"]] == ["Supporter"]
    async with client_as(sessions, people["stranger"]) as client:
        assert (await put(client, 0, people["stranger"])).status_code == 404
        assert await listed(client, people["wang"].person) == []
        assert await listed(client, "unhandled") == [4]


async def test_whoever_handles_an_entry_anew_is_told_of_in_the_same_transaction(sessions: Sessions) -> None:
    await town(sessions)
    people = await staff(sessions)
    heard: list[list[int]] = []

    async def hear(_session: AsyncSession, entries: Collection[int], _now: datetime) -> None:
        heard.append(sorted(entries))

    PARTIES_CHANGED.follow(hear)
    try:
        async with client_as(sessions, people["branch"]) as client:
            for number in range(2):
                assert (await put(client, number, people["wang"])).status_code == 200
            body = {"from": people["wang"].person, "to": people["zhao"].person, "reason": "岗位调整"}
            for dry_run in (True, False):
                answer = await client.post("/handovers", json=body | {"dry_run": dry_run})
                assert answer.status_code == 200, answer.text
    finally:
        PARTIES_CHANGED._followers.remove(hear)
    assert heard == [[1], [2], [1, 2]]


async def test_of_two_who_take_an_entry_at_once_one_has_it(sessions: Sessions) -> None:
    await town(sessions)
    people = await staff(sessions)

    async def take(viewer: Viewer) -> bool:
        try:
            async with working(sessions, viewer) as session:
                await handler_service.hand_to(
                    session, viewer, entry_code(0), HandlerIn(person=viewer.person),
                    expect=lambda version: check_if_match('"0"', version), now=utc_now(),
                )  # fmt: skip
        except (PreconditionFailed, Forbidden):
            return False
        return True

    assert sorted(await asyncio.gather(take(people["wang"]), take(people["zhao"]))) == [False, True]


async def test_a_handover_passes_all_or_nothing_counts_before_and_keeps_what_was(sessions: Sessions) -> None:
    await town(sessions)
    people = await staff(sessions)
    wang, zhao = people["wang"].person, people["zhao"].person
    async with client_as(sessions, people["branch"]) as client:
        for number in range(3):
            await put(client, number, people["wang"])
        body = {"from": wang, "to": zhao, "reason": "岗位调整"}
        dry = await client.post("/handovers", json=body | {"dry_run": True})
        assert (dry.status_code, dry.json()["entries"], dry.json()["by_institution"]) == (
            200,
            3,
            {"icbc-dl": 3},
        )
        assert await listed(client, wang) == [0, 1, 2]
        for wrong, status in (
            ({"to": people["stranger"].person}, 422),
            ({"to": wang}, 422),
            ({"entries": [entry_code(3)]}, 404),
            ({"entries": [entry_code(0), entry_code(4)]}, 404),
        ):
            assert (await client.post("/handovers", json=body | wrong)).status_code == status
        some = await client.post("/handovers", json=body | {"entries": [entry_code(1)]})
        assert (some.json()["entries"], await listed(client, zhao)) == (1, [1])
        key = {"Idempotency-Key": "leaving"}
        done, again = [await client.post("/handovers", json=body, headers=key) for _ in range(2)]
        assert done.json() == again.json()
        assert done.json()["entries"] == 2
        assert (await listed(client, zhao), await listed(client, wang)) == ([0, 1, 2], [])
    async with client_as(sessions, people["stranger"]) as client:
        stolen = {"from": zhao, "to": people["stranger"].person, "reason": "无"}
        assert (await client.post("/handovers", json=stolen)).status_code == 403
    async with client_as(sessions, people["zhao"]) as client:
        back = await client.post("/handovers", json={"from": zhao, "to": wang, "reason": "休假"})
        assert (back.status_code, back.json()["entries"]) == (200, 3)
    async with sessions() as session:
        rows = (await session.execute(select(EntryHandler.reason, EntryHandler.ended_at))).all()
        trail = (
            await session.execute(
                select(AuditEvent.detail).where(AuditEvent.action == "handover").order_by(AuditEvent.sequence)
            )
        ).scalars()
    assert len(rows) == 3 + 3 + 3
    assert sum(row.ended_at is None for row in rows) == 3
    assert [(note["to"], note["entries"]) for note in trail] == [(zhao, 1), (zhao, 2), (wang, 3)]


async def test_a_handover_takes_along_entries_whose_consent_is_away(sessions: Sessions) -> None:
    await town(sessions)
    people = await staff(sessions)
    async with client_as(sessions, people["branch"]) as client:
        await put(client, 0, people["wang"])
        async with transaction(sessions) as session:
            await session.execute(update(Consent).values(revoked_at=utc_now()))
        assert await listed(client, people["wang"].person) == []
        body = {"from": people["wang"].person, "to": people["zhao"].person, "reason": "离职"}
        assert (await client.post("/handovers", json=body)).json()["entries"] == 1


async def test_handling_ends_with_its_assignment_and_a_new_one_starts_free(sessions: Sessions) -> None:
    world = await town(sessions)
    people = await staff(sessions)
    async with client_as(sessions, people["branch"]) as client:
        await put(client, 0, people["wang"])
        async with transaction(sessions) as session:
            await assign(session, world, entry_code(0), "icbc-dl", utc_now())
        assert await listed(client, people["wang"].person) == []
        assert await listed(client, "unhandled") == [0, 1, 2, 3]
        read = await client.get(f"/whitelist/entries/{entry_code(0)}/handler")
        assert (read.json()["person"], read.headers["etag"]) == (None, '"0"')
        body = {"from": people["wang"].person, "to": people["zhao"].person, "reason": "无"}
        assert (await client.post("/handovers", json=body)).json()["entries"] == 0


async def test_two_handovers_of_the_same_entries_at_once_leave_one_holder_each(sessions: Sessions) -> None:
    await town(sessions)
    people = await staff(sessions)
    async with client_as(sessions, people["branch"]) as client:
        for number in range(4):
            await put(client, number, people["wang"])

    async def hand_over(to: str) -> int:
        body = HandoverIn.model_validate(
            {"from": people["wang"].person, "to": people[to].person, "reason": "无"}
        )
        async with working(sessions, people["head"]) as session:
            return (await handler_service.hand_over(session, people["head"], body, now=utc_now())).entries

    assert sorted(await asyncio.gather(hand_over("zhao"), hand_over("branch"))) == [0, 4]


async def test_an_assigned_to_that_names_nobody_is_refused(sessions: Sessions) -> None:
    async with client_as(sessions, OPERATOR) as client:
        for wrong in ("you", "0", "-1", "me,unhandled", "9" * 19):
            assert (await client.get("/whitelist/entries", params={"assigned_to": wrong})).status_code == 422
