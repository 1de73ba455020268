"""Reads and writes of plans' drafts, comparisons and archives. Drafts and figures are of chains; rows of entries are narrowed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, String, Table, func, insert, or_, select
from sqlalchemy import cast as sql_cast

from app.accounts.rules import Viewer
from app.allocation.tables import Assignment
from app.chains.tables import Chain, ChainPlan
from app.enterprises.tables import Enterprise, NeedRevision
from app.institutions.tables import Institution
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession, IntegrityError
from app.kernel.errors import Conflict
from app.plans.rules import Effect
from app.plans.schemas import EffectFilter
from app.plans.tables import (
    PlanArchive,
    PlanComparison,
    PlanDraft,
    PlanEffectOnEntry,
    PlanReallocatedEntry,
    PlanReallocation,
)
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

ROWS_PER_STATEMENT: Final = 2_000
EFFECTS: Final = cast("Table", PlanEffectOnEntry.__table__)
REALLOCATED: Final = cast("Table", PlanReallocatedEntry.__table__)


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A published version with its archive and the draft it came from, where there are any."""

    plan: ChainPlan
    archive: PlanArchive | None
    draft: int | None


@dataclass(frozen=True, slots=True)
class ListedEffect:
    """A row of a comparison with the firm that it is about."""

    effect: PlanEffectOnEntry
    enterprise: str


@dataclass(frozen=True, slots=True)
class ListedReallocation:
    """A reallocated entry with its firm."""

    entry: PlanReallocatedEntry
    enterprise: str


async def chain_of(session: AsyncSession, code: str) -> Chain | None:
    """Answer a chain."""
    return (await session.execute(select(Chain).where(Chain.code == code))).scalar_one_or_none()


async def versions_of(session: AsyncSession, chain_id: int) -> list[StoredVersion]:
    """Answer the published versions of a chain's plan, in order."""
    statement = (
        select(ChainPlan, PlanArchive, PlanDraft.number)
        .outerjoin(PlanArchive, PlanArchive.plan_id == ChainPlan.id)
        .outerjoin(
            PlanDraft,
            (PlanDraft.chain_id == ChainPlan.chain_id) & (PlanDraft.published_version == ChainPlan.version),
        )
        .where(ChainPlan.chain_id == chain_id)
        .order_by(ChainPlan.version)
    )
    return [StoredVersion(*row) for row in await session.execute(statement)]


async def drafts_of(
    session: AsyncSession,
    chain_id: int,
    *,
    states: Iterable[str] | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> Sequence[PlanDraft]:
    """Answer drafts of a chain, the newest first, in some states, below a number."""
    statement = select(PlanDraft).where(PlanDraft.chain_id == chain_id).order_by(PlanDraft.number.desc())
    if states is not None:
        statement = statement.where(PlanDraft.state.in_(sorted(states)))
    if before is not None:
        statement = statement.where(PlanDraft.number < before)
    return (await session.scalars(statement.limit(limit))).all()


async def last_number(session: AsyncSession, chain_id: int) -> int:
    """Answer the number of a chain's newest draft; 0 without any."""
    statement = select(func.max(PlanDraft.number)).where(PlanDraft.chain_id == chain_id)
    return await session.scalar(statement) or 0


async def draft_of(
    session: AsyncSession, chain_id: int, number: int, *, is_locked: bool = False
) -> PlanDraft | None:
    """Answer a draft; locked until the transaction ends if it is to be changed."""
    statement = select(PlanDraft).where(PlanDraft.chain_id == chain_id, PlanDraft.number == number)
    if is_locked:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.execute(statement)).scalar_one_or_none()


async def newest_comparisons(session: AsyncSession, draft_ids: Iterable[int]) -> dict[int, PlanComparison]:
    """Answer the newest comparison of each draft (id) that has one."""
    newest = (
        select(PlanComparison.draft_id, func.max(PlanComparison.number).label("number"))
        .where(PlanComparison.draft_id.in_(sorted(draft_ids)))
        .group_by(PlanComparison.draft_id)
        .subquery()
    )
    statement = select(PlanComparison).join(
        newest,
        (newest.c.draft_id == PlanComparison.draft_id) & (newest.c.number == PlanComparison.number),
    )
    return {one.draft_id: one for one in await session.scalars(statement)}


async def comparisons_of(
    session: AsyncSession, draft_id: int, *, before: int | None, limit: int
) -> Sequence[PlanComparison]:
    """Answer the comparisons of a draft, the newest first, below a number."""
    statement = select(PlanComparison).where(PlanComparison.draft_id == draft_id)
    if before is not None:
        statement = statement.where(PlanComparison.number < before)
    return (await session.scalars(statement.order_by(PlanComparison.number.desc()).limit(limit))).all()


async def comparison_of(session: AsyncSession, draft_id: int, number: int) -> PlanComparison | None:
    """Answer one comparison of a draft."""
    statement = select(PlanComparison).where(
        PlanComparison.draft_id == draft_id, PlanComparison.number == number
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def add(
    session: AsyncSession, row: PlanDraft | PlanComparison | PlanReallocation | PlanArchive
) -> None:
    """Store a new row, so that it has its id.

    Raises:
        Conflict: another request stored the same meanwhile.
    """
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise Conflict("Somebody stored the same meanwhile; read it again.") from error


async def add_effects(session: AsyncSession, comparison_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store the changed entries of a comparison."""
    await _add_all(session, EFFECTS, comparison_id, rows)


async def add_reallocated(
    session: AsyncSession, comparison_id: int, rows: Sequence[Mapping[str, Any]]
) -> None:
    """Store the entries that a reallocation changes."""
    await _add_all(session, REALLOCATED, comparison_id, rows)


async def _add_all(
    session: AsyncSession, table: Table, comparison_id: int, rows: Sequence[Mapping[str, Any]]
) -> None:
    for batch in in_batches(rows, ROWS_PER_STATEMENT):
        await session.execute(insert(table), [{"comparison_id": comparison_id, **row} for row in batch])


async def page_of_effects(
    session: AsyncSession, comparison_id: int, wanted: EffectFilter, after: str | None, limit: int
) -> list[ListedEffect]:
    """Answer changed entries of a comparison that the viewer sees, by code after a code."""
    statement = (
        select(PlanEffectOnEntry, Enterprise.name)
        .join(WhitelistEntry, WhitelistEntry.id == PlanEffectOnEntry.entry_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .where(PlanEffectOnEntry.comparison_id == comparison_id)
        .order_by(PlanEffectOnEntry.code)
    )
    if wanted.effect is not None:
        statement = statement.where(_EFFECTS[wanted.effect])
    if wanted.region is not None:
        statement = statement.where(PlanEffectOnEntry.region_code == wanted.region)
    if after is not None:
        statement = statement.where(PlanEffectOnEntry.code > after)
    return [ListedEffect(*row) for row in await session.execute(statement.limit(limit))]


_EFFECTS: Final[Mapping[Effect, ColumnElement[bool]]] = {
    Effect.GAINS: PlanEffectOnEntry.gained > 0,
    Effect.LOSES: PlanEffectOnEntry.lost > 0,
    Effect.BETTER: PlanEffectOnEntry.moved > 0,
    Effect.WORSE: PlanEffectOnEntry.moved < 0,
}


async def reallocation_of(session: AsyncSession, comparison_id: int) -> PlanReallocation | None:
    """Answer the reallocation of a comparison."""
    statement = select(PlanReallocation).where(PlanReallocation.comparison_id == comparison_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def page_of_reallocated(
    session: AsyncSession, comparison_id: int, after: str | None, limit: int
) -> list[ListedReallocation]:
    """Answer the entries that a reallocation changes and the viewer sees, by code after a code."""
    statement = (
        select(PlanReallocatedEntry, Enterprise.name)
        .join(WhitelistEntry, WhitelistEntry.id == PlanReallocatedEntry.entry_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .where(PlanReallocatedEntry.comparison_id == comparison_id)
        .order_by(PlanReallocatedEntry.code)
    )
    if after is not None:
        statement = statement.where(PlanReallocatedEntry.code > after)
    return [ListedReallocation(*row) for row in await session.execute(statement.limit(limit))]


def _concerned(
    viewer: Viewer, edition_id: int, chain: str, *, with_unstated: bool
) -> tuple[ColumnElement[bool], ...]:
    of_chain = WhitelistEntry.chain_code == chain
    return (
        WhitelistEdition.jurisdiction == viewer.jurisdiction,
        WhitelistEntry.edition_id == edition_id,
        WhitelistEntry.status == "admitted",
        WhitelistEntry.withdrawn_at.is_(None),
        or_(of_chain, WhitelistEntry.chain_code.is_(None)) if with_unstated else of_chain,
    )


async def concerned_entries(
    session: AsyncSession, viewer: Viewer, edition_id: int, chain: str, *, with_unstated: bool
) -> list[tuple[int, str, str, dict[str, Any], str]]:
    """Answer id, code, region, facts and hash of the wording of a chain's admitted entries, by code.

    `with_unstated`: those that state no chain too.
    """
    statement = (
        select(
            WhitelistEntry.id,
            WhitelistEntry.code,
            WhitelistEntry.region_code,
            NeedRevision.facts,
            NeedRevision.content_hash,
        )
        .join(NeedRevision, NeedRevision.id == WhitelistEntry.need_revision_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(*_concerned(viewer, edition_id, chain, with_unstated=with_unstated))
        .order_by(WhitelistEntry.code)
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in await session.execute(statement)]


async def concerned_wordings(
    session: AsyncSession, viewer: Viewer, edition_id: int, chain: str, *, with_unstated: bool
) -> list[tuple[str, str]]:
    """Answer code and hash of the wording of the same entries, by code."""
    statement = (
        select(WhitelistEntry.code, NeedRevision.content_hash)
        .join(NeedRevision, NeedRevision.id == WhitelistEntry.need_revision_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(*_concerned(viewer, edition_id, chain, with_unstated=with_unstated))
        .order_by(WhitelistEntry.code)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def listed_mark(
    session: AsyncSession, viewer: Viewer, edition_id: int, chain: str, *, with_unstated: bool
) -> str:
    """Answer a text that is another one once any of the same entries came, went or was worded anew.

    Wordings are only ever added, so that the sum of their numbers grows with each; one statement over an index.
    """
    marks = (func.count(), func.sum(WhitelistEntry.id), func.sum(WhitelistEntry.need_revision_id))
    statement = (
        select(*(sql_cast(func.coalesce(one, 0), String) for one in marks))
        .select_from(WhitelistEntry)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(*_concerned(viewer, edition_id, chain, with_unstated=with_unstated))
    )
    return "/".join((await session.execute(statement)).one())


async def admitted_count(session: AsyncSession, viewer: Viewer, edition_id: int) -> int:
    """Answer how many entries are admitted to an edition and not withdrawn."""
    statement = (
        select(func.count())
        .select_from(WhitelistEntry)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(
            WhitelistEdition.jurisdiction == viewer.jurisdiction,
            WhitelistEntry.edition_id == edition_id,
            WhitelistEntry.status == "admitted",
            WhitelistEntry.withdrawn_at.is_(None),
        )
    )
    return await session.scalar(statement) or 0


async def commitments(session: AsyncSession, viewer: Viewer, edition_id: int, chain: str) -> dict[str, int]:
    """Answer for how many entries of a chain in an edition each institution (code) is responsible now."""
    statement = (
        select(Institution.code, func.count())
        .select_from(Assignment)
        .join(WhitelistEntry, WhitelistEntry.id == Assignment.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .join(Institution, Institution.id == Assignment.institution_id)
        .where(
            WhitelistEdition.jurisdiction == viewer.jurisdiction,
            WhitelistEntry.edition_id == edition_id,
            WhitelistEntry.chain_code == chain,
            WhitelistEntry.withdrawn_at.is_(None),
            Assignment.ended_at.is_(None),
        )
        .group_by(Institution.code)
    )
    return {row[0]: row[1] for row in await session.execute(statement)}
