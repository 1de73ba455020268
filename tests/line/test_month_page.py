"""The coordinator's page says what the services say, and what is simulated says so."""

import re

import httpx
import pytest

from app.accounts.door import OpenDoor
from app.coverage import service as coverage
from app.kernel.database import transaction
from app.kernel.settings import Settings
from app.visibility.service import narrow
from tests.apps import create_app
from tests.line.conftest import LATER, Line


@pytest.fixture
def browser(line: Line) -> httpx.AsyncClient:
    app = create_app(Settings(), line.sessions, OpenDoor(line.viewer, narrow))
    transport = httpx.ASGITransport(app)
    headers = {"accept": "text/html"}
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers)


async def test_a_month_shows_its_coverage_its_hash_and_that_it_is_simulated(
    line: Line, browser: httpx.AsyncClient
) -> None:
    async with transaction(line.sessions, writes=False) as session:
        shown = await coverage.show(session, line.viewer, "2023-11", now=LATER)
    assert shown.closed is not None
    answer = await browser.get("/coverage/2023-11")
    text = " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())
    assert answer.status_code == 200
    for level in ("assigned", "contacted", "answered", "credited", "disbursed"):
        ratio = getattr(shown.total, level)
        assert f"{ratio.numerator} {ratio.percent}%" in text
    assert shown.closed.facts_sha256 in text
    assert "模拟数据" in text
    assert "哈尔滨市" in text
    assert "政策空缺" in text
    assert "黑银发〔2023〕25号（十三）" in text
    assert "尚未达到" in text


async def test_every_link_of_a_month_leads_somewhere(browser: httpx.AsyncClient) -> None:
    page = (await browser.get("/coverage/2023-11")).text
    links = {part.split('"')[0].replace("&amp;", "&") for part in page.split('href="')[1:]}
    answers = {link: (await browser.get(link)).status_code for link in links if link.startswith("/")}
    assert len(answers) > 3
    elsewhere = {link for link in answers if link.startswith("/language/")} | {"/", "/coverage"}
    assert {link: status for link, status in answers.items() if status != 200} == dict.fromkeys(
        elsewhere, 303
    )
