"""Rows of match runs. Runs are reached through their edition's jurisdiction, which is the viewer's."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, Select, Table, exists, select

from app.accounts.rules import Viewer
from app.catalogue.tables import Product, ProductRevision
from app.enterprises.tables import Enterprise
from app.kernel.database import AsyncSession, insert_rows
from app.matching.tables import MatchBatch, MatchCount, MatchResult, MatchRun
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

RESULTS = cast("Table", MatchResult.__table__)
COUNTS = cast("Table", MatchCount.__table__)
RunRow = Row[MatchRun, str]


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """How one entry came out of a run."""

    entry_id: int
    entry: str
    enterprise: str
    eligible: int
    unknown: int


@dataclass(frozen=True, slots=True)
class StoredMatch:
    """One of the best products of an entry in a run; `score` runs to 1,000,000 for 100 points."""

    rank: int
    product: str
    name: str
    revision: int
    score: int


def _is_whole() -> ColumnElement[bool]:
    return ~exists().where(MatchBatch.run_id == MatchRun.id)


def _runs(viewer: Viewer) -> Select[MatchRun, str]:
    return (
        select(MatchRun, WhitelistEdition.code)
        .join(WhitelistEdition, WhitelistEdition.id == MatchRun.edition_id)
        .where(WhitelistEdition.jurisdiction == viewer.jurisdiction, _is_whole())
    )


async def run_by_id(session: AsyncSession, viewer: Viewer, run_id: int) -> RunRow | None:
    """Answer a run with its edition's code."""
    return (await session.execute(_runs(viewer).where(MatchRun.id == run_id))).one_or_none()


async def latest_run(session: AsyncSession, viewer: Viewer, edition_id: int) -> RunRow | None:
    """Answer the edition's latest run with its edition's code."""
    statement = _runs(viewer).where(MatchRun.edition_id == edition_id).order_by(MatchRun.id.desc())
    return (await session.execute(statement.limit(1))).one_or_none()


async def run_of_inputs(
    session: AsyncSession, viewer: Viewer, edition_id: int, inputs_hash: str
) -> RunRow | None:
    """Answer the latest run of an edition over these inputs."""
    statement = (
        _runs(viewer)
        .where(MatchRun.edition_id == edition_id, MatchRun.inputs_hash == inputs_hash)
        .order_by(MatchRun.id.desc())
    )
    return (await session.execute(statement.limit(1))).one_or_none()


async def list_runs(
    session: AsyncSession, viewer: Viewer, edition: str | None, before: int | None, limit: int
) -> Sequence[RunRow]:
    """Answer runs, the newest first, `limit` + 1 at most."""
    statement = _runs(viewer).order_by(MatchRun.id.desc()).limit(limit + 1)
    if edition is not None:
        statement = statement.where(WhitelistEdition.code == edition)
    if before is not None:
        statement = statement.where(MatchRun.id < before)
    return (await session.execute(statement)).all()


async def save_run(
    session: AsyncSession,
    run: MatchRun,
    counts: Iterable[Mapping[str, Any]],
    results: Iterable[Mapping[str, Any]],
) -> int:
    """Store a run with its counts and results in bulk; answer its id. The rows lack only `run_id`."""
    session.add(run)
    await session.flush()
    await save_rows(session, run.id, counts, results)
    return run.id


async def save_rows(
    session: AsyncSession,
    run_id: int,
    counts: Iterable[Mapping[str, Any]],
    results: Iterable[Mapping[str, Any]],
) -> None:
    """Store counts and results of a run in bulk. The rows lack only `run_id`."""
    await insert_rows(session, COUNTS, _of_run(run_id, counts))
    await insert_rows(session, RESULTS, _of_run(run_id, results))


def _of_run(run_id: int, rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return ({"run_id": run_id, **row} for row in rows)


async def entries_without_product(session: AsyncSession, viewer: Viewer, run_id: int) -> list[int]:
    """Answer the entries of a run for which no product is eligible, by id."""
    statement = (
        select(MatchCount.entry_id)
        .join(MatchRun, MatchRun.id == MatchCount.run_id)
        .join(WhitelistEdition, WhitelistEdition.id == MatchRun.edition_id)
        .where(
            WhitelistEdition.jurisdiction == viewer.jurisdiction,
            MatchCount.run_id == run_id,
            MatchCount.eligible == 0,
        )
        .order_by(MatchCount.entry_id)
    )
    return list((await session.scalars(statement)).all())


async def entries_of_run(
    session: AsyncSession, run_id: int, after: str | None, limit: int, *, is_without: bool
) -> list[StoredEntry]:
    """Answer how the entries of a run came out, by entry code, `limit` + 1 at most."""
    statement = (
        select(
            MatchCount.entry_id,
            WhitelistEntry.code,
            Enterprise.name,
            MatchCount.eligible,
            MatchCount.unknown,
        )
        .join(WhitelistEntry, WhitelistEntry.id == MatchCount.entry_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .where(MatchCount.run_id == run_id)
        .order_by(WhitelistEntry.code)
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(WhitelistEntry.code > after)
    if is_without:
        statement = statement.where(MatchCount.eligible == 0)
    return [StoredEntry(*row) for row in await session.execute(statement)]


async def results_of(
    session: AsyncSession, run_id: int, entry_ids: Sequence[int]
) -> dict[int, list[StoredMatch]]:
    """Answer the stored products of some entries of a run, best first."""
    statement = (
        select(
            MatchResult.entry_id,
            MatchResult.rank,
            Product.code,
            ProductRevision.name,
            ProductRevision.revision,
            MatchResult.score,
        )
        .join(ProductRevision, ProductRevision.id == MatchResult.product_revision_id)
        .join(Product, Product.id == ProductRevision.product_id)
        .where(MatchResult.run_id == run_id, MatchResult.entry_id.in_(entry_ids))
        .order_by(MatchResult.entry_id, MatchResult.rank)
    )
    found: dict[int, list[StoredMatch]] = defaultdict(list)
    for row in await session.execute(statement):
        found[row[0]].append(StoredMatch(*row[1:]))
    return found
