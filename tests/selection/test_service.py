"""A round from its call to its close over both databases: what is measured, what is kept, and that all of it can be computed again."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.accounts.rules import Viewer
from app.chains import post_service
from app.chains.post_schemas import PlaceIn
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Refused
from app.kernel.paging import PageRequest
from app.kernel.shanghai import shanghai_date
from app.notifications.tables import Notice
from app.selection import deciding_service as deciding
from app.selection import lists_service as lists
from app.selection import objections_service as objections
from app.selection import results_service as results
from app.selection import service
from app.selection.archive import packed, unpacked
from app.selection.measures import UNKNOWN
from app.selection.round_states import Act, RoundState
from app.selection.schemas import ComputeIn, LockIn, ObjectionAnswerIn, ObjectionIn, ReopenIn, RoundIn
from app.selection.tables import SelectionMeasurement, SelectionPair, SelectionResult
from tests.bottlenecks.world import DAOLI, HARBIN, NANGANG, World, add_product, match
from tests.selection.town import BANKS, BEARINGS, TERMS, TRACTORS, build, listed, opened

ALL = PageRequest(limit=200)


def whatever(_version: int) -> None:
    """Accept any version."""


@pytest.fixture
async def world(session: AsyncSession, viewer: Viewer, now: datetime) -> World:
    return await build(session, viewer, now)


async def hand_in(
    session: AsyncSession, viewer: Viewer, now: datetime, who: str, quota: int, *tiers: list[str], **more: Any
) -> None:
    body = listed(quota, *tiers, **more)
    await lists.hand_in(session, viewer, "2023Q4", who, body, expect=whatever, now=now)


async def computed(session: AsyncSession, viewer: Viewer, now: datetime) -> datetime:
    """Open, fill, lock and compute the round; answer an instant after it."""
    await opened(session, viewer, now)
    await hand_in(session, viewer, now, BEARINGS, 2, ["B2"], ["B3"])
    await hand_in(session, viewer, now, TRACTORS, 1, ["B2"])
    await hand_in(session, viewer, now, "B2", 1, [TRACTORS], [BEARINGS])
    await hand_in(session, viewer, now, "B3", 1, [BEARINGS], rest="nobody")
    later = now + timedelta(days=6)
    await deciding.lock(session, viewer, "2023Q4", LockIn(), expect=whatever, now=later)
    await deciding.compute_round(session, viewer, "2023Q4", ComputeIn(), expect=whatever, now=later)
    return later


async def _verified(session: AsyncSession, viewer: Viewer) -> bool:
    return (await results.verification(session, viewer, "2023Q4")).is_verified


async def test_what_is_measured_is_what_lies_in_the_database(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    made = await opened(session, viewer, now)
    assert (made.chains, made.banks, made.state) == (2, 5, RoundState.OPEN)
    [row] = (await session.scalars(select(SelectionMeasurement))).all()
    found = unpacked(row.arrays)
    assert (found.chains, found.banks) == ((TRACTORS, BEARINGS), tuple(BANKS))
    assert found.open_needs.tolist() == [1, 2]  # the financed one is open no more
    assert found.open_amount.tolist() == [500_000_000, 1_200_000_000]
    assert found.fitting_needs.tolist() == [[1] * 5, [2] * 5]
    assert found.rate_bp[1].tolist() == [400, 420, 440, 460, 480]
    assert found.held_needs.tolist() == [[0] * 5, [1, 0, 0, 0, 0]]
    assert found.outlets.tolist() == [[1] * 5] * 2
    assert (found.contacts.tolist(), found.contact_days.tolist()) == ([1, 0, 0, 0, 0], [2, 0, 0, 0, 0])
    assert found.free_capacity.tolist() == [3, 4, 4, 4, 4]
    assert UNKNOWN not in found.free_capacity
    assert row.sha256 == found.digest() == unpacked(packed(found)).digest()
    assert row.contracts == [[BEARINGS, "B1"]]


async def test_a_bank_fits_with_a_product_that_no_match_run_keeps(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    """Runs keep the best ten of a need; a dozen cheaper ones do not make the other banks unfit."""
    for place in range(12):
        await add_product(session, world, f"B1-M{place}", "B1", rate=300 + place)
    await match(session, viewer, now)
    await opened(session, viewer, now)
    found = unpacked((await session.scalars(select(SelectionMeasurement.arrays))).one())
    assert found.fitting_needs.tolist() == [[1] * 5, [2] * 5]
    assert found.rate_bp[1].tolist() == [300, 420, 440, 460, 480], "the lowest that fits"


async def test_without_any_match_run_products_are_measured_all_the_same(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await build(session, viewer, now, is_matched=False)
    await opened(session, viewer, now)
    row = (await session.scalars(select(SelectionMeasurement))).one()
    assert row.match_run_id is None
    assert unpacked(row.arrays).fitting_needs.tolist() == [[1] * 5, [2] * 5]


@pytest.mark.parametrize(
    ("region", "since", "until", "outlets", "reason"),
    [
        (DAOLI, 0, None, 1, "该行在本链覆盖的道里区有1个网点，最多的银行有1个"),
        (DAOLI, -9, 0, 1, "该行在本链覆盖的道里区有1个网点，最多的银行有1个"),
        (HARBIN, 0, None, 1, "该行在本链覆盖的哈尔滨市有1个网点，最多的银行有1个"),
        (NANGANG, 0, None, 0, "各行在本链覆盖的南岗区均无网点，按中性计"),
        (NANGANG, 1, None, 1, "该行在本链所属地区（未写明覆盖地区）有1个网点，最多的银行有1个"),
        (NANGANG, -9, -1, 1, "该行在本链所属地区（未写明覆盖地区）有1个网点，最多的银行有1个"),
    ],
)
async def test_outlets_count_where_the_chain_covers_regions_on_the_day(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World,
    region: str, since: int, until: int | None, outlets: int, reason: str,
) -> None:  # fmt: skip
    today = shanghai_date(now)
    days = {
        "since": today + timedelta(days=since),
        "until": None if until is None else today + timedelta(days=until),
    }
    place = PlaceIn.model_validate({"kind": "region", "code": region} | days)
    await post_service.add_place(session, viewer, BEARINGS, place, now=now)
    await opened(session, viewer, now)
    found = unpacked((await session.scalars(select(SelectionMeasurement.arrays))).one())
    assert found.outlets.tolist() == [[1] * 5, [outlets] * 5]
    first = (await lists.candidates(session, viewer, "2023Q4", BEARINGS, ALL)).items[0]
    assert first.parts[1].reason == reason


@pytest.mark.parametrize(
    ("kind", "region", "outlets", "where"),
    [
        ("park", DAOLI, 1, "道里区（正阳园区）"),
        ("zone", HARBIN, 1, "哈尔滨市（正阳园区）"),
        ("cluster", NANGANG, 0, "南岗区（正阳园区）"),
        ("park", None, 1, ""),
    ],
)
async def test_outlets_count_in_the_regions_of_parks_that_say_where_they_lie(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World,
    kind: str, region: str | None, outlets: int, where: str,
) -> None:  # fmt: skip
    given = {"kind": kind, "code": "P1", "name": "正阳园区", "region": region, "since": shanghai_date(now)}
    await post_service.add_place(session, viewer, BEARINGS, PlaceIn.model_validate(given), now=now)
    await opened(session, viewer, now)
    found = unpacked((await session.scalars(select(SelectionMeasurement.arrays))).one())
    assert found.outlets[1].tolist() == [outlets] * 5
    assert found.covered == ((), (f"{region} {where}",) if where else ())


async def test_candidates_come_best_first_with_reasons_and_are_found_by_name_page_by_page(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    await opened(session, viewer, now)
    two = PageRequest(limit=2)
    first = await lists.candidates(session, viewer, "2023Q4", BEARINGS, two)
    assert [(one.code, one.place, one.is_contracted) for one in first.items] == [
        ("B1", 1, True),
        ("B2", 2, False),
    ]
    assert "产品适配2笔（100%）" in first.items[0].parts[0].reason
    second = await lists.candidates(
        session, viewer, "2023Q4", BEARINGS, PageRequest(limit=2, cursor=first.next)
    )
    assert [one.code for one in second.items] == ["B3", "B4"]
    found = await lists.candidates(session, viewer, "2023Q4", BEARINGS, ALL, text="b5")
    assert [(one.code, one.place) for one in found.items] == [("B5", 5)]
    chains = await lists.candidates(session, viewer, "2023Q4", "B2", ALL)
    assert [one.code for one in chains.items] == [BEARINGS, TRACTORS]


async def test_a_round_is_opened_on_sound_terms_only_and_every_fault_is_named(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    wrong = {
        "chains": [BEARINGS, BEARINGS, "nowhere"], "banks": ["B1", "DB"], "submit_until": "2023-11-01",
        "tie_rule": "lottery", "rules": {"weights": {"luck": 3}},
    }  # fmt: skip
    with pytest.raises(Refused) as refused:
        await opened(session, viewer, now, **wrong)
    assert sorted(fault.where for fault in refused.value.faults) == [
        "banks[1]", "chains[1]", "chains[2]", "lottery_source", "rules.weights.luck", "submit_until",
    ]  # fmt: skip
    await opened(session, viewer, now)
    with pytest.raises(Conflict, match="There is a round 2023Q4 already"):
        await opened(session, viewer, now)


async def test_without_names_all_chains_and_the_highest_banks_of_the_jurisdiction_take_part(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    stated = TERMS | {"chains": None, "banks": None}
    made = await service.open_round(session, viewer, RoundIn.model_validate(stated), now=now)
    assert (made.chains, made.banks) == (2, 5)


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ((1, ["B2"], ["B2"]), ["tiers.1.0"]),
        ((2, ["B2", BEARINGS], ["nobody"]), ["tiers.0.1", "tiers.1.0"]),
        ((0, ["B2"]), ["quota"]),
        ((1, []), ["tiers.0"]),
    ],
)
async def test_a_list_that_contradicts_itself_or_its_contracts_is_refused_with_every_place(
    session: AsyncSession,
    viewer: Viewer,
    now: datetime,
    world: World,
    body: tuple[int, *tuple[list[str], ...]],
    places: Sequence[str],
) -> None:
    await opened(session, viewer, now)
    quota, *tiers = body
    with pytest.raises(Refused) as refused:
        await hand_in(session, viewer, now, BEARINGS, quota, *tiers)
    assert [fault.where for fault in refused.value.faults] == places


async def test_a_list_is_replaced_taken_back_and_kept_and_the_same_again_changes_nothing(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    await opened(session, viewer, now)
    for _time in range(2):
        await hand_in(session, viewer, now, "B2", 1, [TRACTORS])
    await hand_in(session, viewer, now, "B2", 1, [BEARINGS])
    done = await lists.take_back(session, viewer, "2023Q4", "B2", expect=whatever, now=now)
    assert (done.version, done.is_handed_in) == (3, False)
    with pytest.raises(Conflict, match="B2 has handed in no list"):
        await lists.take_back(session, viewer, "2023Q4", "B2", expect=whatever, now=now)
    steps = await service.list_steps(session, viewer, "2023Q4", ALL)
    assert [(one.act, one.note) for one in steps.items] == [
        (Act.SUBMIT, "B2"), (Act.SUBMIT, "B2"), (Act.WITHDRAW, "B2"),
    ]  # fmt: skip
    with pytest.raises(Conflict, match="Lists are taken until 2023-11-20"):
        await deciding.lock(session, viewer, "2023Q4", LockIn(), expect=whatever, now=now)
    with pytest.raises(Conflict, match="Lists were taken until 2023-11-20"):
        await hand_in(session, viewer, now + timedelta(days=6), "B2", 1, [TRACTORS])


async def test_a_result_is_kept_with_proof_ranks_and_alternative_and_is_computed_again_from_its_inputs(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    later = await computed(session, viewer, now)
    found = await results.result(session, viewer, "2023Q4")
    assert found.proof.blocking_count == found.proof.breach_count == 0
    pairs = (await results.pairs(session, viewer, "2023Q4", ALL)).items
    # B2 has one place and prefers the tractors; B1 is under contract and takes up a place of the bearings.
    assert [(one.chain, one.bank, one.chain_rank, one.bank_rank) for one in pairs] == [
        (TRACTORS, "B2", 1, 1),
        (BEARINGS, "B3", 2, 1),
    ]
    outcomes = {
        one.participant: one for one in (await results.outcomes(session, viewer, "2023Q4", ALL)).items
    }
    assert (outcomes[BEARINGS].places, outcomes[BEARINGS].contracts, outcomes[BEARINGS].mean_rank) == (
        1,
        1,
        "2.0",
    )
    assert outcomes["B4"].said == ["B4本轮没有可用名额。"]
    checked = await results.verification(session, viewer, "2023Q4")
    assert checked.is_verified
    assert len(checked.checks) == 5
    exported = (await results.inputs(session, viewer, "2023Q4")).model_dump_json()
    assert results.verify_file(exported).is_verified
    tampered = json.loads(exported)
    tampered["pairs"] = [[TRACTORS, "B3"], [BEARINGS, "B2"]]
    against = results.verify_file(json.dumps(tampered))
    assert [one.claim for one in against.checks if not one.is_equal] == ["proof"]
    tampered = json.loads(exported)
    tampered["inputs"]["quotas"]["B2"] = 2
    against = results.verify_file(json.dumps(tampered))
    assert {one.claim for one in against.checks if not one.is_equal} >= {"inputs", "market"}
    with pytest.raises(Refused, match="no exported result"):
        results.verify_file("{}")
    with pytest.raises(Conflict, match="not closed"):
        await results.contracts(session, viewer, "2023Q4", now=later)


async def test_what_was_changed_in_the_database_is_found_by_computing_again(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    await computed(session, viewer, now)
    assert await _verified(session, viewer)
    await session.execute(update(SelectionPair).where(SelectionPair.bank_code == "B3").values(bank_code="B5"))
    assert not await _verified(session, viewer)


async def test_a_published_result_is_objected_to_voided_computed_anew_and_closed(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    later = await computed(session, viewer, now)
    done = await deciding.publish(session, viewer, "2023Q4", expect=whatever, now=later)
    assert (done.state, str(done.objection_until)) == (RoundState.PUBLISHED, "2023-11-28")
    body = ObjectionIn(participant=BEARINGS, text="B2的利率应为三季度数")
    for _number in range(2):
        await objections.object_to(session, viewer, "2023Q4", body, now=later)
    upheld = ObjectionAnswerIn(is_upheld=True, reason="属实，重新测算")
    await objections.answer(session, viewer, "2023Q4", 1, upheld, expect=whatever, now=later)
    locked = await service.get_round(session, viewer, "2023Q4", now=later)
    assert (locked.state, locked.open_objections, locked.objection_until) == (RoundState.LOCKED, 1, None)
    anew = ComputeIn(measure_anew=True)
    await deciding.compute_round(session, viewer, "2023Q4", anew, expect=whatever, now=later)
    await deciding.publish(session, viewer, "2023Q4", expect=whatever, now=later)
    over = later + timedelta(days=10)
    with pytest.raises(Conflict, match="Objections wait for an answer: 2"):
        await deciding.close(session, viewer, "2023Q4", expect=whatever, now=over)
    refused = ObjectionAnswerIn(is_upheld=False, reason="以锁定当日数据为准")
    await objections.answer(session, viewer, "2023Q4", 2, refused, expect=whatever, now=over)
    with pytest.raises(Conflict, match="No objection 2 waits"):
        await objections.answer(session, viewer, "2023Q4", 2, refused, expect=whatever, now=over)
    closed = await deciding.close(session, viewer, "2023Q4", expect=whatever, now=over)
    assert (closed.state, closed.possible) == (RoundState.CLOSED, [])
    rows = (await session.scalars(select(SelectionResult).order_by(SelectionResult.number))).all()
    assert [(row.number, row.voided_at is not None) for row in rows] == [(1, True), (2, False)]
    assert rows[0].measurement_id != rows[1].measurement_id
    plans = {one.chain: one for one in await results.contracts(session, viewer, "2023Q4", now=over)}
    assert [(one.institution, one.quota) for one in plans[BEARINGS].contracted] == [("B1", 3), ("B3", None)]
    assert (plans[BEARINGS].added, plans[BEARINGS].plan_version) == (["B3"], 1)
    acts = [one.act.value for one in (await service.list_steps(session, viewer, "2023Q4", ALL)).items]
    assert acts[4:] == [
        "lock", "record", "publish", "object", "object", "answer", "record", "publish", "answer", "close",
    ]  # fmt: skip


async def test_a_lottery_needs_its_seed_and_a_reopened_round_draws_a_new_one(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    await opened(
        session, viewer, now, tie_rule="lottery", lottery_source="2023年11月21日双色球", absent_places=1
    )
    later = now + timedelta(days=6)
    with pytest.raises(Refused, match="cannot be locked"):
        await deciding.lock(session, viewer, "2023Q4", LockIn(), expect=whatever, now=later)
    await deciding.lock(session, viewer, "2023Q4", LockIn(seed="03 08 11"), expect=whatever, now=later)
    body = ReopenIn.model_validate({"submit_until": "2023-11-22", "reason": "两家银行误填名额"})
    reopened = await deciding.reopen(session, viewer, "2023Q4", body, expect=whatever, now=later)
    assert (reopened.state, reopened.lottery_seed) == (RoundState.OPEN, None)
    await deciding.lock(
        session, viewer, "2023Q4", LockIn(seed="17 25 29"), expect=whatever, now=later + timedelta(days=2)
    )
    await deciding.compute_round(session, viewer, "2023Q4", ComputeIn(), expect=whatever, now=later)
    # Nobody handed anything in: everybody takes one more, as computed.
    assert (await results.result(session, viewer, "2023Q4")).sides[0].pairs == 2
    assert await _verified(session, viewer)
    assert (await session.scalars(select(Notice.id))).all() == []  # nobody works here to be told
