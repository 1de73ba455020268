"""Who may speak for a firm: an enterprise for itself, a coordinator for the firms of the own region."""

from typing import Any

import httpx

from app.accounts.rules import Role
from app.kernel.database import Sessions
from tests.enterprises.consent_world import client_of, person
from tests.whitelist.rosters import credit_code

HARBIN, QIQIHAR = person(Role.COORDINATOR, "230100"), person(Role.COORDINATOR, "230200")
OWN, OTHER, NEW = credit_code(1), credit_code(2), credit_code(3)
FIRM = person(Role.ENTERPRISE, OWN)


def _firm(uscc: str, region: str = "230110") -> dict[str, Any]:
    return {"uscc": uscc, "name": f"示例机械{uscc[-4:]}有限公司", "region": region}


def _need(uscc: str) -> dict[str, Any]:
    facts = {"amount": "1.00", "term_months": 1, "purposes": ["equipment"], "region": "230110"}
    return {"uscc": uscc, "facts": facts}


def _said(answer: httpx.Response) -> tuple[int, str, Any]:
    body = answer.json()
    return answer.status_code, body["detail"], body["errors"]


async def test_an_enterprise_speaks_for_its_own_credit_code_alone(sessions: Sessions) -> None:
    async with client_of(sessions, HARBIN) as client:
        assert (await client.post("/enterprises", json=_firm(OTHER))).status_code == 201
    async with client_of(sessions, FIRM) as client:
        assert (await client.post("/enterprises", json=_firm(OWN))).status_code == 201
        assert (await client.post("/enterprises", json=_firm(OWN))).status_code == 409
        # A stored code and one that is not stored are refused alike.
        stored, missing = [await client.post("/enterprises", json=_firm(uscc)) for uscc in (OTHER, NEW)]
        assert (_said(stored)[0], _said(stored)) == (403, _said(missing))
        for path, stated in (("/needs", _need(OWN)), ("/projects", {"uscc": OWN, "name": "扩建"})):
            assert (await client.post(path, json=stated)).status_code == 201
            answers = [await client.post(path, json=stated | {"uscc": uscc}) for uscc in (OTHER, NEW)]
            assert {answer.status_code for answer in answers} == {422}
            assert len({answer.text.replace(OTHER, NEW).split("request_id")[0] for answer in answers}) == 1
        for method, path in (("PUT", ""), ("GET", ""), ("GET", "/contact"), ("PUT", "/contact")):
            body = {"name": "x"} | ({} if path else {"region": "230110"})
            foreign = await client.request(method, f"/enterprises/{OTHER}{path}", json=body)
            unknown = await client.request(method, f"/enterprises/{NEW}{path}", json=body)
            assert {foreign.status_code, unknown.status_code} == {404}


async def test_a_coordinator_speaks_for_the_firms_of_the_own_region(sessions: Sessions) -> None:
    async with client_of(sessions, HARBIN) as client:
        made = await client.post("/enterprises", json=_firm(OWN))
        assert made.status_code == 201
        assert (await client.post("/enterprises", json=_firm(NEW, "230202"))).status_code == 403
        moved = {"name": "示例机械有限公司", "region": "230202"}
        away = await client.put(f"/enterprises/{OWN}", json=moved, headers={"If-Match": '"1"'})
        assert away.status_code == 403
        assert (await client.get(f"/enterprises/{OWN}")).json()["region"] == "230110"
    async with client_of(sessions, QIQIHAR) as client:
        # What is registered elsewhere is refused as what lies elsewhere is: neither says that it is there.
        taken = await client.post("/enterprises", json=_firm(OWN, "230202"))
        outside = await client.post("/enterprises", json=_firm(NEW, "230110"))
        assert (_said(taken)[0], _said(taken)) == (403, _said(outside))
        assert (await client.post("/needs", json=_need(OWN))).status_code == 422
        assert (await client.get(f"/enterprises/{OWN}")).status_code == 404
