"""Whoever signs in with a browser gets a session that is theirs alone, and nobody learns more than that it failed."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from app.accounts import page_sign_in
from app.accounts.rules import Role
from app.accounts.tables import Person, SignInSession
from app.kernel.clock import utc_now
from app.kernel.database import Sessions
from tests.accounts.signing import PASSWORD, Installation, installed
from tests.desks.test_local_paths import TRICKS
from tests.desks.visits import Visit


@pytest.fixture
def house(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Installation:
    return installed(sessions, monkeypatch)


@pytest.fixture
async def visit(house: Installation) -> AsyncIterator[Visit]:
    """A browser of the coordinator 王芳, who is not signed in yet."""
    await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    async with Visit(house) as opened:
        yield opened


def cookie_of(answer: httpx.Response) -> list[str]:
    sent: str = answer.headers.get("set-cookie", "")
    return sent.split("; ")


async def test_who_is_not_signed_in_is_sent_to_sign_in_and_comes_back(visit: Visit) -> None:
    sent = await visit.get("/account?month=2023-11")
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in?next=%2Faccount%3Fmonth%3D2023-11")
    form = await visit.get(sent.headers["location"])
    assert form.status_code == 200
    assert form.text.count("<script") == 1, "the page's own"
    back = await visit.post("/sign-in", login="wang.fang", password=PASSWORD, next=visit.field("next"))
    assert (back.status_code, back.headers["location"]) == (303, "/account?month=2023-11")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie_of(back))
    page = await visit.get("/account?month=2023-11")
    assert page.status_code == 200
    assert "wang.fang" in page.text
    assert 'action="/sign-out"' in page.text
    assert (await visit.get("/sign-in?next=/account")).headers["location"] == "/account"
    assert (await visit.http.get("/api/v1/auth/me")).json()["via"] == "page"
    visit.http.cookies.clear()
    told = await visit.http.get("/api/v1/auth/me")
    assert (told.status_code, told.headers["content-type"]) == (401, "application/problem+json")


async def test_under_https_the_cookie_belongs_to_this_host_alone(
    house: Installation, visit: Visit, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    safe = installed(sessions, monkeypatch, public_url="https://rongqiao.example.gov.cn")
    async with Visit(safe, base_url="https://rongqiao.example.gov.cn") as browser:
        answer = await browser.sign_in()
        assert cookie_of(answer)[0].startswith("__Host-rongqiao=")
        assert "Secure" in cookie_of(answer)
        assert (await browser.get("/account")).status_code == 200
        out = await browser.post("/sign-out")
        assert cookie_of(out)[0] == '__Host-rongqiao=""'
        assert "Secure" in cookie_of(out), (
            "a browser takes no __Host- cookie without it, not even to forget it"
        )


async def test_every_refusal_is_the_same_whatever_was_wrong(house: Installation, visit: Visit) -> None:
    await house.person("li.na")
    await house.person("zhao.min", password=None)
    await house.change(update(Person).where(Person.login == "li.na").values(disabled_at=utc_now()))
    told = set()
    for login, password in (
        ("wang.fang", "wrong"), ("nobody.here", PASSWORD), ("li.na", PASSWORD), ("zhao.min", PASSWORD),
        ("wаng.fang", PASSWORD), ("", ""),
    ):  # fmt: skip
        answer = await visit.sign_in(login, password)
        assert "set-cookie" not in answer.headers
        shown = re.sub(r' autofocus|value="[^"]*"', "", answer.text)
        told.add((answer.status_code, shown))
    assert [status for status, _shown in told] == [401]


async def test_what_was_typed_comes_back_as_text(visit: Visit) -> None:
    answer = await visit.sign_in('"><script>alert(1)</script>', "x", then='/"><script>')
    assert answer.text.count("<script") == 1, "the page's own"
    assert "&gt;&lt;script&gt;" in answer.text
    assert "x" not in re.findall(r'type="password" [^>]*value="([^"]*)"', answer.text)


async def test_signing_in_leads_to_no_other_site(visit: Visit) -> None:
    for trick in filter(None, TRICKS):
        answer = await visit.sign_in(then=trick)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert len(answer.headers.get_list("set-cookie")) == 1
        form = await visit.http.get("/sign-in", params={"next": trick})
        assert (form.status_code, form.headers["location"]) == (303, "/")


async def test_signing_in_makes_a_new_session_and_ends_the_browsers_old_one(visit: Visit) -> None:
    visit.http.cookies.set("rongqiao", "chosen-by-somebody-else", domain="localhost.local")
    visit.http.headers["cookie"] = "rongqiao=chosen-by-somebody-else"
    first = cookie_of(await visit.sign_in())[0]
    del visit.http.headers["cookie"]
    assert first != "rongqiao=chosen-by-somebody-else"
    old = dict(visit.http.cookies)
    await visit.get("/account")
    second = cookie_of(await visit.sign_in())[0]
    assert second != first
    visit.http.cookies = httpx.Cookies({"rongqiao": old["rongqiao"]})
    assert (await visit.get("/account")).headers["location"] == "/sign-in?next=%2Faccount"


async def test_signing_out_needs_a_proof_and_ends_the_session_for_good(visit: Visit) -> None:
    await visit.sign_in()
    kept = dict(visit.http.cookies)
    visit.shown = ""
    assert (await visit.post("/sign-out")).status_code == 403
    await visit.get("/account")
    out = await visit.post("/sign-out")
    assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
    assert cookie_of(out)[0] == 'rongqiao=""'
    visit.http.cookies = httpx.Cookies(kept)
    assert (await visit.get("/account")).status_code == 303
    assert (await visit.post("/sign-out")).headers["location"] == "/sign-in"


async def test_another_sessions_proof_is_none(house: Installation, visit: Visit) -> None:
    await house.person("li.na")
    async with Visit(house) as other:
        await other.sign_in("li.na")
        await other.get("/account")
        await visit.sign_in()
        visit.shown = other.shown
        assert (await visit.post("/account/sessions/end")).status_code == 403
    by_cookie = await visit.http.post("/api/v1/auth/sign-out-everywhere")
    assert (by_cookie.status_code, by_cookie.json()["errors"][0]["where"]) == (403, "header.X-CSRF-Token")
    await visit.get("/account")
    proven = {"X-CSRF-Token": visit.field("csrf")}
    assert (await visit.http.post("/api/v1/auth/sign-out-everywhere", headers=proven)).status_code == 200


async def test_a_second_factor_is_asked_for_after_the_password_and_taken_once(
    house: Installation, visit: Visit
) -> None:
    await visit.sign_in()
    _app, codes = await visit.enrol()
    assert len(codes) == 10
    await visit.post("/sign-out")
    asked = await visit.sign_in()
    assert (asked.status_code, asked.headers.get("set-cookie")) == (200, None)
    assert "输入验证码" in asked.text
    step = visit.field("step")
    assert "wang.fang" not in step
    for code, sealed in (("000000", step), (codes[0], step[:-6] + "AAAAA="), (codes[0], ""), (codes[0], "é")):
        wrong = await visit.post("/sign-in/code", step=sealed, code=code, next="/account")
        assert (wrong.status_code, wrong.headers.get("set-cookie")) == (401, None)
    async with Visit(house, "203.0.113.9") as elsewhere:
        stolen = await elsewhere.post("/sign-in/code", step=step, code=codes[0])
        assert stolen.status_code == 401
    entered = await visit.post("/sign-in/code", step=step, code=codes[0], next="/account")
    assert (entered.status_code, entered.headers["location"]) == (303, "/account")
    again = await visit.post("/sign-in/code", step=step, code=codes[0])
    assert again.status_code == 401
    sessions = await house.rows(select(SignInSession).order_by(SignInSession.created_at))
    assert [each.has_second_factor for each in sessions] == [True, True]
    assert {note.detail["wrong"] for note in await house.trail("sign_in_failed")} == {"second factor"}


async def test_a_first_step_ends_after_minutes_and_with_its_password(
    house: Installation, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    await visit.sign_in()
    _app, codes = await visit.enrol()
    await visit.sign_in()
    step = visit.field("step")
    monkeypatch.setattr(page_sign_in, "STEP_SECONDS", -1)
    late = await visit.post("/sign-in/code", step=step, code=codes[0])
    assert late.status_code == 401
    assert 'name="password"' in late.text, "it begins anew"
    monkeypatch.undo()
    await house.change(update(Person).values(password_hash="another"))  # noqa: S106 - no password
    assert (await visit.post("/sign-in/code", step=step, code=codes[0])).status_code == 401


async def test_who_must_have_a_second_factor_may_only_enrol_until_then(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, visit: Visit
) -> None:
    strict = installed(sessions, monkeypatch, second_factor_roles="coordinator")
    async with Visit(strict) as browser:
        await browser.sign_in()
        assert (await browser.get("/")).headers["location"] == "/account/second-factor"
        assert (await browser.http.get("/api/v1/whitelist/entries?edition=2023H2")).status_code == 403
        assert "必须使用第二因素" in (await browser.get("/account/second-factor")).text
        app, _codes = await browser.enrol()
        assert (await browser.get("/")).headers["location"] == "/coverage", (
            "the session at hand has given a code now"
        )
        await browser.get("/account/second-factor")
        half_a_minute_on = app.at(utc_now() + timedelta(seconds=30))
        off = await browser.post("/account/second-factor/removal", code=half_a_minute_on)
        assert off.status_code == 303, off.text
        assert (await browser.get("/")).headers["location"] == "/account/second-factor"


async def test_codes_cannot_be_guessed_by_who_stole_a_session(visit: Visit) -> None:
    await visit.sign_in()
    await visit.enrol()
    await visit.get("/account/second-factor")
    told = [
        (await visit.post(f"/account/second-factor/{what}", code="000000")).status_code
        for what in ("removal", "recovery-codes", "proof", "removal", "removal", "removal")
    ]
    assert told == [422, 422, 422, 422, 422, 429]
