"""The quarter's library comes out by itself on its first working day, once, and banks hear which products end."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from app.accounts import account_service
from app.accounts.rules import Role, local_operator
from app.accounts.tables import Person, RoleGrant
from app.catalogue import service as catalogue
from app.catalogue.offering_service import decide
from app.catalogue.tables import LibraryEdition
from app.institutions.service import import_institutions
from app.kernel.database import Sessions, transaction
from app.kernel.paging import PageRequest
from app.kernel.settings import Settings
from app.kernel.shanghai import SHANGHAI
from app.notifications.tables import Notice
from app.rounds.service import RoundOut, make_round
from tests.accounts.offices import working
from tests.catalogue.conftest import INSTITUTIONS

VIEWER = local_operator("230000")
LAST_DAYS = {"SJ-A": "2023-12-31", "SJ-B": "2024-03-31", "SJ-C": None, "SJ-HRB-D": "2024-04-01"}
"""Products and the last days of their validity."""
PRODUCT = """
  - code: {code}
    institution: {bank}
    name: 产品{code}
    valid_from: 2023-07-01
    valid_until: {until}
    terms:
      form: loan
      purposes: [working_capital]
      amount: {{least: 10万元, most: 500万元}}
      term: {{least: 1, most: 12}}
      rate: {{base: fixed, least: 380, most: 480}}
      guarantee_modes: [credit]
      areas: ["230000"]
"""


def at(day: str, hour: int = 0) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=SHANGHAI).astimezone(UTC)


async def go(sessions: Sessions, day: str, hour: int = 0) -> RoundOut:
    return await make_round(sessions, Settings(round_seconds=0), now=at(day, hour))


@pytest.fixture
async def stocked(sessions: Sessions) -> Sessions:
    """Two banks with an administrator each, and four products."""
    products = "".join(
        PRODUCT.format(code=code, bank=code.rpartition("-")[0], until=until or "null")
        for code, until in LAST_DAYS.items()
    )
    async with transaction(sessions) as session:
        now = at("2023-09-01")
        await import_institutions(session, VIEWER, INSTITUTIONS, "institutions.yaml", now=now)
        await catalogue.import_products(session, VIEWER, f"products:{products}", "products.yaml", now=now)
        for code in ("SJ", "SJ-HRB"):
            made = await account_service.make_person(session, f"admin-{code}", code, None, now=now)
            session.add(
                RoleGrant(
                    person_id=made.id, role=Role.BANK_ADMINISTRATOR, scope=code, since=date(2023, 9, 1),
                    granted_by="test", granted_at=now,
                )
            )  # fmt: skip
    return sessions


async def told(sessions: Sessions) -> list[tuple[str, str, str]]:
    async with sessions() as session:
        rows = await session.execute(
            select(Notice.kind, Person.login, Notice.body)
            .join(Person, Person.id == Notice.person_id)
            .order_by(Notice.id)
        )
        return [(row[0], row[1], row[2]) for row in rows]


async def editions(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        return list(await session.scalars(select(LibraryEdition.code).order_by(LibraryEdition.code)))


async def test_the_library_comes_out_on_the_first_working_day_of_the_quarter_and_once(
    stocked: Sessions,
) -> None:
    # 29 September to 6 October were days off; Saturday the 7th was worked, and New Year's Day is none.
    shown = [
        (await go(stocked, day, hour)).library
        for day, hour in (
            ("2023-10-06", 23), ("2023-10-07", 0), ("2023-10-07", 1), ("2023-12-29", 9),
            ("2024-01-01", 23), ("2024-01-02", 0), ("2024-01-02", 0),
        )
    ]  # fmt: skip
    assert shown == ["", "2023Q4", "", "", "", "2024Q1", ""]
    assert await editions(stocked) == ["2023Q4", "2024Q1"]


async def test_banks_hear_what_dropped_out_and_what_ends_within_the_quarter(stocked: Sessions) -> None:
    assert (await go(stocked, "2023-10-07")).library == "2023Q4"
    assert await told(stocked) == [
        ("library", "admin-sj",
         "2023Q4季度产品库已发布。本季度内到期：产品SJ-A（2023年12月31日止）。请核对，需要延续的请修订有效期。"),
    ]  # fmt: skip
    # The server was away on the first days: the next round makes up for it.
    for _again in range(2):
        await go(stocked, "2024-02-20", 15)
    assert (await told(stocked))[1:] == [
        ("library", "admin-sj",
         "2024Q1季度产品库已发布。未再列入：产品SJ-A。本季度内到期：产品SJ-B（2024年3月31日止）。请核对，需要延续的请修订有效期。"),
    ]  # fmt: skip
    await go(stocked, "2024-04-01")
    assert [(login, "产品SJ-HRB-D" in body) for _kind, login, body in (await told(stocked))[2:]] == [
        ("admin-sj", False),
        ("admin-sj-hrb", True),
    ]


async def test_a_library_that_somebody_published_by_hand_stays(stocked: Sessions) -> None:
    async with transaction(stocked) as session:
        await catalogue.publish_library(session, VIEWER, "2024Q1", now=at("2024-01-01"))
    done = await go(stocked, "2024-01-02")
    assert (done.library, done.not_published, await told(stocked)) == ("", "", [])


async def test_without_products_or_a_calendar_it_says_why_nothing_came_out(sessions: Sessions) -> None:
    assert "No product is in force" in (await go(sessions, "2023-10-07")).not_published
    unknown = await go(sessions, "2099-01-05")
    assert unknown.library == ""
    assert "2099" in unknown.not_published


async def confirmed(sessions: Sessions, *codes: str, day: str) -> None:
    async with working(sessions) as session:
        for code in codes:
            await decide(session, VIEWER, code, "confirm", expect=lambda _revision: None, now=at(day))


async def listed(sessions: Sessions, code: str) -> tuple[list[str], list[str]]:
    async with transaction(sessions, writes=False) as session:
        found = await catalogue.library_products(session, VIEWER, code, PageRequest(limit=50))
        edition = await catalogue.get_library(session, VIEWER, code)
        return [one.code for one in found.items], edition.suspended


async def test_who_was_called_and_does_not_confirm_is_suspended_until_it_does(stocked: Sessions) -> None:
    await go(stocked, "2023-10-07")
    assert (await go(stocked, "2023-11-30")).called == ""
    assert (await go(stocked, "2023-12-01")).called == "2024Q1"
    bodies = [(login, body) for kind, login, body in await told(stocked) if kind == "library_call"]
    assert [login for login, _body in bodies] == ["admin-sj", "admin-sj-hrb"]
    assert ("有2个产品待确认" in bodies[0][1], "2023-12-29前" in bodies[0][1]) == (True, True)
    await confirmed(stocked, "SJ-B", day="2023-12-05")
    assert (await go(stocked, "2023-12-20")).called == ""
    assert (await go(stocked, "2023-12-25")).called == "2024Q1", "reminded once, shortly before the last day"
    assert (await go(stocked, "2023-12-26")).called == ""
    reminded = [login for kind, login, _body in (await told(stocked)) if kind == "library_call"][2:]
    assert reminded == ["admin-sj", "admin-sj-hrb"]
    assert (await go(stocked, "2024-01-02")).library == "2024Q1"
    assert await listed(stocked, "2024Q1") == (["SJ-B"], ["SJ-C", "SJ-HRB-D"])
    assert (await go(stocked, "2024-03-01")).called == "2024Q2"
    await confirmed(stocked, "SJ-C", day="2024-03-05")
    assert (await go(stocked, "2024-04-01")).library == "2024Q2"
    assert await listed(stocked, "2024Q2") == (["SJ-C"], ["SJ-HRB-D"]), (
        "what was suspended stays so until it is confirmed"
    )


async def test_without_a_call_in_time_or_any_answer_all_stay(stocked: Sessions) -> None:
    await go(stocked, "2023-10-07")
    assert (await go(stocked, "2023-12-27")).called == "", "two working days are no time to answer"
    await go(stocked, "2024-01-02")
    assert await listed(stocked, "2024Q1") == (["SJ-B", "SJ-C", "SJ-HRB-D"], [])
    assert (await go(stocked, "2024-03-01")).called == "2024Q2"
    await go(stocked, "2024-04-01")
    assert await listed(stocked, "2024Q2") == (["SJ-C", "SJ-HRB-D"], []), "nobody heard the call"
