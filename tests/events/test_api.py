"""The story of an event over HTTP, as each of its people sees it; what is sent badly is refused by name."""

import asyncio
import threading
from datetime import datetime
from typing import Any

import httpx
import pytest

from app.events import api, guests_api, timetable_service
from app.events.meetings import Timetable, TimetableProblem
from app.events.timetable import make_timetable
from app.kernel.database import Sessions
from tests.accounts.offices import Enter, entering
from tests.events.town import CHAIN, DAY, NOW, THAT_DAY, build_kept, staff


class Watch:
    """The clock of the routes of events."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOW
        for module in (api, guests_api):
            monkeypatch.setattr(module, "utc_now", self.read)

    def read(self) -> datetime:
        return self.now


async def _sent(
    client: httpx.AsyncClient, method: str, path: str, body: Any, tag: str = "*"
) -> httpx.Response:
    return await client.request(method, path, json=body, headers={"If-Match": tag})


async def test_an_event_from_the_calendar_to_what_was_said_at_its_tables(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(monkeypatch)
    await build_kept(sessions)
    people = await staff(sessions)
    async with entering(sessions) as enter:
        host = enter(people["chain"])
        made = await host.post("/events", json={"chain": CHAIN, "day": DAY})
        assert made.status_code == 201, made.text
        path = f"/events/{made.json()['code']}"
        assert (await host.post("/events", json={"rhythm": "yearly", "day": DAY})).status_code == 403
        chosen = await _sent(host, "PUT", f"{path}/guests", {"tables": 2})
        assert (chosen.status_code, chosen.json()["invited_firms"]) == (200, 2), chosen.text
        firm = enter(people["firm"])
        assert (await firm.get("/events/invitations")).json()["items"] == [], "it was not told yet"
        host = enter(people["chain"])
        sent = await _sent(host, "POST", f"{path}/guests/sending", {"answer_by": "2023-12-01"})
        assert (sent.json()["sent"], sent.json()["told"]) == (5, 3), (
            "the firm, the bank's administrator, its clerk"
        )
        await _answer(enter, people, path)
        host = enter(people["chain"])
        table = await host.post(f"{path}/timetable", json={})
        assert (table.status_code, table.json()["outcome"]) == (200, "optimal"), table.text
        clerk = enter(people["clerk"])
        own = (await clerk.get(f"{path}/timetable")).json()["meetings"]
        assert {one["bank"] for one in own} == {"B1"}
        assert {one["firm"] for one in own} == {"甲公司", None}
        firm = enter(people["firm"])
        [mine] = (await firm.get("/events/invitations")).json()["items"]
        calendar = await firm.get(f"{path}/guests/{mine['id']}/calendar.ics")
        assert calendar.text.count("BEGIN:VEVENT") == len(mine["meetings"])
        watch.now = THAT_DAY
        host = enter(people["chain"])
        for code, status in ((mine["attendance_code"], 200), ("0000-0000", 422)):
            assert (await host.post(f"{path}/attendance", json={"code": code})).status_code == status
        meetings = [{"meeting": one["id"]} for one in table.json()["meetings"]]
        logged = await host.post(f"{path}/contacts", json={"meetings": meetings})
        assert (logged.status_code, logged.json()["logged"]) == (200, 1), logged.text
        assert (await host.get(f"{path}/results")).json()["results"][0]["attended"] == 1


async def test_while_a_timetable_is_computed_others_write_and_what_they_change_is_not_overwritten(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    Watch(monkeypatch)
    await build_kept(sessions)
    people = await staff(sessions)
    begun, may_end = threading.Event(), threading.Event()

    def held_up(problem: TimetableProblem) -> Timetable:
        begun.set()
        assert may_end.wait(30)
        return make_timetable(problem)

    monkeypatch.setattr(timetable_service, "make_timetable", held_up)
    async with entering(sessions) as enter:
        host = enter(people["chain"])
        path = f"/events/{(await host.post('/events', json={'chain': CHAIN, 'day': DAY})).json()['code']}"
        await _sent(host, "PUT", f"{path}/guests", {"tables": 2})
        await _sent(host, "POST", f"{path}/guests/sending", {"answer_by": "2023-12-01"})
        making = asyncio.create_task(host.post(f"{path}/timetable", json={}))
        assert await asyncio.to_thread(begun.wait, 30)
        [mine] = [
            one for one in (await host.get(f"{path}/guests")).json()["items"] if one["name"] == "甲公司"
        ]
        said = await _sent(host, "PUT", f"{path}/guests/{mine['id']}/answer", {"accepts": False})
        assert said.status_code == 200, said.text
        assert not making.done()
        may_end.set()
        refused = await making
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict"), refused.text
        assert "Make the timetable again" in refused.text
        assert (await host.get(f"{path}/timetable")).json()["made_at"] is None
        key = {"Idempotency-Key": "one timetable"}
        made = await host.post(f"{path}/timetable", json={}, headers=key)
        assert (made.status_code, made.json()["outcome"]) == (200, "optimal"), made.text
        monkeypatch.setattr(timetable_service, "make_timetable", None)
        repeated = await host.post(f"{path}/timetable", json={}, headers=key)
        assert (repeated.headers["idempotency-replayed"], repeated.json()) == ("true", made.json())
        other = await host.post(f"{path}/timetable", json={"most_at_once": 3}, headers=key)
        assert other.status_code == 409


async def _answer(enter: Enter, people: dict[str, Any], path: str) -> None:
    """Let the firm accept: its bank learns its name, nobody else sees anything."""
    bank = enter(people["bank"])
    seen = (await bank.get(f"{path}/guests")).json()["items"]
    assert [one["name"] for one in seen] == ["B1"]
    assert {one["firm"] for one in seen[0]["meetings"]} == {None}
    assert seen[0]["attendance_code"] is not None
    firm = enter(people["firm"])
    [mine] = (await firm.get("/events/invitations")).json()["items"]
    assert mine["name"] == "甲公司"
    guest = f"{path}/guests/{mine['id']}"
    assert [one["name"] for one in (await firm.get(f"{path}/guests")).json()["items"]] == ["甲公司"]
    assert (await _sent(firm, "PUT", f"{guest}/answer", {"accepts": True, "absent": [99]})).status_code == 422
    assert (await _sent(firm, "PUT", f"{guest}/answer", {"accepts": True}, '"7"')).status_code == 412
    assert (await _sent(firm, "PUT", f"{guest}/answer", {"accepts": True})).status_code == 200
    bank = enter(people["bank"])
    [shown] = [one for one in (await bank.get(f"{path}/guests")).json()["items"] if one["side"] == "firm"]
    assert (shown["name"], shown["code"], shown["reason"], shown["attendance_code"]) == (
        "甲公司",
        None,
        None,
        None,
    )
    assert (await _sent(bank, "PUT", f"{guest}/answer", {"accepts": False})).status_code == 403
    for name in ("stranger", "other chain", "county"):
        other = enter(people[name])
        assert (await other.get(guest)).status_code == 404, name
        assert (await other.get(f"{path}/guests")).json()["items"] == [], name
        assert (await _sent(other, "PUT", f"{path}/guests", {})).status_code == 403, name
    auditor = enter(people["auditor"])
    read = (await auditor.get(guest)).json()
    assert (read["name"], read["attendance_code"]) == ("甲公司", None)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/events", {"chain": "NONE", "day": DAY}, 422),
        ("POST", "/events", {"chain": CHAIN, "day": "2023-12-99"}, 422),
        ("POST", "/events", {"chain": CHAIN, "day": DAY, "opens": "25:00"}, 422),
        ("POST", "/events", {"chain": CHAIN, "day": DAY, "opens": "12:00", "closes": "09:00"}, 422),
        ("POST", "/events", {"chain": CHAIN, "day": DAY, "venue": "\x00"}, 422),
        ("POST", "/events/years/preview", {"year": 2024, "first_day": "2023-01-01"}, 422),
        ("POST", "/events/years/preview", {"year": 2024, "chain_events_per_month": 10**9}, 422),
        ("GET", "/events/HD-999999", None, 404),
        ("GET", "/events/HD-99999999999999999999", None, 422),
        ("GET", "/events/years/2031", None, 404),
        ("GET", "/events/years/2031/results", None, 404),
        ("POST", "/events/HD-999999/timetable", {}, 404),
        ("POST", "/events/HD-999999/contacts", {"meetings": [{"meeting": 2**63}]}, 422),
        ("PUT", "/events/HD-999999/guests", {"banks": [{"institution": "B1", "tables": 0}]}, 422),
    ],
)
async def test_what_cannot_be_taken_is_refused(
    client: httpx.AsyncClient, method: str, path: str, body: Any, status: int
) -> None:
    answer = await client.request(method, path, json=body, headers={"If-Match": "*"})
    assert answer.status_code == status, answer.text
    if status == 422:
        assert answer.json()["errors"]
