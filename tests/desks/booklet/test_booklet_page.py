"""The booklet's page: what there is without a library, contents and anchors, finding, both languages."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from app.accounts.rules import Role
from app.catalogue.libraries import publish_library
from app.kernel.database import Sessions
from tests.accounts.offices import OPERATOR, working
from tests.accounts.signing import Installation
from tests.desks.visits import Visit
from tests.matching.town import build_town

NOW = datetime(2023, 11, 15, 2, tzinfo=UTC)


@pytest.fixture
async def visit(house: Installation) -> AsyncIterator[Visit]:
    await house.person("chen.jing", (Role.CHAIN_MANAGER, "GDZB"))
    async with Visit(house) as visit:
        await visit.get("/sign-in")
        await visit.sign_in("chen.jing")
        yield visit


async def test_without_a_library_the_page_says_so_and_leads_on(visit: Visit) -> None:
    shown = await visit.get("/booklet")
    assert "还没有一本通" in shown.text
    assert 'href="/products"' in shown.text


async def test_a_firm_reads_and_searches_the_booklet_of_the_newest_library(
    visit: Visit, sessions: Sessions
) -> None:
    async with working(sessions) as session:
        await build_town(session, OPERATOR)
        await publish_library(session, OPERATOR, "2023Q4", now=NOW)
    shown = await visit.get("/booklet")
    ids = re.findall(r' id="([^"]+)"', shown.text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', shown.text)) <= set(ids)
    assert 'href="/api/v1/booklet/2023Q4.docx"' in shown.text
    found = await visit.get("/booklet/2023Q4?q=再贴现")
    assert "含“再贴现”的有" in found.text
    assert "制造业票据优先再贴现" in found.text
    nothing = await visit.get("/booklet/2023Q4?q=<没有>")
    assert "册中没有这些字" in nothing.text
    assert "<没有>" not in nothing.text
    visit.http.cookies.set("rongqiao-language", "en")
    english = await visit.get("/booklet/2023Q4")
    assert "Download the booklet" in english.text
    assert (await visit.get("/booklet/2022Q1")).status_code == 404
