"""The booklet's pages: what there is without a library, its parts and what leads to them, finding, both languages."""

import html
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import yaml

from app.accounts.rules import Role
from app.catalogue.libraries import publish_library
from app.catalogue.service import import_products
from app.desks.booklet.routes import ITEMS
from app.kernel.database import Sessions
from tests.accounts.offices import OPERATOR, working
from tests.accounts.signing import Installation
from tests.desks.visits import Visit
from tests.matching.town import PRODUCTS, STORED, build_town

NOW = datetime(2023, 11, 15, 2, tzinfo=UTC)
MANY = 160
MOST_BYTES = 150_000


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


@pytest.fixture
async def town(sessions: Sessions) -> None:
    async with working(sessions) as session:
        await build_town(session, OPERATOR)
        await publish_library(session, OPERATOR, "2023Q4", now=NOW)


@pytest.fixture
async def many(sessions: Sessions) -> None:
    """A town whose first product is offered a few hundred times."""
    async with working(sessions) as session:
        await build_town(session, OPERATOR)
        first = {
            key: value for key, value in yaml.safe_load(PRODUCTS)["products"][0].items() if key != "code"
        }
        more = [first | {"code": f"SJ-{place:04}", "name": f"随借贷{place}"} for place in range(MANY)]
        text = json.dumps({"products": more}, default=str)
        await import_products(session, OPERATOR, text, "products.yaml", now=STORED)
        await publish_library(session, OPERATOR, "2023Q4", now=NOW)


async def pages(visit: Visit, first: str) -> AsyncIterator[tuple[str, str]]:
    """Go through a booklet as its links lead, the whole of it for printing left out."""
    waiting, seen = [first], set[str]()
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        shown = await visit.get(address)
        assert shown.status_code == 200, address
        yield address, shown.text
        links = (html.unescape(link).partition("#")[0] for link in re.findall(r'href="([^"]+)"', shown.text))
        waiting += [link for link in links if link.startswith("/booklet/") and "part=all" not in link]


async def test_links_from_the_overview_lead_to_every_product_on_pages_that_many_products_make_no_heavier(
    visit: Visit, many: None
) -> None:
    told = dict([one async for one in pages(visit, "/booklet")])
    products = [found for text in told.values() for found in re.findall(r'<h4 id="(product-[^"]+)"', text)]
    assert {f"product-SJ-{place:04}" for place in range(MANY)} <= set(products)
    assert max(len(text.encode()) for text in told.values()) < MOST_BYTES
    assert max(len(re.findall("<h4", text)) for text in told.values()) == ITEMS


async def test_a_pointer_to_a_product_far_behind_leads_to_the_page_on_which_it_stands(
    visit: Visit, many: None
) -> None:
    found = await visit.get("/booklet/2023Q4?q=随借贷99")
    (link,) = re.findall(r'href="(/booklet/[^"]+#product-[^"]+)"', found.text)
    address, _, key = html.unescape(link).partition("#")
    assert "cursor=" in address
    assert f'<h4 id="{key}">' in (await visit.get(address)).text


async def test_products_are_filtered_by_purpose_and_institution_and_the_filter_stays_on_the_next_page(
    visit: Visit, many: None
) -> None:
    async def shown(address: str) -> list[str]:
        return re.findall(r'<h4 id="product-([^"]+)"', (await visit.get(address)).text)

    form = "/booklet/2023Q4?part=form-loan"
    assert await shown(f"{form}&institution=BF") == ["BF-LD"]
    assert await shown(f"{form}&purpose=equipment") == ["SJ-DY"]
    assert await shown(f"{form}&purpose=research&institution=BF") == []
    assert "没有这样的产品" in visit.shown
    assert len(await shown(f"{form}&purpose=research&institution=SJ")) == ITEMS
    assert f"第 1 至 50 项，共 {MANY + 1} 项" in visit.shown
    (following,) = re.findall(r'href="([^"]+)" rel="next"', visit.shown)
    assert "purpose=research" in following
    assert "institution=SJ" in following


async def test_a_short_booklet_shows_chapters_with_all_that_is_in_them(visit: Visit, town: None) -> None:
    shown = await visit.get("/booklet/2023Q4?part=products")
    assert re.findall(r'<h4 id="product-([^"]+)"', shown.text) == ["BF-LD", "SJ-KCED", "SJ-DY", "DB-PL"]


@pytest.mark.parametrize("address", ["?part=nothing", "?part=use", "?part=product-SJ-KCED"])
async def test_what_is_no_part_of_a_booklet_is_not_found(visit: Visit, town: None, address: str) -> None:
    assert (await visit.get(f"/booklet/2023Q4{address}")).status_code == 404


async def test_the_whole_booklet_is_one_page_with_its_own_anchors_for_printing(
    visit: Visit, town: None
) -> None:
    overview = await visit.get("/booklet")
    assert 'href="/booklet/2023Q4?part=all"' in overview.text
    shown = await visit.get("/booklet/2023Q4?part=all")
    ids = re.findall(r' id="([^"]+)"', shown.text)
    assert len(ids) == len(set(ids))
    assert {"product-SJ-KCED", "form-guarantee", "glossary"} <= set(ids)
    assert set(re.findall(r'href="#([^"]+)"', shown.text)) <= set(ids)


async def test_a_firm_searches_the_booklet_of_the_newest_library(visit: Visit, town: None) -> None:
    shown = await visit.get("/booklet")
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
