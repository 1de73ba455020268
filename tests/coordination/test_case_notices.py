"""Who hears of coordination cases: in the transaction of what happened, each once, and not who did it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.accounts.rules import Role
from app.accounts.tables import Person
from app.coordination import service
from app.coordination.rules import CaseKind, NewCase
from app.coordination.schemas import CaseIn, CommentIn, OutcomeIn
from app.kernel.clock import utc_now
from app.kernel.database import Sessions
from app.kernel.errors import Conflict
from app.notifications.tables import Notice
from tests.accounts.offices import person, working
from tests.coordination.town import build_kept, staff


async def told(sessions: Sessions) -> dict[str, list[str]]:
    """Answer who was told, by event."""
    found: dict[str, list[str]] = {}
    async with sessions() as session:
        rows = await session.execute(
            select(Notice.event_key, Notice.kind, Person.login, Notice.body)
            .join(Person, Person.id == Notice.person_id)
            .order_by(Person.login)
        )
        for key, kind, login, body in rows:
            assert "91230102MA1B00001X" in body, "it names the entry, which its reader has to see"
            found.setdefault(f"{kind} {key.partition(':')[2].partition(':')[2]}", []).append(login)
    return found


async def test_a_case_is_told_to_who_can_answer_who_asked_and_at_last_to_the_enterprise(
    sessions: Sessions,
) -> None:
    world = await build_kept(sessions)
    people = await staff(sessions)
    await person(sessions, "harbin", (Role.COORDINATOR, "230100"))
    await person(sessions, "body", (Role.RELATIONSHIP_MANAGER, "B3"))
    now = utc_now()
    async with working(sessions, people["manager"]) as session:
        body = CaseIn(entry=world.codes["told"], kind=CaseKind.LAND, question="请协调用地")
        case = (await service.raise_case(session, people["manager"], body, now=now)).code
    assert await told(sessions) == {"case_raised raised": ["coordinator", "harbin"]}
    async with working(sessions, people["coordinator"]) as session:
        await service.comment(session, people["coordinator"], case, CommentIn(text="已函告"), now=now)
    with pytest.raises(Conflict):
        async with working(sessions, people["coordinator"]) as session:
            await service.resolve(
                session, people["coordinator"], case, OutcomeIn(outcome="已办理"),
                expect=lambda _version: (_ for _ in ()).throw(Conflict("somebody else was first")), now=now,
            )  # fmt: skip
    async with working(sessions, people["coordinator"]) as session:
        await service.resolve(
            session, people["coordinator"], case, OutcomeIn(outcome="已办理"), expect=lambda _version: None,
            now=now + timedelta(hours=1),
        )  # fmt: skip
    found = await told(sessions)
    assert found.pop("case_raised raised") == ["coordinator", "harbin"]
    [(comment, heard)] = [(key, who) for key, who in found.items() if key.startswith("case_commented")]
    assert (comment.startswith("case_commented comment:"), heard) == (True, ["harbin", "manager"])
    assert found["case_closed closed"] == ["firm", "harbin", "manager"]
    assert len(found) == 2


async def test_cases_that_rooms_above_raise_are_told_once_though_they_are_asked_for_again(
    sessions: Sessions,
) -> None:
    world = await build_kept(sessions)
    people = await staff(sessions)
    wanted = [NewCase(world.entries[name], CaseKind.LAND, "请协调", "系统") for name in ("told", "told")]
    for _again in range(2):
        async with working(sessions, people["coordinator"]) as session:
            await service.raise_cases(session, wanted, now=utc_now())
    assert await told(sessions) == {"case_raised raised": ["coordinator"]}
