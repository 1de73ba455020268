"""Over HTTP: banks pause their time, enterprises rate who answered, and everybody lists what is due, late and how fast."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.accounts.rules import Role, Viewer
from app.docking import api, round_service, service
from app.docking.schemas import EventIn
from app.enterprises.tables import Consent, Need
from app.kernel.clock import shanghai_today
from app.kernel.database import AsyncSession, Sessions, transaction
from app.rounds.service import clock_viewer
from tests.accounts.offices import OPERATOR, Enter, person
from tests.docking.world import ASSIGNED, World, build_world, entry_code

EDITION = {"edition": "2023H2"}
PEOPLE = {
    "manager": (Role.RELATIONSHIP_MANAGER, "icbc-dl"),
    "head": (Role.BANK_ADMINISTRATOR, "icbc"),
    "helper": (Role.RELATIONSHIP_MANAGER, "lj"),
    "coordinator": (Role.COORDINATOR, "230000"),
    "county": (Role.COORDINATOR, "230103"),
    "firm": (Role.ENTERPRISE, f"9123010{0:011d}"),
    "other-firm": (Role.ENTERPRISE, f"9123010{1:011d}"),
}
PAUSE = {"kind": "paused", "pause_reason": "valuation", "evidence": "评估委托书2023-17号"}
TERMS = {"amount": "4000000.00", "rate": "3.85", "term_months": 24, "is_credit_loan": True}
LATER = ASSIGNED + timedelta(days=9)
"""Wednesday, 13 September 2023."""


def at(day: int, hour: int = 0) -> dict[str, str]:
    return {"occurred_at": (ASSIGNED + timedelta(days=day, hours=hour)).isoformat()}


async def log(session: AsyncSession, number: int, **fields: Any) -> None:
    event = EventIn.model_validate(fields)
    await service.log_event(session, OPERATOR, entry_code(number), event, now=LATER)


@pytest.fixture
async def world(sessions: Sessions) -> World:
    """Entry 0 and 1 with icbc-dl, 2 with lj, 3 with nobody; 0 was accepted and contacted in time, 1 nothing."""
    async with transaction(sessions) as session:
        world = await build_world(session, ("icbc-dl", "icbc-dl", "lj", None))
        for need in await session.scalars(select(Need.id)):
            session.add(
                Consent(
                    need_id=need, purpose="financing_docking", shows_contact=False, shows_financial=False,
                    shows_judicial=False, institution_id=None, until=shanghai_today() + timedelta(days=30),
                    given_by="firm", given_at=ASSIGNED, evidence=None, version=1,
                )
            )  # fmt: skip
        for number, kind, day in ((0, "accepted", 0), (0, "contacted", 2), (2, "accepted", 1)):
            await log(session, number, kind=kind, **at(day, 1))
    return world


@pytest.fixture
async def people(sessions: Sessions, world: World) -> dict[str, Viewer]:
    return {name: await person(sessions, name, grant) for name, grant in PEOPLE.items()}


async def post(client: httpx.AsyncClient, number: int, **body: Any) -> tuple[int, Any]:
    """Log an event; answer the status, and what the clock shows or which fields are at fault."""
    answer = await client.post(f"/whitelist/entries/{entry_code(number)}/docking-events", json=body)
    if answer.status_code != 201:
        return answer.status_code, [fault["where"] for fault in answer.json().get("errors", [])]
    clock = (await client.get(f"/whitelist/entries/{entry_code(number)}/docking")).json()["clock"]
    return 201, (clock["pause_reason"], clock["due_on"]) if clock else None


async def test_a_manager_lets_the_time_stand_still_with_a_reason_and_what_shows_it(
    sessions: Sessions, enter: Enter, people: dict[str, Viewer]
) -> None:
    client = enter(people["manager"])
    reasons = [one["reason"] for one in (await client.get("/docking/pause-reasons")).json()]
    assert reasons == ["materials", "valuation", "registration", "decision", "tax_or_audit"]
    assert await post(client, 1, **PAUSE, **at(1)) == (409, ["kind"])  # it has not begun
    bare = {"kind": "paused"} | at(3)
    assert await post(client, 0, **bare) == (422, ["evidence", "pause_reason"])
    assert await post(client, 0, **PAUSE | {"pause_reason": "holidays"} | at(3)) == (
        422,
        ["pause_reason"],
    )
    assert await post(client, 0, **PAUSE | {"evidence": "无"} | at(3)) == (422, ["evidence"])
    assert await post(client, 0, kind="resumed", **at(3)) == (409, ["kind"])
    # The answer is due ten working days after 6 September, and later by the longest pause of twenty.
    assert await post(client, 0, **PAUSE, **at(3)) == (201, ("valuation", "2023-10-24"))
    assert await post(client, 0, **PAUSE, **at(4)) == (409, ["kind"])
    # From Thursday, 7 to Monday, 11 September: two working days.
    assert await post(client, 0, kind="resumed", **at(7)) == (201, (None, "2023-09-22"))
    client = enter(people["helper"])
    assert await post(client, 0, **PAUSE, **at(8)) == (403, [])
    client = enter(people["firm"])
    assert await post(client, 0, **PAUSE, **at(8)) == (403, [])


async def test_the_enterprise_rates_the_bank_that_answered_it_and_logs_nothing_else(
    sessions: Sessions, enter: Enter, people: dict[str, Viewer]
) -> None:
    rating = {"kind": "rated", "score": 4, "note": "答复及时"}
    client = enter(people["firm"])
    assert await post(client, 0, **rating, **at(5)) == (409, ["kind"])  # nobody has answered yet
    async with transaction(sessions) as session:
        await log(session, 0, kind="credit_approved", **TERMS, **at(6))
    for name in ("manager", "head", "coordinator"):
        client = enter(people[name])
        assert await post(client, 0, **rating, **at(7)) == (403, []), name
    client = enter(people["other-firm"])
    assert await post(client, 0, **rating, **at(7)) == (404, [])
    client = enter(people["firm"])
    assert await post(client, 0, **rating | {"score": 6} | at(7)) == (422, ["score"])
    for kind in ("accepted", "contacted", "visited", "resumed"):
        assert await post(client, 0, kind=kind, **at(7)) == (403, []), kind
    assert await post(client, 0, kind="resolved", note="已解决", **at(7)) == (403, [])
    assert await post(client, 0, kind="disbursed", amount="1.00", **at(7)) == (403, [])
    # The supporting bank has not answered: there is nothing to rate.
    assert await post(client, 0, **rating, institution="lj", **at(7)) == (409, ["kind"])
    assert (await post(client, 0, **rating, **at(7)))[0] == 201
    assert (await post(client, 0, **rating | {"score": 5} | at(8)))[0] == 201
    state = (await client.get(f"/whitelist/entries/{entry_code(0)}/docking")).json()
    assert {one["institution"]: one["score"] for one in state["parties"]} == {"icbc-dl": 5, "lj": None}


async def test_who_declined_has_answered_and_is_rated_by_name_though_the_entry_went_on(
    sessions: Sessions, enter: Enter, people: dict[str, Viewer]
) -> None:
    async with transaction(sessions) as session:
        await log(
            session, 1, kind="declined", reason="outside_product_terms", evidence="尽调报告第3页", **at(5)
        )
    client = enter(people["other-firm"])
    status, _wheres = await post(client, 1, kind="rated", score=2, **at(10))
    assert status == 409  # who has the entry now has not answered
    assert (await post(client, 1, kind="rated", score=2, institution="icbc-dl", **at(10)))[0] == 201


async def keys(client: httpx.AsyncClient, **filters: str) -> list[int]:
    """Answer the numbers of the entries that are listed, the most urgent first."""
    answer = await client.get("/docking/deadlines", params=EDITION | filters)
    assert answer.status_code == 200, answer.text
    return [int(one["entry"][-1]) for one in answer.json()["items"]]


SEEN_BY: dict[str, tuple[list[int], list[tuple[str | None, str, int, int]], list[str]]] = {
    # who, entries by urgency, (institution, step, how many, working days late), institutions in the pace
    "coordinator": ([1, 2, 3, 0], [(None, "allocate", 1, 3), ("icbc-dl", "accept", 1, 6), ("lj", "contact", 1, 3)], ["icbc-dl", "lj"]),
    "county": ([1, 3], [(None, "allocate", 1, 3), ("icbc-dl", "accept", 1, 6)], ["icbc-dl"]),
    "head": ([1, 0], [("icbc-dl", "accept", 1, 6)], ["icbc-dl"]),
    "helper": ([2], [("lj", "contact", 1, 3)], ["lj"]),
}  # fmt: skip


async def test_what_is_due_late_and_how_fast_is_listed_by_turn_step_level_and_institution_for_whom_it_concerns(
    sessions: Sessions, enter: Enter, people: dict[str, Viewer], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with transaction(sessions) as session:
        done = await round_service.remind_and_escalate(session, clock_viewer("230000"), now=LATER)
        assert (done.escalated, done.looked_at) == (2, 3)
    monkeypatch.setattr(api, "utc_now", lambda: LATER)
    client = enter(people["coordinator"])
    filters: list[tuple[dict[str, str], list[int]]] = [
        ({"turn": "coordinator"}, [3]),
        ({"turn": "institution"}, [1, 2, 0]),
        ({"turn": "body"}, []),
        ({"step": "answer"}, [0]),
        ({"level": "county"}, [1]),
        ({"level": "bank_administrator"}, [2]),
        ({"level": "province"}, []),
        ({"overdue": "true"}, [1, 2, 3]),
        ({"institution": "icbc"}, [1, 0]),
        ({"institution": "icbc", "overdue": "true"}, [1]),
        ({"institution": "ccb"}, []),
    ]
    found = [(wanted, await keys(client, **wanted)) for wanted, _expected in filters]
    assert found == filters
    for wrong in ({"institution": "nobody"}, {"turn": "enterprise"}, {"step": "wait"}, {"level": "king"}):
        refused = await client.get("/docking/deadlines", params=EDITION | wrong)
        [where] = wrong
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["where"].removeprefix("query.") == where
    pace = (await client.get("/docking/pace", params=EDITION)).json()
    fields = ("institution", "step", "taken", "p50", "p90", "open", "late")
    assert [tuple(one[field] for field in fields) for one in pace] == [
        ("icbc-dl", "accept", 1, 0, 0, 1, 1),
        ("icbc-dl", "contact", 1, 2, 2, 0, 0),
        ("icbc-dl", "answer", 0, None, None, 1, 0),
        ("lj", "accept", 1, 1, 1, 0, 0),
        ("lj", "contact", 0, None, None, 1, 1),
    ]
    rung = {}
    for name in ("head", "helper", "other-firm"):
        path = f"/whitelist/entries/{entry_code(1)}/docking-events"
        events = (await enter(people[name]).get(path)).json()["items"]
        rung[name] = [(one["kind"], one["level"], one["step"], one["institution"]) for one in events]
    raised = [("escalated", "county", "accept", "icbc-dl")]
    assert rung == {"head": raised, "helper": [], "other-firm": raised}
    seen = {}
    for name in SEEN_BY:
        client = enter(people[name])
        late = (await client.get("/docking/late", params=EDITION)).json()
        rows = [(one["institution"], one["step"], one["entries"], one["days_late"]) for one in late]
        pace = (await client.get("/docking/pace", params=EDITION)).json()
        told = sorted({one["institution"] for one in pace})
        seen[name] = (await keys(client), sorted(rows, key=str), told)
    assert seen == {
        name: (listed, sorted(rows, key=str), told) for name, (listed, rows, told) in SEEN_BY.items()
    }
