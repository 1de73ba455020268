"""Use cases of the jury: each juror's own ballot, which nobody else reads before the votes are over."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from secrets import token_hex

from app.accounts import audit_service
from app.accounts.rules import Viewer
from app.awards import queries
from app.awards.finding import Expect, require_possible, stored_award
from app.awards.queries import Named
from app.awards.rules import AwardAct, is_recused
from app.awards.schemas import BallotIn, BallotOut, ToJudge
from app.awards.scoring import OUT_BEFORE, Outcome, points_text
from app.awards.tables import Award, AwardBallot, AwardCandidate, AwardJuror
from app.institutions.rules import InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.errors import Fault, Forbidden, NotFound, Refused


def seal_of(points: Mapping[str, int], salt: str) -> str:
    """Answer the hash that goes on record when a ballot is cast; the salt keeps it from being guessed."""
    text = json.dumps([salt, sorted(points.items())], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


async def own_ballot(
    session: AsyncSession, viewer: Viewer, year: int, *, juror: int | None = None
) -> BallotOut:
    """Answer a juror's own ballot: the shortlist by code, and the points given so far.

    Raises:
        NotFound: there is no award of the year.
        Forbidden: the viewer is not on its jury.
    """
    award = await stored_award(session, viewer, year)
    seat = await _seat(session, viewer, award, juror)
    return await _shown(session, viewer, award, seat)


async def _shown(session: AsyncSession, viewer: Viewer, award: Award, seat: AwardJuror) -> BallotOut:
    cast = await queries.ballot(session, award.id, seat.person_id)
    rows = await _shortlist(session, award)
    products = await queries.products(session, ids=[row.product_id for row in rows])
    tree = await institution_tree(session, viewer)
    points = {} if cast is None else cast.points
    judged = [_to_judge(row, products[row.product_id], seat, tree, points) for row in rows]
    return BallotOut(
        year=award.year,
        candidates=sorted(judged, key=lambda one: one.product),
        comment="" if cast is None else cast.comment,
        cast_at=None if cast is None else cast.cast_at,
        seal=None if cast is None else cast.seal,
        votes_until=award.votes_until,
        version=0 if cast is None else cast.version,
    )


def _to_judge(
    row: AwardCandidate, product: Named, seat: AwardJuror, tree: InstitutionTree, points: Mapping[str, int]
) -> ToJudge:
    outcome = Outcome.from_data(row.outcome.get("before", row.outcome))
    assert outcome.total is not None, "the shortlist was measured"
    return ToJudge(
        product=product.code,
        name=product.name,
        institution_name=product.institution_name,
        is_recused=is_recused(product.institution_id, seat.banks, tree),
        points=points.get(product.code),
        measured=points_text(outcome.total),
    )


async def cast_ballot(
    session: AsyncSession,
    viewer: Viewer,
    year: int,
    body: BallotIn,
    *,
    expect: Expect,
    now: datetime,
    juror: int | None = None,
) -> BallotOut:
    """Cast the own ballot, or change it while the votes are open; the whole of it takes the place of the one before.

    `juror`: the person for whom the operator enters a ballot that came on paper.

    Raises:
        NotFound: there is no award of the year.
        Forbidden: the viewer is not on its jury.
        Refused: products that are not on the shortlist, twice, or not the juror's to judge: all faults.
        Conflict: the votes have not begun, or are over.
    """
    award = await stored_award(session, viewer, year, is_for_change=True)
    seat = await _seat(session, viewer, award, juror)
    row = await queries.ballot(session, award.id, seat.person_id)
    expect(0 if row is None else row.version)
    await require_possible(session, award, AwardAct.VOTE, now)
    shortlist = await _shortlist(session, award)
    products = await queries.products(session, ids=[one.product_id for one in shortlist])
    tree = await institution_tree(session, viewer)
    if faults := _faults(body, list(products.values()), seat, tree):
        raise Refused("The ballot was not taken.", faults)
    points, salt = {one.product: one.points for one in body.points}, token_hex(16)
    if row is None:
        row = AwardBallot(award_id=award.id, person_id=seat.person_id, version=0)
    row.points, row.comment, row.salt, row.seal = points, body.comment, salt, seal_of(points, salt)
    row.version, row.cast_at = row.version + 1, now
    msg = "The ballot was cast at the same moment; read it again."
    await queries.add(session, [row], msg)
    detail = {"juror": seat.person_id, "seal": row.seal}
    audit_service.note(session, "cast_ballot", "award", str(year), now=now, detail=detail)
    return await _shown(session, viewer, award, seat)


def _faults(
    body: BallotIn, products: Sequence[Named], seat: AwardJuror, tree: InstitutionTree
) -> list[Fault]:
    known, seen, faults = {one.code: one for one in products}, set[str](), list[Fault]()
    for number, one in enumerate(body.points):
        where = f"points.{number}.product"
        product = known.get(one.product)
        if product is None:
            faults.append(Fault(where, "is not on the shortlist", value=one.product))
        elif one.product in seen:
            faults.append(Fault(where, "is judged twice", "Give each product points once.", one.product))
        elif is_recused(product.institution_id, seat.banks, tree):
            faults.append(
                Fault(where, "is not yours to judge: you work for its bank", "Leave it out.", one.product)
            )
        seen.add(one.product)
    return faults


async def _shortlist(session: AsyncSession, award: Award) -> list[AwardCandidate]:
    return [row for row in await queries.candidates(session, award.id) if is_shortlisted(row)]


def is_shortlisted(row: AwardCandidate) -> bool:
    """Tell whether the jury judges a candidate."""
    return Outcome.from_data(row.outcome.get("before", row.outcome)).why not in OUT_BEFORE


async def _seat(session: AsyncSession, viewer: Viewer, award: Award, juror: int | None) -> AwardJuror:
    person = juror if viewer.is_operator else viewer.person
    with unrestricted(session):
        seats = await queries.jurors(session, award.id)
    seat = next((one for one in seats if one.person_id == person), None)
    if seat is None and viewer.is_operator:
        raise NotFound("There is no such juror.", [Fault("juror", "not on the jury", value=str(person))])
    if seat is None:
        raise Forbidden("You are not on the jury of this award.")
    return seat
