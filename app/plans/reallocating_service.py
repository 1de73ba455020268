"""Use cases of reallocating: what a draft would change if the edition were allocated anew, and why."""

from datetime import datetime

from app.accounts import audit_service
from app.accounts.rules import Viewer
from app.allocation.plan_preview_service import PlanPreview, preview_plan, shown
from app.institutions.rules import InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound
from app.kernel.paging import Page, PageRequest, page_of
from app.plans import queries
from app.plans.comparing_service import changed_since, stored_comparison
from app.plans.rules import faults_of_inputs
from app.plans.schemas import ReallocatedOut, ReallocationOut
from app.plans.standing import managed_chain, refuse_ended, standing_of
from app.plans.tables import PlanReallocation
from app.plans.views import reallocated_out, reallocation_out, value_of

NOT_COMPUTED = "The allocation was not computed."


async def reallocate(
    session: AsyncSession, viewer: Viewer, code: str, number: int, comparison: int, *, now: datetime
) -> ReallocationOut:
    """Allocate the compared edition anew with the plan in force and with the draft; keep what differs, change nothing.

    Raises:
        NotFound: no such chain, draft or comparison that the viewer may see.
        Forbidden: no role of the viewer covers the whole jurisdiction.
        Conflict: it was computed already, the comparison does not hold any more, or the edition has to be matched first.
    """
    chain = await managed_chain(session, viewer, code, is_held=True)
    row, found = await stored_comparison(session, chain, number, comparison)
    refuse_ended(row)
    if await queries.reallocation_of(session, found.id) is not None:
        fault = Fault("comparison", "was allocated already", "Read it, or compare the draft again.")
        raise Conflict(NOT_COMPUTED, [fault])
    if found.edition is None:
        fault = Fault("edition", "no edition is open", "Open one and import its roster first.")
        raise Conflict(NOT_COMPUTED, [fault])
    standing = await standing_of(session, chain)
    changed = await changed_since(session, viewer, standing, row, found, now=now)
    if changed:
        raise Conflict(NOT_COMPUTED, faults_of_inputs(changed))
    following = standing.newest.version + 1 if standing.newest is not None else 1
    plan = value_of(chain, following, row)
    seen = await preview_plan(session, viewer, found.edition, plan, found.against, now=now)
    tree = await institution_tree(session, viewer)
    stored = PlanReallocation(
        comparison_id=found.id,
        match_run_id=seen.match_run,
        counts=_counts(seen, tree),
        result_hash=seen.result_hash,
        run_by=viewer.name,
        created_at=now,
    )
    await queries.add(session, stored)
    await queries.add_reallocated(session, found.id, _rows(seen))
    audit_service.note(session, "reallocate_plan", "plan_draft", f"{code}/{number}", now=now)
    return reallocation_out(code, number, found, stored)


def _counts(seen: PlanPreview, tree: InstitutionTree) -> dict[str, object]:
    names = {one.institution: tree.find(one.institution) for one in seen.banks}
    return {
        "entries": seen.entries,
        "served_before": seen.difference.served_without,
        "served_after": seen.difference.served_with,
        "fit_before": seen.fit_before,
        "fit_after": seen.fit_after,
        "changes": {str(change): count for change, count in seen.difference.changes.items()},
        "by_clause": dict(seen.difference.by_clause),
        "banks": [
            {
                "institution": one.institution,
                "name": one.institution if (node := names[one.institution]) is None else node.name,
                "before": one.before,
                "after": one.after,
            }
            for one in seen.banks
        ],
    }


def _rows(seen: PlanPreview) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for one in seen.difference.entries:
        before, after = shown(one)
        found.append(
            {
                "entry_id": seen.entry_ids[one.entry],
                "code": one.entry,
                "change": one.change.value,
                "with_draft": after,
                "without_draft": before,
                "sentence": one.sentence,
            }
        )
    return found


async def get_reallocation(
    session: AsyncSession, viewer: Viewer, code: str, number: int, comparison: int
) -> ReallocationOut:
    """Answer what an allocation anew would come to.

    Raises:
        NotFound: no such chain, draft or comparison that the viewer may see, or it was not computed.
    """
    chain = await managed_chain(session, viewer, code)
    _row, found = await stored_comparison(session, chain, number, comparison)
    stored = await queries.reallocation_of(session, found.id)
    if stored is None:
        raise NotFound("The allocation of this comparison was not computed.")
    return reallocation_out(code, number, found, stored)


async def list_reallocated(
    session: AsyncSession, viewer: Viewer, code: str, number: int, comparison: int, page: PageRequest
) -> Page[ReallocatedOut]:
    """Answer the entries that would have another party or fit and that the viewer sees, by code.

    Raises:
        NotFound: no such chain, draft or comparison that the viewer may see.
    """
    chain = await managed_chain(session, viewer, code)
    _row, found = await stored_comparison(session, chain, number, comparison)
    key = page.after()
    after = None if key is None else str(key[0])
    rows = await queries.page_of_reallocated(session, found.id, after, page.limit + 1)
    return page_of(rows, page, lambda one: (one.entry.code,), reallocated_out)
