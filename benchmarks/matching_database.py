"""A whole match run, 3,000 entries × 2,000 products: read from the database, match, write, commit.

    python -m benchmarks matching_database [--quick]

SQLite and PostgreSQL, made-up entries and products with a fixed seed. `first` builds the index; `again`
finds it at hand, as a server does. Asserted: both databases and both runs give the same result hash.
"""

import asyncio
import hashlib
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, cast

from alembic import command
from sqlalchemy import Table

from app.accounts.rules import local_operator
from app.catalogue.rules import ProductTerms
from app.catalogue.tables import Product, ProductRevision
from app.cli.database import alembic_config
from app.enterprises.need_facts import NeedFacts
from app.enterprises.tables import Enterprise, Need, NeedRevision
from app.institutions.tables import Institution
from app.kernel.database import AsyncSession, Sessions, insert_rows, make_engine, make_sessions, transaction
from app.kernel.money import yuan_text
from app.matching.schemas import MatchRunOut
from app.matching.service import run_match, warm_up
from app.policy.criteria import Criterion
from app.policy.facts import COLLATERAL, Members
from app.whitelist.tables import WhitelistEdition, WhitelistEntry
from benchmarks.databases import postgresql, sqlite
from benchmarks.matching_world import BANKS, ROOTS, World, make_world, needs_of, products_of

NOW = datetime(2023, 11, 15, 2, tzinfo=UTC)
VIEWER = local_operator("230000")
Row = dict[str, Any]
STAFF = {"large": 2_000, "medium": 500, "small": 100, "micro": 5, None: None}
REVENUE = {"large": "900000000.00", "medium": "100000000.00", "small": "10000000.00", "micro": "1000000.00"}


def run(*, quick: bool = False) -> list[Row]:
    """Measure runs on both databases; answer rows of one table."""
    entries, products = (300, 200) if quick else (3_000, 2_000)
    world = make_world(entries, products)
    warm_up()
    rows: list[Row] = []
    hashes = set()
    for name, database in (("sqlite", sqlite), ("postgresql", postgresql)):
        with database() as url:
            command.upgrade(alembic_config(url), "head")
            for label, seconds, made in asyncio.run(_runs(url, world)):
                hashes.add((made.inputs_hash, made.result_hash))
                rows.append(
                    {
                        "side": f"{name}: read, match, write, commit; {label}",
                        "entries": made.counts.entries,
                        "products": made.counts.products,
                        "eligible pairs": made.counts.eligible_pairs,
                        "seconds": seconds,
                    }
                )
    assert len(hashes) == 1, "the same inputs gave different results"
    return rows


async def _runs(url: str, world: World) -> list[tuple[str, float, MatchRunOut]]:
    engine = make_engine(url)
    sessions = make_sessions(engine)
    async with transaction(sessions) as session:
        await fill(session, world)
    found = []
    for label in ("first", "again", "again"):
        begin = time.perf_counter()
        made = await _one_run(sessions)
        found.append((label, time.perf_counter() - begin, made))
    await engine.dispose()
    return [found[0], min(found[1:], key=lambda each: each[1])]


async def _one_run(sessions: Sessions) -> MatchRunOut:
    async with transaction(sessions) as session:
        return await run_match(session, VIEWER, "2023H2", now=NOW, force=True)


async def fill(session: AsyncSession, world: World) -> None:
    edition = WhitelistEdition(
        jurisdiction="230000", code="2023H2", in_force_from=date(2023, 7, 1), in_force_until=date(2023, 12, 31),
        version=1, created_at=NOW,
    )  # fmt: skip
    session.add(edition)
    await session.flush()
    for table, rows in (
        (Institution, institution_rows(world)),
        (Product, product_rows(world)),
        (ProductRevision, revision_rows(world)),
        (Enterprise, _enterprises(world)),
        (Need, _needs(world)),
        (NeedRevision, _need_revisions(world)),
        (WhitelistEntry, _entries(world, edition.id)),
    ):
        await insert_rows(session, cast("Table", table.__table__), rows)


def institution_rows(world: World) -> Iterator[Row]:
    heads = {f"root-{i}": i + 1 for i in range(ROOTS)}
    for code, number in heads.items():
        yield institution_row(number, code, None, number, "230000")
    for number, bank in enumerate(world.banks, start=ROOTS + 1):
        yield institution_row(number, bank.code, heads[bank.root], heads[bank.root], next(iter(bank.outlets)))


def institution_row(number: int, code: str, parent: int | None, root: int, region: str) -> Row:
    return {
        "id": number, "code": code, "uscc": None, "name": f"{code}银行", "short_name": code, "kind": "city_commercial",
        "parent_id": parent, "root_id": root, "lineage": f"/{root}/" if parent is None else f"/{root}/{number}/",
        "region_code": region, "capacity": 40, "group_capacity": None, "credit_loan_share": None,
        "borrower_limit_fen": None, "is_demo": True, "version": 1, "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip


def product_rows(world: World) -> Iterator[Row]:
    for number, bank in enumerate(world.products["bank"].tolist(), start=1):
        assert bank < BANKS
        yield {
            "id": number, "code": f"p{number:06}", "institution_id": ROOTS + 1 + bank, "revision": 1, "created_at": NOW,
        }  # fmt: skip


def revision_rows(world: World) -> Iterator[Row]:
    for number, terms in enumerate(terms_of(world), start=1):
        written = terms.model_dump(mode="json")
        yield {
            "id": number, "product_id": number, "revision": 1, "name": f"产品{number}", "terms": written,
            "content_hash": hashlib.sha256(terms.model_dump_json().encode()).hexdigest(),
            "valid_from": date(2023, 1, 1), "valid_until": None, "is_demo": True, "created_at": NOW,
        }  # fmt: skip


def terms_of(world: World) -> Iterator[ProductTerms]:
    for product in products_of(world):
        asked = {each.fact: each for each in product.conditions if isinstance(each, Criterion)}

        def words(fact: str, asked: Mapping[str, Any] = asked) -> list[str]:
            return list(asked[fact].operand) if fact in asked else []

        yield ProductTerms.model_validate(
            {
                "form": "loan",
                "purposes": sorted(product.purposes),
                "amount": {
                    "least": yuan_text(product.amount_least or 0),
                    "most": yuan_text(product.amount_most or 0),
                },
                "term": {"least": product.term_least or 0, "most": product.term_most},
                "rate": {"base": "fixed", "least": product.price_bp, "most": product.price_bp},
                "guarantee_modes": sorted(product.guarantee_modes),
                "areas": words("region"),
                "industries": words("industry"),
                "sizes": words("size_class"),
                "qualifications": words("qualifications"),
                "years_least": asked["years_established"].operand[0]
                if "years_established" in asked
                else None,
                "tax_grades": words("tax_grade"),
                "first_loan_only": "first_loan" in asked,
                "exclusions": ["litigation"] if "litigation" in asked else [],
            }
        )


def stated_needs(world: World) -> Iterator[NeedFacts]:
    for need in needs_of(world):
        facts: dict[str, Any] = {name: value for name, value in need.facts.items() if value is not None}
        security, years, size = (
            facts.pop("security"),
            facts.pop("years_established", None),
            facts.pop("size_class", None),
        )
        assert isinstance(security, Members)
        facts |= {
            "amount": yuan_text(facts["amount"]),
            "purposes": sorted(facts["purposes"].known),
            "qualifications": sorted(facts["qualifications"].known),
            "collateral": sorted(security.known & COLLATERAL.keys()),
            "guarantee_available": "guarantee" in security.known,
            "established_on": None if years is None else f"{2023 - years}-01-01",
            "staff": STAFF[size],
            "revenue": None if size is None else REVENUE[size],
            "existing_banks": sorted(need.banks) or None,
        }
        yield NeedFacts.model_validate(facts)


def _enterprises(world: World) -> Iterator[Row]:
    for number, facts in enumerate(stated_needs(world), start=1):
        yield {
            "id": number, "uscc": f"9123{number:014}", "name": f"企业{number}", "name_key": f"企业{number}",
            "region_code": facts.region, "industry": facts.industry, "established_on": facts.established_on,
            "ownership": None, "is_demo": True, "version": 1, "created_at": NOW, "updated_at": NOW,
        }  # fmt: skip


def _needs(world: World) -> Iterator[Row]:
    for number in range(1, len(world.needs["amount"]) + 1):
        yield {
            "id": number, "code": f"9123{number:014}", "enterprise_id": number, "project_id": None, "revision": 1,
            "created_at": NOW,
        }  # fmt: skip


def _need_revisions(world: World) -> Iterator[Row]:
    for number, facts in enumerate(stated_needs(world), start=1):
        yield {
            "id": number, "need_id": number, "revision": 1, "facts": facts.as_json(), "amount_fen": facts.amount,
            "term_months": facts.term_months, "content_hash": facts.content_hash(), "stated_on": date(2023, 9, 1),
            "created_at": NOW,
        }  # fmt: skip


def _entries(world: World, edition_id: int) -> Iterator[Row]:
    for number, facts in enumerate(stated_needs(world), start=1):
        yield {
            "id": number, "code": f"2023H2-9123{number:014}", "edition_id": edition_id, "need_id": number,
            "need_revision_id": number, "enterprise_id": number, "import_id": None, "source_class": "above_scale",
            "region_code": facts.region, "chain_code": facts.chain, "size_class": None, "amount_fen": facts.amount,
            "status": "admitted", "admission": {}, "extra": {}, "admitted_at": NOW, "withdrawn_at": None, "version": 1,
            "created_at": NOW,
        }  # fmt: skip
