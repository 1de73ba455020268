"""Runs of allocation on stored editions: everybody gets a party, limits hold, reruns are calm, proofs are honest."""

import random
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.accounts.rules import Viewer
from app.allocation import gathering, queries, service
from app.allocation.archive import pack, unpack
from app.allocation.schemas import AllocationRunOut
from app.allocation.tables import AllocationProblemRecord, Assignment
from app.bottlenecks import service as bottlenecks
from app.institutions.tables import Institution
from app.kernel.database import AsyncSession, Sessions
from app.kernel.errors import Conflict, NotFound
from app.policy.facts import Facts, Members
from app.whitelist.tables import WhitelistEntry
from tests.bottlenecks.world import (
    BARE,
    DAOLI,
    EDITION,
    HARBIN,
    PROVINCE,
    Node,
    World,
    add_institution,
    add_need,
    add_plan,
    add_product,
    banks,
    build_world,
    match,
)

FITTING: dict[str, dict[str, Any]] = {f"fit{n}": {} for n in range(8)}
ROUTED: dict[str, dict[str, Any]] = {
    "light": BARE | {"light_assets": True},
    "refused": BARE | {"credit_eligible": False},
    "gap": BARE,
    "asks": BARE | {"credit_eligible": None},
    "landless": BARE | {"missing_elements": ["land"]},
    "sued": BARE | {"litigation": True},
}


async def allocate(
    session: AsyncSession, viewer: Viewer, now: datetime, *, keep_settled: bool = True
) -> AllocationRunOut:
    await match(session, viewer, now)
    return await service.run_allocation(session, viewer, EDITION, now=now, keep_settled=keep_settled)


async def parties(session: AsyncSession, viewer: Viewer, world: World) -> dict[str, str | None]:
    codes = {number: code for code, number in world.institutions.items()}
    rows = await service.current_assignments(session, viewer, world.edition_id)
    return {
        world.name_of(row.entry_id): codes[row.institution_id] if row.institution_id else None for row in rows
    }


async def why(session: AsyncSession, viewer: Viewer, world: World, name: str) -> str:
    return "\n".join((await service.assignment_of_entry(session, viewer, world.codes[name])).why)


async def test_every_kind_of_entry_gets_its_party_and_says_why(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, FITTING | ROUTED, banks(3, count=5))
    run = await allocate(session, viewer, now)
    found = await parties(session, viewer, world)
    assert set(found) == set(FITTING) | set(ROUTED)
    assert all(found[name] in {"B1-DL", "B2-DL", "B3-DL", "B4-DL"} for name in FITTING)
    assert {name: found[name] for name in ROUTED} == {
        "light": "B5-DL", "refused": "DB", "gap": None, "asks": None, "landless": "XTJZ", "sued": None,
    }  # fmt: skip
    assert (run.counts.matched, run.counts.routed, run.counts.coordinator) == (8, 3, 3)
    assert run.counts.reasons == {"ask": 1, "bottleneck": 3, "fit": 8, "no_receiver": 1, "policy_gap": 1}
    assert run.objective.optimality_gap == 0
    shown = await service.assignment_of_entry(session, viewer, world.codes["gap"])
    assert (shown.kind, shown.institution, shown.responsible_body) == (
        "coordinator",
        None,
        "哈尔滨市统筹部门",
    )
    assert "文件没有规定去向" in await why(session, viewer, world, "gap")
    assert (await service.assignment_of_entry(session, viewer, world.codes["asks"])).explanation["asks"] == [
        "credit_eligible"
    ]
    assert "须询问：信用贷款资格" in await why(session, viewer, world, "asks")
    assert "企业没有现有贷款银行" in await why(session, viewer, world, "sued")
    assert "信用贷款占比50.00%" in await why(session, viewer, world, "light")
    assert "黑银发〔2023〕25号（十六）" in await why(session, viewer, world, "refused")
    assert "推进有效投资重要项目协调机制" in await why(session, viewer, world, "landless")


async def test_a_fit_names_product_parts_area_who_was_next_and_who_supports(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, {"one": {"existing_banks": ["B2"]}})
    await allocate(session, viewer, now)
    shown = await service.assignment_of_entry(session, viewer, world.codes["one"])
    assert (shown.institution, shown.product, shown.kind) == ("B2-DL", "B2-P", "matched")
    text = "\n".join(shown.why)
    assert "以区县级机构服务企业所在地（230102）" in text
    assert f"“B2-P贷”（B2-P）匹配度{shown.score}分" in text
    assert "已有贷款" in text
    assert "其次为B1-DL" in text
    assert "匹配度低" in text
    assert [one.institution for one in shown.supports] == ["B1-DL", "B3-DL"]
    assert shown.explanation["next"]["why_not"] == "lower_fit"


async def test_a_chain_plan_decides_and_is_cited(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, {"one": {"chain": "HK"}, "other": {}})
    await add_plan(session, "HK", [{"institution": "B4", "quota": None}], "金发〔2024〕5号（九）")
    await allocate(session, viewer, now)
    found = await parties(session, viewer, world)
    assert found == {"one": "B4-DL", "other": "B1-DL"}
    assert "金发〔2024〕5号（九）" in await why(session, viewer, world, "one")
    assert "一链一策" not in await why(session, viewer, world, "other")


async def test_a_chains_quota_at_its_bank_holds(session: AsyncSession, viewer: Viewer, now: datetime) -> None:
    needs = {f"n{k}": {"chain": "HK"} for k in range(3)}
    world = await build_world(session, needs | FITTING, banks(20, count=8))
    await add_plan(session, "HK", [{"institution": "B1", "quota": 1}], "金发〔2024〕5号（九）")
    run = await allocate(session, viewer, now)
    found = await parties(session, viewer, world)
    assert Counter(found[name] for name in needs)["B1-DL"] == 1
    assert run.settings["lost_to_quotas"] == {"HK B1": 2}
    record = await session.get(AllocationProblemRecord, run.id)
    assert record is not None
    (quota,) = unpack(record.arrays)[0].quotas
    assert (quota.name, quota.entries.tolist(), quota.places) == ("HK B1", [0, 1, 2], 1)
    for name in needs:
        shown = await service.assignment_of_entry(session, viewer, world.codes[name])
        quotas = [
            {"institution": "B1", "quota": 1, "citation": "航空产业链一链一策第1版，金发〔2024〕5号（九）"}
        ]
        is_kept_out = found[name] != "B1-DL"
        assert shown.explanation["quotas"] == (quotas if is_kept_out else [])
        assert ("签约额度1户已用尽" in "\n".join(shown.why)) is is_kept_out


async def test_held_places_are_those_of_the_current_assignments_with_only_asked_chains_told_apart(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(
        session, FITTING | {"one": {"chain": "HK"}, "two": {"chain": "HK"}, "gap": BARE}
    )
    await allocate(session, viewer, now)
    rows = await service.current_assignments(session, viewer, world.edition_id)
    for told in (set[str](), {"HK"}, {"HK", "XX"}):
        found = await queries.held_places(session, viewer, world.edition_id, told)
        expected = Counter(
            (row.chain if row.chain in told else None, row.institution_id)
            for row in rows
            if row.institution_id
        )
        assert {(chain, institution): entries for chain, institution, entries in found} == expected
        assert len(found) == len(expected)
    assert {row.chain for row in rows} == {None, "HK"}
    assert None in {row.institution_id for row in rows}


async def test_an_entry_that_only_a_full_quota_could_serve_cites_the_plan(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    needs = {f"n{k}": {"chain": "HK"} for k in range(2)}
    world = await build_world(session, needs, banks(20, count=1))
    await add_plan(session, "HK", [{"institution": "B1", "quota": 1}], "金发〔2024〕5号（九）")
    run = await allocate(session, viewer, now)
    assert run.counts.reasons == {"fit": 1, "quota": 1}
    left = next(name for name, party in (await parties(session, viewer, world)).items() if party is None)
    assert "金发〔2024〕5号（九）" in await why(session, viewer, world, left)


async def test_the_nearest_branch_answers_else_the_citys_else_the_provinces(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    tree = [
        Node("B1", "large", PROVINCE, capacity=5),
        Node("B1-HRB", "large", HARBIN, "B1", 5),
        Node("B1-DL", "large", DAOLI, "B1-HRB", 5),
    ]
    needs = {"county": {}, "city": {"region": "230103"}, "province": {"region": "230202"}}
    fillers = {f"gap{n}": BARE for n in range(9)}
    world = await build_world(session, needs | fillers, tree)
    await allocate(session, viewer, now)
    found = await parties(session, viewer, world)
    assert {name: found[name] for name in needs} == {"county": "B1-DL", "city": "B1-HRB", "province": "B1"}
    assert "以省级机构服务" in await why(session, viewer, world, "province")


async def test_no_head_office_holds_more_than_its_share_and_the_rest_says_what_would_help(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(
        session, FITTING, [*banks(1, count=2), Node("B3", "large", PROVINCE, capacity=9)]
    )
    run = await allocate(session, viewer, now)
    found = await parties(session, viewer, world)
    assert run.settings["most_per_bank"] == 2
    assert Counter(found.values()) == {"B1-DL": 1, "B2-DL": 1, "B3": 2, None: 4}
    unserved = next(name for name, party in found.items() if party is None)
    shown = await service.assignment_of_entry(session, viewer, world.codes[unserved])
    assert shown.explanation["reason"] == "capacity"
    helped = {one["institution"]: one["limits"] for one in shown.explanation["would_help"]}
    assert helped == {
        "B1-DL": [{"of": "B1-DL", "limit": 1}],
        "B2-DL": [{"of": "B2-DL", "limit": 1}],
        "B3": [{"of": "B3", "limit": 2}],
    }


async def test_an_unserved_entry_names_every_limit_that_has_to_give(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    tree = [
        Node("B1", "large", PROVINCE),
        Node("B1-HRB", "large", HARBIN, "B1", group_capacity=1),
        Node("B1-DL", "large", DAOLI, "B1-HRB", 1),
    ]
    world = await build_world(session, FITTING, tree)
    await allocate(session, viewer, now)
    unserved = next(name for name, party in (await parties(session, viewer, world)).items() if party is None)
    shown = await service.assignment_of_entry(session, viewer, world.codes[unserved])
    (one,) = shown.explanation["would_help"]
    assert one["limits"] == [{"of": "B1-DL", "limit": 1}, {"of": "B1-HRB", "limit": 1}]
    assert "承接能力1户已满，且B1-HRB合计上限1户已满" in await why(session, viewer, world, unserved)


async def test_who_fits_nobody_nearby_is_kept_by_the_coordinator(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, {"far": {"region": "230202"}})
    await allocate(session, viewer, now)
    shown = await service.assignment_of_entry(session, viewer, world.codes["far"])
    assert (shown.explanation["reason"], shown.responsible_body) == ("no_branch", "齐齐哈尔市统筹部门")


@pytest.mark.parametrize("seed", range(3))
async def test_each_admitted_entry_has_exactly_one_party_and_capacities_hold(
    session: AsyncSession, viewer: Viewer, now: datetime, seed: int
) -> None:
    rng = random.Random(seed)
    kinds = [*ROUTED.values(), {}, {}, {}, {"region": "230103"}, {"existing_banks": ["B1"]}]
    needs = {f"n{k}": rng.choice(kinds) for k in range(rng.randint(5, 30))}
    world = await build_world(session, needs, banks(rng.randint(1, 3), count=rng.randint(1, 5)))
    for _run in range(2):
        run = await allocate(session, viewer, now, keep_settled=rng.random() < 0.5)
        rows = (await session.scalars(select(Assignment).where(Assignment.ended_at.is_(None)))).all()
        assert Counter(row.entry_id for row in rows) == dict.fromkeys(world.entries.values(), 1)
        assert all(row.responsible_body and row.explanation["text"] for row in rows)
        load = Counter(row.institution_id for row in rows if row.institution_id)
        for node in await session.scalars(select(Institution).where(Institution.capacity.is_not(None))):
            assert load[node.id] <= (node.capacity or 0)
        assert (await service.check_run(session, viewer, run.id)).is_sound
        name = rng.choice(list(world.entries))
        await session.execute(
            update(WhitelistEntry)
            .where(WhitelistEntry.id == world.entries.pop(name))
            .values(withdrawn_at=now)
        )
        await add_need(session, world, f"new{seed}{_run}", {})
        now += timedelta(days=1)


async def test_a_rerun_keeps_rows_and_a_new_entry_changes_nothing_for_the_others(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, FITTING | ROUTED, banks(3, count=5))
    first = await allocate(session, viewer, now)

    async def rows() -> list[tuple[Any, ...]]:
        columns = (Assignment.id, Assignment.entry_id, Assignment.assigned_at, Assignment.ended_at)
        return [tuple(row) for row in await session.execute(select(*columns).order_by(Assignment.id))]

    before = await rows()
    for keep_settled in (True, False):
        again = await allocate(session, viewer, now + timedelta(days=1), keep_settled=keep_settled)
        assert await rows() == before
        assert (again.counts.made, again.counts.ended, again.counts.kept) == (0, 0, 14)
        assert again.result_hash == first.result_hash
    await add_need(session, world, "late", {})
    last = await allocate(session, viewer, now + timedelta(days=2))
    assert (last.counts.made, last.counts.kept) == (1, 14)
    assert (await rows())[:-1] == before


async def test_settled_entries_stay_until_asked_otherwise(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, {"one": {}}, banks(3, count=4))
    await allocate(session, viewer, now)
    await add_institution(session, world, Node("A", "large", PROVINCE))
    await add_institution(session, world, Node("A-DL", "large", DAOLI, "A", 1))
    await add_product(session, world, "A-P", "A", rate=250)
    await allocate(session, viewer, now + timedelta(days=1))
    assert await parties(session, viewer, world) == {"one": "B1-DL"}
    moved = await allocate(session, viewer, now + timedelta(days=2), keep_settled=False)
    assert await parties(session, viewer, world) == {"one": "A-DL"}
    assert (moved.counts.made, moved.counts.ended) == (1, 1)
    shown = await service.assignment_of_entry(session, viewer, world.codes["one"])
    assert [(one.institution, one.end_reason) for one in shown.former] == [("B1-DL", "replaced")]


async def test_equal_editions_give_equal_hashes_whatever_the_ids(
    session: AsyncSession, sessions: Sessions, viewer: Viewer, now: datetime
) -> None:
    await build_world(session, FITTING | ROUTED, banks(3, count=5))
    run = await allocate(session, viewer, now)
    async with sessions() as other:
        elsewhere = World(0)
        for code in ("Y", "Z"):
            await add_institution(other, elsewhere, Node(code, "regulator", "410000"))
        await build_world(other, FITTING | ROUTED, banks(3, count=5))
        again = await allocate(other, viewer, now)
    assert (run.inputs_hash, run.result_hash) == (again.inputs_hash, again.result_hash)


async def test_the_check_finds_what_was_tampered_with(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, FITTING, banks(2, count=4))
    run = await allocate(session, viewer, now)
    sound = await service.check_run(session, viewer, run.id)
    assert (sound.is_sound, sound.optimal, sound.optimality_gap, sound.served) == (True, True, 0.0, 8)

    record = await session.get(AllocationProblemRecord, run.id)
    assert record is not None
    whole = record.arrays
    posed, solution = unpack(whole)
    moved = solution.branch.copy()
    crowded = int(moved[0])
    moved[1:3] = crowded
    record.arrays = pack(posed, replace(solution, branch=moved))
    await session.flush()
    found = await service.check_run(session, viewer, run.id)
    assert (found.feasible, found.hashes_hold, found.is_sound) == (False, False, False)
    codes = {number: code for code, number in world.institutions.items()}
    assert ("over_capacity", codes[int(posed.branch_ids[crowded])]) in {
        (one.code, one.name) for one in found.breaches
    }
    assert found.rows_differing

    record.arrays = whole[: len(whole) // 2]
    await session.flush()
    with pytest.raises(Conflict, match="damaged"):
        await service.check_run(session, viewer, run.id)

    record.arrays = whole
    await session.flush()
    other = world.institutions["DB"]
    wronged = (
        update(Assignment).where(Assignment.entry_id == world.entries["fit3"]).values(institution_id=other)
    )
    await session.execute(wronged)
    found = await service.check_run(session, viewer, run.id)
    assert (found.feasible, found.hashes_hold, found.is_sound) == (True, True, False)
    assert found.rows_differing == [world.codes["fit3"]]


@pytest.mark.parametrize("values", [{"institution_id": "B1-DL"}, {"ended_at": True}])
async def test_the_check_finds_an_entry_that_the_answer_left_out_but_a_row_gives_away_or_nobody_owns(
    session: AsyncSession, viewer: Viewer, now: datetime, values: dict[str, Any]
) -> None:
    world = await build_world(session, FITTING | {"gap": BARE}, banks(2, count=4))
    run = await allocate(session, viewer, now)
    assert (await service.check_run(session, viewer, run.id)).is_sound
    written = {"ended_at": now} if "ended_at" in values else {"institution_id": world.institutions["B1-DL"]}
    await session.execute(
        update(Assignment).where(Assignment.entry_id == world.entries["gap"]).values(**written)
    )
    found = await service.check_run(session, viewer, run.id)
    assert (found.feasible, found.hashes_hold, found.is_sound) == (True, True, False)
    assert found.rows_differing == [world.codes["gap"]]


async def test_a_decline_leads_to_the_next_candidate_and_never_back(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, FITTING | ROUTED, banks(3, count=5))
    await allocate(session, viewer, now)
    entry = world.entries["fit0"]
    shown = await service.assignment_of_entry(session, viewer, world.codes["fit0"])
    tried = [shown.institution]
    for day in range(1, 4):
        at = now + timedelta(days=day)
        await bottlenecks.classify_entry(session, viewer, entry, {}, now=at)
        shown = await service.reroute(session, viewer, entry, now=at)
        tried.append(shown.institution)
    assert tried == ["B3-DL", "B4-DL", "B5-DL", None]  # B1 and B2 are full
    assert (shown.kind, shown.explanation["reason"], shown.run) == ("coordinator", "policy_gap", None)
    assert [one.end_reason for one in shown.former] == ["declined"] * 3
    anew = await allocate(session, viewer, now + timedelta(days=9), keep_settled=False)
    assert (await parties(session, viewer, world))["fit0"] in {"B1-DL", "B2-DL"}
    assert (await service.check_run(session, viewer, anew.id)).is_sound


async def test_the_next_party_says_why_it_is_who_comes_after_who_supports_and_what_the_plan_did(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, {"one": {"chain": "HK", "existing_banks": ["B3"]}})
    await add_plan(session, "HK", [{"institution": "B2", "quota": None}, {"institution": "B3", "quota": None}],
                   "金发〔2024〕5号（九）")  # fmt: skip
    await allocate(session, viewer, now)
    at = now + timedelta(days=1)
    first = await service.assignment_of_entry(session, viewer, world.codes["one"])
    assert first.institution == "B3-DL"
    await bottlenecks.classify_entry(session, viewer, world.entries["one"], {}, now=at)
    shown = await service.reroute(session, viewer, world.entries["one"], now=at)
    assert (shown.institution, shown.product, shown.explanation["reason"]) == ("B2-DL", "B2-P", "next_fit")
    assert shown.explanation["chain_plan"]["citations"] == ["航空产业链一链一策第1版，金发〔2024〕5号（九）"]
    assert "金发〔2024〕5号（九）" in "\n".join(shown.why)
    after = shown.explanation["next"]
    assert (after["institution"], after["why_not"]) == ("B1-DL", "lower_fit")
    assert [one.institution for one in shown.supports] == ["B1-DL", "B4-DL"]
    assert shown.why[0].startswith("原责任机构婉拒")
    assert [part["part"] for part in shown.explanation["parts"]]


async def test_a_decline_that_establishes_an_obstacle_leads_to_its_receiver(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, FITTING | ROUTED, banks(3, count=5))
    await allocate(session, viewer, now)
    at = now + timedelta(days=1)
    facts: Facts = {"collateral": Members.of(), "credit_eligible": False}
    shown = []
    for name in ("fit0", "fit1"):  # the guarantor has two places, of which "refused" holds one
        await bottlenecks.classify_entry(session, viewer, world.entries[name], facts, now=at)
        shown.append(await service.reroute(session, viewer, world.entries[name], now=at))
    assert [one.institution for one in shown] == ["DB", None]
    assert shown[1].explanation["reason"] == "capacity"
    told = await why(session, viewer, world, "fit0")
    assert "责任机构已婉拒，按堵点“小微、缺少抵押物且不符合信用贷款条件”推送" in told
    assert "没有可用的匹配产品" not in told
    landless: Facts = {"missing_elements": Members.at_least(["land"])}
    await bottlenecks.classify_entry(session, viewer, world.entries["fit2"], landless, now=at)
    assert (await service.reroute(session, viewer, world.entries["fit2"], now=at)).institution == "XTJZ"


async def test_what_was_read_before_is_used_while_it_holds_and_read_anew_when_it_does_not(
    session: AsyncSession, viewer: Viewer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await build_world(session, FITTING, banks(1, count=4))
    await match(session, viewer, now)
    read = await service.read_matches(session, viewer, EDITION)
    with monkeypatch.context() as patched:
        patched.setattr(gathering, "matches_of", None)  # it is not read a second time
        first = await service.run_allocation(session, viewer, EDITION, now=now, read=read)
    again = await service.run_allocation(session, viewer, EDITION, now=now)
    assert (again.reused, again.id, first.counts.matched) == (True, first.id, 4), "a place at each of four"
    wider = await session.get_one(Institution, world.institutions["B1-DL"])
    wider.capacity, wider.version = 2, wider.version + 1
    await session.flush()
    grown = await service.run_allocation(session, viewer, EDITION, now=now, read=read)
    assert grown.counts.matched == 5, "places that came since are seen"
    gone = await session.scalar(select(WhitelistEntry).where(WhitelistEntry.id == world.entries["fit0"]))
    assert gone is not None
    gone.withdrawn_at, gone.version = now, gone.version + 1
    await session.flush()
    with pytest.raises(Conflict, match="has changed"):
        await service.run_allocation(session, viewer, EDITION, now=now, read=read)
    await match(session, viewer, now + timedelta(hours=1))
    fewer = await service.run_allocation(session, viewer, EDITION, now=now + timedelta(hours=2), read=read)
    assert fewer.counts.entries == len(FITTING) - 1


async def test_an_allocation_needs_an_edition_and_a_match_run_that_still_holds(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    with pytest.raises(NotFound):
        await service.run_allocation(session, viewer, EDITION, now=now)
    world = await build_world(session, {"one": {}})
    with pytest.raises(Conflict, match="no match run"):
        await service.run_allocation(session, viewer, EDITION, now=now)
    await match(session, viewer, now)
    await add_need(session, world, "late", {})
    with pytest.raises(Conflict, match="changed since"):
        await service.run_allocation(session, viewer, EDITION, now=now)
    with pytest.raises(NotFound):
        await service.assignment_of_entry(session, viewer, world.codes["one"])
    with pytest.raises(NotFound):
        await service.check_run(session, viewer, 10**6)
