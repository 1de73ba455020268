"""Reads and writes of coverage: editions, names, closed months (facts: fact_queries.py)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, String, and_, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.accounts.rules import Viewer
from app.chains.tables import Chain
from app.coverage.facts import Place
from app.coverage.rules import Cut
from app.coverage.tables import CoverageSnapshot
from app.docking.tables import DockingEvent
from app.institutions.tables import Institution
from app.kernel.batches import in_batches
from app.kernel.direct import Direct, given, given_each
from app.kernel.errors import Conflict, Fault
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

INSTITUTION_LEVELS = ("head_office", "branch", "sub_branch")


async def edition_in_force(session: AsyncSession, viewer: Viewer, day: date) -> WhitelistEdition | None:
    """Answer the viewer's edition that is in force on a day; of several the one that began last."""
    statement = (
        select(WhitelistEdition)
        .where(
            WhitelistEdition.jurisdiction == viewer.jurisdiction,
            WhitelistEdition.in_force_from <= day,
            WhitelistEdition.in_force_until >= day,
        )
        .order_by(WhitelistEdition.in_force_from.desc(), WhitelistEdition.code.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def newest_edition(session: AsyncSession, viewer: Viewer, day: date) -> WhitelistEdition | None:
    """Answer the viewer's edition that came into force last, of those that have by a day."""
    statement = (
        select(WhitelistEdition)
        .where(WhitelistEdition.jurisdiction == viewer.jurisdiction, WhitelistEdition.in_force_from <= day)
        .order_by(WhitelistEdition.in_force_from.desc(), WhitelistEdition.code.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def editions(session: AsyncSession, viewer: Viewer) -> Sequence[WhitelistEdition]:
    """Answer the viewer's editions, the one that came into force last first."""
    statement = (
        select(WhitelistEdition)
        .where(WhitelistEdition.jurisdiction == viewer.jurisdiction)
        .order_by(WhitelistEdition.in_force_from.desc(), WhitelistEdition.code.desc())
    )
    return (await session.execute(statement)).scalars().all()


async def first_admission(session: AsyncSession, viewer: Viewer) -> tuple[date, datetime] | None:
    """Answer from when the viewer's first edition that has entries is in force, and its first admission."""
    statement = (
        select(WhitelistEdition.in_force_from, func.min(WhitelistEntry.admitted_at))
        .join(WhitelistEntry, WhitelistEntry.edition_id == WhitelistEdition.id)
        .where(WhitelistEdition.jurisdiction == viewer.jurisdiction, WhitelistEntry.admitted_at.is_not(None))
        .group_by(WhitelistEdition.id, WhitelistEdition.in_force_from)
        .order_by(WhitelistEdition.in_force_from, WhitelistEdition.id)
        .limit(1)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None or row[1] is None else (row[0], row[1])


async def edition_by_code(session: AsyncSession, viewer: Viewer, code: str) -> WhitelistEdition | None:
    """Answer the viewer's edition of a code, or None."""
    statement = select(WhitelistEdition).where(
        WhitelistEdition.jurisdiction == viewer.jurisdiction, WhitelistEdition.code == code
    )
    return (await session.execute(statement)).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class Lines:
    """All institutions: their codes by id, and their places in the tree by code."""

    codes: Mapping[int, str]
    places: Mapping[str, Place]


async def institution_lines(session: AsyncSession) -> Lines:
    """Answer all institutions with the code of the one above and their level."""
    columns = (
        Institution.id,
        Institution.code,
        Institution.short_name,
        Institution.parent_id,
        Institution.lineage,
    )
    rows = (await session.execute(select(*columns))).all()
    codes = {row.id: row.code for row in rows}
    places = {row.code: Place(row.short_name, codes.get(row.parent_id), _level(row.lineage)) for row in rows}
    return Lines(codes, places)


def _level(lineage: str) -> str:
    depth = len(lineage.strip("/").split("/"))
    return INSTITUTION_LEVELS[min(depth, len(INSTITUTION_LEVELS)) - 1]


async def chain_names(session: AsyncSession) -> dict[str, str]:
    """Answer the names of chains by code."""
    return {row.code: row.name for row in await session.execute(select(Chain.code, Chain.name))}


async def snapshot(session: AsyncSession, viewer: Viewer, month: str) -> tuple[CoverageSnapshot, str] | None:
    """Answer a closed month of the viewer's jurisdiction with its edition's code, or None."""
    statement = (
        select(CoverageSnapshot, WhitelistEdition.code)
        .join(WhitelistEdition, WhitelistEdition.id == CoverageSnapshot.edition_id)
        .where(CoverageSnapshot.jurisdiction == viewer.jurisdiction, CoverageSnapshot.month == month)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1])


_OWN: Final = CoverageSnapshot.jurisdiction == given("jurisdiction")
_HEADS: Final = (
    select(
        CoverageSnapshot.id,
        CoverageSnapshot.month,
        CoverageSnapshot.closed_at,
        CoverageSnapshot.closed_by,
        CoverageSnapshot.facts_sha256,
        WhitelistEdition.code.label("edition"),
    )
    .join(WhitelistEdition, WhitelistEdition.id == CoverageSnapshot.edition_id)
    .where(_OWN, CoverageSnapshot.month == given("month"))
)
_HEAD: Final = Direct(_HEADS)
_HEAD_OF: Final = Direct(_HEADS.where(CoverageSnapshot.edition_id == given("edition", BigInteger)))
_MONTHS: Final = Direct(select(CoverageSnapshot.month).where(_OWN).order_by(CoverageSnapshot.month))


async def closed_head(
    session: AsyncSession, viewer: Viewer, month: str, edition_id: int | None = None
) -> Any | None:
    """Answer of a closed month (of an edition) all but its facts and figures, which are large; or None."""
    if edition_id is None:
        return await _HEAD.row(session, jurisdiction=viewer.jurisdiction, month=month)
    return await _HEAD_OF.row(session, jurisdiction=viewer.jurisdiction, month=month, edition=edition_id)


async def figures_of(session: AsyncSession, snapshot_id: int) -> dict[str, Any]:
    """Answer the figures of a closed month."""
    statement = select(CoverageSnapshot.figures).where(CoverageSnapshot.id == snapshot_id)
    found: dict[str, Any] = (await session.execute(statement)).scalar_one()
    return found


async def facts_of(session: AsyncSession, snapshot_id: int) -> bytes:
    """Answer the frozen facts of a closed month, packed."""
    statement = select(CoverageSnapshot.facts).where(CoverageSnapshot.id == snapshot_id)
    return (await session.execute(statement)).scalar_one()


_HEADS_OF: Final = Direct(
    select(
        CoverageSnapshot.id,
        CoverageSnapshot.month,
        CoverageSnapshot.edition_id,
        CoverageSnapshot.closed_at,
        CoverageSnapshot.facts_sha256,
    ).where(_OWN, CoverageSnapshot.month.in_(given_each("months", String)))
)


async def closed_heads(session: AsyncSession, viewer: Viewer, months: Sequence[str]) -> Sequence[Any]:
    """Answer of those months of the viewer's jurisdiction that are closed all but facts and figures, which are large."""
    return await _HEADS_OF.rows(session, jurisdiction=viewer.jurisdiction, months=list(months))


async def parts_of_figures(
    session: AsyncSession, snapshots: Collection[int], by: Cut | None
) -> dict[int, tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Answer of closed months the total and the rows of a cut (none without one), by the month's id."""
    figures = CoverageSnapshot.figures
    columns = [figures["total"], *([] if by is None else [figures["cuts"][by.value]])]
    statement = select(CoverageSnapshot.id, *columns).where(CoverageSnapshot.id.in_(snapshots))
    rows = await session.execute(statement)
    return {one: (total, (found[0] if found else None) or []) for one, total, *found in rows}


async def keep_snapshot(session: AsyncSession, closed: CoverageSnapshot) -> None:
    """Store a closed month.

    Raises:
        Conflict: somebody closed it at the same time.
    """
    try:
        async with session.begin_nested():  # so that the transaction lives on
            session.add(closed)
            await session.flush()
    except IntegrityError as error:
        fault = Fault("month", "is closed", "Read it.", closed.month)
        raise Conflict(f"{closed.month} was closed by somebody else at the same time.", [fault]) from error


async def closed_months(session: AsyncSession, viewer: Viewer) -> Sequence[str]:
    """Answer the closed months of the viewer's jurisdiction, oldest first."""
    return [row[0] for row in await _MONTHS.rows(session, jurisdiction=viewer.jurisdiction)]


async def months_of(session: AsyncSession, viewer: Viewer, snapshots: Collection[int]) -> Sequence[str]:
    """Answer the months of some snapshots of the viewer's jurisdiction, oldest first."""
    statement = (
        select(CoverageSnapshot.month)
        .where(CoverageSnapshot.jurisdiction == viewer.jurisdiction, CoverageSnapshot.id.in_(snapshots))
        .order_by(CoverageSnapshot.month)
    )
    return (await session.execute(statement)).scalars().all()


async def moments_logged(session: AsyncSession, entry_ids: Collection[int], since: datetime) -> set[datetime]:
    """Answer when that happened which was logged of some entries since an instant, or voided by it."""
    wrong, found = aliased(DockingEvent), set[datetime]()
    for batch in in_batches(sorted(entry_ids)):
        statement = (
            select(func.coalesce(wrong.occurred_at, DockingEvent.occurred_at))
            .distinct()
            .select_from(DockingEvent)
            .outerjoin(
                wrong,
                and_(wrong.entry_id == DockingEvent.entry_id, wrong.sequence == DockingEvent.corrects),
            )
            .where(DockingEvent.entry_id.in_(batch), DockingEvent.recorded_at >= since)
        )
        found |= set((await session.execute(statement)).scalars())
    return found
