"""The demo files: they load whole, round-trip, cite clauses that exist, and are marked as invented."""

from collections import Counter
from datetime import date, datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.catalogue import service
from app.catalogue.importing import stored_products, surroundings
from app.chains.service import chain_book, import_chains
from app.institutions.rules import InstitutionKind, InstitutionTree
from app.institutions.service import import_institutions, institution_tree
from app.kernel.settings import Settings
from app.policy.loading import load_policy_library

SEED = Settings().seed_dir
ON = date(2023, 11, 15)
# Product names of the five texts that the catalogue has to hold.
NAMES = [
    "科创e贷",
    "项目前期贷",
    "专精特新小巨人贷",
    "人才贷",
    "政采贷",
    "税融通",
    "红色信e贷",
    "商业价值信用贷款",
    "知识价值信用贷款",
    "双稳基金贷款",
    "知识产权质押贷",
    "再贷款+制造",
    "银税互动贷",
    "无还本续贷",
    "应收账款质押贷",
    "存货担保融资",
    "仓单质押贷",
    "订单融资",
    "国内保理",
    "商票贴现",
    "国内信用证福费廷",
    "供应链票据",
    "批量担保贷",
    "碳减排贷款",
    "煤炭清洁高效利用贷款",
    "设备更新贷",
    "循环贷",
    "年审贷",
    "永续贷",
    "并购贷款",
    "出口信保融资",
]


@pytest.fixture
async def demo(session: AsyncSession, viewer: Viewer, now: datetime) -> AsyncSession:
    def text(name: str) -> str:
        return (SEED / "demo" / name).read_text(encoding="utf-8")

    await import_institutions(session, viewer, text("institutions.yaml"), "institutions.yaml", now=now)
    await import_chains(session, viewer, text("chains.yaml"), "chains.yaml", now=now)
    await service.import_products(session, viewer, text("products.yaml"), "products.yaml", now=now)
    await service.refuse_unknown_plan_products(session, viewer)
    return session


async def test_what_is_stored_of_the_demo_products_is_the_seed_file(
    demo: AsyncSession, viewer: Viewer
) -> None:
    seed = (SEED / "demo" / "products.yaml").read_text(encoding="utf-8")
    note = seed.partition("\n")[0].removeprefix("note: ")
    assert await service.export_products(demo, viewer, note=note) == seed


async def test_the_demo_is_large_enough_and_marked_as_invented(demo: AsyncSession, viewer: Viewer) -> None:
    products = await service.products_in_force(demo, viewer, ON)
    assert len(products) >= 60
    assert all(product.is_demo for product in products)
    assert all("虚构" in product.terms.note for product in products)
    tree = await institution_tree(demo, viewer)
    assert all(node.is_demo for node in tree.nodes.values())
    banks = [node for node in tree.banks_serving("230000") if node.region.startswith("23")]
    assert banks, "somebody answers for the whole province"
    assert 280 <= sum(_lending_capacities(tree)) <= 340
    assert len(_lending_capacities(tree)) >= 36
    book = await chain_book(demo, viewer, ON)
    assert len(book.chains) >= 8
    assert sum(chain.plan is not None for chain in book.chains.values()) >= 8


def _lending_capacities(tree: InstitutionTree) -> list[int]:
    return [
        node.capacity
        for node in tree.nodes.values()
        if node.capacity is not None
        and node.kind is not InstitutionKind.GUARANTOR
        and node.region.startswith("23")
    ]


async def test_every_county_has_banks_a_guarantor_and_bodies(demo: AsyncSession, viewer: Viewer) -> None:
    tree = await institution_tree(demo, viewer)
    around = await surroundings(demo, viewer)
    for city in around.book.regions.children("230000"):
        for county in around.book.regions.children(city.code):
            assert tree.banks_serving(county.code), county
            assert tree.local_legal_person_banks(county.code), county
            assert tree.guarantors_serving(county.code), county
            assert tree.bodies_serving(InstitutionKind.COORDINATOR_BODY, county.code), county
            assert tree.bodies_serving(InstitutionKind.REGULATOR, county.code), county


async def test_the_product_names_of_the_texts_are_there(demo: AsyncSession, viewer: Viewer) -> None:
    stored = await stored_products(demo, await surroundings(demo, viewer))
    names = Counter(product.content.name for product in stored.values())
    assert [name for name in NAMES if name not in names] == []


async def test_a_number_that_a_text_fixes_is_cited(demo: AsyncSession, viewer: Viewer) -> None:
    talent = await service.get_product(demo, viewer, "CSYH-RCD")
    assert talent.terms.amount.most == 20_000_000_00
    assert talent.terms.citation("amount") == "洛阳（征求意见稿）（四）"
    for code, most_fee in (("LYDB-PLDB", 100), ("LYDB-XMDB", 150)):
        guarantee = await service.get_product(demo, viewer, code)
        assert guarantee.terms.rate.most <= most_fee
        assert guarantee.terms.citation("rate") == "黑银发〔2023〕25号（十七）"


async def test_every_clause_that_products_and_plans_cite_exists(demo: AsyncSession, viewer: Viewer) -> None:
    clauses = {
        written
        for pack in load_policy_library(SEED).packs
        for clause in pack.clauses
        for written in (f"{pack.cite_as}（{clause.number}）", f"{pack.cite_as} {clause.number}")
    }
    stored = await stored_products(demo, await surroundings(demo, viewer))
    cited = {cite.clause for product in stored.values() for cite in product.content.terms.cites}
    for chain in (await chain_book(demo, viewer, ON)).chains.values():
        if chain.plan is not None:
            cited |= set(chain.plan.clauses.values()) | {term.clause for term in chain.plan.granted}
    assert cited - clauses == set()
