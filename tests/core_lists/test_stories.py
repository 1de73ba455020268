"""A core firm's list from the workbook to the bank, over HTTP; what each is told, and what nobody is told."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.accounts.rules import Viewer
from app.kernel.clock import shanghai_today
from app.kernel.database import Sessions
from tests.accounts.offices import Enter, entering
from tests.bottlenecks.world import World
from tests.core_lists.town import BRANDS, CHAIN, CORE, build_kept, listing, name, staff, supplier, workbook

LISTS = "/core-lists"
ONE = f"{LISTS}/{CORE}"
UNTIL = shanghai_today().isoformat()


@pytest.fixture
async def world(sessions: Sessions) -> World:
    return await build_kept(sessions)


@pytest.fixture
async def people(sessions: Sessions, world: World) -> dict[str, Viewer]:
    return await staff(sessions)


@pytest.fixture
async def enter(sessions: Sessions) -> AsyncIterator[Enter]:
    async with entering(sessions) as let_in:
        yield let_in


def sent(rows: list[tuple[Any, ...]], **fields: str) -> dict[str, Any]:
    """What a form with a workbook sends."""
    return {"files": {"file": ("名单.xlsx", workbook(rows))}, "data": fields}


async def done(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


async def provided(client: httpx.AsyncClient, rows: list[tuple[Any, ...]], **fields: str) -> Any:
    return await done(await client.post(LISTS, **sent(rows, uscc=CORE, **fields)), 201)


async def accepted(client: httpx.AsyncClient) -> Any:
    match = {"if-match": (await client.get(ONE)).headers["etag"]}
    return await done(
        await client.post(f"{ONE}/decision", json={"accept": True, "chain": CHAIN}, headers=match)
    )


async def answered(client: httpx.AsyncClient, answer: str, **more: Any) -> Any:
    listed = (await done(await client.get("/listings")))["items"][0]
    path = f"/listings/{listed['id']}"
    match = {"if-match": (await client.get(path)).headers["etag"]}
    body = {"answer": answer, "until": UNTIL if answer == "consented" else None} | more
    return await done(await client.put(f"{path}/answer", json=body, headers=match))


async def test_a_list_goes_from_the_core_firm_to_the_bank_whose_product_fits_a_firm_that_consented(
    people: dict[str, Viewer], enter: Enter
) -> None:
    made = await provided(enter(people["core"]), listing(14))
    assert (made["state"], made["listed"], made["figures"]["counts"]) == ("waiting", 14, [])
    assert (await done(await enter(people["firm"]).get("/listings")))["items"] == [], "nobody is asked yet"
    coordinator = enter(people["coordinator"])
    assert (await accepted(coordinator))["state"] == "active"
    told = (await done(await coordinator.get("/notices")))["items"]
    assert [one["kind"] for one in told] == ["core_list_waiting"]

    firm = enter(people["firm"])
    assert [one["kind"] for one in (await done(await firm.get("/notices")))["items"]] == ["core_listed"]
    consent = await answered(firm, "consented")
    assert (consent["is_live"], consent["yearly"], consent["core"]) == (
        True, "8600000.00", "哈尔滨松江重型装备集团有限公司",
    )  # fmt: skip
    await answered(enter(people["other_firm"]), "refused")

    run = await done(await enter(people["coordinator"]).post(f"{ONE}/runs", json={}), 201)
    assert (run["consented"], run["matched"], run["on_core"], run["decoupled"]) == (1, 1, 1, 1)
    bank = enter(people["bank"])
    seen = (await done(await bank.get(f"{LISTS}/matches")))["items"]
    assert [(one["product"], one["firm"], one["kind"], one["yearly"]) for one in seen] == [
        ("B1-YS", name(0), "receivables", None)
    ]
    assert [one["kind"] for one in (await done(await bank.get("/notices")))["items"]] == ["core_list_matched"]
    matched = (await done(await enter(people["firm"]).get("/listings")))["items"][0]["matches"]
    assert {one["product"] for one in matched} == {"B1-YS", "B2-XY", "B3-PJ"}

    await answered(enter(people["firm"]), "refused")
    assert (await done(await enter(people["bank"]).get(f"{LISTS}/matches")))["items"] == []


async def test_the_core_firm_reads_its_own_rows_and_counts_and_nothing_of_any_supplier(
    people: dict[str, Viewer], enter: Enter
) -> None:
    await provided(enter(people["core"]), listing(12))
    await accepted(enter(people["coordinator"]))
    await answered(enter(people["firm"]), "consented", shows_trade=True)
    await done(await enter(people["coordinator"]).post(f"{ONE}/runs", json={}), 201)
    core = enter(people["core"])
    figures = (await done(await core.get(ONE)))["figures"]
    assert (figures["listed"], figures["fewest"]) == (12, 5)
    assert {one["name"]: one["count"] for one in figures["counts"]}["consented"] is None
    rows = (await done(await core.get(f"{ONE}/rows")))["items"]
    assert len(rows) == 12
    assert {one["outcome"] for one in rows} == {None}
    assert {one["suspects"] for one in rows} == {None}
    for path in (f"{ONE}/members", f"{ONE}/matches", f"{ONE}/runs", f"{LISTS}/matches", f"{ONE}/rows/1"):
        assert (await core.get(path)).status_code == 403, path
    assert (await done(await core.get("/listings")))["items"] == []
    looked = await done(await core.post(f"{LISTS}/preview", **sent(listing(3), uscc=CORE)))
    assert (looked["rows"], looked["outcomes"], looked["questions"]) == (3, None, None)


async def test_strangers_find_nothing_and_a_coordinator_names_the_consent_in_writing(
    people: dict[str, Viewer], enter: Enter
) -> None:
    rows = listing(4)
    coordinator = enter(people["coordinator"])
    refused = await coordinator.post(LISTS, **sent(rows, uscc=CORE))
    assert refused.status_code == 422
    assert [one["where"] for one in refused.json()["errors"]] == ["evidence"]
    made = await provided(coordinator, rows, evidence="松江重装函〔2023〕9号", chain=CHAIN)
    assert (made["state"], made["chain"]) == ("active", CHAIN), "what a coordinator enters is taken up"
    members = (await done(await coordinator.get(f"{ONE}/members")))["items"]
    assert {one["uscc"] for one in members} == {supplier(number) for number in range(4)}
    again = await coordinator.post(LISTS, **sent(rows, uscc=CORE, evidence="同上"))
    assert again.status_code == 409
    elsewhere = enter(people["elsewhere"])
    for path in (ONE, f"{ONE}/rows", f"{ONE}/versions", f"{ONE}/changes", f"{ONE}/members", f"{ONE}/runs"):
        assert (await elsewhere.get(path)).status_code == 404, path
    assert (await elsewhere.post(LISTS, **sent(rows, uscc=CORE, evidence="无"))).status_code == 404
    firm = enter(people["firm"])
    assert (await firm.get(ONE)).status_code == 404, "who is listed does not read the list"
    assert (await firm.post(LISTS, **sent(rows, uscc=CORE))).status_code in {403, 404}


async def test_a_new_version_replaces_the_list_and_says_what_differs(
    people: dict[str, Viewer], enter: Enter
) -> None:
    await provided(enter(people["core"]), listing(4))
    await accepted(enter(people["coordinator"]))
    await answered(enter(people["firm"]), "consented")
    core = enter(people["core"])
    rows = [*listing(3)[:1], (None, name(2), "经销商", 5, None), (None, BRANDS[3], "供应商", None, None)]
    match = {"if-match": (await core.get(ONE)).headers["etag"]}
    assert (await core.post(f"{ONE}/versions", **sent(rows))).status_code == 428
    made = await done(await core.post(f"{ONE}/versions", **sent(rows), headers=match))
    assert (made["state"], made["current"], made["listed"]) == ("active", 2, 3)
    assert (await core.post(f"{ONE}/versions", **sent(rows), headers=match)).status_code == 412
    changes = (await done(await core.get(f"{ONE}/changes")))["items"]
    assert sorted((one["change"], one["name"]) for one in changes) == sorted(
        [
            ("added", BRANDS[3]),
            ("added", name(2)),
            ("removed", name(1)),
            ("removed", name(2)),
            ("removed", name(3)),
        ]
    )
    firm = (await done(await enter(people["firm"]).get("/listings")))["items"][0]
    assert (firm["answer"], firm["left_at"]) == ("consented", None), "who stays is not asked again"
    gone = (await done(await enter(people["other_firm"]).get("/listings")))["items"][0]
    assert gone["left_at"] is not None
    core = enter(people["core"])
    match = {"if-match": (await core.get(ONE)).headers["etag"]}
    ended = await done(await core.post(f"{ONE}/withdrawal", json={"reason": "另行提供"}, headers=match))
    assert ended["state"] == "withdrawn"
    assert (await done(await enter(people["firm"]).get("/listings")))["items"][0]["left_at"] is not None


async def test_a_coordinator_says_whom_an_ambiguous_row_means_and_the_next_version_remembers(
    people: dict[str, Viewer], enter: Enter
) -> None:
    rows = [*listing(2), (supplier(5), "完全另一家的名称商贸行", "供应商", 10, None)]
    await provided(enter(people["core"]), rows)
    coordinator = enter(people["coordinator"])
    await accepted(coordinator)
    [asked] = (await done(await coordinator.get(f"{ONE}/rows", params={"outcome": "review"})))["items"]
    assert asked["suspects"][0]["uscc"] == supplier(5), "the code that was written is a candidate"
    path = f"{ONE}/rows/{asked['id']}"
    match = {"if-match": (await coordinator.get(path)).headers["etag"]}
    body = {"choice": "firm", "uscc": supplier(5), "reason": "曾用名"}
    unnamed = await coordinator.put(
        f"{path}/resolution", json={"choice": "firm", "reason": "不知"}, headers=match
    )
    assert unnamed.status_code == 422
    chosen = await done(await coordinator.put(f"{path}/resolution", json=body, headers=match))
    assert (chosen["outcome"], chosen["firm"]) == ("chosen", supplier(5))
    late = await coordinator.put(f"{path}/resolution", json=body, headers=match)
    assert late.status_code == 412
    members = (await done(await coordinator.get(f"{ONE}/members")))["items"]
    assert supplier(5) in {one["uscc"] for one in members}
    match = {"if-match": (await coordinator.get(ONE)).headers["etag"]}
    again = await coordinator.post(f"{ONE}/versions", **sent(rows, evidence="函"), headers=match)
    assert again.status_code == 200, again.text
    assert (await done(await coordinator.get(f"{ONE}/rows", params={"outcome": "review"})))["items"] == []
    assert len((await done(await coordinator.get(f"{ONE}/rows", params={"outcome": "chosen"})))["items"]) == 1


async def test_every_fault_of_a_workbook_is_named_by_its_cell_and_nothing_is_kept(
    people: dict[str, Viewer], enter: Enter
) -> None:
    rows = [
        ("91230102MA1C00101X", name(0), "供应商", 10, 2018),
        (CORE, "自己", "供应商", None, None),
        (None, name(1), "朋友", -3, 1800),
        (None, name(2), "供应商", None, None),
        (None, name(2), "供应商", None, None),
        (None, None, "经销商", None, None),
    ]
    core = enter(people["core"])
    looked = await done(await core.post(f"{LISTS}/preview", **sent(rows, uscc=CORE)))
    wheres = [one["where"] for one in looked["faults"]]
    assert wheres == [
        "上下游名单!A2", "上下游名单!A3", "上下游名单!C4", "上下游名单!D4", "上下游名单!E4", "上下游名单!B6", "上下游名单!B7",
    ]  # fmt: skip
    refused = await core.post(LISTS, **sent(rows, uscc=CORE))
    assert (refused.status_code, [one["where"] for one in refused.json()["errors"]]) == (422, wheres)
    assert (await core.get(ONE)).status_code == 404
    for content in (b"", b"PK\x03\x04 no workbook", workbook([], ("甲", "乙"))):
        answer = await core.post(LISTS, files={"file": ("x.xlsx", content)}, data={"uscc": CORE})
        assert answer.status_code == 422
