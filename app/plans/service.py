"""Use cases of plans: versions and drafts, listed, drafted, given up, published, archived."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from app.accounts import audit_service
from app.accounts.permissions import Target, require
from app.accounts.rules import Viewer
from app.catalogue import service as catalogue
from app.chains import plan_states
from app.chains.plan_states import PlanState
from app.chains.planning import content_of, plan_hash
from app.chains.rules import Period
from app.chains.schemas import PlanIn
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.shanghai import shanghai_date
from app.plans import queries
from app.plans.comparing_service import compare_draft, inputs_now
from app.plans.queries import StoredVersion
from app.plans.rules import (
    DraftState,
    changed_inputs,
    faults_of_inputs,
    hash_of,
    the_draft,
    with_replaced,
)
from app.plans.schemas import ArchiveIn, DraftIn, DraftOut, DraftSummary, PlanVersionOut
from app.plans.standing import (
    MANAGED,
    Standing,
    chain_found,
    contradictions,
    found_draft,
    managed_chain,
    refuse_ended,
    standing_of,
)
from app.plans.tables import PlanArchive, PlanDraft
from app.plans.telling_service import tell_published
from app.plans.views import draft_out, draft_summary, version_out

__all__ = [
    "archive_version",
    "compare_draft",
    "create_draft",
    "get_draft",
    "get_version",
    "give_up_draft",
    "list_drafts",
    "list_versions",
    "publish_draft",
    "revise_draft",
]
Expect = Callable[[int], None]
NOT_STORED = "The draft was not stored."


async def list_versions(
    session: AsyncSession, _viewer: Viewer, code: str, page: PageRequest, *, now: datetime
) -> Page[PlanVersionOut]:
    """Answer the published versions of a chain's plan, the newest first.

    Raises:
        NotFound: there is no such chain.
    """
    standing = await standing_of(session, await chain_found(session, code))
    held, before = standing.in_force(shanghai_date(now)), page.after_number()
    rows = [one for one in reversed(standing.published) if before is None or one.plan.version < before]
    number = None if held is None else held.version
    return page_of(
        rows[: page.limit + 1],
        page,
        lambda one: (one.plan.version,),
        lambda one: version_out(code, one, number),
    )


async def get_version(
    session: AsyncSession, _viewer: Viewer, code: str, number: int, *, now: datetime
) -> PlanVersionOut:
    """Answer where a published version stands.

    Raises:
        NotFound: no such chain or version.
    """
    standing = await standing_of(session, await chain_found(session, code))
    held = standing.in_force(shanghai_date(now))
    return version_out(code, _version(standing, number), None if held is None else held.version)


def _version(standing: Standing, number: int) -> StoredVersion:
    found = next((one for one in standing.published if one.plan.version == number), None)
    if found is None:
        raise NotFound(f"The chain {standing.chain.code} has no such plan.")
    return found


def version_of(shown: PlanVersionOut) -> int:
    """Answer the version of a published plan's standing, for its ETag: archived, it is another one."""
    return 1 if shown.state is PlanState.PUBLISHED else 2


async def archive_version(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    number: int,
    data: ArchiveIn,
    *,
    expect: Expect,
    now: datetime,
) -> PlanVersionOut:
    """Archive a published version that holds no more.

    Raises:
        NotFound: no such chain or version.
        Forbidden: the chain is not the viewer's.
        Conflict: it is archived, holds today, or will.
    """
    chain = await managed_chain(session, viewer, code, is_held=True)
    require(viewer, MANAGED, Target(region=chain.jurisdiction, chain=code))
    standing = await standing_of(session, chain)
    stored = _version(standing, number)
    expect(1 if stored.archive is None else 2)
    versions = standing.versions()
    plan_states.archive(
        next(one for one in versions if one.number == number and one.draft is None),
        versions,
        shanghai_date(now),
    )
    row = PlanArchive(plan_id=stored.plan.id, reason=data.reason, archived_by=viewer.name, archived_at=now)
    await queries.add(session, row)
    audit_service.note(session, "archive_plan", "chain_plan", f"{code}/{number}", now=now)
    return await get_version(session, viewer, code, number, now=now)


async def list_drafts(
    session: AsyncSession, viewer: Viewer, code: str, page: PageRequest, *, state: DraftState | None = None
) -> Page[DraftSummary]:
    """Answer the drafts of a chain's plan, the newest first.

    Raises:
        NotFound: there is no such chain, or its drafts are not the viewer's to see.
    """
    chain = await managed_chain(session, viewer, code)
    rows = await queries.drafts_of(
        session,
        chain.id,
        states=None if state is None else [state.value],
        before=page.after_number(),
        limit=page.limit + 1,
    )
    return page_of(rows, page, lambda row: (row.number,), lambda row: draft_summary(code, row))


async def get_draft(
    session: AsyncSession, viewer: Viewer, code: str, number: int, *, now: datetime
) -> DraftOut:
    """Answer a draft with how it differs from the plan in force.

    Raises:
        NotFound: no such chain or draft that the viewer may see.
    """
    chain = await managed_chain(session, viewer, code)
    return await _shown(
        session, await standing_of(session, chain), await found_draft(session, chain, number), now
    )


async def _shown(session: AsyncSession, standing: Standing, row: PlanDraft, now: datetime) -> DraftOut:
    newest = await queries.newest_comparisons(session, [row.id])
    return draft_out(standing.chain, row, standing.in_force(shanghai_date(now)), newest.get(row.id))


async def create_draft(
    session: AsyncSession, viewer: Viewer, code: str, data: DraftIn, *, now: datetime
) -> DraftOut:
    """Store a draft of a chain's next plan.

    Raises:
        NotFound: there is no such chain, or its drafts are not the viewer's to see.
        Refused: it names what is unknown, or contradicts a pack, a product, or what banks hold already.
        Conflict: its days are those of another draft, or it follows no published version.
    """
    chain = await managed_chain(session, viewer, code, is_held=True)
    standing = await standing_of(session, chain)
    replaces = _replaced(standing, data)
    digest, versions = plan_hash(data), standing.versions()
    await _refuse_contradictions(session, viewer, standing, data, now)
    plan_states.draft(versions, Period(data.since, data.until), digest, replaces=replaces)
    _refuse_same(standing, digest)
    row = PlanDraft(
        chain_id=chain.id,
        number=await queries.last_number(session, chain.id) + 1,
        state=DraftState.DRAFT.value,
        replaces=replaces,
        since=data.since,
        until=data.until,
        content=content_of(data),
        content_hash=digest,
        drafted_by=viewer.name,
        created_at=now,
        changed_at=now,
        version=1,
    )
    await queries.add(session, row)
    audit_service.note(session, "draft_plan", "plan_draft", f"{code}/{row.number}", now=now)
    return await _shown(session, standing, row, now)


async def revise_draft(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    number: int,
    data: DraftIn,
    *,
    expect: Expect,
    now: datetime,
) -> DraftOut:
    """Change a draft; with other content or days it has to be compared again.

    Raises:
        NotFound: no such chain or draft that the viewer may see.
        Refused: it names what is unknown, or contradicts a pack, a product, or what banks hold already.
        Conflict: it is published or given up, or its days are those of another draft.
    """
    chain = await managed_chain(session, viewer, code, is_held=True)
    row = await found_draft(session, chain, number, is_locked=True)
    expect(row.version)
    refuse_ended(row)
    standing = await standing_of(session, chain)
    replaces, digest = _replaced(standing, data), plan_hash(data)
    await _refuse_contradictions(session, viewer, standing, data, now)
    judged = with_replaced(the_draft(standing.versions(), number), replaces)
    versions = [one for one in standing.versions() if one.draft != number]
    plan_states.redraft(judged, versions, Period(data.since, data.until), digest)
    _refuse_same(standing, digest)
    if (row.content_hash, row.replaces) != (digest, replaces):
        row.state = DraftState.DRAFT.value if row.content_hash != digest else row.state
        row.since, row.until, row.replaces = data.since, data.until, replaces
        row.content, row.content_hash = content_of(data), digest
        row.changed_at, row.version = now, row.version + 1
        await session.flush()
        audit_service.note(session, "revise_plan", "plan_draft", f"{code}/{number}", now=now)
    return await _shown(session, standing, row, now)


def _replaced(standing: Standing, data: DraftIn) -> int | None:
    if data.replaces is not None or standing.newest is None:
        return data.replaces
    return standing.newest.version


def _refuse_same(standing: Standing, digest: str) -> None:
    newest = standing.newest
    if newest is not None and newest.content_hash == digest:
        fault = Fault("content_hash", f"says the same as version {newest.version}", "Change something first.")
        raise Conflict(NOT_STORED, [fault])


async def _refuse_contradictions(
    session: AsyncSession, viewer: Viewer, standing: Standing, data: PlanIn, now: datetime
) -> None:
    faults = await contradictions(session, viewer, standing, data, now=now)
    if faults:
        raise Refused(NOT_STORED, faults)


async def give_up_draft(
    session: AsyncSession, viewer: Viewer, code: str, number: int, *, expect: Expect, now: datetime
) -> DraftOut:
    """Give up a draft; it stays on record.

    Raises:
        NotFound: no such chain or draft that the viewer may see.
        Conflict: it is published or given up.
    """
    chain = await managed_chain(session, viewer, code, is_held=True)
    row = await found_draft(session, chain, number, is_locked=True)
    expect(row.version)
    refuse_ended(row)
    _end(row, viewer, DraftState.GIVEN_UP, now)
    await session.flush()
    audit_service.note(session, "give_up_plan", "plan_draft", f"{code}/{number}", now=now)
    return await _shown(session, await standing_of(session, chain), row, now)


def _end(row: PlanDraft, viewer: Viewer, state: DraftState, now: datetime) -> None:
    row.state, row.ended_by, row.ended_at, row.version = state.value, viewer.name, now, row.version + 1


async def publish_draft(
    session: AsyncSession, viewer: Viewer, code: str, number: int, *, expect: Expect, now: datetime
) -> DraftOut:
    """Publish a compared draft as the next version of its chain's plan, and tell whom it concerns.

    Raises:
        NotFound: no such chain or draft that the viewer may see.
        Conflict: every reason why not, at once: not compared, compared with something else, or what contradicts it now.
    """
    chain = await managed_chain(session, viewer, code, is_held=True)
    row = await found_draft(session, chain, number, is_locked=True)
    expect(row.version)
    refuse_ended(row)
    standing, today = await standing_of(session, chain), shanghai_date(now)
    before, plan = standing.in_force(today), _plan_of(row)
    faults = [
        *await _faults_of_publication(session, viewer, standing, row, now),
        *await contradictions(session, viewer, standing, plan, now=now),
    ]
    if faults:
        raise Conflict(
            plan_states.NOT_PUBLISHED, list({(one.where, one.message): one for one in faults}.values())
        )
    latest = standing.newest.version if standing.newest is not None else 0
    made = await catalogue.publish_chain_plan(session, viewer, code, plan, expect=_only(latest), now=now)
    _end(row, viewer, DraftState.PUBLISHED, now)
    row.published_version = made.version
    await session.flush()
    audit_service.note(
        session,
        "publish_plan",
        "plan_draft",
        f"{code}/{number}",
        now=now,
        detail={"version": made.version, "comparison": standing.comparisons[row.id].number},
    )
    await tell_published(session, viewer, chain, row, before, made.version, now=now)
    return await _shown(session, await standing_of(session, chain), row, now)


async def _faults_of_publication(
    session: AsyncSession, viewer: Viewer, standing: Standing, row: PlanDraft, now: datetime
) -> list[Fault]:
    versions, compared = standing.versions(), standing.comparisons.get(row.id)
    held, changed = "", list[str]()
    if compared is not None:
        inputs = await inputs_now(session, viewer, standing, row, now=now)
        held, changed = hash_of(inputs), changed_inputs(compared.inputs, inputs)
    try:
        plan_states.publish(the_draft(versions, row.number), versions, shanghai_date(now), held)
    except Conflict as error:
        return [*error.faults, *faults_of_inputs(changed)]
    return []


def _plan_of(row: PlanDraft) -> PlanIn:
    content: dict[str, Any] = {**row.content, "since": row.since, "until": row.until}
    return PlanIn.model_validate(content)


def _only(latest: int) -> Expect:
    def expect(stored: int) -> None:
        if stored != latest:
            raise Conflict("Somebody published another version meanwhile; compare the draft again.")

    return expect
