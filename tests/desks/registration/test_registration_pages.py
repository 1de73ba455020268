"""A firm registers on a page, its coordinator decides on another, and both are told what comes next."""

import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from app.accounts.rules import Role
from app.accounts.tables import EnterpriseRegistration, RoleGrant
from tests.accounts.signing import PASSWORD, Installation
from tests.desks.submission.forms import USCC, said, send, step
from tests.desks.visits import Visit

FIRM = {
    "uscc": " 91230199 ma1bqxye20 ",
    "enterprise": "哈尔滨示例机械有限公司",
    "region": "daoli",
    "evidence": "授权书 2023-11\n执照已核验",
}
ACCOUNT = {"name": "赵企", "login": "zhao.qi", "password": "umbra 52 rhubarb canal"}


@pytest.fixture
async def desk(house: Installation) -> AsyncIterator[Visit]:
    """A browser in which a coordinator of the city is signed in."""
    await house.person("li.tong", (Role.COORDINATOR, "230100"))
    async with Visit(house) as opened:
        await opened.sign_in("li.tong")
        yield opened


async def test_a_firm_registers_and_is_confirmed_and_its_person_goes_on_to_a_need(
    house: Installation, desk: Visit
) -> None:
    async with Visit(house) as visit:
        assert "之后会怎样" in (await visit.get("/register")).text
        answer = await send(visit, "/register", **FIRM | ACCOUNT)
        assert answer.headers["location"] == "/register/sent"
        assert "登录，查看进展" in (await visit.get("/register/sent")).text
        await visit.sign_in("zhao.qi", ACCOUNT["password"])
        assert "待确认" in (await visit.get("/register/own")).text
        assert (await visit.get("/enterprise/needs/new")).status_code == 403
        listed = (await desk.get("/roster/registrations")).text
        assert FIRM["enterprise"] in listed
        number = (await house.rows(select(EnterpriseRegistration.id)))[0]
        shown = await desk.get(f"/roster/registrations/{number}")
        assert "9123 0199 MA1B QXYE 20" in shown.text
        done = await send(desk, f"/roster/registrations/{number}", decision="confirmed", version="1")
        assert done.headers["location"] == "/roster/registrations"
        assert "已确认“哈尔滨示例机械有限公司”的登记" in (await desk.get("/roster/registrations")).text
        own = (await visit.get("/register/own")).text
        assert f'href="/enterprise/needs/new/{USCC}"' in own
        first = (await visit.get(f"/enterprise/needs/new/{USCC}/firm")).text
        assert 'value="哈尔滨示例机械有限公司"' in first, "what was said once is not asked again"
        assert 'value="230102 黑龙江省哈尔滨市道里区"' in first


async def test_a_refusal_needs_a_reason_and_of_two_who_decide_the_second_is_told(
    house: Installation, desk: Visit
) -> None:
    await house.person("zhao.qi")
    async with Visit(house) as visit:
        await visit.sign_in("zhao.qi")
        assert (await step(visit, "/register", **FIRM)).headers["location"] == "/register/own"
        number = (await house.rows(select(EnterpriseRegistration.id)))[0]
        path = f"/roster/registrations/{number}"
        nothing = await step(desk, path, version="1")
        assert said(nothing) == ["错误：请选择确认还是退回"]
        silent = await send(desk, path, decision="refused", version="1", reason="  \u200b ")
        assert said(silent) == ["错误：退回须写明理由，申请人会看到"]
        stale = desk.shown
        await send(desk, path, decision="refused", version="1", reason="授权书<b>缺公章</b>")
        desk.shown = stale.replace('name="once" value="', 'name="once" value="x')
        assert (await send(desk, path, decision="confirmed", version="1")).status_code == 412
        own = (await visit.get("/register/own")).text
        assert "授权书&lt;b&gt;缺公章&lt;/b&gt;" in own
        assert "改好后重新申请" in own
    assert await house.rows(select(RoleGrant).where(RoleGrant.role == "enterprise")) == []


async def test_every_fault_of_a_registration_is_told_at_once_and_nothing_typed_is_lost(
    house: Installation,
) -> None:
    async with Visit(house) as visit:
        await visit.get("/register")
        empty = await send(visit, "/register")
        assert len(said(empty)) == 7
        wrong = {
            "uscc": "91230199MA1BQXYE2O",
            "enterprise": "=1+1",
            "region": "440106",
            "evidence": "有<i>授权</i>",
        }
        answer = await send(visit, "/register", **wrong | ACCOUNT | {"password": "short"})
        assert [one.removeprefix("错误：") for one in said(answer)] == [
            "代码里没有字母 I、O、Z、S、V。您是不是要填 91230199MA1BQXYE20？",
            "名称不能以 = + - @ 开头",
            "没有找到“440106”。请换一种写法，例如 道里、daoli、dl 或 230102",
        ]
        assert "有&lt;i&gt;授权&lt;/i&gt;" in answer.text
        assert "short" not in answer.text, "a password is never sent back"
        weak = await send(visit, "/register", **FIRM | ACCOUNT | {"password": "short"})
        assert weak.status_code == 422
        assert re.search(r'id="password-fault"', weak.text)
    assert await house.rows(select(EnterpriseRegistration)) == []


async def test_registrations_of_other_regions_are_not_for_this_coordinator(
    house: Installation, desk: Visit
) -> None:
    await house.person("zhao.qi")
    async with Visit(house) as visit:
        await visit.sign_in("zhao.qi", PASSWORD)
        await step(visit, "/register", **FIRM | {"region": "230202"})
        assert (await visit.get("/roster/registrations")).status_code == 403
    number = (await house.rows(select(EnterpriseRegistration.id)))[0]
    assert FIRM["enterprise"] not in (await desk.get("/roster/registrations")).text
    assert (await desk.get(f"/roster/registrations/{number}")).status_code in {403, 404}
