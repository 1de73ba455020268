"""Plans are drafted, compared over the whole edition, published only while the comparison holds, and archived."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.accounts.rules import Grant, Role, Viewer
from app.allocation import service as allocation
from app.allocation.tables import Assignment
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, NotFound, PreconditionFailed, Refused
from app.kernel.paging import PageRequest
from app.matching import service as matching
from app.matching.tables import MatchCount, MatchResult
from app.notifications.tables import Notice
from app.plans import comparing_service, reallocating_service, service
from app.plans.rules import DraftState, Effect
from app.plans.schemas import ArchiveIn, EffectFilter
from tests.bottlenecks.world import EDITION, World, restate
from tests.plans.town import CHAIN, NEEDS, OF_CHAIN, anything, build, drafted

EVERY = PageRequest(limit=200)


@pytest.fixture
async def world(session: AsyncSession) -> World:
    return await build(session)


async def listed(
    session: AsyncSession, viewer: Viewer, world: World, effect: Effect | None = None
) -> dict[str, Any]:
    found = await comparing_service.list_effects(
        session, viewer, CHAIN, 1, 1, EVERY, EffectFilter(effect=effect)
    )
    names = {code: name for name, code in world.codes.items()}
    return {names[one.entry]: one for one in found.items}


async def compared(session: AsyncSession, viewer: Viewer, now: datetime) -> None:
    await service.create_draft(session, viewer, CHAIN, drafted(), now=now)
    await comparing_service.compare_draft(session, viewer, CHAIN, 1, now=now)


async def stored(session: AsyncSession, run: int) -> dict[int, tuple[int, int, list[tuple[int, int]]]]:
    """Answer for each entry how many products a run found, and the best of them with their scores."""
    best: dict[int, list[tuple[int, int]]] = {}
    ranked = select(MatchResult).where(MatchResult.run_id == run).order_by(MatchResult.rank)
    for row in await session.scalars(ranked):
        best.setdefault(row.entry_id, []).append((row.product_revision_id, row.score))
    counts = await session.scalars(select(MatchCount).where(MatchCount.run_id == run))
    return {row.entry_id: (row.eligible, row.unknown, best.get(row.entry_id, [])) for row in counts}


async def test_a_comparison_is_the_difference_of_two_full_runs_before_and_after_publication(
    session: AsyncSession, viewer: Viewer, world: World, now: datetime
) -> None:
    before = await matching.run_match(session, viewer, EDITION, now=now)
    await compared(session, viewer, now)
    draft = await service.get_draft(session, viewer, CHAIN, 1, now=now)
    assert (draft.state, draft.comparison, draft.replaces, draft.in_force) == (DraftState.COMPARED, 1, 1, 1)
    done = await service.publish_draft(session, viewer, CHAIN, 1, expect=anything, now=now)
    assert (done.state, done.published_version) == (DraftState.PUBLISHED, 2)
    later = now + timedelta(days=10)
    after = await matching.run_match(session, viewer, EDITION, now=later)
    old, new = await stored(session, before.id), await stored(session, after.id)
    seen = await listed(session, viewer, world)
    for name, entry in world.entries.items():
        one, was, becomes = seen.get(name), old[entry], new[entry]
        if one is None:
            assert was[0] == becomes[0], name
            assert was[2] == becomes[2], name
            continue
        assert becomes[0] - was[0] == one.gained.total - one.lost.total, name
        top = [scores[2][0][1] if scores[2] else 0 for scores in (was, becomes)]
        shown = [
            0 if best is None else int(best.score.replace(".", "")) * 100 for best in (one.before, one.after)
        ]
        assert all(abs(a - b) < 100 for a, b in zip(top, shown, strict=True)), name
    assert set(seen) == {"small", "other", "large"}, "the rest of the edition stays as it is"
    assert [seen["large"].gained.codes, seen["large"].banks_gained.codes] == [["B2-P"], ["B2"]]
    assert "金发〔2024〕5号（九）" in seen["large"].sentence
    assert "放宽条件" in seen["large"].sentence
    assert "签约银行" in seen["small"].sentence
    counts = (await comparing_service.get_comparison(session, viewer, CHAIN, 1, 1, now=now)).counts
    assert (counts.entries, counts.judged, counts.changed, counts.gaining, counts.losing) == (6, 4, 3, 1, 0)
    assert (counts.unserved_before, counts.unserved_after, counts.to_ask) == (2, 1, 1)
    assert set(await listed(session, viewer, world, Effect.GAINS)) == {"large"}
    assert set(await listed(session, viewer, world, Effect.LOSES)) == set()
    await allocation.run_allocation(session, viewer, EDITION, now=later)
    why = (await allocation.assignment_of_entry(session, viewer, world.codes["large"])).explanation[
        "chain_plan"
    ]
    assert why["grants"] == ["航空产业链一链一策第2版，金发〔2024〕5号（九）"], (
        "without it the product would not fit"
    )
    assert why["points"] == "9.60"
    pair = await matching.explain(session, viewer, world.needs["large"], "B2-P", now=later)
    assert "一链一策放宽的条件使产品条件由“不符合”变为“符合”" in pair.plan
    told = (await session.scalars(select(Notice.kind))).all()
    assert set(told) <= {"plan"}


async def test_a_draft_is_published_only_while_what_was_compared_is_so(
    session: AsyncSession, viewer: Viewer, world: World, now: datetime
) -> None:
    made = await service.create_draft(session, viewer, CHAIN, drafted(), now=now)
    assert {one.part for one in made.changes} == {"contracted", "products", "granted", "targets", "bodies"}

    async def refused() -> list[str]:
        with pytest.raises(Conflict) as caught:
            await service.publish_draft(session, viewer, CHAIN, 1, expect=anything, now=now)
        return sorted(fault.where for fault in caught.value.faults)

    assert await refused() == ["state"]
    await comparing_service.compare_draft(session, viewer, CHAIN, 1, now=now)
    shown = await comparing_service.get_comparison(session, viewer, CHAIN, 1, 1, now=now)
    assert (shown.holds, shown.changed_since) == (True, [])
    later = now + timedelta(days=1)
    shown = await comparing_service.get_comparison(session, viewer, CHAIN, 1, 1, now=later)
    assert shown.changed_since == [], "another day alone changes nothing"
    await restate(session, world, "apart", {"amount": "6000000.00", "chain": "QT"})
    shown = await comparing_service.get_comparison(session, viewer, CHAIN, 1, 1, now=now)
    assert shown.changed_since == ["needs"], "who states no chain is asked because of the grant"
    assert await refused() == ["inputs.needs", "inputs_hash"]
    await comparing_service.compare_draft(session, viewer, CHAIN, 1, now=now)
    changed = drafted(contracted=[{"institution": "B3"}])
    again = await service.revise_draft(session, viewer, CHAIN, 1, changed, expect=anything, now=now)
    assert (again.state, again.comparison) == (DraftState.DRAFT, None)
    assert await refused() == ["state"]
    same = await service.revise_draft(session, viewer, CHAIN, 1, changed, expect=anything, now=now)
    assert same.version == again.version, "the same again changes nothing"
    with pytest.raises(Conflict) as caught:
        await reallocating_service.reallocate(session, viewer, CHAIN, 1, 2, now=now)
    assert [fault.where for fault in caught.value.faults] == ["inputs.content"]
    gone = await service.give_up_draft(session, viewer, CHAIN, 1, expect=anything, now=now)
    assert gone.state is DraftState.GIVEN_UP
    for act in (service.give_up_draft, service.publish_draft):
        with pytest.raises(Conflict):
            await act(session, viewer, CHAIN, 1, expect=anything, now=now)
    with pytest.raises(Conflict):
        await comparing_service.compare_draft(session, viewer, CHAIN, 1, now=now)


async def test_what_contradicts_packs_products_or_what_banks_hold_is_refused_all_at_once(
    session: AsyncSession, viewer: Viewer, world: World, now: datetime
) -> None:
    await matching.run_match(session, viewer, EDITION, now=now)
    await allocation.run_allocation(session, viewer, EDITION, now=now)
    held = {world.entries[name] for name in ("small", "other")}
    moved = update(Assignment).where(Assignment.entry_id.in_(held))
    await session.execute(moved.values(institution_id=world.institutions["B1-DL"]))
    wrong = drafted(
        contracted=[{"institution": "B1", "quota": 1}, {"institution": "NO"}],
        products=["B2-P", "NO-P"],
        clauses={
            "contracted": "某文件（九）",
            "products": "金发〔2024〕5号（九）",
            "bodies": "金发〔2024〕5号（九）",
        },
    )
    with pytest.raises(Refused) as caught:
        await service.create_draft(session, viewer, CHAIN, wrong, now=now)
    told = {fault.where: fault.message for fault in caught.value.faults}
    assert {"clauses.contracted", "contracted.1.institution", "products.1"} <= told.keys()
    assert told["contracted.0.quota"] == "lies below the 2 entries of the chain that B1 is responsible for"
    await service.create_draft(session, viewer, CHAIN, drafted(), now=now)
    for members, where in (
        ({}, "since"),
        ({"since": "2022-12-01"}, "since"),
        ({"since": "2024-01-01", "replaces": 7}, "replaces"),
    ):
        with pytest.raises((Conflict, Refused)) as found:
            await service.create_draft(session, viewer, CHAIN, drafted(**members), now=now)
        assert where in {fault.where for fault in found.value.faults}


async def test_versions_are_archived_once_another_holds_and_say_where_they_stand(
    session: AsyncSession, viewer: Viewer, world: World, now: datetime
) -> None:
    await compared(session, viewer, now)
    await service.publish_draft(session, viewer, CHAIN, 1, expect=anything, now=now)
    reason = ArchiveIn(reason="已由第2版接替")
    later = now + timedelta(days=10)
    for number, at in ((1, now), (2, now), (2, later)):
        with pytest.raises(Conflict):
            await service.archive_version(session, viewer, CHAIN, number, reason, expect=anything, now=at)
    done = await service.archive_version(session, viewer, CHAIN, 1, reason, expect=anything, now=later)
    assert (done.state, done.archive_reason, service.version_of(done)) == ("archived", reason.reason, 2)
    with pytest.raises(Conflict):
        await service.archive_version(session, viewer, CHAIN, 1, reason, expect=anything, now=later)
    with pytest.raises(NotFound):
        await service.archive_version(session, viewer, CHAIN, 9, reason, expect=anything, now=later)
    first = await service.list_versions(session, viewer, CHAIN, PageRequest(limit=1), now=later)
    rest = await service.list_versions(session, viewer, CHAIN, PageRequest(cursor=first.next), now=later)
    told = [(one.version, one.draft, one.is_in_force, str(one.state)) for one in (*first.items, *rest.items)]
    assert told == [(2, 1, True, "published"), (1, None, False, "archived")]


async def test_an_allocation_anew_says_who_would_answer_for_whom_and_by_which_clause(
    session: AsyncSession, viewer: Viewer, world: World, now: datetime
) -> None:
    await service.create_draft(session, viewer, CHAIN, drafted(), now=now)
    await comparing_service.compare_draft(session, viewer, CHAIN, 1, now=now)
    with pytest.raises(Conflict):
        await reallocating_service.reallocate(session, viewer, CHAIN, 1, 1, now=now)
    with pytest.raises(NotFound):
        await reallocating_service.get_reallocation(session, viewer, CHAIN, 1, 1)
    await matching.run_match(session, viewer, EDITION, now=now)
    made = await reallocating_service.reallocate(session, viewer, CHAIN, 1, 1, now=now)
    assert made == await reallocating_service.get_reallocation(session, viewer, CHAIN, 1, 1)
    assert (made.entries, made.served_after - made.served_before) == (len(NEEDS), 1)
    rows = (await reallocating_service.list_reallocated(session, viewer, CHAIN, 1, 1, EVERY)).items
    names = {code: name for name, code in world.codes.items()}
    told = {names[one.entry]: one for one in rows}
    assert (told["large"].change, told["large"].before) == ("served", "")
    assert "放宽产品条件（航空产业链一链一策第2版，金发〔2024〕5号（九））" in told["large"].sentence
    assert "按现行方案" in told["large"].sentence
    assert sum(one.after - one.before for one in made.banks) == 1
    with pytest.raises(Conflict):
        await reallocating_service.reallocate(session, viewer, CHAIN, 1, 1, now=now)


async def test_a_chains_manager_works_on_the_own_plan_alone_and_stale_looks_change_nothing(
    session: AsyncSession, viewer: Viewer, world: World, now: datetime
) -> None:
    own, other = (
        Viewer(name=name, jurisdiction="230000", person=1, grants=(Grant(Role.CHAIN_MANAGER, name),))
        for name in (CHAIN, "QT")
    )
    await service.create_draft(session, own, CHAIN, drafted(), now=now)
    with pytest.raises(NotFound):
        await service.list_drafts(session, other, CHAIN, EVERY)
    with pytest.raises(NotFound):
        await service.get_draft(session, own, CHAIN, 2, now=now)

    def stale(_version: int) -> None:
        raise PreconditionFailed("stale")

    for act in (service.give_up_draft, service.publish_draft):
        with pytest.raises(PreconditionFailed):
            await act(session, own, CHAIN, 1, expect=stale, now=now)
    with pytest.raises(PreconditionFailed):
        await service.revise_draft(session, own, CHAIN, 1, drafted(), expect=stale, now=now)
    assert [one.number for one in (await service.list_drafts(session, own, CHAIN, EVERY)).items] == [1]
    assert OF_CHAIN == {"chain": CHAIN}
