"""Import of chains, managers and plans from a YAML file: all of it or nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from app.accounts.rules import Viewer
from app.chains import queries
from app.chains.planning import (
    ManagerPeriod,
    content_of,
    fault_of_manager,
    faults_of_chains,
    faults_of_plan,
    plan_hash,
)
from app.chains.rows import new_chain, new_manager, period_of
from app.chains.rules import Period
from app.chains.schemas import ChainImportPreview, ChainIn, ManagerRecord, PlanIn, PlanRecord
from app.chains.tables import Chain, ChainPlan
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, Refused
from app.kernel.settings import get_settings
from app.policy.yaml_records import Placed, read_records
from app.reference.book import ReferenceBook, load_reference_book

NOT_IMPORTED: Final = "Nothing was imported: mend these and send the file again."


async def import_chains(
    session: AsyncSession,
    viewer: Viewer,
    text: str,
    file_name: str,
    *,
    now: datetime,
    known_products: frozenset[str] | None = None,
    dry_run: bool = False,
) -> ChainImportPreview:
    """Take a YAML file with `chains`, `managers` and `plans`, each list optional; all of it or nothing.

    A chain states itself wholly; managers that are stored already are left as they are; a plan that
    differs from the latest version becomes the next one. Without `known_products` (a seed that loads the
    products later) the products of plans are not looked at.

    Raises:
        Refused: every fault by file, line and key; nothing is written.
    """
    faults: list[Fault] = []
    lists = {"chains": ChainIn, "managers": ManagerRecord, "plans": PlanRecord}
    read = read_records(text, file_name, lists, faults, head=frozenset({"note"})).records
    faults += faults_of_chains(read["chains"], reference_book())
    stored = {row.code: row for row in await queries.all_chains(session)}
    given = {item.record.code: new_chain(item.record, viewer, now) for item in read["chains"]}
    known = given | stored
    managers = await _new_managers(session, read["managers"], known, faults)
    plans = await _new_plans(session, viewer, read["plans"], known, known_products, faults)
    if faults:
        raise Refused(NOT_IMPORTED, faults)
    preview = ChainImportPreview(
        new=sorted(given.keys() - stored.keys()),
        changed=sorted(code for code in given.keys() & stored.keys() if _differs(given[code], stored[code])),
        same=sum(not _differs(given[code], stored[code]) for code in given.keys() & stored.keys()),
        managers=len(managers),
        plans=sorted(item.record.chain for item in plans),
        is_dry_run=dry_run,
    )
    if not dry_run:
        await _save_import(session, preview, known, given, managers, plans, now)
    return preview


async def _new_managers(
    session: AsyncSession, placed: list[Placed[Any]], known: Mapping[str, Chain], faults: list[Fault]
) -> list[Placed[Any]]:
    held = defaultdict[str, list[ManagerPeriod]](list)
    codes = {chain.id: code for code, chain in known.items()}
    for row in await queries.managers_of(session):
        held[codes[row.chain_id]].append(period_of(row))
    new: list[Placed[Any]] = []
    for item in placed:
        manager: ManagerRecord = item.record
        period = ManagerPeriod(manager.role, manager.name, Period(manager.since, manager.until))
        if manager.chain not in known:
            faults.append(_unknown_chain(item))
        elif period not in held[manager.chain]:
            fault = fault_of_manager(item, held[manager.chain])
            faults += [fault] if fault is not None else []
            held[manager.chain].append(period)
            new.append(item)
    return new


async def _new_plans(
    session: AsyncSession,
    viewer: Viewer,
    placed: list[Placed[Any]],
    known: Mapping[str, Chain],
    known_products: frozenset[str] | None,
    faults: list[Fault],
) -> list[Placed[Any]]:
    tree = await institution_tree(session, viewer)
    latest = {plan.chain_id: plan for plan in await queries.plans_of(session)}
    seen: set[str] = set()
    new: list[Placed[Any]] = []
    for item in placed:
        chain = known.get(item.record.chain)
        if chain is None:
            faults.append(_unknown_chain(item))
            continue
        if chain.code in seen:
            faults.append(item.fault("chain", "two plans for one chain", "Keep the newest.", chain.code))
        seen.add(chain.code)
        before = latest.get(chain.id)
        faults += faults_of_plan(item, tree, before.since if before else None, known_products)
        if before is None or before.content_hash != plan_hash(item.record):
            new.append(item)
    return new


def _unknown_chain(item: Placed[Any]) -> Fault:
    return item.fault(
        "chain", "no such chain, stored or in this file", "Add it to `chains`.", item.record.chain
    )


def _differs(one: Chain, other: Chain) -> bool:
    names = ("name", "jurisdiction", "industries", "source", "profile", "is_demo")
    return any(getattr(one, name) != getattr(other, name) for name in names)


async def _save_import(
    session: AsyncSession,
    preview: ChainImportPreview,
    known: Mapping[str, Chain],
    given: Mapping[str, Chain],
    managers: list[Placed[Any]],
    plans: list[Placed[Any]],
    now: datetime,
) -> None:
    for code in preview.changed:
        row, stated = known[code], given[code]
        row.name, row.jurisdiction, row.industries = stated.name, stated.jurisdiction, stated.industries
        row.source, row.profile = stated.source, stated.profile
        row.is_demo, row.version = stated.is_demo, row.version + 1
    await queries.add(session, *(known[code] for code in preview.new))
    await queries.add(
        session, *(new_manager(known[item.record.chain], item.record, now) for item in managers)
    )
    for item in plans:
        chain = known[item.record.chain]
        await save_plan(session, chain, await queries.plans_of(session, chain.id), item.record, now)


async def save_plan(
    session: AsyncSession, chain: Chain, plans: Sequence[ChainPlan], plan: PlanIn, now: datetime
) -> ChainPlan:
    """Store a checked plan as the next version, unless the latest says the same."""
    digest = plan_hash(plan)
    if plans and plans[-1].content_hash == digest:
        return plans[-1]
    row = ChainPlan(
        chain_id=chain.id,
        version=plans[-1].version + 1 if plans else 1,
        since=plan.since,
        until=plan.until,
        content=content_of(plan),
        content_hash=digest,
        created_at=now,
    )
    await queries.add(session, row)
    return row


def reference_book() -> ReferenceBook:
    """Answer the shipped regions and industries."""
    return load_reference_book(get_settings().seed_dir)
