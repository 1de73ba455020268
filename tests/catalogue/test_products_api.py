"""Products and library editions over HTTP."""

from typing import Any

import httpx

BANK = {"code": "SJ", "name": "松江银行", "short_name": "松江", "kind": "city_commercial", "region": "230000"}
PRODUCT: dict[str, Any] = {
    "code": "SJ-KCED",
    "institution": "SJ",
    "name": "科创e贷",
    "valid_from": "2023-07-01",
    "terms": {
        "form": "loan",
        "purposes": ["research", "working_capital"],
        "amount": {"least": "100000.00", "most": "10000000.00"},
        "term": {"least": 3, "most": 36},
        "rate": {"base": "lpr_1y", "least": -10, "most": 55},
        "guarantee_modes": ["credit"],
        "areas": ["230000"],
    },
}
REVISION = {key: value for key, value in PRODUCT.items() if key not in {"code", "institution"}}


async def test_a_product_is_created_once_and_revised_by_etag(client: httpx.AsyncClient) -> None:
    assert (await client.post("/institutions", json=BANK)).status_code == 201
    key = {"Idempotency-Key": "p1"}
    made = await client.post("/products", json=PRODUCT, headers=key)
    assert (made.status_code, made.headers["etag"], made.headers["location"]) == (
        201,
        '"1"',
        "/api/v1/products/SJ-KCED",
    )
    assert made.json()["terms"]["amount"] == {"least": "100000.00", "most": "10000000.00"}
    assert (await client.post("/products", json=PRODUCT, headers=key)).json() == made.json()
    other = await client.post("/products", json=PRODUCT | {"name": "别的"}, headers=key)
    assert other.status_code == 409
    assert (await client.post("/products", json=PRODUCT)).status_code == 409

    place = "/products/SJ-KCED/revisions"
    assert (await client.post(place, json=REVISION)).status_code == 428
    same = await client.post(place, json=REVISION, headers={"If-Match": '"1"'})
    assert same.json()["revision"] == 1
    revised = await client.post(place, json=REVISION | {"name": "科创贷"}, headers={"If-Match": '"1"'})
    assert (revised.json()["revision"], revised.headers["location"]) == (2, f"/api/v1{place}/2")
    stale = await client.post(place, json=REVISION | {"name": "另一"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    listed = (await client.get(place, params={"limit": 1})).json()
    assert [one["name"] for one in listed["items"]] == ["科创贷"]
    rest = (await client.get(place, params={"limit": 1, "cursor": listed["next"]})).json()
    assert [(one["name"], one["revision"]) for one in rest["items"]] == [("科创e贷", 1)]
    assert (await client.get(f"{place}/1")).json() == made.json()
    assert (await client.get(f"{place}/3")).status_code == 404
    found = (await client.get("/products", params={"form": "loan", "region": "230102"})).json()
    assert [one["code"] for one in found["items"]] == ["SJ-KCED"]


async def test_a_product_is_confirmed_or_paused_for_the_coming_quarter(client: httpx.AsyncClient) -> None:
    await client.post("/institutions", json=BANK)
    for code in ("SJ-A", "SJ-B"):
        assert (await client.post("/products", json=PRODUCT | {"code": code})).status_code == 201
    first = (await client.get("/library/offering", params={"limit": 1})).json()
    rest = (await client.get("/library/offering", params={"limit": 1, "cursor": first["next"]})).json()
    listed = [*first["items"], *rest["items"]]
    assert [(one["product"]["code"], one["state"]) for one in listed] == [
        ("SJ-A", "to_confirm"),
        ("SJ-B", "to_confirm"),
    ]
    place = "/products/SJ-A/confirmation"
    assert (await client.put(place, json={"decision": "confirm"})).status_code == 428
    held = {"If-Match": '"1"'}
    assert (await client.put(place, json={"decision": "perhaps"}, headers=held)).status_code == 422
    done = await client.put(place, json={"decision": "confirm"}, headers=held)
    assert (done.json()["state"], done.headers["etag"]) == ("confirmed", '"1"')
    assert done.json()["confirmed_quarter"] == first["coming_quarter"]
    paused = await client.put(place, json={"decision": "pause"}, headers=held)
    assert (paused.json()["state_label"], paused.headers["etag"]) == ("下季度暂停", '"2"')
    assert (await client.put(place, json={"decision": "confirm"}, headers=held)).status_code == 412
    ended = await client.put(place, json={"decision": "confirm"}, headers={"If-Match": '"2"'})
    assert (ended.status_code, ended.json()["errors"][0]["where"]) == (409, "valid_until")


async def test_the_quarters_library_is_published_once_and_compared(client: httpx.AsyncClient) -> None:
    empty = await client.post("/library/editions", json={"code": "2023Q3"})
    assert (empty.status_code, empty.json()["errors"][0]["where"]) == (422, "code")
    await client.post("/institutions", json=BANK)
    await client.post("/products", json=PRODUCT)
    assert (await client.post("/library/editions", json={"code": "2023Q3"})).status_code == 201
    assert (await client.post("/library/editions", json={"code": "2023Q3"})).status_code == 409
    assert (await client.post("/library/editions", json={"code": "2999Q4"})).status_code == 422
    await client.post("/products", json=PRODUCT | {"code": "SJ-2"})
    assert (await client.post("/library/editions", json={"code": "2023Q4"})).status_code == 201
    changes = (await client.get("/library/editions/2023Q4/changes?since=2023Q3")).json()
    assert (changes["added"], changes["removed"], changes["same"]) == (["SJ-2"], [], 1)
    assert (await client.get("/library/editions/2023Q3")).json()["products"] == 1
    shown = (await client.get("/library/editions/2023Q4/products")).json()
    assert [one["code"] for one in shown["items"]] == ["SJ-2", "SJ-KCED"]
    assert (await client.get("/library/editions/2022Q1")).status_code == 404


BAD_TERMS: list[tuple[dict[str, Any], str]] = [
    ({"amount": {"least": "5.00", "most": "1.00"}}, "terms.amount"),
    ({"amount": {"least": 5, "most": "10.00"}}, "terms.amount.least"),
    ({"purposes": ["research", "gambling"]}, "terms.purposes.1"),
    ({"areas": ["230199"]}, "terms.areas"),
    ({"chains": ["NONE"]}, "terms.chains"),
    ({"criteria": [{"fact": "ownership", "in": ["state"]}]}, "terms.criteria.0"),
    ({"form": "guarantee"}, "terms.form"),
    ({"colour": "red"}, "terms.colour"),
]


async def test_a_bad_term_is_refused_by_its_path(client: httpx.AsyncClient) -> None:
    await client.post("/institutions", json=BANK)
    for terms, where in BAD_TERMS:
        answer = await client.post("/products", json=PRODUCT | {"terms": PRODUCT["terms"] | terms})
        assert answer.status_code == 422, terms
        assert [fault["where"] for fault in answer.json()["errors"]] == [where]
    assert (await client.get("/products")).json()["items"] == []
