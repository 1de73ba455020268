"""Use cases of an award's course: shortlist by figures, decision by the jury, publication, answers to appeals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.accounts import audit_service
from app.accounts.rules import Viewer
from app.awards import observed_queries, queries
from app.awards.award_notices import answered_notice, jury_notice, published_notice
from app.awards.finding import Expect, award_to_manage, counts_of, criteria_of, require_possible
from app.awards.observed import Figures, hash_of, is_over
from app.awards.observed_service import observe
from app.awards.queries import Named
from app.awards.rules import AwardAct, AwardState
from app.awards.schemas import AppealAnswerIn, AppealOut, AwardOut, CriteriaIn
from app.awards.scoring import (
    Ballot,
    Candidate,
    Criteria,
    Outcome,
    decided,
    reason_of,
    shortlisted,
)
from app.awards.tables import Award, AwardAppeal, AwardBallot, AwardCandidate, AwardNomination
from app.awards.taking_part_service import stored_appeal
from app.awards.views import appeal_out, award_out
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.errors import Conflict, Fault
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.notifications import service as notifications
from app.reference.errors import CalendarUnknownError
from app.reference.service import current_book

UPHELD, DISMISSED = "upheld", "dismissed"
APPEAL_LABELS = {"open": "待答复", UPHELD: "异议成立", DISMISSED: "异议不成立"}


async def shortlist(
    session: AsyncSession, viewer: Viewer, year: int, *, expect: Expect, now: datetime
) -> AwardOut:
    """Close nominations: freeze each nominated product's figures, and find by them who goes before the jury.

    Raises:
        Forbidden: the viewer is no coordinator of the whole jurisdiction.
        NotFound: there is no award of the year.
        Conflict: nominations are open, nobody was nominated, or the quarter whose figures count is not over.
    """
    award = await award_to_manage(session, viewer, year, expect)
    await require_possible(session, award, AwardAct.SHORTLIST, now)
    if not is_over(award.quarter, shanghai_date(now)):
        fault = Fault(
            "quarter", "is not over: its figures count", "Make the shortlist when it is.", award.quarter
        )
        raise Conflict("There is no shortlist yet.", [fault])
    with unrestricted(session):
        nominated = [row for row in await queries.nominations(session, award.id) if row.withdrawn_at is None]
    if not nominated:
        raise Conflict("There is no shortlist.", [Fault("award", "nothing was nominated")])
    rows = await _candidates(session, viewer, award, nominated, now)
    criteria = criteria_of(award)
    products = await queries.products(session, ids=[row.product_id for row in rows])
    outcomes = shortlisted(_values(rows, products), criteria)
    _write(rows, products, outcomes, criteria)
    msg = "The shortlist was made at the same moment."
    await queries.add(session, rows, msg)
    award.state, award.shortlisted_at, award.version = AwardState.SHORTLISTED.value, now, award.version + 1
    await session.flush()
    audit_service.note(
        session, "shortlist_award", "award", str(year), now=now, detail={"hash": _hash(outcomes), "candidates": len(rows)}
    )  # fmt: skip
    persons = [one.person_id for one in await queries.jurors(session, award.id)]
    told = jury_notice(award.jurisdiction, year, award.name, award.votes_until, persons, "vote")
    await notifications.post(session, [told], now=now)
    return await _out(session, award, now)


async def _candidates(
    session: AsyncSession, viewer: Viewer, award: Award, nominated: Sequence[AwardNomination], now: datetime
) -> list[AwardCandidate]:
    run = await observed_queries.run_of(session, award.jurisdiction, award.quarter)
    if run is None:
        await observe(session, viewer, award.quarter, now=now)
        run = await observed_queries.run_of(session, award.jurisdiction, award.quarter)
    assert run is not None, "it was stored just now"
    by_product: dict[int, list[AwardNomination]] = {}
    for row in nominated:
        by_product.setdefault(row.product_id, []).append(row)
    figures = await observed_queries.figures_of(session, run.id, by_product)
    products = await queries.products(session, ids=by_product)
    tree = await institution_tree(session, viewer)
    return [
        AwardCandidate(
            award_id=award.id,
            product_id=product,
            product_revision_id=products[product].revision,
            bank=tree.root_of(products[product].institution_id).code,
            figures=figures.get(product) or Figures().as_data(),
            first_at=min(one.created_at for one in found),
            nominations=len(found),
        )
        for product, found in sorted(by_product.items())
    ]


def _values(rows: Iterable[AwardCandidate], products: dict[int, Named]) -> list[Candidate]:
    return [
        Candidate(products[row.product_id].code, row.bank, Figures.from_data(row.figures), row.first_at)
        for row in rows
    ]


def _write(
    rows: Sequence[AwardCandidate],
    products: dict[int, Named],
    outcomes: Sequence[Outcome],
    criteria: Criteria,
) -> None:
    """Put outcomes into rows; that of the shortlist stays beside that of the jury."""
    by_code = {products[row.product_id].code: row for row in rows}
    for rank, outcome in enumerate(outcomes, start=1):
        row = by_code[outcome.code]
        data = outcome.as_data()
        if row.outcome:
            data["before"] = row.outcome.get("before", row.outcome)
        row.outcome, row.rank, row.reason = data, rank, reason_of(outcome, criteria)
        if row.struck_reason is not None:
            row.reason += row.struck_reason


def _hash(outcomes: Iterable[Outcome]) -> str:
    return hash_of([one.as_data() for one in outcomes])


@dataclass(frozen=True, slots=True)
class Result:
    """A result with the hashes of what it was made from and of itself."""

    outcomes: list[Outcome]
    inputs_hash: str
    result_hash: str


async def computed(session: AsyncSession, award: Award) -> Result:
    """Answer the result that follows from the frozen figures, the ballots and the criteria; nothing is stored."""
    with unrestricted(session):
        ballots = await queries.ballots(session, award.id)
    rows = await queries.candidates(session, award.id)
    products = await queries.products(session, ids=[row.product_id for row in rows])
    candidates, cast = _values(rows, products), [_ballot(one) for one in ballots]
    struck = frozenset(products[row.product_id].code for row in rows if row.struck_reason is not None)
    criteria = criteria_of(award)
    outcomes = decided(candidates, criteria, cast, struck)
    inputs = {
        "criteria": CriteriaIn.model_validate(award.criteria).model_dump(mode="json"),
        "candidates": sorted(
            [one.code, one.bank, one.figures.as_data(), one.first_at.isoformat()] for one in candidates
        ),
        "ballots": sorted([one.juror, sorted(one.points.items())] for one in cast),
        "struck": sorted(struck),
    }
    return Result(outcomes, hash_of(inputs), _hash(outcomes))


def _ballot(row: AwardBallot) -> Ballot:
    return Ballot(row.person_id, row.points)


async def _keep(session: AsyncSession, award: Award) -> Result:
    rows = await queries.candidates(session, award.id)
    products = await queries.products(session, ids=[row.product_id for row in rows])
    found = await computed(session, award)
    _write(rows, products, found.outcomes, criteria_of(award))
    award.inputs_hash, award.result_hash = found.inputs_hash, found.result_hash
    await session.flush()
    return found


async def decide(
    session: AsyncSession, viewer: Viewer, year: int, *, expect: Expect, now: datetime
) -> AwardOut:
    """Open the ballots and find the result, each candidate's place with its reason.

    Raises:
        Forbidden: the viewer is no coordinator of the whole jurisdiction.
        NotFound: there is no award of the year.
        Conflict: the votes are not over.
    """
    award = await award_to_manage(session, viewer, year, expect)
    await require_possible(session, award, AwardAct.DECIDE, now)
    found = await _keep(session, award)
    award.state, award.decided_at, award.version = AwardState.DECIDED.value, now, award.version + 1
    await session.flush()
    detail = {"inputs_hash": found.inputs_hash, "result_hash": found.result_hash}
    audit_service.note(session, "decide_award", "award", str(year), now=now, detail=detail)
    return await _out(session, award, now)


async def publish(
    session: AsyncSession, viewer: Viewer, year: int, *, expect: Expect, now: datetime
) -> AwardOut:
    """Publish the result with all reasons; appeals are open for the working days that were announced.

    Raises:
        Forbidden: the viewer is no coordinator of the whole jurisdiction.
        NotFound: there is no award of the year.
        Conflict: it is not decided, it is published, or the working days of the appeals are not known.
    """
    award = await award_to_manage(session, viewer, year, expect)
    await require_possible(session, award, AwardAct.PUBLISH, now)
    award.appeals_until = await _appeals_until(session, award, shanghai_date(now))
    award.state, award.published_at, award.version = AwardState.PUBLISHED.value, now, award.version + 1
    await session.flush()
    detail = {"result_hash": award.result_hash, "appeals_until": award.appeals_until.isoformat()}
    audit_service.note(session, "publish_award", "award", str(year), now=now, detail=detail)
    tree = await institution_tree(session, viewer)
    told = published_notice(award.jurisdiction, year, award.name, award.appeals_until, tree, viewer.person)
    await notifications.post(session, [told], now=now)
    return await _out(session, award, now)


async def _appeals_until(session: AsyncSession, award: Award, today: date) -> date:
    book = await current_book(session, get_settings().seed_dir)
    try:
        return book.calendar.add_working_days(today, award.appeal_days)
    except CalendarUnknownError as error:
        remedy = "Load them with `rongqiao reference load`."
        fault = Fault("appeal_days", "the working days are not published", remedy, str(award.appeal_days))
        raise Conflict(error.detail, [fault]) from error


async def answer_appeal(
    session: AsyncSession,
    viewer: Viewer,
    year: int,
    number: int,
    body: AppealAnswerIn,
    *,
    expect: Expect,
    now: datetime,
) -> AppealOut:
    """Answer an appeal; upheld, the product that it names is struck, and the result found anew.

    Raises:
        Forbidden: the viewer is no coordinator of the whole jurisdiction.
        NotFound: no such award or appeal.
        Conflict: it is answered.
    """
    award = await award_to_manage(session, viewer, year)
    row = await stored_appeal(session, award.id, number, is_for_change=True)
    expect(row.version)
    if row.state != "open":
        raise Conflict("The appeal is answered.", [Fault("appeal", "answered", value=str(number))])
    row.state, row.answer, row.answered_by = body.outcome, body.answer, viewer.name
    row.answered_at, row.version = now, row.version + 1
    await session.flush()
    if body.outcome == UPHELD and row.product_id is not None:
        await _strike(session, award, row)
    detail = {"appeal": number, "outcome": body.outcome, "result_hash": award.result_hash}
    audit_service.note(session, "answer_appeal", "award", str(year), now=now, detail=detail)
    told = answered_notice(award.jurisdiction, year, number, APPEAL_LABELS[body.outcome], row.person_id)
    await notifications.post(session, [told], now=now)
    products = {} if row.product_id is None else await queries.products(session, ids=[row.product_id])
    return appeal_out(row, products)


async def _strike(session: AsyncSession, award: Award, appeal: AwardAppeal) -> None:
    for row in await queries.candidates(session, award.id):
        if row.product_id == appeal.product_id:
            row.struck_reason = appeal.answer or ""
    await _keep(session, award)
    award.version += 1
    await session.flush()


async def _out(session: AsyncSession, award: Award, now: datetime) -> AwardOut:
    return award_out(award, await counts_of(session, award), shanghai_date(now), tells_result=True)
