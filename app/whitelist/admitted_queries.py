"""Reads of the entries that are admitted and not withdrawn, whole or in parts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from app.accounts.rules import Viewer
from app.enterprises.tables import Enterprise, NeedRevision
from app.kernel.database import AsyncSession
from app.whitelist.tables import WhitelistEdition, WhitelistEntry


def _admitted(viewer: Viewer, edition_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        WhitelistEdition.jurisdiction == viewer.jurisdiction,
        WhitelistEntry.edition_id == edition_id,
        WhitelistEntry.status == "admitted",
        WhitelistEntry.withdrawn_at.is_(None),
    )


async def edition_state(session: AsyncSession, edition_id: int) -> tuple[int, int]:
    """Answer how many entries an edition has, and the sum of their versions: both only grow, with whatever changes."""
    state = select(func.count(), func.coalesce(func.sum(WhitelistEntry.version), 0))
    count, versions = (await session.execute(state.where(WhitelistEntry.edition_id == edition_id))).one()
    return count, int(versions)


async def admitted_cuts(
    session: AsyncSession, viewer: Viewer, edition_id: int, size: int
) -> Sequence[tuple[str, int]]:
    """Answer the first code of every `size` admitted entries, each with how many there are in all."""
    numbered = (
        select(
            WhitelistEntry.code.label("code"),
            (func.row_number().over(order_by=WhitelistEntry.code) - 1).label("place"),
            func.count().over().label("total"),
        )
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(*_admitted(viewer, edition_id))
    )
    rows = numbered.subquery()
    cuts = select(rows.c.code, rows.c.total).where(rows.c.place % size == 0).order_by(rows.c.place)
    return [(row[0], row[1]) for row in await session.execute(cuts)]


async def admitted_entries(
    session: AsyncSession, viewer: Viewer, edition_id: int, codes: tuple[str | None, str | None]
) -> Sequence[Row[Any]]:
    """Answer what each admitted entry that was not withdrawn was listed with, by entry code.

    `codes` are the first entry and the one after the last; None: from the first, to the last.
    """
    first, after = codes
    statement = (
        select(
            WhitelistEntry.id.label("entry_id"),
            WhitelistEntry.code.label("entry_code"),
            WhitelistEntry.need_id,
            WhitelistEntry.need_revision_id,
            NeedRevision.facts.label("need_facts"),
            NeedRevision.content_hash,
            WhitelistEntry.enterprise_id,
            Enterprise.uscc,
            Enterprise.name,
            WhitelistEntry.source_class,
            WhitelistEntry.region_code,
            WhitelistEntry.chain_code,
            WhitelistEntry.size_class,
            WhitelistEntry.amount_fen,
            WhitelistEntry.admitted_at,
        )
        .join(NeedRevision, NeedRevision.id == WhitelistEntry.need_revision_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(*_admitted(viewer, edition_id))
        .order_by(WhitelistEntry.code)
    )
    if first is not None:
        statement = statement.where(WhitelistEntry.code >= first)
    if after is not None:
        statement = statement.where(WhitelistEntry.code < after)
    return (await session.execute(statement)).all()
