"""The JSON of enterprises, contacts, projects and needs."""

from typing import Any

import httpx

from tests.whitelist.rosters import credit_code

FACTS = {
    "amount": "5000000.00",
    "term_months": 36,
    "purposes": ["equipment"],
    "region": "230110",
    "industry": "C3421",
}
FIRM = {"uscc": credit_code(1), "name": "哈尔滨示例机械有限公司", "region": "230110", "industry": "C3421"}


def _without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in names}


async def test_an_enterprise_is_registered_read_revised_and_found(client: httpx.AsyncClient) -> None:
    made = await client.post("/enterprises", json=FIRM)
    assert (made.status_code, made.headers["etag"]) == (201, '"1"')
    assert made.headers["location"] == f"/api/v1/enterprises/{FIRM['uscc']}"
    body = _without(FIRM, "uscc") | {"name": "哈尔滨新名机械有限公司", "ownership": "private"}
    path = f"/enterprises/{FIRM['uscc']}"
    assert (await client.put(path, json=body)).status_code == 428
    revised = await client.put(path, json=body, headers={"If-Match": '"1"'})
    assert (revised.status_code, revised.headers["etag"]) == (200, '"2"')
    assert (await client.put(path, json=body, headers={"If-Match": '"1"'})).status_code == 412
    same = await client.put(path, json=body, headers={"If-Match": '"2"'})
    assert same.headers["etag"] == '"2"'
    found = (await client.get("/enterprises", params={"name": "新名", "region": "230100"})).json()
    assert [item["uscc"] for item in found["items"]] == [FIRM["uscc"]]
    assert (await client.get("/enterprises", params={"region": "230200"})).json()["items"] == []


async def test_a_second_registration_conflicts_and_a_repeated_key_answers_the_first(
    client: httpx.AsyncClient,
) -> None:
    headers = {"Idempotency-Key": "a"}
    first = await client.post("/enterprises", json=FIRM, headers=headers)
    again = await client.post("/enterprises", json=FIRM, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    conflict = await client.post("/enterprises", json=FIRM)
    assert conflict.status_code == 409
    assert conflict.json()["errors"][0]["where"] == "uscc"


WRONG: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"uscc": FIRM["uscc"][:-1] + ("0" if FIRM["uscc"][-1] != "0" else "1")}, "uscc", "demand"),
    ({"region": "230199"}, "region", "no such region"),
    ({"region": "230121"}, "region", "no longer in use"),
    ({"region": "410102"}, "region", "outside"),
    ({"industry": "C9999"}, "industry", "no such industry"),
    ({"established_on": "2190-01-01"}, "established_on", "future"),
    ({"colour": "red"}, "colour", "no field of this name"),
    ({"name": "a\x00"}, "name", "pattern"),
)


async def test_a_wrong_field_is_named(client: httpx.AsyncClient) -> None:
    for change, where, said in WRONG:
        answer = await client.post("/enterprises", json=FIRM | change)
        assert answer.status_code == 422
        [fault] = answer.json()["errors"]
        assert fault["where"] == where
        assert said in fault["message"]
    assert (await client.get("/enterprises")).json()["items"] == []


async def test_contacts_are_read_and_changed_apart(client: httpx.AsyncClient) -> None:
    await client.post("/enterprises", json=FIRM)
    path = f"/enterprises/{FIRM['uscc']}/contact"
    empty = await client.get(path)
    assert empty.json() == {"name": None, "phone": None}
    body = {"name": "张三", "phone": "0451-12345678"}
    changed = await client.put(path, json=body, headers={"If-Match": empty.headers["etag"]})
    assert changed.json() == body
    assert (await client.put(path, json=body, headers={"If-Match": empty.headers["etag"]})).status_code == 412
    assert "0451" not in (await client.get(f"/enterprises/{FIRM['uscc']}")).text


async def test_a_need_is_revised_by_immutable_wordings(client: httpx.AsyncClient) -> None:
    await client.post("/enterprises", json=FIRM)
    made = await client.post("/needs", json={"uscc": FIRM["uscc"], "facts": FACTS})
    assert (made.status_code, made.headers["etag"], made.json()["code"]) == (201, '"1"', FIRM["uscc"])
    assert made.json() == (await client.get(f"/needs/{FIRM['uscc']}")).json()
    assert (await client.post("/needs", json={"uscc": FIRM["uscc"], "facts": FACTS})).status_code == 409
    path = f"/needs/{FIRM['uscc']}"
    same = await client.put(path, json={"facts": FACTS}, headers={"If-Match": '"1"'})
    assert same.headers["etag"] == '"1"'
    body = {"facts": FACTS | {"amount": "6000000.00", "collateral": []}}
    revised = await client.put(path, json=body, headers={"If-Match": '"1"'})
    assert (revised.headers["etag"], revised.json()["facts"]["amount"]) == ('"2"', "6000000.00")
    assert (await client.put(path, json=body, headers={"If-Match": '"1"'})).status_code == 412
    wordings = (await client.get(f"{path}/revisions", params={"limit": 1})).json()
    assert wordings["items"][0]["facts"]["amount"] == "5000000.00"
    rest = (await client.get(f"{path}/revisions", params={"cursor": wordings["next"]})).json()
    assert [item["revision"] for item in rest["items"]] == [2]
    listed = (await client.get("/needs", params={"uscc": FIRM["uscc"]})).json()["items"]
    assert [item["revision"] for item in listed] == [2]


async def test_a_project_has_a_need_of_its_own(client: httpx.AsyncClient) -> None:
    await client.post("/enterprises", json=FIRM)
    project = await client.post("/projects", json={"uscc": FIRM["uscc"], "name": "扩建"})
    code = f"{FIRM['uscc']}-P1"
    assert (project.status_code, project.json()["code"]) == (201, code)
    assert (await client.post("/projects", json={"uscc": FIRM["uscc"], "name": "扩建"})).status_code == 409
    facts = FACTS | {"project_name": "扩建", "subject": "project"}
    made = await client.post("/needs", json={"uscc": FIRM["uscc"], "facts": facts})
    assert (made.json()["code"], made.json()["project"]) == (code, code)
    other = await client.put(f"/needs/{code}", json={"facts": FACTS}, headers={"If-Match": '"1"'})
    assert other.json()["errors"][0]["where"] == "facts.project_name"
    assert (await client.get(f"/projects/{code}")).json()["name"] == "扩建"
    assert len((await client.get("/projects")).json()["items"]) == 1


async def test_every_fault_of_a_need_is_named_at_once(client: httpx.AsyncClient) -> None:
    facts = FACTS | {"region": "230121", "industry": "C9999", "chain": "no-such", "project_name": "扩建"}
    answer = await client.post("/needs", json={"uscc": FIRM["uscc"], "facts": facts})
    assert answer.status_code == 422
    places = {fault["where"] for fault in answer.json()["errors"]}
    assert places == {"uscc", "facts.region", "facts.industry", "facts.chain"}
    mixed = await client.post("/needs", json={"uscc": FIRM["uscc"], "facts": FACTS | {"subject": "project"}})
    assert mixed.status_code == 422


async def test_what_is_not_there_is_404(client: httpx.AsyncClient) -> None:
    code = credit_code(9)
    paths = (f"enterprises/{code}", f"enterprises/{code}/contact", f"needs/{code}", f"needs/{code}/revisions",
             f"projects/{code}-P1")  # fmt: skip
    assert [(await client.get(f"/{path}")).status_code for path in paths] == [404] * len(paths)
