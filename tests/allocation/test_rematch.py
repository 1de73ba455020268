"""Entries are matched again when facts are established: cured causes open doors, who still fits keeps the entry."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.rules import Viewer
from app.allocation import service
from app.allocation.refusal_service import REFUSALS
from app.allocation.refusals import Refusal, Refusals
from app.allocation.tables import Assignment
from app.allocation.topics import PARTIES_CHANGED
from app.bottlenecks import service as bottlenecks
from app.kernel.database import AsyncSession
from app.policy.facts import Facts, Members
from tests.allocation.test_service import FITTING, ROUTED, allocate, parties
from tests.bottlenecks.world import BARE, World, add_product, banks, build_world, restate

LANDLESS: Facts = {"missing_elements": Members.at_least(["land"])}
LAND_THERE: Facts = {"missing_elements": Members.of()}
GUARANTEED: Facts = {"guarantee_available": True}
GRANTED = "担保机构已同意担保"


@pytest.fixture
def told() -> Iterator[list[set[int]]]:
    """Entries of which the topic tells, call by call."""
    heard: list[set[int]] = []

    async def hear(_session: AsyncSession, entries: Collection[int], _now: datetime) -> None:
        heard.append(set(entries))

    PARTIES_CHANGED.follow(hear)
    yield heard
    PARTIES_CHANGED._followers.remove(hear)


async def decline(
    session: AsyncSession, viewer: Viewer, world: World, name: str, facts: Facts, now: datetime
) -> None:
    entry = world.entries[name]
    await bottlenecks.classify_entry(session, viewer, entry, facts, now=now)
    await service.reroute(session, viewer, entry, now=now)


async def end_reasons(session: AsyncSession, entry: int) -> list[str | None]:
    statement = select(Assignment.end_reason).where(Assignment.entry_id == entry).order_by(Assignment.id)
    return list(await session.scalars(statement))


async def test_a_cured_cause_lets_the_bank_have_it_again_and_the_case_ends(
    session: AsyncSession, viewer: Viewer, now: datetime, told: list[set[int]]
) -> None:
    world = await build_world(session, {"one": {}}, banks(3, count=2))
    await allocate(session, viewer, now)
    entry, at = world.entries["one"], now + timedelta(days=1)
    await decline(session, viewer, world, "one", LANDLESS, at)
    assert await parties(session, viewer, world) == {"one": "XTJZ"}
    assert told == [{entry}, {entry}]
    refused = [Refusal(world.institutions["B1-DL"], at, "missing_elements_land", "土地要素未落实", LANDLESS)]
    later = at + timedelta(days=9)
    (move,) = await service.rematch_entries(
        session, viewer, {entry: LAND_THERE}, cause="统筹协调已办结", now=later, refusals={entry: refused}
    )
    assert (move.from_, move.to, move.kind) == ("XTJZ", "B1-DL", "matched")
    assert await bottlenecks.current_cases_of(session, viewer, [entry]) == []
    assert await bottlenecks.established_of(session, viewer, [entry]) == {entry: LAND_THERE}
    assert await end_reasons(session, entry) == ["declined", "resolved", None]
    shown = await service.assignment_of_entry(session, viewer, world.codes["one"])
    assert shown.why[0].startswith(
        "统筹协调已办结（已落实：缺失要素：无），按现行产品重新匹配，由候选中有余量的B1-DL负责"
    )
    assert shown.explanation["resolved"] == {
        "cause": "统筹协调已办结",
        "established": {"missing_elements": []},
    }
    assert told[2:] == [{entry}]


async def test_nobody_is_asked_for_a_loan_against_what_a_decline_has_just_found_missing(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, {"one": {}}, banks(3, count=3))
    await add_product(session, world, "B3-C", "B3", rate=900, guarantee_modes=["credit"])
    await allocate(session, viewer, now)
    await decline(session, viewer, world, "one", {"collateral": Members.of()}, now)
    shown = await service.assignment_of_entry(session, viewer, world.codes["one"])
    assert (shown.institution, shown.product) == ("B3-DL", "B3-C")
    assert [one["institution"] for one in shown.explanation["candidates"]] == ["B3-DL"]


async def test_a_standing_cause_keeps_the_bank_out_and_says_so(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, {"one": {}}, banks(3, count=2))
    await allocate(session, viewer, now)
    entry, at = world.entries["one"], now + timedelta(days=1)
    await decline(session, viewer, world, "one", LANDLESS, at)
    refused = [Refusal(world.institutions["B1-DL"], at, "outside_service_area", "超出经营半径")]
    (move,) = await service.rematch_entries(
        session, viewer, {entry: LAND_THERE}, cause="统筹协调已办结", now=at, refusals={entry: refused}
    )
    assert move.to == "B2-DL"
    shown = await service.assignment_of_entry(session, viewer, world.codes["one"])
    first, second = shown.explanation["candidates"]
    assert (first["institution"], first["why_not"]) == ("B1-DL", "declined")
    assert (second["institution"], second["why_not"]) == ("B2-DL", None)
    assert f"{first['text'][:10]}" in "\n".join(shown.why)
    assert "2023年11月16日以“超出经营半径”婉拒，原因仍在" in first["text"]


async def test_while_another_element_is_missing_the_body_keeps_it(
    session: AsyncSession, viewer: Viewer, now: datetime, told: list[set[int]]
) -> None:
    world = await build_world(session, {"one": {}}, banks(3, count=2))
    await allocate(session, viewer, now)
    entry = world.entries["one"]
    both: Facts = {"missing_elements": Members.at_least(["land", "environment"])}
    await decline(session, viewer, world, "one", both, now)
    left: Facts = {"missing_elements": Members.of("environment")}
    (move,) = await service.rematch_entries(session, viewer, {entry: left}, cause="土地已落实", now=now)
    assert (move.is_moved, move.to, move.why) == (
        False, "XTJZ", ["仍由XTJZ机构负责：仍是所属堵点类别的接收机构"],
    )  # fmt: skip
    (case,) = await bottlenecks.current_cases_of(session, viewer, [entry])
    assert (case.route, case.detail["established"]["missing_elements"]["known"]) == (
        "elements",
        ["environment"],
    )
    assert len(told) == 2


async def test_a_granted_guarantee_leads_to_a_bank_and_later_runs_remember_it(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, ROUTED | {"fit": {}}, banks(3, count=5))
    await add_product(session, world, "B3-D", "B3", rate=300, guarantee_modes=["guarantee"])
    await allocate(session, viewer, now)
    entry = world.entries["refused"]
    assert (await parties(session, viewer, world))["refused"] == "DB"
    (move,) = await service.rematch_entries(
        session, viewer, {entry: GUARANTEED}, cause=GRANTED, now=now + timedelta(days=1)
    )
    assert (move.from_, move.to) == ("DB", "B3-DL")
    assert await bottlenecks.current_cases_of(session, viewer, [entry]) == []
    shown = await service.assignment_of_entry(session, viewer, world.codes["refused"])
    assert (shown.product, shown.why[0][:21]) == ("B3-D", "担保机构已同意担保（已落实：可否担保：是）")
    for keep_settled in (True, False):
        at = now + timedelta(days=2)
        run = await allocate(session, viewer, at, keep_settled=keep_settled)
        assert (await parties(session, viewer, world))["refused"] == "B3-DL"
        assert (run.counts.made, run.counts.ended) == (0, 0)
        assert await bottlenecks.current_cases_of(session, viewer, [entry]) == []
        assert (await service.check_run(session, viewer, run.id)).is_sound
    await restate(session, world, "refused", BARE | {"credit_eligible": False})
    assert await bottlenecks.established_of(session, viewer, [entry]) == {}


async def test_banks_that_decline_in_spite_of_a_guarantee_do_not_pass_an_entry_to_and_fro(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, {"one": {}}, banks(3, count=3))
    for bank in ("B1", "B2"):
        await add_product(session, world, f"{bank}-D", bank, rate=300, guarantee_modes=["guarantee"])
    await allocate(session, viewer, now)
    entry, missing = world.entries["one"], Members.of()
    assert (await parties(session, viewer, world))["one"] == "B1-DL"
    await decline(session, viewer, world, "one", {"collateral": missing}, now)
    made = [
        Refusal(world.institutions["B1-DL"], now, "no_collateral", "", {"collateral": missing}, GUARANTEED)
    ]
    days = [now + timedelta(days=day) for day in range(1, 4)]
    (move,) = await service.rematch_entries(
        session, viewer, {entry: GUARANTEED}, cause=GRANTED, now=days[0], refusals={entry: made}
    )
    assert move.to == "B1-DL", move
    for at, bank, following in ((days[1], "B1-DL", "B2-DL"), (days[2], "B2-DL", None)):
        made.append(
            Refusal(world.institutions[bank], at, "no_collateral", "", {"collateral": missing}, GUARANTEED)
        )
        await bottlenecks.classify_entry(session, viewer, entry, {"collateral": missing}, now=at)
        await service.reroute_entries(session, viewer, [entry], now=at, refusals={entry: made})
        assert await parties(session, viewer, world) == {"one": following}


async def test_a_guarantee_with_which_nothing_fits_does_not_lead_back_to_guarantors(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, ROUTED, banks(3, count=3))
    await allocate(session, viewer, now)
    entry = world.entries["refused"]
    (move,) = await service.rematch_entries(session, viewer, {entry: GUARANTEED}, cause=GRANTED, now=now)
    assert (move.from_, move.to, move.kind) == ("DB", None, "coordinator")
    (case,) = await bottlenecks.current_cases_of(session, viewer, [entry])
    assert case.route == "policy_gap"
    assert "已由担保落实" in case.detail["gap"]


async def test_who_holds_an_entry_and_still_fits_keeps_it(
    session: AsyncSession, viewer: Viewer, now: datetime, told: list[set[int]]
) -> None:
    world = await build_world(session, {"one": {"existing_banks": ["B2"]}, "two": {}}, banks(3, count=3))
    await allocate(session, viewer, now)
    await add_product(session, world, "B1-D", "B1", rate=300)
    wanted = dict.fromkeys(world.entries.values(), GUARANTEED)
    moves = await service.rematch_entries(session, viewer, wanted, cause=GRANTED, now=now)
    assert [(one.is_moved, one.to) for one in moves] == [(False, "B2-DL"), (False, "B1-DL")]
    assert moves[0].why == ["仍由B2-DL机构负责：其产品仍然合适"]
    assert len(told) == 1


async def test_a_voided_decline_establishes_nothing_any_more(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await build_world(session, {"one": {}}, banks(3, count=2))
    await allocate(session, viewer, now)
    entry = world.entries["one"]
    sued: Facts = {"litigation": True}
    await decline(session, viewer, world, "one", sued, now)
    assert await parties(session, viewer, world) == {"one": None}
    voided = {
        entry: [Refusal(world.institutions["B1-DL"], now, "litigation", "涉案涉诉", sued, is_voided=True)]
    }
    (move,) = await service.rematch_entries(
        session, viewer, {entry: {}}, cause="婉拒已更正", now=now, is_whole=True, refusals=voided
    )
    assert (move.to, await end_reasons(session, entry)) == ("B1-DL", ["declined", "rematched", None])
    assert await bottlenecks.established_of(session, viewer, [entry]) == {}


async def test_runs_ask_again_who_declined_for_a_cured_cause_and_not_for_a_standing_one(
    session: AsyncSession, viewer: Viewer, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs: dict[str, dict[str, Any]] = {"one": {}, "two": {}}
    world = await build_world(session, needs | {f"gap{n}": BARE for n in range(9)}, banks(3, count=2))
    await allocate(session, viewer, now)
    for name in needs:
        await decline(session, viewer, world, name, {}, now)
        assert (await parties(session, viewer, world))[name] == "B2-DL"
    bank = world.institutions["B1-DL"]
    causes = {
        world.entries["one"]: [Refusal(bank, now, "no_collateral", "缺少抵质押物", {}, GUARANTEED)],
        world.entries["two"]: [Refusal(bank, now, "outside_service_area", "超出经营半径")],
    }

    async def tell(_session: AsyncSession, _viewer: Viewer, _entries: Collection[int]) -> Refusals:
        return causes

    monkeypatch.setattr(REFUSALS, "_teller", tell)
    wanted = {world.entries[name]: GUARANTEED for name in needs}
    await service.rematch_entries(session, viewer, wanted, cause=GRANTED, now=now)
    await allocate(session, viewer, now + timedelta(days=1), keep_settled=False)
    found = await parties(session, viewer, world)
    assert (found["one"], found["two"]) == ("B1-DL", "B2-DL")


async def test_a_run_tells_only_of_entries_whose_party_changed(
    session: AsyncSession, viewer: Viewer, now: datetime, told: list[set[int]]
) -> None:
    world = await build_world(session, FITTING | ROUTED, banks(3, count=5))
    await allocate(session, viewer, now)
    assert told == [set(world.entries.values())]
    await allocate(session, viewer, now + timedelta(days=1), keep_settled=False)
    assert len(told) == 1
