"""Who was shown what, and who holds contact details: three at one time."""

import asyncio

from app.accounts.rules import Role, Viewer
from app.kernel.database import Sessions
from tests.enterprises.consent_world import (
    BRANCH,
    CONTACT,
    COORDINATOR,
    ENTRY,
    FIRM,
    HEAD,
    NEED,
    OUTSIDER,
    SUPPORTING,
    consent_world,
    end_assignments,
    get,
    give,
    hand_to,
    more_supporters,
    person,
    revoke,
)

DISCLOSURES = f"{NEED}/disclosures"
BODY = {"name": "张三", "phone": "0451-12345678"}


async def _holders(sessions: Sessions) -> list[str]:
    found = (await get(sessions, FIRM, DISCLOSURES)).json()["contact_holders"]
    return sorted(one["institution"] for one in found)


async def test_each_showing_to_an_institution_is_on_record_once_a_day_and_person(sessions: Sessions) -> None:
    await consent_world(sessions)
    made = await give(sessions, ["financial"])
    for who in (BRANCH, BRANCH, HEAD, SUPPORTING, COORDINATOR, FIRM):
        for path in (NEED, "/needs", ENTRY, f"{NEED}/revisions", f"{NEED}/matches"):
            assert (await get(sessions, who, path)).status_code == 200
    found = (await get(sessions, FIRM, DISCLOSURES)).json()
    assert sorted((one["shown_to"], one["institution"]) for one in found["items"]) == [
        (HEAD.name, "icbc-dl"),
        (BRANCH.name, "icbc-dl"),
        (SUPPORTING.name, "lj"),
    ]
    assert {tuple(one["groups"]) for one in found["items"]} == {("card", "financial", "identity")}
    assert {one["consent"] for one in found["items"]} == {made["id"]}
    assert found["contact_holders"] == []
    await get(sessions, BRANCH, "/whitelist/entries")
    newest = (await get(sessions, FIRM, f"{DISCLOSURES}?limit=1")).json()
    assert newest["items"][0]["groups"] == ["card", "identity"]
    rest = (await get(sessions, FIRM, f"{DISCLOSURES}?cursor={newest['next']}")).json()
    assert rest["items"] == found["items"]


async def test_disclosures_are_read_by_the_enterprise_and_who_answers_for_it(sessions: Sessions) -> None:
    await consent_world(sessions)
    await give(sessions)
    readers = {FIRM: 200, COORDINATOR: 200, person(Role.AUDITOR): 200, BRANCH: 403, HEAD: 403, OUTSIDER: 403}
    for who, status in readers.items():
        answer = await get(sessions, who, DISCLOSURES)
        assert (who.name, answer.status_code) == (who.name, status)


async def test_contact_details_need_a_consent_that_names_them(sessions: Sessions) -> None:
    await consent_world(sessions)
    assert (await get(sessions, BRANCH, CONTACT)).status_code == 404
    await give(sessions, ["financial"])
    refused = await get(sessions, BRANCH, CONTACT)
    assert (refused.status_code, "contact details" in refused.json()["detail"]) == (403, True)
    made = await give(sessions, ["contact"])
    assert (await get(sessions, BRANCH, CONTACT)).json() == BODY
    assert (await get(sessions, OUTSIDER, CONTACT)).status_code == 404
    assert (await get(sessions, person(Role.AUDITOR), CONTACT)).status_code == 403
    assert await _holders(sessions) == ["icbc-dl"]
    # The head office reads what its branch holds; the enterprise and its coordinator need no slot.
    for who in (HEAD, FIRM, COORDINATOR):
        assert (await get(sessions, who, CONTACT)).json() == BODY
    assert await _holders(sessions) == ["icbc-dl"]
    await revoke(sessions, made["id"])
    assert (await get(sessions, BRANCH, CONTACT)).status_code == 403
    assert await _holders(sessions) == []


async def test_of_ten_that_ask_at_once_three_hold_contact_details_and_the_others_are_told(
    sessions: Sessions,
) -> None:
    world = await consent_world(sessions)
    codes = [f"bank{number}" for number in range(8)]
    await more_supporters(sessions, world, codes)
    first = await give(sessions, ["contact"], institution="icbc")
    await give(sessions, ["contact"])
    people = [
        BRANCH,
        SUPPORTING,
        *(person(Role.RELATIONSHIP_MANAGER, code, number) for number, code in enumerate(codes)),
    ]
    answers = await asyncio.gather(*(get(sessions, who, CONTACT) for who in people))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(409)) == (3, 7)
    told = next(answer for answer in answers if answer.status_code == 409).json()
    assert told["detail"].startswith("3 institutions hold")
    winners = {who.grants[0].scope for who, status in zip(people, statuses, strict=True) if status == 200}
    assert set(await _holders(sessions)) == winners
    # Those who hold a slot keep it, also when several of their people ask at once.
    holder = min(winners)
    colleagues = [
        Viewer(f"c{n}", "230000", person(Role.GUARANTOR, holder).grants, person=n) for n in range(4)
    ]
    again = await asyncio.gather(*(get(sessions, who, CONTACT) for who in colleagues))
    assert {answer.status_code for answer in again} == {200}
    assert set(await _holders(sessions)) == winners
    assert (await revoke(sessions, first["id"])).status_code == 200


async def test_a_slot_is_freed_when_its_institution_no_longer_answers_for_the_need(
    sessions: Sessions,
) -> None:
    world = await consent_world(sessions)
    await more_supporters(sessions, world, ["b1", "b2"])
    await give(sessions, ["contact"])
    people = [
        BRANCH,
        SUPPORTING,
        person(Role.RELATIONSHIP_MANAGER, "b1"),
        person(Role.RELATIONSHIP_MANAGER, "b2"),
    ]
    statuses = [(await get(sessions, who, CONTACT)).status_code for who in people]
    assert statuses == [200, 200, 200, 409]
    await hand_to(sessions, world, "b2")
    assert (await get(sessions, people[0], CONTACT)).status_code == 404
    assert (await get(sessions, people[3], CONTACT)).json() == BODY
    assert await _holders(sessions) == ["b2"]
    await end_assignments(sessions)
    assert await _holders(sessions) == []
