"""Months close by themselves on the first working day afterwards, in order, and stay closed in the database."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Grant, Role, Viewer
from app.coverage import queries, service
from app.coverage.months import NextClose, closes_on
from app.coverage.tables import CoverageSnapshot
from app.kernel.database import Sessions, transaction
from app.kernel.errors import Conflict, Forbidden
from app.kernel.shanghai import SHANGHAI
from app.reference.errors import CalendarUnknownError
from app.reference.working_days import WorkingCalendar
from app.whitelist.tables import WhitelistEdition, WhitelistEntry
from tests.docking.world import add_event, build_world, entry_code


def at(day: str, hour: int = 0) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("month", "day"),
    [
        ("2023-08", "2023-09-01"),
        ("2023-09", "2023-10-07"),  # a Saturday on which people work, after the National Day holidays
        ("2023-12", "2024-01-02"),
        ("2024-04", "2024-05-06"),
    ],
)
def test_a_month_closes_on_the_first_working_day_after_it(month: str, day: str) -> None:
    assert closes_on(month, WorkingCalendar()) == date.fromisoformat(day)


def test_a_working_day_that_nobody_published_is_not_guessed() -> None:
    with pytest.raises(CalendarUnknownError):
        closes_on("2098-12", WorkingCalendar())


async def test_due_months_close_in_order_once(session: AsyncSession, viewer: Viewer) -> None:
    await build_world(session)
    assert await service.close_due(session, viewer, now=at("2023-10-06", 23)) == []
    assert await service.next_close(session, viewer) == NextClose("2023-09", date(2023, 10, 7))
    [first] = await service.close_due(session, viewer, now=at("2023-10-07"))
    assert (first.month, first.closed_at) == ("2023-09", at("2023-10-07"))
    assert await service.close_due(session, viewer, now=at("2023-10-07", 9)) == []
    more = await service.close_due(session, viewer, now=at("2023-12-15"))
    assert [one.month for one in more] == ["2023-10", "2023-11"]


async def test_what_was_closed_by_hand_is_not_closed_again(session: AsyncSession, viewer: Viewer) -> None:
    await build_world(session)
    await service.close(session, viewer, "2023-09", now=at("2023-10-02"))
    closed = await service.close_due(session, viewer, now=at("2023-11-01"))
    assert [one.month for one in closed] == ["2023-10"]


async def test_it_waits_where_no_edition_was_in_force(session: AsyncSession, viewer: Viewer) -> None:
    assert await service.close_due(session, viewer, now=at("2024-03-04")) == []
    await build_world(session)
    closed = await service.close_due(session, viewer, now=at("2024-03-04"))
    assert [one.month for one in closed] == ["2023-09", "2023-10", "2023-11", "2023-12"]
    following = await service.next_close(session, viewer)
    assert (following.month, following.on) == ("2024-01", None)
    assert "in force at the end of 2024-01" in following.obstacle


async def test_it_closes_nothing_and_says_so_where_working_days_are_not_known(
    session: AsyncSession, viewer: Viewer
) -> None:
    await build_world(session)
    year = {"in_force_from": date(2090, 1, 1), "in_force_until": date(2090, 6, 30), "code": "2090H1"}
    await session.execute(update(WhitelistEdition).values(year))
    await session.execute(update(WhitelistEntry).values(admitted_at=at("2090-01-15")))
    assert await service.close_due(session, viewer, now=at("2090-05-01")) == []
    following = await service.next_close(session, viewer)
    assert (following.month, following.on) == ("2090-01", None)
    assert "The working days of 2090 are not known" in following.obstacle
    assert (await session.execute(select(CoverageSnapshot))).all() == []


async def test_only_who_answers_for_the_whole_closes(session: AsyncSession) -> None:
    await build_world(session)
    city = Viewer("c", "230000", (Grant(Role.COORDINATOR, "230100"),), person=1)
    with pytest.raises(Forbidden):
        await service.close_due(session, city, now=at("2023-12-15"))


async def test_of_two_who_close_at_the_same_time_the_second_is_told_and_goes_on(
    session: AsyncSession, viewer: Viewer
) -> None:
    world = await build_world(session)
    await service.close(session, viewer, "2023-09", now=at("2023-10-02"))
    second = CoverageSnapshot(
        jurisdiction="230000", edition_id=world.edition_id, month="2023-09", facts=b"", facts_sha256="", figures={},
        closed_by="b", closed_at=at("2023-10-02"),
    )  # fmt: skip
    with pytest.raises(Conflict, match="somebody else"):
        await queries.keep_snapshot(session, second)
    assert await queries.closed_months(session, viewer) == ["2023-09"]


EDITS = {
    "update": "UPDATE coverage_snapshots SET facts_sha256 = 'x'",
    "delete": "DELETE FROM coverage_snapshots",
}
BACKENDS_OWN = {
    "sqlite": "INSERT OR REPLACE INTO coverage_snapshots SELECT * FROM coverage_snapshots",
    "postgresql": "TRUNCATE coverage_snapshots",
}


async def test_the_database_refuses_to_edit_a_closed_month(sessions: Sessions, viewer: Viewer) -> None:
    async with transaction(sessions) as session:
        world = await build_world(session)
        await service.close(session, viewer, "2023-09", now=at("2023-10-02"))
        backend = session.get_bind().dialect.name
    for statement in (*EDITS.values(), BACKENDS_OWN[backend]):
        with pytest.raises(DBAPIError, match="a closed month never changes"):
            await _do(sessions, statement)
    async with transaction(sessions) as session:
        await add_event(session, world, entry_code(0), "contacted", "icbc-dl", at("2023-09-20"), sequence=1)
        verdict = await service.verify(session, viewer, "2023-09")
        closed = await service.close(session, viewer, "2023-10", now=at("2023-11-02"))
    assert (verdict.is_intact, verdict.is_restated, closed.month) == (True, True, "2023-10")


async def _do(sessions: Sessions, statement: str) -> Any:
    async with transaction(sessions) as session:
        await session.execute(text(statement))


def test_closing_waits_for_the_day_even_within_its_first_minutes() -> None:
    due = NextClose("2023-09", date(2023, 10, 7))
    midnight = at("2023-10-07")
    assert [due.is_due(midnight + timedelta(microseconds=shift)) for shift in (-1, 0)] == [False, True]


async def test_months_of_a_simulated_roster_are_closed_by_hand(session: AsyncSession, viewer: Viewer) -> None:
    world = await build_world(session)
    contact = at("2023-09-06")
    await add_event(
        session, world, entry_code(0), "contacted", "icbc-dl", contact, sequence=1, is_simulated=True
    )
    await service.close(session, viewer, "2023-09", now=at("2023-10-02"))
    assert await service.close_due(session, viewer, now=at("2023-12-15")) == []
    assert "simulated" in (await service.next_close(session, viewer)).obstacle
