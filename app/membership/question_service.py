"""Use cases of questions: what speaks against confirmed memberships is listed, and dismissed with a reason."""

from collections.abc import Callable
from datetime import datetime

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.shanghai import shanghai_date
from app.membership import queries
from app.membership.queries import ListedQuestion
from app.membership.rules import Act
from app.membership.schemas import DismissIn, MembershipQuestionOut, QuestionFilter
from app.membership.service import profiles_by_code
from app.membership.tables import MembershipAct
from app.membership.views import question_out

Expect = Callable[[int], None]


async def list_questions(
    session: AsyncSession, viewer: Viewer, page: PageRequest, wanted: QuestionFilter, *, now: datetime
) -> Page[MembershipQuestionOut]:
    """Answer questions about memberships that the viewer sees, in the order in which they came up."""
    rows = await queries.page_of_questions(session, wanted, after=page.after_number(), limit=page.limit + 1)
    today, profiles = shanghai_date(now), await profiles_by_code(session, viewer, now)
    return page_of(
        rows, page, lambda one: (one.question.id,), lambda one: question_out(viewer, one, profiles, today)
    )


async def get_question(
    session: AsyncSession, viewer: Viewer, number: int, *, now: datetime
) -> MembershipQuestionOut:
    """Answer one question.

    Raises:
        NotFound: no such question that this viewer may see.
    """
    one = await _found(session, number)
    return question_out(viewer, one, await profiles_by_code(session, viewer, now), shanghai_date(now))


async def dismiss(
    session: AsyncSession, viewer: Viewer, number: int, body: DismissIn, *, expect: Expect, now: datetime
) -> MembershipQuestionOut:
    """Leave a confirmed membership as it is although something speaks against it; it is not asked again.

    Raises:
        NotFound: no such question that this viewer may see.
        Forbidden: it is neither of the viewer's chain nor of the viewer's region.
        PreconditionFailed: somebody changed it meanwhile.
        Conflict: it has been decided.
    """
    one = await _found(session, number)
    row, about = one.question, one.about
    require(viewer, Action.CONFIRM_MEMBERSHIPS, Target(region=about.region, chain=about.row.chain_code))
    expect(row.version)
    if row.state != "open":
        raise Conflict(
            "It has been decided.", [Fault("question", "is decided", "Nothing is left to do.", row.state)]
        )
    row.state, row.decided_by, row.decided_at, row.decision = "dismissed", viewer.name, now, body.reason
    row.version += 1
    act = MembershipAct(
        membership_id=row.membership_id, kind=Act.DISMISSED.value, done_by=viewer.name, done_at=now,
        reason=body.reason,
    )  # fmt: skip
    await queries.add(session, act)
    audit_service.note(session, "dismiss_question", "membership_question", str(number), now=now)
    return question_out(viewer, one, await profiles_by_code(session, viewer, now), shanghai_date(now))


async def _found(session: AsyncSession, number: int) -> ListedQuestion:
    rows = await queries.page_of_questions(session, QuestionFilter(number=number), after=None, limit=1)
    if not rows:
        raise NotFound(f"There is no question {number}.")
    return rows[0]
