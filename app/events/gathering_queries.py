"""What calendars and invite lists are made from: entries by chain, place and class, their banks, and fitting products."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from app.accounts.rules import Viewer
from app.allocation.tables import Assignment
from app.catalogue.tables import Product, ProductRevision
from app.chains.tables import Chain, ChainManager
from app.docking.kinds import EventKind
from app.docking.rules import Stage
from app.docking.tables import DockingEvent, EntryClock
from app.enterprises.tables import Enterprise
from app.institutions.rules import digits_of
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession
from app.matching.tables import MatchBatch, MatchResult, MatchRun
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

_Correction = aliased(DockingEvent)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many entries of a chain, county and class are on the roster, open, and contacted."""

    chain: str | None
    region: str
    source_class: str
    entries: int
    open: int
    contacted: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry with an open need; `holder_id` is the institution that is responsible for it."""

    entry_id: int
    enterprise_id: int
    uscc: str
    name: str
    region: str
    chain: str | None
    holder_id: int | None


async def edition_on(session: AsyncSession, viewer: Viewer, day: date) -> tuple[int, str] | None:
    """Answer the edition in force on a day, or the last one before it: id and code."""
    statement = (
        select(WhitelistEdition.id, WhitelistEdition.code)
        .where(WhitelistEdition.jurisdiction == viewer.jurisdiction, WhitelistEdition.in_force_from <= day)
        .order_by(WhitelistEdition.in_force_from.desc())
        .limit(1)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1])


def _is_open() -> ColumnElement[bool]:
    """Tell whether nothing has been paid out on an entry yet."""
    return or_(EntryClock.stage.is_(None), EntryClock.stage != Stage.DISBURSED.value)


def _is_contacted() -> ColumnElement[bool]:
    voided = exists().where(
        _Correction.entry_id == DockingEvent.entry_id, _Correction.corrects == DockingEvent.sequence
    )
    return exists().where(
        DockingEvent.entry_id == WhitelistEntry.id,
        DockingEvent.kind == EventKind.CONTACTED.value,
        ~voided,
    )


async def tallies(session: AsyncSession, edition: int) -> list[Tally]:
    """Answer the counts of an edition's entries by chain, county and class."""
    listed = (
        select(
            WhitelistEntry.chain_code.label("chain"),
            WhitelistEntry.region_code.label("region"),
            WhitelistEntry.source_class.label("class"),
            case((_is_open(), 1), else_=0).label("open"),
            case((_is_contacted(), 1), else_=0).label("contacted"),
        )
        .outerjoin(EntryClock, EntryClock.entry_id == WhitelistEntry.id)
        .where(_listed(edition))
        .subquery()
    )
    groups = (listed.c.chain, listed.c.region, listed.c["class"])
    statement = select(*groups, func.count(), func.sum(listed.c.open), func.sum(listed.c.contacted))
    rows = await session.execute(statement.group_by(*groups).order_by(*groups))
    return [Tally(chain, region, kind, n, int(o), int(c)) for chain, region, kind, n, o, c in rows]


def _listed(edition: int) -> ColumnElement[bool]:
    return and_(
        WhitelistEntry.edition_id == edition,
        WhitelistEntry.status == "admitted",
        WhitelistEntry.withdrawn_at.is_(None),
    )


async def candidates(
    session: AsyncSession, edition: int, *, chain: str | None, source_class: str | None, region: str | None
) -> list[Candidate]:
    """Answer the entries with open needs that an event is about, by firm and entry."""
    statement = (
        select(
            WhitelistEntry.id,
            Enterprise.id,
            Enterprise.uscc,
            Enterprise.name,
            WhitelistEntry.region_code,
            WhitelistEntry.chain_code,
            Assignment.institution_id,
        )
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .outerjoin(EntryClock, EntryClock.entry_id == WhitelistEntry.id)
        .outerjoin(Assignment, and_(Assignment.entry_id == WhitelistEntry.id, Assignment.ended_at.is_(None)))
        .where(_listed(edition), _is_open())
        .order_by(Enterprise.uscc, WhitelistEntry.id)
    )
    if chain is not None:
        statement = statement.where(WhitelistEntry.chain_code == chain)
    if source_class is not None:
        statement = statement.where(WhitelistEntry.source_class == source_class)
    if region is not None:
        statement = statement.where(WhitelistEntry.region_code.startswith(digits_of(region)))
    return [Candidate(*row) for row in await session.execute(statement)]


async def fits(session: AsyncSession, edition: int, entries: Collection[int]) -> list[tuple[int, int, int]]:
    """Answer for entries (ids) which institutions have a product that fits, by the last match run: (entry, institution, score)."""
    unfinished = select(MatchBatch.run_id)
    last = select(func.max(MatchRun.id)).where(MatchRun.edition_id == edition, MatchRun.id.not_in(unfinished))
    run = await session.scalar(last)
    if run is None:
        return []
    found: list[tuple[int, int, int]] = []
    for batch in in_batches(sorted(entries)):
        statement = (
            select(MatchResult.entry_id, Product.institution_id, func.max(MatchResult.score))
            .join(ProductRevision, ProductRevision.id == MatchResult.product_revision_id)
            .join(Product, Product.id == ProductRevision.product_id)
            .where(MatchResult.run_id == run, MatchResult.entry_id.in_(batch))
            .group_by(MatchResult.entry_id, Product.institution_id)
        )
        found += [(entry, bank, score) for entry, bank, score in await session.execute(statement)]
    return found


async def chain_people(session: AsyncSession, on: date) -> dict[str, frozenset[str]]:
    """Answer for each chain (code) who answers for it on a day."""
    statement = (
        select(Chain.code, ChainManager.name, ChainManager.body)
        .join(ChainManager, ChainManager.chain_id == Chain.id)
        .where(ChainManager.since <= on, or_(ChainManager.until.is_(None), ChainManager.until >= on))
    )
    found: dict[str, set[str]] = {}
    for chain, name, body in await session.execute(statement):
        found.setdefault(chain, set()).add(f"{name}（{body}）" if body else name)
    return {chain: frozenset(people) for chain, people in found.items()}


async def entry_codes(session: AsyncSession, entries: Collection[int]) -> dict[int, tuple[str, str]]:
    """Answer code and edition of entries (ids)."""
    found: dict[int, tuple[str, str]] = {}
    for batch in in_batches(sorted(entries)):
        statement = (
            select(WhitelistEntry.id, WhitelistEntry.code, WhitelistEdition.code)
            .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
            .where(WhitelistEntry.id.in_(batch))
        )
        found |= {id_: (code, edition) for id_, code, edition in await session.execute(statement)}
    return found
