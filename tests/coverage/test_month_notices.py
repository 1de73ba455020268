"""Coordinators hear that a month is closed, that its bulletin is there, and that it was restated: each once."""

from datetime import UTC, date, datetime

from sqlalchemy import select

from app.accounts import account_service
from app.accounts.rules import Role, Viewer, local_operator
from app.accounts.tables import Person, RoleGrant
from app.coverage import service
from app.docking import service as docking
from app.docking.schemas import EventIn
from app.kernel.database import AsyncSession
from app.kernel.shanghai import SHANGHAI
from app.notifications.tables import Notice
from tests.docking.world import build_world, entry_code

PEOPLE = {
    "province": (Role.COORDINATOR, "230000"),
    "daoli": (Role.COORDINATOR, "230102"),
    "henan": (Role.COORDINATOR, "410000"),
    "bank": (Role.BANK_ADMINISTRATOR, "icbc-dl"),
}


def at(day: str, hour: int = 9) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=SHANGHAI).astimezone(UTC)


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


async def told(session: AsyncSession) -> list[tuple[str, str, str]]:
    """Answer kind, month and who, in order."""
    rows = await session.execute(
        select(Notice.kind, Notice.body, Person.login)
        .join(Person, Person.id == Notice.person_id)
        .where(Notice.entry_id.is_(None), Person.login.in_(("province", "daoli", "henan")))
        .order_by(Notice.id)
    )
    return [(kind, body[:7], login) for kind, body, login in rows]


def both(kind: str, month: str) -> list[tuple[str, str, str]]:
    return [(kind, month, "province"), (kind, month, "daoli")]


async def log(session: AsyncSession, viewer: Viewer, day: str, now: datetime, **fields: object) -> int:
    event = EventIn.model_validate({"occurred_at": at(day).isoformat(), **fields})
    return (await docking.log_event(session, viewer, entry_code(0), event, now=now)).sequence


async def test_coordinators_hear_of_each_month_once_and_of_what_came_late_once_a_day(
    session: AsyncSession,
) -> None:
    viewer = local_operator("230000")
    await build_world(session)
    await staff(session)
    for _again in range(2):
        await service.close_due(session, viewer, now=at("2023-11-01"))
    closed = [
        line for month in ("2023-09", "2023-10") for kind in ("month_closed", "bulletin") for line in both(kind, month)
    ]  # fmt: skip
    assert await told(session) == closed
    await log(session, viewer, "2023-11-02", at("2023-11-03"), kind="contacted", institution="icbc-dl")
    assert await told(session) == closed, "of a month that is open nobody is told"
    late = await log(
        session, viewer, "2023-09-20", at("2023-11-03", 10), kind="contacted", institution="icbc-dl"
    )
    await log(session, viewer, "2023-09-21", at("2023-11-03", 11), kind="contacted", institution="icbc-dl")
    restated = closed + both("month_restated", "2023-09")
    assert await told(session) == restated, "once a day"
    await log(
        session, viewer, "2023-11-04", at("2023-11-05"), kind="corrected", corrects=late, evidence="登记有误"
    )
    assert await told(session) == restated + both("month_restated", "2023-09")
