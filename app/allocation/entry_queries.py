"""Single entries with who is or was responsible for them; compiled once, because pages of one entry ask them all the time.

Entries are reached through their edition's jurisdiction, which is the viewer's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import BigInteger, Select, String, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.allocation.refusals import Refusal
from app.allocation.tables import Assignment, AssignmentSupport
from app.catalogue.tables import Product, ProductRevision
from app.enterprises.tables import NeedRevision
from app.institutions.tables import Institution
from app.kernel.batches import in_batches
from app.kernel.direct import Direct, given, given_each
from app.whitelist.tables import WhitelistEdition, WhitelistEntry


@dataclass(frozen=True, slots=True)
class AssignmentRow:
    """A current assignment; `institution_id` is None where the coordinator or a named body answers."""

    id: int
    entry_id: int
    entry_code: str
    kind: str
    institution_id: int | None
    product_revision_id: int | None
    assigned_at: datetime
    responsible_body: str
    chain: str | None = None


@dataclass(frozen=True, slots=True)
class ListedEntry:
    """An entry with the facts that it was listed with; `stated_at` is when that wording was recorded."""

    id: int
    code: str
    edition_id: int
    region: str
    chain: str | None
    facts: dict[str, Any]
    stated_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class ShownAssignment:
    """An assignment (a row with its columns) with the codes and names by which people know its parts."""

    assignment: Any
    entry: str
    edition: str
    institution: str | None
    institution_name: str | None
    product: str | None
    product_name: str | None


ASSIGNED: Final = (
    Assignment.id,
    Assignment.entry_id,
    WhitelistEntry.code,
    Assignment.kind,
    Assignment.institution_id,
    Assignment.product_revision_id,
    Assignment.assigned_at,
    Assignment.responsible_body,
    WhitelistEntry.chain_code,
)
"""What an AssignmentRow is made of."""
_OWN: Final = WhitelistEdition.jurisdiction == given("jurisdiction")
_OF_EDITION: Final = WhitelistEntry.edition_id == given("edition", BigInteger)


def _assignments(*columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .join_from(Assignment, WhitelistEntry, WhitelistEntry.id == Assignment.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(_OWN)
    )


def _left(reason: str) -> Direct:
    columns = (Assignment.entry_id, Assignment.institution_id, Assignment.ended_at)
    return Direct(
        _assignments(*columns).where(
            Assignment.end_reason == reason,
            Assignment.institution_id.is_not(None),
            Assignment.entry_id.in_(given_each("entries")),
        )
    )


def _entries() -> Select[Any]:
    return (
        select(
            WhitelistEntry.id,
            WhitelistEntry.code,
            WhitelistEntry.edition_id,
            WhitelistEntry.region_code,
            WhitelistEntry.chain_code,
            NeedRevision.facts,
            NeedRevision.created_at,
            WhitelistEntry.withdrawn_at,
        )
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .join(NeedRevision, NeedRevision.id == WhitelistEntry.need_revision_id)
        .where(_OWN)
    )


_CURRENT: Final = Direct(
    _assignments(*ASSIGNED).where(
        _OF_EDITION, Assignment.ended_at.is_(None), Assignment.entry_id.in_(given_each("entries"))
    )
)
_DECLINED, _TAKEN = _left("declined"), _left("rerouted")
_OF_IDS: Final = Direct(_entries().where(WhitelistEntry.id.in_(given_each("entries"))))
_OF_CODES: Final = Direct(_entries().where(_OF_EDITION, WhitelistEntry.code.in_(given_each("codes", String))))
_ALL_OF_ENTRY: Final = Direct(
    _assignments(
        *(getattr(Assignment, each.key) for each in cast("Table", Assignment.__table__).columns),
        WhitelistEntry.code,
        WhitelistEdition.code.label("edition"),
        Institution.code.label("institution"),
        Institution.name.label("institution_name"),
        Product.code.label("product"),
        ProductRevision.name.label("product_name"),
    )
    .outerjoin(Institution, Institution.id == Assignment.institution_id)
    .outerjoin(ProductRevision, ProductRevision.id == Assignment.product_revision_id)
    .outerjoin(Product, Product.id == ProductRevision.product_id)
    .where(WhitelistEntry.code == given("code"))
    .order_by(Assignment.id.desc())
)
_SUPPORTS: Final = Direct(
    select(
        Institution.code,
        Institution.name,
        Product.code.label("product"),
        ProductRevision.name.label("product_name"),
        AssignmentSupport.score,
    )
    .join_from(AssignmentSupport, Institution, Institution.id == AssignmentSupport.institution_id)
    .join(ProductRevision, ProductRevision.id == AssignmentSupport.product_revision_id)
    .join(Product, Product.id == ProductRevision.product_id)
    .where(AssignmentSupport.assignment_id == given("assignment", BigInteger))
    .order_by(AssignmentSupport.rank)
)


async def assignments_of(
    session: AsyncSession, viewer: Viewer, edition_id: int, entry_ids: Iterable[int]
) -> dict[int, AssignmentRow]:
    """Answer the current assignments of some entries of an edition, by entry id."""
    found: dict[int, AssignmentRow] = {}
    for batch in in_batches(sorted(set(entry_ids))):
        rows = await _CURRENT.rows(
            session, jurisdiction=viewer.jurisdiction, edition=edition_id, entries=batch
        )
        found |= {row.entry_id: AssignmentRow(*row) for row in rows}
    return found


async def ended_by_decline(
    session: AsyncSession, viewer: Viewer, entry_ids: Iterable[int]
) -> dict[int, list[Refusal]]:
    """Answer who declined some entries as far as the ends of their assignments tell, by entry id."""
    found: dict[int, list[Refusal]] = {}
    for batch in in_batches(sorted(set(entry_ids))):
        for row in await _DECLINED.rows(session, jurisdiction=viewer.jurisdiction, entries=batch):
            found.setdefault(row.entry_id, []).append(Refusal(row.institution_id, row.ended_at))
    return found


async def taken_from(
    session: AsyncSession, viewer: Viewer, entry_ids: Iterable[int]
) -> dict[int, frozenset[int]]:
    """Answer the institutions from which a coordinator took some entries, by entry id: they do not get them again."""
    found: dict[int, frozenset[int]] = {}
    for batch in in_batches(sorted(set(entry_ids))):
        for row in await _TAKEN.rows(session, jurisdiction=viewer.jurisdiction, entries=batch):
            found[row.entry_id] = found.get(row.entry_id, frozenset()) | {row.institution_id}
    return found


async def entries_of(session: AsyncSession, viewer: Viewer, entry_ids: Iterable[int]) -> list[ListedEntry]:
    """Answer those of some entries (ids) that the viewer may see, by code."""
    found: list[ListedEntry] = []
    for batch in in_batches(sorted(set(entry_ids))):
        rows = await _OF_IDS.rows(session, jurisdiction=viewer.jurisdiction, entries=batch)
        found += [ListedEntry(*row) for row in rows]
    return sorted(found, key=lambda entry: entry.code)


async def entries_of_codes(
    session: AsyncSession, viewer: Viewer, edition_id: int, codes: Iterable[str]
) -> list[ListedEntry]:
    """Answer those of some entries (codes) of an edition that the viewer may see, by code."""
    found: list[ListedEntry] = []
    for batch in in_batches(sorted(set(codes))):
        rows = await _OF_CODES.rows(
            session, jurisdiction=viewer.jurisdiction, edition=edition_id, codes=batch
        )
        found += [ListedEntry(*row) for row in rows]
    return sorted(found, key=lambda entry: entry.code)


async def assignments_of_entry(session: AsyncSession, viewer: Viewer, code: str) -> list[ShownAssignment]:
    """Answer all assignments of an entry, the newest first."""
    rows = await _ALL_OF_ENTRY.rows(session, jurisdiction=viewer.jurisdiction, code=code)
    return [
        ShownAssignment(
            row,
            row.code,
            row.edition,
            row.institution,
            row.institution_name,
            row.product,
            row.product_name,
        )
        for row in rows
    ]


async def supports_of(session: AsyncSession, assignment_id: int) -> list[tuple[str, str, str, str, int]]:
    """Answer (institution code, name, product code, name, score) of an assignment's supports, best first."""
    rows = await _SUPPORTS.rows(session, assignment=assignment_id)
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]
