"""The account page shows what opens an account, and ends it; nobody reaches anybody else's."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.accounts.api_keys import make
from app.accounts.auth_schemas import ApiKeyIn
from app.accounts.page_sessions import IDLE
from app.accounts.rules import Grant, Role, Viewer
from app.accounts.tables import Person, SignInSession
from app.kernel.clock import utc_now
from tests.accounts.offices import working
from tests.accounts.signing import PASSWORD, Installation
from tests.desks.visits import Visit

NEW = "umbra 52 rhubarb canal"


@pytest.fixture
async def visit(house: Installation) -> AsyncIterator[Visit]:
    """A browser in which 王芳, a coordinator and account manager, is signed in."""
    await house.person("wang.fang", (Role.COORDINATOR, "230100"), (Role.AUDITOR, ""))
    async with Visit(house) as opened:
        await opened.sign_in()
        yield opened


async def test_an_account_shows_its_roles_sessions_and_keys_and_nobody_elses(
    house: Installation, visit: Visit
) -> None:
    other = await house.person("li.na", (Role.AUDITOR, ""))
    person = (await house.rows(select(Person.id).where(Person.login == "wang.fang")))[0]
    for owner, name in ((person, "统计<b>系统"), (other, "别人的系统")):
        viewer = Viewer("x", "230000", (Grant(Role.AUDITOR),), owner)
        async with working(house.sessions) as session:
            await make(session, viewer, ApiKeyIn(name=name, role=Role.AUDITOR, days=9), now=utc_now())
    async with Visit(house) as elsewhere:
        await elsewhere.sign_in("li.na")
        shown = (await visit.get("/account")).text
    for expected in (
        "统筹部门",
        "230100",
        "审计",
        "无期限",
        "Firefox · Windows",
        "本会话",
        "统计&lt;b&gt;系统",
    ):
        assert expected in shown
    assert "别人的系统" not in shown
    assert shown.count("/end") == 1, "only `end all`: the one session is this one"


async def test_a_session_is_ended_by_its_person_only_and_at_once(house: Installation, visit: Visit) -> None:
    await house.person("li.na")
    async with Visit(house, "203.0.113.9") as second, Visit(house) as other:
        await second.sign_in()
        await other.sign_in("li.na")
        await other.get("/account")
        mine = await house.rows(select(SignInSession.id).where(SignInSession.address == "203.0.113.9"))
        path = f"/account/sessions/{mine[0]}/end"
        assert (await other.post(path)).status_code == 404
        assert (await second.get("/account")).status_code == 200
        assert path in (await visit.get("/account")).text
        assert (await visit.post(path)).status_code == 303
        assert (await second.get("/account")).status_code == 303
        await visit.get("/account")
        gone = await visit.post("/account/sessions/end")
        assert (gone.status_code, gone.headers["location"]) == (303, "/sign-in")
        assert (await visit.get("/account")).status_code == 303
        assert (await other.get("/account")).status_code == 200
    reasons = await house.rows(select(SignInSession.end_reason).order_by(SignInSession.created_at))
    assert reasons == ["everywhere", "signed_out", None]


async def test_a_password_is_changed_with_the_old_one_and_ends_other_sessions(
    house: Installation, visit: Visit
) -> None:
    async with Visit(house) as second:
        await second.sign_in()
        await visit.get("/account")
        for old, new, said in (
            ("wrong", NEW, "现口令不正确"),
            (PASSWORD, "password1234", "新口令太短、太常见"),
            (PASSWORD, "wang.fang.2023", "新口令太短、太常见"),
            ("", NEW, "请填写"),
        ):
            refused = await visit.post("/account/password", old=old, new=new)
            assert (refused.status_code, said in refused.text) == (422, True)
            assert NEW not in refused.text
        done = await visit.post("/account/password", old=PASSWORD, new=NEW)
        assert (done.status_code, "口令已修改" in done.text) == (200, True)
        assert (await visit.get("/account")).status_code == 200
        assert (await second.get("/account")).status_code == 303
        assert (await second.sign_in()).status_code == 401
        assert (await second.sign_in(password=NEW)).status_code == 303


async def test_an_idle_session_and_an_ended_role_stop_counting(house: Installation, visit: Visit) -> None:
    assert (await visit.get("/account")).status_code == 200
    await house.change(update(SignInSession).values(last_used_at=utc_now() - IDLE - timedelta(seconds=1)))
    assert (await visit.get("/")).headers["location"] == "/sign-in"
    await visit.sign_in()
    await house.change(update(Person).values(disabled_at=utc_now()))
    assert (await visit.get("/account")).headers["location"] == "/sign-in?next=%2Faccount"


async def test_who_has_no_role_for_a_page_is_told_so_in_chinese(house: Installation, visit: Visit) -> None:
    await house.person("zhao.min", (Role.ADMINISTRATOR, ""))
    async with Visit(house) as browser:
        await browser.sign_in("zhao.min")
        assert (await browser.get("/")).headers["location"] == "/administration"
        refused = await browser.get("/coverage")
        assert (refused.status_code, "您的角色不能这样做" in refused.text) == (403, True)
        assert "zhao.min" in refused.text


async def test_who_is_not_signed_in_has_no_account_page(visit: Visit) -> None:
    visit.http.cookies.clear()
    for path in ("/account", "/account/second-factor"):
        assert (await visit.get(path)).headers["location"].startswith("/sign-in?next=%2Faccount")
    visit.shown = ""
    for path in ("/account/password", "/account/identity", "/account/second-factor", "/account/sessions/end"):
        assert (await visit.post(path)).headers["location"] == "/sign-in"


@pytest.mark.parametrize("agent", ["x" * 500, "<script>alert(1)</script>", "tab\there", "\x7f"])
async def test_whatever_a_browser_calls_itself_is_kept_short_and_shown_as_text(
    house: Installation, visit: Visit, agent: str
) -> None:
    visit.http.headers["user-agent"] = agent
    await visit.sign_in()
    shown = await visit.get("/account")
    assert shown.status_code == 200
    assert shown.text.count("<script") == 1, "the page's own"
    stored = await house.rows(select(SignInSession.device))
    assert all(device.isprintable() and len(device) <= 200 for device in stored)


async def test_a_line_end_in_a_header_or_path_adds_no_header(visit: Visit) -> None:
    for path in (
        "/sign-in?next=/%0d%0aSet-Cookie:%20a=b",
        "/account%0d%0aSet-Cookie:%20a=b",
        "/?month=%0d%0aX-A:%20b",
    ):
        answer = await visit.get(path)
        assert answer.status_code in {303, 404, 422}
        assert "x-a" not in answer.headers
        assert "a=b" not in answer.headers.get("set-cookie", "")
