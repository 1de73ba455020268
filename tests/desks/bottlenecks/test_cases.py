"""Bottlenecks by class with their owners; a matter is commented on and closed, and of two tabs the second is told."""

import re
from typing import Any

from sqlalchemy import event

from app.accounts.rules import Role, local_operator
from app.bottlenecks import service as bottlenecks
from app.coordination import service as coordination
from app.coordination.rules import CaseKind
from app.coordination.schemas import CaseIn
from app.kernel.clock import utc_now
from app.kernel.database import Sessions, transaction
from tests.accounts.offices import working
from tests.accounts.signing import Installation
from tests.coordination.town import build_kept
from tests.desks.visits import Visit


async def test_a_matter_is_commented_on_and_closed_and_the_second_tab_is_told(
    house: Installation, sessions: Sessions
) -> None:
    world = await build_kept(sessions)
    stated = CaseIn(entry=world.codes["told"], kind=CaseKind.LAND, question="二期<b>用地</b>未落实")
    operator = local_operator("230000")
    async with working(sessions, operator) as session:
        made = await coordination.raise_case(session, operator, stated, now=utc_now())
    await house.person("wang.fang", (Role.COORDINATOR, "230102"))
    path = f"/bottlenecks/cases/{made.code}"
    async with Visit(house) as first, Visit(house) as second:
        await first.sign_in()
        await second.sign_in()
        listed = (await first.get("/bottlenecks/cases")).text
        assert f'href="{path}"' in listed
        shown = (await first.get(path)).text
        assert "二期&lt;b&gt;用地&lt;/b&gt;未落实" in shown
        assert world.codes["told"] in shown
        empty = await first.post(f"{path}/comments", text=" ")
        assert (empty.status_code, "请填写内容" in empty.text) == (422, True)
        assert (await first.post(f"{path}/comments", text="已函告<i>")).status_code == 303
        assert "已函告&lt;i&gt;" in (await first.get(path)).text
        await second.get(path)
        tab = {"act": "resolve", "outcome": "指标已下达", "version": first.field("version")}
        half = await first.post(f"{path}/outcome", outcome="指标已下达", version=tab["version"])
        assert (half.status_code, "指标已下达" in half.text) == (422, True)
        assert (await first.post(f"{path}/outcome", **tab)).status_code == 303
        late = await second.post(f"{path}/outcome", **(tab | {"outcome": "我写的另一句"}))
        assert late.status_code in {409, 412}
        assert "指标已下达" in late.text
        assert path in (await first.get("/bottlenecks/cases?state=resolved")).text
        assert path not in (await first.get("/bottlenecks/cases")).text


async def test_only_the_coordinator_closes_and_nobody_reads_anothers_matter(
    house: Installation, sessions: Sessions
) -> None:
    world = await build_kept(sessions)
    stated = CaseIn(entry=world.codes["told"], kind=CaseKind.LAND, question="用地未落实")
    operator = local_operator("230000")
    async with working(sessions, operator) as session:
        made = await coordination.raise_case(session, operator, stated, now=utc_now())
    path = f"/bottlenecks/cases/{made.code}"
    for login, grant, status in (
        ("auditor", (Role.AUDITOR, ""), 200),
        ("elsewhere", (Role.COORDINATOR, "230200"), 404),
        ("stranger", (Role.RELATIONSHIP_MANAGER, "B3-DL"), 404),
    ):
        await house.person(login, grant)
        async with Visit(house) as someone:
            await someone.sign_in(login)
            answer = await someone.get(path)
            assert answer.status_code == status, login
            assert "/outcome" not in answer.text
            assert "/comments" not in answer.text
            assert (await someone.get("/bottlenecks")).status_code == 200


async def test_bottlenecks_are_counted_by_class_with_whose_turn_they_are(
    house: Installation, sessions: Sessions
) -> None:
    world = await build_kept(sessions)
    async with transaction(sessions) as session:
        for name in ("told", "held"):
            await bottlenecks.classify_entry(
                session, local_operator("230000"), world.entries[name], cause="declined", now=utc_now()
            )
    await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    async with Visit(house) as opened:
        await opened.sign_in()
        shown = (await opened.get("/bottlenecks?edition=2023H2")).text
        rows = re.findall(
            r'<th scope="row"><a href="([^"]*route=[^"]*)"[^>]*>[^<]+</a></th><td class="number"[^>]*>(\d+)<',
            shown,
        )
        assert sum(int(count) for _path, count in rows) == 2
        for path, count in rows:
            found = (await opened.get(path.replace("&amp;", "&"))).text
            assert found.count('<li>\n  <h3><a href="/roster/entries/') == int(count)
        assert "发改" in shown, "who settles what land is missing for"
        wrong = await opened.get("/bottlenecks?edition=2023H2&route=nonsense")
        assert wrong.status_code == 422
        assert "没有待解决的堵点" in (await opened.get("/bottlenecks?edition=2024H1")).text


async def test_what_a_bank_holds_is_looked_up_once_for_its_page_of_bottlenecks(
    house: Installation, sessions: Sessions
) -> None:
    world = await build_kept(sessions)
    operator = local_operator("230000")
    async with transaction(sessions) as session:
        for name in world.entries:
            await bottlenecks.classify_entry(
                session, operator, world.entries[name], cause="declined", now=utc_now()
            )
    await house.person("wang.fang", (Role.RELATIONSHIP_MANAGER, "B1-DL"))
    asked: list[str] = []

    def note(*words: Any) -> None:
        asked.append(words[2])

    engine = house.sessions.kw["bind"].sync_engine
    async with Visit(house) as opened:
        await opened.sign_in()
        event.listen(engine, "before_cursor_execute", note)
        shown = [
            (await opened.get(path)).text
            for path in ("/bottlenecks?edition=2023H2", "/bottlenecks?edition=2023H2&route=ask")
        ]
        event.remove(engine, "before_cursor_execute", note)
    assert world.codes["told"] in shown[0]
    assert sum("entrusted AS" in one for one in asked) == len(shown)
