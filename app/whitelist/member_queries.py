"""Members of a chain on an edition by their role on it, as the wording that they were listed with says."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, select

from app.accounts.rules import Viewer
from app.enterprises.tables import Enterprise, Need, NeedRevision
from app.kernel.database import AsyncSession
from app.whitelist.entry_queries import LINE
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

_stated = NeedRevision.facts["chain_role"].as_string()


async def counts_by_role(
    session: AsyncSession, viewer: Viewer, edition: str, chain: str
) -> dict[str | None, int]:
    """Answer how many entries of a chain have each role; None: it is not known."""
    role: ColumnElement[str | None] = _stated
    statement = _members(viewer, edition, chain, role, func.count(WhitelistEntry.id)).group_by(role)
    return {found or None: count for found, count in await session.execute(statement)}


async def first_of_roles(
    session: AsyncSession, viewer: Viewer, edition: str, chain: str, limit: int
) -> list[tuple[str | None, int, Any]]:
    """Answer of each role that entries of a chain have (None: not known) how many there are, with each of the first by code.

    The chain is gone through once for all roles.
    """
    each = {"partition_by": _stated}
    found = _members(
        viewer, edition, chain, WhitelistEntry.id.label("id"), _stated.label("role"),
        func.count().over(**each).label("many"),
        func.row_number().over(**each, order_by=WhitelistEntry.code).label("place"),
    ).subquery()  # fmt: skip
    statement = _lines(found, found.c.role, found.c.many).where(found.c.place <= limit)
    return [(row.role or None, row.many, row) for row in await session.execute(statement)]


async def page_of_role(
    session: AsyncSession,
    viewer: Viewer,
    edition: str,
    chain: str,
    role: str | None,
    *,
    after: str | None,
    limit: int,
) -> Sequence[Any]:
    """Answer the entries of a chain with a role (None: not known), by code after one."""
    is_role = _stated.is_(None) if role is None else _stated == role
    wanted = _members(viewer, edition, chain, WhitelistEntry.id.label("id")).where(is_role)
    if after is not None:
        wanted = wanted.where(WhitelistEntry.code > after)
    statement = _lines(wanted.order_by(WhitelistEntry.code).limit(limit).subquery())
    found: Sequence[Any] = (await session.execute(statement)).all()
    return found


def _members(viewer: Viewer, edition: str, chain: str, *columns: Any) -> Select[Any]:
    """Answer a chain's entries with the wording that they were listed with.

    Firms and needs are joined only to the few that are shown: every entry has both, and a chain has thousands of entries.
    """
    return (
        select(*columns)
        .select_from(WhitelistEntry)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .join(NeedRevision, NeedRevision.id == WhitelistEntry.need_revision_id)
        .where(
            WhitelistEdition.jurisdiction == viewer.jurisdiction,
            WhitelistEdition.code == edition,
            WhitelistEntry.chain_code == chain,
            WhitelistEntry.status == "admitted",
            WhitelistEntry.withdrawn_at.is_(None),
        )
    )


def _lines(found: Subquery, *columns: Any) -> Select[Any]:
    """Answer the entries found by their ids, by code."""
    return (
        select(*columns, *LINE)
        .select_from(WhitelistEntry)
        .join(found, found.c.id == WhitelistEntry.id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .join(Need, Need.id == WhitelistEntry.need_id)
        .order_by(WhitelistEntry.code)
    )
