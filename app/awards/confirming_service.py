"""Use cases of the quarter's confirmations: institutions are called and reminded, coordinators see who has not answered."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.accounts.rules import Viewer
from app.awards.award_notices import call_notices
from app.awards.confirming_schemas import CallOut, ConfirmationOut, ConfirmationPage
from app.catalogue import calling_service as calling
from app.catalogue.offering import OfferState, coming_quarter
from app.catalogue.tables import LibraryCall
from app.institutions.rules import InstitutionNode
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, NotFound
from app.kernel.paging import PageRequest, page_of
from app.kernel.shanghai import shanghai_date
from app.notifications import service as notifications


async def call(session: AsyncSession, viewer: Viewer, *, now: datetime) -> CallOut:
    """Call institutions to confirm their products for the coming quarter, and tell those who have to.

    Raises:
        Forbidden: the viewer is no coordinator of the whole jurisdiction.
        Conflict: they are called already, or the working days are not published.
    """
    row = await calling.call(session, viewer, now=now)
    await _tell(session, viewer, row, "called", now)
    return call_out(row)


async def remind(session: AsyncSession, viewer: Viewer, *, now: datetime) -> int:
    """Remind institutions whose products still wait; answer how many people were told. Each is reminded once a day.

    Raises:
        NotFound: nobody was called for the coming quarter.
    """
    row = await _stored(session, viewer, coming_quarter(shanghai_date(now)).code)
    return await _tell(session, viewer, row, f"reminded:{shanghai_date(now)}", now)


async def call_due(session: AsyncSession, viewer: Viewer, *, now: datetime) -> str:
    """Call or remind when time makes it due; answer the quarter for which anybody was told, else nothing.

    Called on the first round of the quarter's last month; reminded once, shortly before the last day.
    """
    today = shanghai_date(now)
    if await calling.is_call_due(session, viewer, today):
        return (await call(session, viewer, now=now)).quarter
    row = await calling.stored_call(session, viewer, coming_quarter(today).code)
    if row is None or not await calling.is_reminder_due(session, row, today):
        return ""
    return row.quarter if await _tell(session, viewer, row, "reminded", now) else ""


async def _tell(session: AsyncSession, viewer: Viewer, row: LibraryCall, occasion: str, now: datetime) -> int:
    tree, found = await calling.standing(session, viewer, shanghai_date(now))
    waiting = {institution: one[OfferState.TO_CONFIRM] for institution, one in found.items()}
    told = call_notices(row.jurisdiction, row.quarter, row.due_on, waiting, tree, occasion)
    return await notifications.post(session, told, now=now)


async def get_call(session: AsyncSession, viewer: Viewer, quarter: str) -> CallOut:
    """Answer the call for a quarter.

    Raises:
        NotFound: there was none.
    """
    return call_out(await _stored(session, viewer, quarter))


async def _stored(session: AsyncSession, viewer: Viewer, quarter: str) -> LibraryCall:
    row = await calling.stored_call(session, viewer, quarter)
    if row is None:
        fault = Fault("quarter", "nobody was called", "POST /api/v1/library/calls calls them.", quarter)
        raise NotFound("There was no call for this quarter.", [fault])
    return row


def call_out(row: LibraryCall) -> CallOut:
    """Show a call."""
    return CallOut(quarter=row.quarter, due_on=row.due_on, called_at=row.called_at, called_by=row.called_by)


async def confirmations(
    session: AsyncSession, viewer: Viewer, page: PageRequest, *, now: datetime, waiting: bool = False
) -> ConfirmationPage:
    """Answer how the institutions whose products are the viewer's to manage stand to the coming quarter, by code."""
    today = shanghai_date(now)
    quarter, key = coming_quarter(today), page.after()
    tree, found = await calling.standing(session, viewer, today)
    standing = sorted((tree.node(one).code, one, tally) for one, tally in found.items())
    left = [row for row in standing if row[2][OfferState.TO_CONFIRM]]
    rest = [row for row in (left if waiting else standing) if key is None or row[0] > str(key[0])]
    shown = page_of(rest, page, lambda row: (row[0],), lambda row: row)
    codes = await calling.to_confirm(session, [one for _code, one, _tally in shown.items], today)
    called = await calling.stored_call(session, viewer, quarter.code)
    return ConfirmationPage(
        items=[_out(tree.node(one), tally, codes.get(one, ())) for _code, one, tally in shown.items],
        next=shown.next,
        quarter=quarter.code,
        call=None if called is None else call_out(called),
        waiting=sum(tally[OfferState.TO_CONFIRM] for _code, _one, tally in left),
        institutions_waiting=len(left),
    )


def _out(node: InstitutionNode, tally: Mapping[OfferState, int], codes: Sequence[str]) -> ConfirmationOut:
    return ConfirmationOut(
        institution=node.code,
        institution_name=node.name,
        states={state.value: count for state, count in sorted(tally.items())},
        to_confirm=list(codes),
    )
