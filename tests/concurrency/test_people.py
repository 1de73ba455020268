"""What people set up at the same time: nothing is doubled, no last one goes, no circle is made."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import time_machine
from sqlalchemy import func, select

from app.catalogue.tables import LibraryEdition
from app.kernel.clock import utc_now
from app.kernel.database import transaction
from app.notifications.tables import Notice
from app.policy.tables import PolicyAdoption
from tests.concurrency.invariants import broken
from tests.concurrency.meeting import at_the_first_write
from tests.concurrency.town import Town


def statuses(answers: list[httpx.Response]) -> list[int]:
    return sorted(one.status_code for one in answers)


async def twice(town: Town, path: str, body: Any) -> list[httpx.Response]:
    """Let two people send the same at once, each for themselves."""
    with at_the_first_write(town):
        return await town.together(*(town.ask(who, "POST", path, json=body) for who in ("whole", "second")))


async def test_two_administrators_do_not_lock_each_other_out(town: Town) -> None:
    persons = {one: f"/people/{town.person(one)}" for one in ("chief", "deputy")}
    tags = {one: (await town.ask("operator", "GET", path)).headers["etag"] for one, path in persons.items()}
    out = {"is_disabled": True}
    with at_the_first_write(town):
        answers = await town.together(
            town.ask("chief", "PATCH", persons["deputy"], json=out, etag=tags["deputy"]),
            town.ask("deputy", "PATCH", persons["chief"], json=out, etag=tags["chief"]),
        )
    assert statuses(answers) == [200, 409]
    for path in persons.values():
        tag = (await town.ask("operator", "GET", path)).headers["etag"]
        await town.ask("operator", "PATCH", path, json={"is_disabled": False}, etag=tag)


async def test_two_institutions_are_not_put_below_each_other(town: Town) -> None:
    pair = ("SJYH-MDJ", "SJYH-JMS")
    tags = {one: (await town.ask("operator", "GET", f"/institutions/{one}")).headers["etag"] for one in pair}
    with at_the_first_write(town):
        answers = await town.together(
            *(
                town.ask("operator", "PATCH", f"/institutions/{one}", json={"parent": above}, etag=tags[one])
                for one, above in (pair, pair[::-1])
            )
        )
    assert statuses(answers) == [200, 422]
    assert await broken(town.sessions[0]) == []
    moved = pair[0] if answers[0].is_success else pair[1]
    tag = (await town.ask("operator", "GET", f"/institutions/{moved}")).headers["etag"]
    await town.ask("operator", "PATCH", f"/institutions/{moved}", json={"parent": "SJYH"}, etag=tag)


async def test_an_item_is_adopted_once_and_given_up_once(town: Town) -> None:
    body = {"pack": "luoyang-draft", "item": "talent_loan.most", "reason": "先行先试", "since": "2023-10-20"}
    assert statuses(await twice(town, "/policies/adoptions", body)) == [201, 409]
    [(number,)] = await town.rows(select(PolicyAdoption.id).where(PolicyAdoption.item == body["item"]))
    ends = await twice(town, f"/policies/adoptions/{number}/end", {"until": "2023-10-20"})
    assert statuses(ends) == [200, 409]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/whitelist/editions", {"code": "2024H2"}),
        ("/chains", {"code": "HLJ-XXX", "name": "新兴产业链", "industries": ["C39"], "source": "试点"}),
        ("/enterprises", {"uscc": "91230199MA1BQXYE20", "name": "漏网之鱼有限公司", "region": "230111"}),
    ],
    ids=["edition", "chain", "firm"],
)  # fmt: skip
async def test_what_two_make_at_once_is_made_once(town: Town, path: str, body: Any) -> None:
    assert statuses(await twice(town, path, body)) == [201, 409]


async def test_a_quarter_is_published_once(town: Town) -> None:
    with time_machine.travel(datetime(2024, 1, 2, 2, tzinfo=UTC)):
        assert statuses(await twice(town, "/library/editions", {"code": "2024Q1"})) == [201, 409]
    made = select(func.count()).where(LibraryEdition.code == "2024Q1")
    assert await town.rows(made) == [(1,)]


async def test_notices_are_marked_read_once(town: Town) -> None:
    await town.ask("second", "POST", "/notices/read", json={"up_to": 2**40})
    async with transaction(town.sessions[0]) as session:
        session.add_all(
            Notice(
                event_key=f"test-{number}", person_id=town.person("second"), kind="assigned", title="新任务", body="", link="",
                is_urgent=False, created_at=utc_now(),
            )
            for number in range(3)
        )  # fmt: skip
    with at_the_first_write(town):
        answers = await town.together(
            *(town.ask("second", "POST", "/notices/read", json={"up_to": 2**40}) for _ in range(2))
        )
    assert sorted(one.json()["marked"] for one in answers) == [0, 3]
