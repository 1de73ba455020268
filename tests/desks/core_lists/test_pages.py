"""A list is sent, looked at, confirmed, taken up, checked row by row, matched; a listed firm answers: all by forms."""

import re
from tempfile import TemporaryDirectory

import pytest

from app.accounts.rules import Role
from app.jobs.door import JobDoor
from app.jobs.queue import JobQueue
from app.jobs.rules import State
from app.jobs.running import JobRunner
from app.kernel.clock import shanghai_today
from app.kernel.database import Sessions
from app.kernel.settings import Settings
from app.visibility.service import narrow
from tests.accounts.signing import Installation
from tests.apps import create_app
from tests.core_lists.town import BRANDS, CHAIN, CORE, build_kept, listing, name, supplier, workbook
from tests.desks.visits import Visit

ONE = f"/core-lists/{CORE}"


@pytest.fixture
async def town(house: Installation, sessions: Sessions) -> Installation:
    await build_kept(sessions)
    await house.person("core", (Role.ENTERPRISE, CORE))
    await house.person("firm", (Role.ENTERPRISE, supplier(0)))
    await house.person("wang.fang", (Role.COORDINATOR, "230100"))
    await house.person("bank", (Role.BANK_ADMINISTRATOR, "B2"))
    return house


async def upload(town: Installation, visit: Visit, content: bytes, **fields: str) -> int:
    """Send a workbook as the page's form does; answer the status."""
    await visit.get(f"/core-lists/upload?uscc={fields.get('uscc', CORE)}")
    data = {"csrf": visit.field("csrf"), "once": visit.field("once"), "version": visit.field("version")}
    files = {"file": ("名单.xlsx", content)}
    answer = await visit.http.post("/core-lists/upload", data=data | {"uscc": CORE} | fields, files=files)
    visit.shown = answer.text or visit.shown
    if answer.status_code == 303:
        watched = answer.headers["location"]
        assert "排队中" in (await visit.get(watched)).text
        with TemporaryDirectory() as folder:
            settings = Settings(database_url=f"sqlite+aiosqlite:///{folder}/queue.db")
            app = create_app(settings, town.sessions, JobDoor("230000", narrow))
            runner = JobRunner(app, town.sessions, JobQueue(settings), worker="w", host="127.0.0.1")
            ended = await runner.run(watched.rpartition("/")[2])
        found = await visit.get(watched)
        assert found.headers.get("location") == (f"{ONE}/draft" if ended is State.DONE else None)
        return found.status_code
    return answer.status_code


async def test_a_list_is_looked_at_before_it_counts_and_goes_from_page_to_page(town: Installation) -> None:
    async with Visit(town) as core, Visit(town) as coordinator, Visit(town) as firm, Visit(town) as bank:
        for visit, login in ((core, "core"), (coordinator, "wang.fang"), (firm, "firm"), (bank, "bank")):
            await visit.sign_in(login)
        wrong = [*listing(2), ("91230102MA1C00101X", "<b>错</b>", "朋友", -1, None)]
        assert await upload(town, core, workbook(wrong)) == 422
        assert all(place in core.shown for place in ("上下游名单!A4", "上下游名单!C4", "上下游名单!D4"))
        rows = [*listing(6), (supplier(7), "毫不相干的名称", "供应商", 5, None)]
        assert await upload(town, core, workbook(rows)) == 303
        shown = (await core.get(f"{ONE}/draft")).text
        assert name(0) in shown
        assert "按信用代码确认" not in shown, "the core firm is not told who is registered"
        assert (await core.post(f"{ONE}/draft/confirmation", version="77")).status_code == 412
        await core.get(f"{ONE}/draft")
        confirmed = await core.post(f"{ONE}/draft/confirmation", version=core.field("version"))
        assert (confirmed.status_code, confirmed.headers["location"]) == (303, ONE)

        await coordinator.get(ONE)
        half = await coordinator.post(
            f"{ONE}/decision", decision="refuse", version=coordinator.field("version")
        )
        assert (half.status_code, "请写明原因" in half.text) == (422, True)
        fields = {"decision": "accept", "chain": CHAIN, "version": coordinator.field("version")}
        assert (await coordinator.post(f"{ONE}/decision", **fields)).status_code == 303
        asked = (await coordinator.get(f"{ONE}/rows?outcome=open")).text
        [row] = re.findall(rf'href="({ONE}/rows/\d+)"', asked)
        assert "信用代码与名单所填相同" in (await coordinator.get(row)).text
        version = coordinator.field("version")
        assert (await coordinator.post(row, version=version)).status_code == 422
        chosen = {"firm": supplier(7), "reason": "曾用名", "version": version}
        assert (await coordinator.post(row, **chosen)).status_code == 303

        listed = (await firm.get("/enterprise/listings")).text
        [path] = set(re.findall(r'href="(/enterprise/listings/\d+)"', listed))
        await firm.get(path)
        assert (await firm.post(path, version=firm.field("version"))).status_code == 422
        consent = {
            "answer": "consented",
            "until": shanghai_today().isoformat(),
            "version": firm.field("version"),
        }
        assert (await firm.post(path, **consent)).status_code == 303
        await coordinator.get(ONE)
        bad = await coordinator.post(f"{ONE}/runs", share="101", months="十二")
        assert (bad.status_code, "1至100" in bad.text, "1至60" in bad.text) == (422, True, True)
        assert (await coordinator.post(f"{ONE}/runs", share="20", months="12")).status_code == 303
        assert name(0) in (await coordinator.get(f"{ONE}/matches?kind=credit")).text
        found = (await bank.get("/core-lists/matches")).text
        assert name(0) in found
        assert "B2-XY贷" in found
        assert "860" not in bank.words, "what the core firm says of their trade was not allowed"
        overview = (await core.get(ONE)).text
        assert "不公布" in overview
        assert BRANDS[0] not in overview
        for hidden in (f"{ONE}/members", f"{ONE}/matches", row):
            assert (await core.get(hidden)).status_code == 403
        await core.get(ONE)
        ended = await core.post(f"{ONE}/withdrawal", reason="另行提供", version=core.field("version"))
        assert ended.status_code == 303
        assert name(0) not in (await bank.get("/core-lists/matches")).text


async def test_a_coordinator_enters_a_list_with_the_consent_in_writing_and_may_give_it_up(
    town: Installation,
) -> None:
    async with Visit(town) as visit:
        await visit.sign_in()
        assert "还没有核心企业名单" in (await visit.get("/core-lists")).text
        assert await upload(town, visit, workbook(listing(3))) == 422
        assert "书面同意" in visit.shown
        assert (
            await upload(town, visit, workbook(listing(3)), uscc="91230199MA1BQXYE20", evidence="函") == 404
        )
        assert await upload(town, visit, workbook(listing(3)), uscc="无", evidence="函") == 422
        assert await upload(town, visit, b"no workbook", evidence="函") == 422
        assert await upload(town, visit, workbook(listing(3)), evidence="松江函〔2023〕9号") == 303
        assert "按信用代码确认" in (await visit.get(f"{ONE}/draft")).text
        given_up = await visit.post(f"{ONE}/draft/discarding", version=visit.field("version"))
        assert given_up.status_code == 303
        assert (await visit.get(f"{ONE}/draft")).status_code == 303
        assert (await visit.get("/core-lists/template")).headers["content-disposition"].endswith('.xlsx"')


async def test_a_next_version_is_found_by_a_worker_too_and_a_version_sent_meanwhile_is_told(
    town: Installation,
) -> None:
    async with Visit(town) as core:
        await core.sign_in("core")
        assert await upload(town, core, workbook(listing(6))) == 303
        await core.get(f"{ONE}/draft")
        await core.post(f"{ONE}/draft/confirmation", version=core.field("version"))
        assert await upload(town, core, workbook(listing(5)), version="1") == 412
        assert "名单已有变化" in core.shown
        assert await upload(town, core, workbook(listing(5))) == 303
        shown = (await core.get(f"{ONE}/draft")).text
        assert name(5) in shown, "who is left out is told before it counts"
