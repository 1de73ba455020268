"""Use cases: who is on a chain, by role."""

from collections import defaultdict
from collections.abc import Mapping

from app.accounts.rules import Role, Viewer
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound
from app.kernel.paging import Page, PageRequest, page_of
from app.whitelist import member_queries
from app.whitelist.schemas import EntrySummary
from app.whitelist.views import entry_summary


def require_overseer(viewer: Viewer, chain: str) -> None:
    """Let through who oversees a chain: a coordinator (narrowed to the own region), or its own manager.

    Raises:
        NotFound: the viewer does not; institutions see what firms consent to, and no roles.
    """
    if viewer.is_operator or viewer.has(Role.COORDINATOR) or chain in viewer.scopes(Role.CHAIN_MANAGER):
        return
    raise NotFound(f"There is no chain {chain}.")


async def members(
    session: AsyncSession, viewer: Viewer, edition: str, chain: str, role: str | None, page: PageRequest
) -> Page[EntrySummary]:
    """List the entries of a chain with a role on it (None: not known) by code.

    Raises:
        NotFound: the viewer does not oversee the chain.
    """
    require_overseer(viewer, chain)
    key = page.after()
    rows = await member_queries.page_of_role(
        session,
        viewer,
        edition,
        chain,
        role,
        after=None if key is None else str(key[0]),
        limit=page.limit + 1,
    )
    return page_of(rows, page, lambda row: (row.code,), entry_summary)


async def first_by_role(
    session: AsyncSession, viewer: Viewer, edition: str, chain: str, limit: int
) -> tuple[Mapping[str | None, int], Mapping[str | None, list[EntrySummary]]]:
    """Answer how many entries of a chain have each role on it, and the first of each by code.

    Raises:
        NotFound: the viewer does not oversee the chain.
    """
    require_overseer(viewer, chain)
    found = await member_queries.first_of_roles(session, viewer, edition, chain, limit)
    first: dict[str | None, list[EntrySummary]] = defaultdict(list)
    for role, _many, row in found:
        first[role].append(entry_summary(row))
    return {role: many for role, many, _row in found}, first


async def counts_by_role(
    session: AsyncSession, viewer: Viewer, edition: str, chain: str
) -> Mapping[str | None, int]:
    """Answer how many entries of a chain have each role on it.

    Raises:
        NotFound: the viewer does not oversee the chain.
    """
    require_overseer(viewer, chain)
    return await member_queries.counts_by_role(session, viewer, edition, chain)
