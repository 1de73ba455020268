"""The month: every figure opens as many entries as it says; closing asks first; who may not close is not asked."""

import html
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest
from sqlalchemy import event as sql_event

from app.accounts.rules import Role
from app.bulletins import reading_service
from app.bulletins import service as bulletins
from app.bulletins.bulletin import texts_of
from app.desks.pages import POLICY
from app.kernel.clock import utc_now
from app.kernel.database import Sessions, transaction
from tests.accounts.offices import OPERATOR
from tests.accounts.signing import Installation
from tests.desks.visits import Visit
from tests.docking.world import ASSIGNED, World, add_entry, add_event, build_world, entry_code

FIGURE = re.compile(r'<a href="(/coverage/2023-09/entries[^"]*)">([\d,]+)(?:<small> / ([\d,]+)</small>)?</a>')


@pytest.fixture
async def world(house: Installation) -> World:
    async with transaction(house.sessions) as session:
        built = await build_world(session, ("icbc-dl", "icbc-dl", "lj", None))
        steps = (("contacted", 0), ("credit_approved", 400_000_000), ("disbursed", 100_000_000))
        for number, (kind, amount) in enumerate(steps, 1):
            at = ASSIGNED + timedelta(days=number)
            await add_event(
                session, built, entry_code(0), kind, "icbc-dl", at, sequence=number, amount_fen=amount
            )
        await add_event(session, built, entry_code(2), "contacted", "lj", ASSIGNED, sequence=1)
        return built


@pytest.fixture
async def visit(house: Installation, world: World) -> AsyncIterator[Visit]:
    await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    async with Visit(house) as opened:
        await opened.sign_in()
        yield opened


async def test_every_figure_of_the_month_opens_as_many_entries_as_it_says(visit: Visit) -> None:
    answer = await visit.get("/coverage/2023-09?city=230100")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == POLICY
    figures = FIGURE.findall(answer.text)
    paths = {html.unescape(path): html.unescape(whole or number) for path, number, whole in figures}
    kinds = "entries contacted not_contacted credited disbursed not_assigned first_loan region=230102 chain=aero institution=icbc"
    assert not [kind for kind in kinds.split() if not any(kind in path for path in paths)]
    for path, number in sorted(paths.items())[
        ::3
    ]:  # tests/coverage/test_listing.py asks for each and every one
        shown = (await visit.get(path)).text
        assert f"{number} 户（个）" in shown, path
        assert len(re.findall(r'<th scope="row"><a href="/roster/entries/', shown)) == int(number), path


async def test_a_month_closes_once_confirmed_and_then_stands(
    visit: Visit, house: Installation, world: World
) -> None:
    assert (await visit.get("/coverage/2023-09")).text.count("/coverage/2023-09/close") == 1
    await visit.get("/coverage/2023-09/close")
    refused = await visit.post("/coverage/2023-09/close")
    assert (refused.status_code, "请先勾选确认" in refused.text) == (422, True)
    done = await visit.post("/coverage/2023-09/close", confirmed="yes")
    assert (done.status_code, done.headers["location"]) == (303, "/coverage/2023-09")
    async with transaction(house.sessions) as session:
        await add_event(session, world, entry_code(1), "contacted", "icbc-dl", ASSIGNED, sequence=1)
    shown = (await visit.get("/coverage/2023-09")).text
    assert "已关账。数字从此不变" in shown
    assert "有重述" in shown
    assert re.search(r'已对接</th><td class="number">2</td><td class="number">3</td>', shown)
    assert "现在核验" in (await visit.get("/coverage/2023-09/verification")).text
    checked = (await visit.get("/coverage/2023-09/verification?again=yes")).text
    assert "完好" in checked
    assert entry_code(1) in checked
    assert "已于" in (await visit.get("/coverage/2023-09/close")).text
    again = await visit.post("/coverage/2023-09/close", csrf=visit.field("csrf"), confirmed="yes")
    assert again.status_code == 409


async def test_the_bulletin_is_read_as_a_page_composed_once_while_nothing_changes(
    visit: Visit, house: Installation, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    composed = AsyncMock(wraps=bulletins.bulletin)
    monkeypatch.setattr(bulletins, "bulletin", composed)
    path = "/coverage/2023-09/bulletin"
    assert path in (await visit.get("/coverage/2023-09")).text
    shown = (await visit.get(path)).text
    assert ("未关账 草稿" in shown, "已对接2户" in shown) == (True, True)
    said = html.unescape(shown)
    async with transaction(house.sessions) as session:
        value = await bulletins.bulletin(session, OPERATOR, "2023-09", now=utc_now())
    told = [text for part in value.sections for text in (part.heading, *part.sentences)]
    told += [
        text
        for part in value.sections
        for table in part.tables
        for row in table.rows
        for text in texts_of(table, row)
    ]
    assert [text for text in told if text not in said] == []
    asked = composed.await_count
    monkeypatch.setattr(reading_service, "BUSY", timedelta(0))
    await visit.get(path)
    assert composed.await_count == asked, "nothing has changed"
    async with transaction(house.sessions) as session:
        await add_event(session, world, entry_code(1), "contacted", "icbc-dl", ASSIGNED, sequence=1)
    assert "已对接3户" in (await visit.get(path)).text
    await visit.get("/coverage/2023-09/close")
    await visit.post("/coverage/2023-09/close", confirmed="yes")
    assert "未关账" not in (await visit.get(path)).text
    assert (await visit.get("/coverage/2099-01/bulletin")).status_code == 404


async def test_banks_see_the_month_but_neither_close_it_nor_read_others_firms(
    house: Installation, world: World
) -> None:
    await house.person("li.na", (Role.BANK_ADMINISTRATOR, "lj"))
    async with Visit(house) as bank:
        await bank.sign_in("li.na")
        shown = (await bank.get("/coverage/2023-09")).text
        assert "/close" not in shown
        assert "融资对接情况月度通报" in (await bank.get("/coverage/2023-09/bulletin")).text
        assert (await bank.get("/coverage/2023-09/close")).status_code == 403
        assert (await bank.get("/coverage/2023-09/verification")).status_code == 403
        listed = (await bank.get("/coverage/2023-09/entries")).text
        assert "4 户（个）" in listed
        assert "您可以看到的有 0 户（个）" in listed, "no firm has consented"
        assert not [code for code in map(entry_code, range(4)) if code in listed]


async def test_where_nothing_is_to_be_shown_the_page_says_what_to_do(
    house: Installation, sessions: Sessions
) -> None:
    await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    async with Visit(house) as opened:
        await opened.sign_in()
        assert "还没有名单" in (await opened.get("/coverage")).text
        assert "没有可以显示的数字" in (await opened.get("/coverage/2023-09")).text
        assert "这段时间没有名单" in (await opened.get("/coverage/trend")).text
        assert (await opened.get("/coverage/2099-01")).status_code == 200
        assert (await opened.get("/coverage/2023-13")).status_code == 422


async def test_a_month_asks_as_many_statements_however_many_entries(
    visit: Visit, house: Installation, world: World
) -> None:
    asked: list[str] = []

    def note(*event: Any) -> None:
        asked.append(event[2])

    engine, counts = house.sessions.kw["bind"].sync_engine, []
    sql_event.listen(engine, "before_cursor_execute", note)
    for more in ((), range(4, 12)):
        async with transaction(house.sessions) as session:
            for number in more:
                await add_entry(session, world, number)
        await visit.get("/coverage/2023-09/entries")
        await visit.get("/coverage/2023-09")  # what changed is gathered once, by whoever asks first
        asked.clear()
        await visit.get("/coverage/2023-09")
        await visit.get("/coverage/2023-09/entries")
        counts.append(len(asked))
    sql_event.remove(engine, "before_cursor_execute", note)
    assert counts[0] == counts[1]


async def test_months_are_found_by_year_and_the_trend_by_month(visit: Visit) -> None:
    assert (await visit.get("/coverage")).headers["location"] == "/coverage/2023-12"
    assert (await visit.get("/coverage?month=2023-08")).headers["location"] == "/coverage/2023-08"
    shown = (await visit.get("/coverage/2023-09")).text
    assert 'href="/coverage/2023-08" rel="prev"' in shown
    assert 'href="/coverage/2023-10" rel="next"' in shown
    assert '<optgroup label="2023">' in shown
    trend = (await visit.get("/coverage/trend?until=2023-12")).text
    assert all(f'href="/coverage/2023-{month:02d}"' in trend for month in range(7, 13))
    assert trend.count('class="chart-spec"') == 1
