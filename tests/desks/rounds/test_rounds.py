"""Matching and allocation by pages: sent to a worker, seen before and after, proven; policies and the audit trail beside them."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from app.accounts.rules import Role
from app.allocation.tables import AllocationRun, Assignment
from app.jobs.door import JobDoor
from app.jobs.queue import JobQueue
from app.jobs.rules import State
from app.jobs.running import JobRunner
from app.kernel.clock import utc_now
from app.kernel.database import Sessions
from app.kernel.settings import Settings
from app.matching.tables import MatchRun
from app.policy.tables import PolicyAdoption
from app.visibility.service import narrow
from tests.accounts.offices import working
from tests.accounts.signing import Installation, installed
from tests.allocation.test_service import FITTING
from tests.apps import create_app
from tests.bottlenecks.world import EDITION, banks, build_world
from tests.desks.visits import Visit


@pytest.fixture
async def house(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Installation:
    house = installed(sessions, monkeypatch, viewer_cache_seconds=0)
    await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    await house.person("li.na", (Role.AUDITOR, ""))
    return house


@pytest.fixture
async def visit(house: Installation) -> AsyncIterator[Visit]:
    async with Visit(house) as opened:
        await opened.sign_in()
        yield opened


async def test_an_edition_is_matched_tried_allocated_and_proven_and_one_entry_moved(
    house: Installation, visit: Visit, tmp_path: Path
) -> None:
    settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/queue.db")
    app = create_app(settings, house.sessions, JobDoor("230000", narrow))
    runner = JobRunner(app, house.sessions, JobQueue(settings), worker="w", host="127.0.0.1")

    async def done(path: str, **fields: str) -> str:
        sent = (await visit.post(path, edition=EDITION, **fields)).headers["location"]
        assert await runner.run(sent.rpartition("/")[2]) is State.DONE
        return sent

    async with working(house.sessions) as session:
        world = await build_world(session, FITTING, banks(20, count=7))
    await visit.get("/rounds")
    assert "还没有匹配过" in visit.shown
    matched = (await visit.get(await done("/rounds/matches"))).headers["location"]
    assert "这是本版次的第一次运行" in (await visit.get(matched)).text
    assert "没有变化" in (await visit.get("/rounds?check=yes")).text
    tried = await done("/rounds/previews")
    assert "责任主体会变的条目" in (await visit.get(tried)).text
    assert await house.rows(select(func.count()).select_from(AllocationRun)) == [0]
    made = (await visit.get(await done("/rounds/allocations"))).headers["location"]
    shown = (await visit.get(f"{made}?check=yes")).text
    assert "成立" in shown
    assert "不成立" not in shown
    assert (await visit.post("/rounds/matches", edition="2099H9")).status_code == 422

    code = min(world.codes.values())
    path = f"/roster/entries/{code}"
    entry = await visit.get(path)
    assert "为什么是它" in entry.text, re.sub(r"<[^>]+>|\s+", " ", entry.text)
    async with working(house.sessions) as session:
        await session.execute(update(Assignment).values(explanation={}))
    assert (await visit.get(path)).status_code == 200, "an assignment that came without its reasons is shown"
    await visit.get(f"{path}/move")
    to = re.search(r'name="to" value="(B\d-DL)" checked', visit.shown)
    assert to is not None, visit.shown
    assert (await visit.post(f"{path}/move", to=to[1], reason="")).status_code == 422
    await visit.post(f"{path}/move", to=to[1], reason="该行业务调整")
    assert "改派前后" in visit.shown
    fields = {name: visit.field(name) for name in ("step", "version", "held", "to", "reason")}
    assert (await visit.post(f"{path}/move", **fields)).headers["location"] == path
    late = await visit.post(f"{path}/move", **fields)
    assert (late.status_code, "已有人修改" in late.text) == (412, True)
    async with working(house.sessions) as session:
        for run in await session.scalars(select(MatchRun)):
            run.inputs = {**run.inputs, "on": "2001-01-01"}  # before there were loan prime rates
    shown = (await visit.get("/rounds?check=yes")).text
    assert "匹配之后有变化：贷款市场报价利率（LPR）</p>" in shown


async def test_a_clause_tells_what_carries_it_and_an_adoption_shows_its_effect_first(
    house: Installation, visit: Visit
) -> None:
    assert (
        (await visit.get("/policies?q=黑银发〔2023〕25号（十六）"))
        .headers["location"]
        .endswith("/%E5%8D%81%E5%85%AD")
    )
    shown = (await visit.get("/policies/heilongjiang-2023-25/十六")).text
    assert all(part in shown for part in ("由什么承载", "以文件原文为准", "作为政策空缺交统筹部门"))
    assert "作为政策空缺交统筹部门" not in (await visit.get("/policies/heilongjiang-2023-25/十七")).text
    assert (await visit.get("/policies/heilongjiang-2023-25/九十九")).status_code == 404
    assert "没有找到" in (await visit.get("/policies?q=%00没有这句话")).text
    assert (await visit.get("/policies/heilongjiang-2023-25")).status_code == 200
    await visit.get("/policies/adoptions/new?pack=luoyang-draft")
    fields = {
        "pack": "luoyang-draft",
        "item": "*",
        "since": utc_now().date().isoformat(),
        "reason": "先行先试",
    }
    for wrong in ({"since": "昨天"}, {"reason": ""}, {"item": "no.such"}, {"pack": "none"}):
        assert (await visit.post("/policies/adoptions", **fields | wrong)).status_code == 422
    assert "采用的影响" in (await visit.post("/policies/adoptions", **fields)).text
    assert await house.rows(select(PolicyAdoption.id)) == []
    assert (await visit.post("/policies/adoptions", **fields, step="carry-out")).status_code == 303
    [number] = await house.rows(select(PolicyAdoption.id))
    assert (await visit.post("/policies/adoptions", **fields, step="carry-out")).status_code == 409
    end = f"/policies/adoptions/{number}/end"
    assert f'action="{end}"' in (await visit.get("/policies/luoyang-draft")).text, "it ends where it is read"
    early = await visit.post(end, until="2001-01-01", step="carry-out")
    told = re.search(
        rf'href="#until-{number}".*id="until-{number}"[^>]*value="2001-01-01"', early.text, re.DOTALL
    )
    assert (early.status_code, told is not None) == (422, True)
    assert await house.rows(select(PolicyAdoption.until)) == [None]
    async with Visit(house) as auditor:
        await auditor.sign_in("li.na")
        assert "/end" not in (await auditor.get("/policies/luoyang-draft")).text
    assert "停止的影响" in (await visit.post(end, until=fields["since"])).text
    assert (await visit.post(end, until=fields["since"], step="carry-out")).status_code == 303
    assert "已停止" in (await visit.get("/policies/adoptions")).text


async def test_an_auditor_searches_the_trail_reads_an_event_and_walks_the_chain_and_changes_nothing(
    house: Installation, visit: Visit
) -> None:
    assert (await visit.get("/audit")).status_code == 403
    async with Visit(house) as auditor:
        await auditor.sign_in("li.na")
        await auditor.get("/roster")
        shown = (await auditor.get("/audit?action=read_reviews")).text
        assert "查看名单和待复核" in shown
        event = re.search(r"/audit/events/(\d+)", shown)
        assert event is not None
        assert "本条的哈希" in (await auditor.get(event[0])).text
        assert (await auditor.get("/audit/events/999999")).status_code == 404
        assert "完整" in (await auditor.get("/audit/chain")).text
        assert (await auditor.get("/audit?from=gestern")).status_code == 422
        assert (
            "没有这样的记录"
            in (await auditor.get("/audit?actor=%00nobody&from=2023-01-01&to=2023-01-02")).text
        )
        for path in (
            "/roster",
            "/rounds",
            "/policies",
            "/policies/adoptions",
            "/roster/reviews",
            "/roster/imports",
        ):
            found = await auditor.get(path)
            assert found.status_code == 200
        for path in ("/roster/imports/new", "/roster/editions/new", "/policies/adoptions/new"):
            assert (await auditor.get(path)).status_code == 403
        await auditor.get("/roster")
        assert (await auditor.post("/rounds/matches", edition=EDITION)).status_code == 403
