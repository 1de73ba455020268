"""What computed preferences are measured from: open needs of chains, loads, observed contacts.

Counts and sums over all of an edition, whoever asks: callers look with `unrestricted`, and show nothing of one entry.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import aliased

from app.allocation.tables import Assignment
from app.docking.kinds import EventKind
from app.docking.tables import DockingEvent
from app.enterprises.tables import NeedRevision
from app.kernel.database import AsyncSession
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

FINANCED = (EventKind.CREDIT_APPROVED.value, EventKind.DISBURSED.value)


def _is_open(edition_id: int, chains: Collection[str]) -> ColumnElement[bool]:
    """Tell which entries of chains nobody finances yet: admitted, on the roster, with no approval that stands."""
    correction = aliased(DockingEvent)
    is_corrected = (
        select(correction.id)
        .where(correction.entry_id == DockingEvent.entry_id, correction.corrects == DockingEvent.sequence)
        .exists()
    )
    is_financed = (
        select(DockingEvent.id)
        .where(DockingEvent.entry_id == WhitelistEntry.id, DockingEvent.kind.in_(FINANCED), ~is_corrected)
        .exists()
    )
    return and_(
        WhitelistEntry.edition_id == edition_id,
        WhitelistEntry.chain_code.in_(sorted(chains)),
        WhitelistEntry.status == "admitted",
        WhitelistEntry.withdrawn_at.is_(None),
        ~is_financed,
    )


async def open_entries(
    session: AsyncSession, edition_id: int, chains: Collection[str]
) -> list[tuple[str, int, Mapping[str, Any]]]:
    """Answer chain, amount and listed facts of the entries of chains that nobody finances yet, by id."""
    statement = (
        select(WhitelistEntry.chain_code, WhitelistEntry.amount_fen, NeedRevision.facts)
        .join(NeedRevision, NeedRevision.id == WhitelistEntry.need_revision_id)
        .where(_is_open(edition_id, chains))
        .order_by(WhitelistEntry.id)
    )
    return [(row[0] or "", row[1], row[2]) for row in await session.execute(statement)]


async def held(
    session: AsyncSession, edition_id: int, chains: Collection[str]
) -> list[tuple[str | None, int, int]]:
    """Count the entries of an edition for which an institution answers now, by chain (None: of no chain named) and institution."""
    chain = WhitelistEntry.chain_code
    statement = (
        select(chain, Assignment.institution_id, func.count())
        .select_from(Assignment)
        .join(WhitelistEntry, WhitelistEntry.id == Assignment.entry_id)
        .where(
            Assignment.ended_at.is_(None),
            Assignment.institution_id.is_not(None),
            WhitelistEntry.edition_id == edition_id,
            WhitelistEntry.withdrawn_at.is_(None),
        )
        .group_by(chain, Assignment.institution_id)
    )
    named = frozenset(chains)
    return [
        (row[0] if row[0] in named else None, row[1] or 0, row[2]) for row in await session.execute(statement)
    ]


async def editions_up_to(session: AsyncSession, jurisdiction: str, code: str, most: int) -> list[int]:
    """Answer an edition of a jurisdiction and those before it, so many at most, the newest first."""
    statement = (
        select(WhitelistEdition.id)
        .where(WhitelistEdition.jurisdiction == jurisdiction, WhitelistEdition.code <= code)
        .order_by(WhitelistEdition.code.desc())
        .limit(most)
    )
    return list((await session.scalars(statement)).all())
