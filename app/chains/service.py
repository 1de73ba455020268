"""Use cases of chains: the book for others, chains, their managers and published plans."""

from collections.abc import Callable
from datetime import date, datetime
from itertools import groupby

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.chains import queries
from app.chains.importing import import_chains, reference_book, save_plan
from app.chains.planning import fault_of_manager, faults_of_chains, faults_of_plan
from app.chains.rows import (
    chain_in_force,
    chain_out,
    manager_out,
    new_chain,
    new_manager,
    period_of,
    plan_out,
    plan_period,
)
from app.chains.rules import MANAGER_ROLES, ChainBook, version_in_force
from app.chains.schemas import (
    ChainIn,
    ChainOut,
    ManagerEnd,
    ManagerIn,
    ManagerOut,
    PlanIn,
    PlanOut,
)
from app.chains.tables import Chain
from app.institutions.rules import digits_of
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, encode_cursor
from app.policy.yaml_records import Placed
from app.reference.regions import region_contains

__all__ = [
    "appoint_manager",
    "chain_book",
    "chain_codes",
    "chain_names",
    "create_chain",
    "end_manager",
    "get_chain",
    "get_manager",
    "get_plan",
    "import_chains",
    "list_chains",
    "list_managers",
    "manager_version",
    "planned_products",
    "publish_plan",
]


async def chain_book(session: AsyncSession, viewer: Viewer, on: date) -> ChainBook:
    """Answer the chains of the viewer's jurisdiction, above and below it, with the plans of a day."""
    plans = {
        chain_id: list(versions)
        for chain_id, versions in groupby(await queries.plans_of(session), lambda plan: plan.chain_id)
    }
    return ChainBook.build(
        chain_in_force(chain, plans.get(chain.id, []), on)
        for chain in await queries.all_chains(session)
        if _concerns(chain.jurisdiction, viewer.jurisdiction)
    )


async def chain_names(session: AsyncSession, viewer: Viewer) -> dict[str, str]:
    """Answer what the chains of the viewer's jurisdiction, above and below it, are called, by code."""
    return {
        chain.code: chain.name
        for chain in await queries.names(session)
        if _concerns(chain.jurisdiction, viewer.jurisdiction)
    }


def _concerns(jurisdiction: str, viewers: str) -> bool:
    return region_contains(viewers, jurisdiction) or region_contains(jurisdiction, viewers)


async def chain_codes(session: AsyncSession, _viewer: Viewer) -> frozenset[str]:
    """Answer the codes of all chains, for those who name them (products, needs)."""
    return frozenset(chain.code for chain in await queries.all_chains(session))


async def planned_products(session: AsyncSession, _viewer: Viewer) -> dict[str, tuple[str, ...]]:
    """Answer the product codes that the latest plan of each chain names, by chain code."""
    codes = {chain.id: chain.code for chain in await queries.all_chains(session)}
    latest = {plan.chain_id: plan for plan in await queries.plans_of(session)}
    return {codes[chain_id]: tuple(plan.content["products"]) for chain_id, plan in latest.items()}


async def list_chains(
    session: AsyncSession, _viewer: Viewer, page: PageRequest, *, jurisdiction: str | None = None
) -> Page[ChainOut]:
    """Answer chains by code, of a jurisdiction and those below it."""
    after = page.after()
    rows = await queries.page_of_chains(
        session,
        after=None if after is None else str(after[0]),
        limit=page.limit + 1,
        region_prefix=None if jurisdiction is None else digits_of(jurisdiction),
    )
    shown, versions = rows[: page.limit], await queries.latest_plan_versions(session)
    more = encode_cursor(shown[-1].code) if len(rows) > page.limit else None
    return Page(items=[chain_out(row, versions.get(row.id, 0)) for row in shown], next=more)


async def get_chain(session: AsyncSession, _viewer: Viewer, code: str) -> ChainOut:
    """Answer one chain.

    Raises:
        NotFound: there is none of this code.
    """
    row = await queries.shown_chain(session, code)
    if row is None:
        raise _unknown(code)
    return chain_out(row, row.plan_version or 0)


async def create_chain(session: AsyncSession, viewer: Viewer, data: ChainIn, *, now: datetime) -> ChainOut:
    """Store a new chain; without a jurisdiction it is the viewer's.

    Raises:
        Forbidden: its jurisdiction is not the viewer's.
        Conflict: the code is taken.
        Refused: an unknown region or industry.
    """
    require(viewer, Action.MANAGE_CHAINS, Target(region=data.jurisdiction or viewer.jurisdiction))
    if await queries.chain_by_code(session, data.code) is not None:
        fault = Fault("code", "taken", "Choose another code.", data.code)
        raise Conflict(f"There is a chain {data.code} already.", [fault])
    faults = list(faults_of_chains([Placed(data, str)], reference_book()))
    if faults:
        raise Refused("The chain was not stored.", faults)
    await queries.add(session, new_chain(data, viewer, now))
    return await get_chain(session, viewer, data.code)


async def get_plan(
    session: AsyncSession, _viewer: Viewer, code: str, *, on: date | None = None, version: int | None = None
) -> PlanOut:
    """Answer a chain's plan: the latest version, else the one in force on a day, else a numbered one.

    Raises:
        NotFound: no such chain, or no such version, or none in force on that day.
    """
    plans = {plan.version: plan for plan in await queries.shown_plans(session, code)}
    wanted = version if version is not None else max(plans, default=None)
    if on is not None and version is None:
        wanted = version_in_force(((plan.version, plan_period(plan)) for plan in plans.values()), on)
    if wanted not in plans:
        await _stored(session, code)
        raise NotFound(f"The chain {code} has no such plan.")
    return plan_out(code, plans[wanted])


async def publish_plan(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    plan: PlanIn,
    *,
    expect: Callable[[int], None],
    known_products: frozenset[str],
    now: datetime,
) -> PlanOut:
    """Publish the next version of a chain's plan; the same plan again publishes nothing.

    `expect` is given the latest version's number (0: none yet) and raises if it is not the one meant.
    `known_products` are the codes that the catalogue, which stands above, knows.

    Raises:
        NotFound: there is no such chain.
        Forbidden: it is neither the viewer's chain nor one of the viewer's region.
        Refused: an unknown institution or product, or a first day before that of the latest version.
    """
    chain = await _stored(session, code, is_for_change=True)
    require(viewer, Action.MANAGE_CHAINS, Target(region=chain.jurisdiction, chain=code))
    plans = await queries.plans_of(session, chain.id)
    expect(plans[-1].version if plans else 0)
    tree = await institution_tree(session, viewer)
    since = plans[-1].since if plans else None
    faults = list(faults_of_plan(Placed(plan, str), tree, since, known_products))
    if faults:
        raise Refused("The plan was not published.", faults)
    return plan_out(code, await save_plan(session, chain, plans, plan, now))


async def list_managers(session: AsyncSession, _viewer: Viewer, code: str) -> list[ManagerOut]:
    """Answer everybody who answered or answers for a chain, by first day and role."""
    rows = await queries.shown_managers(session, code)
    if not rows:
        await _stored(session, code)
    return [manager_out(row) for row in rows if row.role in MANAGER_ROLES]


async def appoint_manager(
    session: AsyncSession, viewer: Viewer, code: str, manager: ManagerIn, *, now: datetime
) -> ManagerOut:
    """Store who answers for a chain from a day on.

    Raises:
        NotFound: there is no such chain.
        Forbidden: it is not one of the viewer's region; a chain's manager does not appoint.
        Conflict: somebody holds the same role on one of these days.
    """
    chain = await _stored(session, code, is_for_change=True)
    require(viewer, Action.MANAGE_CHAINS, Target(region=chain.jurisdiction))
    held = [period_of(row) for row in await queries.managers_of(session, chain.id)]
    fault = fault_of_manager(Placed(manager, str), held)
    if fault is not None:
        raise Conflict("Two people cannot hold the same role at once.", [fault])
    row = new_manager(chain, manager, now)
    await queries.add(session, row)
    return manager_out(row)


async def get_manager(session: AsyncSession, viewer: Viewer, code: str, role: str, since: date) -> ManagerOut:
    """Answer one period.

    Raises:
        NotFound: no such chain, or nobody holds this role of it from that day.
    """
    for found in await list_managers(session, viewer, code):
        if (found.role, found.since) == (role, since):
            return found
    raise NotFound(f"Nobody is {role} of the chain {code} from {since}.")


async def end_manager(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    role: str,
    since: date,
    end: ManagerEnd,
    *,
    expect: Callable[[str], None],
) -> ManagerOut:
    """Set or clear the last day of a period; `expect` is given the stored last day (`open`: none).

    Raises:
        NotFound: nobody holds this role of the chain from that day.
        Forbidden: the chain is not one of the viewer's region.
        Refused: the last day lies before the first.
        Conflict: the longer period overlaps that of another person in the same role.
    """
    chain = await _stored(session, code, is_for_change=True)
    require(viewer, Action.MANAGE_CHAINS, Target(region=chain.jurisdiction))
    rows = await queries.managers_of(session, chain.id)
    row = next((row for row in rows if (row.role, row.since) == (role, since)), None)
    if row is None:
        raise NotFound(f"Nobody is {role} of the chain {code} from {since}.")
    expect(manager_version(row.until))
    if end.until is not None and end.until < since:
        raise Refused("Nothing was changed.", [Fault("until", f"lies before the first day, {since}")])
    changed = ManagerIn(role=role, name=row.name, body=row.body, since=since, until=end.until)
    fault = fault_of_manager(Placed(changed, str), [period_of(other) for other in rows if other is not row])
    if fault is not None:
        raise Conflict("Two people cannot hold the same role at once.", [fault])
    row.until = end.until
    await session.flush()
    return manager_out(row)


def manager_version(until: date | None) -> str:
    """Answer the version of a manager's period, for its ETag: its last day, or `open`."""
    return until.isoformat() if until is not None else "open"


async def _stored(session: AsyncSession, code: str, *, is_for_change: bool = False) -> Chain:
    row = await queries.chain_by_code(session, code, is_for_change=is_for_change)
    if row is None:
        raise _unknown(code)
    return row


def _unknown(code: str) -> NotFound:
    return NotFound(f"There is no chain {code}.")
