"""Use cases that read core firms' lists: lists, versions, rows, differences; each as far as its viewer is told of it."""

from collections.abc import Sequence

from app.accounts.permissions import Action, Target, may_do
from app.accounts.rules import Role, Viewer
from app.core_lists import queries
from app.core_lists.differences import StatedRow, differences
from app.core_lists.naming_service import region_names
from app.core_lists.rules import ListState, Outcome, VersionState
from app.core_lists.schemas import CoreListOut, DifferenceOut, RowOut, VersionOut
from app.core_lists.tables import CoreList, CoreListVersion
from app.core_lists.views import difference_out, list_out, plain_row_out, row_out, version_out
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, NotFound
from app.kernel.paging import Page, PageRequest, encode_cursor


async def list_lists(
    session: AsyncSession, _viewer: Viewer, page: PageRequest, *, state: ListState | None = None
) -> Page[CoreListOut]:
    """List the lists that the viewer provides or judges, by the core firm's credit code."""
    key = page.after()
    rows = await queries.page_of_lists(session, state, None if key is None else str(key[0]), page.limit + 1)
    items = await _all_shown(session, rows[: page.limit])
    more = len(rows) > page.limit
    return Page(items=items, next=encode_cursor(items[-1].uscc) if more else None)


async def core_list(session: AsyncSession, _viewer: Viewer, core_uscc: str) -> CoreListOut:
    """Answer one list.

    Raises:
        NotFound: no such list that this viewer may see.
    """
    return await shown(session, await found(session, core_uscc))


async def list_versions(
    session: AsyncSession, _viewer: Viewer, core_uscc: str, page: PageRequest
) -> Page[VersionOut]:
    """Answer the versions of a list, the newest first.

    Raises:
        NotFound: no such list that this viewer may see.
    """
    row = await found(session, core_uscc)
    rows = await queries.page_of_versions(session, row.id, page.after_number(), page.limit + 1)
    items = [version_out(one) for one in rows[: page.limit]]
    return Page(items=items, next=encode_cursor(items[-1].number) if len(rows) > page.limit else None)


async def list_rows(
    session: AsyncSession,
    viewer: Viewer,
    core_uscc: str,
    page: PageRequest,
    *,
    number: int | None = None,
    outcomes: Sequence[Outcome] = (),
) -> Page[RowOut]:
    """Answer the rows of a version (the current one, else the draft) in the order of its sheet.

    Whom they mean is told to who judges the list; for the core firm `outcomes` choose nothing.

    Raises:
        NotFound: no such list or version that this viewer may see.
    """
    row = await found(session, core_uscc)
    version = await _version(session, row, number)
    judges = is_judge(viewer, row.region_code) or viewer.has(Role.AUDITOR)
    rows = await queries.page_of_rows(
        session, version.id, outcomes if judges else (), page.after_number(), page.limit + 1
    )
    taken = rows[: page.limit]
    if judges:
        seen = await queries.seen_firms(
            session, {suspect["uscc"] for one, _code, _name in taken for suspect in one.suspects}
        )
        regions = await region_names(session)
        items = [row_out(one, (code, name), seen, regions) for one, code, name in taken]
    else:
        items = [plain_row_out(one) for one, _code, _name in taken]
    return Page(items=items, next=encode_cursor(items[-1].number) if len(rows) > page.limit else None)


async def outcomes_of(
    session: AsyncSession, core_uscc: str, *, number: int | None = None
) -> dict[Outcome, int]:
    """Answer how the rows of a version (the current one, else the draft) came out, for who judges the list.

    Raises:
        NotFound: no such list or version that this viewer may see.
    """
    row = await found(session, core_uscc)
    return await queries.outcome_counts(session, (await _version(session, row, number)).id)


async def answers_of(session: AsyncSession, core_uscc: str) -> dict[str, int]:
    """Answer how many firms on a list have given each answer, for who judges the list.

    Raises:
        NotFound: no such list that this viewer may see.
    """
    return await queries.answer_counts(session, (await found(session, core_uscc)).id)


async def list_differences(
    session: AsyncSession, _viewer: Viewer, core_uscc: str, *, number: int | None = None
) -> list[DifferenceOut]:
    """Answer what a version (the draft, else the current one) says otherwise than the one before it.

    Raises:
        NotFound: no such list or version that this viewer may see.
    """
    row = await found(session, core_uscc)
    newest = await queries.version_in_state(session, row.id, VersionState.DRAFT)
    version = newest if number is None and newest is not None else await _version(session, row, number)
    earlier = await queries.page_of_versions(session, row.id, version.number, 10)
    before = next((one for one in earlier if one.confirmed_at is not None), None)
    old = [] if before is None else await queries.stated_rows(session, before.id)
    new = await queries.stated_rows(session, version.id)
    return [
        difference_out(one)
        for one in differences((StatedRow(*each) for each in old), (StatedRow(*each) for each in new))
    ]


def is_judge(viewer: Viewer, region: str) -> bool:
    """Tell whether a viewer judges the lists of core firms in a region."""
    return may_do(viewer, Action.REVIEW_CORE_LISTS, Target(region=region))


async def found(session: AsyncSession, core_uscc: str, *, is_locked: bool = False) -> CoreList:
    """Answer a stored list.

    Raises:
        NotFound: no such list that this viewer may see.
    """
    row = await queries.list_of(session, core_uscc, is_locked=is_locked)
    if row is None:
        raise NotFound("No such list of a core firm.", [Fault("uscc", "has no list", value=core_uscc)])
    return row


async def has_list(session: AsyncSession, core_uscc: str) -> bool:
    """Tell whether a core firm has a list that was confirmed once: then another one is its next version."""
    row = await queries.list_of(session, core_uscc)
    return row is not None and row.state != ListState.DRAFT


async def shown(session: AsyncSession, row: CoreList) -> CoreListOut:
    """Show a list with its versions."""
    return list_out(row, await queries.versions_of(session, [row.id]))


async def _all_shown(session: AsyncSession, rows: Sequence[CoreList]) -> list[CoreListOut]:
    versions = await queries.versions_of(session, [row.id for row in rows]) if rows else []
    return [list_out(row, [one for one in versions if one.list_id == row.id]) for row in rows]


async def _version(session: AsyncSession, row: CoreList, number: int | None) -> CoreListVersion:
    if number is not None:
        version = await queries.version_of(session, row.id, number)
    else:
        version = await queries.version_in_state(session, row.id, VersionState.CURRENT)
        version = version or await queries.version_in_state(session, row.id, VersionState.DRAFT)
    if version is None:
        raise NotFound("No such version of this list.", [Fault("version", "not stored")])
    return version
