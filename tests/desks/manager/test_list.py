"""A bank's people find what is theirs to do, the most urgent first, and accept many at once; each is told what became of it."""

import re
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.rules import Role
from app.allocation.tables import EntryHandler
from app.allocation.topics import PARTIES_CHANGED
from app.docking.clock import Turn
from app.docking.tables import DockingEvent
from app.docking.working_time import Step
from app.docking.worklist import Cell, Pile, Whose, WorkFilter, is_wanted, tallied
from app.kernel.database import Sessions, transaction
from tests.accounts.signing import Installation
from tests.desks.visits import Visit
from tests.docking.world import ASSIGNED, World, add_event, entry_code


def shown(visit: Visit) -> list[int]:
    """Answer the entries of the list that is shown, in its order."""
    return [int(code[-2:]) for code in re.findall(r'href="/manager/entries/([^"]+)" data-row', visit.shown)]


CELLS = [
    Cell(turn, step, late, region, chain, whose, 1 + number)
    for number, (turn, step, late, region, chain, whose) in enumerate(
        product(Turn, (Step.ACCEPT, Step.REFRESH), (False, True), ("230102", "230103"), ("aero", None), Whose)
    )
]


@pytest.mark.parametrize(
    "wanted",
    [
        WorkFilter(),
        WorkFilter(Pile.TODO, Step.ACCEPT, "230102", "aero", Whose.MINE, is_late=True),
        WorkFilter(Pile.FINANCED, whose=Whose.UNCLAIMED),
    ],
)
def test_each_filter_counts_what_choosing_a_value_would_leave(wanted: WorkFilter) -> None:
    found = tallied(CELLS, wanted)

    def left(**chosen: Any) -> int:
        return sum(cell.count for cell in CELLS if is_wanted(cell, replace(wanted, **chosen)))

    assert found.shown == left()
    assert found.late == left(is_late=True)
    assert [found.piles.get(pile, 0) for pile in Pile] == [left(pile=pile) for pile in Pile]
    assert [found.whose.get(one, 0) for one in Whose] == [left(whose=one) for one in Whose]
    assert all(count == left(step=step) for step, count in found.steps.items())
    assert all(count == left(region=region) for region, count in found.regions.items())
    assert found.chains.get("aero", 0) == left(chain="aero")


async def test_the_list_is_in_the_order_of_urgency_and_its_filters_stay_in_the_address(
    sessions: Sessions, world: World, visit: Visit
) -> None:
    async with transaction(sessions) as session:
        await add_event(
            session, world, entry_code(0), "accepted", "icbc-dl", ASSIGNED + timedelta(days=20), sequence=1
        )
        await PARTIES_CHANGED.tell(session, [world.entries[entry_code(0)]], ASSIGNED)
    answer = await visit.get("/manager")
    assert answer.status_code == 200
    assert shown(visit) == [1, 2, 3, 0]  # to be accepted long ago; the accepted one got its days anew
    assert "另有 1 户已分派给本机构" in visit.shown
    await visit.get("/manager?step=accept&chain=aero")
    assert shown(visit) == [1, 3]
    assert 'href="/manager?step=accept&amp;chain=aero&amp;pile=all"' in visit.shown
    await visit.get("/manager?pile=waiting")
    assert shown(visit) == []
    assert "这一栏没有条目" in visit.shown
    await visit.get("/manager?least=500&most=500&whose=unclaimed&late=1")
    assert len(shown(visit)) == 4
    await visit.get("/manager?least=500.01")
    assert shown(visit) == []
    refused = await visit.get("/manager?least=%3Cscript%3E")
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in visit.shown
    assert "<script>&lt;" not in visit.shown
    assert "&lt;script&gt;" in visit.shown


async def test_many_are_accepted_at_once_and_what_a_colleague_took_meanwhile_is_told(
    sessions: Sessions, house: Installation, world: World, visit: Visit
) -> None:
    colleague = await house.person("li.na", (Role.RELATIONSHIP_MANAGER, "icbc-dl"))
    codes = [entry_code(number) for number in (0, 1, 2, 5)]
    await visit.get("/manager/acceptance?" + "&".join(f"entry={code}" for code in codes))
    assert "将接单 3 户" in visit.shown
    assert "另有 1 户已不在您的清单中" in visit.shown
    async with transaction(sessions) as session:
        await add_event(
            session, world, entry_code(1), "accepted", "icbc-dl", ASSIGNED + timedelta(days=1), sequence=1
        )
        session.add(
            EntryHandler(
                assignment_id=3, institution_id=world.institutions["icbc-dl"], person_id=colleague,
                given_by="li.na", since=ASSIGNED,
            )
        )  # fmt: skip
    once = visit.field("once")
    fields = {"csrf": visit.field("csrf"), "once": once, "claims": "1", "entry": codes[:3]}
    answers = [await visit.http.post("/manager/acceptance", data=fields) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].text == answers[1].text  # sent twice, done once
    assert "接单结果：成功 1 户，共 3 户" in answers[0].text
    assert "由王芳经办，没有接单" in answers[0].text
    async with transaction(sessions) as session:
        found = await session.execute(select(DockingEvent.entry_id, DockingEvent.kind))
        assert sorted(map(tuple, found)) == [
            (world.entries[codes[0]], "accepted"),
            (world.entries[codes[1]], "accepted"),
        ]
        handlers = list(await session.scalars(select(EntryHandler.assignment_id)))
        assert sorted(handlers) == [1, 3]
    nothing = await visit.get("/manager/acceptance")
    assert nothing.headers["location"] == "/manager"


async def test_cards_show_nobody_and_other_roles_do_not_come_in(house: Installation, visit: Visit) -> None:
    answer = await visit.get("/manager/cards?standing=held")
    assert answer.status_code == 200
    assert "责任机构" in visit.shown
    assert "=公司" not in visit.shown
    await house.person("chen.wei", (Role.COORDINATOR, "230000"))
    async with Visit(house) as other:
        await other.sign_in("chen.wei")
        assert (await other.get("/manager")).status_code == 403
        assert (await other.get(f"/manager/entries/{entry_code(0)}")).status_code == 403
