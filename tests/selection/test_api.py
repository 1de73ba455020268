"""Selection over HTTP: whose list is sealed from whom, a round by its people, and what is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import time_machine

from app.accounts.rules import Viewer
from app.kernel.database import Sessions
from tests.accounts.offices import OPERATOR, Enter, entering
from tests.selection.town import BEARINGS, TERMS, TRACTORS, build_kept, staff

NOW = datetime(2023, 11, 15, 2, 0, tzinfo=UTC)
PATH = "/selection/rounds/2023Q4"
SOME = ("coordinator", "auditor", "bearings", "b2", "clerk")


class House:
    """The application, entered by one person after the other."""

    def __init__(self, enter: Enter, people: dict[str, Viewer]) -> None:
        self.enter, self.people = enter, people

    async def ask(self, who: str, method: str, path: str, body: Any = None, tag: str = "") -> httpx.Response:
        client = self.enter(self.people[who])
        headers = {"If-Match": tag} if tag else {}
        return await client.request(method, PATH + path, json=body, headers=headers)

    async def done(self, who: str, method: str, path: str, body: Any = None) -> Any:
        """Change something as it was read just before."""
        read = path if method == "PUT" else path.rpartition("/")[0]
        tag = (await self.ask(who, "GET", read)).headers["etag"]
        answer = await self.ask(who, method, path, body or {}, tag)
        assert answer.is_success, answer.text
        return answer.json()


async def test_a_list_is_sealed_until_the_lock_and_a_round_goes_through_the_hands_of_its_people(
    sessions: Sessions,
) -> None:
    await build_kept(sessions, OPERATOR, NOW)
    people = await staff(sessions)
    async with entering(sessions) as enter:
        house = House(enter, people)
        with time_machine.travel(NOW, tick=False):
            made = await enter(people["coordinator"]).post("/selection/rounds", json=TERMS)
            assert (made.status_code, made.headers["location"]) == (201, f"/api/v1{PATH}")
            for who in ("part", "bearings", "b1"):
                assert (await enter(people[who]).post("/selection/rounds", json=TERMS)).status_code == 403
            await house.done(
                "bearings", "PUT", f"/participants/{BEARINGS}/list", {"quota": 2, "tiers": [["B2"]]}
            )
            await house.done("b2", "PUT", "/participants/B2/list", {"quota": 1, "tiers": [[BEARINGS]]})
            sealed = await _statuses(house, f"/participants/{BEARINGS}/list")
            assert {who for who, status in sealed.items() if status == 200} == {"bearings"}
            assert {status for who, status in sealed.items() if who not in {"bearings", "firm"}} == {404}
            foreign = await house.ask(
                "tractors", "PUT", f"/participants/{BEARINGS}/list", {"quota": 1}, '"1"'
            )
            assert foreign.status_code == 403
            listed = (await house.ask("b1", "GET", "/participants?side=chains")).json()["items"]
            assert [one["submitted_at"] is not None for one in listed] == [False, True]
        with time_machine.travel(NOW + timedelta(days=6), tick=False):
            await house.done("coordinator", "POST", "/lock")
            unsealed = await _statuses(house, f"/participants/{BEARINGS}/list", *SOME)
            seeing = {who for who, status in unsealed.items() if status == 200}
            assert seeing == {"bearings", "coordinator", "auditor"}
            await house.done("coordinator", "POST", "/computation")
            before = await _statuses(house, "/result", *SOME)
            assert {who for who, status in before.items() if status == 200} == {"coordinator", "auditor"}
            await house.done("coordinator", "POST", "/publication")
            after = await _statuses(house, "/result", *SOME, "firm")
            assert {who for who, status in after.items() if status != 200} == {"firm"}
            pairs = (await house.ask("clerk", "GET", "/result/pairs")).json()["items"]
            assert [(one["chain"], one["bank"]) for one in pairs] == [(BEARINGS, "B2")]
            checked = (await house.ask("auditor", "GET", "/result/verification")).json()
            assert checked["is_verified"]
            words = {"participant": "B2", "text": "名额填报有误"}
            strange = await house.ask("b1", "POST", "/objections", words)
            assert strange.status_code == 403
            raised = await house.ask("b2", "POST", "/objections", words)
            assert (raised.status_code, raised.json()["number"]) == (201, 1)
            answer = {"is_upheld": False, "reason": "以提交的名单为准"}
            await house.done("coordinator", "POST", "/objections/1/answer", answer)
        with time_machine.travel(NOW + timedelta(days=16), tick=False):
            await house.done("coordinator", "POST", "/closing")
            plans = await house.ask("coordinator", "POST", "/result/plan-drafts", {"since": "2024-01-01"})
            [drafted] = plans.json()
            assert (drafted["chain"], drafted["added"], drafted["refused"]) == (BEARINGS, ["B2"], [])
            again = await house.ask("coordinator", "POST", "/result/plan-drafts", {"since": "2024-01-01"})
            assert (again.json()[0]["draft"], bool(again.json()[0]["refused"])) == (None, True)


async def _statuses(house: House, path: str, *whose: str) -> dict[str, int]:
    return {who: (await house.ask(who, "GET", path)).status_code for who in whose or house.people}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("", {"code": "2024Q1"}, 422),
        ("", TERMS | {"code": "a b"}, 422),
        ("", TERMS | {"name": "双选\u0000"}, 422),
        ("", TERMS | {"absent_places": 2**70}, 422),
        ("", TERMS | {"edition": "2031H1"}, 404),
        ("", TERMS | {"chains": [BEARINGS] * 501}, 422),
        ("/nowhere/lock", {}, 404),
    ],
)
async def test_what_makes_no_sense_is_refused(
    client: httpx.AsyncClient, path: str, body: Any, status: int
) -> None:
    answer = await client.post(f"/selection/rounds{path}", json=body)
    assert answer.status_code == status, answer.text
    assert TRACTORS not in answer.text
