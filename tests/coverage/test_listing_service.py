"""The list behind a published figure holds that many entries, also after a closed month was restated."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Grant, Role, Viewer
from app.coverage import listing_service, service
from app.coverage.listing import Wanted, Which
from app.coverage.rules import Cut
from app.kernel.database import Sessions, transaction
from app.kernel.paging import PageRequest
from app.visibility.service import narrow
from tests.docking.world import ASSIGNED, add_event, build_world, entry_code

NOW = datetime(2023, 11, 15, 2, 0, tzinfo=UTC)
ONE = PageRequest(limit=1)


async def test_the_pages_of_a_list_hold_what_the_closed_figure_counts(
    session: AsyncSession, viewer: Viewer
) -> None:
    world = await build_world(session, ("icbc-dl", "icbc-dl", "lj", None))
    for place, bank in ((0, "icbc-dl"), (2, "lj")):
        at = ASSIGNED + timedelta(days=1)
        await add_event(session, world, entry_code(place), "contacted", bank, at, sequence=1)
    await service.close(session, viewer, "2023-09", now=NOW)
    await add_event(session, world, entry_code(1), "contacted", "icbc-dl", ASSIGNED, sequence=1)
    shown = await service.show(session, viewer, "2023-09", by=Cut.INSTITUTION, now=NOW)
    assert shown.restated is not None
    assert (shown.total.coverage.numerator, shown.restated.coverage.numerator) == (2, 3)
    contacted = Wanted(Which.CONTACTED)
    first = await listing_service.entries_behind(session, viewer, "2023-09", contacted, ONE, now=NOW)
    assert (first.count, first.shown, first.is_closed) == (2, 2, True)
    after = PageRequest(limit=1, cursor=first.next)
    second = await listing_service.entries_behind(session, viewer, "2023-09", contacted, after, now=NOW)
    assert [one.code for one in (*first.items, *second.items)] == [entry_code(0), entry_code(2)]
    assert second.next is None
    assert (second.items[0].institution, second.items[0].contacted_at) == ("lj", ASSIGNED + timedelta(days=1))
    cells = await listing_service.heat(session, viewer, "2023-09", now=NOW)
    assert [(row.name, sum(row.entries), sum(row.reached)) for row in cells.rows] == [("哈尔滨市", 4, 2)]
    today = await listing_service.entries_behind(session, viewer, "2023-10", contacted, ONE, now=NOW)
    assert (today.count, today.is_closed) == (3, False)


async def test_who_sees_a_part_is_listed_that_part_and_told_the_whole_figure(
    sessions: Sessions, viewer: Viewer
) -> None:
    async with transaction(sessions) as session:
        await build_world(session, ("icbc-dl", "icbc-dl", "lj", None))
    partial = Viewer("道里", viewer.jurisdiction, (Grant(Role.COORDINATOR, "230102"),), 7)
    async with transaction(sessions, writes=False) as session:
        narrow(session, partial, NOW.date())
        found = await listing_service.entries_behind(
            session, partial, "2023-09", Wanted(), PageRequest(), now=NOW
        )
    assert (found.count, found.shown) == (4, 2)
    assert {one.region for one in found.items} == {"230102"}
