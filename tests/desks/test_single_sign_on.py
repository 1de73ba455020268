"""Single sign-on against a real provider in its own process; and against one that lies, dawdles or talks nonsense."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import RSAKey
from pydantic import SecretStr
from sqlalchemy import select, update

from app.accounts import invitation_service, oidc_client, single_sign_on
from app.accounts.invitation_schemas import InvitationIn
from app.accounts.oidc_client import Provider
from app.accounts.rules import Role
from app.accounts.tables import ExternalIdentity, Person, RoleGrant, SignInSession
from app.kernel.clock import utc_now
from app.kernel.database import Sessions
from app.kernel.errors import Refused
from app.kernel.settings import Settings
from app.visibility.places import StoredPlaces
from tests.accounts.offices import OPERATOR, working
from tests.accounts.signing import Installation, installed
from tests.desks.providers import Puppet, free_port, puppet_provider, real_provider
from tests.desks.visits import Visit

GO = "/sign-in/single-sign-on"
BACK = f"{GO}/callback"
NOT_DONE = "单点登录没有完成"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with real_provider() as running:
        yield running


@pytest.fixture(scope="module")
def puppet() -> Iterator[Puppet]:
    with puppet_provider() as running:
        yield running


def house_of(sessions: Sessions, monkeypatch: pytest.MonkeyPatch, issuer: str) -> Installation:
    secret = SecretStr("our secret there")
    return installed(
        sessions, monkeypatch, oidc_issuer=issuer, oidc_client_id="rongqiao", oidc_client_secret=secret
    )


@pytest.fixture
async def house(sessions: Sessions, monkeypatch: pytest.MonkeyPatch, issuer: str) -> Installation:
    made = house_of(sessions, monkeypatch, issuer)
    await made.person("wang.fang", (Role.COORDINATOR, "230000"))
    return made


@pytest.fixture
async def visit(house: Installation) -> AsyncIterator[Visit]:
    async with Visit(house) as opened:
        yield opened


@pytest.fixture
async def fooled(sessions: Sessions, monkeypatch: pytest.MonkeyPatch, puppet: Puppet) -> AsyncIterator[Visit]:
    """A browser of 王芳, whose provider is the puppet."""
    made = house_of(sessions, monkeypatch, puppet.issuer)
    made.app.state.provider = Provider(made.app.state.settings)  # it remembers nothing yet
    person = await made.person("wang.fang", (Role.COORDINATOR, "230000"))
    await link(made, puppet.issuer, "330", person)
    puppet.answers.clear()
    puppet.asked.clear()
    puppet.behave()
    async with Visit(made) as opened:
        yield opened


async def link(made: Installation, issuer: str, subject: str, person: int) -> None:
    async with working(made.sessions) as session:
        session.add(ExternalIdentity(person_id=person, issuer=issuer, subject=subject, created_at=utc_now()))


async def consent(visit: Visit, there: str, subject: str = "330") -> str:
    """Sign in at the provider; answer where it sends the browser back to."""
    answer = await visit.http.post(there, data={"sub": subject})
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


async def depart(visit: Visit, path: str = GO) -> str:
    answer = await visit.get(path)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def test_who_linked_an_identity_signs_in_with_it(house: Installation, visit: Visit) -> None:
    await visit.sign_in()
    await visit.get("/account")
    leaving = await visit.post("/account/identity")
    assert "form-action 'self'" in leaving.headers["content-security-policy"]
    there = leaving.text.split('class="button" href="')[1].split('"')[0].replace("&amp;", "&")
    linked = await visit.get(await consent(visit, there))
    assert (linked.status_code, linked.headers["location"]) == (303, "/account")
    [identity] = await house.rows(select(ExternalIdentity))
    assert identity.subject == "330"
    await visit.get("/account")
    await visit.post("/sign-out")
    assert "政务统一认证登录" in (await visit.get("/sign-in?next=%2F%3Fmonth%3D2023-11")).text

    back = await consent(visit, await depart(visit, f"{GO}?next=%2F%3Fmonth%3D2023-11"))
    entered = await visit.get(back)
    assert (entered.status_code, entered.headers["location"]) == (303, "/?month=2023-11")
    set_cookies = entered.headers.get_list("set-cookie")
    assert any(each.startswith("rongqiao=") and "HttpOnly" in each for each in set_cookies)
    assert any(each.startswith('rongqiao-sso=""') for each in set_cookies), "the journey is over"
    assert (await visit.get("/")).headers["location"] == "/coverage"
    newest = (await house.rows(select(SignInSession).order_by(SignInSession.created_at.desc())))[0]
    assert (newest.kind, newest.has_second_factor) == ("page", False)
    assert [note.actor for note in await house.trail("link_identity")] == ["wang.fang"]

    replayed = await visit.get(back)
    assert (replayed.status_code, NOT_DONE in replayed.text) == (401, True)


async def test_an_answer_counts_once_and_in_the_browser_that_asked(
    house: Installation, visit: Visit, issuer: str
) -> None:
    await link(house, issuer, "330", (await house.rows(select(Person.id)))[0])
    back = await consent(visit, await depart(visit))
    flow = visit.http.cookies["rongqiao-sso"]
    code, state = (parse_qs(urlsplit(back).query)[name][0] for name in ("code", "state"))
    async with Visit(house) as other:
        await depart(other)
        refused = [
            await other.get(back),
            await other.get(f"{BACK}?code={code}&state="),
            await other.get(f"{BACK}?code={code}"),
            await other.get(f"{BACK}?state={state}"),
            await other.get(BACK),
        ]
        assert not {"rongqiao"} & set(other.http.cookies)
    visit.http.cookies.set("rongqiao-sso", flow[:-8] + "AAAAAAA=", domain="localhost.local")
    spoilt = await Visit(house).http.get(back, headers={"cookie": f"rongqiao-sso={flow[:-8]}AAAAAAA="})
    kept = {"cookie": f"rongqiao-sso={flow}"}
    first = await Visit(house).http.get(back, headers=kept)
    assert first.status_code == 303
    again = await Visit(house).http.get(back, headers=kept)
    for answer in (*refused, spoilt, again):
        assert (answer.status_code, NOT_DONE in answer.text) == (401, True)
        assert not any(each.startswith("rongqiao=") for each in answer.headers.get_list("set-cookie"))


async def test_being_known_to_the_provider_is_not_enough(house: Installation, visit: Visit) -> None:
    stranger = await visit.get(await consent(visit, await depart(visit), "999"))
    assert (stranger.status_code, "索取邀请" in stranger.text) == (403, True)
    assert len(await house.rows(select(Person))) == 1
    denied = await visit.get(f"{BACK}?error=access_denied&state=x")
    assert (denied.status_code, NOT_DONE in denied.text) == (401, True)


async def test_a_disabled_person_does_not_come_in_by_another_door(
    house: Installation, visit: Visit, issuer: str
) -> None:
    await link(house, issuer, "330", (await house.rows(select(Person.id)))[0])
    await house.change(update(Person).values(disabled_at=utc_now()))
    answer = await visit.get(await consent(visit, await depart(visit)))
    assert (answer.status_code, "rongqiao" in visit.http.cookies) == (403, False)


async def test_an_invitation_is_taken_up_in_the_same_journey(
    house: Installation, visit: Visit, issuer: str, sessions: Sessions
) -> None:
    token = await invited(sessions)
    back = await consent(visit, await depart(visit, f"{GO}?invitation={token}"))
    entered = await visit.get(back)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    made = (await house.rows(select(Person).order_by(Person.id.desc())))[0]
    assert (made.name, made.password_hash) == ("王芳", None)
    [grant] = await house.rows(select(RoleGrant).where(RoleGrant.person_id == made.id))
    assert grant.role == Role.AUDITOR
    [identity] = await house.rows(select(ExternalIdentity))
    assert (identity.person_id, identity.issuer, identity.subject) == (made.id, issuer, "330")
    assert (await visit.get("/account")).status_code == 200

    async with Visit(house) as second:
        for path in (f"{GO}?invitation={token}", f"{GO}?invitation=x", f"{GO}?invitation={'x' * 43}"):
            refused = await second.get(await consent(second, await depart(second, path), "777"))
            assert (refused.status_code, "邀请不存在" in refused.text) == (404, True)
    assert len(await house.rows(select(ExternalIdentity))) == 1


async def invited(sessions: Sessions) -> str:
    async with working(sessions) as session:
        body = InvitationIn(name="王芳", role=Role.AUDITOR)
        made = await invitation_service.invite(session, OPERATOR, body, StoredPlaces(), now=utc_now())
    return made.token


async def test_only_who_began_to_link_is_linked(house: Installation, visit: Visit, issuer: str) -> None:
    person = (await house.rows(select(Person.id)))[0]
    await house.person("li.na")
    await visit.sign_in()
    await visit.get("/account")
    leaving = await visit.post("/account/identity")
    there = leaving.text.split('class="button" href="')[1].split('"')[0].replace("&amp;", "&")
    back = await consent(visit, there)
    await visit.get("/account")
    await visit.post("/sign-out")
    await visit.sign_in("li.na")
    assert (await visit.get(back)).status_code == 403
    assert await house.rows(select(ExternalIdentity)) == []
    await link(house, issuer, "330", person)
    await visit.get("/account")
    leaving = await visit.post("/account/identity")
    there = leaving.text.split('class="button" href="')[1].split('"')[0].replace("&amp;", "&")
    taken = await visit.get(await consent(visit, there))
    assert (taken.status_code, "另一个账户" in taken.text) == (409, True)


async def test_a_second_factor_is_asked_for_after_single_sign_on_too(
    house: Installation, visit: Visit, issuer: str
) -> None:
    await link(house, issuer, "330", (await house.rows(select(Person.id)))[0])
    await visit.sign_in()
    _app, codes = await visit.enrol()
    await visit.post("/sign-out")
    await visit.get(await consent(visit, await depart(visit)))
    before = visit.http.cookies["rongqiao"]
    for path in ("/", "/account"):
        assert (await visit.get(path)).headers["location"] == "/account/second-factor"
    await visit.get("/account/second-factor")
    assert (await visit.post("/account/sessions/end")).status_code == 403
    await visit.get("/account/second-factor")
    assert (await visit.post("/account/identity")).status_code == 403
    await visit.get("/account/second-factor")
    assert (await visit.post("/account/second-factor/proof", code="000000")).status_code == 422
    given = await visit.post("/account/second-factor/proof", code=codes[0])
    assert (given.status_code, given.headers["location"]) == (303, "/")
    assert visit.http.cookies["rongqiao"] != before, "what means more is another cookie"
    assert (await visit.get("/")).headers["location"] == "/coverage"


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"},
        {"iss": "https://sso.example.com"},
        {"aud": "another client"},
        {"exp": 1_700_000_000},
        {"sub": None},
    ],
)
async def test_a_token_that_lies_lets_nobody_in(fooled: Visit, puppet: Puppet, lie: dict[str, Any]) -> None:
    there = await depart(fooled)
    puppet.vouch(there, **lie)
    answer = await fooled.get(_back_from(there))
    assert (answer.status_code, NOT_DONE in answer.text) == (401, True)
    assert "rongqiao" not in fooled.http.cookies


def _back_from(there: str, **more: str) -> str:
    state = parse_qs(urlsplit(there).query)["state"][0]
    return str(httpx.URL(BACK, params={"code": "the-code", "state": state} | more))


async def test_the_code_goes_to_the_provider_with_our_secret_and_the_verifier(
    fooled: Visit, puppet: Puppet
) -> None:
    there = await depart(fooled)
    puppet.vouch(there)
    assert (await fooled.get(_back_from(there))).status_code == 303
    [(authorization, sent)] = puppet.asked
    assert authorization.startswith("Basic ")
    asked = parse_qs(urlsplit(there).query)
    assert create_s256_code_challenge(sent["code_verifier"]) == asked["code_challenge"][0]
    assert sent["code"] == "the-code"
    assert sent["redirect_uri"] == asked["redirect_uri"][0] == f"http://localhost{BACK}"


async def test_an_answer_from_another_provider_never_reaches_ours(fooled: Visit, puppet: Puppet) -> None:
    there = await depart(fooled)
    puppet.vouch(there)
    answer = await fooled.get(_back_from(there, iss="https://evil.example"))
    assert (answer.status_code, puppet.asked) == (401, [])


async def test_a_provider_that_changes_its_key_is_asked_for_the_new_one_but_not_at_every_try(
    fooled: Visit, puppet: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def status() -> int:
        there = await depart(fooled)
        puppet.vouch(there)
        answer = await fooled.get(_back_from(there))
        fooled.http.cookies.clear()
        return answer.status_code

    assert await status() == 303
    monkeypatch.setattr(puppet, "key", RSAKey.generate_key(2048, {"kid": "2"}))
    puppet.behave()
    assert await status() == 401
    monkeypatch.setattr(oidc_client, "ASKED_AGAIN", timedelta(0))
    assert await status() == 303


NONSENSE: list[tuple[str, dict[str, tuple[int, Any]]]] = [
    ("discovery fails", {"/.well-known/openid-configuration": (500, {})}),
    ("discovery is elsewhere", {"/.well-known/openid-configuration": (302, {})}),
    ("discovery is no JSON", {"/.well-known/openid-configuration": (200, b"<html>")}),
    ("discovery is a list", {"/.well-known/openid-configuration": (200, [])}),
    ("discovery lacks everything", {"/.well-known/openid-configuration": (200, {"issuer": "x"})}),
    ("discovery never ends", {"/.well-known/openid-configuration": (200, b"[" * 600_000)}),
    ("keys are missing", {"/jwks": (404, b"")}),
    ("keys are no JSON", {"/jwks": (200, b"\xff\xfe")}),
    ("tokens fail", {"/token": (503, b"")}),
    ("tokens are no JSON", {"/token": (200, b"access_token=a")}),
    ("we are not known", {"/token": (401, {"error": "invalid_client"})}),
]


async def test_a_provider_that_cannot_be_used_is_said_to_be_so(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, puppet: Puppet
) -> None:
    told = {}
    for name, answers in NONSENSE:
        made = house_of(sessions, monkeypatch, puppet.issuer)
        made.app.state.provider = Provider(made.app.state.settings)
        puppet.behave()
        async with Visit(made) as visit:
            if "/.well-known/openid-configuration" not in answers:
                there = await depart(visit)
                puppet.vouch(there)
                puppet.answers |= answers
                answer = await visit.get(_back_from(there))
            else:
                puppet.answers |= answers
                answer = await visit.get(GO)
        told[name] = (answer.status_code, "单点登录暂时不可用" in answer.text)
    assert told == {name: (503, True) for name, _answers in NONSENSE}


async def test_a_provider_elsewhere_slow_or_gone_holds_nobody_up(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, puppet: Puppet
) -> None:
    monkeypatch.setattr(oidc_client, "CALL_SECONDS", 0.2)
    made = house_of(sessions, monkeypatch, puppet.issuer)
    puppet.behave(token_endpoint="http://sso.example.com/token")  # noqa: S106 - an address
    for is_slow in (False, True):
        if is_slow:
            puppet.hold.clear()
        made.app.state.provider = Provider(made.app.state.settings)
        async with Visit(made) as visit:
            assert (await visit.get(GO)).status_code == 503
    puppet.hold.set()
    gone = f"http://127.0.0.1:{free_port()}"
    made.app.state.provider = Provider(Settings(oidc_issuer=gone, oidc_client_id="rongqiao"))
    async with Visit(made) as visit:
        assert (await visit.get(GO)).status_code == 503
        assert (await visit.get("/sign-in")).status_code == 200, "who has a password signs in all the same"
    made.app.state.provider = None
    async with Visit(made) as visit:
        assert (await visit.get(GO)).status_code == 404


async def test_a_code_that_the_provider_does_not_take_is_refused_and_not_an_outage(
    fooled: Visit, puppet: Puppet
) -> None:
    there = await depart(fooled)
    puppet.answers["/token"] = (400, {"error": "invalid_grant"})
    answer = await fooled.get(_back_from(there))
    assert (answer.status_code, NOT_DONE in answer.text) == (401, True)


async def test_a_journey_takes_ten_minutes_at_most(
    fooled: Visit, puppet: Puppet, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = await depart(fooled)
    puppet.vouch(there)
    monkeypatch.setattr(single_sign_on, "FLOW_SECONDS", -1)
    assert (await fooled.get(_back_from(there))).status_code == 401


@pytest.mark.parametrize(
    ("issuer", "client", "where"),
    [
        ("http://sso.example.com", "rongqiao", ["RONGQIAO_OIDC_ISSUER"]),
        ("https://sso.example.com", "", ["RONGQIAO_OIDC_CLIENT_ID"]),
        ("sso.example.com", "", ["RONGQIAO_OIDC_ISSUER", "RONGQIAO_OIDC_CLIENT_ID"]),
    ],
)
def test_settings_that_let_others_listen_or_name_nobody_do_not_start(
    issuer: str, client: str, where: list[str]
) -> None:
    with pytest.raises(Refused) as refusal:
        Provider(Settings(oidc_issuer=issuer, oidc_client_id=client))
    assert [fault.where for fault in refusal.value.faults] == where
