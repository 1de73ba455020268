"""Use cases of awards: read, list, verify; and all others, for the doors."""

from datetime import datetime

from app.accounts.permissions import Action, Target, may_do
from app.accounts.rules import Viewer
from app.awards import observed_queries, queries
from app.awards.announcing_service import announce, appoint, dismiss, jury
from app.awards.deciding_service import answer_appeal, computed, decide, publish, shortlist
from app.awards.finding import counts_of, criteria_of, stored_award
from app.awards.observed_service import least_of
from app.awards.rules import AwardState
from app.awards.schemas import AwardCandidateOut, AwardOut, AwardVerification
from app.awards.scoring import Outcome
from app.awards.tables import Award
from app.awards.taking_part_service import (
    appeal,
    appeals,
    nominate,
    nomination,
    nominations,
    nominees,
    one_appeal,
    withdraw,
)
from app.awards.views import award_out, candidate_out
from app.awards.voting_service import cast_ballot, own_ballot, seal_of
from app.catalogue.quarters import quarter_of
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.errors import Conflict, Fault
from app.kernel.paging import Page, PageRequest, encode_cursor, page_of
from app.kernel.shanghai import shanghai_date

__all__ = [
    "announce",
    "answer_appeal",
    "appeal",
    "appeals",
    "appoint",
    "award",
    "candidates",
    "cast_ballot",
    "decide",
    "dismiss",
    "jury",
    "list_awards",
    "nominate",
    "nomination",
    "nominations",
    "nominees",
    "one_appeal",
    "own_ballot",
    "publish",
    "shortlist",
    "verify",
    "withdraw",
]
RESULTS = (AwardState.DECIDED, AwardState.PUBLISHED)


def tells_result(viewer: Viewer, award: Award) -> bool:
    """Tell whether a viewer reads a result: everybody once it is published, before that whoever publishes or audits it."""
    state = AwardState(award.state)
    is_judge = may_do(viewer, Action.READ_RUNS, Target(region=viewer.jurisdiction))
    return state is AwardState.PUBLISHED or (state is AwardState.DECIDED and is_judge)


async def award(session: AsyncSession, viewer: Viewer, year: int, *, now: datetime) -> AwardOut:
    """Answer the award of a year.

    Raises:
        NotFound: the viewer's jurisdiction has announced none.
    """
    row = await stored_award(session, viewer, year)
    counts = await counts_of(session, row)
    return award_out(row, counts, shanghai_date(now), tells_result=tells_result(viewer, row))


async def list_awards(
    session: AsyncSession, viewer: Viewer, page: PageRequest, *, now: datetime
) -> Page[AwardOut]:
    """Answer the awards of the viewer's jurisdiction, the newest year first."""
    rows = await queries.awards(
        session, viewer.jurisdiction, before=page.after_number(), limit=page.limit + 1
    )
    with unrestricted(session):
        counts = await queries.counts(session, [row.id for row in rows])
    today = shanghai_date(now)
    items = [
        award_out(row, counts[row.id], today, tells_result=tells_result(viewer, row))
        for row in rows[: page.limit]
    ]
    return Page(items=items, next=encode_cursor(items[-1].year) if len(rows) > page.limit else None)


async def candidates(
    session: AsyncSession, viewer: Viewer, year: int, page: PageRequest
) -> Page[AwardCandidateOut]:
    """Answer an award's candidates: before the result is published by figures, after that by place, each with its reason.

    Raises:
        NotFound: there is no award of the year.
    """
    row = await stored_award(session, viewer, year)
    least = await least_of(session, viewer, quarter_of(row.quarter).last)
    criteria, tells = criteria_of(row), tells_result(viewer, row)
    after, wanted = page.after_number() or 0, page.limit + 1
    if tells:
        found = list(await queries.candidates(session, row.id, after=after, limit=wanted))
        place = {one.id: one.rank for one in found}
    else:
        # In the order of the shortlist: that of the result would tell it.
        every = sorted(await queries.candidates(session, row.id), key=lambda one: _before(one.outcome))
        place = {one.id: number for number, one in enumerate(every, start=1)}
        found = [one for one in every if place[one.id] > after][:wanted]
    products = await queries.products(session, ids=[one.product_id for one in found])
    return page_of(
        found,
        page,
        lambda one: (place[one.id],),
        lambda one: candidate_out(one, products[one.product_id], criteria, least, tells_result=tells),
    )


def _before(data: dict[str, object]) -> tuple[bool, int, str]:
    stored = data.get("before", data)
    assert isinstance(stored, dict), "an outcome is stored as members"
    outcome = Outcome.from_data(stored)
    return outcome.total is None, outcome.have if outcome.total is not None else 0, outcome.code


async def verify(session: AsyncSession, viewer: Viewer, year: int) -> AwardVerification:
    """Find an award's result anew from what is stored, and say whether it is the same; seals of ballots likewise.

    Raises:
        NotFound: there is no award of the year.
        Conflict: it is not decided.
    """
    row = await stored_award(session, viewer, year)
    if AwardState(row.state) not in RESULTS:
        raise Conflict(
            "There is no result to verify.", [Fault("award", "it is not decided", value=str(year))]
        )
    found = await computed(session, row)
    rows = await queries.candidates(session, row.id)
    products = await queries.products(session, ids=[one.product_id for one in rows])
    with unrestricted(session):
        ballots = await queries.ballots(session, row.id)
    stored = {products[one.product_id].code: one for one in rows}
    differing = [
        one.code
        for rank, one in enumerate(found.outcomes, start=1)
        if stored[one.code].rank != rank or Outcome.from_data(stored[one.code].outcome) != one
    ]
    broken = [one.person_id for one in ballots if seal_of(one.points, one.salt) != one.seal]
    is_same = (found.inputs_hash, found.result_hash) == (row.inputs_hash, row.result_hash)
    return AwardVerification(
        year=year,
        is_same=is_same and not broken and not differing,
        stored_hash=row.result_hash,
        computed_hash=found.result_hash,
        stored_inputs_hash=row.inputs_hash,
        computed_inputs_hash=found.inputs_hash,
        broken_seals=broken,
        differences=differing,
        restated=await _restated(session, row),
    )


async def _restated(session: AsyncSession, row: Award) -> list[str]:
    """Answer the products of which more is known now than when their figures were frozen."""
    run = await observed_queries.run_of(session, row.jurisdiction, row.quarter)
    if run is None:
        return []
    frozen = {one.product_id: one.figures for one in await queries.candidates(session, row.id)}
    now = await observed_queries.figures_of(session, run.id, frozen)
    products = await queries.products(session, ids=frozen)
    return sorted(products[one].code for one in now if now[one] != frozen[one])
