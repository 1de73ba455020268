"""An award from its announcement to an upheld appeal, on both databases."""

from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, select, update

from app.accounts.rules import Viewer
from app.awards import service
from app.awards.observed_service import observe, observed_page, observed_product
from app.awards.schemas import AppealAnswerIn, AppealIn, BallotIn, JurorIn, NominationIn
from app.awards.tables import AwardBallot, ProductObservation
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Forbidden, NotFound, PreconditionFailed, Refused
from app.kernel.paging import PageRequest
from app.kernel.requests import check_if_match, etag_of
from app.visibility.service import narrow
from tests.awards.town import JANUARY, QUARTER, YEAR, Town, announcement, build_town, log

PAGE = PageRequest(limit=50)
NOMINATED, LATER, DONE = (datetime(2024, 1, day, 2, 0, tzinfo=UTC) for day in (5, 12, 22))


@pytest.fixture
async def town(session: AsyncSession) -> Town:
    return await build_town(session)


def at(version: int) -> Any:
    return lambda stored: check_if_match(etag_of(version), stored)


async def tried(session: AsyncSession, doing: Coroutine[Any, Any, Any]) -> None:
    async with session.begin_nested():
        await doing


def ballot(**points: int) -> BallotIn:
    written = [{"product": code.replace("_", "-"), "points": one} for code, one in points.items()]
    return BallotIn.model_validate({"points": written})


async def nominated(session: AsyncSession, town: Town) -> None:
    await service.announce(session, town.people["whole"], announcement(), now=JANUARY)
    for name, code in (("bank", "B1-Q"), ("rival", "B2-P"), ("firm", "B1-Q"), ("city", "B3-P")):
        body = NominationIn(product=code, reason="放款快")
        await service.nominate(session, town.people[name], YEAR, body, now=NOMINATED)


async def with_jury(session: AsyncSession, town: Town) -> None:
    whole = town.people["whole"]
    await nominated(session, town)
    for login in ("clerk", "expert", "city"):
        juror = JurorIn(login=f"town-{login}", affiliation="某单位")
        await service.appoint(session, whole, YEAR, juror, now=NOMINATED)
    stored = await service.award(session, whole, YEAR, now=LATER)
    await service.shortlist(session, whole, YEAR, expect=at(stored.version), now=LATER)


async def cast(session: AsyncSession, viewer: Viewer, version: int = 0, **points: int) -> None:
    await service.cast_ballot(session, viewer, YEAR, ballot(**points), expect=at(version), now=LATER)


async def test_what_a_product_promises_stands_beside_what_came_of_it(
    session: AsyncSession, town: Town
) -> None:
    whole = town.people["whole"]
    with pytest.raises(NotFound):
        await observed_product(session, whole, "B1-Q")
    run = await observe(session, whole, QUARTER, now=JANUARY)
    assert (run.answers, run.approvals, run.dealings, run.version) == (9, 7, 9, 1)
    good = await observed_product(session, whole, "B1-Q")
    assert (good.answers, good.approval_share, good.days_p50, good.days_p90) == (5, "100.0", 3, 4)
    assert (good.rate_p10, good.rate_p50, good.rate_p90, good.declared_rate_most) == (480, 480, 500, 500)
    assert (good.rating, [one.off.value for one in good.flags]) == ("5.0", ["rate_below"])
    hidden = await observed_product(session, whole, "B2-P")
    assert (hidden.answers, hidden.rate_p50, hidden.rating, hidden.flags) == (None, None, None, [])
    again = await observe(session, whole, QUARTER, now=JANUARY)
    assert (again.version, again.result_hash, again.inputs_hash) == (2, run.result_hash, run.inputs_hash)
    mine = await observed_page(session, town.people["rival"], QUARTER, PAGE)
    assert [one.product for one in mine.items] == ["B2-P"]
    every = await observed_page(session, town.people["auditor"], QUARTER, PAGE, flagged=True)
    assert ([one.product for one in every.items], every.flagged) == (["B1-Q"], 1)
    with pytest.raises(Conflict):
        await observe(session, whole, "2024Q1", now=JANUARY)


async def test_observed_figures_are_read_page_by_page_in_as_many_statements_whatever_there_is(
    session: AsyncSession, town: Town
) -> None:
    whole, seen = town.people["whole"], list[str]()
    await observe(session, whole, QUARTER, now=JANUARY)
    await observed_page(session, whole, QUARTER, PageRequest(limit=1))  # what processes remember is read once
    connection = (await session.connection()).sync_connection
    event.listen(connection, "before_cursor_execute", lambda *words: seen.append(words[2]))
    every = await observed_page(session, whole, QUARTER, PAGE)
    needed, paged, cursor = len(seen), list[str](), None
    while True:
        seen.clear()
        page = await observed_page(session, whole, QUARTER, PageRequest(limit=1, cursor=cursor))
        assert len(seen) == needed
        paged += [one.product for one in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert paged == [one.product for one in every.items]
    assert len(paged) > 1
    of_one = await observed_page(session, whole, QUARTER, PAGE, institution="B1")
    assert [one.product for one in of_one.items] == ["B1-Q"]
    none = await observed_page(session, town.people["rival"], QUARTER, PAGE, institution="B1")
    assert none.items == [], "another bank's"


async def test_an_award_goes_from_its_criteria_to_a_result_that_anybody_can_recompute(
    session: AsyncSession, town: Town
) -> None:
    whole, people = town.people["whole"], town.people
    await with_jury(session, town)
    shown = {
        one.product: one for one in (await service.candidates(session, people["firm"], YEAR, PAGE)).items
    }
    assert {code: one.why.value for code, one in shown.items()} == {
        "B1-Q": "shortlisted", "B2-P": "shortlisted", "B3-P": "few_credits",
    }  # fmt: skip
    assert shown["B1-Q"].nominations == 2
    with pytest.raises(Refused) as refusal:
        await cast(session, people["clerk"], B1_Q=7, B2_P=10, B9_P=1)
    assert [fault.where for fault in refusal.value.faults] == ["points.1.product", "points.2.product"]
    await cast(session, people["clerk"], B1_Q=7)
    await cast(session, people["expert"], B1_Q=4, B2_P=9)
    with pytest.raises(PreconditionFailed):
        await cast(session, people["expert"], B1_Q=8, B2_P=9)
    await cast(session, people["expert"], 1, B1_Q=8, B2_P=9)
    with pytest.raises(Forbidden):
        await cast(session, people["bank"], B1_Q=10)
    with pytest.raises(Conflict):
        await service.decide(session, whole, YEAR, expect=at(5), now=LATER)
    await cast(session, people["city"], B2_P=9)
    stored = await service.award(session, whole, YEAR, now=LATER)
    assert (stored.ballots, stored.jurors, "decide" in stored.possible) == (3, 3, True)
    decided = await service.decide(session, whole, YEAR, expect=at(stored.version), now=LATER)
    before = (await service.candidates(session, people["firm"], YEAR, PAGE)).items
    assert ([one.place for one in before], (await service.award(session, people["firm"], YEAR, now=LATER)).result_hash) == (
        [None] * 3, None,
    )  # fmt: skip
    published = await service.publish(session, whole, YEAR, expect=at(decided.version), now=DONE)
    found = (await service.candidates(session, people["firm"], YEAR, PAGE)).items
    assert [(one.product, one.place, one.is_awarded) for one in found] == [
        ("B1-Q", 1, True), ("B2-P", 2, False), ("B3-P", None, False),
    ]  # fmt: skip
    assert found[0].reason.startswith("总分")
    assert found[0].reason.endswith("列第1名，入选。")
    checked = await service.verify(session, people["auditor"], YEAR)
    assert (checked.is_same, checked.stored_hash, checked.broken_seals) == (True, published.result_hash, [])
    await session.execute(
        update(AwardBallot).where(AwardBallot.person_id == people["city"].person).values(points={"B2-P": 10})
    )
    session.expire_all()
    forged = await service.verify(session, people["auditor"], YEAR)
    assert (forged.is_same, forged.broken_seals) == (False, [people["city"].person])


async def test_an_upheld_appeal_strikes_its_product_and_the_next_moves_up(
    session: AsyncSession, town: Town
) -> None:
    whole, firm = town.people["whole"], town.people["firm"]
    await with_jury(session, town)
    for name in ("expert", "city"):
        await cast(session, town.people[name], B1_Q=9, B2_P=9)
    stored = await service.award(session, whole, YEAR, now=DONE)
    decided = await service.decide(session, whole, YEAR, expect=at(stored.version), now=DONE)
    with pytest.raises(Conflict):
        await service.appeal(session, firm, YEAR, AppealIn(grounds="有误"), now=DONE)
    published = await service.publish(session, whole, YEAR, expect=at(decided.version), now=DONE)
    raised = await service.appeal(session, firm, YEAR, AppealIn(product="B1-Q", grounds="另收费用"), now=DONE)
    open_ = await service.award(session, whole, YEAR, now=DONE)
    assert (open_.open_appeals, open_.is_final) == (1, False)
    answer = AppealAnswerIn(outcome="upheld", answer="查实另收费用")
    done = await service.answer_appeal(session, whole, YEAR, raised.id, answer, expect=at(1), now=DONE)
    assert done.state == "upheld"
    with pytest.raises(Conflict):
        await service.answer_appeal(session, whole, YEAR, raised.id, answer, expect=at(2), now=DONE)
    found = (await service.candidates(session, firm, YEAR, PAGE)).items
    assert [(one.product, one.is_awarded) for one in found][:2] == [("B2-P", True), ("B1-Q", False)]
    assert "查实另收费用" in found[1].reason
    after = await service.award(session, whole, YEAR, now=DONE)
    assert after.result_hash != published.result_hash
    assert (await service.verify(session, whole, YEAR)).is_same


async def test_who_may_put_what_forward_and_when(session: AsyncSession, town: Town) -> None:
    people = town.people
    with pytest.raises(NotFound):
        await service.nominate(
            session, people["bank"], YEAR, NominationIn(product="B1-Q", reason="好"), now=JANUARY
        )
    with pytest.raises(Forbidden):
        await service.announce(session, people["city"], announcement(), now=JANUARY)
    wrong = announcement(nominations_until="2024-01-01", votes_until="2023-12-01", quarter="2024Q1")
    with pytest.raises(Refused) as refusal:
        await service.announce(session, people["whole"], wrong, now=JANUARY)
    assert [fault.where for fault in refusal.value.faults] == ["nominations_until", "votes_until", "quarter"]
    await nominated(session, town)
    with pytest.raises(Conflict):
        await service.announce(session, people["whole"], announcement(), now=JANUARY)
    for name, code, error in (
        ("bank", "B1-Q", Conflict), ("bank", "B2-P", Refused), ("firm", "B9-P", Refused), ("clerk", "B2-P", Forbidden),
    ):  # fmt: skip
        body = NominationIn(product=code, reason="好")
        with pytest.raises(error):
            await tried(session, service.nominate(session, people[name], YEAR, body, now=NOMINATED))
    with pytest.raises(Conflict):
        await service.nominate(
            session, people["bank"], YEAR, NominationIn(product="B1-P", reason="好"), now=LATER
        )
    mine = (await service.nominations(session, people["bank"], YEAR, PAGE)).items
    taken = await service.withdraw(session, people["bank"], YEAR, mine[0].id, now=NOMINATED)
    assert taken.withdrawn_at == NOMINATED
    await service.nominate(
        session, people["bank"], YEAR, NominationIn(product="B1-Q", reason="再"), now=NOMINATED
    )
    for login in ("town-auditor", "nobody"):
        juror = JurorIn(login=login, affiliation="某单位", recused=["NONE"])
        with pytest.raises(Refused):
            await service.appoint(session, people["whole"], YEAR, juror, now=NOMINATED)


async def test_a_ballot_and_who_nominated_are_seen_by_nobody_else(session: AsyncSession, town: Town) -> None:
    await with_jury(session, town)
    await cast(session, town.people["expert"], B1_Q=4, B2_P=9)
    seen = {}
    for name, viewer in town.people.items():
        narrow(session, viewer, JANUARY.date())
        seen[name] = (
            len((await session.scalars(select(AwardBallot))).all()),
            len((await service.nominations(session, viewer, YEAR, PAGE)).items),
        )
    assert {name: ballots for name, (ballots, _n) in seen.items() if ballots} == {"expert": 1}
    assert {name: found for name, (_b, found) in seen.items()} == {
        "whole": 4, "auditor": 4, "city": 1, "bank": 1, "rival": 1, "firm": 1, "clerk": 0, "expert": 0,
    }  # fmt: skip


async def test_a_correction_takes_its_event_out_of_the_figures(session: AsyncSession, town: Town) -> None:
    whole = town.people["whole"]
    before = await observe(session, whole, QUARTER, now=JANUARY)
    entry = town.world.entries["firm0"]
    await log(session, town.world, entry, 4, "B1-DL", "corrected", JANUARY, corrects=2)
    after = await observe(session, whole, QUARTER, now=JANUARY)
    assert (before.approvals - after.approvals, before.inputs_hash == after.inputs_hash) == (1, False)
    assert len((await session.scalars(select(ProductObservation))).all()) == 2
