"""Use cases of coordination cases: list, read, comment, close; and what open and resolved ones mean to rooms above."""

from collections.abc import Callable
from datetime import date, datetime

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.coordination import queries, telling_service
from app.coordination.effects_service import facts_resolved, missing_elements, open_spans_of
from app.coordination.queries import ListedCase
from app.coordination.raising_service import body_faults, raise_case, raise_cases
from app.coordination.rules import (
    STATE_LABELS,
    CaseAct,
    CaseKind,
    CaseSpan,
    CaseState,
    NewCase,
    after,
    case_number,
    possible,
)
from app.coordination.schemas import (
    CaseFilter,
    CaseIn,
    CommentIn,
    CommentOut,
    CoordinationCaseOut,
    CoordinationCasePage,
    OutcomeIn,
)
from app.coordination.tables import CoordinationCase, CoordinationComment
from app.coordination.topics import CASES_CHANGED
from app.coordination.views import case_out, comment_out, counts_out
from app.enterprises.code_checks import region_faults
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, foreign_cursor, page_of
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.reference.service import current_book

__all__ = [
    "CaseFilter",
    "CaseIn",
    "CaseKind",
    "CaseSpan",
    "CaseState",
    "NewCase",
    "case",
    "comment",
    "comments",
    "facts_resolved",
    "list_cases",
    "missing_elements",
    "open_spans_of",
    "raise_case",
    "raise_cases",
    "refuse",
    "resolve",
]
Expect = Callable[[int], None]


async def list_cases(
    session: AsyncSession, viewer: Viewer, page: PageRequest, wanted: CaseFilter, *, now: datetime
) -> CoordinationCasePage:
    """List cases by the day on which they are due, with counts by state and kind.

    Raises:
        Refused: the region or body does not exist: an empty list would look like good news.
    """
    today, key = shanghai_date(now), page.after(2)
    body = await _checked(session, viewer, wanted)
    place = None if key is None else _place(*key)
    rows = await queries.page_of_cases(
        session, viewer, wanted, body, after=place, today=today, limit=page.limit + 1
    )
    is_all = (
        key is None and len(rows) <= page.limit and not (wanted.kind or wanted.state or wanted.is_overdue)
    )
    found = page_of(rows, page, _key, lambda row: case_out(row, today))
    groups = (
        [(one.kind, one.state, one.is_overdue, 1) for one in found.items]
        if is_all
        else await queries.counts(session, viewer, wanted, body, today=today)
    )
    return CoordinationCasePage(items=found.items, next=found.next, counts=counts_out(groups, wanted))


def _key(row: ListedCase) -> tuple[str, int]:
    return (row.case.due_on or queries.NEVER).isoformat(), row.case.id


def _place(day: str | int, number: str | int) -> tuple[date, int]:
    try:
        return date.fromisoformat(str(day)), int(number)
    except ValueError as error:
        raise foreign_cursor() from error


async def _checked(session: AsyncSession, viewer: Viewer, wanted: CaseFilter) -> int | None:
    """Answer the id of the body that is asked for."""
    faults: list[Fault] = []
    if wanted.region is not None:
        book = await current_book(session, get_settings().seed_dir)
        faults += region_faults(wanted.region, "region", viewer.jurisdiction, book)
    body = None
    if wanted.body is not None:
        body = (await institution_tree(session, viewer)).find(wanted.body)
        if body is None:
            remedy = "GET /api/v1/institutions lists them."
            faults.append(Fault("body", "no such institution", remedy, wanted.body))
    if faults:
        raise Refused("Nothing can be listed by this filter.", faults)
    return None if body is None else body.id


async def case(session: AsyncSession, viewer: Viewer, code: str, *, now: datetime) -> CoordinationCaseOut:
    """Answer one case.

    Raises:
        NotFound: no such case that this viewer may see.
    """
    return case_out(await _found(session, viewer, code), shanghai_date(now))


async def comment(
    session: AsyncSession, viewer: Viewer, code: str, body: CommentIn, *, now: datetime
) -> CommentOut:
    """Add to a case, open or closed.

    Raises:
        NotFound: no such case that this viewer may see.
    """
    found = await _found(session, viewer, code)
    row = CoordinationComment(case_id=found.case.id, written_by=viewer.name, body=body.text, created_at=now)
    stored = await queries.add_comment(session, row)
    audit_service.note(session, "comment_case", "coordination_case", code, now=now)
    await telling_service.tell_commented(session, found.case.id, stored.id, viewer.person, now=now)
    return comment_out(stored)


async def comments(session: AsyncSession, viewer: Viewer, code: str, page: PageRequest) -> Page[CommentOut]:
    """Answer what was added to a case, in the order in which it was written.

    Raises:
        NotFound: no such case that this viewer may see.
    """
    found = await _found(session, viewer, code)
    seen = page.after_number() or 0
    rows = await queries.comments_of(session, found.case.id, after=seen, limit=page.limit + 1)
    return page_of(rows, page, lambda row: (row.id,), comment_out)


async def resolve(
    session: AsyncSession, viewer: Viewer, code: str, body: OutcomeIn, *, expect: Expect, now: datetime
) -> CoordinationCaseOut:
    """Close a case as settled; what that establishes is `facts_resolved`.

    Raises:
        NotFound: no such case that this viewer may see.
        Forbidden: the entry's region is not within one of the viewer's roles.
        Refused: the body is none that could have answered.
        Conflict: it is closed.
    """
    return await _close(session, viewer, code, body, CaseAct.RESOLVE, expect=expect, now=now)


async def refuse(
    session: AsyncSession, viewer: Viewer, code: str, body: OutcomeIn, *, expect: Expect, now: datetime
) -> CoordinationCaseOut:
    """Close a case as not to be settled; raises likewise."""
    return await _close(session, viewer, code, body, CaseAct.REFUSE, expect=expect, now=now)


async def _close(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    body: OutcomeIn,
    act: CaseAct,
    *,
    expect: Expect,
    now: datetime,
) -> CoordinationCaseOut:
    found = await _found(session, viewer, code, is_locked=True)
    row = found.case
    require(viewer, Action.ANSWER_CASE, Target(region=found.region))
    expect(row.version)
    kind, state = CaseKind(row.kind), CaseState(row.state)
    if act not in possible(state):
        raise Conflict("The case is closed.", [_closed(row, state, code)])
    row.answered_by = await _answered_by(session, viewer, kind, body.body) or row.body
    row.state = after(state, act).value
    closed_at = max(now, row.raised_at)  # clocks of two machines may differ
    row.closed_at, row.closed_by, row.outcome = closed_at, viewer.name, body.outcome
    row.version += 1
    await session.flush()
    detail = {"entry": found.entry, "kind": kind.value}
    audit_service.note(session, f"{act.value}_case", "coordination_case", code, now=now, detail=detail)
    await telling_service.tell_closed(session, row.id, CaseState(row.state), viewer.person, now=now)
    await CASES_CHANGED.tell(session, [row.entry_id], closed_at)
    return case_out(found, shanghai_date(now))


def _closed(row: CoordinationCase, state: CaseState, code: str) -> Fault:
    assert row.closed_at is not None
    acts = ", ".join(possible(state))
    message = f"{STATE_LABELS[state]}，{shanghai_date(row.closed_at)}"
    return Fault("case", message, f"Possible now: {acts}; or raise another case.", code)


async def _answered_by(session: AsyncSession, viewer: Viewer, kind: CaseKind, code: str | None) -> str | None:
    if code is None:
        return None
    tree = await institution_tree(session, viewer)
    if faults := body_faults(tree, kind, code):
        raise Refused("The case cannot be closed as stated.", faults)
    node = tree.find(code)
    return None if node is None else node.name


async def _found(session: AsyncSession, viewer: Viewer, code: str, *, is_locked: bool = False) -> ListedCase:
    number = case_number(code)
    found = None
    if number is not None:
        if is_locked:
            await queries.hold_edition_of_case(session, viewer, number)
        found = await queries.case_by_id(session, viewer, number, is_locked=is_locked)
    if found is None:
        raise NotFound("No such coordination case.", [Fault("case", "not stored", value=code)])
    return found
