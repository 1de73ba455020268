"""Many entries are chosen by filter, looked at, moved once, and told one by one; who may not move them has no such page."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.rules import Role
from app.allocation import service as allocation
from app.allocation.tables import Assignment
from app.docking import clock_service
from app.docking import service as docking
from app.docking.schemas import EventIn
from app.kernel.clock import utc_now
from tests.accounts.offices import OPERATOR, working
from tests.accounts.signing import Installation
from tests.bottlenecks.world import EDITION, NANGANG, World, banks, build_world, match
from tests.desks.visits import Visit

MOVES = "/roster/moves"
NEEDS: dict[str, dict[str, Any]] = {"one": {}, "two": {}, "paid": {}, "south": {"region": NANGANG}}


@pytest.fixture
async def visit(house: Installation) -> AsyncIterator[Visit]:
    """A browser of a coordinator."""
    await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    async with Visit(house) as opened:
        await opened.sign_in()
        yield opened


@pytest.fixture
async def world(house: Installation) -> World:
    """Entries that banks got a month ago, and have let lie; credit is approved for `paid`."""
    then = utc_now() - timedelta(days=30)
    async with working(house.sessions) as session:
        world = await build_world(session, NEEDS, banks(5, count=6))
        await match(session, OPERATOR, then)
        await allocation.run_allocation(session, OPERATOR, EDITION, now=then)
        terms = {"amount": "1000000.00", "rate": "3.85", "term_months": 12, "is_credit_loan": False}
        for fields in ({"kind": "contacted"}, {"kind": "credit_approved", **terms}):
            event = EventIn.model_validate(fields)
            await docking.log_event(session, OPERATOR, world.codes["paid"], event, now=then)
        await clock_service.refresh(session, world.entries.values())
    return world


async def holders(house: Installation, world: World) -> dict[str, int | None]:
    rows = select(Assignment.entry_id, Assignment.institution_id).where(Assignment.ended_at.is_(None))
    async with house.sessions() as session:
        return {world.name_of(entry): holder for entry, holder in await session.execute(rows)}


async def test_late_entries_are_chosen_looked_at_and_moved_once(
    house: Installation, visit: Visit, world: World
) -> None:
    before = await holders(house, world)
    nodes = {number: code for code, number in world.institutions.items()}
    await visit.get(f"{MOVES}?edition={EDITION}&state=all&region={NANGANG}")
    assert re.findall(r'name="entry" value="([^"]+)"', visit.shown) == [world.codes["south"]]
    holder = nodes[before["one"] or 0]
    await visit.get(f"{MOVES}?edition={EDITION}&state=all&institution={holder}")
    listed = re.findall(r'name="entry" value="([^"]+)" checked', visit.shown)
    assert set(listed) == {world.codes[name] for name, at in before.items() if at == before["one"]}

    await visit.get(f"{MOVES}?edition={EDITION}&state=all")
    chosen = [world.codes[name] for name in ("one", "two", "paid")]
    fields: dict[str, Any] = {"edition": EDITION, "state": "all", "entry": chosen, "reason": "该行业务调整"}
    for wrong, said in (
        ({"entry": []}, "请至少勾选一户"),
        ({"entry": ["\x00"]}, "请至少勾选一户"),
        ({"reason": " "}, "请写明理由"),
        ({"to": "没有这家银行"}, "没有这个机构"),
    ):
        refused = await visit.post(MOVES, **fields | wrong)
        assert (refused.status_code, said in refused.text) == (422, True), said
        ticked = set(re.findall(r'name="entry" value="([^"]+)" checked', refused.text))
        assert ticked == (set() if "entry" in wrong else set(chosen)), "what was chosen stays chosen"
    look = await visit.post(MOVES, **fields)
    assert "将改派 2 户，共勾选 3 户" in look.text, re.sub(r"<[^>]+>|\s+", " ", look.text)
    assert "已有授信审批，不再改派" in look.text
    assert await holders(house, world) == before

    final = fields | {"step": "carry-out", "seen": visit.field("seen"), "once": visit.field("once")}
    stale = await visit.post(MOVES, **final | {"seen": "0" * 64, "once": "another"})
    assert (stale.status_code, "没有改派" in stale.text) == (412, True)
    assert await holders(house, world) == before
    done = [await visit.post(MOVES, **final) for _ in range(2)]
    assert [one.status_code for one in done] == [200, 200]
    assert done[0].text == done[1].text, "a second click is answered the same"
    assert "已改派 2 户，共勾选 3 户" in done[0].text
    after = await holders(house, world)
    assert (after["paid"], after["south"]) == (before["paid"], before["south"])
    assert all(after[name] not in {None, before[name]} for name in ("one", "two"))


async def test_the_list_behind_a_figure_leads_to_moving_and_an_auditor_finds_no_way_there(
    house: Installation, visit: Visit, world: World
) -> None:
    listed = "/coverage/2023-10/entries?region=230102"
    assert f"{MOVES}?edition={EDITION}&amp;region=230102&amp;state=all" in (await visit.get(listed)).text
    assert world.codes["one"] in visit.shown
    await house.person("li.na", (Role.AUDITOR, ""))
    async with Visit(house) as auditor:
        await auditor.sign_in("li.na")
        assert MOVES not in (await auditor.get(listed)).text
        assert MOVES not in (await auditor.get("/roster")).text
        assert (await auditor.get(MOVES)).status_code == 403
