"""The round: what time makes due is done once, told to whom it concerns, and goes on where it was broken off."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from app.accounts import account_service
from app.accounts.rules import Role
from app.accounts.tables import AuditEvent, Person, RoleGrant
from app.allocation.tables import Assignment, EntryHandler
from app.docking import round_service
from app.docking.tables import DockingEvent, EntryClock
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.settings import Settings
from app.kernel.shanghai import SHANGHAI, shanghai_date
from app.notifications.tables import Notice
from app.rounds.service import NAME, RoundOut, make_round
from app.whitelist.tables import WhitelistEdition, WhitelistEntry
from tests.docking.world import World, add_entry, assign, build_world, entry_code

SETTINGS = Settings(round_seconds=0)
PEOPLE = {
    "wang": (Role.RELATIONSHIP_MANAGER, "icbc-dl"),  # handles entry 0
    "liu": (Role.RELATIONSHIP_MANAGER, "icbc-dl"),
    "sub-branch": (Role.BANK_ADMINISTRATOR, "icbc-dl"),
    "branch": (Role.BANK_ADMINISTRATOR, "icbc-hrb"),
    "head": (Role.BANK_ADMINISTRATOR, "icbc"),
    "other-bank": (Role.BANK_ADMINISTRATOR, "lj"),
    "daoli": (Role.COORDINATOR, "230102"),
    "nangang": (Role.COORDINATOR, "230103"),
    "harbin": (Role.COORDINATOR, "230100"),
    "qiqihar": (Role.COORDINATOR, "230200"),
    "province": (Role.COORDINATOR, "230000"),
}


def at(day: str, hour: int = 9) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=SHANGHAI).astimezone(UTC)


async def go(sessions: Sessions, day: str, hour: int = 9) -> RoundOut:
    return await make_round(sessions, SETTINGS, now=at(day, hour))


async def staff(session: AsyncSession) -> None:
    for login, (role, scope) in PEOPLE.items():
        made = await account_service.make_person(session, login, login, None, now=at("2023-09-01"))
        session.add(
            RoleGrant(
                person_id=made.id, role=role, scope=scope, since=date(2023, 9, 1), granted_by="test",
                granted_at=at("2023-09-01"),
            )
        )  # fmt: skip
    await session.flush()


async def handled_by(session: AsyncSession, world: World, code: str, login: str) -> None:
    person = (await session.scalars(select(Person).where(Person.login == login))).one()
    given = (
        await session.scalars(select(Assignment).where(Assignment.entry_id == world.entries[code]))
    ).one()
    session.add(
        EntryHandler(
            assignment_id=given.id, institution_id=given.institution_id, person_id=person.id, given_by="test",
            since=given.assigned_at,
        )
    )  # fmt: skip
    await session.flush()


async def rung(sessions: Sessions) -> list[tuple[str, int, str]]:
    """Answer what the clock logged: day, number of the entry, and the level or `reminded`."""
    async with sessions() as session:
        rows = await session.execute(
            select(WhitelistEntry.code, DockingEvent.occurred_at, DockingEvent.kind, DockingEvent.detail)
            .join(WhitelistEntry, WhitelistEntry.id == DockingEvent.entry_id)
            .where(DockingEvent.actor == NAME)
            .order_by(DockingEvent.id)
        )
        return [
            (shanghai_date(when).isoformat()[5:], int(code[-1]), detail.get("level", kind))
            for code, when, kind, detail in rows
        ]


async def told(sessions: Sessions) -> list[tuple[int, str, list[str]]]:
    """Answer the clock's notices in their order: number of the entry, kind, and who got one."""
    async with sessions() as session:
        rows = await session.execute(
            select(WhitelistEntry.code, Notice.event_key, Notice.kind, Person.login)
            .join(WhitelistEntry, WhitelistEntry.id == Notice.entry_id)
            .join(Person, Person.id == Notice.person_id)
            .order_by(Notice.id)
        )
        found: dict[tuple[str, str, str], list[str]] = {}
        for code, key, kind, login in rows:
            found.setdefault((key, code, kind), []).append(login)
    return [(int(code[-1]), kind, sorted(logins)) for (_key, code, kind), logins in found.items()]


LINE = ["branch", "head", "sub-branch"]
# Entry 0: icbc-dl got it on Monday 25 September and has to accept it on the 26th. Days off are 29 September to
# 6 October; 7 and 8 October, a weekend, are worked. Entry 1: nobody has it, and 28 September was its last day.
EXPECTED: Sequence[tuple[str, int, str, list[str]]] = (
    ("09-25", 0, "reminded", ["wang"]),
    ("09-27", 0, "manager", ["wang"]),
    ("09-27", 1, "reminded", ["harbin", "nangang"]),
    ("09-28", 0, "bank_administrator", [*LINE, "wang"]),
    ("10-08", 0, "county", ["daoli", "wang"]),
    ("10-10", 1, "county", ["harbin", "nangang"]),
    ("10-11", 0, "city", ["harbin", "wang"]),
    ("10-13", 1, "city", ["harbin", "nangang"]),
    ("10-18", 0, "province", ["province", "wang"]),
    ("10-20", 1, "province", ["harbin", "nangang", "province"]),
)
DAYS = (
    "2023-09-24", "2023-09-25", "2023-09-26", "2023-09-27", "2023-09-28", "2023-09-29", "2023-10-06", "2023-10-07",
    "2023-10-08", "2023-10-09", "2023-10-10", "2023-10-11", "2023-10-12", "2023-10-13", "2023-10-17", "2023-10-18",
    "2023-10-19", "2023-10-20", "2023-11-30",
)  # fmt: skip
KINDS = {"reminded": "reminded", "manager": "late"}


async def test_the_clock_reminds_once_and_climbs_the_ladder_by_working_days_and_tells_each_level_once(
    sessions: Sessions,
) -> None:
    async with transaction(sessions) as session:
        await staff(session)
        world = await build_world(session, (None,))
        await add_entry(session, world, 1, admitted_at=at("2023-09-21"))
        await assign(session, world, entry_code(0), "icbc-dl", at("2023-09-25"))
        await handled_by(session, world, entry_code(0), "wang")
    closed, looked_at = {}, {}
    for day in DAYS:
        first, second = await go(sessions, day), await go(sessions, day, hour=17)
        assert (second.reminded, second.escalated, second.closed) == (0, 0, []), day
        closed[day], looked_at[day] = first.closed, second.looked_at
    assert await rung(sessions) == [(day, entry, what) for day, entry, what, _who in EXPECTED]
    assert sorted(await told(sessions)) == sorted(
        (entry, KINDS.get(what, "escalated"), sorted(who)) for _day, entry, what, who in EXPECTED
    )
    assert {day: months for day, months in closed.items() if months} == {
        "2023-10-07": ["2023-09"],
        "2023-11-30": ["2023-10"],
    }
    # Who was reminded has peace until the day has passed, and nobody stands above the province.
    quiet = ["2023-09-24", "2023-09-25", "2023-09-26", "2023-10-20", "2023-11-30"]
    assert [day for day, entries in looked_at.items() if not entries] == quiet
    async with sessions() as session:
        notes = (await session.scalars(select(AuditEvent).where(AuditEvent.action == "round"))).all()
        urgent = set(await session.scalars(select(Notice.kind).where(Notice.is_urgent)))
        clock = await session.get_one(EntryClock, world.entries[entry_code(0)])
    assert {one.actor for one in notes} == {NAME}
    assert sum(one.detail.get("escalated", 0) for one in notes) == 8
    assert urgent == {"escalated", "chain_vacancy"}
    assert (clock.step, clock.level, clock.due_on) == ("accept", "province", date(2023, 9, 26))


async def test_who_was_not_reminded_in_time_is_told_up_to_whom_the_step_is_raised_by_now(
    sessions: Sessions,
) -> None:
    async with transaction(sessions) as session:
        await staff(session)
        world = await build_world(session, (None, None))
        for number, day in ((0, "2023-10-09"), (1, "2023-10-16")):
            await assign(session, world, entry_code(number), "icbc-dl", at(day))
    done = await go(
        sessions, "2023-10-17"
    )  # on the last day of entry 1, five working days after that of entry 0
    assert (done.looked_at, done.reminded, done.escalated) == (2, 1, 1)
    assert await rung(sessions) == [("10-17", 0, "county"), ("10-17", 1, "reminded")]
    managers = ["liu", "wang"]  # nobody handles it yet
    assert await told(sessions) == [
        (0, "escalated", sorted([*LINE, "daoli", *managers])),  # the bank was passed over: it hears of it too
        (1, "reminded", managers),
    ]


async def test_of_two_rounds_at_once_each_finds_what_the_other_did(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(round_service, "ENTRIES_AT_ONCE", 2)
    async with transaction(sessions) as session:
        await staff(session)
        await build_world(session, ("icbc-dl",) * 5)
    rounds = await asyncio.gather(*(go(sessions, "2023-10-07") for _ in range(3)))
    assert sum(one.escalated for one in rounds) == 5
    assert sorted(month for one in rounds for month in one.closed) == ["2023-09"]
    assert sorted(await rung(sessions)) == [("10-07", entry, "province") for entry in range(5)]
    counties = {0: "daoli", 1: "nangang"}
    assert sorted(await told(sessions)) == [
        (entry, "escalated", sorted([*LINE, counties[entry % 2], "harbin", "province", "liu", "wang"]))
        for entry in range(5)
    ]


async def test_a_round_that_was_broken_off_goes_on_where_it_was(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with transaction(sessions) as session:
        await build_world(session, ("icbc-dl",) * 5)
    monkeypatch.setattr(round_service, "ENTRIES_AT_ONCE", 2)

    def break_off(_entries: int) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await make_round(sessions, SETTINGS, now=at("2023-09-06"), on_progress=break_off)
    assert [entry for _day, entry, _what in await rung(sessions)] == [0, 1]
    seen: list[int] = []
    done = await make_round(sessions, SETTINGS, now=at("2023-09-06", 11), on_progress=seen.append)
    assert (done.looked_at, done.escalated, seen) == (5, 3, [2, 4, 5, 5])
    assert await rung(sessions) == [("09-06", entry, "manager") for entry in range(5)]


async def test_editions_that_are_over_are_left_alone_and_all_months_that_are_due_close_at_once(
    sessions: Sessions,
) -> None:
    async with transaction(sessions) as session:
        await build_world(session, ("icbc-dl", None))
    done = await go(sessions, "2024-01-02")
    assert (done.looked_at, await rung(sessions)) == (0, [])
    assert done.closed == ["2023-09", "2023-10", "2023-11", "2023-12"]
    assert "in force at the end of 2024-01" in done.not_closed


async def test_entries_without_a_clock_get_one_and_are_dealt_with_in_the_same_round(
    sessions: Sessions,
) -> None:
    async with transaction(sessions) as session:
        world = await build_world(session, ("icbc-dl", None))
        await session.execute(delete(EntryClock))
    done = await go(sessions, "2023-09-06")
    assert (done.looked_at, done.escalated) == (1, 1)
    async with sessions() as session:
        clocks = await session.execute(select(EntryClock.entry_id, EntryClock.step).order_by("entry_id"))
        assert [tuple(row) for row in clocks] == [
            (world.entries[entry_code(0)], "accept"),
            (world.entries[entry_code(1)], "allocate"),
        ]


async def test_where_working_days_are_not_published_nothing_is_reminded_raised_or_closed(
    sessions: Sessions,
) -> None:
    admitted = at("2090-01-15")
    async with transaction(sessions) as session:
        await build_world(session, ())
        year = {"in_force_from": date(2090, 1, 1), "in_force_until": date(2090, 12, 31), "code": "2090H1"}
        await session.execute(update(WhitelistEdition).values(year))
        world = World((await session.scalars(select(WhitelistEdition.id))).one(), 0, {}, {}, 0)
        await add_entry(session, world, 0, admitted_at=admitted)
    done = await make_round(sessions, SETTINGS, now=admitted + timedelta(days=200))
    assert (done.looked_at, done.closed, await rung(sessions)) == (0, [], [])
    assert "The working days of 2090 are not known" in done.not_closed
    async with sessions() as session:
        [clock] = await session.scalars(select(EntryClock))
    assert (clock.step, clock.due_on) == ("allocate", None)
