"""Use cases of a listed firm: which core firms list it, and whether it consents to be matched and shown to banks."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Role, Viewer
from app.core_lists import match_queries, queries
from app.core_lists.match_service import shown_to
from app.core_lists.rules import Answer, answer_faults
from app.core_lists.schemas import AnswerIn, MatchOut, MemberOut
from app.core_lists.tables import CoreListMember
from app.core_lists.views import member_out
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, encode_cursor
from app.kernel.shanghai import shanghai_date

Expect = Callable[[int], None]


async def own_listings(
    session: AsyncSession, viewer: Viewer, page: PageRequest, *, now: datetime
) -> Page[MemberOut]:
    """Answer where the firms that the viewer speaks for are or were listed, the newest first, with their matches."""
    usccs = viewer.scopes(Role.ENTERPRISE)
    rows = await queries.listings_of(session, usccs, page.after_number(), page.limit + 1)
    taken = rows[: page.limit]
    matches = await match_queries.matches_of_members(session, [one.id for one in taken])
    by_member: dict[int, list[MatchOut]] = defaultdict(list)
    for one in matches:
        by_member[one[1].id].append(shown_to(viewer, one))
    today = shanghai_date(now)
    items = [member_out(one, today, by_member[one.id]) for one in taken]
    return Page(items=items, next=encode_cursor(items[-1].id) if len(rows) > page.limit else None)


async def own_listing(session: AsyncSession, viewer: Viewer, listing_id: int, *, now: datetime) -> MemberOut:
    """Answer one of them.

    Raises:
        NotFound: no firm that the viewer speaks for is listed under this number.
    """
    row = await _own(session, viewer, listing_id)
    matches = await match_queries.matches_of_members(session, [row.id])
    return member_out(row, shanghai_date(now), [shown_to(viewer, one) for one in matches])


async def answer_listing(
    session: AsyncSession,
    viewer: Viewer,
    listing_id: int,
    body: AnswerIn,
    *,
    expect: Expect,
    now: datetime,
) -> MemberOut:
    """Consent to be matched and shown to the banks whose products fit, or not; a refusal ends what was shown at once.

    Raises:
        NotFound: no firm that the viewer speaks for is listed under this number.
        Conflict: the firm is on the list no more.
        Refused: a consent has no last day, or one that is past or over a year ahead.
    """
    row = await _own(session, viewer, listing_id, is_locked=True)
    require(viewer, Action.ANSWER_LISTING, Target(uscc=row.firm_uscc))
    expect(row.version)
    if row.left_at is not None:
        fault = Fault("listing", "ended", "Nothing is left to be answered.", str(listing_id))
        raise Conflict("The firm is on this list no more.", [fault])
    today = shanghai_date(now)
    if faults := answer_faults(body.answer, body.until, today):
        raise Refused("The answer cannot be taken like this.", faults)
    is_consent = body.answer is Answer.CONSENTED
    row.answer, row.until = body.answer.value, body.until if is_consent else None
    row.shows_trade = body.shows_trade and is_consent
    row.answered_by, row.answered_at, row.version = viewer.name, now, row.version + 1
    await session.flush()
    if not is_consent:
        await match_queries.drop_matches(session, [row.id])
    detail = {"answer": body.answer.value}
    audit_service.note(session, "answer_listing", "listing", str(listing_id), now=now, detail=detail)
    return await own_listing(session, viewer, listing_id, now=now)


async def _own(
    session: AsyncSession, viewer: Viewer, listing_id: int, *, is_locked: bool = False
) -> CoreListMember:
    row = await queries.listing_by_id(session, listing_id, is_locked=is_locked)
    if row is None or not (viewer.is_operator or row.firm_uscc in viewer.scopes(Role.ENTERPRISE)):
        raise NotFound("No such listing.", [Fault("listing", "not stored", value=str(listing_id))])
    return row
