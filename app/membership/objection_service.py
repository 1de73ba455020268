"""Use cases of objections 异议: a firm says what is wrong with its place in a chain, a coordinator answers."""

from collections.abc import Callable
from datetime import datetime

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.shanghai import shanghai_date
from app.membership import queries
from app.membership.queries import ListedObjection
from app.membership.rules import WITHDRAWN, Act
from app.membership.schemas import MembershipAnswerIn, MembershipObjectionIn, MembershipObjectionOut
from app.membership.service import found, profiles_by_code
from app.membership.tables import MembershipAct, MembershipObjection
from app.membership.topics import OBJECTIONS_ANSWERED, OBJECTIONS_RAISED
from app.membership.views import objection_out

Expect = Callable[[int], None]


async def object_to(
    session: AsyncSession, viewer: Viewer, body: MembershipObjectionIn, *, now: datetime
) -> MembershipObjectionOut:
    """Object to a membership of the viewer's own firm.

    Raises:
        Refused: there is no such membership that this viewer may see, or it is over.
        Forbidden: the firm is another one's to speak for.
        Conflict: an objection to it is open.
    """
    about = await _own(session, body.membership)
    require(viewer, Action.OBJECT_MEMBERSHIP, Target(uscc=about.uscc))
    row, today = about.row, shanghai_date(now)
    if row.state == WITHDRAWN or (row.until is not None and row.until < today):
        raise Refused(
            "No objection was raised.",
            [Fault("membership", "is over", "Object to one that stands.", str(row.id))],
        )
    if any(one.state == "open" for one in await queries.objections_of(session, [row.id])):
        fault = Fault(
            "membership", "has an objection that is not answered", "Wait for the answer.", str(row.id)
        )
        raise Conflict("An objection to this membership is open.", [fault])
    objection = MembershipObjection(
        membership_id=row.id, membership_version=row.version, text=body.text, state="open",
        raised_by=viewer.name, raised_at=now, version=1,
    )  # fmt: skip
    await queries.add(session, objection)
    await queries.add(
        session,
        MembershipAct(
            membership_id=row.id, kind=Act.OBJECTED.value, done_by=viewer.name, done_at=now, reason=body.text
        ),
    )
    audit_service.note(session, "object_membership", "membership", str(row.id), now=now)
    await OBJECTIONS_RAISED.tell(session, [objection.id], now)
    return objection_out(
        viewer, ListedObjection(objection, about), await profiles_by_code(session, viewer, now), today
    )


async def _own(session: AsyncSession, number: int) -> queries.Listed:
    try:
        return await found(session, number)
    except NotFound as error:
        fault = Fault("membership", "no such membership", "Choose one of the firm's own.", str(number))
        raise Refused("No objection was raised.", [fault]) from error


async def list_objections(
    session: AsyncSession,
    viewer: Viewer,
    page: PageRequest,
    *,
    chain: str | None = None,
    state: str | None = None,
    now: datetime,
) -> Page[MembershipObjectionOut]:
    """Answer objections that the viewer sees, in the order in which they came."""
    rows = await queries.page_of_objections(
        session, chain=chain, state=state, after=page.after_number(), limit=page.limit + 1
    )
    today, profiles = shanghai_date(now), await profiles_by_code(session, viewer, now)
    return page_of(
        rows, page, lambda one: (one.objection.id,), lambda one: objection_out(viewer, one, profiles, today)
    )


async def get_objection(
    session: AsyncSession, viewer: Viewer, number: int, *, now: datetime
) -> MembershipObjectionOut:
    """Answer one objection.

    Raises:
        NotFound: no such objection that this viewer may see.
    """
    one = await _found(session, number)
    return objection_out(viewer, one, await profiles_by_code(session, viewer, now), shanghai_date(now))


async def answer(
    session: AsyncSession,
    viewer: Viewer,
    number: int,
    body: MembershipAnswerIn,
    *,
    expect: Expect,
    now: datetime,
) -> MembershipObjectionOut:
    """Answer an objection; one that is upheld needs the membership to have been put right since.

    Raises:
        NotFound: no such objection that this viewer may see.
        Forbidden: the firm lies outside the viewer's region.
        PreconditionFailed: somebody changed it meanwhile.
        Conflict: it is answered.
        Refused: it is upheld, but the membership stands as it did.
    """
    one = await _found(session, number)
    require(viewer, Action.ANSWER_OBJECTIONS, Target(region=one.about.region))
    row = one.objection
    expect(row.version)
    if row.state != "open":
        fault = Fault(
            "objection", "is answered", "Correct the membership itself, if it has to be.", row.state
        )
        raise Conflict("The objection has been answered.", [fault])
    if body.outcome == "upheld" and one.about.row.version == row.membership_version:
        remedy = "Decline, hand over or end the membership first; then uphold the objection."
        raise Refused(
            "Nothing was answered.",
            [Fault("outcome", "upholds it, but the membership is as it was", remedy, body.outcome)],
        )
    row.state, row.answer, row.answered_by, row.answered_at = body.outcome, body.answer, viewer.name, now
    row.version += 1
    act = MembershipAct(
        membership_id=row.membership_id, kind=Act.ANSWERED.value, done_by=viewer.name, done_at=now,
        reason=body.answer,
    )  # fmt: skip
    await queries.add(session, act)
    audit_service.note(session, "answer_objection", "objection", str(number), now=now)
    await OBJECTIONS_ANSWERED.tell(session, [number], now)
    return objection_out(viewer, one, await profiles_by_code(session, viewer, now), shanghai_date(now))


async def _found(session: AsyncSession, number: int) -> ListedObjection:
    rows = await queries.page_of_objections(session, number=number, limit=1)
    if not rows:
        raise NotFound(f"There is no objection {number}.")
    return rows[0]
