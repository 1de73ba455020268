"""Firms register themselves; nothing is shown before a coordinator of their region confirms."""

import asyncio

import httpx
import pytest
from sqlalchemy import select

from app.accounts import passwords, registration_service
from app.accounts.door import OpenDoor
from app.accounts.registration_schemas import RegistrationDecision, RegistrationIn, RegistrationOwn
from app.accounts.rules import Role, Viewer, anonymous
from app.accounts.tables import Person, RoleGrant
from app.enterprises import service as enterprises
from app.enterprises.schemas import EnterpriseIn
from app.kernel.clock import utc_now
from app.kernel.database import Sessions
from app.kernel.errors import Conflict, PreconditionFailed
from app.kernel.requests import check_if_match
from app.kernel.settings import Settings
from app.visibility.service import narrow
from tests.accounts.offices import OPERATOR, client_as, person, working
from tests.accounts.signing import CHEAP
from tests.apps import create_app

USCC = "91230199MA1BQXYE20"
NOBODY = anonymous("230000")
FIRM = {
    "uscc": USCC,
    "enterprise": "哈尔滨示例机械有限公司",
    "region": "230102",
    "evidence": "授权书 2023-11",
}


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "HASHER", CHEAP)


async def stored_firm(sessions: Sessions, name: str, region: str) -> None:
    async with working(sessions) as session:
        body = EnterpriseIn(uscc=USCC, name=name, region=region)
        await enterprises.register_enterprise(session, OPERATOR, body, now=utc_now())


async def registered(sessions: Sessions, viewer: Viewer, **changes: str) -> RegistrationOwn:
    async with working(sessions, viewer) as session:
        body = RegistrationIn(**FIRM | changes)
        return await registration_service.register(session, viewer, body, "hash", now=utc_now())


async def test_the_registrant_learns_nothing_of_the_firm_and_may_nothing_before_it_is_confirmed(
    sessions: Sessions,
) -> None:
    account = {"name": "王芳", "password": "seven odd herons row north"}
    await person(sessions, "claimant", (Role.ENTERPRISE, USCC))
    answers = []
    async with client_as(sessions, NOBODY) as client:
        answers.append(await client.post("/registrations", json=FIRM | account | {"login": "one"}))
        await stored_firm(sessions, "另一名称", "230103")
        answers.append(await client.post("/registrations", json=FIRM | account | {"login": "two"}))
    said = [
        {key: value for key, value in answer.json().items() if key not in {"id", "created_at"}}
        for answer in answers
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert said[0] == said[1]
    assert said[0]["state"] == "pending"
    async with sessions() as session:
        one = await session.scalar(select(Person).where(Person.login == "one"))
        assert one is not None
        assert await session.scalar(select(RoleGrant).where(RoleGrant.person_id == one.id)) is None


async def test_a_coordinator_of_the_region_sees_what_to_look_at_twice_and_confirms(
    sessions: Sessions,
) -> None:
    wang = await person(sessions, "wang.fang")
    await person(sessions, "claimant", (Role.ENTERPRISE, USCC))
    await stored_firm(sessions, "另一名称", "230103")
    made = await registered(sessions, wang)
    harbin = await person(sessions, "harbin", (Role.COORDINATOR, "230100"))
    async with client_as(sessions, harbin) as client:
        [one] = (await client.get("/registrations?state=pending")).json()["items"]
        assert one["code_region"] == "230199"
        hints = {key: one[key] for key in ("claimed_by", "is_known", "name_differs", "region_differs")}
        assert hints == {"claimed_by": 1, "is_known": True, "name_differs": True, "region_differs": True}
        path = f"/registrations/{made.id}"
        silent = await client.patch(path, json={"decision": "refused"}, headers={"If-Match": '"1"'})
        done = await client.patch(path, json={"decision": "confirmed"}, headers={"If-Match": '"1"'})
        again = await client.patch(path, json={"decision": "confirmed"}, headers={"If-Match": '"2"'})
        assert [answer.status_code for answer in (silent, done, again)] == [422, 200, 409]
        assert (done.json()["state"], done.json()["decided_by"]) == ("confirmed", "harbin")
    async with sessions() as session:
        grant = (
            await session.execute(select(RoleGrant).where(RoleGrant.person_id == wang.person))
        ).scalar_one()
    assert (grant.role, grant.scope, grant.granted_by) == ("enterprise", USCC, "harbin")


async def test_only_the_region_of_the_registration_and_of_the_stored_firm_decides(sessions: Sessions) -> None:
    wang = await person(sessions, "wang.fang")
    made = await registered(sessions, wang)
    path, body, version = f"/registrations/{made.id}", {"decision": "confirmed"}, {"If-Match": '"1"'}
    outside = await person(sessions, "qiqihar", (Role.COORDINATOR, "230200"))
    async with client_as(sessions, outside) as client:
        assert (await client.get("/registrations")).json()["items"] == []
        assert (await client.get(path)).status_code == 404
        assert (await client.patch(path, json=body, headers=version)).status_code == 404
    await stored_firm(sessions, FIRM["enterprise"], "230202")
    county = await person(sessions, "daoli", (Role.COORDINATOR, "230102"))
    async with client_as(sessions, county) as client:
        assert (await client.get(path)).json()["region_differs"]
        assert (await client.patch(path, json=body, headers=version)).status_code == 403
    own = Viewer("both", "230000", county.grants, wang.person)
    async with client_as(sessions, own) as client:
        refused = {"decision": "refused", "reason": "无"}
        assert (await client.patch(path, json=refused, headers=version)).status_code == 403
    province = await person(sessions, "province", (Role.COORDINATOR, "230000"))
    async with client_as(sessions, province) as client:
        assert (await client.patch(path, json=body, headers=version)).status_code == 200


async def test_a_refusal_is_read_by_the_registrant_who_may_try_again_once_at_a_time(
    sessions: Sessions,
) -> None:
    wang = await person(sessions, "wang.fang")
    made = await registered(sessions, wang)
    with pytest.raises(Conflict):
        await registered(sessions, wang)
    harbin = await person(sessions, "harbin", (Role.COORDINATOR, "230100"))
    async with client_as(sessions, harbin) as client:
        body = {"decision": "refused", "reason": "授权书缺公章"}
        await client.patch(f"/registrations/{made.id}", json=body, headers={"If-Match": '"1"'})
        assert (await client.get("/registrations/own")).json() == []
    await registered(sessions, wang)
    async with client_as(sessions, wang) as client:
        shown = (await client.get("/registrations/own")).json()
        assert [(one["state"], one["reason"]) for one in shown] == [
            ("pending", None),
            ("refused", "授权书缺公章"),
        ]
        assert (await client.get("/registrations")).status_code == 403


@pytest.mark.parametrize(
    ("changes", "status", "where"),
    [
        ({"uscc": "91230199MA1BQXYE21"}, 422, "uscc"),
        ({"region": "310000"}, 422, "region"),
        ({"region": "230199"}, 422, "region"),
        ({"login": "аdmin"}, 422, "login"),
        ({"password": "password123"}, 422, "password"),
        ({"login": "taken"}, 409, "login"),
    ],
)
async def test_a_registration_that_cannot_be_is_refused_by_name_and_leaves_no_account(
    sessions: Sessions, changes: dict[str, str], status: int, where: str
) -> None:
    await person(sessions, "taken")
    account = {"login": "wang.fang", "name": "王芳", "password": "seven odd herons row north"}
    async with client_as(sessions, NOBODY) as client:
        answer = await client.post("/registrations", json=FIRM | account | changes)
        assert (answer.status_code, answer.json()["errors"][0]["where"]) == (status, where)
        assert (await client.post("/registrations", json=FIRM)).status_code == 422
    async with sessions() as session:
        assert len((await session.execute(select(Person.id))).all()) == 1


async def test_an_administrator_cannot_register_a_firm(sessions: Sessions) -> None:
    admin = await person(sessions, "root", (Role.ADMINISTRATOR, ""))
    with pytest.raises(Conflict) as told:
        await registered(sessions, admin)
    assert "三权分立" in told.value.faults[0].message


async def test_of_two_coordinators_who_decide_at_once_one_does(sessions: Sessions) -> None:
    made = await registered(sessions, await person(sessions, "wang.fang"))
    coordinators = [await person(sessions, f"c{n}c", (Role.COORDINATOR, "230100")) for n in range(2)]

    async def decide(viewer: Viewer, decision: str) -> bool:
        body = RegistrationDecision.model_validate({"decision": decision, "reason": "核验"})
        try:
            async with working(sessions, viewer) as session:
                await registration_service.decide(
                    session,
                    viewer,
                    made.id,
                    body,
                    expect=lambda version: check_if_match('"1"', version),
                    now=utc_now(),
                )
        except PreconditionFailed:
            return False
        return True

    decided = await asyncio.gather(decide(coordinators[0], "confirmed"), decide(coordinators[1], "refused"))
    assert sorted(decided) == [False, True]


async def test_an_address_registers_only_so_often(sessions: Sessions) -> None:
    account = {"name": "王芳", "password": "seven odd herons row north"}
    app = create_app(Settings(sign_ins_per_minute=2), sessions, OpenDoor(NOBODY, narrow))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1") as client:
        answers = [
            await client.post("/registrations", json=FIRM | account | {"login": f"login{n}"})
            for n in range(3)
        ]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert int(answers[2].headers["retry-after"]) > 0
