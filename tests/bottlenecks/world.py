"""A small province to classify and allocate in: five banks, a guarantor, bodies, products, an edition of needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from app.accounts.rules import Viewer
from app.catalogue.rules import ProductTerms
from app.catalogue.tables import Product, ProductRevision
from app.chains.tables import Chain, ChainPlan
from app.enterprises.need_facts import NeedFacts
from app.enterprises.tables import Enterprise, Need, NeedRevision
from app.institutions.tables import Institution, InstitutionArea
from app.kernel.database import AsyncSession
from app.matching import service as matching
from app.matching.inputs import sha256_of
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

EDITION = "2023H2"
BEFORE = datetime(2023, 10, 20, 2, 0, tzinfo=UTC)
DAOLI, NANGANG, HARBIN, PROVINCE = "230102", "230103", "230100", "230000"
STATED: dict[str, Any] = {
    "amount": "5000000.00",
    "term_months": 12,
    "purposes": ["working_capital"],
    "region": DAOLI,
    "source_class": "srdi",
    "industry": "C3912",
    "staff": 60,
    "revenue": "30000000.00",
    "collateral": ["equipment"],
    "guarantee_available": False,
    "litigation": False,
    "adverse_credit": False,
    "single_bank_limit_reached": False,
    "missing_elements": [],
    "light_assets": False,
    "credit_eligible": True,
    "existing_banks": [],
}
"""A firm with equipment to pledge: every bank of the world has a product for it."""
BARE: dict[str, Any] = {"collateral": []}
"""What makes the firm fit no product; alone it fits no bottleneck class either."""


@dataclass(frozen=True)
class Node:
    """An institution of the world; children inherit the kind of their head office."""

    code: str
    kind: str
    region: str
    parent: str | None = None
    capacity: int | None = None
    group_capacity: int | None = None
    credit_loan_share: int | None = None
    borrower_limit_fen: int | None = None


def banks(capacity: int, count: int = 5) -> list[Node]:
    """Banks B1 … with a branch each in Daoli, B1 the cheapest and B5 the strongest in credit loans."""
    nodes = []
    for n in range(1, count + 1):
        nodes.append(Node(f"B{n}", "city_commercial", PROVINCE, credit_loan_share=1000 * n))
        nodes.append(Node(f"B{n}-DL", "city_commercial", DAOLI, f"B{n}", capacity))
    return nodes


BODIES = [
    Node("DB", "guarantor", PROVINCE, capacity=2),
    Node("JGJ", "regulator", HARBIN),
    Node("XTJZ", "coordinator_body", PROVINCE),
]


@dataclass
class World:
    """What was built: ids by code, and entry codes by the names that a test gave its needs."""

    edition_id: int
    institutions: dict[str, int] = field(default_factory=dict)
    products: dict[str, int] = field(default_factory=dict)
    entries: dict[str, int] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)
    needs: dict[str, str] = field(default_factory=dict)

    def name_of(self, entry_id: int) -> str:
        return next(name for name, known in self.entries.items() if known == entry_id)


async def build_world(
    session: AsyncSession,
    needs: Mapping[str, Mapping[str, Any]],
    nodes: Sequence[Node] | None = None,
) -> World:
    """Store institutions, a working-capital loan of every bank, and an edition with the needs admitted."""
    edition = WhitelistEdition(
        jurisdiction=PROVINCE, code=EDITION, in_force_from=date(2023, 7, 1), in_force_until=date(2023, 12, 31),
        version=1, created_at=BEFORE,
    )  # fmt: skip
    session.add(edition)
    await session.flush()
    world = World(edition.id)
    for node in [*(banks(4) if nodes is None else nodes), *BODIES]:
        await add_institution(session, world, node)
    for place, code in enumerate(
        code for code in world.institutions if code.startswith("B") and "-" not in code
    ):
        await add_product(session, world, f"{code}-P", code, rate=400 + 20 * place)
    for name, facts in needs.items():
        await add_need(session, world, name, facts)
    return world


async def add_institution(session: AsyncSession, world: World, node: Node) -> None:
    """Store an institution that serves the region in which it sits."""
    parent = await session.get(Institution, world.institutions[node.parent]) if node.parent else None
    row = Institution(
        code=node.code, name=f"{node.code}机构", short_name=node.code, kind=node.kind,
        parent_id=parent.id if parent else None, lineage="/", region_code=node.region, capacity=node.capacity,
        group_capacity=node.group_capacity, credit_loan_share=node.credit_loan_share,
        borrower_limit_fen=node.borrower_limit_fen, is_demo=True, version=1, created_at=BEFORE, updated_at=BEFORE,
    )  # fmt: skip
    session.add(row)
    await session.flush()
    row.lineage = f"{parent.lineage if parent else '/'}{row.id}/"
    row.root_id = int(row.lineage.split("/")[1])
    session.add(InstitutionArea(institution_id=row.id, region_code=node.region))
    await session.flush()
    world.institutions[node.code] = row.id


async def add_product(
    session: AsyncSession, world: World, code: str, institution: str, *, rate: int, **terms: Any
) -> None:
    """Store a product in force; by default a loan up to 10 million against equipment or real estate."""
    written = ProductTerms.model_validate(
        {
            "form": "loan",
            "purposes": ["working_capital"],
            "amount": {"least": "100000.00", "most": "10000000.00"},
            "term": {"least": 1, "most": 36},
            "rate": {"base": "fixed", "least": rate, "most": rate},
            "guarantee_modes": ["equipment", "real_estate"],
            "areas": [PROVINCE],
        }
        | terms
    )
    product = Product(
        code=code, institution_id=world.institutions[institution], revision=1, created_at=BEFORE
    )
    session.add(product)
    await session.flush()
    revision = ProductRevision(
        product_id=product.id, revision=1, name=f"{code}贷", terms=written.model_dump(mode="json"),
        content_hash=sha256_of([code, written.model_dump_json()]), valid_from=date(2023, 1, 1), valid_until=None, is_demo=True, created_at=BEFORE,
    )  # fmt: skip
    session.add(revision)
    await session.flush()
    world.products[code] = revision.id


async def add_need(session: AsyncSession, world: World, name: str, facts: Mapping[str, Any]) -> None:
    """Store a firm with one need that is admitted to the edition."""
    uscc = f"91230102MA1B{len(world.codes) + 1:05d}X"
    stated = NeedFacts.model_validate(STATED | dict(facts))
    firm = Enterprise(
        uscc=uscc, name=f"{name}公司", name_key=name, region_code=stated.region, industry=stated.industry,
        is_demo=True, version=1, created_at=BEFORE, updated_at=BEFORE,
    )  # fmt: skip
    session.add(firm)
    await session.flush()
    need = Need(code=uscc, enterprise_id=firm.id, revision=1, created_at=BEFORE)
    session.add(need)
    await session.flush()
    revision = await add_revision(session, need, stated, 1)
    entry = WhitelistEntry(
        code=f"{EDITION}-{uscc}", edition_id=world.edition_id, need_id=need.id, need_revision_id=revision,
        enterprise_id=firm.id, source_class="srdi", region_code=stated.region, chain_code=stated.chain,
        size_class="small", amount_fen=stated.amount, status="admitted", admission={}, extra={},
        admitted_at=BEFORE, version=1, created_at=BEFORE,
    )  # fmt: skip
    session.add(entry)
    await session.flush()
    world.entries[name], world.codes[name], world.needs[name] = entry.id, entry.code, need.code


async def add_revision(session: AsyncSession, need: Need, stated: NeedFacts, number: int) -> int:
    """Store a wording of a need."""
    revision = NeedRevision(
        need_id=need.id, revision=number, facts=stated.as_json(), amount_fen=stated.amount,
        term_months=stated.term_months, content_hash=stated.content_hash(), stated_on=date(2023, 10, 1),
        created_at=BEFORE,
    )  # fmt: skip
    session.add(revision)
    await session.flush()
    return revision.id


async def restate(session: AsyncSession, world: World, name: str, facts: Mapping[str, Any]) -> None:
    """Revise the need of an entry and list the entry on the new wording."""
    entry = await session.get(WhitelistEntry, world.entries[name])
    assert entry is not None
    need = await session.get(Need, entry.need_id)
    assert need is not None
    need.revision += 1
    stated = NeedFacts.model_validate(STATED | dict(facts))
    entry.need_revision_id = await add_revision(session, need, stated, need.revision)
    await session.flush()


async def add_plan(
    session: AsyncSession, code: str, contracted: Sequence[Mapping[str, Any]], clause: str
) -> None:
    """Store a chain with a plan in force that contracts banks."""
    chain = Chain(
        code=code, jurisdiction=PROVINCE, name="航空产业链", industries=["C37"], source="试验", is_demo=True,
        version=1, created_at=BEFORE,
    )  # fmt: skip
    session.add(chain)
    await session.flush()
    content = {
        "contracted": list(contracted), "priority_purposes": [], "products": [], "granted": [],
        "clauses": {"contracted": clause},
    }  # fmt: skip
    session.add(
        ChainPlan(
            chain_id=chain.id, version=1, since=date(2023, 1, 1), until=None, content=content, content_hash=code,
            created_at=BEFORE,
        )
    )  # fmt: skip
    await session.flush()


async def match(session: AsyncSession, viewer: Viewer, now: datetime) -> int:
    """Match the edition; answer the number of the run."""
    return (await matching.run_match(session, viewer, EDITION, now=now)).id
