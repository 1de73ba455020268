"""The quarter's published product library (黑银发〔2023〕25号 六): frozen revisions, shown and compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.catalogue import queries
from app.catalogue.confirming import Listed, is_suspended
from app.catalogue.expiry import Expiry, Offer, expiries
from app.catalogue.importing import content_of
from app.catalogue.planning import written_content
from app.catalogue.quarters import Quarter, publishing_day, quarter_of, quarter_with
from app.catalogue.revisions import Validity, diff_editions, in_force, library_hash
from app.catalogue.rules import ProductTerms
from app.catalogue.schemas import LibraryDiff, LibraryOut, ProductOut, Revised
from app.catalogue.tables import LibraryEdition
from app.catalogue.viewing import product_out, touches
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, encode_cursor
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.reference import service as reference
from app.reference.errors import CalendarUnknownError


@dataclass(frozen=True, slots=True)
class LibraryDue:
    """What became of a library that is due: the edition published now, who has to hear what of it, or why there is none."""

    published: LibraryOut | None = None
    expiring: Mapping[int, Expiry] = field(default_factory=dict)
    """By institution (id)."""
    obstacle: str = ""


async def revisions_on(
    session: AsyncSession, viewer: Viewer, on: date, library: str | None
) -> list[queries.RevisionRow]:
    """Answer, by code, the revisions that hold on a day: of an edition, else of all products.

    Raises:
        NotFound: the viewer's jurisdiction has published no such edition.
    """
    if library is None:
        chosen = (in_force(days, on) for days in (await queries.validities(session)).values())
        return await queries.revisions(session, [one.row_id for one in chosen if one is not None])
    edition = await _stored(session, viewer, library)
    rows = await queries.revisions(session, await queries.item_revision_ids(session, edition.id))
    return [row for row in rows if Validity(row.revision, row.id, row.valid_from, row.valid_until).holds(on)]


async def publish_library(session: AsyncSession, viewer: Viewer, code: str, *, now: datetime) -> LibraryOut:
    """Freeze the products in force that touch the viewer's jurisdiction as a quarter's edition.

    In force means today; for a quarter that is over, on its last day.

    Raises:
        Forbidden: the viewer is no coordinator of the whole jurisdiction.
        Refused: no such quarter, one that has not begun, or no product in force.
        Conflict: it is published already; an edition is never changed.
    """
    require(viewer, Action.PUBLISH_LIBRARY, Target(region=viewer.jurisdiction))
    today = shanghai_date(now)
    try:
        day = publishing_day(quarter_of(code), today)
    except ValueError as error:
        raise Refused("Nothing was published.", [Fault("code", str(error), "Such as 2023Q4.")]) from error
    if day is None:
        fault = Fault("code", f"the quarter has not begun on {today}", "Publish it when it has.", code)
        raise Refused("Nothing was published.", [fault])
    if await queries.library_edition(session, viewer.jurisdiction, code) is not None:
        fault = Fault("code", "published already", "An edition is never changed; publish the next.", code)
        raise Conflict(f"The library {code} is published.", [fault])
    rows = await _in_force(session, viewer, day)
    if not rows:
        raise Refused("Nothing was published.", [Fault("code", f"no product is in force on {day}")])
    listed, suspended = await _confirmed(session, viewer, quarter_of(code), rows)
    return await _publish(session, viewer, code, listed, suspended, now)


async def publish_due(session: AsyncSession, viewer: Viewer, *, now: datetime) -> LibraryDue:
    """Publish the library of the quarter that it is, from the quarter's first working day (Asia/Shanghai) on.

    Products whose validity has ended are not on it. Called again it publishes nothing more; nothing is
    published while no product is in force, or where the working days are not known: then it says so.

    Raises:
        Forbidden: the viewer is no coordinator of the whole jurisdiction.
        Conflict: somebody else published it at the same moment.
    """
    require(viewer, Action.PUBLISH_LIBRARY, Target(region=viewer.jurisdiction))
    today = shanghai_date(now)
    quarter = quarter_with(today)
    if await queries.library_edition(session, viewer.jurisdiction, quarter.code) is not None:
        return LibraryDue()
    book = await reference.current_book(session, get_settings().seed_dir)
    try:
        if today < book.calendar.add_working_days(quarter.first, 0):
            return LibraryDue()
    except CalendarUnknownError as error:
        return LibraryDue(obstacle=error.detail)
    rows = await _in_force(session, viewer, today)
    if not rows:
        return LibraryDue(obstacle=f"No product is in force on {today}.")
    before = await queries.library_editions(session, viewer.jurisdiction, before=quarter.code, limit=1)
    former = await queries.revisions(
        session, [number for one in before for number in await queries.item_revision_ids(session, one.id)]
    )
    listed, suspended = await _confirmed(session, viewer, quarter, rows)
    published = await _publish(session, viewer, quarter.code, listed, suspended, now)
    return LibraryDue(published, expiries(map(_offer, former), map(_offer, listed), quarter.last))


async def _confirmed(
    session: AsyncSession, viewer: Viewer, quarter: Quarter, rows: Sequence[queries.RevisionRow]
) -> tuple[list[queries.RevisionRow], list[int]]:
    """Answer what goes onto an edition, and the products (ids) that it leaves out because nobody confirmed them."""
    call = await queries.library_call(session, viewer.jurisdiction, quarter.code)
    former = await queries.library_editions(session, viewer.jurisdiction, before=quarter.code, limit=1)
    if call is None or not former:
        return list(rows), []
    ids = [one.id for one in former]
    items = await queries.revisions(session, await queries.item_revision_ids(session, ids[0]))
    before = {row.code for row in items}.union(*(await queries.suspended_codes(session, ids)).values())
    marks = await queries.confirmed_quarters(session, (row.code for row in rows))
    called_on, listed, suspended = shanghai_date(call.called_at), [], []
    for row in rows:
        product, confirmed = marks[row.code]
        one = Listed(row.code, row.institution_id, shanghai_date(row.created_at), confirmed)
        if is_suspended(one, quarter, called_on, frozenset(before)):
            suspended.append(product)
        else:
            listed.append(row)
    # Where nobody has confirmed anything the call was not heard: an empty library helps nobody.
    return (listed, suspended) if listed else (list(rows), [])


async def _in_force(session: AsyncSession, viewer: Viewer, day: date) -> list[queries.RevisionRow]:
    return [
        row
        for row in await revisions_on(session, viewer, day, None)
        if touches(ProductTerms.model_validate(row.terms), viewer.jurisdiction)
    ]


def _offer(row: queries.RevisionRow) -> Offer:
    return Offer(row.code, row.name, row.institution_id, row.valid_until)


async def _publish(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    rows: Sequence[queries.RevisionRow],
    suspended: Sequence[int],
    now: datetime,
) -> LibraryOut:
    edition = LibraryEdition(
        jurisdiction=viewer.jurisdiction,
        code=code,
        content_hash=library_hash((row.code, row.revision, row.content_hash) for row in rows),
        published_at=now,
    )
    await queries.add(session, [edition])
    if rows:
        await queries.add_items(session, edition.id, (row.id for row in rows))
    await queries.add_suspensions(session, edition.id, suspended)
    return await _told(session, edition, len(rows))


async def list_libraries(session: AsyncSession, viewer: Viewer, page: PageRequest) -> Page[LibraryOut]:
    """Answer the editions of the viewer's jurisdiction, the newest quarter first."""
    key = page.after()
    before = None if key is None else str(key[0])
    rows = await queries.library_editions(session, viewer.jurisdiction, before=before, limit=page.limit + 1)
    shown = rows[: page.limit]
    counts = await queries.item_counts(session, [row.id for row in shown])
    more = encode_cursor(shown[-1].code) if len(rows) > page.limit else None
    suspended = await queries.suspended_codes(session, [row.id for row in shown])
    items = [_out(row, counts.get(row.id, 0), suspended.get(row.id, [])) for row in shown]
    return Page(items=items, next=more)


async def get_library(session: AsyncSession, viewer: Viewer, code: str) -> LibraryOut:
    """Answer one edition.

    Raises:
        NotFound: the viewer's jurisdiction has published no such edition.
    """
    edition = await _stored(session, viewer, code)
    counts = await queries.item_counts(session, [edition.id])
    return await _told(session, edition, counts.get(edition.id, 0))


async def library_products(
    session: AsyncSession, viewer: Viewer, code: str, page: PageRequest
) -> Page[ProductOut]:
    """Answer the frozen revisions of an edition, by product code.

    Raises:
        NotFound: the viewer's jurisdiction has published no such edition.
    """
    edition, key = await _stored(session, viewer, code), page.after()
    rows = await queries.revisions(session, await queries.item_revision_ids(session, edition.id))
    rest = [row for row in rows if key is None or row.code > str(key[0])]
    tree = await institution_tree(session, viewer)
    items = [product_out(row, tree) for row in rest[: page.limit]]
    return Page(items=items, next=encode_cursor(items[-1].code) if len(rest) > page.limit else None)


async def diff_libraries(session: AsyncSession, viewer: Viewer, older: str, newer: str) -> LibraryDiff:
    """Answer how an edition differs from an older one.

    Raises:
        NotFound: the viewer's jurisdiction has not published one of them.
    """
    contents = []
    for code in (older, newer):
        edition = await _stored(session, viewer, code)
        rows = await queries.revisions(session, await queries.item_revision_ids(session, edition.id))
        contents.append({row.code: (row.content_hash, written_content(content_of(row))) for row in rows})
    diff = diff_editions(*contents)
    return LibraryDiff(
        older=older,
        newer=newer,
        added=list(diff.added),
        removed=list(diff.removed),
        revised=[Revised(code=code, changed=list(changed)) for code, changed in diff.revised.items()],
        same=diff.same,
    )


async def _stored(session: AsyncSession, viewer: Viewer, code: str) -> LibraryEdition:
    edition = await queries.library_edition(session, viewer.jurisdiction, code)
    if edition is None:
        raise NotFound(f"There is no library {code} of {viewer.jurisdiction}.")
    return edition


async def _told(session: AsyncSession, edition: LibraryEdition, products: int) -> LibraryOut:
    suspended = await queries.suspended_codes(session, [edition.id])
    return _out(edition, products, suspended.get(edition.id, []))


def _out(edition: LibraryEdition, products: int, suspended: Sequence[str]) -> LibraryOut:
    return LibraryOut(
        code=edition.code,
        jurisdiction=edition.jurisdiction,
        products=products,
        suspended=list(suspended),
        content_hash=edition.content_hash,
        published_at=edition.published_at,
    )
