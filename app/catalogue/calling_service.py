"""Use cases of the call for the coming quarter: institutions are asked to confirm, and it is seen who has not."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.catalogue import queries
from app.catalogue.confirming import tallies
from app.catalogue.offering import OfferState, coming_quarter, offer_state
from app.catalogue.offering_service import own_institutions
from app.catalogue.quarters import Quarter
from app.catalogue.tables import LibraryCall
from app.institutions.rules import InstitutionTree
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.reference import service as reference
from app.reference.errors import CalendarUnknownError

REMIND_DAYS: Final = 5
"""Working days before the last day on which institutions are reminded."""
FEWEST_DAYS: Final = 5
"""Working days that institutions have at least between the call and the last day."""


async def call(session: AsyncSession, viewer: Viewer, *, now: datetime) -> LibraryCall:
    """Call institutions to confirm their products for the coming quarter; whoever does not has them suspended from it.

    Raises:
        Forbidden: the viewer is no coordinator of the whole jurisdiction.
        Conflict: they are called already, it is too late, or the working days are not published.
    """
    require(viewer, Action.PUBLISH_LIBRARY, Target(region=viewer.jurisdiction))
    quarter = coming_quarter(shanghai_date(now))
    if await queries.library_call(session, viewer.jurisdiction, quarter.code) is not None:
        fault = Fault("quarter", "called already", value=quarter.code)
        raise Conflict(f"Institutions are called to confirm for {quarter.code}.", [fault])
    today, due_on = shanghai_date(now), await last_working_day(session, quarter)
    if await _working_days(session, today, due_on) < FEWEST_DAYS:
        fault = Fault("quarter", f"fewer than {FEWEST_DAYS} working days are left", value=quarter.code)
        raise Conflict(f"It is too late to call for {quarter.code}.", [fault])
    row = LibraryCall(
        jurisdiction=viewer.jurisdiction,
        quarter=quarter.code,
        due_on=due_on,
        called_at=now,
        called_by=viewer.name,
    )
    await queries.add(session, [row])
    detail = {"due_on": row.due_on.isoformat()}
    audit_service.note(session, "call_library", "library", quarter.code, now=now, detail=detail)
    return row


async def last_working_day(session: AsyncSession, quarter: Quarter) -> date:
    """Answer the last working day before a quarter begins.

    Raises:
        Conflict: the working days are not published.
    """
    book = await reference.current_book(session, get_settings().seed_dir)
    day = quarter.first - timedelta(days=1)
    try:
        while not book.calendar.is_working_day(day):
            day -= timedelta(days=1)
    except CalendarUnknownError as error:
        fault = Fault(
            "quarter", "the working days are not published", "Load them with `rongqiao reference load`."
        )
        raise Conflict(error.detail, [fault]) from error
    return day


async def _working_days(session: AsyncSession, today: date, due_on: date) -> int:
    """Answer the working days after one day up to another; -1 where they are not published."""
    book = await reference.current_book(session, get_settings().seed_dir)
    try:
        return book.calendar.working_days_between(today, due_on)
    except CalendarUnknownError:
        return -1


async def stored_call(session: AsyncSession, viewer: Viewer, quarter: str) -> LibraryCall | None:
    """Answer the call for a quarter; None: there was none."""
    return await queries.library_call(session, viewer.jurisdiction, quarter)


async def is_call_due(session: AsyncSession, viewer: Viewer, today: date) -> bool:
    """Tell whether the last month before the coming quarter has begun and nobody has called yet."""
    quarter = coming_quarter(today)
    if (quarter.first - timedelta(days=1)).month != today.month:
        return False
    if await queries.library_call(session, viewer.jurisdiction, quarter.code) is not None:
        return False
    try:
        due_on = await last_working_day(session, quarter)
    except Conflict:
        return False
    return await _working_days(session, today, due_on) >= FEWEST_DAYS


async def is_reminder_due(session: AsyncSession, row: LibraryCall, today: date) -> bool:
    """Tell whether so few working days are left that institutions are reminded; unknown days are none."""
    return 0 <= await _working_days(session, today, row.due_on) <= REMIND_DAYS


async def standing(
    session: AsyncSession, viewer: Viewer, today: date
) -> tuple[InstitutionTree, Mapping[int, Counter[OfferState]]]:
    """Answer how the products that are the viewer's to manage stand to the coming quarter, counted by institution."""
    tree, nodes = await own_institutions(session, viewer)
    own = None if len(nodes) == len(tree.nodes) else [node.id for node in nodes]
    return tree, tallies(await queries.offered_days(session, own), today)


async def to_confirm(
    session: AsyncSession, institutions: Collection[int], today: date
) -> Mapping[int, Sequence[str]]:
    """Answer which products of institutions wait to be confirmed for the coming quarter: codes by institution."""
    found: dict[int, list[str]] = defaultdict(list)
    for code, institution, days in await queries.offered_codes(session, institutions):
        if offer_state(days, today) is OfferState.TO_CONFIRM:
            found[institution].append(code)
    return found
