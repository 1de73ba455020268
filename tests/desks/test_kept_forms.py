"""What was typed when the session had ended comes back to its person, and to nobody else; nothing is sent by itself."""

import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select, update

from app.accounts.csrf import csrf_token
from app.accounts.rules import Role
from app.accounts.tables import Person, SignInSession
from app.kernel.clock import utc_now
from tests.accounts.signing import PASSWORD, Installation
from tests.desks.visits import Visit

SAID = "刚才填写的内容还在"
TYPED = {"reason": '走访后 <b>"婉拒"</b>\n第二行 🙂', "amount": "500"}
PATH = "/account/sessions/" + "0" * 32 + "/end"
"""A change that is there for everybody; of a session that nobody has."""


@pytest.fixture
async def visit(house: Installation) -> AsyncIterator[Visit]:
    """A browser with the account page of 王芳 open, whose session ends now."""
    await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    async with Visit(house) as opened:
        await opened.sign_in()
        await opened.get("/account")
        await house.change(update(SignInSession).values(ended_at=utc_now(), end_reason="test"))
        yield opened


async def test_what_was_typed_survives_the_end_of_the_session_and_is_sent_by_a_button(visit: Visit) -> None:
    sent = await visit.post(PATH, **TYPED)
    assert (sent.status_code, SAID in sent.text) == (401, True)
    assert "走访" not in sent.text, "it is sealed: whoever looks at the screen reads nothing"
    kept = visit.field("kept")
    wrong = await visit.post("/sign-in", login="wang.fang", password=PASSWORD[1:], kept=kept)
    assert (wrong.status_code, SAID in wrong.text, visit.field("kept")) == (401, True, kept)
    back = await visit.post("/sign-in", login="wang.fang", password=PASSWORD, kept=kept)
    assert (back.status_code, f'action="{PATH}"' in back.text) == (200, True)
    assert "走访后 &lt;b&gt;&#34;婉拒&#34;&lt;/b&gt;" in back.text
    fields = dict(re.findall(r'<textarea name="(\w+)" hidden>\n(.*?)</textarea>', back.text, re.DOTALL))
    assert fields.keys() == TYPED.keys()
    assert fields["reason"].endswith("第二行 🙂")
    assert len(visit.field("once")) == 32
    again = await visit.post(PATH, once=visit.field("once"), **TYPED)
    assert again.status_code == 404, (
        "it was taken as from a page of the new session: there is no such session to end"
    )


async def test_a_second_factor_stands_in_between(house: Installation, visit: Visit) -> None:
    await visit.sign_in()
    _app, codes = await visit.enrol()
    await house.change(update(SignInSession).values(ended_at=utc_now(), end_reason="test"))
    await visit.post(PATH, **TYPED)
    asked = await visit.post("/sign-in", login="wang.fang", password=PASSWORD, kept=visit.field("kept"))
    assert "输入验证码" in asked.text
    step, kept = visit.field("step"), visit.field("kept")
    back = await visit.post("/sign-in/code", step=step, code=codes[0], kept=kept)
    assert (back.status_code, "第二行 🙂" in back.text) == (200, True)


async def test_who_signed_in_in_another_window_goes_on_from_either_page(
    house: Installation, visit: Visit
) -> None:
    await visit.post(PATH, **TYPED)
    early = await visit.post("/sign-in/kept", kept=visit.field("kept"))
    assert (early.status_code, SAID in early.text) == (200, True)
    old = visit.shown
    await visit.sign_in()
    visit.shown = old
    back = await visit.post("/sign-in/kept", kept=visit.field("kept"))
    assert (back.status_code, "第二行 🙂" in back.text) == (200, True)
    former = await house.rows(select(SignInSession.id).where(SignInSession.ended_at.is_not(None)))
    token = csrf_token(house.app.state.gate.ring, former[0])
    stale = await visit.http.post(PATH, data={"csrf": token, **TYPED})
    assert (stale.status_code, "重新提交" in stale.text) == (403, True)
    visit.shown = stale.text
    assert "第二行 🙂" in (await visit.post("/sign-in/kept", kept=visit.field("kept"))).text


async def test_nobody_else_sees_it_and_what_was_tampered_with_is_nothing(
    house: Installation, visit: Visit
) -> None:
    await house.person("li.na")
    await visit.post(PATH, **TYPED)
    kept = visit.field("kept")
    for login, sealed in (
        ("li.na", kept),
        ("wang.fang", kept[:-4] + "AAA="),
        ("wang.fang", "é"),
        ("wang.fang", "x"),
    ):
        answer = await visit.post("/sign-in", login=login, password=PASSWORD, kept=sealed)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        told = await visit.get("/account")
        assert ("不能恢复" in told.text, "走访" in told.text) == (True, False)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (PATH, {}),
        (PATH, {"reason": "x" * 30_000}),
        ("/account/password", {"old": PASSWORD, "new": PASSWORD}),
        ("/account/second-factor/proof", {"code": "123456"}),
        ("/sign-out", {"reason": "x"}),
        ("/account\\evil", {"reason": "x"}),
    ],
)
async def test_secrets_too_much_and_nothing_are_not_kept(
    visit: Visit, path: str, fields: dict[str, str]
) -> None:
    answer = await visit.post(path, **fields)
    assert answer.status_code in {303, 404}
    assert "kept" not in answer.text


async def test_a_form_that_no_page_of_ours_had_is_not_kept(house: Installation, visit: Visit) -> None:
    strange = await visit.http.post(PATH, data=TYPED)
    assert (strange.status_code, strange.headers["location"]) == (303, "/sign-in")
    forged = await visit.http.post(PATH, data=TYPED | {"csrf": "0" * 64})
    visit.shown = forged.text
    answer = await visit.post("/sign-in", login="wang.fang", password=PASSWORD, kept=visit.field("kept"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    elsewhere = await visit.http.post(PATH, data=TYPED, headers={"origin": "http://evil.example"})
    assert (elsewhere.status_code, "不能从别的网站打开" in elsewhere.text, "kept" in elsewhere.text) == (
        403,
        True,
        False,
    )
    assert len(await house.rows(select(Person.id))) == 1
