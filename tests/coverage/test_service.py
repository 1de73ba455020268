import io
import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.coverage import canonical, queries, service
from app.coverage.months import check_closable
from app.coverage.rules import CUT_LABELS, Cut, compute
from app.coverage.schemas import FiguresOut
from app.coverage.tables import CoverageSnapshot
from app.institutions.tables import Institution
from app.kernel.errors import Conflict, NotFound
from app.whitelist.tables import WhitelistEntry
from tests.coverage.guard import lift_guard
from tests.docking.world import ASSIGNED, World, add_entry, add_event, assign, build_world, entry_code

MICROSECOND = timedelta(microseconds=1)
SEPTEMBER_ENDS = datetime(2023, 9, 30, 16, 0, tzinfo=UTC)
NOW = datetime(2023, 11, 15, 2, 0, tzinfo=UTC)
ONE = ("icbc-dl",)


def levels(figures: FiguresOut) -> list[int]:
    ratios = (figures.assigned, figures.contacted, figures.answered, figures.credited, figures.disbursed)
    return [figures.entries, *(ratio.numerator for ratio in ratios)]


async def run_through(session: AsyncSession, world: World, code: str, institution: str) -> None:
    """Let an entry be contacted, credited and paid out in September."""
    steps = (("contacted", 0), ("credit_approved", 400_000_000), ("disbursed", 100_000_000))
    for number, (kind, amount) in enumerate(steps, 1):
        at = ASSIGNED + timedelta(days=2 * number)
        await add_event(session, world, code, kind, institution, at, sequence=number, amount_fen=amount)


async def test_a_month_is_shown_by_its_cuts(session: AsyncSession, viewer: Viewer) -> None:
    world = await build_world(session, ("icbc-dl", "icbc-dl", "lj", None))
    await run_through(session, world, entry_code(0), "icbc-dl")
    await add_event(session, world, entry_code(2), "contacted", "lj", ASSIGNED, sequence=1, is_simulated=True)
    shown = await service.show(session, viewer, "2023-09", by=Cut.INSTITUTION, now=NOW)
    assert (shown.edition, shown.closed, shown.until) == ("2023H2", None, SEPTEMBER_ENDS)
    assert levels(shown.total) == [4, 3, 2, 1, 1, 1]
    assert shown.total.coverage.model_dump() == {"numerator": 2, "denominator": 4, "percent": "50.00"}
    assert shown.total.rate.percent == "3.8500"
    assert (shown.total.first_loan.numerator, shown.total.credit_loan.percent) == (1, "100.00")
    assert (shown.total.days_to_contact.p50, shown.total.days_to_contact.p90) == (0, 2)
    assert shown.total.simulated == 1
    assert [(row.key, levels(row.figures)[:3]) for row in shown.rows] == [
        ("icbc", [2, 2, 1]),
        ("icbc-hrb", [2, 2, 1]),
        ("icbc-dl", [2, 2, 1]),
        ("lj", [1, 1, 1]),
        ("", [1, 0, 0]),
    ]
    by_region = await service.show(session, viewer, "2023-09", by=Cut.REGION, now=NOW)
    assert [(row.key, row.name, row.figures.entries) for row in by_region.rows] == [
        ("230000", "黑龙江省", 4),
        ("230100", "哈尔滨市", 4),
        ("230102", "道里区", 2),
        ("230103", "南岗区", 2),
    ]
    by_chain = await service.show(session, viewer, "2023-09", by=Cut.CHAIN, now=NOW)
    assert [(row.name, row.figures.entries) for row in by_chain.rows] == [
        ("航空产业链", 2),
        ("未归入产业链", 2),
    ]


@pytest.mark.parametrize(("offset", "september", "october"), [(-1, 1, 1), (0, 0, 1)])
async def test_a_month_ends_at_midnight_in_shanghai(
    session: AsyncSession, viewer: Viewer, offset: int, september: int, october: int
) -> None:
    world = await build_world(session, ONE)
    at = SEPTEMBER_ENDS + offset * MICROSECOND
    await add_event(session, world, entry_code(0), "contacted", "icbc-dl", at, sequence=1)
    shown = [await service.show(session, viewer, month, now=NOW) for month in ("2023-09", "2023-10")]
    assert [one.total.contacted.numerator for one in shown] == [september, october]


async def test_admission_and_withdrawal_count_by_the_same_midnight(
    session: AsyncSession, viewer: Viewer
) -> None:
    world = await build_world(session, ("icbc-dl", "icbc-dl"))
    await add_entry(session, world, 2, admitted_at=SEPTEMBER_ENDS - MICROSECOND)
    await add_entry(session, world, 3, admitted_at=SEPTEMBER_ENDS)
    for number, at in ((0, SEPTEMBER_ENDS - MICROSECOND), (1, SEPTEMBER_ENDS)):
        entry = await session.get_one(WhitelistEntry, world.entries[entry_code(number)])
        entry.withdrawn_at = at
    await session.flush()
    counted = {}
    for month in ("2023-08", "2023-09", "2023-10"):
        facts = json.loads((await service.facts_file(session, viewer, month, now=NOW)).data)
        counted[month] = [int(entry["entry"][-1]) for entry in facts["entries"]]
    assert counted == {"2023-08": [], "2023-09": [1, 2], "2023-10": [2, 3]}


async def test_the_edition_in_force_at_the_end_of_the_month_counts(
    session: AsyncSession, viewer: Viewer
) -> None:
    await build_world(session, ONE)
    for month in ("2023-06", "2024-01"):
        with pytest.raises(NotFound, match="in force at the end"):
            await service.show(session, viewer, month, now=datetime(2024, 2, 2, tzinfo=UTC))
    stated = await service.show(
        session, viewer, "2024-01", edition="2023H2", now=datetime(2024, 2, 2, tzinfo=UTC)
    )
    assert stated.total.entries == 1
    with pytest.raises(NotFound, match="has not begun"):
        await service.show(session, viewer, "2023-12", now=NOW)


async def test_facts_need_no_more_statements_for_more_entries(session: AsyncSession, viewer: Viewer) -> None:
    world = await build_world(session, ("icbc-dl",))
    counts: list[int] = []
    connection = await session.connection()

    def count(*_args: Any) -> None:
        counts[-1] += 1

    sql_event.listen(connection.sync_connection, "before_cursor_execute", count)
    for more in range(2):
        counts.append(0)
        await service.show(session, viewer, "2023-09", by=Cut.REGION, now=NOW)
        taken = counts[-1]
        for number in range(1 + 10 * more, 10 + 10 * more):
            await add_entry(session, world, number)
            await run_through(session, world, entry_code(number), "lj")
        counts[-1] = taken
    assert counts[0] == counts[1] <= 12


async def test_a_closed_figure_never_changes_and_later_facts_stand_beside_it(
    session: AsyncSession, viewer: Viewer
) -> None:
    world = await build_world(session, ("icbc-dl", "icbc-dl"))
    await run_through(session, world, entry_code(0), "icbc-dl")
    before = await service.show(session, viewer, "2023-09", by=Cut.REGION, now=NOW)
    closed = await service.close(session, viewer, "2023-09", now=NOW)
    same = await service.show(session, viewer, "2023-09", by=Cut.REGION, now=NOW)
    assert (same.total, same.restated, same.rows) == (before.total, None, before.rows)
    assert same.closed == closed

    await add_event(session, world, entry_code(1), "contacted", "icbc-dl", ASSIGNED, sequence=1)
    later = await service.show(session, viewer, "2023-09", by=Cut.REGION, now=NOW)
    assert later.total == before.total
    assert later.restated is not None
    assert (later.total.contacted.numerator, later.restated.contacted.numerator) == (1, 2)
    restated = {row.key for row in later.rows if row.restated}
    assert restated == {"230000", "230100", "230103"}
    assert [row.figures for row in later.rows] == [row.figures for row in before.rows]


async def test_rows_that_appear_or_vanish_after_the_close_are_restated_against_nothing(
    session: AsyncSession, viewer: Viewer
) -> None:
    world = await build_world(session, ("icbc-dl",))
    await service.close(session, viewer, "2023-09", now=NOW)
    await assign(session, world, entry_code(0), "ccb", ASSIGNED + timedelta(days=3))
    shown = await service.show(session, viewer, "2023-09", by=Cut.INSTITUTION, now=NOW)
    rows = {row.key: row for row in shown.rows}
    assert {
        key: (row.figures.entries, row.restated.entries) for key, row in rows.items() if row.restated
    } == {
        "icbc": (1, 0),
        "icbc-hrb": (1, 0),
        "icbc-dl": (1, 0),
        "ccb": (0, 1),
    }


async def test_a_closed_month_verifies_from_its_facts_and_names_what_came_later(
    session: AsyncSession, viewer: Viewer
) -> None:
    world = await build_world(session, ("icbc-dl", "icbc-dl"))
    await run_through(session, world, entry_code(0), "icbc-dl")
    closed = await service.close(session, viewer, "2023-09", now=NOW)
    good = await service.verify(session, viewer, "2023-09")
    assert (good.is_intact, good.is_restated, good.faults) == (True, False, [])
    assert good.found_sha256 == good.today_sha256 == closed.facts_sha256

    await add_event(session, world, entry_code(1), "contacted", "icbc-dl", ASSIGNED, sequence=1)
    await add_entry(session, world, 5)
    late = await service.verify(session, viewer, "2023-09")
    assert (late.is_intact, late.is_restated) == (True, True)
    assert (late.entries_added, late.entries_removed) == ([entry_code(5)], [])
    assert late.entries_changed == [entry_code(1)]
    assert (late.total.entries, late.today.entries) == (2, 3)


async def snapshot_of(session: AsyncSession) -> CoverageSnapshot:
    await lift_guard(session)
    return (await session.execute(select(CoverageSnapshot))).scalar_one()


async def test_an_altered_fact_is_found(session: AsyncSession, viewer: Viewer) -> None:
    await build_world(session, ONE)
    await service.close(session, viewer, "2023-09", now=NOW)
    stored = await snapshot_of(session)
    data = zlib.decompress(stored.facts)
    stored.facts = zlib.compress(data.replace(b'"first_loan":true', b'"first_loan":null'))
    await session.flush()
    broken = await service.verify(session, viewer, "2023-09")
    assert not broken.is_intact
    assert [fault.split(":")[0] for fault in broken.faults] == ["facts"]
    assert "closed under" in broken.faults[0]


async def test_altered_facts_with_a_hash_to_match_are_found_by_their_figures(
    session: AsyncSession, viewer: Viewer
) -> None:
    world = await build_world(session, ONE)
    await run_through(session, world, entry_code(0), "icbc-dl")
    await service.close(session, viewer, "2023-09", now=NOW)
    stored = await snapshot_of(session)
    data = zlib.decompress(stored.facts).replace(b'"disbursed":"1000000.00"', b'"disbursed":"4000000.00"')
    stored.facts, stored.facts_sha256 = zlib.compress(data), canonical.sha256_of(data)
    await session.flush()
    broken = await service.verify(session, viewer, "2023-09")
    assert broken.faults == ["figures: those kept are not those that the facts give"]


@pytest.mark.parametrize("data", [b"nothing packed", zlib.compress(b"{}"), zlib.compress(b"[1"), b""])
async def test_unreadable_facts_are_a_fault_and_not_a_crash(
    session: AsyncSession, viewer: Viewer, data: bytes
) -> None:
    await build_world(session, ONE)
    await service.close(session, viewer, "2023-09", now=NOW)
    stored = await snapshot_of(session)
    stored.facts = data
    await session.flush()
    assert not (await service.verify(session, viewer, "2023-09")).is_intact


async def test_a_month_closes_once_after_its_end_and_without_gaps(
    session: AsyncSession, viewer: Viewer
) -> None:
    await build_world(session, ONE)
    with pytest.raises(Conflict, match="has not ended") as early:
        await service.close(session, viewer, "2023-10", now=SEPTEMBER_ENDS + timedelta(days=31) - MICROSECOND)
    assert early.value.faults[0].remedy == "Close it from 2023-11-01."
    await service.close(session, viewer, "2023-09", now=SEPTEMBER_ENDS)
    with pytest.raises(Conflict, match="never change"):
        await service.close(session, viewer, "2023-09", now=NOW)
    await service.close(session, viewer, "2023-10", now=NOW)
    assert await queries.closed_months(session, viewer) == ["2023-09", "2023-10"]
    with pytest.raises(NotFound):
        await service.verify(session, viewer, "2023-08")


@pytest.mark.parametrize(
    ("month", "closed", "is_allowed"),
    [
        ("2023-09", [], True),
        ("2023-10", ["2023-09"], True),
        ("2023-11", ["2023-09"], False),
        ("2023-08", ["2023-09", "2023-10"], True),
        ("2024-01", ["2023-12"], True),
        ("2022-12", ["2023-01"], True),
    ],
)
def test_closed_months_form_one_unbroken_series(*, month: str, closed: list[str], is_allowed: bool) -> None:
    now = datetime(2025, 1, 1, tzinfo=UTC)
    if is_allowed:
        check_closable(month, closed, now)
        return
    with pytest.raises(Conflict) as caught:
        check_closable(month, closed, now)
    assert caught.value.faults[0].remedy == "Close 2023-08 or 2023-10 first."


async def test_the_facts_of_a_closed_month_recompute_to_its_figures(
    session: AsyncSession, viewer: Viewer
) -> None:
    world = await build_world(session, ("icbc-dl", "lj", None))
    await run_through(session, world, entry_code(1), "lj")
    closed = await service.close(session, viewer, "2023-09", now=NOW)
    await add_entry(session, world, 7)
    file = await service.facts_file(session, viewer, "2023-09", now=NOW)
    assert file.is_closed
    assert canonical.sha256_of(file.data) == file.sha256 == closed.facts_sha256
    report = compute(canonical.from_bytes(file.data))
    assert (report.total.entries, report.total.disbursed_fen) == (3, 100_000_000)


async def test_the_workbook_says_the_same_as_the_json(session: AsyncSession, viewer: Viewer) -> None:
    world = await build_world(session, ("icbc-dl", "icbc-dl", None))
    await run_through(session, world, entry_code(0), "icbc-dl")
    closed = await service.close(session, viewer, "2023-09", now=NOW)
    await add_event(session, world, entry_code(1), "contacted", "icbc-dl", ASSIGNED, sequence=1)
    data = await service.export(session, viewer, "2023-09", now=NOW)
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["总览", *CUT_LABELS.values(), "目标与漏斗", "方法"]
    for cut in Cut:
        shown = await service.show(session, viewer, "2023-09", by=cut, now=NOW)
        expected = [
            (basis, row.key, row.name, figures)
            for row in shown.rows
            for basis, figures in (("关账数", row.figures), ("重述数", row.restated))
            if figures is not None
        ]
        assert [_read(line) for line in _lines(book[CUT_LABELS[cut]])] == [
            (basis, key, name, *_said(figures)) for basis, key, name, figures in expected
        ]
    beside = [[cell.value for cell in row[:4]] for row in book["目标与漏斗"].rows]
    assert ["已授信", 1, 33.33, 100] in beside
    method = [[cell.value for cell in row[:2]] for row in book["方法"].rows]
    assert ["事实文件 SHA-256", closed.facts_sha256] in method


async def test_targets_in_force_stand_beside_the_figures_in_json_and_workbook(
    session: AsyncSession, viewer: Viewer
) -> None:
    world = await build_world(session, ("icbc-dl", "icbc-dl", None))
    await run_through(session, world, entry_code(0), "icbc-dl")
    await service.close(session, viewer, "2023-10", now=NOW)
    await add_event(session, world, entry_code(1), "contacted", "icbc-dl", ASSIGNED, sequence=1)
    early = await service.show(session, viewer, "2023-09", now=NOW)
    assert early.targets == []  # 黑银发〔2023〕25号 was not in force yet
    shown = await service.show(session, viewer, "2023-10", now=NOW)
    targets = [(one.key, one.actual, one.state.value, str(one.measured_on)) for one in shown.targets]
    assert targets == [
        ("targets.coverage", "1/3＝33.33%", "not_yet", "2023-10-31"),
        ("whitelist.min_entries", "3户（个）", "not_yet", "2023-10-31"),
        ("whitelist.refresh_months", "现行名单自2023-07-01起", "met", "2023-10-31"),
    ]
    running = await service.show(session, viewer, "2023-11", now=NOW)
    assert (running.targets[0].actual, str(running.targets[0].measured_on)) == ("2/3＝66.67%", "2023-11-15")
    book = openpyxl.load_workbook(io.BytesIO(await service.export(session, viewer, "2023-10", now=NOW)))
    lines = [[cell.value for cell in row[:5]] for row in book["目标与漏斗"].rows]
    assert ["白名单企业（项目）数下限", "3000户（个）", "3户（个）", "尚未达到", "2023-10-31"] in lines
    funnel = [(step.level, step.count, step.dropped, step.of_previous.percent) for step in shown.funnel]
    assert funnel[1:3] == [("assigned", 2, 1, "66.67"), ("contacted", 1, 1, "50.00")]


def _lines(sheet: Any) -> list[dict[str, Any]]:
    heads, *lines = ([cell.value for cell in row] for row in sheet.rows)
    return [dict(zip(heads, line, strict=True)) for line in lines]


def _read(line: dict[str, Any]) -> tuple[Any, ...]:
    return (
        line["口径"],
        line["代码"] or "",
        line["名称"],
        line["对接覆盖率 分子"],
        line["对接覆盖率 分母"],
        line["对接覆盖率（%）"],
        line["授信金额（万元）"],
        line["放款金额（万元）"],
        line["加权平均利率（%）"],
        line["信用贷款占比 分母（万元）"],
        line["对接用时 p90（自然日）"],
    )


def _said(figures: FiguresOut) -> tuple[Any, ...]:
    percent, rate = figures.coverage.percent, figures.rate.percent
    return (
        figures.coverage.numerator,
        figures.coverage.denominator,
        None if percent is None else float(percent),
        figures.credited_amount / 1_000_000,
        figures.disbursed_amount / 1_000_000,
        None if rate is None else float(rate),
        figures.credit_loan.denominator / 1_000_000,
        figures.days_to_contact.p90,
    )


async def test_a_name_that_looks_like_a_formula_stays_a_text(session: AsyncSession, viewer: Viewer) -> None:
    world = await build_world(session, ONE)
    institution = await session.get_one(Institution, world.institutions["icbc-dl"])
    institution.short_name = '=HYPERLINK("http://x","工行")'
    await session.flush()
    book = openpyxl.load_workbook(io.BytesIO(await service.export(session, viewer, "2023-09", now=NOW)))
    cells = [cell for row in book["按机构"].rows for cell in row if "HYPERLINK" in str(cell.value)]
    assert [cell.data_type for cell in cells] == ["s"]
