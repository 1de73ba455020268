"""Declines are answered to the enterprise at once, and read again by whom they concern."""

from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Grant, Role, Viewer
from app.accounts.tables import RoleGrant
from app.allocation import service as allocation
from app.docking import answer_service, service
from app.docking.answer_schemas import AnswerOut
from app.docking.kinds import EventKind
from app.docking.reasons import DeclineReason
from app.docking.recording import Draft
from app.docking.schemas import EventIn
from app.enterprises.tables import Consent, Need
from app.kernel.database import Sessions, transaction
from app.kernel.errors import NotFound
from app.kernel.paging import PageRequest
from app.kernel.shanghai import shanghai_date
from app.notifications.tables import Notice
from app.visibility.service import narrow
from tests.accounts.people import a_person
from tests.bottlenecks.world import EDITION, World, banks, build_world, match

EVIDENCE = "本行授信审批系统拒绝代码R-17"


async def allocated(session: AsyncSession, viewer: Viewer, now: datetime, *names: str) -> World:
    world = await build_world(session, {name: {} for name in names}, banks(3, count=5))
    await match(session, viewer, now)
    await allocation.run_allocation(session, viewer, EDITION, now=now)
    return world


async def declined(
    session: AsyncSession, viewer: Viewer, code: str, reason: str, now: datetime, **fields: Any
) -> None:
    event = EventIn(kind=EventKind.DECLINED, reason=DeclineReason(reason), evidence=EVIDENCE, **fields)
    await service.log_event(session, viewer, code, event, now=now)


async def answers(session: AsyncSession, viewer: Viewer, code: str, now: datetime) -> list[AnswerOut]:
    return (await answer_service.answers_page(session, viewer, code, PageRequest(limit=9), now=now)).items


async def speaks_for(session: AsyncSession, uscc: str, now: datetime, login: str) -> int:
    person = await a_person(session, now, login)
    session.add(
        RoleGrant(
            person_id=person.id, role=Role.ENTERPRISE, scope=uscc, since=date(2023, 1, 1), granted_by="t", granted_at=now
        )
    )  # fmt: skip
    await session.flush()
    return person.id


async def test_the_enterprise_is_told_at_once_what_blocked_it_where_it_went_and_what_it_can_do(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await allocated(session, viewer, now, "one")
    code = world.codes["one"]
    person = await speaks_for(session, world.needs["one"], now, "firm")
    bank = await allocation.assignment_of_entry(session, viewer, code)
    await declined(session, viewer, code, "missing_elements_land", now)
    [answer] = await answers(session, viewer, code, now)
    assert answer.text.startswith(
        f"您的融资需求（{code}）被{bank.institution}机构于2023年11月15日婉拒，原因：土地要素未落实。"
        "按黑银发〔2023〕25号（十五）“要素未保障或需要政府性担保”办理，推送对象为推进有效投资重要项目协调机制。"
        "现由XTJZ机构负责，应于2023年12月6日（含当日）前协调解决。您可以：1．"
    )
    assert answer.handling is not None
    assert answer.present is not None
    assert (answer.handling.route, answer.present.institution) == ("elements", "XTJZ")
    assert "自然资源部门" in answer.text
    notices = (await session.scalars(select(Notice).where(Notice.kind == "declined"))).all()
    assert [(one.person_id, one.body, one.entry_id) for one in notices] == [
        (person, answer.text, world.entries["one"])
    ]
    assert EVIDENCE not in answer.text


async def test_on_a_roster_that_is_over_nothing_gets_later(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await allocated(session, viewer, now, "one")
    code, late = world.codes["one"], now + timedelta(days=40)
    await declined(session, viewer, code, "missing_elements_land", late)
    for days in (0, 300):
        [answer] = await answers(session, viewer, code, late + timedelta(days=days))
        assert answer.present is not None
        assert answer.present.due_on is not None
        assert answer.present.due_on > date(2023, 12, 31)
        assert (answer.present.is_overdue, "现已逾期" in answer.text) == (False, False)


async def test_each_decline_keeps_how_it_was_handled_then_and_the_last_comes_first(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await allocated(session, viewer, now, "one")
    code = world.codes["one"]
    for day, reason in enumerate(("outside_product_terms", "missing_elements_environment")):
        await declined(session, viewer, code, reason, now + timedelta(days=day))
    last, first = await answers(session, viewer, code, now + timedelta(days=1))
    assert [one.handling.route if one.handling else None for one in (last, first)] == [
        "elements",
        "policy_gap",
    ]
    assert first.institution != last.institution
    assert first.present == last.present
    page = await answer_service.answers_page(session, viewer, code, PageRequest(limit=1), now=now)
    assert page.next is not None
    rest = PageRequest(limit=1, cursor=page.next)
    assert (await answer_service.answers_page(session, viewer, code, rest, now=now)).items[0].sequence == 1


async def test_a_decline_that_was_taken_back_is_said_to_be(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await allocated(session, viewer, now, "one")
    code = world.codes["one"]
    await declined(session, viewer, code, "litigation", now)
    correction = EventIn(kind=EventKind.CORRECTED, corrects=1, evidence="登记到了别的企业名下")
    await service.log_event(session, viewer, code, correction, now=now)
    [answer] = await answers(session, viewer, code, now)
    assert (answer.is_voided, answer.handling, answer.advice) == (True, None, [])
    assert "该记录已经更正，不作数。" in answer.text


async def test_a_bank_reads_its_own_declines_and_not_what_another_owes(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await allocated(session, viewer, now, "one")
    code = world.codes["one"]
    need = (await session.scalars(select(Need.id))).one()
    session.add(
        Consent(
            need_id=need, purpose="financing_docking", shows_contact=False, shows_financial=True, shows_judicial=True,
            institution_id=None, until=shanghai_date(now), given_by="firm", given_at=now, evidence=None, version=1,
        )
    )  # fmt: skip
    found = await allocation.assignment_of_entry(session, viewer, code)
    holder, helper = str(found.institution), found.supports[0].institution
    await declined(session, viewer, code, "over_lending", now, institution=helper)
    shown = {}
    for bank in (holder, helper, "B5-DL"):
        one = Viewer("b", "230000", (Grant(Role.BANK_ADMINISTRATOR, bank),), person=1)
        narrow(session, one, shanghai_date(now))
        if bank == "B5-DL":
            with pytest.raises(NotFound):
                await answers(session, one, code, now)
        else:
            shown[bank] = await answers(session, one, code, now)
    assert shown[holder] == []
    [answer] = shown[helper]
    assert answer.present is not None
    assert (answer.present.owner, answer.present.step, answer.present.due_on) == (f"{holder}机构", None, None)
    assert f"现由{holder}机构负责。" in answer.text


async def test_a_bank_that_declines_has_the_enterprise_told_more_than_the_bank_itself_is_shown(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await allocated(session, viewer, now, "one")
    code = world.codes["one"]
    await speaks_for(session, world.needs["one"], now, "firm")
    need = (await session.scalars(select(Need.id))).one()
    session.add(
        Consent(
            need_id=need, purpose="financing_docking", shows_contact=False, shows_financial=False, shows_judicial=False,
            institution_id=None, until=shanghai_date(now), given_by="firm", given_at=now, evidence=None, version=1,
        )
    )  # fmt: skip
    await session.flush()
    bank = str((await allocation.assignment_of_entry(session, viewer, code)).institution)
    logger = Viewer("b", "230000", (Grant(Role.RELATIONSHIP_MANAGER, bank),), person=1)
    narrow(session, logger, shanghai_date(now))
    await declined(session, logger, code, "missing_elements_land", now)
    narrow(session, viewer, shanghai_date(now))
    [body] = await session.scalars(select(Notice.body).where(Notice.kind == "declined"))
    assert "现由XTJZ机构负责" in body
    assert "黑银发〔2023〕25号（十五）" in body


async def test_many_declines_at_once_are_each_answered_and_simulated_ones_are_not(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await allocated(session, viewer, now, "one", "two", "three")
    for name in world.codes:
        await speaks_for(session, world.needs[name], now, name)
    drafts = {
        name: (code, Draft(EventKind.DECLINED, now, now, reason=DeclineReason.LITIGATION, evidence=EVIDENCE))
        for name, code in world.codes.items()
    }
    await service.log_events(session, viewer, EDITION, [drafts["one"], drafts["two"]], now=now)
    await service.log_events(session, viewer, EDITION, [drafts["three"]], now=now, is_simulated=True)
    told = await session.scalars(
        select(Notice.entry_id).where(Notice.kind == "declined").order_by(Notice.entry_id)
    )
    assert list(told) == [world.entries["one"], world.entries["two"]]


async def test_answers_and_average_fees_are_read_over_http(
    sessions: Sessions, client: httpx.AsyncClient, viewer: Viewer, now: datetime
) -> None:
    async with transaction(sessions) as session:
        world = await allocated(session, viewer, now, "one")
        await declined(session, viewer, world.codes["one"], "no_collateral", now)
    found = await client.get(f"/whitelist/entries/{world.codes['one']}/answers")
    assert found.status_code == 200
    [answer] = found.json()["items"]
    assert (answer["reason"], answer["reason_label"]) == ("no_collateral", "缺少可接受的抵质押物")
    assert answer["advice"][0].keys() == {"text", "citation"}
    assert EVIDENCE not in found.text
    fees = await client.get("/docking/guarantee-fees")
    assert (fees.status_code, fees.json()) == (200, [])
    assert (await client.get("/whitelist/entries/nothing/answers")).status_code == 404
