"""Use cases of rows whose firm is a question: one of them, and what a coordinator decides."""

from collections.abc import Callable
from datetime import datetime

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.core_lists import keeping_service, queries
from app.core_lists.naming_service import region_names
from app.core_lists.queries import RowSeen
from app.core_lists.reading_service import found
from app.core_lists.rules import Choice, ListState, Outcome, VersionState
from app.core_lists.schemas import ResolutionIn, RowOut
from app.core_lists.tables import CoreList, CoreListRow, CoreListVersion
from app.core_lists.views import row_out
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound, Refused

Expect = Callable[[int], None]


async def get_row(session: AsyncSession, _viewer: Viewer, core_uscc: str, row_id: int) -> RowOut:
    """Answer one row with whom it means, or may mean.

    Raises:
        NotFound: no such list or row that this viewer may see.
    """
    row = await found(session, core_uscc)
    return await _shown(session, await _row(session, row, row_id))


async def resolve_row(
    session: AsyncSession,
    viewer: Viewer,
    core_uscc: str,
    row_id: int,
    body: ResolutionIn,
    *,
    expect: Expect,
    now: datetime,
) -> RowOut:
    """Say whom a row means, or that nobody here is meant; the firm is then listed, and asked.

    What was decided can be decided anew while the version stands: a firm that is no longer meant leaves the list.

    Raises:
        NotFound: no such list or row that this viewer may see.
        Forbidden: the list lies in another region.
        Conflict: the version is replaced.
        Refused: no firm is named, or none that this viewer may see, or the core firm itself.
    """
    row = await found(session, core_uscc, is_locked=True)
    require(viewer, Action.REVIEW_CORE_LISTS, Target(region=row.region_code, uscc=core_uscc))
    one = (await _row(session, row, row_id, is_locked=True))[0]
    expect(one.version)
    version = await _standing(session, row, one)
    one.enterprise_id = await _chosen(session, row, body)
    one.outcome = (Outcome.CHOSEN if body.choice is Choice.FIRM else Outcome.NOBODY).value
    one.likeness = None
    one.decided_by, one.decided_at, one.reason = viewer.name, now, body.reason
    one.version += 1
    await session.flush()
    if row.state == ListState.ACTIVE and version.state == VersionState.CURRENT:
        await keeping_service.sync_members(session, row, version, now)
    detail = {"row": one.id, "choice": body.choice.value}
    audit_service.note(session, "core_list_resolve", "core_list", core_uscc, now=now, detail=detail)
    return await _shown(session, await _row(session, row, row_id))


async def _standing(session: AsyncSession, row: CoreList, one: CoreListRow) -> CoreListVersion:
    for state in (VersionState.CURRENT, VersionState.DRAFT):
        version = await queries.version_in_state(session, row.id, state)
        if version is not None and version.id == one.version_id:
            return version
    fault = Fault(
        "row", "belongs to a version that was replaced", "Decide on the row of the current version."
    )
    raise Conflict("The version of this row stands no more.", [fault])


async def _chosen(session: AsyncSession, row: CoreList, body: ResolutionIn) -> int | None:
    if body.choice is Choice.NOBODY:
        return None
    if body.uscc is None:
        raise Refused("No firm is named.", [Fault("uscc", "missing", "Name the firm by its credit code.")])
    if body.uscc == row.core_uscc:
        fault = Fault("uscc", "is the core firm itself", "Name its supplier or dealer.", body.uscc)
        raise Refused("The core firm is not its own supplier.", [fault])
    if body.uscc not in await queries.seen_firms(session, [body.uscc]):
        fault = Fault("uscc", "not registered", "POST /api/v1/enterprises registers it.", body.uscc)
        raise Refused("There is no such firm.", [fault])
    return (await queries.firms_by_code(session, [body.uscc]))[body.uscc][0]


async def _row(session: AsyncSession, row: CoreList, row_id: int, *, is_locked: bool = False) -> RowSeen:
    seen = await queries.row_of(session, row.id, row_id, is_locked=is_locked)
    if seen is None:
        raise NotFound("No such row of this list.", [Fault("row", "not stored", value=str(row_id))])
    return seen


async def _shown(session: AsyncSession, seen: RowSeen) -> RowOut:
    one, code, name = seen
    firms = await queries.seen_firms(session, {each["uscc"] for each in one.suspects})
    return row_out(one, (code, name), firms, await region_names(session))
