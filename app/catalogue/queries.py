"""Rows of products, their revisions and library editions. They are public: every viewer sees all."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Select, String, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.offering import Days
from app.catalogue.revisions import Validity
from app.catalogue.tables import (
    LibraryCall,
    LibraryEdition,
    LibraryItem,
    LibrarySuspension,
    Product,
    ProductRevision,
)
from app.kernel.batches import in_batches
from app.kernel.direct import Direct, given_each
from app.kernel.errors import Conflict

_Columns = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """One revision with its product's code and offering institution."""

    id: int
    code: str
    institution_id: int
    revision: int
    name: str
    terms: Mapping[str, Any]
    content_hash: str
    valid_from: date
    valid_until: date | None
    is_demo: bool
    created_at: Any


@dataclass(frozen=True, slots=True)
class Confirmation:
    """For which quarter's library an institution confirmed its product last; all None: never, or it paused it since."""

    quarter: str | None
    by: str | None
    at: datetime | None


_REVISION_COLUMNS = (
    ProductRevision.id,
    Product.code,
    Product.institution_id,
    ProductRevision.revision,
    ProductRevision.name,
    ProductRevision.terms,
    ProductRevision.content_hash,
    ProductRevision.valid_from,
    ProductRevision.valid_until,
    ProductRevision.is_demo,
    ProductRevision.created_at,
)


_DAYS = (ProductRevision.valid_from, ProductRevision.valid_until, Product.confirmed_quarter)


async def product_codes(session: AsyncSession) -> frozenset[str]:
    """Answer the codes of all products."""
    return frozenset((await session.execute(select(Product.code))).scalars())


async def product_by_code(session: AsyncSession, code: str, *, is_for_change: bool = False) -> Product | None:
    """Answer one product; for a change, its row is held until the transaction ends."""
    statement = select(Product).where(Product.code == code)
    if is_for_change:
        statement = statement.with_for_update()
    return (await session.execute(statement)).scalar_one_or_none()


async def products_after(
    session: AsyncSession, *, after: str | None, limit: int, institutions: Iterable[int] | None
) -> Sequence[Product]:
    """Answer products by code after a code, of some institutions or of all."""
    statement = select(Product).order_by(Product.code).limit(limit)
    if after is not None:
        statement = statement.where(Product.code > after)
    if institutions is not None:
        statement = statement.where(Product.institution_id.in_(sorted(institutions)))
    return (await session.execute(statement)).scalars().all()


async def validities(
    session: AsyncSession, product_ids: Iterable[int] | None = None
) -> dict[int, list[Validity]]:
    """Answer the revisions' days by product id; of all products when none are given."""
    statement = select(
        ProductRevision.product_id,
        ProductRevision.revision,
        ProductRevision.id,
        ProductRevision.valid_from,
        ProductRevision.valid_until,
    )
    if product_ids is not None:
        statement = statement.where(ProductRevision.product_id.in_(sorted(product_ids)))
    found: dict[int, list[Validity]] = defaultdict(list)
    for row in await session.execute(statement):
        found[row.product_id].append(Validity(row.revision, row.id, row.valid_from, row.valid_until))
    return found


async def revisions(session: AsyncSession, ids: Iterable[int]) -> list[RevisionRow]:
    """Answer these revisions, by product code."""
    wanted, found = sorted(ids), list[RevisionRow]()
    for batch in in_batches(wanted):
        statement = (
            select(*_REVISION_COLUMNS)
            .join(Product, Product.id == ProductRevision.product_id)
            .where(ProductRevision.id.in_(batch))
        )
        found += [RevisionRow(*row) for row in await session.execute(statement)]
    return sorted(found, key=lambda row: row.code)


async def current_revisions(session: AsyncSession, codes: Iterable[str] | None = None) -> list[RevisionRow]:
    """Answer the current revision of each product, or of these, by product code."""
    statement = (
        select(*_REVISION_COLUMNS)
        .join(Product, Product.id == ProductRevision.product_id)
        .where(ProductRevision.revision == Product.revision)
        .order_by(Product.code)
    )
    if codes is not None:
        statement = statement.where(Product.code.in_(sorted(codes)))
    return [RevisionRow(*row) for row in await session.execute(statement)]


_NAMED: Final = (
    select(Product.code, ProductRevision.name, Product.institution_id)
    .join(Product, Product.id == ProductRevision.product_id)
    .where(ProductRevision.revision == Product.revision)
    .order_by(Product.code)
)
_NAMES: Final = Direct(_NAMED)
_NAMES_OF: Final = Direct(_NAMED.where(Product.code.in_(given_each("codes", String))))


async def names(session: AsyncSession) -> list[tuple[str, str, int]]:
    """Answer code, name and offering institution of each product, by code."""
    return [(row[0], row[1], row[2]) for row in await _NAMES.rows(session)]


async def names_of(session: AsyncSession, codes: Iterable[str]) -> dict[str, str]:
    """Answer the names of those of these products that there are, by code."""
    found: dict[str, str] = {}
    wanted = sorted(set(codes))
    for batch in in_batches(wanted):
        rows = await _NAMES_OF.rows(session, codes=batch)
        found |= {row[0]: row[1] for row in rows}
    return found


async def offered(
    session: AsyncSession, institutions: Iterable[int]
) -> list[tuple[RevisionRow, Confirmation]]:
    """Answer the current revisions of the products of institutions with their confirmations, by product code."""
    marks = (Product.confirmed_quarter, Product.confirmed_by, Product.confirmed_at)
    statement = (
        select(*_REVISION_COLUMNS, *marks)
        .join(Product, Product.id == ProductRevision.product_id)
        .where(ProductRevision.revision == Product.revision, Product.institution_id.in_(sorted(institutions)))
        .order_by(Product.code)
    )
    rows = await session.execute(statement)
    return [(RevisionRow(*row[: -len(marks)]), Confirmation(*row[-len(marks) :])) for row in rows]


async def offered_days(
    session: AsyncSession, institutions: Collection[int] | None
) -> list[tuple[int, Days, int]]:
    """Answer of how many products which days hold, by institution; of some institutions, or of all (None)."""
    days = (Product.institution_id, *_DAYS)
    counted = _of_current(select(*days, func.count()).group_by(*days), institutions)
    return [(row[0], Days(*row[1:4]), row[4]) for row in await session.execute(counted)]


async def offered_codes(session: AsyncSession, institutions: Collection[int]) -> list[tuple[str, int, Days]]:
    """Answer code, institution and days of the products of institutions, by code."""
    listed = _of_current(select(Product.code, Product.institution_id, *_DAYS), institutions)
    rows = await session.execute(listed.order_by(Product.code))
    return [(row[0], row[1], Days(*row[2:])) for row in rows]


def _of_current(found: _Columns, institutions: Collection[int] | None) -> _Columns:
    current = found.join_from(Product, ProductRevision, ProductRevision.product_id == Product.id).where(
        ProductRevision.revision == Product.revision
    )
    return (
        current if institutions is None else current.where(Product.institution_id.in_(sorted(institutions)))
    )


async def listed_revisions(session: AsyncSession, jurisdiction: str, code: str) -> dict[str, int]:
    """Answer product code → number of the revision that an edition froze; empty while it is not published."""
    statement = (
        select(Product.code, ProductRevision.revision)
        .join(ProductRevision, ProductRevision.product_id == Product.id)
        .join(LibraryItem, LibraryItem.product_revision_id == ProductRevision.id)
        .join(LibraryEdition, LibraryEdition.id == LibraryItem.edition_id)
        .where(LibraryEdition.jurisdiction == jurisdiction, LibraryEdition.code == code)
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def revisions_of(
    session: AsyncSession, product_id: int, *, after: int | None = None, limit: int | None = None
) -> list[RevisionRow]:
    """Answer the revisions of one product, the newest first, below a number."""
    statement = (
        select(*_REVISION_COLUMNS)
        .join(Product, Product.id == ProductRevision.product_id)
        .where(Product.id == product_id)
        .order_by(ProductRevision.revision.desc())
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(ProductRevision.revision < after)
    return [RevisionRow(*row) for row in await session.execute(statement)]


async def add(
    session: AsyncSession, rows: Sequence[Product | ProductRevision | LibraryEdition | LibraryCall]
) -> None:
    """Store new rows, so that they have ids.

    Raises:
        Conflict: another request stored the same product, revision or edition meanwhile.
    """
    session.add_all(rows)
    try:
        await session.flush()
    except IntegrityError as error:
        raise Conflict("Somebody stored the same product, revision or edition; read it again.") from error


async def add_items(session: AsyncSession, edition_id: int, revision_ids: Iterable[int]) -> None:
    """Store what is on an edition."""
    rows = [{"edition_id": edition_id, "product_revision_id": number} for number in revision_ids]
    await session.execute(insert(LibraryItem), rows)


async def library_edition(session: AsyncSession, jurisdiction: str, code: str) -> LibraryEdition | None:
    """Answer one edition of a jurisdiction."""
    statement = select(LibraryEdition).where(
        LibraryEdition.jurisdiction == jurisdiction, LibraryEdition.code == code
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def library_editions(
    session: AsyncSession, jurisdiction: str, *, before: str | None, limit: int
) -> Sequence[LibraryEdition]:
    """Answer a jurisdiction's editions, the newest quarter first."""
    statement = (
        select(LibraryEdition)
        .where(LibraryEdition.jurisdiction == jurisdiction)
        .order_by(LibraryEdition.code.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(LibraryEdition.code < before)
    return (await session.execute(statement)).scalars().all()


async def item_counts(session: AsyncSession, edition_ids: Iterable[int]) -> dict[int, int]:
    """Answer how many products are on each edition."""
    statement = (
        select(LibraryItem.edition_id, func.count())
        .where(LibraryItem.edition_id.in_(sorted(edition_ids)))
        .group_by(LibraryItem.edition_id)
    )
    return {row[0]: row[1] for row in await session.execute(statement)}


async def item_revision_ids(session: AsyncSession, edition_id: int) -> list[int]:
    """Answer the revisions on an edition."""
    statement = select(LibraryItem.product_revision_id).where(LibraryItem.edition_id == edition_id)
    return list((await session.execute(statement)).scalars())


async def library_call(session: AsyncSession, jurisdiction: str, quarter: str) -> LibraryCall | None:
    """Answer a jurisdiction's call to confirm products for a quarter."""
    statement = select(LibraryCall).where(
        LibraryCall.jurisdiction == jurisdiction, LibraryCall.quarter == quarter
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def add_suspensions(session: AsyncSession, edition_id: int, product_ids: Iterable[int]) -> None:
    """Store what an edition leaves out."""
    rows = [{"edition_id": edition_id, "product_id": number} for number in product_ids]
    if rows:
        await session.execute(insert(LibrarySuspension), rows)


async def suspended_codes(session: AsyncSession, edition_ids: Iterable[int]) -> dict[int, list[str]]:
    """Answer the products (codes, in order) that editions leave out, by edition."""
    statement = (
        select(LibrarySuspension.edition_id, Product.code)
        .join(Product, Product.id == LibrarySuspension.product_id)
        .where(LibrarySuspension.edition_id.in_(sorted(edition_ids)))
        .order_by(Product.code)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for edition, code in await session.execute(statement):
        found[edition].append(code)
    return found


async def confirmed_quarters(
    session: AsyncSession, codes: Iterable[str]
) -> dict[str, tuple[int, str | None]]:
    """Answer the id of products and the quarter for which each was confirmed last, by code."""
    statement = select(Product.code, Product.id, Product.confirmed_quarter).where(
        Product.code.in_(sorted(codes))
    )
    return {row[0]: (row[1], row[2]) for row in await session.execute(statement)}
