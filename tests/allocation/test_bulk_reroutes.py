"""The coordinator reroutes in bulk: a look first, then the same; who it is taken from does not get it back."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.accounts.rules import Grant, Role, Viewer
from app.accounts.tables import AuditEvent
from app.allocation import service
from app.allocation.reroute_schemas import RerouteIn, RerouteOut
from app.allocation.tables import Assignment
from app.bottlenecks.tables import BottleneckCase
from app.enterprises.tables import Consent
from app.kernel.clock import shanghai_today
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.errors import Forbidden, NotFound, Refused
from app.visibility.service import narrow
from tests.accounts.offices import working
from tests.allocation.test_service import FITTING, ROUTED, allocate, parties
from tests.bottlenecks.world import BARE, EDITION, World, banks, build_world

WHY = "该行业务调整，暂停受理"


def order(**fields: Any) -> RerouteIn:
    return RerouteIn.model_validate({"edition": EDITION, "reason": WHY} | fields)


async def stored(session: AsyncSession) -> tuple[int, int, int]:
    counts = [
        (await session.execute(select(func.count()).select_from(table))).scalar_one()
        for table in (Assignment, BottleneckCase)
    ]
    ended = select(func.count()).select_from(Assignment).where(Assignment.ended_at.is_not(None))
    return counts[0], counts[1], (await session.execute(ended)).scalar_one()


async def test_a_dry_run_stores_nothing_and_the_real_one_does_the_same(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, FITTING | ROUTED, banks(3, count=4))
    await allocate(session, viewer, now)
    before, held = await stored(session), await parties(session, viewer, world)
    at = now + timedelta(days=1)
    dry = await service.reroute_in_bulk(session, viewer, order(institution="B1"), now=at)
    assert (await stored(session), await parties(session, viewer, world)) == (before, held)
    done = await service.reroute_in_bulk(session, viewer, order(institution="B1", dry_run=False), now=at)
    assert done == dry.model_copy(update={"is_dry_run": False})
    theirs = {name for name, party in held.items() if party == "B1-DL"}
    assert theirs
    assert {one.entry for one in done.items} == {world.codes[name] for name in theirs}
    assert done.counts.moved == len(theirs)
    after = await parties(session, viewer, world)
    assert all(after[name] != "B1-DL" for name in theirs)
    assert {name: after[name] for name in held.keys() - theirs} == {
        name: held[name] for name in held.keys() - theirs
    }
    name = min(theirs)
    shown = await service.assignment_of_entry(session, viewer, world.codes[name])
    assert shown.explanation["rerouted"] == {"by": viewer.name, "reason": WHY}
    assert shown.why[0].startswith(f"统筹部门改派（{WHY}）")
    assert shown.former[0].end_reason == "rerouted"
    assert [one["why_not"] for one in shown.explanation["candidates"] if one["institution"] == "B1-DL"] == [
        "taken_from"
    ]


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_ordered_the_preview_tells_what_then_happens_and_everybody_has_a_party(
    session: AsyncSession, viewer: Viewer, now: datetime, seed: int
) -> None:
    rng = random.Random(seed)
    kinds = [*ROUTED.values(), {}, {}, {}, {"existing_banks": ["B1"]}]
    world = await build_world(
        session, {f"n{k}": rng.choice(kinds) for k in range(14)}, banks(rng.randint(1, 4), count=4)
    )
    await allocate(session, viewer, now)
    for day in range(1, 4):
        codes = rng.sample(sorted(world.codes.values()), rng.randint(1, 9))
        target: dict[str, Any] = rng.choice([{"entries": codes}, {"institution": f"B{rng.randint(1, 4)}"}])
        leave = {world.entries[name]: "已有授信审批" for name in rng.sample(sorted(world.entries), 2)}
        answers: list[RerouteOut] = []
        for dry_run in (True, False):
            wanted = order(dry_run=dry_run, **target)
            at = now + timedelta(days=day)
            answers.append(await service.reroute_in_bulk(session, viewer, wanted, leave=leave, now=at))
        assert answers[0].model_dump(exclude={"is_dry_run"}) == answers[1].model_dump(exclude={"is_dry_run"})
        rows = {
            one.entry_code: one
            for one in await service.current_assignments(session, viewer, world.edition_id)
        }
        assert rows.keys() == set(world.codes.values())
        codes_of = {number: code for code, number in world.institutions.items()}
        for one in answers[1].items:
            row = rows[one.entry]
            assert one.to == (None if row.institution_id is None else codes_of[row.institution_id])
            assert (one.to_body, one.kind) == (row.responsible_body, row.kind)
            assert not one.is_moved or (one.from_, one.from_body) != (one.to, one.to_body)
            assert row.institution_id or row.responsible_body


async def test_entries_with_credit_and_those_of_others_are_left_alone_and_say_so(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    needs: dict[str, dict[str, Any]] = {"one": {}, "two": {}}
    world = await build_world(session, needs | {f"gap{n}": BARE for n in range(9)}, banks(3, count=2))
    await allocate(session, viewer, now)
    found = await service.reroute_in_bulk(
        session,
        viewer,
        order(entries=list(world.codes.values()), dry_run=False),
        leave={world.entries["one"]: "已有授信审批"},
        now=now,
    )
    told = {one.entry: (one.is_moved, one.to, one.why[0][:9]) for one in found.items}
    assert told[world.codes["one"]] == (False, "B1-DL", "已有授信审批")
    assert told[world.codes["two"]] == (True, "B2-DL", "统筹部门改派（该行")
    assert told[world.codes["gap0"]] == (False, None, "仍由哈尔滨市统筹部")
    assert (found.counts.asked, found.counts.moved, found.counts.stays) == (11, 1, 10)
    others = await service.reroute_in_bulk(
        session, viewer, order(institution="B2", entries=[world.codes["one"]]), now=now
    )
    assert others.items[0].why == ["不由该机构负责"]


async def test_what_is_ordered_must_exist_and_name_something(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, {"one": {}})
    untouched = await service.reroute_in_bulk(session, viewer, order(entries=[world.codes["one"]]), now=now)
    assert untouched.items[0].why == ["尚未分配，由分配运行确定责任方"]
    for wrong, error in (
        ({}, Refused),
        ({"institution": "NOBODY"}, NotFound),
        ({"entries": ["2023H2-none"]}, NotFound),
        ({"edition": "2031H2", "institution": "B1"}, NotFound),
    ):
        with pytest.raises(error):
            await service.reroute_in_bulk(session, viewer, order(**wrong), now=now)


async def consenting(sessions: Sessions, viewer: Viewer, now: datetime) -> World:
    async with transaction(sessions) as session:
        needs: dict[str, dict[str, Any]] = {"north": {}, "south": {"region": "230103"}}
        world = await build_world(session, needs, banks(2, count=2))
        for need in range(1, 3):
            session.add(
                Consent(
                    need_id=need, purpose="financing", shows_contact=False, shows_financial=True,
                    shows_judicial=True, institution_id=None, until=(now + timedelta(days=9000)).date(),
                    given_by="test", given_at=now, version=1,
                )
            )  # fmt: skip
        await allocate(session, viewer, now)
    return world


async def test_a_coordinator_of_a_part_reroutes_the_own_entries_only_and_it_is_on_record(
    sessions: Sessions, viewer: Viewer, now: datetime
) -> None:
    world = await consenting(sessions, viewer, now)
    county = Viewer("daoli", "230000", (Grant(Role.COORDINATOR, "230102"),), 7)
    other = Viewer("other", "230000", (Grant(Role.COORDINATOR, "230103"), Grant(Role.CHAIN_MANAGER, "HK")), 8)
    async with working(sessions, county) as session:
        found = await service.reroute_in_bulk(
            session, county, order(institution="B1", dry_run=False), now=now
        )
    assert [(one.entry, one.to) for one in found.items] == [(world.codes["north"], "B2-DL")]
    async with working(sessions, other) as session:
        assert (await service.reroute_in_bulk(session, other, order(institution="B2"), now=now)).items == []
        with pytest.raises((Forbidden, NotFound)):
            await service.reroute_in_bulk(session, other, order(entries=[world.codes["north"]]), now=now)
    async with sessions() as session:
        (note,) = (await session.scalars(select(AuditEvent).where(AuditEvent.action == "reroute"))).all()
    assert (note.subject, note.detail["reason"], note.detail["moved"]) == (EDITION, WHY, 1)


async def test_an_institution_is_not_told_who_declined_whom_else_was_considered_and_why_it_was_taken(
    sessions: Sessions, viewer: Viewer, now: datetime
) -> None:
    world = await consenting(sessions, viewer, now)
    async with transaction(sessions) as session:
        await service.reroute(session, viewer, world.entries["north"], now=now)
    bank = Viewer("wang", "230000", (Grant(Role.RELATIONSHIP_MANAGER, "B2-DL"),), 9)
    async with sessions() as session:
        whole = await service.assignment_of_entry(session, viewer, world.codes["north"])
        narrow(session, bank, shanghai_today())
        own = await service.assignment_of_entry(session, bank, world.codes["north"])
    assert (whole.institution, own.institution) == ("B2-DL", "B2-DL")
    assert "婉拒" in "".join(whole.why)
    assert [one["why_not"] for one in whole.explanation["candidates"]] == ["declined", None]
    assert own.why
    assert [one.end_reason for one in (*whole.former, *own.former)] == ["declined", None]
    told = own.model_dump_json(exclude={"former"})
    assert [word for word in ("婉拒", "declined", "B1", "candidates") if word in told] == []


async def test_an_entry_goes_to_the_institution_that_is_named_or_stays_and_says_why(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, FITTING, banks(20, count=7))
    await allocate(session, viewer, now)
    held = await parties(session, viewer, world)
    name = min(held)
    code, at = world.codes[name], now + timedelta(days=1)
    look = await service.reroute_in_bulk(session, viewer, order(entries=[code]), now=at)
    [seen] = look.items
    free = [one.institution for one in seen.considered if one.why_not not in {"taken_from", "no_room"}]
    assert seen.to in free
    wanted = next(one for one in reversed(free) if one != seen.to)
    done = await service.reroute_in_bulk(
        session, viewer, order(entries=[code], to=wanted, dry_run=False), now=at
    )
    assert (done.items[0].is_moved, done.items[0].to) == (True, wanted)
    shown = await service.assignment_of_entry(session, viewer, code)
    assert (shown.institution, shown.explanation["rerouted"]["to"]) == (wanted, wanted)
    assert f"（{WHY}），指定由" in shown.why[0]
    back = await service.reroute_in_bulk(
        session, viewer, order(entries=[code], to=wanted, dry_run=False), now=at
    )
    assert (back.items[0].is_moved, back.counts.moved) == (False, 0)
    assert "由其转出" in back.items[0].why[0]
    with pytest.raises(NotFound):
        await service.reroute_in_bulk(session, viewer, order(entries=[code], to="NOBODY"), now=at)
