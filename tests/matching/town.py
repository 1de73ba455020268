"""A small town in a database: two banks, a guarantor, products, a chain with its plan, firms on an edition."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.catalogue.service import import_products
from app.chains.service import import_chains
from app.enterprises.need_facts import NeedFacts
from app.enterprises.tables import Enterprise, Need, NeedRevision
from app.institutions.service import import_institutions
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

STORED = datetime(2023, 9, 1, 1, 0, tzinfo=UTC)
INSTITUTIONS = """\
institutions:
  - {code: SJ, name: 松江银行股份有限公司, short_name: 松江银行, kind: city_commercial, region: "230000"}
  - {code: SJ-DL, name: 松江银行道里支行, short_name: 松江道里, parent: SJ, region: "230102", capacity: 5}
  - {code: BF, name: 北方银行股份有限公司, short_name: 北方银行, kind: joint_stock, region: "110000"}
  - {code: BF-QQHR, name: 北方银行齐齐哈尔分行, short_name: 北方齐齐哈尔, parent: BF, region: "230200", capacity: 5}
  - {code: DB, name: 龙江担保有限公司, short_name: 龙江担保, kind: guarantor, region: "230000", capacity: 9}
"""
PRODUCTS = """\
products:
  - code: SJ-KCED
    institution: SJ
    name: 科创e贷
    valid_from: 2023-01-01
    terms:
      form: loan
      purposes: [working_capital, research]
      amount: {least: 10万元, most: 1000万元}
      term: {least: 1, most: 36}
      rate: {base: lpr_1y, least: 0, most: 40}
      guarantee_modes: [credit]
      areas: ["230000"]
      qualifications: [high_tech, srdi]
      tax_grades: [A, B]
  - code: SJ-DY
    institution: SJ
    name: 设备抵押贷
    valid_from: 2023-01-01
    terms:
      form: loan
      purposes: [equipment, working_capital]
      amount: {least: 50万元, most: 3000万元}
      term: {least: 6, most: 60}
      rate: {base: lpr_1y, least: 20, most: 100}
      guarantee_modes: [equipment, real_estate]
      areas: ["230000"]
  - code: BF-LD
    institution: BF
    name: 流动资金贷款
    valid_from: 2023-01-01
    terms:
      form: loan
      purposes: [working_capital]
      amount: {least: 100万元, most: 2000万元}
      term: {least: 3, most: 12}
      rate: {base: fixed, least: 500, most: 600}
      guarantee_modes: [credit, guarantee]
      areas: ["000000"]
      exclusions: [litigation]
  - code: DB-PL
    institution: DB
    name: 批量担保
    valid_from: 2023-01-01
    terms:
      form: guarantee
      purposes: [working_capital, equipment]
      amount: {least: 1万元, most: 1000万元}
      term: {least: 1, most: 36}
      rate: {base: fixed, least: 50, most: 100}
      guarantee_modes: [credit]
      areas: ["230000"]
"""
CHAINS = """\
chains:
  - {code: HLJ-HK, jurisdiction: "230000", name: 航空产业链, industries: [C374], source: 测试}
plans:
  - chain: HLJ-HK
    since: 2023-01-01
    contracted:
      - {institution: BF-QQHR, quota: 20}
    priority_purposes: [working_capital]
    products: [SJ-KCED]
    clauses: {contracted: 洛阳（征求意见稿）（二）, priority_purposes: 金发〔2024〕5号 九, products: 金发〔2024〕5号 九}
"""
SOUND: dict[str, Any] = {
    "amount": "5000000.00",
    "term_months": 12,
    "purposes": ["working_capital"],
    "region": "230102",
    "source_class": "srdi",
    "industry": "C3741",
    "staff": 120,
    "revenue": "80000000.00",
    "established_on": "2015-03-01",
    "qualifications": ["srdi"],
    "collateral": ["equipment"],
    "guarantee_available": False,
    "tax_grade": "A",
    "litigation": False,
}
FIRMS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("91230100MA00000001", SOUND),
    ("91230100MA00000002", SOUND | {"chain": "HLJ-HK", "existing_banks": ["松江银行道里支行"]}),
    ("91230100MA00000003", SOUND | {"tax_grade": None, "litigation": None}),
    ("91230100MA00000004", SOUND | {"amount": "90000000.00"}),
)


@dataclass(frozen=True, slots=True)
class Town:
    """Ids of what was stored."""

    edition_id: int
    entries: dict[str, int]


async def build_town(session: AsyncSession, viewer: Viewer) -> Town:
    """Store the town; the entries of edition 2023H2 are the firms in order."""
    await import_institutions(session, viewer, INSTITUTIONS, "institutions.yaml", now=STORED)
    await import_products(session, viewer, PRODUCTS, "products.yaml", now=STORED)
    await import_chains(session, viewer, CHAINS, "chains.yaml", now=STORED)
    edition = WhitelistEdition(
        jurisdiction=viewer.jurisdiction, code="2023H2", in_force_from=date(2023, 7, 1),
        in_force_until=date(2023, 12, 31), version=1, created_at=STORED,
    )  # fmt: skip
    session.add(edition)
    await session.flush()
    entries = {uscc: await add_entry(session, edition.id, uscc, stated) for uscc, stated in FIRMS}
    return Town(edition.id, entries)


async def add_entry(session: AsyncSession, edition_id: int, uscc: str, stated: dict[str, Any]) -> int:
    """Store a firm with its need and its admitted entry; answer the entry's id."""
    facts = NeedFacts.model_validate(stated)
    firm = Enterprise(
        uscc=uscc, name=f"{uscc[-2:]}号公司", name_key=uscc[-2:], region_code=facts.region, industry=facts.industry,
        established_on=None, ownership=None, is_demo=True, version=1, created_at=STORED, updated_at=STORED,
    )  # fmt: skip
    session.add(firm)
    await session.flush()
    need = Need(code=uscc, enterprise_id=firm.id, project_id=None, revision=1, created_at=STORED)
    session.add(need)
    await session.flush()
    revision = NeedRevision(
        need_id=need.id, revision=1, facts=facts.as_json(), amount_fen=facts.amount, term_months=facts.term_months,
        content_hash=facts.content_hash(), stated_on=date(2023, 9, 1), created_at=STORED,
    )  # fmt: skip
    session.add(revision)
    await session.flush()
    entry = WhitelistEntry(
        code=f"2023H2-{uscc}", edition_id=edition_id, need_id=need.id, need_revision_id=revision.id,
        enterprise_id=firm.id, source_class="srdi", region_code=facts.region, chain_code=facts.chain,
        size_class=None, amount_fen=facts.amount, status="admitted", admission={}, extra={}, admitted_at=STORED,
        version=1, created_at=STORED,
    )  # fmt: skip
    session.add(entry)
    await session.flush()
    return entry.id
