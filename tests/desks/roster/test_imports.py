"""A roster is sent, looked at, taken in and taken back by pages; what cannot be one is refused with how to mend it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from app.accounts.rules import Role
from app.accounts.tables import AuditEvent
from app.desks.roster.errands import pace_of
from app.desks.texts import say
from app.jobs.door import JobDoor
from app.jobs.queue import JobQueue
from app.jobs.rules import Progress, State
from app.jobs.running import JobRunner
from app.jobs.schemas import JobOut
from app.jobs.tables import Job
from app.kernel.clock import utc_now
from app.kernel.database import Sessions, transaction
from app.kernel.progress import reporting
from app.kernel.settings import Settings
from app.visibility.service import narrow
from app.whitelist import error_workbook, import_service
from app.whitelist.tables import WhitelistEntry
from tests.accounts.signing import Installation, installed
from tests.apps import create_app
from tests.desks.visits import Visit
from tests.full_disk import full_disk
from tests.whitelist.rosters import credit_code, good_row, workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EDITION = "2023H2"


class Desk:
    """A coordinator's browser, and a worker that does what it is sent."""

    def __init__(self, house: Installation, visit: Visit, folder: Path) -> None:
        self.house, self.visit = house, visit
        settings = Settings(database_url=f"sqlite+aiosqlite:///{folder}/queue.db")
        app = create_app(settings, house.sessions, JobDoor("230000", narrow))
        self.runner = JobRunner(app, house.sessions, JobQueue(settings), worker="w", host="127.0.0.1")

    async def send(self, name: str, content: bytes, **fields: str) -> httpx.Response:
        """Upload a workbook as the page's form does: its proof first."""
        await self.visit.get(f"/roster/imports/new?edition={EDITION}")
        data = {"csrf": self.visit.field("csrf"), "once": self.visit.field("once"), "edition": EDITION}
        answer = await self.visit.http.post(
            "/roster/imports", data=data | fields, files={"file": (name, content, XLSX)}
        )
        self.visit.shown = answer.text or self.visit.shown
        return answer

    async def work(self, path: str) -> State | None:
        """Have the worker do the job that a page goes to."""
        return await self.runner.run(path.rpartition("/")[2])

    async def entries(self) -> int:
        """Count what is on the roster."""
        wanted = select(func.count()).select_from(WhitelistEntry).where(WhitelistEntry.withdrawn_at.is_(None))
        return int((await self.house.rows(wanted))[0])


@pytest.fixture
async def desk(sessions: Sessions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Desk]:
    house = installed(sessions, monkeypatch, viewer_cache_seconds=0)
    await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    async with Visit(house) as visit:
        await visit.sign_in()
        await visit.get("/roster")
        assert "还没有名单" in visit.shown
        await visit.get("/roster/editions/new")
        assert (await visit.post("/roster/editions", code=EDITION)).status_code == 303
        yield Desk(house, visit, tmp_path)


async def test_a_roster_is_looked_at_taken_in_once_and_taken_back(desk: Desk) -> None:
    visit = desk.visit
    rows = [good_row(1), good_row(2, 首贷户="?"), good_row(3, 资质="")]
    sent = await desk.send("名单<b>.xlsx", workbook(rows).getvalue())
    assert sent.status_code == 303, sent.text
    look = sent.headers["location"]
    assert "排队中" in (await visit.get(look)).text
    assert await desk.work(look) is State.DONE
    shown = (await visit.get(look)).text
    assert await desk.entries() == 0
    assert "名单!S3" in shown
    assert "名单&lt;b&gt;.xlsx" in shown or "名单_b_.xlsx" in shown
    marked = await visit.get(f"{look}/faults")
    assert marked.headers["content-type"] == XLSX

    await visit.get(look)
    refused = await visit.post(f"{look}/commit")
    assert (refused.status_code, "有错误的行没有改正" in refused.text) == (422, True)
    once = visit.field("once")
    taken = [await visit.post(f"{look}/commit", accept_valid="yes", once=once) for _ in range(2)]
    assert len({one.headers["location"] for one in taken}) == 1, "a second click is answered the same"
    await visit.get(look)
    assert "不能再提交" in visit.shown
    made = taken[0].headers["location"]
    assert await desk.work(made) is State.DONE
    done = (await visit.get(made)).headers["location"]
    assert re.fullmatch(r"/roster/imports/\d+", done)
    assert await desk.entries() == 2
    assert await desk.house.rows(select(Job.body)) == [None, None], "nothing is kept twice"

    await visit.get(done)
    assert (await visit.post(f"{done}/undoing", reason=" ")).status_code == 422
    assert (await visit.post(f"{done}/undoing", reason="报错了表")).status_code == 303
    assert "2户退出名单" in (await visit.get(done)).text
    assert await desk.entries() == 0
    again = await visit.post(f"{done}/undoing", reason="报错了表")
    assert (again.status_code, "不能撤销" in again.text) == (409, True)


async def test_a_look_that_takes_too_long_is_stopped_and_changes_nothing(desk: Desk) -> None:
    visit, recorded = desk.visit, select(func.count()).select_from(AuditEvent)
    look = (await desk.send("名单.xlsx", workbook([good_row(1)]).getvalue())).headers["location"]
    before = (await desk.house.rows(recorded))[0]
    waiting = (await visit.get(look)).text
    assert "<h1>核对名单</h1>" in waiting, "it is not taken in yet"
    assert (await desk.house.rows(recorded))[0] == before, "nothing of the roster was shown"
    code = look.rpartition("/")[2]
    assert f'action="/jobs/{code}/cancellation"' in waiting
    stopped = await visit.post(f"/jobs/{code}/cancellation", back=look)
    assert (stopped.status_code, stopped.headers["location"]) == (303, look)
    shown = (await visit.get(look)).text
    assert ("已取消" in shown, "已按要求停止，什么都没有改动" in shown) == (True, True)
    assert await desk.work(look) is None
    astray = await visit.post(f"/jobs/{code}/cancellation", back="//elsewhere.example")
    assert astray.headers["location"] == "/"
    assert (await visit.post("/jobs/" + "0" * 32 + "/cancellation", back=look)).status_code == 404


async def test_a_bar_moves_before_anything_is_done_and_then_says_how_far_it_is(desk: Desk) -> None:
    look = (await desk.send("名单.xlsx", workbook([good_row(1)]).getvalue())).headers["location"]
    async with transaction(desk.house.sessions) as session:
        await session.execute(update(Job).values(state=State.RUNNING.value))
    queue: JobQueue = desk.house.app.state.deferral.queue
    queue.tell(code := look.rpartition("/")[2], Progress("taking rows", 0, 5, 1.0))
    shown = (await desk.visit.get(look)).text
    assert ("<progress aria-label" in shown, "0 / 5" in shown) == (True, True)
    queue.tell(code, Progress("taking rows", 2, 5, 1.0))
    shown = (await desk.visit.get(look)).text
    assert '<progress max="5" value="2"' in shown
    assert "每秒约2.0，这一步约还需2秒" in shown
    await desk.visit.post(f"/jobs/{code}/cancellation", back=look)
    assert "<p data-stopping>正在停止" in (await desk.visit.get(look)).text


@pytest.mark.parametrize(
    ("rate", "left", "told"),
    [
        (None, None, []),
        (1234.4, 12.2, ["每秒约1,234", "这一步约还需13秒"]),
        (0.26, 600.0, ["每秒约0.3", "这一步约还需10分钟"]),
        (50.0, 0.0, ["每秒约50"]),
    ],
)
def test_a_job_tells_how_fast_it_goes_and_how_long_it_will_take(
    rate: float | None, left: float | None, told: list[str]
) -> None:
    job = JobOut(
        code="0" * 32, action="manage_roster", summary="核对名单", state=State.RUNNING, created_at=utc_now(), start=1,
        stage="rows", done=1, total=2, rate=rate, seconds_left=left,
    )  # fmt: skip
    assert [say("zh", one) for one in pace_of(job)] == told


def test_reading_rows_and_taking_them_are_stages_each_with_a_pace_of_its_own() -> None:
    told: list[tuple[str, int, int]] = []
    with reporting(lambda stage, done, total: told.append((stage, done, total))):
        for done in (5, 10, 15, 20):
            import_service.tell_of_passes(done, 20)
    assert told == [("rows", 5, 10), ("rows", 10, 10), ("taking rows", 5, 10), ("taking rows", 10, 10)]


async def test_faults_for_which_the_disk_has_no_room_are_said_to_come_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [good_row(i, 首贷户="?") for i in range(1, 200)]
    look = (await desk.send("名单.xlsx", workbook(rows).getvalue())).headers["location"]
    assert await desk.work(look) is State.DONE
    write = error_workbook.write_error_workbook

    def without_room(*what: Any) -> None:
        with full_disk(32 * 1024):
            write(*what)

    with monkeypatch.context() as patched:
        patched.setattr(import_service, "write_error_workbook", without_room)
        refused = await desk.visit.get(f"{look}/faults")
    assert (refused.status_code, "磁盘空间已满" in refused.text, refused.headers["retry-after"]) == (
        503, True, "30",
    )  # fmt: skip
    assert (await desk.visit.get(f"{look}/faults")).headers["content-type"] == XLSX


NAMES = ("哈尔滨砺剑精密机床制造有限公司", "哈尔滨市砺剑精密机床制造有限责任公司", "砺剑精密机床制造有限公司")


async def test_duplicates_are_decided_side_by_side_before_the_roster_is_taken_in(desk: Desk) -> None:
    visit = desk.visit
    rows = [good_row(number, 企业名称=name) for number, name in enumerate(NAMES, 1)]
    look = (await desk.send("名单.xlsx", workbook(rows).getvalue())).headers["location"]
    assert await desk.work(look) is State.DONE
    shown = (await visit.get(look)).text
    assert shown.count("字号和行业用词相同") == 3
    assert "同一名单的另一行" in shown
    first, late = visit.field("mark"), visit.field("mark")

    wrong = await visit.post(
        f"{look}/decisions", mark=first, **{"decision-0": "different_firm", "decision-1": "later"}
    )
    assert (wrong.status_code, "请写明理由" in wrong.text, wrong.text.count(" checked")) == (422, True, 2)
    saved = await visit.post(
        f"{look}/decisions",
        mark=first,
        reason="已电话核实<b>",
        **{"decision-0": "different_firm", "decision-1": "later"},
    )
    assert saved.headers["location"] == f"{look}#next"
    shown = (await visit.get(look)).text
    assert "已保存决定1户" in shown
    assert 'value="已电话核实&lt;b&gt;"' in shown, "remembered while the preview lasts"
    assert await desk.entries() == 0

    told = await visit.post(f"{look}/commit", mark=late, **{"decision-0": "later"})
    assert (told.status_code, "另一个窗口刚刚改过" in told.text) == (412, True)
    fields = {
        "decision-0": "different_firm",
        "reason-0": "已核实",
        "decision-1": "same_firm",
        "reason-1": "重复申报",
    }
    made = await visit.post(f"{look}/commit", mark=visit.field("mark"), **fields)
    assert (await visit.post(f"{look}/decisions", mark=first)).status_code == 409
    assert await desk.work(made.headers["location"]) is State.DONE
    done = (await visit.get((await visit.get(made.headers["location"])).headers["location"])).text
    assert "核对时已决定：是两家企业" in done
    assert "复核准入条件未知和疑似重复的条目" not in done
    wanted = select(WhitelistEntry.status).order_by(WhitelistEntry.code)
    assert await desk.house.rows(wanted) == ["admitted", "admitted", "refused"]


async def test_decisions_that_an_import_meanwhile_overtook_are_refused_and_named(desk: Desk) -> None:
    visit = desk.visit
    rows = [good_row(number, 企业名称=name) for number, name in enumerate(NAMES[:2], 1)]
    looks = [(await desk.send("名单.xlsx", workbook(rows).getvalue())).headers["location"] for _ in range(2)]
    for look in looks:
        await desk.work(look)
    made = []
    for look, choice in zip(looks, ("later", "same_firm"), strict=True):
        await visit.get(look)
        fields = {"decision-0": choice, "reason": "重复", "mark": visit.field("mark")}
        made.append((await visit.post(f"{look}/commit", **fields)).headers["location"])
    assert [await desk.work(one) for one in made] == [State.DONE, State.REFUSED]
    assert "此前导入时已提出，正待复核" in (await visit.get(made[1])).text


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("", b"", "请选择要导入的工作簿"),
        ("名单.xlsx", b"", "是空的"),
        ("名单.xlsx", b"<html>not a workbook</html>", "不是 .xlsx 工作簿"),
        ("名单.xlsm", b"PK\x03\x04macro", "含宏的工作簿"),
        ("名单.xlsx", b"\xd0\xcf\x11\xe0old", "旧版 Excel"),
        ("名单.csv", b"a,b", "CSV 文件不收"),
    ],
)
async def test_what_is_no_workbook_is_refused_at_once_and_says_how_to_mend(
    desk: Desk, name: str, content: bytes, said: str
) -> None:
    refused = await desk.send(name, content)
    assert (refused.status_code, said in refused.text) == (422, True)
    assert await desk.house.rows(select(Job.code)) == []


async def test_what_only_begins_like_a_workbook_is_refused_by_the_worker(desk: Desk) -> None:
    sent = await desk.send("名单.xlsx", b"PK\x03\x04" + b"\0" * 5_000)
    look = sent.headers["location"]
    assert await desk.work(look) is State.REFUSED
    shown = (await desk.visit.get(look)).text
    assert "名单没有导入" in shown
    assert "重新上传" in shown


async def test_a_lost_session_leaves_nothing_and_leads_to_signing_in(desk: Desk) -> None:
    await desk.visit.get(f"/roster/imports/new?edition={EDITION}")
    desk.visit.http.cookies.clear()
    gone = await desk.visit.http.post("/roster/imports", files={"file": ("a.xlsx", b"PK\x03\x04", XLSX)})
    assert gone.headers["location"].startswith("/sign-in")


async def test_an_entry_leaves_and_comes_back_and_of_two_windows_the_second_is_told(desk: Desk) -> None:
    visit = desk.visit
    sent = await desk.send("名单.xlsx", workbook([good_row(1), good_row(2, 资质="")]).getvalue())
    await desk.work(sent.headers["location"])
    await visit.get(sent.headers["location"])
    made = await visit.post(f"{sent.headers['location']}/commit")
    await desk.work(made.headers["location"])
    path = f"/roster/entries/{EDITION}-{credit_code(1)}"
    for query in (
        "",
        "?status=review",
        f"?q={credit_code(1)[:9]}",
        "?q=%25%00",
        "?region=230100&source=srdi",
    ):
        assert (await visit.get(f"/roster{query}")).status_code == 200
    assert "没有这样的条目" in (await visit.get("/roster?q=%25")).text, "a percent sign stands for itself"
    await visit.get(path)
    version = visit.field("version")
    reason = "停产<script>alert(1)</script>"
    assert (await visit.post(f"{path}/withdrawal", version=version, reason=reason)).status_code == 303
    late = await visit.post(f"{path}/withdrawal", version=version, reason="再次退出")
    assert (late.status_code, "已有人修改了这一条目" in late.text, "再次退出" in late.text) == (
        412,
        True,
        True,
    )
    assert "<script>alert" not in late.text
    assert (
        await visit.post(f"{path}/reopening", version=visit.field("version"), reason="复产")
    ).status_code == 303

    await visit.get("/roster/reviews")
    item = re.search(r"/roster/reviews/(\d+)", visit.shown)
    assert item is not None
    await visit.get(item[0])
    version = visit.field("version")
    assert (await visit.post(item[0], version=version, reason="")).status_code == 422
    assert (await visit.post(item[0], version=version, decision="later", reason="")).status_code == 303
    fields = {"version": version, "decision": "admit", "reason": "已补充认定文件"}
    assert (await visit.post(item[0], **fields)).status_code == 303
    assert (await visit.post(item[0], **fields)).status_code in {409, 412}
