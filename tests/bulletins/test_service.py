import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.bottlenecks.tables import BottleneckCase
from app.bulletins import service
from app.bulletins.bulletin import Bulletin, Section, texts_of
from app.bulletins.composition import DRAFT_MARK
from app.coverage import service as coverage
from app.docking import clock_queries, clock_service
from app.docking.tables import DockingEvent
from app.kernel.errors import NotFound, Refused
from app.whitelist.tables import EntryWithdrawal
from tests.docking.world import ASSIGNED, World, add_entry, add_event, assign, build_world, entry_code

OCTOBER = datetime(2023, 10, 11, 1, tzinfo=UTC)
AFTER_SEPTEMBER = datetime(2023, 10, 9, 1, tzinfo=UTC)
NOVEMBER = datetime(2023, 11, 6, 1, tzinfo=UTC)
NOW = datetime(2023, 11, 15, 2, tzinfo=UTC)
BANKS = ("icbc-dl",) * 6 + ("lj",) * 3 + (None,)


def section(made: Bulletin, key: str) -> Section:
    return next(one for one in made.sections if one.key == key)


def rows(made: Bulletin, key: str, table: str | None = None) -> list[list[str]]:
    [found] = [one for one in section(made, key).tables if one.key == (table or key)]
    return [texts_of(found, row) for row in found.rows]


async def contact(session: AsyncSession, world: World, number: int, at: datetime) -> None:
    await add_event(session, world, entry_code(number), "contacted", BANKS[number] or "", at, sequence=1)
    await clock_service.refresh(session, [world.entries[entry_code(number)]], at)


@pytest.fixture
async def world(session: AsyncSession) -> World:
    """Ten entries; in September four of six are contacted at one bank, and three of three at the other."""
    built = await build_world(session, BANKS, supporting=None)
    for number in (0, 1, 2, 3, 6, 7, 8):
        await contact(session, built, number, ASSIGNED + timedelta(days=1))
    return built


async def test_an_open_month_is_a_draft_and_the_closed_one_final(
    session: AsyncSession, viewer: Viewer, world: World
) -> None:
    draft = await service.bulletin(session, viewer, "2023-09", now=AFTER_SEPTEMBER)
    assert (draft.mark, draft.title) == (DRAFT_MARK, "黑龙江省融资对接情况月度通报")
    assert "上月（2023年8月）没有关账数，不作比较。" in section(draft, "overview").sentences
    closed = await coverage.close(session, viewer, "2023-09", now=AFTER_SEPTEMBER)
    final = await service.bulletin(session, viewer, "2023-09", now=NOW)
    assert (final.mark, final.dated, final.facts_sha256) == ("", AFTER_SEPTEMBER, closed.facts_sha256)
    assert final.facts_sha256 == draft.facts_sha256
    banks = [row[:5] for row in rows(final, "institutions")]
    assert banks[:2] == [["icbc", "6", "6", "4", "66.67"], ["lj", "3", "3", "3", "100.00"]]


async def test_a_month_stands_beside_the_one_before_and_closed_ones_are_restated(
    session: AsyncSession, viewer: Viewer, world: World
) -> None:
    await coverage.close(session, viewer, "2023-09", now=AFTER_SEPTEMBER)
    await contact(session, world, 4, ASSIGNED + timedelta(days=3))  # known after the close
    await contact(session, world, 5, OCTOBER)
    made = await service.bulletin(session, viewer, "2023-10", now=NOW)
    assert (
        "对接覆盖率90.00%（9/10），较上月上升20.00个百分点（上月70.00%，7/10）"
        in section(made, "overview").sentences[1]
    )
    assert rows(made, "changes", "moves")[0] == ["已对接", "7", "9", "2"]
    assert rows(made, "changes", "restated") == [
        ["2023年9月", "关账数", "10", "7", "70.00", "0", "0", "0"],
        ["2023年9月", "重述数", "10", "8", "80.00", "0", "0", "0"],
    ]


async def test_what_was_late_at_the_end_of_a_month_stays_so_whatever_happens_later(
    session: AsyncSession, viewer: Viewer, world: World
) -> None:
    before = await service.bulletin(session, viewer, "2023-09", now=AFTER_SEPTEMBER)
    late = rows(before, "late", "late_by_step")
    assert ["接单", "2", "17"] in late
    assert rows(before, "late", "late_by_institution")[-1] == late[-1]
    await contact(session, world, 4, OCTOBER)
    await assign(session, world, entry_code(5), "lj", OCTOBER)
    await assign(session, world, entry_code(9), "ccb", OCTOBER)
    again = await service.bulletin(session, viewer, "2023-09", now=NOW)
    assert section(again, "late") == section(before, "late")
    await clock_queries.drop_clocks(
        session, set(world.entries.values())
    )  # and without any clock that is kept
    assert section(await service.bulletin(session, viewer, "2023-09", now=NOW), "late") == section(
        before, "late"
    )
    assert section(again, "late").sentences[0].startswith("截至2023年9月末")


async def test_obstacles_are_those_of_the_end_of_the_month_that_no_credit_has_overcome(
    session: AsyncSession, viewer: Viewer, world: World
) -> None:
    def case(number: int, route: str, at: datetime, *, is_current: bool) -> BottleneckCase:
        return BottleneckCase(
            entry_id=world.entries[entry_code(number)], need_revision_id=number + 1, match_run_id=None,
            cause="declined", route=route, content_hash="0" * 64, detail={}, is_current=is_current, created_at=at,
        )  # fmt: skip

    ids = await _revisions(session, world)
    stored = (
        case(0, "a", OCTOBER, is_current=False), case(0, "policy_gap", NOVEMBER, is_current=True),
        case(1, "a", OCTOBER, is_current=True), case(2, "d", OCTOBER, is_current=True),
        case(3, "ask", NOVEMBER, is_current=True), case(4, "ask", OCTOBER, is_current=False),
    )  # fmt: skip
    for one in stored:
        one.need_revision_id = ids[one.entry_id]
        session.add(one)
        await session.flush()
    await add_event(
        session, world, entry_code(2), "credit_approved", "icbc-dl", ASSIGNED + timedelta(days=5), sequence=2,
        amount_fen=100,
    )  # fmt: skip
    closed = await service.bulletin(session, viewer, "2023-10", now=NOW)
    assert [row[:2] for row in rows(closed, "blocked")] == [["轻资产、缺少抵押担保", "2"], ["合计", "2"]]
    assert rows(closed, "blocked")[0][4] == "黑银发〔2023〕25号（十六）"
    running = await service.bulletin(session, viewer, "2023-11", now=NOW)
    assert [row[:4] for row in rows(running, "blocked")[1:3]] == [
        ["待补充信息", "1", "—", "统筹部门"],
        ["政策空缺", "1", "—", "统筹部门"],
    ]


async def _revisions(session: AsyncSession, world: World) -> dict[int, int]:
    from app.whitelist.tables import WhitelistEntry  # noqa: PLC0415 - next to its one use

    found = [await session.get(WhitelistEntry, entry_id) for entry_id in world.entries.values()]
    return {one.id: one.need_revision_id for one in found if one is not None}


async def test_what_happened_within_the_month_is_counted_and_what_was_corrected_is_not(
    session: AsyncSession, viewer: Viewer, world: World
) -> None:
    await add_entry(session, world, 10, admitted_at=OCTOBER)
    await add_event(session, world, entry_code(0), "declined", "icbc-dl", OCTOBER, sequence=2)
    await add_event(session, world, entry_code(1), "declined", "icbc-dl", OCTOBER, sequence=2)
    session.add(
        DockingEvent(
            entry_id=world.entries[entry_code(1)], sequence=3, kind="corrected", institution_id=None, corrects=2,
            occurred_at=NOW, recorded_at=NOW, actor="test", detail={}, is_simulated=False,
        )
    )  # fmt: skip
    session.add(
        EntryWithdrawal(
            entry_id=world.entries[entry_code(2)], withdrawn_at=OCTOBER, withdrawn_by="t", reason="退出",
            reopened_at=OCTOBER + timedelta(days=1), reopened_by="t", reopen_reason="恢复",
        )
    )  # fmt: skip
    await session.flush()
    made = await service.bulletin(session, viewer, "2023-10", now=NOW)
    assert dict(rows(made, "changes", "happened")) == {
        "新入选": "1", "撤出名单": "1", "恢复入选": "1", "机构婉拒": "1", "婉拒后转交下一责任方": "0",
    }  # fmt: skip
    assert rows(made, "changes", "declines") == [["涉案涉诉", "1"], ["合计", "1"]]


async def test_nothing_in_a_bulletin_names_a_firm_or_its_entry(
    session: AsyncSession, viewer: Viewer, world: World
) -> None:
    await coverage.close(session, viewer, "2023-09", now=AFTER_SEPTEMBER)
    text = service.rendered(
        await service.bulletin(session, viewer, "2023-09", now=NOW), service.Format.JSON
    ).decode()
    for number in range(len(BANKS)):
        assert f"公司{number}" not in text
        assert entry_code(number).removeprefix("2023H2-") not in text


async def test_statements_do_not_grow_with_the_roster(
    session: AsyncSession, viewer: Viewer, world: World
) -> None:
    statements: list[str] = []

    def note(*arguments: Any) -> None:
        statements.append(arguments[2])

    engine = (await session.connection()).sync_connection
    assert engine is not None
    await service.bulletin(session, viewer, "2023-09", now=NOW)  # policies are read once
    sql_event.listen(engine, "before_cursor_execute", note)
    await service.bulletin(session, viewer, "2023-09", now=NOW)
    few = len(statements)
    for number in range(10, 30):
        await add_entry(session, world, number)
        await assign(session, world, entry_code(number), "lj", ASSIGNED)
    statements.clear()
    await service.bulletin(session, viewer, "2023-09", now=NOW)
    sql_event.remove(engine, "before_cursor_execute", note)
    assert len(statements) == few


async def test_equal_figures_give_equal_files(session: AsyncSession, viewer: Viewer, world: World) -> None:
    await coverage.close(session, viewer, "2023-09", now=AFTER_SEPTEMBER)
    for kind in (service.Format.JSON, service.Format.XLSX):
        made = [
            await service.write(session, viewer, "2023-09", kind, now=now)
            for now in (NOW, NOW + timedelta(days=9))
        ]
        assert made[0] == made[1]


async def test_a_month_without_a_roster_or_that_is_none_is_refused(
    session: AsyncSession, viewer: Viewer, world: World
) -> None:
    with pytest.raises(NotFound, match="No whitelist edition"):
        await service.bulletin(session, viewer, "2022-09", now=NOW)
    with pytest.raises(NotFound, match="has not begun"):
        await service.bulletin(session, viewer, "2023-12", now=NOW)
    with pytest.raises(Refused, match="cannot be read"):
        await service.bulletin(session, viewer, "2023-13", now=NOW)
    assert json.loads(
        service.rendered(await service.bulletin(session, viewer, "2023-07", now=NOW), service.Format.JSON)
    )
