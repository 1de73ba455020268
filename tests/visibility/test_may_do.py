"""Who sees a part works on it as the operator works on the whole, and nobody combines what two roles lend."""

from typing import Any

import pytest

from app.accounts.rules import Grant, Role, Viewer
from app.cli.demo import demo_plan
from app.enterprises.tables import Need
from app.events.tables import EventGuest
from app.main import API_PREFIX
from app.whitelist.tables import ReviewItem, WhitelistEntry
from tests.visibility.oracle import Oracle
from tests.visibility.walking import Walk, forgetful
from tests.visibility.world import ENTRIES, SEED, VIEWERS, World, viewers

ANY = {"If-Match": "*"}
REASON = "核对后认为如此"


@pytest.fixture
def walk(world: World, oracle: Oracle) -> Walk:
    """A client whose changes are not kept."""
    return Walk(world, oracle, forgetful(world.sessions))


async def _post(walk: Walk, path: str, **sent: Any) -> int:
    return (await walk.client.post(f"{API_PREFIX}{path}", **sent)).status_code


@pytest.mark.parametrize(("name", "is_whole"), [("whole", True), ("city", False), ("auditor", False)])
async def test_what_concerns_the_whole_roster_is_the_whole_coordinators_alone(
    walk: Walk, name: str, *, is_whole: bool
) -> None:
    walk.enter(viewers()[name])
    roster = {"file": ("r.xlsx", demo_plan(SEED, ENTRIES + 2).half_years[1].roster)}
    form = {"edition": "2024H1", "accept_valid": "true"}
    done = [
        await _post(walk, "/whitelist/imports", files=roster, data=form),
        await _post(walk, "/whitelist/imports/errors.xlsx", files=roster, data={"edition": "2024H1"}),
        await _post(walk, "/matches/runs", json={"edition": "2024H1", "on": "2024-01-02", "force": True}),
        await _post(walk, "/coverage/2024-03/close"),
        await _post(walk, "/whitelist/editions", json={"code": "2024H2"}),
    ]
    assert done == ([201, 200, 201, 201, 201] if is_whole else [403] * 5)
    proof = await walk.client.get(f"{API_PREFIX}/coverage/2024-02/verification")
    assert proof.status_code == (403 if name == "city" else 200)


@pytest.mark.parametrize("name", ["whole", "city", "county", "chain and city", "bank and city"])
async def test_a_coordinator_decides_and_withdraws_in_the_own_region_alone(
    walk: Walk, oracle: Oracle, name: str
) -> None:
    viewer = viewers()[name]
    walk.enter(viewer)
    mine = oracle.seen(viewer.only(Role.COORDINATOR))
    wrong = []
    for item in walk.world.table(ReviewItem):
        decision = "admit" if item["kind"] == "admission_unknown" else "different_firm"
        answer = await walk.client.put(
            f"{API_PREFIX}/whitelist/reviews/{item['id']}", json={"decision": decision, "reason": REASON}, headers=ANY
        )  # fmt: skip
        wrong += [item["id"]] if answer.is_success is not (item["id"] in mine["review_items"]) else []
    for entry in walk.world.table(WhitelistEntry):
        answer = await walk.client.put(
            f"{API_PREFIX}/whitelist/entries/{entry['code']}/withdrawal", json={"reason": REASON}, headers=ANY
        )  # fmt: skip
        is_mine = entry["id"] in mine["whitelist_entries"] and entry["withdrawn_at"] is None
        wrong += [entry["code"]] if answer.is_success is not is_mine else []
    assert wrong == []
    assert mine["whitelist_entries"]


async def test_a_coordinator_lists_needs_of_the_own_region_on_an_edition(walk: Walk, oracle: Oracle) -> None:
    viewer = viewers()["city"]
    walk.enter(viewer)
    seen, listed = oracle.seen(viewer)["needs"], {}
    for need in walk.world.table(Need)[:12]:
        sent = {"edition": "2025H2", "need": need["code"]}
        listed[need["code"]] = (await _post(walk, "/whitelist/entries", json=sent), need["id"] in seen)
    assert {(status, is_seen) for status, is_seen in listed.values()} == {(201, True), (422, False)}


async def test_an_answer_names_no_namesake_that_the_coordinator_may_not_see(
    walk: Walk, oracle: Oracle
) -> None:
    county = viewers()["county"]
    walk.enter(county)
    seen = oracle.seen(county)["enterprises"]
    answer = await walk.client.get(f"{API_PREFIX}/whitelist/reviews", params={"kind": "duplicate_name"})
    asked = [one for item in answer.json()["items"] for one in item["detail"]["candidates"]]
    shown = [one for one in asked if one["place"] != "elsewhere"]
    assert all(walk.ids["uscc"][one["uscc"]] in seen for one in shown)
    assert {(one["uscc"], one["name"]) for one in asked if one not in shown} == {(None, None)}
    assert all(one["score"] > 0 for one in asked)


async def test_sight_of_one_role_lends_no_right_to_another(walk: Walk) -> None:
    entry = next(
        row
        for row in walk.world.table(WhitelistEntry)
        if row["chain_code"] == "HLJ-GDZB" and row["region_code"] == "231002"
    )
    seer, doer = Grant(Role.CHAIN_MANAGER, "HLJ-GDZB"), Grant(Role.COORDINATOR, "230800")
    path = f"/whitelist/entries/{entry['code']}"
    walk.enter(Viewer("both", "230000", (seer, doer), 99))
    assert (await walk.client.get(f"{API_PREFIX}{path}")).status_code == 200
    for change, body in (
        ("/withdrawal", {"reason": REASON}),
        ("/docking-events", {"kind": "contacted", "institution": "JHYH-MDJ"}),
    ):
        method = "PUT" if change == "/withdrawal" else "POST"
        answer = await walk.client.request(method, f"{API_PREFIX}{path}{change}", json=body, headers=ANY)
        assert answer.status_code == 404, change


@pytest.mark.parametrize("name", sorted(VIEWERS))
async def test_an_invitation_is_answered_by_its_host_its_firm_and_the_offices_of_a_bank_that_speak_for_it(
    walk: Walk, oracle: Oracle, name: str
) -> None:
    viewer = viewers()[name]
    walk.enter(viewer)
    seen = oracle.seen(viewer)
    wrong = []
    for row in walk.world.table(EventGuest):
        path = f"{API_PREFIX}/events/HD-{row['event_id']:06d}/guests/{row['id']}/answer"
        answer = await walk.client.put(path, json={"accepts": True}, headers=ANY)
        may = oracle.may_answer(viewer, row, seen)
        # The event is over: whoever may answer is told so.
        wanted = 404 if row["id"] not in seen["event_guests"] else 409 if may else 403
        allowed = {wanted, 403} if not viewer.grants or name in {"administrator", "auditor"} else {wanted}
        wrong += [(row["id"], answer.status_code, wanted)] if answer.status_code not in allowed else []
    assert wrong == []


async def test_a_branch_speaks_for_its_bank_where_it_serves_or_answers_for_a_firm_that_comes(
    walk: Walk, oracle: Oracle
) -> None:
    offices = {
        code: {
            viewer: oracle.may_answer(viewers()[viewer], row, oracle.seen(viewers()[viewer]))
            for viewer in ("clerk", "bank", "rival")
        }
        for code in ("JHYH", "SJYH")
        for row in walk.world.table(EventGuest)
        if row["institution_id"] == oracle.by_code[code]
    }
    assert offices == {
        "JHYH": {"clerk": True, "bank": True, "rival": False},
        "SJYH": {"clerk": False, "bank": False, "rival": True},
    }
