"""Packs, clauses, values and adoptions over HTTP."""

import httpx
import pytest

ADOPTION = {"pack": "luoyang-draft", "item": "talent_loan.most", "reason": "先行先试", "since": "2023-11-01"}


async def test_packs_are_listed_page_by_page_and_shown(client: httpx.AsyncClient) -> None:
    first = (await client.get("/policies", params={"limit": 4, "on": "2023-11-15"})).json()
    rest = (
        await client.get("/policies", params={"limit": 4, "cursor": first["next"], "on": "2023-11-15"})
    ).json()
    packs = {pack["code"]: pack for pack in first["items"] + rest["items"]}
    assert len(packs) == 6
    assert rest["next"] is None
    assert packs["heilongjiang-2023-25"]["is_in_force"]
    assert not packs["luoyang-draft"]["is_in_force"]
    assert not packs["national-2024-5"]["is_in_force"]
    assert (await client.get("/policies/luoyang-draft")).json()["status"] == "draft"
    assert (await client.get("/policies/nothing")).status_code == 404


@pytest.mark.parametrize("number", ["十六", "（十六）", "16", "(十六)"])
async def test_a_clause_is_found_however_its_number_is_typed(client: httpx.AsyncClient, number: str) -> None:
    answer = await client.get(f"/policies/heilongjiang-2023-25/clauses/{number}")
    assert answer.status_code == 200
    clause = answer.json()
    assert clause["number"] == "十六"
    assert "省地方金融监管局" in clause["responsible"]
    assert {"rule", "feature"} == {carrier["kind"] for carrier in clause["carried_by"]}


async def test_all_clauses_of_a_pack_are_listed_with_the_bodies_that_the_text_tells_apart(
    client: httpx.AsyncClient,
) -> None:
    clauses = (await client.get("/policies/qianjiang-2023-30/clauses")).json()["items"]
    assert len(clauses) == 13
    assert all(clause["lead"] and clause["responsible"] for clause in clauses)
    missing = await client.get("/policies/qianjiang-2023-30/clauses/14")
    assert missing.status_code == 404
    assert "13" in missing.json()["detail"]


async def test_a_value_comes_with_its_clause(client: httpx.AsyncClient) -> None:
    answer = await client.get("/policies/parameters/guarantee.fee_cap", params={"on": "2023-11-15"})
    assert answer.json() | {"value": None} == {
        "key": "guarantee.fee_cap",
        "name": "制造业小微企业担保费率上限（年）",
        "pack": "heilongjiang-2023-25",
        "clause": "十七",
        "citation": "黑银发〔2023〕25号（十七）",
        "jurisdiction": "230000",
        "source": "document",
        "adopted": "",
        "type": "fee_tiers",
        "unit": "",
        "text": "500万元及以下 1%；以上 1.5%",
        "since": "2023-10-12",
        "value": None,
    }
    early = await client.get("/policies/parameters/guarantee.fee_cap", params={"on": "2023-10-11"})
    assert early.status_code == 404
    assert early.json()["errors"][0]["where"] == "key"


async def test_the_rules_of_a_region_and_day_are_one_document(client: httpx.AsyncClient) -> None:
    book = (await client.get("/policies/rules", params={"jurisdiction": "500114", "on": "2024-06-01"})).json()
    keys = {rule["key"] for rule in book["rules"]}
    assert {"support.emergency_onlending", "support.green", "derived.light_assets"} <= keys
    assert book["bottleneck_order"] == ["elements", "c", "b", "d", "a"]
    wrong = await client.get("/policies/rules", params={"jurisdiction": "999999"})
    assert (wrong.status_code, wrong.json()["errors"][0]["where"]) == (422, "jurisdiction")


async def test_before_the_first_policy_nothing_applies(client: httpx.AsyncClient) -> None:
    answer = await client.get("/policies/rules", params={"on": "2019-12-31"})
    assert answer.status_code == 200
    book = answer.json()
    assert (book["rules"], book["parameters"], book["bottleneck_order"]) == ([], [], [])


@pytest.mark.parametrize("on", ["0", "1700000000", "2023-02-30", "today"])
async def test_a_day_is_written_year_month_day_and_nothing_else(client: httpx.AsyncClient, on: str) -> None:
    answer = await client.get("/policies/rules", params={"on": on})
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "query.on")


async def test_an_adoption_is_created_once_used_shown_and_ended(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "adopt-1"}
    made = await client.post("/policies/adoptions", json=ADOPTION, headers=headers)
    assert made.status_code == 201
    again = await client.post("/policies/adoptions", json=ADOPTION, headers=headers)
    assert again.json() == made.json()
    shown = await client.get(made.headers["location"].removeprefix("/api/v1"))
    assert shown.json() == made.json()

    value = (await client.get("/policies/parameters/talent_loan.most", params={"on": "2023-11-15"})).json()
    assert value["value"] == "20000000.00"
    assert "先行先试" in value["adopted"]

    number = made.json()["id"]
    ended = await client.post(f"/policies/adoptions/{number}/end", json={"until": "2023-11-10"})
    assert (ended.status_code, ended.json()["until"]) == (200, "2023-11-10")
    gone = await client.get("/policies/parameters/talent_loan.most", params={"on": "2023-11-15"})
    assert gone.status_code == 404
    assert [row["id"] for row in (await client.get("/policies/adoptions")).json()["items"]] == [number]


@pytest.mark.parametrize(
    ("change", "status", "where"),
    [
        ({"pack": "none"}, 422, "pack"),
        ({"item": "no.such"}, 422, "item"),
        ({"jurisdiction": "410300"}, 422, "jurisdiction"),
        ({"reason": ""}, 422, "reason"),
        ({"reason": " \n　"}, 422, "reason"),
        ({"reason": "a\x00b"}, 422, "reason"),
        ({"since": "soon"}, 422, "since"),
        ({"colour": "red"}, 422, "colour"),
    ],
)
async def test_a_wish_that_cannot_be_taken_names_the_field(
    client: httpx.AsyncClient, change: dict[str, str], status: int, where: str
) -> None:
    answer = await client.post("/policies/adoptions", json=ADOPTION | change)
    assert answer.status_code == status
    assert [fault["where"] for fault in answer.json()["errors"]] == [where]
    assert (await client.get("/policies/adoptions")).json()["items"] == []
