"""Reads and writes of editions, entries, imports and reviews; the viewer comes first."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import Row, Select, Table, bindparam, exists, func, or_, select, update

from app.accounts.rules import Viewer
from app.enterprises.tables import Enterprise, Need, NeedRevision
from app.kernel.database import AsyncSession, insert_rows
from app.whitelist.entry_planning import StoredEntry, StoredItem
from app.whitelist.rules import Listed
from app.whitelist.tables import (
    EntryWithdrawal,
    ReviewItem,
    WhitelistEdition,
    WhitelistEntry,
    WhitelistImport,
)

ENTRIES = cast("Table", WhitelistEntry.__table__)
REVIEWS = cast("Table", ReviewItem.__table__)
EntryRow = Row[WhitelistEntry, WhitelistEdition, Enterprise, str]
ReviewRow = Row[ReviewItem, WhitelistEntry, str, Enterprise]
Chosen = TypeVar("Chosen", bound="Select[*tuple[Any, ...]]")


def _own(statement: Chosen, viewer: Viewer) -> Chosen:
    return statement.where(WhitelistEdition.jurisdiction == viewer.jurisdiction)


async def edition_by_code(session: AsyncSession, viewer: Viewer, code: str) -> WhitelistEdition | None:
    """Answer the viewer's edition of this code."""
    statement = _own(select(WhitelistEdition).where(WhitelistEdition.code == code), viewer)
    return await session.scalar(statement)


async def list_editions(
    session: AsyncSession, viewer: Viewer, after: str | None, limit: int
) -> Sequence[WhitelistEdition]:
    """Answer editions by code, the newest first, `limit` + 1 at most."""
    statement = _own(select(WhitelistEdition), viewer).order_by(WhitelistEdition.code.desc())
    if after is not None:
        statement = statement.where(WhitelistEdition.code < after)
    return (await session.scalars(statement.limit(limit + 1))).all()


async def entry_counts(session: AsyncSession, edition_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Answer edition id → entries by status; withdrawn ones count as `withdrawn`."""
    is_withdrawn = WhitelistEntry.withdrawn_at.is_not(None)
    statement = (
        select(WhitelistEntry.edition_id, WhitelistEntry.status, is_withdrawn, func.count())
        .where(WhitelistEntry.edition_id.in_(edition_ids))
        .group_by(WhitelistEntry.edition_id, WhitelistEntry.status, is_withdrawn)
    )
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for edition_id, status, withdrawn, count in await session.execute(statement):
        found[edition_id]["withdrawn" if withdrawn else status] += count
    return found


def _entries(viewer: Viewer) -> Select[WhitelistEntry, WhitelistEdition, Enterprise, str]:
    statement = (
        select(WhitelistEntry, WhitelistEdition, Enterprise, Need.code)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .join(Need, Need.id == WhitelistEntry.need_id)
    )
    return _own(statement, viewer)


async def entry_by_code(
    session: AsyncSession, viewer: Viewer, code: str, *, is_locked: bool = False
) -> EntryRow | None:
    """Answer (entry, edition, firm, need code); locked until the transaction ends if it is to be changed."""
    statement = _entries(viewer).where(WhitelistEntry.code == code)
    if is_locked:
        statement = statement.with_for_update(of=WhitelistEntry)
    return (await session.execute(statement)).one_or_none()


async def facts_of_revisions(session: AsyncSession, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Answer revision id → the stored facts of that wording."""
    statement = select(NeedRevision.id, NeedRevision.facts).where(NeedRevision.id.in_(ids))
    return {row[0]: row[1] for row in await session.execute(statement)}


async def stored_entries(
    session: AsyncSession, edition_id: int, codes: Iterable[str]
) -> dict[str, StoredEntry]:
    """Answer the entries of these codes with their review items, by code."""
    statement = (
        select(
            WhitelistEntry.id,
            WhitelistEntry.code,
            NeedRevision.content_hash,
            WhitelistEntry.version,
            WhitelistEntry.withdrawn_at.is_not(None),
            WhitelistEntry.admitted_at,
            WhitelistEntry.extra,
            exists().where(
                EntryWithdrawal.entry_id == WhitelistEntry.id,
                EntryWithdrawal.reopened_at.is_(None),
                EntryWithdrawal.import_id.is_not(None),
            ),
        )
        .join(NeedRevision, NeedRevision.id == WhitelistEntry.need_revision_id)
        .where(WhitelistEntry.edition_id == edition_id, WhitelistEntry.code.in_(sorted(codes)))
    )
    rows = (await session.execute(statement)).all()
    items = await _items_of(session, [row[0] for row in rows])
    return {
        code: StoredEntry(id_, code, digest, version, gone, since, extra, tuple(items.get(id_, ())), undone)
        for id_, code, digest, version, gone, since, extra, undone in rows
    }


async def _items_of(session: AsyncSession, entry_ids: Sequence[int]) -> dict[int, list[StoredItem]]:
    found: dict[int, list[StoredItem]] = defaultdict(list)
    if entry_ids:
        columns = (
            ReviewItem.entry_id,
            ReviewItem.id,
            ReviewItem.kind,
            ReviewItem.decision,
            ReviewItem.version,
        )
        statement = select(*columns).where(ReviewItem.entry_id.in_(entry_ids)).order_by(ReviewItem.id)
        for row in await session.execute(statement):
            found[row[0]].append(StoredItem(*row[1:]))
    return found


async def unresolved_namesakes(
    session: AsyncSession, usccs: Iterable[str]
) -> dict[str, list[dict[str, Any]]]:
    """Answer credit code → candidates of earlier questions that nobody answered with `different_firm`."""
    statement = (
        select(Enterprise.uscc, ReviewItem.detail, ReviewItem.decision)
        .join(WhitelistEntry, WhitelistEntry.id == ReviewItem.entry_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .where(ReviewItem.kind == "duplicate_name", Enterprise.uscc.in_(sorted(usccs)))
        .order_by(ReviewItem.id)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for uscc, detail, decision in await session.execute(statement):
        found[uscc] = [] if decision == "different_firm" else detail["candidates"]
    return {uscc: candidates for uscc, candidates in found.items() if candidates}


async def asked_firms(session: AsyncSession, usccs: Iterable[str]) -> frozenset[str]:
    """Answer those of the firms whose names were looked at: all that were listed, if not refused outright.

    What the rules refuse is not asked about, and opens no review item.
    """
    has_item = exists().where(ReviewItem.entry_id == WhitelistEntry.id)
    statement = (
        select(Enterprise.uscc)
        .join(WhitelistEntry, WhitelistEntry.enterprise_id == Enterprise.id)
        .where(Enterprise.uscc.in_(sorted(usccs)), or_(WhitelistEntry.status != "refused", has_item))
    )
    return frozenset(await session.scalars(statement))


async def put_entries(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store new entries."""
    await insert_rows(session, ENTRIES, rows)


async def change_entries(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store changed entries by `row_id`; all rows change the same columns."""
    if rows:
        names = [name for name in rows[0] if name != "row_id"]
        statement = update(ENTRIES).where(ENTRIES.c.id == bindparam("row_id"))
        await session.execute(statement.values({name: bindparam(name) for name in names}), list(rows))


async def entry_ids(session: AsyncSession, codes: Iterable[str]) -> dict[str, int]:
    """Answer entry code → id."""
    statement = select(WhitelistEntry.code, WhitelistEntry.id).where(WhitelistEntry.code.in_(sorted(codes)))
    return {row[0]: row[1] for row in await session.execute(statement)}


async def put_items(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store new review items."""
    await insert_rows(session, REVIEWS, rows)


async def close_items(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store decisions of review items by `row_id`."""
    if rows:
        names = [name for name in rows[0] if name != "row_id"]
        statement = update(REVIEWS).where(REVIEWS.c.id == bindparam("row_id"))
        await session.execute(statement.values({name: bindparam(name) for name in names}), list(rows))


async def listed_entries(session: AsyncSession, edition_id: int) -> list[Listed]:
    """Answer the entries of an edition that are neither refused nor withdrawn."""
    statement = (
        select(Need.code, WhitelistEntry.code, Enterprise.name, NeedRevision.id, NeedRevision.content_hash)
        .join(Need, Need.id == WhitelistEntry.need_id)
        .join(NeedRevision, NeedRevision.id == WhitelistEntry.need_revision_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
        .where(
            WhitelistEntry.edition_id == edition_id,
            WhitelistEntry.status != "refused",
            WhitelistEntry.withdrawn_at.is_(None),
        )
    )
    return [Listed(*row) for row in await session.execute(statement)]


def _imports(viewer: Viewer) -> Select[WhitelistImport, str]:
    statement = select(WhitelistImport, WhitelistEdition.code).join(
        WhitelistEdition, WhitelistEdition.id == WhitelistImport.edition_id
    )
    return _own(statement, viewer)


async def list_imports(
    session: AsyncSession, viewer: Viewer, edition: str | None, before: int | None, limit: int
) -> Sequence[Row[WhitelistImport, str]]:
    """Answer (import, edition code), the newest first, `limit` + 1 at most."""
    statement = _imports(viewer).order_by(WhitelistImport.id.desc()).limit(limit + 1)
    if edition is not None:
        statement = statement.where(WhitelistEdition.code == edition)
    if before is not None:
        statement = statement.where(WhitelistImport.id < before)
    return (await session.execute(statement)).all()


async def import_by_id(
    session: AsyncSession, viewer: Viewer, import_id: int
) -> Row[WhitelistImport, str] | None:
    """Answer (import, edition code)."""
    statement = _imports(viewer).where(WhitelistImport.id == import_id)
    return (await session.execute(statement)).one_or_none()


def _reviews(viewer: Viewer) -> Select[ReviewItem, WhitelistEntry, str, Enterprise]:
    statement = (
        select(ReviewItem, WhitelistEntry, WhitelistEdition.code, Enterprise)
        .join(WhitelistEntry, WhitelistEntry.id == ReviewItem.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .join(Enterprise, Enterprise.id == WhitelistEntry.enterprise_id)
    )
    return _own(statement, viewer)


async def list_reviews(
    session: AsyncSession,
    viewer: Viewer,
    *,
    edition: str | None,
    kind: str | None,
    is_open: bool | None,
    after: int | None,
    limit: int,
) -> Sequence[ReviewRow]:
    """Answer (item, entry, edition code, firm) by id, `limit` + 1 at most."""
    statement = _reviews(viewer).order_by(ReviewItem.id).limit(limit + 1)
    if edition is not None:
        statement = statement.where(WhitelistEdition.code == edition)
    if kind is not None:
        statement = statement.where(ReviewItem.kind == kind)
    if is_open is not None:
        undecided = ReviewItem.decision.is_(None)
        statement = statement.where(undecided if is_open else ~undecided)
    if after is not None:
        statement = statement.where(ReviewItem.id > after)
    return (await session.execute(statement)).all()


async def review_by_id(
    session: AsyncSession, viewer: Viewer, item_id: int, *, is_locked: bool = False
) -> ReviewRow | None:
    """Answer (item, entry, edition code, firm); item and entry locked if they are to be changed."""
    statement = _reviews(viewer).where(ReviewItem.id == item_id)
    if is_locked:
        statement = statement.with_for_update(of=[ReviewItem, WhitelistEntry])
    return (await session.execute(statement)).one_or_none()


async def seen_firms(session: AsyncSession, usccs: Collection[str]) -> frozenset[str]:
    """Answer those of some credit codes whose firms the viewer may see."""
    if not usccs:
        return frozenset()
    statement = select(Enterprise.uscc).where(Enterprise.uscc.in_(sorted(usccs)))
    return frozenset(await session.scalars(statement))


async def items_of_entry(session: AsyncSession, entry_id: int) -> Sequence[ReviewItem]:
    """Answer the review items of an entry by id."""
    statement = select(ReviewItem).where(ReviewItem.entry_id == entry_id).order_by(ReviewItem.id)
    return (await session.scalars(statement)).all()


async def items_of_entries(session: AsyncSession, entry_ids: Sequence[int]) -> dict[int, list[ReviewItem]]:
    """Answer entry id → its review items by id, for each of some entries."""
    found: dict[int, list[ReviewItem]] = {entry_id: [] for entry_id in entry_ids}
    statement = select(ReviewItem).where(ReviewItem.entry_id.in_(entry_ids)).order_by(ReviewItem.id)
    for item in await session.scalars(statement):
        found[item.entry_id].append(item)
    return found


async def open_duplicates(
    session: AsyncSession, viewer: Viewer, codes: Iterable[str]
) -> Sequence[Row[ReviewItem, WhitelistEntry]]:
    """Answer (item, entry) of those of some entries that wait for a decision on a duplicate, locked, by item."""
    statement = (
        select(ReviewItem, WhitelistEntry)
        .join(WhitelistEntry, WhitelistEntry.id == ReviewItem.entry_id)
        .join(WhitelistEdition, WhitelistEdition.id == WhitelistEntry.edition_id)
        .where(ReviewItem.kind == "duplicate_name", ReviewItem.decision.is_(None))
        .where(WhitelistEntry.code.in_(sorted(codes)))
        .order_by(ReviewItem.id)
        .with_for_update(of=[ReviewItem, WhitelistEntry])
        .execution_options(populate_existing=True)  # an import writes beside the session's objects
    )
    return (await session.execute(_own(statement, viewer))).all()


async def withdrawal_in_force(session: AsyncSession, entry_id: int) -> EntryWithdrawal:
    """Answer by which withdrawal a withdrawn entry is off the roster."""
    statement = select(EntryWithdrawal).where(
        EntryWithdrawal.entry_id == entry_id, EntryWithdrawal.reopened_at.is_(None)
    )
    return (await session.scalars(statement)).one()


async def withdrawals_of_entry(session: AsyncSession, entry_id: int) -> Sequence[EntryWithdrawal]:
    """Answer when an entry was off the roster, the first time first."""
    statement = select(EntryWithdrawal).where(EntryWithdrawal.entry_id == entry_id)
    return (await session.scalars(statement.order_by(EntryWithdrawal.id))).all()
