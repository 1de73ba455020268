"""Awards of the demonstration: the year 2023 through all its steps, and 2024 open for nominations; with observed figures."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from app.accounts.rules import Viewer
from app.awards import service
from app.awards.observed_service import most_used, observe
from app.awards.schemas import AwardIn, BallotIn, JurorIn, NominationIn
from app.cli.demo_people import DemoPerson
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound
from app.kernel.shanghai import shanghai_date

FINISHED, OPEN = 2023, 2024
JURY: Final = {
    "demo-harbin": "哈尔滨市统筹部门（演示）",
    "demo-chain": "产业链链办（演示）",
    "demo-manager": "银行客户经理（演示）",
}
NOMINATED: Final = 8
LEAST: Final = {
    "least_credits": 2, "least_answers": 2, "least_ratings": 1, "least_ballots": 2, "places": 3, "shortlist": 6,
    "most_per_bank": 2,
}  # fmt: skip
STATEMENT: Final = "演示评选：企业、产品和使用情况均为虚构，最低数低于实际采用的标准。"
REASON: Final = "放款快、材料少，企业反映好（演示）"


def _on(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 2, tzinfo=UTC)


async def seed_awards(
    session: AsyncSession, viewer: Viewer, people: Sequence[DemoPerson], *, now: datetime
) -> None:
    """Make the demonstration's figures and awards, unless they are there."""
    try:
        await service.award(session, viewer, FINISHED, now=now)
    except NotFound:
        await observe(session, viewer, f"{FINISHED}Q4", now=_on(2024, 1, 3))
        await observe(session, viewer, f"{OPEN}Q1", now=_on(2024, 4, 2))
        products = await most_used(session, viewer, f"{FINISHED}Q4", NOMINATED)
        if products:
            await _finish(session, viewer, people, products, now)
            await _open(session, viewer, people, products, now)


async def _announce(session: AsyncSession, viewer: Viewer, *, now: datetime, **stated: Any) -> None:
    stated |= {
        "name": f"{stated['year']}年度特色制造业金融产品“十佳”（演示）",
        "statement": STATEMENT,
        "criteria": LEAST,
    }
    await service.announce(session, viewer, AwardIn.model_validate(stated), now=now)


async def _finish(
    session: AsyncSession, viewer: Viewer, people: Sequence[DemoPerson], products: list[str], now: datetime
) -> None:
    """Walk the award of the year before through all its steps; jurors hold their roles from today on."""
    days = {"nominations_until": date(2023, 12, 29), "votes_until": date(2024, 1, 12)}
    await _announce(session, viewer, now=_on(2023, 12, 1), year=FINISHED, **days)
    for place, code in enumerate(products):
        body = NominationIn(product=code, reason=REASON)
        await service.nominate(session, viewer, FINISHED, body, now=_on(2023, 12, 4 + place))
    jurors: list[int] = []
    for person in people:
        if person.login in JURY:
            body_of = JurorIn(login=person.login, affiliation=JURY[person.login])
            jurors.append((await service.appoint(session, viewer, FINISHED, body_of, now=now)).person)
    await service.shortlist(session, viewer, FINISHED, expect=_any, now=_on(2024, 1, 3))
    for place, juror in enumerate(jurors):
        await _vote(session, viewer, juror, place)
    await service.decide(session, viewer, FINISHED, expect=_any, now=_on(2024, 1, 15))
    await service.publish(session, viewer, FINISHED, expect=_any, now=_on(2024, 1, 16))


async def _vote(session: AsyncSession, viewer: Viewer, juror: int, place: int) -> None:
    seen = await service.own_ballot(session, viewer, FINISHED, juror=juror)
    points = [
        {"product": one.product, "points": 6 + (3 * number + 2 * place) % 5}
        for number, one in enumerate(seen.candidates)
        if not one.is_recused
    ]
    if points:
        body = BallotIn.model_validate({"points": points, "comment": "演示评语"})
        await service.cast_ballot(
            session, viewer, FINISHED, body, expect=_any, now=_on(2024, 1, 8 + place), juror=juror
        )


async def _open(
    session: AsyncSession, viewer: Viewer, people: Sequence[DemoPerson], products: list[str], now: datetime
) -> None:
    """Announce an award whose nominations are open today."""
    today = shanghai_date(now)
    days = {"nominations_until": today + timedelta(days=30), "votes_until": today + timedelta(days=60)}
    await _announce(session, viewer, now=now, year=OPEN, quarter=f"{OPEN}Q1", **days)
    for code in products[:3]:
        body = NominationIn(product=code, reason=REASON)
        await service.nominate(session, viewer, OPEN, body, now=now)
    for person in people:
        if person.login in JURY:
            juror = JurorIn(login=person.login, affiliation=JURY[person.login])
            await service.appoint(session, viewer, OPEN, juror, now=now)


def _any(_version: int) -> None:
    """Accept whatever version is stored: nobody else writes meanwhile."""
