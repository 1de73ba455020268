"""Cases that rooms above raise, and what open and resolved ones mean to them, on both databases."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.accounts.rules import Grant, Role, Viewer
from app.bottlenecks import service as bottlenecks
from app.coordination import service
from app.coordination.rules import CaseKind, CaseState, NewCase
from app.coordination.schemas import CaseFilter, CaseIn, CommentIn, OutcomeIn
from app.coordination.topics import CASES_CHANGED
from app.enterprises.tables import NeedRevision
from app.kernel.clock import shanghai_today
from app.kernel.database import AsyncSession, Sessions
from app.kernel.errors import Conflict, NotFound
from app.kernel.paging import PageRequest
from app.policy.facts import Facts, FactValue, Members
from app.visibility.service import narrow
from app.whitelist.tables import WhitelistEntry
from tests.bottlenecks.world import World, add_need, restate
from tests.coordination.town import NEEDS, build, build_kept
from tests.enterprises.test_statements import counted

PAGE = PageRequest(limit=100)
LAND, ENVIRONMENT, GUARANTEE = CaseKind.LAND, CaseKind.ENVIRONMENT, CaseKind.GUARANTEE


@pytest.fixture
async def world(session: AsyncSession) -> World:
    return await build(session)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The entries of which the room tells, call by call."""
    heard: list[list[int]] = []

    async def listen(_session: AsyncSession, entries: Collection[int], _now: datetime) -> None:
        heard.append(list(entries))

    monkeypatch.setattr(CASES_CHANGED, "_followers", [listen])
    return heard


def wanted(world: World, name: str, kind: CaseKind, **more: Any) -> NewCase:
    return NewCase(world.entries[name], kind, "请协调", "B1经办", **more)


async def close(
    session: AsyncSession, viewer: Viewer, now: datetime, code: str, *, as_settled: bool = True
) -> None:
    act = service.resolve if as_settled else service.refuse
    await act(session, viewer, code, OutcomeIn(outcome="已办理"), expect=lambda _version: None, now=now)


async def test_cases_are_raised_together_with_body_and_day_and_none_twice(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World, told: list[list[int]]
) -> None:
    bank = world.institutions["B1-DL"]
    first = [wanted(world, "told", LAND, raised_for=bank), wanted(world, "free", CaseKind.FACTS)]
    codes = await service.raise_cases(session, [*first, first[0]], now=now)
    assert told == [sorted(world.entries[name] for name in ("told", "free"))]
    again = await service.raise_cases(session, [*first, wanted(world, "told", GUARANTEE)], now=now)
    assert list(again) == [(world.entries["told"], GUARANTEE)]
    assert await service.raise_cases(session, first, now=now) == {}
    assert await service.raise_cases(session, [], now=now) == {}
    assert len(told) == 2

    listed = {
        one.code: one
        for one in (await service.list_cases(session, viewer, PAGE, CaseFilter(), now=now)).items
    }
    land = listed[codes[world.entries["told"], LAND]]
    assert (land.body, land.body_institution, land.raised_for, land.state) == (
        "XTJZ机构",
        "XTJZ",
        "B1-DL",
        "open",
    )
    # 15 November 2023 is a Wednesday; fifteen working days end on Wednesday, 6 December.
    assert (land.working_days, land.due_on, land.clause) == (
        15,
        date(2023, 12, 6),
        "黑银发〔2023〕25号 (十五)",
    )
    facts = listed[codes[world.entries["free"], CaseKind.FACTS]]
    assert (facts.body, facts.body_institution) == ("哈尔滨市统筹部门", None)
    guarantee = listed[again[world.entries["told"], GUARANTEE]]
    assert (guarantee.body_institution, guarantee.raised_by) == ("JGJ", "B1经办")


async def test_no_more_statements_are_sent_for_many_cases_than_for_one(
    session: AsyncSession, now: datetime, world: World
) -> None:
    for number in range(20):
        await add_need(session, world, f"more{number}", {})
    counts = []
    for kinds, names in (
        ([LAND], ["told"]),
        ([ENVIRONMENT, GUARANTEE], [f"more{number}" for number in range(20)]),
    ):
        with counted(session) as sent:
            raised = await service.raise_cases(
                session, [wanted(world, name, kind) for name in names for kind in kinds], now=now
            )
        assert len(raised) == len(kinds) * len(names)
        ids = list(world.entries.values())
        with counted(session) as read:
            await service.open_spans_of(session, ids)
            await service.facts_resolved(session, ids)
        counts.append((len(sent), len(read)))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    "change",
    [{"withdrawn_at": datetime(2023, 11, 1, tzinfo=UTC)}, {"status": "review"}, {"status": "refused"}],
    ids=str,
)
async def test_an_entry_off_the_roster_takes_no_case_but_its_open_ones_can_be_closed(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World, change: dict[str, Any]
) -> None:
    [code] = (await service.raise_cases(session, [wanted(world, "told", LAND)], now=now)).values()
    await session.execute(update(WhitelistEntry).values(change))
    assert await service.raise_cases(session, [wanted(world, "told", ENVIRONMENT)], now=now) == {}
    asked = CaseIn(entry=world.codes["told"], kind=ENVIRONMENT, question="请协调")
    with pytest.raises(Conflict) as refusal:
        await service.raise_case(session, viewer, asked, now=now)
    assert refusal.value.faults[0].where == "entry"
    await close(session, viewer, now, code)


async def test_spans_tell_since_when_until_when_and_by_whom(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World, told: list[list[int]]
) -> None:
    entry = world.entries["told"]
    codes = await service.raise_cases(
        session, [wanted(world, "told", kind) for kind in (LAND, GUARANTEE)], now=now
    )
    later = now.replace(day=20)
    await close(session, viewer, later, codes[entry, LAND], as_settled=False)
    assert told[1:] == [[entry]]
    await service.raise_cases(session, [wanted(world, "told", LAND)], now=later)
    spans = await service.open_spans_of(session, world.entries.values())
    assert {name: [(one.kind, one.state, one.raised_at, one.closed_at, one.body) for one in found] for name, found in spans.items()} == {
        entry: [
            (LAND, CaseState.REFUSED, now, later, "XTJZ机构"),
            (GUARANTEE, CaseState.OPEN, now, None, "JGJ机构"),
            (LAND, CaseState.OPEN, later, None, "XTJZ机构"),
        ]
    }  # fmt: skip


async def test_what_was_resolved_leads_a_new_classification_past_its_obstacle(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    entry = world.entries["told"]
    declined: dict[int, Facts] = {
        entry: {"missing_elements": Members.at_least(["construction"]), "litigation": True}
    }
    assert await bottlenecks.classify_entries(session, viewer, declined, now=now) == {entry: "elements"}
    kinds = (LAND, ENVIRONMENT, CaseKind.CONSTRUCTION, CaseKind.PUBLIC_GUARANTEE)
    codes = await service.raise_cases(session, [wanted(world, "told", kind) for kind in kinds], now=now)
    assert await service.facts_resolved(session, [entry]) == {}
    remaining = {"land", "environment", "construction"}
    resolved: dict[str, FactValue] = {}
    for kind in kinds:
        await close(session, viewer, now, codes[entry, kind])
        remaining -= {kind.value}
        resolved = (await service.facts_resolved(session, [entry, world.entries["free"]]))[entry]
        assert resolved["missing_elements"] == Members(frozenset(remaining))
        routes = await bottlenecks.classify_entries(session, viewer, {entry: resolved}, now=now)
        assert routes == {entry: "elements" if remaining else "c"}
    assert resolved == {"missing_elements": Members.of(), "guarantee_available": True}
    await service.raise_cases(session, [wanted(world, "told", LAND)], now=now)
    once_more = (await service.facts_resolved(session, [entry]))[entry]
    assert once_more["missing_elements"] == Members.of()
    later: dict[int, Facts] = {entry: {"missing_elements": Members.at_least(["land"])}}
    await bottlenecks.classify_entries(session, viewer, later, now=now)
    assert (await service.facts_resolved(session, [entry]))[entry]["missing_elements"] == Members.of("land")


async def test_a_statement_that_names_an_element_anew_takes_its_resolution_back(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    entry, later = world.entries["free"], now + timedelta(days=1)
    codes = await service.raise_cases(
        session, [wanted(world, "free", kind) for kind in (LAND, GUARANTEE)], now=now
    )
    for code in codes.values():
        await close(session, viewer, now, code)
    both = {"missing_elements": Members.of(), "guarantee_available": True}
    assert await service.facts_resolved(session, [entry]) == {entry: both}
    for number, missing in enumerate((["construction"], ["construction", "land"])):
        await restate(session, world, "free", NEEDS["free"] | {"missing_elements": missing})
        stored = NeedRevision.id == (await session.get_one(WhitelistEntry, entry)).need_revision_id
        since = later + timedelta(hours=number)
        await session.execute(update(NeedRevision).where(stored).values(created_at=since))
        left = {"missing_elements": Members.of("construction")} if number == 0 else {}
        assert await service.facts_resolved(session, [entry]) == {entry: left | {"guarantee_available": True}}
        assert await service.missing_elements(session, [entry]) == {entry: set(missing)}


async def test_lists_go_by_day_with_what_has_none_last_and_counts_follow_the_filters(
    session: AsyncSession, viewer: Viewer, now: datetime, world: World
) -> None:
    unknown = datetime(2049, 1, 5, 2, 0, tzinfo=UTC)
    kinds = (LAND, ENVIRONMENT, GUARANTEE)
    early = await service.raise_cases(session, [wanted(world, "told", kind) for kind in kinds], now=now)
    later = now.replace(day=28)
    late = await service.raise_cases(
        session, [wanted(world, "held", LAND), wanted(world, "free", LAND)], now=later
    )
    undated = await service.raise_cases(session, [wanted(world, "free", GUARANTEE)], now=unknown)
    await close(session, viewer, now, early[world.entries["told"], GUARANTEE], as_settled=False)
    expected = [*early.values(), *late.values(), *undated.values()]
    on = datetime(2023, 12, 12, 2, 0, tzinfo=UTC)

    async def listed(**filters: Any) -> tuple[list[str], dict[str, int], dict[str, int], int]:
        codes: list[str] = []
        page = PageRequest(limit=2)
        while True:
            found = await service.list_cases(session, viewer, page, CaseFilter(**filters), now=on)
            codes += [one.code for one in found.items]
            if found.next is None:
                return codes, found.counts.states, found.counts.kinds, found.counts.overdue
            page = PageRequest(limit=2, cursor=found.next)

    codes, states, counted_kinds, overdue = await listed()
    assert codes == expected
    assert (states, counted_kinds, overdue) == (
        {"open": 5, "refused": 1}, {"environment": 1, "guarantee": 2, "land": 3}, 2,
    )  # fmt: skip
    whole = await service.list_cases(session, viewer, PAGE, CaseFilter(), now=on)
    assert [one.due_on for one in whole.items][-2:] == [date(2023, 12, 19), None]
    at_once = (whole.counts.states, whole.counts.kinds, whole.counts.overdue)
    assert at_once == (states, counted_kinds, overdue), "a page that holds all counts as the pages before"
    assert await listed(is_overdue=True) == (
        expected[:2],
        {"open": 5, "refused": 1},
        {"environment": 1, "land": 1},
        2,
    )
    assert (await listed(state=CaseState.REFUSED))[:3] == (
        expected[2:3],
        {"open": 5, "refused": 1},
        {"guarantee": 1},
    )
    assert (await listed(kind=LAND))[0] == [expected[0], expected[3], expected[4]]
    assert (await listed(region="230103"))[0] == [expected[4], expected[5]]
    assert (await listed(body="JGJ"))[0] == [expected[2], expected[5]]
    assert (await listed(entry=world.codes["held"]))[0] == [expected[3]]
    assert (await listed(edition="2024H1"))[:2] == ([], {})


async def test_who_declines_raises_cases_that_it_may_not_see_and_clocks_count_them(
    sessions: Sessions, now: datetime
) -> None:
    """A narrowed session of a bank without consents for judicial facts: rooms above work in it."""
    world = await build_kept(sessions)
    bank = Viewer("bank", "230000", (Grant(Role.RELATIONSHIP_MANAGER, "B1-DL"),), 1)
    async with sessions() as session:
        await session.connection(execution_options={"rongqiao_writes": True})
        narrow(session, bank, shanghai_today())
        cases: Sequence[NewCase] = [wanted(world, name, LAND) for name in ("held", "free")]
        raised = await service.raise_cases(session, cases, now=now)
        assert len(raised) == 2
        assert await service.raise_cases(session, cases, now=now) == {}
        assert set(await service.open_spans_of(session, world.entries.values())) == {key[0] for key in raised}
        assert (await service.list_cases(session, bank, PAGE, CaseFilter(), now=now)).items == []
        code = raised[world.entries["held"], LAND]
        with pytest.raises(NotFound):
            await service.comment(session, bank, code, CommentIn(text="看到吗"), now=now)
        own = [replace(cases[0], kind=ENVIRONMENT, raised_for=world.institutions["B1-DL"])]
        await service.raise_cases(session, own, now=now)
        shown = await service.list_cases(session, bank, PAGE, CaseFilter(), now=now)
        assert [one.kind for one in shown.items] == [ENVIRONMENT]
        assert shown.counts.states == {"open": 1}
        await session.rollback()
