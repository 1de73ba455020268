"""Awards of the world to look for leaks in: what people put forward, voted and objected to."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from app.awards.observed import Figures
from app.awards.scoring import Outcome, Part, Why
from app.awards.tables import Award, AwardAppeal, AwardBallot, AwardCandidate, AwardJuror, AwardNomination
from app.awards.voting_service import seal_of
from app.kernel.database import AsyncSession
from tests.awards.town import announcement

YEARS = (2023, 2024)


async def add_awards(
    session: AsyncSession,
    rows: Mapping[str, Any],
    people: Mapping[str, int],
    ids: Iterator[int],
    then: datetime,
) -> None:
    """Store an award that is published and one before its jury, each with what several people did in it."""
    product = rows["products"][0]
    revision = next(row["id"] for row in rows["product_revisions"] if row["product_id"] == product["id"])
    for year, state in zip(YEARS, ("published", "shortlisted"), strict=True):
        award = Award(
            jurisdiction="230000", year=year, name="?", statement="", state=state, quarter=f"{year}Q4",
            criteria=announcement().criteria.model_dump(mode="json"), nominations_until=date(2024, 1, 10),
            votes_until=date(2999, 1, 1), appeal_days=5, appeals_until=date(2999, 1, 1), announced_at=then,
            announced_by="?", version=1,
        )  # fmt: skip
        session.add(award)
        await session.flush()
        seen = Outcome(product["code"], Why.SHORTLISTED, dict.fromkeys(Part, 0), 0)  # type: ignore[arg-type]  # whole fractions
        session.add(
            AwardCandidate(
                award_id=award.id, product_id=product["id"], product_revision_id=revision, bank="JHYH",
                figures=Figures().as_data(), first_at=then, nominations=1, outcome=seen.as_data(), reason="?", rank=1,
            )
        )  # fmt: skip
        for name in ("firm", "bank", "clerk"):
            party = f"{name}:{year}"
            session.add(
                AwardNomination(
                    id=next(ids), award_id=award.id, product_id=product["id"], side="firm", party=party,
                    person_id=people[name], nominated_by="?", reason="?", created_at=then,
                )
            )  # fmt: skip
            session.add(
                AwardAppeal(
                    id=next(ids), award_id=award.id, product_id=product["id"], state="open", side="firm", party=party,
                    person_id=people[name], raised_by="?", grounds="?", raised_at=then, version=1,
                )
            )  # fmt: skip
            session.add(
                AwardJuror(
                    award_id=award.id, person_id=people[name], name="?", affiliation="?", banks=[], appointed_by="?",
                    appointed_at=then,
                )
            )  # fmt: skip
            points = {product["code"]: 7}
            session.add(
                AwardBallot(
                    id=next(ids), award_id=award.id, person_id=people[name], points=points, comment="?", salt="salt",
                    seal=seal_of(points, "salt"), version=1, cast_at=then,
                )
            )  # fmt: skip
    await session.flush()
