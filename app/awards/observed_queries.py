"""Rows from which a product's dealings are told; nobody's sight narrows them, for what is told of them is sums alone."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.orm import aliased

from app.allocation.tables import Assignment, AssignmentSupport
from app.awards.tables import ObservationRun, ProductObservation
from app.catalogue.tables import Product, ProductRevision
from app.docking.kinds import EventKind
from app.docking.tables import DockingEvent
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

ANSWERS: Final = (
    EventKind.CREDIT_APPROVED.value,
    EventKind.GUARANTEE_GRANTED.value,
    EventKind.DECLINED.value,
)
TOLD: Final = (
    *ANSWERS,
    *(kind.value for kind in (EventKind.ACCEPTED, EventKind.CONTACTED, EventKind.PAUSED, EventKind.RESUMED, EventKind.RATED)),
)  # fmt: skip
OBSERVATIONS: Final = cast("Table", ProductObservation.__table__)
Party = tuple[int, int]
"""Ids of an entry and an institution."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of an entry for an institution, as far as figures ask for it."""

    kind: str
    at: datetime
    sequence: int
    amount_fen: int | None
    rate_bp: int | None
    fee_bp: int | None
    score: int | None


@dataclass(frozen=True, slots=True)
class Spell:
    """From when on an institution had an entry, and with which product's revision in view; None: with none."""

    since: datetime
    product_id: int | None
    revision_id: int | None


async def entries_with_answers(
    session: AsyncSession, jurisdiction: str, since: datetime, until: datetime
) -> list[int]:
    """Answer the entries (ids) that were answered or rated in a period."""
    statement = (
        select(DockingEvent.entry_id)
        .join(WhitelistEntry, WhitelistEntry.id == DockingEvent.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(
            WhitelistEdition.jurisdiction == jurisdiction,
            DockingEvent.kind.in_((*ANSWERS, EventKind.RATED.value)),
            DockingEvent.occurred_at >= since,
            DockingEvent.occurred_at < until,
        )
        .distinct()
    )
    return sorted(await session.scalars(statement))


async def events_of(
    session: AsyncSession, entry_ids: Iterable[int], until: datetime
) -> dict[Party, list[Happened]]:
    """Answer the events of entries before an instant by party, in the order of time; what a correction voids is left out."""
    found: dict[Party, list[Happened]] = defaultdict(list)
    correction = aliased(DockingEvent)
    columns = (
        DockingEvent.entry_id,
        DockingEvent.institution_id,
        DockingEvent.kind,
        DockingEvent.occurred_at,
        DockingEvent.sequence,
        DockingEvent.amount_fen,
        DockingEvent.rate_bp,
        DockingEvent.fee_bp,
        DockingEvent.detail,
    )
    for batch in in_batches(sorted(set(entry_ids))):
        voided = {
            tuple(row)
            for row in await session.execute(
                select(correction.entry_id, correction.corrects).where(
                    correction.entry_id.in_(batch), correction.corrects.is_not(None)
                )
            )
        }
        statement = (
            select(*columns)
            .where(
                DockingEvent.entry_id.in_(batch),
                DockingEvent.kind.in_(TOLD),
                DockingEvent.institution_id.is_not(None),
                DockingEvent.occurred_at < until,
            )
            .order_by(DockingEvent.entry_id, DockingEvent.occurred_at, DockingEvent.sequence)
        )
        for row in await session.execute(statement):
            entry, institution, kind, at, sequence, amount, rate, fee, detail = row
            if (entry, sequence) not in voided:
                score = detail.get("score") if kind == EventKind.RATED.value else None
                found[entry, institution].append(Happened(kind, at, sequence, amount, rate, fee, score))
    return found


async def spells_of(session: AsyncSession, entry_ids: Iterable[int]) -> dict[Party, list[Spell]]:
    """Answer since when which institution had an entry with which product in view, in the order of time."""
    found: dict[Party, list[Spell]] = defaultdict(list)
    for batch in in_batches(sorted(set(entry_ids))):
        responsible = (
            select(
                Assignment.entry_id,
                Assignment.institution_id,
                Assignment.assigned_at,
                ProductRevision.product_id,
                Assignment.product_revision_id,
            )
            .outerjoin(ProductRevision, ProductRevision.id == Assignment.product_revision_id)
            .where(Assignment.entry_id.in_(batch), Assignment.institution_id.is_not(None))
        )
        supporting = (
            select(
                Assignment.entry_id,
                AssignmentSupport.institution_id,
                Assignment.assigned_at,
                ProductRevision.product_id,
                AssignmentSupport.product_revision_id,
            )
            .join(Assignment, Assignment.id == AssignmentSupport.assignment_id)
            .join(ProductRevision, ProductRevision.id == AssignmentSupport.product_revision_id)
            .where(Assignment.entry_id.in_(batch))
        )
        for statement in (responsible, supporting):
            rows: Any = await session.execute(statement)
            for entry, institution, *spell in rows:
                found[entry, institution].append(Spell(*spell))
    for spells in found.values():
        spells.sort(key=lambda one: (one.since, one.revision_id or 0))
    return found


async def terms_of(session: AsyncSession, revision_ids: Iterable[int]) -> dict[int, Mapping[str, Any]]:
    """Answer the stored terms of revisions by id."""
    found: dict[int, Mapping[str, Any]] = {}
    for batch in in_batches(sorted(set(revision_ids))):
        statement = select(ProductRevision.id, ProductRevision.terms).where(ProductRevision.id.in_(batch))
        found |= {row[0]: row[1] for row in await session.execute(statement)}
    return found


async def run_of(
    session: AsyncSession, jurisdiction: str, quarter: str, *, is_for_change: bool = False
) -> ObservationRun | None:
    """Answer the run of a quarter; for a change held until the transaction ends."""
    statement = select(ObservationRun).where(
        ObservationRun.jurisdiction == jurisdiction, ObservationRun.quarter == quarter
    )
    if is_for_change:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def runs(
    session: AsyncSession, jurisdiction: str, *, before: str | None, limit: int
) -> Sequence[ObservationRun]:
    """Answer runs, the newest quarter first, before one."""
    statement = select(ObservationRun).where(ObservationRun.jurisdiction == jurisdiction)
    if before is not None:
        statement = statement.where(ObservationRun.quarter < before)
    return (await session.scalars(statement.order_by(ObservationRun.quarter.desc()).limit(limit))).all()


async def newest_run_with_answers(session: AsyncSession, jurisdiction: str) -> ObservationRun | None:
    """Answer the newest run in which anything was answered."""
    statement = (
        select(ObservationRun)
        .where(ObservationRun.jurisdiction == jurisdiction, ObservationRun.answers > 0)
        .order_by(ObservationRun.quarter.desc())
        .limit(1)
    )
    return (await session.scalars(statement)).first()


async def save_run(session: AsyncSession, run: ObservationRun, figures: Mapping[int, dict[str, Any]]) -> None:
    """Store a run with its figures in the place of those that it had."""
    session.add(run)
    await session.flush()
    await session.execute(delete(ProductObservation).where(ProductObservation.run_id == run.id))
    rows = [{"run_id": run.id, "product_id": product, "figures": one} for product, one in figures.items()]
    if rows:
        await session.execute(insert(OBSERVATIONS), rows)


async def figures_of(
    session: AsyncSession, run_id: int, product_ids: Iterable[int] | None = None
) -> dict[int, dict[str, Any]]:
    """Answer the figures of products in a run, by id; of all when none are named."""
    statement = select(ProductObservation.product_id, ProductObservation.figures).where(
        ProductObservation.run_id == run_id
    )
    if product_ids is not None:
        statement = statement.where(ProductObservation.product_id.in_(sorted(product_ids)))
    return {row[0]: row[1] for row in await session.execute(statement)}


async def observed_products(
    session: AsyncSession, run_id: int, institutions: Iterable[int] | None
) -> list[tuple[str, int]]:
    """Answer products (code, id) that have figures in a run, by code; only those of some institutions, if any are named."""
    statement = (
        select(Product.code, Product.id)
        .join(ProductObservation, ProductObservation.product_id == Product.id)
        .where(ProductObservation.run_id == run_id)
        .order_by(Product.code)
    )
    if institutions is not None:
        statement = statement.where(Product.institution_id.in_(sorted(institutions)))
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def product_ids(session: AsyncSession, codes: Iterable[str] | None = None) -> dict[str, int]:
    """Answer the ids of products by code."""
    statement = select(Product.code, Product.id)
    if codes is not None:
        statement = statement.where(Product.code.in_(sorted(codes)))
    return {row[0]: row[1] for row in await session.execute(statement)}
