"""How changes of awards are tried: each on an award of a year of its own, stored as it stands before the change."""

from datetime import date
from typing import Any, Final

from sqlalchemy import select

from app.awards.observed import Figures, hash_of
from app.awards.scoring import Outcome, Why
from app.awards.tables import (
    Award,
    AwardAppeal,
    AwardCandidate,
    AwardJuror,
    AwardNomination,
    ObservationRun,
)
from app.catalogue.tables import Product, ProductRevision
from app.kernel.clock import utc_now
from app.kernel.database import transaction
from tests.awards.town import announcement
from tests.concurrency.town import Town

PAST, FAR = date(2023, 9, 10), date(2999, 1, 1)
PRODUCT: Final = "JHYH-GDZB"


async def _award(town: Town, year: int, state: str, *rows: Any, votes_until: date = PAST) -> int:
    """Store an award whose nominations are over, with what hangs on it; answer its id."""
    award = Award(
        jurisdiction="230000", year=year, name="十佳", statement="", state=state, quarter="2023Q3",
        criteria=announcement().criteria.model_dump(mode="json"), nominations_until=date(2023, 9, 5),
        votes_until=votes_until, appeal_days=5, appeals_until=FAR if state == "published" else None,
        announced_at=utc_now(), announced_by="test", version=1,
    )  # fmt: skip
    async with transaction(town.sessions[0]) as session:
        session.add(award)
        await session.flush()
        for row in rows:
            row.award_id = award.id
            session.add(row)
        await session.flush()
        return award.id


async def _product(town: Town) -> tuple[int, int]:
    wanted = (
        select(Product.id, ProductRevision.id)
        .join(ProductRevision, ProductRevision.product_id == Product.id)
        .where(Product.code == PRODUCT)
    )
    product, revision = (await town.rows(wanted))[0]
    return product, revision


async def _candidate(town: Town) -> AwardCandidate:
    product, revision = await _product(town)
    return AwardCandidate(
        product_id=product, product_revision_id=revision, bank="JHYH", figures=Figures().as_data(), first_at=utc_now(),
        nominations=1, outcome=Outcome(PRODUCT, Why.FEW_CREDITS).as_data(), reason="", rank=1,
    )  # fmt: skip


async def to_shortlist(town: Town) -> str:
    """Store an award with a nomination, and figures so that none are computed; answer its path."""
    product, _revision = await _product(town)
    given = AwardNomination(
        product_id=product,
        side="coordinator",
        party="230000",
        nominated_by="test",
        reason="好",
        created_at=utc_now(),
    )
    await _award(town, 2031, "announced", given)
    async with transaction(town.sessions[0]) as session:
        session.add(
            ObservationRun(
                jurisdiction="230000", quarter="2023Q3", least={"credits": 5, "answers": 5, "ratings": 5}, dealings=0,
                approvals=0, answers=0, inputs_hash=hash_of([]), result_hash=hash_of([]), computed_at=utc_now(),
                computed_by="test", version=1,
            )
        )  # fmt: skip
    return "/awards/2031"


async def to_decide(town: Town) -> str:
    """Store an award whose votes are over; answer its path."""
    await _award(town, 2032, "shortlisted", await _candidate(town))
    return "/awards/2032"


async def to_publish(town: Town) -> str:
    """Store an award that is decided; answer its path."""
    await _award(town, 2033, "decided", await _candidate(town))
    return "/awards/2033"


async def to_vote(town: Town, who: str) -> str:
    """Store an award with somebody on its jury; answer the path of the ballot."""
    candidate = await _candidate(town)
    candidate.outcome = Outcome(PRODUCT, Why.SHORTLISTED, {}, 0).as_data()  # type: ignore[arg-type]  # a whole fraction
    juror = AwardJuror(
        person_id=town.person(who),
        name=who,
        affiliation="某单位",
        banks=[],
        appointed_by="test",
        appointed_at=utc_now(),
    )
    await _award(town, 2034, "shortlisted", candidate, juror, votes_until=FAR)
    return "/awards/2034/ballot"


async def to_answer(town: Town) -> str:
    """Store a published award with an appeal; answer the path of the appeal."""
    product, _revision = await _product(town)
    appeal = AwardAppeal(
        product_id=product, state="open", side="firm", party="x", raised_by="test", grounds="有误", raised_at=utc_now(),
        version=1,
    )  # fmt: skip
    await _award(town, 2035, "published", await _candidate(town), appeal)
    return f"/awards/2035/appeals/{appeal.id}"
