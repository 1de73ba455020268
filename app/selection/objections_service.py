"""Use cases of objections: raised by participants while a result is published, answered by the coordinator."""

from collections.abc import Callable
from datetime import datetime

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, NotFound
from app.kernel.paging import Page, PageRequest, page_of
from app.notifications import service as notifications
from app.selection import queries, round_notices, rounds, service, views
from app.selection.deciding_service import assembled, keep_steps
from app.selection.market import Side
from app.selection.schemas import ObjectionAnswerIn, ObjectionIn, ObjectionOut
from app.selection.tables import SelectionObjection

Expect = Callable[[int], None]


async def list_objections(
    session: AsyncSession, viewer: Viewer, code: str, page: PageRequest
) -> Page[ObjectionOut]:
    """List the objections of a round with their answers: both are part of what is published.

    Raises:
        NotFound: no such round.
    """
    row = await service.stored(session, viewer, code)
    after = page.after_number() or 0
    rows = await queries.objections_of(session, row.id, after=after, limit=page.limit + 1)
    names = {
        one.code: one.name
        for one in await queries.participants(session, row.id, sorted({each.participant for each in rows}))
    }
    return page_of(
        rows,
        page,
        lambda one: (one.number,),
        lambda one: views.objection_out(one, names.get(one.participant, one.participant)),
    )


async def get_objection(session: AsyncSession, viewer: Viewer, code: str, number: int) -> ObjectionOut:
    """Answer one objection.

    Raises:
        NotFound: no such round or objection.
    """
    row = await service.stored(session, viewer, code)
    found = await _found(session, row.id, number)
    return views.objection_out(found, await _name(session, row.id, found.participant))


async def _found(session: AsyncSession, round_id: int, number: int) -> SelectionObjection:
    found = await queries.objection(session, round_id, number)
    if found is None:
        raise NotFound("No such objection.", [Fault("number", "not stored", value=str(number))])
    return found


async def _name(session: AsyncSession, round_id: int, code: str) -> str:
    found = await queries.participant(session, round_id, code)
    return found.name if found is not None else code


async def object_to(
    session: AsyncSession, viewer: Viewer, code: str, body: ObjectionIn, *, now: datetime
) -> ObjectionOut:
    """Object to the published result on a participant's behalf.

    Raises:
        NotFound: no such round or participant.
        Forbidden: the participant is not one of the viewer's.
        Conflict: the result is not published, or the period is over.
        Refused: no text.
    """
    row = await service.stored(session, viewer, code, is_for_change=True)
    one = await service.stored_participant(session, row, body.participant)
    require(viewer, Action.TAKE_PART, service.target_of(await institution_tree(session, viewer), one))
    after = rounds.object_to(await assembled(session, row), body.participant, body.text, now)
    made = after.objections[-1]
    stored = SelectionObjection(
        round_id=row.id, number=made.number, participant=made.who, text=made.text, pairs_sha256=made.pairs_sha256,
        objected_by=viewer.name, objected_at=now, answer="", version=1,
    )  # fmt: skip
    await queries.add(session, stored)
    await keep_steps(session, row, after, now)
    told = round_notices.objected(row.code, row.name, made.number, row.jurisdiction, viewer.person)
    await notifications.post(session, [told], now=now)
    return views.objection_out(stored, one.name)


async def answer(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    number: int,
    body: ObjectionAnswerIn,
    *,
    expect: Expect,
    now: datetime,
) -> ObjectionOut:
    """Answer an objection; one that is upheld voids the result, and the round is locked again.

    Raises:
        NotFound: no such round or objection.
        Forbidden: no role of the viewer covers the whole jurisdiction.
        Conflict: it is answered already, or nothing can be answered in this state.
    """
    row = await service.stored(session, viewer, code, is_for_change=True)
    require(viewer, Action.MANAGE_SELECTION, Target(region=viewer.jurisdiction))
    found = await _found(session, row.id, number)
    expect(found.version)
    before = await assembled(session, row)
    after = rounds.answer(before, number, body.reason, viewer.name, now, is_upheld=body.is_upheld)
    found.is_upheld, found.answer = body.is_upheld, body.reason
    found.answered_by, found.answered_at, found.version = viewer.name, now, found.version + 1
    one = await service.stored_participant(session, row, found.participant)
    audience = round_notices.audience_of([(one.side, one.code)])
    told = [round_notices.answered(row.code, row.name, number, audience)]
    if body.is_upheld and (result := await queries.latest_result(session, row.id)) is not None:
        result.voided_at = now
        sides = await queries.codes_by_side(session, row.id)
        everybody = round_notices.audience_of(
            (side.value, participant) for side in Side for participant in sides.get(side.value, [])
        )
        told.append(round_notices.voided(row.code, row.name, result.number, everybody))
    await keep_steps(session, row, after, now)
    await notifications.post(session, told, now=now)
    detail = {"number": number, "is_upheld": body.is_upheld}
    audit_service.note(session, "answer_objection", "selection_round", code, now=now, detail=detail)
    return views.objection_out(found, one.name)
