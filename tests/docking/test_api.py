import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.kernel.database import Sessions, transaction
from tests.docking.world import ASSIGNED, build_world, entry_code

EVENTS = f"/whitelist/entries/{entry_code(0)}/docking-events"
APPROVAL = {"kind": "credit_approved", "amount": "4000000.00", "rate": "3.85", "term_months": 24}


@pytest.fixture(autouse=True)
async def world(sessions: Sessions) -> None:
    async with transaction(sessions) as session:
        await build_world(session)


def at(day: int) -> dict[str, str]:
    return {"occurred_at": (ASSIGNED + timedelta(days=day)).isoformat()}


async def test_an_event_is_logged_listed_and_found_again(client: httpx.AsyncClient) -> None:
    answer = await client.post(EVENTS, json={"kind": "contacted", "note": "上门走访"} | at(2))
    assert answer.status_code == 201
    assert answer.json()["kind_label"] == "已对接"
    found = await client.get(answer.headers["location"].removeprefix("/api/v1"))
    assert found.json() == answer.json()
    listed = (await client.get(EVENTS)).json()
    assert listed == {"items": [answer.json()], "next": None}
    state = (await client.get(EVENTS.removesuffix("-events"))).json()
    assert (state["stage"], state["responsible"], state["needed"]) == ("contacted", "icbc-dl", "5000000.00")
    assert state["parties"][0]["possible"] == [
        "accepted", "contacted", "visited", "credit_approved", "declined", "paused",
    ]  # fmt: skip


async def test_the_same_key_logs_once(client: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "visit-1"}
    first, second = [
        await client.post(EVENTS, json={"kind": "contacted"} | at(2), headers=headers) for _ in "ab"
    ]
    assert (first.json(), second.headers["idempotency-replayed"]) == (second.json(), "true")
    assert len((await client.get(EVENTS)).json()["items"]) == 1
    other = await client.post(EVENTS, json={"kind": "accepted"} | at(1), headers=headers)
    assert other.status_code == 409


REFUSED: list[tuple[dict[str, Any], int, list[str]]] = [
    ({"kind": "visitted"}, 422, ["kind"]),
    ({"kind": "visited"} | at(2), 409, ["kind"]),
    ({"kind": "escalated"}, 422, ["kind"]),
    ({"kind": "paused"} | at(2), 422, ["evidence", "pause_reason"]),
    ({"kind": "resolved", "note": "已督办"} | at(2), 409, ["kind"]),
    ({"kind": "rated", "score": 5} | at(2), 409, ["kind"]),
    ({"kind": "corrected", "corrects": 9, "evidence": "登记有误"} | at(2), 409, ["corrects"]),
    ({"kind": "contacted", "extra": 1}, 422, ["extra"]),
    ({"kind": "contacted", "occurred_at": "2023-09-06T10:00:00"}, 422, ["occurred_at"]),
    ({"kind": "contacted", "occurred_at": "2999-01-01T00:00:00Z"}, 422, ["occurred_at"]),
    ({"kind": "contacted", "occurred_at": "0001-01-01T00:00:00+14:00"}, 422, ["occurred_at"]),
    ({"kind": "contacted", "note": "a\x00b"}, 422, ["note"]),
    (APPROVAL | at(3), 422, ["is_credit_loan"]),
    (APPROVAL | {"amount": 4_000_000, "rate": "3.455", "is_credit_loan": "yes"}, 422, ["amount", "rate", "is_credit_loan"]),
    ({"kind": "declined", "reason": "no_reason", "evidence": "…"}, 422, ["reason"]),
    ({"kind": "declined", "reason": "litigation"} | at(3), 422, ["evidence"]),
    (APPROVAL | {"is_credit_loan": True} | at(3), 409, ["kind"]),
    ({"kind": "contacted"} | at(-1), 409, ["occurred_at"]),
    ({"kind": "contacted", "institution": "ccb"} | at(1), 409, ["institution"]),
    ({"kind": "contacted", "institution": "nobody"} | at(1), 422, ["institution"]),
]  # fmt: skip


async def test_a_refusal_is_a_problem_that_names_the_field(client: httpx.AsyncClient) -> None:
    answers = [await client.post(EVENTS, json=body) for body, _status, _wheres in REFUSED]
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    told = [
        (body, answer.status_code, [fault["where"] for fault in answer.json()["errors"]])
        for (body, _status, _wheres), answer in zip(REFUSED, answers, strict=True)
    ]
    assert told == REFUSED
    assert (await client.get(EVENTS)).json()["items"] == []


async def test_what_does_not_exist_is_not_found(client: httpx.AsyncClient) -> None:
    for path in ("2023H2-none/docking-events", "2023H2-none/docking", f"{entry_code(0)}/docking-events/1"):
        assert (await client.get(f"/whitelist/entries/{path}")).status_code == 404
    assert (
        await client.post("/whitelist/entries/none/docking-events", json={"kind": "accepted"})
    ).status_code == 404


async def test_events_sent_at_once_are_numbered_without_gaps(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(
        *(client.post(EVENTS, json={"kind": "contacted"} | at(day)) for day in range(1, 5))
    )
    assert [answer.status_code for answer in answers] == [201] * 4
    assert sorted(answer.json()["sequence"] for answer in answers) == [1, 2, 3, 4]


async def test_the_closed_list_of_reasons_is_told(client: httpx.AsyncClient) -> None:
    reasons = {item["reason"]: item for item in (await client.get("/docking/reasons")).json()}
    assert reasons["no_collateral"]["label"] == "缺少可接受的抵质押物"
    assert reasons["missing_elements_land"]["establishes"] == {"missing_elements": ["land"]}
