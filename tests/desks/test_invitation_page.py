"""An invitation is taken up in a browser: with a new account, or as who is signed in; once, and by nobody unaware."""

import pytest
from sqlalchemy import select

from app.accounts.rules import Role
from app.accounts.tables import Person, RoleGrant
from app.kernel.database import Sessions
from tests.accounts.signing import PASSWORD, Installation, installed
from tests.desks.test_single_sign_on import invited
from tests.desks.visits import Visit


@pytest.fixture
def house(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Installation:
    return installed(sessions, monkeypatch)


async def test_a_new_account_is_made_and_signed_in_to(house: Installation, sessions: Sessions) -> None:
    await house.person("li.na")
    token = await invited(sessions)
    async with Visit(house) as visit:
        shown = await visit.get(f"/invitation?token={token}")
        assert (shown.status_code, "您被邀请担任：审计" in shown.text) == (200, True)
        assert 'value="王芳"' in shown.text
        for login, password, said in (
            ("li.na", PASSWORD, "已被使用"),
            ("王芳", PASSWORD, "只用英文字母"),
            ("wang.fang", "password123", "新口令太短、太常见"),
            ("", PASSWORD, "请填写"),
        ):
            refused = await visit.post(
                "/invitation", token=token, login=login, name="王芳", password=password
            )
            assert (refused.status_code, said in refused.text, PASSWORD in refused.text) == (422, True, False)
        done = await visit.post("/invitation", token=token, login="Wang.Fang", name="王芳", password=PASSWORD)
        assert (done.status_code, done.headers["location"]) == (303, "/")
        account = await visit.get("/account")
        assert "审计" in account.text
        await visit.post("/sign-out")
        assert (await visit.sign_in()).status_code == 303
    async with Visit(house) as late:
        for answer in (
            await late.get(f"/invitation?token={token}"),
            await late.get("/invitation"),
            await late.post("/invitation", token=token, login="late.comer", name="x", password=PASSWORD),
        ):
            assert (answer.status_code, "邀请不存在" in answer.text) == (404, True)
    assert sorted(await house.rows(select(Person.login))) == ["li.na", "wang.fang"]


async def test_who_is_signed_in_takes_it_up_knowingly_or_not_at_all(
    house: Installation, sessions: Sessions
) -> None:
    person = await house.person("li.na", (Role.COORDINATOR, "230100"))
    token = await invited(sessions)
    async with Visit(house) as visit:
        await visit.sign_in("li.na")
        unaware = await visit.http.post("/api/v1/invitations/accept", json={"token": token})
        assert unaware.status_code == 422, "without a proof from a page nobody is there to take it up"
        visit.shown = ""
        assert (await visit.post("/account/invitation", token=token)).status_code == 403
        assert "以 li.na 的身份接受" in (await visit.get(f"/invitation?token={token}")).text
        done = await visit.post("/account/invitation", token=token)
        assert (done.status_code, done.headers["location"]) == (303, "/account")
    roles = await house.rows(select(RoleGrant.role).where(RoleGrant.person_id == person))
    assert sorted(roles) == ["auditor", "coordinator"]
