"""Consents: given, revoked at once, and what institutions see by them."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.accounts.rules import Grant, Role, Viewer, local_operator
from app.bottlenecks import service as bottlenecks
from app.enterprises import consent_service
from app.enterprises.tables import Consent
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import Sessions, transaction
from app.policy.facts import Facts
from tests.docking.world import entry_code
from tests.enterprises.consent_world import (
    BRANCH,
    CONSENTS,
    COORDINATOR,
    ENTRY,
    FINANCIAL,
    FIRM,
    HEAD,
    JUDICIAL,
    NEED,
    OUTSIDER,
    SUPPORTING,
    USCC,
    client_of,
    consent,
    consent_world,
    end_assignments,
    get,
    give,
    person,
    revoke,
)


async def test_an_enterprise_gives_reads_and_revokes_a_consent(sessions: Sessions) -> None:
    await consent_world(sessions)
    async with client_of(sessions, FIRM) as client:
        body = consent(["financial", "contact"], institution="icbc")
        made = await client.post(CONSENTS, json=body, headers={"Idempotency-Key": "a"})
        again = await client.post(CONSENTS, json=body, headers={"Idempotency-Key": "a"})
        assert (made.status_code, again.json()) == (201, made.json())
        assert (made.json()["groups"], made.json()["is_live"]) == (["contact", "financial"], True)
        path = made.headers["location"].removeprefix("/api/v1")
        assert (await client.get(path)).json() == made.json()
        assert (await client.put(f"{path}/revocation")).status_code == 428
        stale = await client.put(f"{path}/revocation", headers={"If-Match": '"7"'})
        assert stale.status_code == 412
        ended = await client.put(f"{path}/revocation", headers={"If-Match": made.headers["etag"]})
        assert (ended.json()["is_live"], ended.json()["revoked_by"]) == (False, FIRM.name)
        assert (await client.put(f"{path}/revocation", headers={"If-Match": "*"})).status_code == 409
        await client.post(CONSENTS, json=consent())
        page = (await client.get(CONSENTS, params={"limit": 1})).json()
        rest = (await client.get(CONSENTS, params={"cursor": page["next"]})).json()
        assert [item["is_live"] for item in page["items"] + rest["items"]] == [True, False]


async def test_what_is_wrong_with_a_consent_is_named_at_once(sessions: Sessions) -> None:
    await consent_world(sessions)
    wrong = consent(institution="nobody", until=(shanghai_today() - timedelta(days=1)).isoformat())
    async with client_of(sessions, COORDINATOR) as client:
        answer = await client.post(CONSENTS, json=wrong)
        assert answer.status_code == 422
        assert {fault["where"] for fault in answer.json()["errors"]} == {"until", "evidence", "institution"}
        paper = await client.post(CONSENTS, json=consent(evidence="授权书 2026-1"))
        assert (paper.status_code, paper.json()["given_by"]) == (201, COORDINATOR.name)
        assert (await client.post(CONSENTS, json=consent(purpose="marketing"))).status_code == 422
        beyond = (shanghai_today() + timedelta(days=367)).isoformat()
        late = await client.post(CONSENTS, json=consent(until=beyond, evidence="x"))
        assert [fault["where"] for fault in late.json()["errors"]] == ["until"]


async def test_only_the_enterprise_and_its_coordinator_give_and_read_consents(sessions: Sessions) -> None:
    await consent_world(sessions)
    made = await give(sessions, ["financial"])
    stranger = person(Role.ENTERPRISE, f"9123010{5:011d}")
    elsewhere = person(Role.COORDINATOR, "230200")
    for viewer, status in ((BRANCH, 403), (stranger, 404), (elsewhere, 404)):
        async with client_of(sessions, viewer) as client:
            answers = [
                await client.post(CONSENTS, json=consent(evidence="x")),
                await client.get(CONSENTS),
                await client.get(f"{CONSENTS}/{made['id']}"),
                await client.put(f"{CONSENTS}/{made['id']}/revocation", headers={"If-Match": '"1"'}),
                await client.get(f"{NEED}/disclosures"),
            ]
        assert {answer.status_code for answer in answers} == {status}
    # Who is an enterprise here and works at a bank there speaks only for the enterprise.
    grants = (Grant(Role.ENTERPRISE, stranger.grants[0].scope), *BRANCH.grants)
    both = Viewer("both", "230000", grants, person=2)
    assert (await get(sessions, both, NEED)).status_code == 200
    for path in (CONSENTS, f"{NEED}/disclosures"):
        assert (await get(sessions, both, path)).status_code == 404


async def test_a_consent_holds_up_to_its_last_day_and_not_after(sessions: Sessions) -> None:
    await consent_world(sessions)
    assert (await get(sessions, BRANCH, NEED)).status_code == 404
    until = shanghai_today() + timedelta(days=3)
    await give(sessions, until=until.isoformat())
    for days, status in ((-1, 200), (0, 200), (1, 404)):
        for path in (NEED, ENTRY):
            answer = await get(sessions, BRANCH, path, until + timedelta(days=days))
            assert (days, path, answer.status_code) == (days, path, status)


async def test_head_office_and_supporters_see_others_do_not_and_revocation_ends_it_at_once(
    sessions: Sessions,
) -> None:
    await consent_world(sessions)
    made = await give(sessions)
    seen = {who.name: (await get(sessions, who, NEED)).status_code for who in (BRANCH, HEAD, SUPPORTING)}
    assert set(seen.values()) == {200}
    assert (await get(sessions, OUTSIDER, NEED)).status_code == 404
    assert (await revoke(sessions, made["id"])).status_code == 200
    for who in (BRANCH, HEAD, SUPPORTING):
        assert (await get(sessions, who, NEED)).status_code == 404


async def test_a_consent_to_one_institution_reaches_its_branches_and_no_other(sessions: Sessions) -> None:
    await consent_world(sessions)
    await give(sessions, ["financial"], institution="icbc")
    await give(sessions, ["judicial"], institution="lj")
    branch = (await get(sessions, BRANCH, NEED)).json()
    other = (await get(sessions, SUPPORTING, NEED)).json()
    assert (branch["facts"]["revenue"], branch["facts"]["litigation"]) == ("86000000.00", None)
    assert (other["facts"]["revenue"], other["facts"]["litigation"]) == (None, True)


async def test_nobody_sees_who_is_no_longer_responsible(sessions: Sessions) -> None:
    await consent_world(sessions)
    await give(sessions)
    await end_assignments(sessions)
    assert (await get(sessions, BRANCH, NEED)).status_code == 404


@pytest.mark.parametrize("groups", [(), ("financial",), ("judicial",), ("financial", "judicial")])
async def test_facts_are_shown_by_group_wherever_they_leave(
    sessions: Sessions, groups: tuple[str, ...]
) -> None:
    await consent_world(sessions)
    await give(sessions, groups)
    shown = [(await get(sessions, BRANCH, path)).json() for path in (NEED, ENTRY)]
    shown += (await get(sessions, BRANCH, "/needs")).json()["items"]
    shown += (await get(sessions, BRANCH, f"{NEED}/revisions")).json()["items"]
    own = (await get(sessions, FIRM, NEED)).json()
    assert own["withheld"] == []
    for found in shown:
        for name, facts in (("financial", FINANCIAL), ("judicial", JUDICIAL)):
            expected = facts if name in groups else dict.fromkeys(facts)
            assert {fact: found["facts"][fact] for fact in facts} == expected
            assert (set(facts) <= set(found["withheld"])) == (name not in groups)
        assert found["facts"]["amount"] == "5000000.00"
        assert found.get("content_hash") == (
            own["content_hash"] if len(groups) == 2 and "extra" not in found else None
        )


async def test_verdicts_and_reasons_tell_nothing_that_is_withheld(sessions: Sessions) -> None:
    world = await consent_world(sessions)
    async with transaction(sessions) as session:
        blocked: dict[int, Facts] = {world.entries[entry_code(0)]: {}}
        await bottlenecks.classify_entries(session, local_operator("230000"), blocked, now=utc_now())
    await give(sessions, ["financial"])
    matches = (await get(sessions, BRANCH, f"{NEED}/matches")).json()
    assert set(matches["withheld"]) == set(JUDICIAL)
    refused = await get(sessions, BRANCH, f"{NEED}/bottlenecks")
    assert (refused.status_code, "consent" in refused.json()["detail"]) == (403, True)
    masked = (await get(sessions, BRANCH, f"{ENTRY}/assignment")).json()
    assert (masked["explanation"], len(masked["why"])) == ({}, 1)
    assert (await get(sessions, BRANCH, "/bottlenecks")).json()["counts"] == {}
    # The consents that hold together show what none of them shows alone.
    await give(sessions, ["judicial"])
    assert len((await get(sessions, BRANCH, f"{NEED}/bottlenecks")).json()) == 1
    assert (await get(sessions, BRANCH, "/bottlenecks")).json()["counts"] == {"c": 1}
    assert (await get(sessions, BRANCH, f"{NEED}/matches")).json()["withheld"] == []


async def test_a_revised_need_keeps_its_consents(sessions: Sessions) -> None:
    await consent_world(sessions)
    await give(sessions, ["judicial"])
    async with client_of(sessions, FIRM) as client:
        facts = (await client.get(NEED)).json()["facts"] | {"amount": "6000000.00"}
        revised = await client.put(NEED, json={"facts": facts}, headers={"If-Match": '"1"'})
        assert revised.status_code == 200, revised.text
    found = (await get(sessions, BRANCH, NEED)).json()
    assert (found["revision"], found["facts"]["litigation"], found["facts"]["revenue"]) == (2, True, None)


async def test_many_consents_are_recorded_at_once(sessions: Sessions) -> None:
    await consent_world(sessions, ("icbc-dl", "lj", None))
    codes = [f"9123010{number:011d}" for number in range(3)]
    async with transaction(sessions) as session:
        done = await consent_service.give_many_consents(
            session, local_operator("230000"), [*codes, "nobody"], evidence="演示数据", now=utc_now()
        )
    async with transaction(sessions, writes=False) as session:
        assert (done, await session.scalar(select(func.count()).select_from(Consent))) == (3, 3)
    assert (await get(sessions, BRANCH, f"/needs/{USCC}")).json()["withheld"] == []
