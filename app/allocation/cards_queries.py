"""Rows from which anonymised cards are made. They lie beyond what the viewer may see."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.allocation.tables import Assignment, AssignmentSupport, CardKey
from app.enterprises.tables import NeedRevision
from app.whitelist.tables import WhitelistEdition, WhitelistEntry


@dataclass(frozen=True, slots=True)
class CardRow:
    """An admitted entry that was not withdrawn, as far as its card needs it."""

    entry_id: int
    entry_code: str
    need_id: int
    region: str
    chain: str | None
    size_class: str | None
    facts: dict[str, Any]


async def newest_edition(session: AsyncSession, jurisdiction: str) -> str | None:
    """Answer the code of the newest edition."""
    statement = select(WhitelistEdition.code).where(WhitelistEdition.jurisdiction == jurisdiction)
    return await session.scalar(statement.order_by(WhitelistEdition.code.desc()).limit(1))


async def card_rows(
    session: AsyncSession, edition_id: int, entry_ids: Collection[int] | None = None
) -> list[CardRow]:
    """Answer the admitted entries of an edition (or some of them, at most 5,000) that were not withdrawn, by id."""
    statement = (
        select(
            WhitelistEntry.id,
            WhitelistEntry.code,
            WhitelistEntry.need_id,
            WhitelistEntry.region_code,
            WhitelistEntry.chain_code,
            WhitelistEntry.size_class,
            NeedRevision.facts,
        )
        .join(NeedRevision, NeedRevision.id == WhitelistEntry.need_revision_id)
        .where(
            WhitelistEntry.edition_id == edition_id,
            WhitelistEntry.status == "admitted",
            WhitelistEntry.withdrawn_at.is_(None),
        )
        .order_by(WhitelistEntry.id)
    )
    if entry_ids is not None:
        statement = statement.where(WhitelistEntry.id.in_(sorted(entry_ids)))
    return [CardRow(*row) for row in await session.execute(statement)]


async def held_entries(
    session: AsyncSession, edition_id: int, institution_ids: Collection[int]
) -> list[tuple[int, int, bool]]:
    """Answer (entry, institution, whether responsible) for which institutions answer in an edition now."""
    among = sorted(institution_ids)
    responsible = _of_edition(edition_id, Assignment.entry_id, Assignment.institution_id).where(
        Assignment.institution_id.in_(among)
    )
    supporting = (
        _of_edition(edition_id, Assignment.entry_id, AssignmentSupport.institution_id)
        .join(AssignmentSupport, AssignmentSupport.assignment_id == Assignment.id)
        .where(AssignmentSupport.institution_id.in_(among))
    )
    return [(row[0], row[1], False) for row in await session.execute(supporting)] + [
        (row[0], row[1], True) for row in await session.execute(responsible)
    ]


def _of_edition(edition_id: int, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(Assignment)
        .join(WhitelistEntry, WhitelistEntry.id == Assignment.entry_id)
        .where(WhitelistEntry.edition_id == edition_id, Assignment.ended_at.is_(None))
    )


async def card_key(session: AsyncSession, root_id: int) -> bytes | None:
    """Answer the key of a tree's cards."""
    return await session.scalar(select(CardKey.secret).where(CardKey.institution_id == root_id))
