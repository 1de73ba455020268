"""Administrators find people, give and end roles, lock out, hand over links; every form is carried out once."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.rules import Role
from app.accounts.tables import Person, RoleGrant, SignInSession
from app.desks.pages import SAID_COOKIE
from app.kernel.clock import shanghai_today, utc_now
from app.notifications.tables import Delivery
from tests.accounts.offices import working
from tests.accounts.signing import PASSWORD, Installation
from tests.desks.visits import Visit

NEW = "umbra 52 rhubarb canal"


@pytest.fixture
async def visit(house: Installation) -> AsyncIterator[Visit]:
    """A browser of an administrator."""
    await house.person("zhao.min", (Role.ADMINISTRATOR, ""))
    async with Visit(house) as opened:
        await opened.sign_in("zhao.min")
        yield opened


async def test_people_are_found_and_pages_are_the_administrators_alone(
    house: Installation, visit: Visit
) -> None:
    await house.person("li.na", (Role.AUDITOR, ""))
    await house.person("wang.fang", (Role.COORDINATOR, "230100"))
    shown = (await visit.get("/administration")).text
    assert all(name in shown for name in ("li.na", "wang.fang", "230100", "统筹部门"))
    found = (await visit.get("/administration?q=li.na&state=active")).text
    assert ("li.na" in found, "wang.fang" in found) == (True, False)
    assert "没有符合条件的人员" in (await visit.get("/administration?role=chain_manager")).text
    assert (await visit.get("/administration/people/999")).status_code == 404
    async with Visit(house) as other:
        await other.sign_in("wang.fang")
        for path in ("", "/people/1", "/invitations", "/deliveries"):
            assert (await other.get(f"/administration{path}")).status_code == 403


async def test_a_role_is_given_once_however_often_the_form_is_sent(house: Installation, visit: Visit) -> None:
    person = await house.person("li.na")
    path = f"/administration/people/{person}"
    await visit.get(path)
    form = {
        "once": visit.field("once"),
        "csrf": visit.field("csrf"),
        "role": "coordinator",
        "scope": "230100",
    }
    for _click in range(2):
        done = await visit.http.post(f"{path}/grants", data=form)
        assert (done.status_code, done.headers["location"]) == (303, path)
    changed = await visit.http.post(f"{path}/grants", data=form | {"scope": "230200"})
    assert (changed.status_code, "这一页已经提交过" in changed.text) == (409, True)
    assert await house.rows(select(RoleGrant.scope).where(RoleGrant.person_id == person)) == ["230100"]
    assert "角色已授予" in (await visit.get(path)).text
    assert "角色已授予" not in (await visit.get(path)).text, "it is said once"


async def test_what_is_refused_is_said_at_its_field_and_leaves_nothing(
    house: Installation, visit: Visit
) -> None:
    person = await house.person("li.na", (Role.COORDINATOR, "230100"))
    path = f"/administration/people/{person}"
    yesterday = (shanghai_today() - timedelta(days=1)).isoformat()
    for fields, status, said in (
        ({"role": "king"}, 422, "可选"),
        ({"role": "auditor", "since": "昨天"}, 422, "请把日期写成 YYYY-MM-DD"),
        ({"role": "auditor", "until": yesterday}, 422, "早于起始日"),
        ({"role": "coordinator", "scope": "999999"}, 422, "没有这个行政区划代码"),
        ({"role": "coordinator", "scope": "<script>alert(1)</script>"}, 422, "与角色"),
        ({"role": "administrator"}, 409, "职责必须分离"),
    ):
        await visit.get(path)
        refused = await visit.post(f"{path}/grants", **fields)
        assert (refused.status_code, said in refused.text) == (status, True), refused.text
        assert refused.text.count("<script") == 1
    assert len(await house.rows(select(RoleGrant.id).where(RoleGrant.person_id == person))) == 1
    assert [note for note in await house.trail("grant") if note.subject == str(person)] == []


async def test_of_two_tabs_the_second_is_told(house: Installation, visit: Visit) -> None:
    person = await house.person("li.na", (Role.COORDINATOR, "230100"))
    path = f"/administration/people/{person}"
    grant = (await house.rows(select(RoleGrant.id).where(RoleGrant.person_id == person)))[0]
    await visit.get(path)
    seen = visit.field("version")
    assert (await visit.post(f"{path}/grants/{grant}/end", version=seen)).status_code == 303
    stale = await visit.post(f"{path}/access", version=seen, disabled="yes")
    assert (stale.status_code, "已有人修改" in stale.text, "已结束" in stale.text) == (412, True, True)
    assert not re.search("If-Match|版本|您看到的", stale.text), "nobody has heard of versions"
    assert (
        await visit.post(f"{path}/access", version=visit.field("version"), disabled="yes")
    ).status_code == 303
    assert "该账户已停用" in (await visit.get(path)).text
    own = (await house.rows(select(Person.id).where(Person.login == "zhao.min")))[0]
    await visit.get(f"/administration/people/{own}")
    assert "须由另一位账户管理员办理" in visit.shown
    self_locked = await visit.post(f"/administration/people/{own}/access", version="1", disabled="yes")
    assert (self_locked.status_code, "不能停用自己的账户" in self_locked.text) == (403, True)


async def test_a_forgotten_password_is_set_anew_with_a_link_that_works_once(
    house: Installation, visit: Visit
) -> None:
    person = await house.person("li.na", (Role.AUDITOR, ""))
    async with Visit(house) as other:
        await other.sign_in("li.na")
        await visit.get(f"/administration/people/{person}")
        issued = await visit.post(f"/administration/people/{person}/reset")
        [token] = re.findall(r"http://localhost/password-reset\?token=([\w-]{43})<", issued.text)
        assert token not in (await visit.get(f"/administration/people/{person}")).text
        assert "管理员" in (await other.get("/password-reset")).text
        assert (await other.get(f"/password-reset?token={token}")).status_code == 200
        for password, again, said in (
            (NEW, PASSWORD, "不一样"),
            ("password1234", "password1234", "新口令太短、太常见"),
            ("", "", "新口令太短、太常见"),
        ):
            refused = await other.post("/password-reset", token=token, password=password, again=again)
            assert (refused.status_code, said in refused.text, NEW in refused.text) == (422, True, False)
        done = await other.post("/password-reset", token=token, password=NEW, again=NEW)
        assert (done.status_code, done.headers["location"]) == (303, "/sign-in")
        assert "请用它登录 li.na" in (await other.get("/sign-in")).text
        for stale in (token, "x", "é" * 50):
            late = await other.post("/password-reset", token=stale, password=NEW, again=NEW)
            assert (late.status_code, "该链接不存在" in late.text) == (422, True)
        assert (await other.sign_in("li.na")).status_code == 401
        assert (await other.sign_in("li.na", NEW)).status_code == 303
    ended = select(SignInSession.end_reason).where(SignInSession.person_id == person)
    assert "password" in await house.rows(ended)


async def test_somebody_is_invited_by_a_link_and_the_invitation_is_taken_back(
    house: Installation, visit: Visit
) -> None:
    await visit.get("/administration/invitations/new")
    wrong = await visit.post("/administration/invitations", name="", role="auditor")
    assert (wrong.status_code, "至少 1 个字符" in wrong.text) == (422, True)
    made = await visit.post("/administration/invitations", name="王芳", role="auditor", scope="")
    [path] = re.findall(r"http://localhost(/invitation\?token=[\w-]{43})<", made.text)
    async with Visit(house) as other:
        assert "您被邀请担任：审计" in (await other.get(path)).text
        listed = await visit.get("/administration/invitations")
        assert ("等待接受" in listed.text, path in listed.text) == (True, False)
        [revoke] = re.findall(r'action="(/administration/invitations/\d+/revoke)"', listed.text)
        assert (await visit.post(revoke, version=visit.field("version"))).status_code == 303
        assert "已撤回" in (await visit.get("/administration/invitations")).text
        assert (await other.get(path)).status_code == 404
    late = await visit.post(revoke, version="1")
    assert (late.status_code, "已有人修改" in late.text, "已撤回" in late.text) == (412, True, True)
    assert "If-Match" not in late.text


async def test_a_message_that_was_given_up_is_sent_again(house: Installation, visit: Visit) -> None:
    person = (await house.rows(select(Person.id)))[0]
    async with working(house.sessions) as session:
        session.add(
            Delivery(
                message_id="msg_1",
                person_id=person,
                channel="email",
                kind="digest",
                address="a@bank.example.cn",
                state="dead",
                attempts=9,
                next_attempt_at=utc_now(),
                created_at=utc_now(),
                last_error="550 no",
            )
        )
    listed = await visit.get("/administration/deliveries?state=dead")
    assert all(text in listed.text for text in ("bank.example.cn", "550 no", "已放弃"))
    assert "a@bank" not in listed.text
    [retry] = re.findall(r'action="(/administration/deliveries/\d+/retry)"', listed.text)
    assert (await visit.post(retry)).status_code == 303
    assert await house.rows(select(Delivery.state)) == ["pending"]
    again = await visit.post(retry)
    assert (again.status_code, "只有已放弃的消息才需要重试" in again.text) == (409, True)


async def test_what_a_page_says_once_cannot_be_forged(visit: Visit) -> None:
    for forged in ("W10=.00", "x", ".", "W10=.é", "W1siPGI-eCIsIHt9XV0=." + "0" * 64):
        cookie = f"{SAID_COOKIE}={forged}".encode("latin-1")
        shown = await visit.http.get("/sign-in?next=/account", headers=[(b"cookie", cookie)])
        assert (shown.status_code, 'class="said"' in shown.text) == (200, False)


async def test_a_form_with_files_proves_itself_before_them(house: Installation, visit: Visit) -> None:
    person = await house.person("li.na")
    path = f"/administration/people/{person}"
    await visit.get(path)
    proof = ("csrf", (None, visit.field("csrf")))
    once = ("once", (None, visit.field("once")))
    fields = [("role", (None, "auditor")), ("scope", (None, ""))]
    file = ("file", ("名单.xlsx", b"PK", "application/octet-stream"))
    orders: list[tuple[list[Any], int]] = [
        ([file, proof, once, *fields], 403),
        ([proof, once, *fields, file], 303),
    ]
    for parts, status in orders:
        for _click in range(2):
            answer = await visit.http.post(f"{path}/grants", files=parts)
            assert answer.status_code == status
    assert len(await house.rows(select(RoleGrant.id).where(RoleGrant.person_id == person))) == 1


async def test_english_is_chosen_for_good_and_leads_to_no_other_site(visit: Visit) -> None:
    chosen = await visit.get("/language/en?next=/administration")
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/administration")
    assert {"Max-Age=31536000", "HttpOnly", "SameSite=lax"} <= set(chosen.headers["set-cookie"].split("; "))
    assert '<html lang="en">' in (await visit.get("/administration")).text
    assert ">Accounts</a>" in visit.shown
    assert (await visit.get("/language/en?next=//evil.example")).headers["location"] == "/"
    assert (await visit.get("/language/tlh")).status_code == 404
