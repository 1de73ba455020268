"""A round on the pages: opened after a look, a list written page by page and handed in, and the result with objections."""

import re
from datetime import timedelta

from sqlalchemy import update

from app.accounts.rules import Role, local_operator
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import Sessions, transaction
from app.selection.tables import SelectionRound
from tests.accounts.signing import Installation
from tests.desks.visits import Visit
from tests.selection.town import BEARINGS, TRACTORS, build_kept

PATH = "/selection/2026-1"


def terms() -> dict[str, str]:
    return {
        "code": "2026-1", "name": "<b>双选</b>", "edition": "2023H2", "submit_until": (shanghai_today() + timedelta(days=3)).isoformat(),
        "objection_days": "5", "absent_places": "1", "proposing": "chains", "tie_rule": "code", "lottery_source": "",
        "which_chains": "all", "which_banks": "some", "banks": "B1 B2 B3",
    }  # fmt: skip


async def test_a_round_is_opened_written_into_computed_published_and_answered(
    house: Installation, sessions: Sessions
) -> None:
    await build_kept(sessions, local_operator("230000"), utc_now())
    await house.person("coordinator", (Role.COORDINATOR, "230000"))
    await house.person("bearings", (Role.CHAIN_MANAGER, BEARINGS), (Role.CHAIN_MANAGER, TRACTORS))
    async with Visit(house) as chief, Visit(house) as speaker:
        await chief.sign_in("coordinator")
        await speaker.sign_in("bearings")
        assert "还没有双向选择" in (await chief.get("/selection")).text
        await _opened(chief)
        await _written(speaker)
        await _decided(chief)
        async with transaction(sessions) as session:
            ended = shanghai_today() - timedelta(days=1)
            await session.execute(update(SelectionRound).values(submit_until=ended))
        await chief.get(PATH)
        for act, said in (("lock", "重新测算"), ("computation", "证明成立"), ("publication", "异议期开始")):
            done = await chief.post(f"{PATH}/acts", act=act, version=chief.field("version"))
            assert done.status_code == 303, (act, re.findall(r'role="alert".*?</div>', done.text, re.DOTALL))
            assert said in (await chief.get(PATH)).text
        await _objected(speaker, chief)


async def _opened(chief: Visit) -> None:
    await chief.get("/selection/new")
    wrong = await chief.post("/selection/new", **(terms() | {"banks": "nowhere", "step": "check"}))
    assert (wrong.status_code, "没有这家银行" in wrong.text) == (422, True)
    seen = (await chief.post("/selection/new", **terms(), step="check")).text
    assert "还没有开启" in seen
    assert "还没有双向选择" in (await chief.get("/selection")).text, "a look keeps nothing"
    await chief.get("/selection/new")
    made = await chief.post("/selection/new", **terms(), step="open")
    assert made.headers["location"] == PATH
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


async def _objected(speaker: Visit, chief: Visit) -> None:
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
