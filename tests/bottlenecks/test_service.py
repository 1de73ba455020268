"""Cases of a run, of declines, and of stated facts."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from app.accounts.rules import Viewer
from app.bottlenecks import service
from app.bottlenecks.schemas import CaseFilter
from app.bottlenecks.tables import BottleneckCase
from app.enterprises.need_facts import NeedFacts
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound, Refused
from app.kernel.paging import PageRequest
from app.policy.facts import Facts, Members
from tests.bottlenecks.world import (
    BARE,
    EDITION,
    STATED,
    World,
    add_need,
    add_product,
    build_world,
    match,
    restate,
)

NEEDS: dict[str, dict[str, Any]] = {
    "fits": {},
    "light": BARE | {"light_assets": True},
    "refused": BARE | {"credit_eligible": False, "light_assets": True},
    "gap": BARE,
    "asks": BARE | {"credit_eligible": None},
    "sued": BARE | {"litigation": True, "existing_banks": ["B2", "无名银行"]},
    "sued_nowhere": BARE | {"litigation": True, "existing_banks": None},
    "landless": BARE | {"missing_elements": ["land"], "litigation": True},
    "full": BARE | {"single_bank_limit_reached": True},
}
ROUTES = {
    "light": "a", "refused": "d", "gap": "policy_gap", "asks": "ask", "sued": "c", "sued_nowhere": "c",
    "landless": "elements", "full": "b",
}  # fmt: skip


@pytest.fixture
async def world(session: AsyncSession) -> World:
    return await build_world(session, NEEDS)


async def routes(session: AsyncSession, viewer: Viewer, world: World) -> dict[str, str]:
    cases = await service.current_cases(session, viewer, world.edition_id)
    return {world.name_of(case.entry_id): case.route for case in cases}


async def stored_cases(session: AsyncSession) -> int:
    return (await session.execute(select(func.count()).select_from(BottleneckCase))).scalar_one()


async def test_every_entry_without_a_product_gets_its_class(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    report = await service.classify_run(session, viewer, await match(session, viewer, now), now=now)
    assert (report.classified, report.changed, report.ended) == (8, 8, 0)
    assert report.routes == {"a": 1, "ask": 1, "b": 1, "c": 2, "d": 1, "elements": 1, "policy_gap": 1}
    assert await routes(session, viewer, world) == ROUTES


async def test_running_again_changes_nothing_and_a_new_product_ends_the_case(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    run = await match(session, viewer, now)
    await service.classify_run(session, viewer, run, now=now)
    before = await stored_cases(session)
    again = await service.classify_run(session, viewer, run, now=now + timedelta(days=1))
    assert (again.changed, again.ended, await stored_cases(session)) == (0, 0, before)
    await add_product(
        session, world, "CREDIT", "B1", rate=500, guarantee_modes=["credit"], industries=["C39"]
    )
    other = await service.classify_run(session, viewer, await match(session, viewer, now), now=now)
    assert (other.classified, other.ended) == (0, 8)
    assert await routes(session, viewer, world) == {}


async def test_a_preview_says_what_is_stored(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    await service.classify_run(session, viewer, await match(session, viewer, now), now=now)
    before = await stored_cases(session)
    for name, facts in NEEDS.items():
        shown = await service.preview(session, viewer, NeedFacts.model_validate(STATED | facts), now=now)
        stored = await service.cases_of_need(session, viewer, world.needs[name])
        if name == "fits":
            assert stored == []
            continue
        (case,) = stored
        assert [one.class_code for one in shown.classes] == ["elements", "c", "b", "d", "a"]
        assert case.classes == [one for one in shown.classes if one.verdict != "fail"]
        assert (case.route, case.route_name, case.gap, case.routing) == (
            shown.route, shown.route_name, shown.gap, shown.routing,
        )  # fmt: skip
    assert await stored_cases(session) == before


async def test_receivers_are_named_by_the_route(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    await service.classify_run(session, viewer, await match(session, viewer, now), now=now)

    async def receivers(name: str) -> list[str]:
        (case,) = await service.cases_of_need(session, viewer, world.needs[name])
        return [one.institution for one in case.routing.receivers] if case.routing else []

    assert await receivers("light") == ["B5-DL", "B4-DL", "B3-DL", "B2-DL", "B1-DL"]
    assert await receivers("refused") == ["DB"]
    assert await receivers("sued") == ["B2-DL"]
    assert await receivers("landless") == ["XTJZ"]
    (unknown,) = await service.cases_of_need(session, viewer, world.needs["sued_nowhere"])
    assert unknown.routing is not None
    assert unknown.routing.note == "现有贷款银行未知，须先询问"
    (gap,) = await service.cases_of_need(session, viewer, world.needs["gap"])
    assert gap.routing is None
    assert "由统筹部门研究" in gap.gap


async def test_what_a_decline_establishes_classifies_anew_and_lasts_until_the_need_is_revised(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    run = await match(session, viewer, now)
    await service.classify_run(session, viewer, run, now=now)
    facts: Facts = {"collateral": Members.of(), "credit_eligible": False}
    entry = world.entries["fits"]
    assert await service.classify_entry(session, viewer, entry, facts, now=now) == "d"
    (case,) = await service.cases_of_need(session, viewer, world.needs["fits"])
    assert (case.cause, case.route) == ("declined", "d")
    later = {"litigation": True}
    assert await service.classify_entry(session, viewer, entry, later, now=now) == "c"
    await service.classify_run(session, viewer, run, now=now)
    (case,) = await service.cases_of_need(session, viewer, world.needs["fits"])
    assert [one.class_code for one in case.classes] == ["c", "d"]
    await restate(session, world, "fits", BARE)
    await service.classify_run(session, viewer, await match(session, viewer, now), now=now)
    (case,) = await service.cases_of_need(session, viewer, world.needs["fits"])
    assert (case.cause, case.route, case.classes) == ("no_product", "policy_gap", [])


async def test_an_entry_that_nobody_knows_is_not_classified(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    with pytest.raises(NotFound):
        await service.classify_entry(session, viewer, 10**6, {}, now=now)
    with pytest.raises(NotFound):
        await service.classify_run(session, viewer, 10**6, now=now)
    stranger = Viewer("other", "410000")
    with pytest.raises(NotFound):
        await service.classify_entry(session, stranger, world.entries["fits"], {}, now=now)


async def test_cases_are_listed_by_route_and_region_with_counts(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    await service.classify_run(session, viewer, await match(session, viewer, now), now=now)
    wanted = CaseFilter(edition=EDITION, route="c", region="230100")
    page = await service.list_cases(session, viewer, PageRequest(limit=1), wanted)
    assert [item.entry for item in page.items] == [world.codes["sued"]]
    assert page.counts["c"] == 2
    assert sum(page.counts.values()) == 8
    rest = await service.list_cases(session, viewer, PageRequest(limit=1, cursor=page.next), wanted)
    assert ([item.entry for item in rest.items], rest.next) == ([world.codes["sued_nowhere"]], None)
    elsewhere = await service.list_cases(session, viewer, PageRequest(), CaseFilter(region="230200"))
    assert (elsewhere.items, elsewhere.counts) == ([], {})


async def test_counts_by_route_are_named_and_a_class_no_longer_in_force_keeps_its_code(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    named = await service.counts_by_name(session, viewer, {"old": 1, "a": 2, "policy_gap": 3}, now=now)
    assert [(route, count) for route, _name, count in named] == [("policy_gap", 3), ("a", 2), ("old", 1)]
    assert [name for _route, name, _count in named] == ["政策空缺", "轻资产、缺少抵押担保", "old"]


async def test_facts_with_unknown_codes_are_refused_in_one_pass(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    facts = NeedFacts.model_validate(STATED | {"region": "239999", "industry": "C9999"})
    with pytest.raises(Refused) as refusal:
        await service.preview(session, viewer, facts, now=now)
    assert [fault.where for fault in refusal.value.faults] == ["region", "industry"]


async def test_a_classification_takes_the_same_few_statements_however_many_regions_there_are(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, {"one": BARE})
    seen: list[str] = []
    connection = (await session.connection()).sync_connection
    assert connection is not None
    run = await match(session, viewer, now)
    event.listen(connection, "before_cursor_execute", lambda *words: seen.append(words[2]))
    await service.classify_run(session, viewer, run, now=now)
    few = len(seen)
    for region in ("230103", "230104", "230202", "231202"):
        await add_need(session, world, region, BARE | {"region": region})
    run = await match(session, viewer, now)
    seen.clear()
    report = await service.classify_run(session, viewer, run, now=now)
    assert report.changed == 4
    assert len(seen) == few
