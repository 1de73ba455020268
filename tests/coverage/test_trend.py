"""Coverage over months: closed figures of closed months, today's of open ones, in constant statements."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.coverage import closed_months, queries, service
from app.coverage.ranking import RankingLevel, Sort
from app.coverage.ranking_service import ranking
from app.coverage.rules import Cut
from app.coverage.trend_schemas import TrendMonth
from app.coverage.trend_service import trend
from app.kernel.database import Sessions
from app.kernel.errors import Refused
from app.kernel.recording import Recorder, reading
from app.whitelist.tables import WhitelistEdition
from tests.accounts.offices import working
from tests.docking.world import ADMITTED, ASSIGNED, add_event, build_world, entry_code

NOW = datetime(2023, 11, 15, 2, 0, tzinfo=UTC)


def said(month: TrendMonth) -> tuple[Any, ...]:
    contacted = month.total.contacted.numerator if month.total else None
    again = month.restated.contacted.numerator if month.restated else None
    return month.month, month.state, month.edition, contacted, again


async def world_with_a_closed_month(session: AsyncSession, viewer: Viewer) -> None:
    world = await build_world(session, ("icbc-dl", "lj", "ccb"))
    await add_event(session, world, entry_code(0), "contacted", "icbc-dl", ASSIGNED, sequence=1)
    await service.close(session, viewer, "2023-09", now=datetime(2023, 10, 8, tzinfo=UTC))
    await add_event(session, world, entry_code(1), "contacted", "lj", ASSIGNED, sequence=1)


async def test_each_month_shows_its_own_figures_and_says_which_they_are(
    session: AsyncSession, viewer: Viewer
) -> None:
    await world_with_a_closed_month(session, viewer)
    shown = await trend(session, viewer, first="2023-06", last="2023-12", now=NOW)
    assert [said(month) for month in shown.months] == [
        ("2023-06", "no_edition", None, None, None),
        ("2023-07", "open", "2023H2", 0, None),
        ("2023-08", "open", "2023H2", 0, None),
        ("2023-09", "closed", "2023H2", 1, None),
        ("2023-10", "open", "2023H2", 2, None),
        ("2023-11", "open", "2023H2", 2, None),
    ]
    again = await trend(session, viewer, first="2023-09", last="2023-09", restated=True, now=NOW)
    assert [said(month) for month in again.months] == [("2023-09", "closed", "2023H2", 1, 2)]


async def test_rows_stand_with_their_month_and_beside_todays(session: AsyncSession, viewer: Viewer) -> None:
    await world_with_a_closed_month(session, viewer)
    shown = await trend(session, viewer, first="2023-09", by=Cut.INSTITUTION, restated=True, now=NOW)
    rows = {
        month.month: [
            (row.key, row.coverage.numerator, row.restated.numerator if row.restated else None)
            for row in month.rows
        ]
        for month in shown.months
    }
    assert rows["2023-09"] == [("ccb", 0, None), ("icbc", 1, None), ("icbc-hrb", 1, None), ("lj", 0, 1)]
    assert rows["2023-10"] == [("ccb", 0, None), ("icbc", 1, None), ("icbc-hrb", 1, None), ("lj", 1, None)]
    below = await trend(session, viewer, first="2023-11", by=Cut.INSTITUTION, key="icbc-hrb", now=NOW)
    assert [row.key for row in below.months[0].rows] == ["icbc-hrb", "icbc-dl"]


async def test_two_years_take_as_many_statements_as_two_months(session: AsyncSession, viewer: Viewer) -> None:
    await world_with_a_closed_month(session, viewer)
    for code, first, last in (
        ("2022H2", (2022, 7, 1), (2022, 12, 31)),
        ("2023H1", (2023, 1, 1), (2023, 6, 30)),
    ):
        session.add(
            WhitelistEdition(
                jurisdiction="230000", code=code, in_force_from=date(*first), in_force_until=date(*last), version=1,
                created_at=ADMITTED,
            )
        )  # fmt: skip
    await session.flush()
    connection, counts = await session.connection(), [0, 0]
    place = 0

    def count(*_args: Any) -> None:
        counts[place] += 1

    sql_event.listen(connection.sync_connection, "before_cursor_execute", count)
    few = await trend(session, viewer, first="2023-09", last="2023-10", by=Cut.REGION, now=NOW)
    place = 1
    many = await trend(session, viewer, first="2021-12", last="2023-11", by=Cut.REGION, now=NOW)
    assert (len(few.months), len(many.months)) == (2, 24)
    assert counts[0] == counts[1] <= 11


@pytest.mark.parametrize(("most", "reads"), [(closed_months.MOST_ROWS, 1), (0, 3)])
async def test_figures_of_closed_months_are_read_once_by_a_process_that_can_keep_them(
    sessions: Sessions, viewer: Viewer, monkeypatch: pytest.MonkeyPatch, most: int, reads: int
) -> None:
    async with working(sessions) as session:
        await world_with_a_closed_month(session, viewer)
    monkeypatch.setattr(closed_months, "MOST_ROWS", most)
    read, original = [], queries.parts_of_figures

    async def counted(session: AsyncSession, snapshots: Collection[int], by: Cut | None) -> Any:
        read.append(by)
        return await original(session, snapshots, by)

    monkeypatch.setattr(queries, "parts_of_figures", counted)
    shown = []
    for key in ("lj", "icbc", "lj"):
        async with reading(sessions, Recorder()) as session:
            found = await trend(session, viewer, first="2023-09", by=Cut.INSTITUTION, key=key, now=NOW)
        shown.append([row.key for row in found.months[0].rows])
    assert shown == [["lj"], ["icbc", "icbc-hrb"], ["lj"]]
    assert read == [Cut.INSTITUTION] * reads


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"first": "2023-10", "last": "2023-09"}, "wrong way round"),
        ({"first": "2020-01"}, "too many"),
        ({"first": "2023-13"}, "cannot be read"),
    ],
)
async def test_months_that_make_no_trend_are_refused(
    session: AsyncSession, viewer: Viewer, asked: dict[str, Any], message: str
) -> None:
    with pytest.raises(Refused, match=message):
        await trend(session, viewer, **asked, now=NOW)


async def test_left_out_it_is_the_last_twelve_months(session: AsyncSession, viewer: Viewer) -> None:
    shown = await trend(session, viewer, now=NOW)
    assert [shown.months[0].month, shown.months[-1].month, len(shown.months)] == ["2022-12", "2023-11", 12]


async def test_the_ranking_hides_what_tells_of_a_single_firm_and_says_by_which_clause(
    session: AsyncSession, viewer: Viewer
) -> None:
    world = await build_world(session, ("icbc-dl",) * 11 + ("lj",) * 10 + ("ccb",) * 4)
    for number in range(12):
        owner = "icbc-dl" if number < 11 else "lj"
        at = ASSIGNED + timedelta(days=1)
        await add_event(session, world, entry_code(number), "contacted", owner, at, sequence=1)
    shown = await ranking(session, viewer, "2023-09", RankingLevel.HEAD_OFFICE, Sort.COVERAGE, now=NOW)
    cells = [
        (
            row.rank,
            row.key,
            row.coverage.numerator,
            row.coverage.denominator,
            row.coverage.percent,
            row.hidden,
        )
        for row in shown.rows
    ]
    assert cells == [
        (None, "ccb", 0, 4, "0.00", []),
        (None, "icbc", None, 11, None, ["contacted"]),
        (None, "lj", None, 10, None, ["contacted"]),
    ]
    by_amount = await ranking(
        session, viewer, "2023-09", RankingLevel.HEAD_OFFICE, Sort.CREDITED_AMOUNT, now=NOW
    )
    assert [(row.rank, row.key) for row in by_amount.rows] == [(1, "icbc"), (1, "lj"), (None, "ccb")]
    assert (shown.least_entries, shown.smallest_cell) == (10, 3)
    assert "经办方设定" in shown.citation
    await service.close(session, viewer, "2023-09", now=NOW)
    closed = await ranking(session, viewer, "2023-09", RankingLevel.HEAD_OFFICE, Sort.COVERAGE, now=NOW)
    assert (closed.is_closed, closed.rows) == (True, shown.rows)
