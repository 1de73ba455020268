"""A round on the pages: opened after a look, a list written page by page and handed in, and the result with objections."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from httpx import Response
from sqlalchemy import update

from app.accounts.rules import Role, local_operator
from app.institutions.tables import Institution
from app.jobs.door import JobDoor
from app.jobs.queue import JobQueue
from app.jobs.rules import State
from app.jobs.running import JobRunner
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import Sessions, transaction
from app.kernel.settings import Settings
from app.selection.market import Side
from app.selection.preferences import DEFAULT_WEIGHTS, PARTS_OF
from app.selection.tables import SelectionRound
from app.visibility.service import narrow
from tests.accounts.signing import Installation
from tests.apps import create_app
from tests.desks.visits import Visit
from tests.selection.town import BEARINGS, TRACTORS, build_kept

PATH = "/selection/2026-1"


def terms() -> dict[str, str]:
    return {
        "code": "2026-1", "name": "<b>双选</b>", "edition": "2023H2", "submit_until": (shanghai_today() + timedelta(days=3)).isoformat(),
        "objection_days": "5", "absent_places": "1", "proposing": "chains", "tie_rule": "code", "lottery_source": "",
        "which_chains": "all", "which_banks": "some", "banks": "B1 B2 B3",
        "rules.least_contacts": "5", "rules.least_fitting": "1",
    } | {f"rules.weights.{part}": str(weight) for part, weight in DEFAULT_WEIGHTS.items()}  # fmt: skip


@dataclass(frozen=True)
class Worker:
    """Does what pages send off."""

    runner: JobRunner

    async def finish(self, visit: Visit, sent: Response) -> str:
        """Have a job done; answer where its page leads then."""
        watched = sent.headers["location"]
        assert "/jobs/" in watched
        assert "排队中" in (await visit.get(watched)).text
        assert await self.runner.run(watched.rpartition("/")[2]) is State.DONE
        return str((await visit.get(watched)).headers["location"])


@pytest.fixture
def worker(house: Installation, tmp_path: Path) -> Worker:
    settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/queue.db")
    app = create_app(settings, house.sessions, JobDoor("230000", narrow))
    return Worker(JobRunner(app, house.sessions, JobQueue(settings), worker="w", host="127.0.0.1"))


async def test_a_round_is_opened_written_into_computed_published_and_answered(
    house: Installation, sessions: Sessions, worker: Worker
) -> None:
    await build_kept(sessions, local_operator("230000"), utc_now())
    await house.person("coordinator", (Role.COORDINATOR, "230000"))
    await house.person("bearings", (Role.CHAIN_MANAGER, BEARINGS), (Role.CHAIN_MANAGER, TRACTORS))
    async with Visit(house) as chief, Visit(house) as speaker:
        await chief.sign_in("coordinator")
        await speaker.sign_in("bearings")
        assert "还没有双向选择" in (await chief.get("/selection")).text
        await _opened(chief, worker)
        await _written(speaker)
        await _decided(chief)
        async with transaction(sessions) as session:
            ended = shanghai_today() - timedelta(days=1)
            await session.execute(update(SelectionRound).values(submit_until=ended))
        await chief.get(PATH)
        for act, said in (("lock", "重新测算"), ("computation", "证明成立"), ("publication", "异议期开始")):
            done = await chief.post(f"{PATH}/acts", act=act, version=chief.field("version"))
            assert done.status_code == 303, (act, re.findall(r'role="alert".*?</div>', done.text, re.DOTALL))
            if act == "lock":
                assert await worker.finish(chief, done) == PATH
            assert said in (await chief.get(PATH)).text
        await _objected(speaker, chief, worker)


async def test_weights_are_typed_each_in_its_field_and_told_on_the_rounds_page(
    house: Installation, sessions: Sessions, worker: Worker
) -> None:
    await build_kept(sessions, local_operator("230000"), utc_now())
    await house.person("coordinator", (Role.COORDINATOR, "230000"))
    async with Visit(house) as chief:
        await chief.sign_in("coordinator")
        empty = (await chief.get("/selection/new")).text
        usual = dict(re.findall(r'name="rules\.weights\.(\w+)" type="number" value="(\d+)"', empty))
        assert usual == {part.value: str(weight) for part, weight in DEFAULT_WEIGHTS.items()}
        typed = {"rules.weights.fit": "", "rules.weights.rate": "many", "rules.weights.held": "1001"}
        wrong = await chief.post("/selection/new", **(terms() | typed | {"step": "check"}))
        assert (wrong.status_code, _faulty(wrong.text)) == (422, sorted(typed))
        assert 'value="many"' in wrong.text, "what was typed stays"
        nothing = {f"rules.weights.{part}": "0" for part in PARTS_OF[Side.BANKS]}
        wrong = await chief.post("/selection/new", **(terms() | nothing | {"step": "check"}))
        assert (wrong.status_code, _faulty(wrong.text)) == (422, ["rules.weights.banks"])
        least = {"rules.least_contacts": "0", "rules.least_fitting": "-1"}
        wrong = await chief.post("/selection/new", **(terms() | least | {"step": "check"}))
        assert _faulty(wrong.text) == sorted(least)
        stated = terms() | {
            "rules.weights.fit": "70",
            "rules.weights.presence": "0",
            "rules.least_fitting": "0",
        }
        seen = await chief.post("/selection/new", **stated, step="check")
        assert _weights(seen.text)["产品适配"] == ("70", "61%")
        await chief.get("/selection/new")
        assert await worker.finish(chief, await chief.post("/selection/new", **stated, step="open")) == PATH
        shown = (await chief.get(PATH)).text
        assert _weights(shown) == {
            "产品适配": ("70", "61%"), "网点": ("0", "0%"), "响应速度": ("15", "13%"), "利率": ("20", "17%"),
            "承接能力": ("10", "9%"), "适配金额": ("40", "40%"), "适配笔数": ("20", "20%"), "网点远近": ("25", "25%"),
            "已承接": ("15", "15%"),
        }  # fmt: skip
        assert "产品适配满 0 笔" in shown


def _faulty(text: str) -> list[str]:
    return sorted(set(re.findall(r'<p class="fault" id="([a-z_.]+)-fault"', text)))


def _weights(text: str) -> dict[str, tuple[str, str]]:
    row = r'<th scope="row">([^<]+)<br><small class="soft">[^<]+</small></th><td class="number">(\d+)</td><td class="number">(\d+%)'
    return {name: (weight, share) for name, weight, share in re.findall(row, text)}


async def test_results_and_contracts_name_banks_with_codes_only_where_names_are_shared(
    house: Installation, sessions: Sessions, worker: Worker
) -> None:
    await build_kept(sessions, local_operator("230000"), utc_now())
    await house.person("coordinator", (Role.COORDINATOR, "230000"))
    names = {"B1": "甲银行", "B2": "乙银行", "B3": "乙银行", "B4": "丁银行", "B5": "戊银行"}
    async with transaction(sessions) as session:
        for code, name in names.items():
            await session.execute(update(Institution).where(Institution.code == code).values(short_name=name))
    async with Visit(house) as chief:
        await chief.sign_in("coordinator")
        await chief.get("/selection/new")
        sent = await chief.post("/selection/new", **(terms() | {"absent_places": "2"}), step="open")
        await worker.finish(chief, sent)
        assert '乙银行 <small class="code">B2</small>' in (await chief.get(f"{PATH}/participants")).text
        async with transaction(sessions) as session:
            ended = shanghai_today() - timedelta(days=1)
            await session.execute(update(SelectionRound).values(submit_until=ended))
        for act in ("lock", "computation", "publication"):
            await chief.get(PATH)
            done = await chief.post(f"{PATH}/acts", act=act, version=chief.field("version"))
            assert done.status_code == 303, act
            if act == "lock":
                await worker.finish(chief, done)
        pairs = (await chief.get(f"{PATH}/result?tab=pairs")).text
        assert '乙银行 <small class="code">B3</small>' in pairs
        async with transaction(sessions) as session:
            await session.execute(update(SelectionRound).values(objection_until=ended))
        await chief.get(PATH)
        done = await chief.post(f"{PATH}/acts", act="closing", version=chief.field("version"))
        assert done.status_code == 303
        proof = (await chief.get(f"{PATH}/result?tab=proof")).text
        assert '<td data-label="签约银行">甲银行、乙银行 <small class="code">B2</small>' in proof
        assert "B1" not in re.sub(r"<[^>]*>", "", proof)
        drafted = (await chief.post(f"{PATH}/plans", since="2099-01-01", until="")).text
        assert '乙银行 <small class="code">B3</small>' in drafted


async def _opened(chief: Visit, worker: Worker) -> None:
    await chief.get("/selection/new")
    wrong = await chief.post("/selection/new", **(terms() | {"banks": "nowhere", "step": "check"}))
    assert (wrong.status_code, "没有这家银行" in wrong.text) == (422, True)
    seen = (await chief.post("/selection/new", **terms(), step="check")).text
    assert "还没有开启" in seen
    assert "还没有双向选择" in (await chief.get("/selection")).text, "a look keeps nothing"
    await chief.get("/selection/new")
    made = await chief.post("/selection/new", **terms(), step="open")
    again = await chief.post("/selection/new", **terms(), step="open")
    assert await worker.finish(chief, made) == PATH
    twice = again.headers["location"]
    assert await worker.runner.run(twice.rpartition("/")[2]) is State.REFUSED
    assert "没有通过" in (await chief.get(twice)).text
    assert "请另编代码" in (await chief.get(twice)).text
    await chief.get("/selection/new")
    taken = await chief.post("/selection/new", **terms(), step="check")
    assert (taken.status_code, 'id="code-fault"' in taken.text) == (409, True)
    assert "&lt;b&gt;双选&lt;/b&gt;" in (await chief.get(PATH)).text


async def _written(speaker: Visit) -> None:
    path = f"{PATH}/lists/{BEARINGS}"
    assert path in (await speaker.get(PATH)).text
    shown = (await speaker.get(path)).text
    assert "B1" in shown
    assert 'name="rank-B1"' not in shown, "who is under contract is not ranked"
    form = {name: speaker.field(name) for name in ("version", "list_version", "shown")}
    written = form | {"quota": "2", "rest": "computed"}
    both = await speaker.post(
        path, **(written | {"rank-B2": "1", "refuse": "B2", "rank-B3": "x", "act": "save"})
    )
    assert both.status_code == 422
    assert "既填了位次又选了不接受" in both.text
    assert "不是1到9999的数字" in both.text
    kept = await speaker.post(path, **(written | {"rank-B3": "7", "refuse": "B2", "act": "save"}))
    assert kept.status_code == 303
    shown = (await speaker.get(path)).text
    assert 'value="7"' in shown
    stale = await speaker.post(path, **(written | {"rank-B3": "8", "act": "submit"}))
    assert stale.status_code == 412
    await speaker.get(path)
    form = {name: speaker.field(name) for name in ("version", "list_version", "shown")}
    low = await speaker.post(path, **form, quota="0", rest="computed", act="submit", **{"rank-B3": "7"})
    assert (low.status_code, "低于" in low.text or "签约" in low.text) == (422, True)
    done = await speaker.post(
        path, **form, quota="2", rest="computed", act="submit", **{"rank-B3": "7", "refuse": "B2"}
    )
    assert done.headers["location"] == PATH
    assert (await speaker.get(f"{PATH}/lists/B1")).status_code == 404


async def _decided(chief: Visit) -> None:
    """Before everybody has handed in or the day is over the coordinator neither locks nor reads a list."""
    assert "锁定名单" not in (await chief.get(PATH)).text
    assert (await chief.get(f"{PATH}/lists/{BEARINGS}")).status_code == 403
    assert "未提交" in (await chief.get(f"{PATH}/participants?few=missing")).text
    early = await chief.post(f"{PATH}/acts", act="lock", version="1")
    assert early.status_code == 409


async def _objected(speaker: Visit, chief: Visit, worker: Worker) -> None:
    for tab in ("pairs", "chains", "banks", "proof", "objections"):
        assert (await speaker.get(f"{PATH}/result?tab={tab}")).status_code == 200
    assert "全部一致" in (await speaker.get(f"{PATH}/verification")).text
    assert (await speaker.get(f"{PATH}/result.json")).json()["pairs"]
    await speaker.get(f"{PATH}/result?tab=objections")
    short = await speaker.post(f"{PATH}/objections", participant=BEARINGS, text="短")
    assert short.status_code == 422
    assert (
        await speaker.post(f"{PATH}/objections", participant=BEARINGS, text="网点\n漏计两处")
    ).status_code == 303
    assert "网点 漏计两处" in (await chief.get(f"{PATH}/result?tab=objections")).text
    answer = {"upheld": "yes", "reason": "属实，重新测算", "version": "1", "number": "1"}
    done = await chief.post(f"{PATH}/objections/1/answer", **answer)
    assert done.headers["location"] == PATH
    assert "已锁定" in (await chief.get(PATH)).text
    assert (await speaker.get(f"{PATH}/result")).status_code == 404
    version = chief.field("version")
    anew = await chief.post(f"{PATH}/acts", act="computation", measure_anew="yes", version=version)
    assert await worker.finish(chief, anew) == PATH
    late = await chief.post(f"{PATH}/acts", act="computation", measure_anew="yes", version=version)
    assert late.status_code == 412
