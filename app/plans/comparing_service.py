"""Use cases of comparing: a draft beside the plan in force over the whole edition, and whether that still holds."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from app.accounts import audit_service
from app.accounts.rules import Viewer
from app.catalogue import service as catalogue
from app.chains import plan_states
from app.chains.plan_states import Comparison
from app.chains.tables import Chain
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.errors import NotFound, Unavailable
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.progress import report
from app.kernel.shanghai import shanghai_date
from app.matching import effect_service
from app.matching.gathering import gather, shelf, surroundings
from app.matching.inputs import Surroundings
from app.plans import queries
from app.plans.comparing import ComparedEntry, ComparedPlan, compared
from app.plans.rules import DraftState, changed_inputs, hash_of, inputs_of, the_draft
from app.plans.schemas import ComparisonOut, ComparisonSummary, EffectFilter, NeedEffectOut
from app.plans.standing import Standing, found_draft, managed_chain, refuse_ended, standing_of
from app.plans.tables import PlanComparison, PlanDraft
from app.plans.views import comparison_out, comparison_summary, effect_out, value_of

Edition = tuple[int, str] | None
LPR = "lpr"


async def compare_draft(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    number: int,
    *,
    now: datetime,
    expect: Callable[[int], None] = lambda _version: None,
) -> ComparisonOut:
    """Compare a draft with the plan in force over every need of the edition, and keep what comes of it.

    The figures rest on all needs of the chain, whoever asks; which they are is shown as far as the viewer sees them.

    Raises:
        NotFound: no such chain or draft that the viewer may see.
        Conflict: the draft is published or given up.
        Unavailable: no loan prime rate is known for today.
    """
    chain = await managed_chain(session, viewer, code, is_held=True)
    row = await found_draft(session, chain, number, is_locked=True)
    expect(row.version)
    refuse_ended(row)
    standing, today = await standing_of(session, chain), shanghai_date(now)
    edition = await effect_service.edition_of_day(session, viewer, today)
    report("reading needs")
    around = await gather(session, viewer, today)
    asks_unstated = _asks_unstated(standing, row, around)
    entries, total, mark = await _needs(session, viewer, edition, code, asks_unstated=asks_unstated)
    inputs = inputs_of(around, code, _code(edition), ((one.code, one.content_hash) for one in entries))
    held = standing.in_force(today)
    against = None if held is None else held.version
    comparison = Comparison(row.content_hash, against, _code(edition), hash_of(inputs), today)
    plan_states.compare(the_draft(standing.versions(), number), comparison)
    found = await asyncio.to_thread(_computed, around, standing, row, entries, total)
    stored = await _kept(session, viewer, row, comparison, inputs, mark, found, now)
    audit_service.note(
        session,
        "compare_plan",
        "plan_draft",
        f"{code}/{number}",
        now=now,
        detail={"comparison": stored.number},
    )
    return await get_comparison(session, viewer, code, number, stored.number, now=now)


def _computed(
    around: Surroundings, standing: Standing, row: PlanDraft, entries: list[ComparedEntry], total: int
) -> ComparedPlan:
    following = standing.newest.version + 1 if standing.newest is not None else 1
    plan = value_of(standing.chain, following, row)
    return compared(around, shelf.matcher_of(around), plan, entries, total)


def _asks_unstated(standing: Standing, row: PlanDraft, around: Surroundings) -> bool:
    """Tell whether a plan grants something of a product: then it concerns who states no chain."""
    plan = around.plans.get(standing.chain.code)
    granted = any(term.get("product") for term in row.content.get("granted", ()))
    return granted or bool(plan is not None and plan.grants)


async def _needs(
    session: AsyncSession, viewer: Viewer, edition: Edition, chain: str, *, asks_unstated: bool
) -> tuple[list[ComparedEntry], int, str]:
    """Answer the needs that a plan of the chain may concern, how many the edition lists, and the mark of the first."""
    if edition is None:
        return [], 0, ""
    with unrestricted(session):
        rows = await queries.concerned_entries(
            session, viewer, edition[0], chain, with_unstated=asks_unstated
        )
        total = await queries.admitted_count(session, viewer, edition[0])
    mark = await _mark(session, viewer, edition, chain, asks_unstated=asks_unstated)
    return [ComparedEntry(*row) for row in rows], total, mark


async def _mark(
    session: AsyncSession, viewer: Viewer, edition: Edition, chain: str, *, asks_unstated: bool
) -> str:
    if edition is None:
        return ""
    with unrestricted(session):
        mark = await queries.listed_mark(session, viewer, edition[0], chain, with_unstated=asks_unstated)
    return f"{mark}/{'all' if asks_unstated else 'chain'}"


def _code(edition: Edition) -> str | None:
    return None if edition is None else edition[1]


async def _kept(
    session: AsyncSession,
    viewer: Viewer,
    row: PlanDraft,
    comparison: Comparison,
    inputs: dict[str, Any],
    mark: str,
    found: ComparedPlan,
    now: datetime,
) -> PlanComparison:
    report("saving", 0, len(found.rows))
    newest = (await queries.newest_comparisons(session, [row.id])).get(row.id)
    stored = PlanComparison(
        draft_id=row.id,
        number=1 if newest is None else newest.number + 1,
        content_hash=comparison.content_hash,
        against=comparison.against,
        edition=comparison.edition,
        compared_on=comparison.on,
        listed=mark,
        inputs=inputs,
        inputs_hash=comparison.inputs_hash,
        result_hash=found.result_hash,
        counts=found.counts,
        compared_by=viewer.name,
        created_at=now,
    )
    await queries.add(session, stored)
    await queries.add_effects(session, stored.id, found.rows)
    row.state, row.version = DraftState.COMPARED.value, row.version + 1
    await session.flush()
    return stored


async def inputs_now(
    session: AsyncSession, viewer: Viewer, standing: Standing, row: PlanDraft, *, now: datetime
) -> dict[str, Any]:
    """Answer what a comparison of a draft would rest on now, every need's wording included."""
    today, code = shanghai_date(now), standing.chain.code
    edition = await effect_service.edition_of_day(session, viewer, today)
    around = await gather(session, viewer, today)
    wordings: list[tuple[str, str]] = []
    if edition is not None:
        with unrestricted(session):
            wordings = await queries.concerned_wordings(
                session, viewer, edition[0], code, with_unstated=_asks_unstated(standing, row, around)
            )
    return inputs_of(around, code, _code(edition), wordings)


async def changed_since(
    session: AsyncSession,
    viewer: Viewer,
    standing: Standing,
    row: PlanDraft,
    found: PlanComparison,
    *,
    now: datetime,
) -> list[str]:
    """Name what a comparison rests on and has changed since, without reading the edition.

    What products, rules and plans are now is remembered between requests (`surroundings`); of the needs only their
    numbers are asked. `content` says that the draft itself was changed, `lpr` that nothing can be told without it.
    """
    today, code = shanghai_date(now), standing.chain.code
    changed = ["content"] if found.content_hash != row.content_hash else []
    held = standing.in_force(today)
    if found.against != (None if held is None else held.version):
        changed.append("against")
    try:
        around = await surroundings(session, viewer, today)
    except Unavailable:
        return [*changed, LPR]
    edition = await effect_service.edition_of_day(session, viewer, today)
    inputs = await asyncio.to_thread(inputs_of, around, code, _code(edition), ())
    del inputs["needs"]
    changed += changed_inputs(found.inputs, inputs)
    asks_unstated = _asks_unstated(standing, row, around)
    mark = await _mark(session, viewer, edition, code, asks_unstated=asks_unstated)
    return sorted({*changed, *(["needs"] if mark != found.listed else [])})


async def list_comparisons(
    session: AsyncSession, viewer: Viewer, code: str, number: int, page: PageRequest
) -> Page[ComparisonSummary]:
    """Answer the comparisons of a draft, the newest first.

    Raises:
        NotFound: no such chain or draft that the viewer may see.
    """
    chain = await managed_chain(session, viewer, code)
    row = await found_draft(session, chain, number)
    rows = await queries.comparisons_of(session, row.id, before=page.after_number(), limit=page.limit + 1)
    return page_of(rows, page, lambda one: (one.number,), lambda one: comparison_summary(code, number, one))


async def get_comparison(
    session: AsyncSession, viewer: Viewer, code: str, number: int, comparison: int, *, now: datetime
) -> ComparisonOut:
    """Answer a comparison, and what has changed since of what it rests on.

    Raises:
        NotFound: no such chain, draft or comparison that the viewer may see.
    """
    chain = await managed_chain(session, viewer, code)
    row, found = await stored_comparison(session, chain, number, comparison)
    standing = await standing_of(session, chain)
    changed = await changed_since(session, viewer, standing, row, found, now=now)
    tree = await institution_tree(session, viewer)
    banks = {one["code"]: node.name for one in found.counts["banks"] if (node := tree.find(one["code"]))}
    products = await catalogue.product_names(
        session, viewer, [one["code"] for one in found.counts["products"]]
    )
    return comparison_out(code, number, found, changed, {"products": products, "banks": banks})


async def stored_comparison(
    session: AsyncSession, chain: Chain, number: int, comparison: int
) -> tuple[PlanDraft, PlanComparison]:
    """Answer a draft and one of its comparisons.

    Raises:
        NotFound: the chain has no such draft, or the draft no such comparison.
    """
    row = await found_draft(session, chain, number)
    found = await queries.comparison_of(session, row.id, comparison)
    if found is None:
        raise NotFound(f"The draft {number} of {chain.code} has no comparison {comparison}.")
    return row, found


async def list_effects(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    number: int,
    comparison: int,
    page: PageRequest,
    wanted: EffectFilter,
) -> Page[NeedEffectOut]:
    """Answer the needs that a draft changes and the viewer sees, by entry code, each with what changes and why.

    Raises:
        NotFound: no such chain, draft or comparison that the viewer may see.
    """
    chain = await managed_chain(session, viewer, code)
    _row, found = await stored_comparison(session, chain, number, comparison)
    key = page.after()
    after = None if key is None else str(key[0])
    rows = await queries.page_of_effects(session, found.id, wanted, after, page.limit + 1)
    return page_of(rows, page, lambda one: (one.effect.code,), effect_out)
