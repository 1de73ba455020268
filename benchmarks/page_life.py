"""What people do in the world of the pages: a plan is drafted, a round held, an event planned and its guests invited, an award given.

It goes through the services, so that what pages show is what they show elsewhere.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from app.accounts import audit_service
from app.accounts.audit import Origin
from app.accounts.rules import local_operator
from app.awards import service as awards
from app.awards.schemas import AwardIn, BallotIn, JurorIn, NominationIn
from app.catalogue.quarters import quarter_of
from app.events import guest_service, inviting_service, planning_service, timetable_service
from app.events.guest_schemas import GuestsIn, InvitationAnswerIn, SendingIn, TimetableIn
from app.events.schemas import YearIn
from app.events.year import Rhythm
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.paging import MOST_ROWS, PageRequest
from app.plans import comparing_service
from app.plans import service as plans
from app.selection import deciding_service as deciding
from app.selection import lists_service as lists
from app.selection import service as rounds
from app.selection.schemas import ComputeIn, ListIn, LockIn, RoundIn
from benchmarks.load_world import EDITION, JURISDICTION
from benchmarks.matching_world import BANKS
from benchmarks.page_world import CHAINS, PageWorld, chain_code

ROUND: Final = "BENCH"
PUT_FORWARD: Final = 24
JURY: Final = ("manager.1", "manager.2", "manager.3")
OPERATOR: Final = local_operator(JURISDICTION)
LEAST: Final = {
    "least_credits": 1, "least_answers": 1, "least_ratings": 1, "least_ballots": 2, "places": 10, "shortlist": 20,
}  # fmt: skip


def _any_version(_version: int) -> None:
    """Accept whatever version is stored: nobody else writes."""


async def live(world: PageWorld, sessions: Sessions) -> None:
    """Have done what people do on chains, in rounds, at events and with awards; matched and allocated before."""
    for step in (_draft, _select, _host, _award):
        async with transaction(sessions) as session:
            audit_service.begin(session, Origin(OPERATOR, "cli"))
            await step(world, session)


async def _draft(world: PageWorld, session: AsyncSession) -> None:
    chain = chain_code(1)
    made = await plans.create_draft(session, OPERATOR, chain, world.plan(1, contracted=12), now=world.now)
    await comparing_service.compare_draft(session, OPERATOR, chain, made.number, now=world.now)


async def _select(world: PageWorld, session: AsyncSession) -> None:
    """Select over all chains and banks; every third chain and every tenth bank has handed in a list."""
    chains = [chain_code(number) for number in range(1, CHAINS + 1)]
    banks = [f"bank-{number}" for number in range(BANKS)]
    opened = world.now - timedelta(days=20)
    terms = {
        "code": ROUND, "name": "银链双选", "edition": EDITION, "chains": chains, "banks": banks,
        "submit_until": world.today - timedelta(days=10), "absent_places": 5,
    }  # fmt: skip
    await rounds.open_round(session, OPERATOR, RoundIn.model_validate(terms), now=opened)
    for own, others in ((chains[::3], banks), (banks[::10], chains)):
        for place, code in enumerate(own):
            tiers = [[others[(place * 5 + step) % len(others)]] for step in range(8)]
            said = ListIn(quota=20, tiers=tiers)
            await lists.hand_in(session, OPERATOR, ROUND, code, said, expect=_any_version, now=opened)
    await deciding.lock(session, OPERATOR, ROUND, LockIn(), expect=_any_version, now=world.now)
    await deciding.compute_round(session, OPERATOR, ROUND, ComputeIn(), expect=_any_version, now=world.now)
    await deciding.publish(session, OPERATOR, ROUND, expect=_any_version, now=world.now)


async def _host(world: PageWorld, session: AsyncSession) -> None:
    """Plan the year, and invite to the next event of a chain, if one is left: all accept, and there is a timetable."""
    whole = YearIn(year=world.today.year, first_day=date(world.today.year, 1, 1))
    year = await planning_service.keep_year(session, OPERATOR, whole, now=world.now)
    coming = (one for one in year.events if one.rhythm is Rhythm.MONTHLY and one.day > world.today)
    event = next((one for one in coming if one.code is not None), None)
    if event is None or event.code is None:
        return
    code = event.code
    await inviting_service.keep_guests(
        session, OPERATOR, code, GuestsIn(), expect=_any_version, now=world.now
    )
    sending = SendingIn(answer_by=world.today)
    await inviting_service.send_invitations(
        session, OPERATOR, code, sending, expect=_any_version, now=world.now
    )
    page = PageRequest(limit=MOST_ROWS)
    for one in (await guest_service.list_guests(session, OPERATOR, code, page, now=world.now)).items:
        answer = InvitationAnswerIn(accepts=True)
        await guest_service.answer(
            session, OPERATOR, code, one.id, answer, expect=_any_version, now=world.now
        )
    problem = await timetable_service.pose(session, OPERATOR, code, TimetableIn(), now=world.now)
    made = await timetable_service.compute(problem)
    await timetable_service.save(session, OPERATOR, code, TimetableIn(), problem, made, now=world.now)


async def _award(world: PageWorld, session: AsyncSession) -> None:
    """Walk the award of the year before through all its steps."""
    year, end = world.today.year - 1, quarter_of(world.observed).last

    def after(days: int) -> datetime:
        at = end + timedelta(days=days)
        return datetime(at.year, at.month, at.day, 2, tzinfo=UTC)

    told = AwardIn.model_validate(
        {
            "year": year, "name": "特色制造业金融产品", "statement": "", "criteria": LEAST,
            "nominations_until": end - timedelta(days=2), "votes_until": end + timedelta(days=12),
        }
    )  # fmt: skip
    await awards.announce(session, OPERATOR, told, now=after(-30))
    for number in range(1, PUT_FORWARD + 1):
        put = NominationIn(product=f"p{number:06}", reason="放款快、材料少")
        await awards.nominate(session, OPERATOR, year, put, now=after(-20))
    jurors = []
    for login in JURY:
        juror = JurorIn(login=login, affiliation="评委")
        jurors.append((await awards.appoint(session, OPERATOR, year, juror, now=world.now)).person)
    await awards.shortlist(session, OPERATOR, year, expect=_any_version, now=after(3))
    for person in jurors:
        seen = await awards.own_ballot(session, OPERATOR, year, juror=person)
        points = [
            {"product": one.product, "points": 6 + (3 * place + person) % 5}
            for place, one in enumerate(seen.candidates)
            if not one.is_recused
        ]
        ballot = BallotIn.model_validate({"points": points, "comment": ""})
        await awards.cast_ballot(
            session, OPERATOR, year, ballot, expect=_any_version, now=after(8), juror=person
        )
    await awards.decide(session, OPERATOR, year, expect=_any_version, now=after(15))
    await awards.publish(session, OPERATOR, year, expect=_any_version, now=after(16))
