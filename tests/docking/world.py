"""A small roster in a database: a bank's tree, entries with needs, and who is responsible for them."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.allocation.archive import pack
from app.allocation.flow import solve
from app.allocation.model import AllocationProblem
from app.allocation.posing import Posed
from app.allocation.tables import AllocationProblemRecord, AllocationRun, Assignment, AssignmentSupport
from app.allocation.topics import PARTIES_CHANGED
from app.catalogue.tables import Product, ProductRevision
from app.chains.tables import Chain
from app.docking.tables import DockingEvent
from app.enterprises.tables import Enterprise, Need, NeedRevision
from app.institutions.tables import Institution
from app.kernel.database import make_engine, make_sessions, transaction
from app.matching.schemas import RunCounts
from app.matching.tables import MatchRun
from app.whitelist.tables import WhitelistEdition, WhitelistEntry
from app.whitelist.topics import ROSTER_CHANGED

ADMITTED = datetime(2023, 9, 1, 1, 0, tzinfo=UTC)
ASSIGNED = datetime(2023, 9, 4, 1, 0, tzinfo=UTC)
TREE = (
    ("icbc", None, "230100"),
    ("icbc-hrb", "icbc", "230100"),
    ("icbc-dl", "icbc-hrb", "230102"),
    ("lj", None, "230100"),
    ("ccb", None, "230100"),
)
NEED_FEN = 500_000_000
NONE = np.zeros(0, np.int64)
NOTHING_POSED = Posed(
    AllocationProblem(NONE, np.zeros(1, np.int64), NONE, NONE),
    NONE,
    NONE,
    NONE,
    NONE,
    NONE,
    np.zeros(0, np.bool_),
)
"""A run without candidates: who declines leaves the entry to its bottleneck's route, else to the coordinator."""
SETTINGS: dict[str, Any] = {
    "most_per_bank": 1_000,
    "parameters": {"allocation.default_capacity": {"value": 40}, "allocation.supporting_most": {"value": 2}},
}
HASH = hashlib.sha256(b"").hexdigest()


@dataclass(slots=True)
class World:
    """What was stored: ids by code, and the run that assignments belong to."""

    edition_id: int
    run_id: int
    institutions: dict[str, int]
    entries: dict[str, int]
    product_revision_id: int


async def build_world(
    session: AsyncSession, responsible: Sequence[str | None] = ("icbc-dl",), supporting: str | None = "lj"
) -> World:
    """Store an edition 2023H2 with an entry for each named responsible institution (None: nobody)."""
    institutions = await _store_tree(session)
    edition = WhitelistEdition(
        jurisdiction="230000",
        code="2023H2",
        in_force_from=date(2023, 7, 1),
        in_force_until=date(2023, 12, 31),
        version=1,
        created_at=ADMITTED,
    )
    session.add(edition)
    session.add(
        Chain(
            code="aero", jurisdiction="230000", name="航空产业链", industries=[], source="t", is_demo=True,
            version=1, created_at=ADMITTED,
        )
    )  # fmt: skip
    await session.flush()
    run_id = await _store_runs(session, edition.id)
    product = await _store_product(session, institutions["icbc"])
    world = World(edition.id, run_id, institutions, {}, product)
    for number, owner in enumerate(responsible):
        await add_entry(session, world, number)
        if owner is not None:
            await assign(session, world, entry_code(number), owner, ASSIGNED, supporting=supporting)
    return world


def entry_code(number: int) -> str:
    """Answer the code of the n-th entry."""
    return f"2023H2-9123010{number:011d}"


def in_database(url: str, job: Callable[[AsyncSession], Awaitable[object]]) -> None:
    """Do something in a database in one transaction, from a test that is not asynchronous."""

    async def do() -> None:
        engine = make_engine(url)
        async with transaction(make_sessions(engine)) as session:
            await job(session)
        await engine.dispose()

    asyncio.run(do())


async def add_entry(
    session: AsyncSession, world: World, number: int, *, admitted_at: datetime = ADMITTED
) -> None:
    """Store the n-th entry: odd ones are in another county and on a chain, every third is a first loan."""
    uscc = f"9123010{number:011d}"
    firm = Enterprise(
        uscc=uscc, name=f"=公司{number}", name_key=f"公司{number}", region_code="230102", industry="C3412",
        established_on=None, ownership=None, is_demo=True, version=1, created_at=ADMITTED, updated_at=ADMITTED,
    )  # fmt: skip
    session.add(firm)
    await session.flush()
    need = Need(code=f"N-{uscc}", enterprise_id=firm.id, project_id=None, revision=1, created_at=ADMITTED)
    session.add(need)
    await session.flush()
    region = "230103" if number % 2 else "230102"
    facts = {
        "amount": "5000000.00", "term_months": 24, "purposes": ["equipment"], "region": region,
        "source_class": "srdi", "industry": "C3412", "collateral": [], "first_loan": (True, False, None)[number % 3],
    }  # fmt: skip
    revision = NeedRevision(
        need_id=need.id, revision=1, facts=facts, amount_fen=NEED_FEN, term_months=24, content_hash=HASH,
        stated_on=date(2023, 9, 1), created_at=ADMITTED,
    )  # fmt: skip
    session.add(revision)
    await session.flush()
    entry = WhitelistEntry(
        code=entry_code(number), edition_id=world.edition_id, need_id=need.id, need_revision_id=revision.id,
        enterprise_id=firm.id, source_class="srdi", region_code=region, chain_code="aero" if number % 2 else None,
        size_class="small", amount_fen=NEED_FEN, status="admitted", admission={}, extra={}, admitted_at=admitted_at,
        version=1, created_at=ADMITTED,
    )  # fmt: skip
    session.add(entry)
    await session.flush()
    world.entries[entry.code] = entry.id
    await ROSTER_CHANGED.tell(session, [entry.id], admitted_at)


async def assign(
    session: AsyncSession,
    world: World,
    code: str,
    institution: str,
    at: datetime,
    *,
    supporting: str | None = None,
) -> None:
    """Make an institution responsible for an entry from an instant, ending who was before."""
    before = select(Assignment).where(
        Assignment.entry_id == world.entries[code], Assignment.ended_at.is_(None)
    )
    for assignment in (await session.execute(before)).scalars():
        assignment.ended_at = at
        world.run_id = await _store_runs(session, world.edition_id)
    new = Assignment(
        run_id=world.run_id, entry_id=world.entries[code], kind="matched",
        institution_id=world.institutions[institution], responsible_body="", explanation={}, assigned_at=at,
    )  # fmt: skip
    session.add(new)
    await session.flush()
    if supporting is not None:
        session.add(
            AssignmentSupport(
                assignment_id=new.id, rank=1, institution_id=world.institutions[supporting],
                product_revision_id=world.product_revision_id, score=1,
            )
        )  # fmt: skip
    await session.flush()
    await PARTIES_CHANGED.tell(session, [world.entries[code]], at)


async def keep_with_coordinator(session: AsyncSession, world: World, code: str, at: datetime) -> None:
    """Give an entry to the coordinator from an instant, ending who was before."""
    current = select(Assignment).where(
        Assignment.entry_id == world.entries[code], Assignment.ended_at.is_(None)
    )
    for assignment in (await session.execute(current)).scalars():
        assignment.ended_at = at
    await session.flush()
    session.add(
        Assignment(
            entry_id=world.entries[code], kind="coordinator", responsible_body="哈尔滨市统筹部门", explanation={},
            assigned_at=at,
        )
    )  # fmt: skip
    await session.flush()
    await PARTIES_CHANGED.tell(session, [world.entries[code]], at)


async def _store_tree(session: AsyncSession) -> dict[str, int]:
    ids: dict[str, int] = {}
    lines: dict[str, str] = {}
    for code, parent, region in TREE:
        node = Institution(
            code=code, name=f"{code}银行", short_name=code, kind="large", parent_id=ids.get(parent or ""),
            lineage="/", region_code=region, capacity=100, is_demo=True, version=1, created_at=ADMITTED,
            updated_at=ADMITTED,
        )  # fmt: skip
        session.add(node)
        await session.flush()
        ids[code] = node.id
        node.lineage = lines[code] = f"{lines.get(parent or '', '/')}{node.id}/"
        node.root_id = int(node.lineage.split("/")[1])
    await session.flush()
    return ids


async def _store_runs(session: AsyncSession, edition_id: int) -> int:
    match_run = MatchRun(
        edition_id=edition_id, library_code=None, engine_version="1", inputs_hash=HASH, result_hash=HASH,
        inputs={"on": "2023-09-04"}, counts=dict.fromkeys(RunCounts.model_fields, 0), run_by="test",
        created_at=ADMITTED,
    )  # fmt: skip
    session.add(match_run)
    await session.flush()
    run = AllocationRun(
        edition_id=edition_id, match_run_id=match_run.id, settings=SETTINGS, objective={}, inputs_hash=HASH,
        result_hash=HASH, run_by="test", created_at=ADMITTED,
    )  # fmt: skip
    session.add(run)
    await session.flush()
    session.add(
        AllocationProblemRecord(run_id=run.id, arrays=pack(NOTHING_POSED, solve(NOTHING_POSED.problem)))
    )
    return run.id


async def _store_product(session: AsyncSession, institution_id: int) -> int:
    product = Product(code="P1", institution_id=institution_id, revision=1, created_at=ADMITTED)
    session.add(product)
    await session.flush()
    revision = ProductRevision(
        product_id=product.id, revision=1, name="贷", terms={}, content_hash=HASH, valid_from=date(2022, 1, 1),
        valid_until=date(2022, 12, 31), is_demo=True, created_at=ADMITTED,
    )  # fmt: skip
    session.add(revision)
    await session.flush()
    return revision.id


async def add_event(
    session: AsyncSession,
    world: World,
    code: str,
    kind: str,
    institution: str,
    at: datetime,
    *,
    sequence: int,
    amount_fen: int = 0,
    is_simulated: bool = False,
) -> None:
    """Store a docking event as if it had been logged at once; approvals are for 24 months on credit."""
    is_approval = kind == "credit_approved"
    session.add(
        DockingEvent(
            entry_id=world.entries[code], sequence=sequence, kind=kind,
            institution_id=world.institutions[institution], occurred_at=at, recorded_at=at, actor="test",
            amount_fen=amount_fen if kind in {"credit_approved", "disbursed"} else None,
            rate_bp=385 if is_approval else None, term_months=24 if is_approval else None,
            is_credit_loan=True if is_approval else None, reason="litigation" if kind == "declined" else None,
            evidence="判决书" if kind == "declined" else None, detail={}, is_simulated=is_simulated,
        )
    )  # fmt: skip
    await session.flush()
