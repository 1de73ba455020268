"""An award on its pages: looked at before each step, faults at their fields, and a ballot that only its juror sees."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.rules import Role
from app.awards import service
from app.awards.schemas import JurorIn, NominationIn
from app.awards.tables import ObservationRun
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import Sessions
from tests.accounts.offices import OPERATOR, working
from tests.accounts.signing import Installation
from tests.awards.town import announcement, build_town, observe_town
from tests.desks.visits import Visit


@pytest.fixture
async def stocked(house: Installation, sessions: Sessions) -> Installation:
    """The town of awards with its figures of 2023Q4, a coordinator and a bank's administrator who sign in."""
    async with working(sessions) as session:
        await build_town(session)
        await observe_town(session)
    await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    await house.person("li.na", (Role.BANK_ADMINISTRATOR, "B1"))
    await house.person("zhao.min", (Role.CHAIN_MANAGER, "HLJ-GDZB"))
    return house


def _form(**changes: str) -> dict[str, str]:
    today = shanghai_today()
    usual = {
        "year": "2023", "name": "十佳", "quarter": "2023Q4", "nominations_until": (today + timedelta(days=3)).isoformat(),
        "votes_until": (today + timedelta(days=9)).isoformat(), "appeal_days": "5", "places": "1", "shortlist": "5",
        "least_credits": "2", "least_answers": "4", "least_ratings": "2", "least_ballots": "1", "most_per_bank": "0",
    }  # fmt: skip
    weights = {"reach": "25", "approval": "10", "promise": "20", "satisfaction": "20", "jury": "25"}
    return usual | {f"weight_{part}": weight for part, weight in weights.items()} | changes


async def _judged(sessions: Sessions) -> None:
    """Announce an award long ago whose votes are open until far away, shortlisted, with a juror."""
    async with working(sessions) as session:
        then = utc_now() - timedelta(days=30)
        days: dict[str, Any] = {
            "nominations_until": (then + timedelta(days=2)).date().isoformat(),
            "votes_until": (utc_now() + timedelta(days=30)).date().isoformat(),
        }
        days["criteria"] = announcement().criteria.model_dump(mode="json") | {"least_ballots": 1}
        await service.announce(session, OPERATOR, announcement(**days), now=then)
        for code in ("B1-Q", "B2-P"):
            await service.nominate(session, OPERATOR, 2023, NominationIn(product=code, reason="好"), now=then)
        juror = JurorIn(login="zhao.min", affiliation="链办", recused=["B2"])
        await service.appoint(session, OPERATOR, 2023, juror, now=utc_now())
        await service.shortlist(session, OPERATOR, 2023, expect=lambda _version: None, now=utc_now())


async def test_an_award_is_looked_at_announced_and_products_are_put_forward(stocked: Installation) -> None:
    async with Visit(stocked) as visit:
        await visit.sign_in()
        assert "还没有评选" in (await visit.get("/awards")).text
        await visit.get("/awards/new")
        wrong = await visit.post(
            "/awards/new", act="look", **_form(weight_jury="24", places="many", votes_until="")
        )
        assert (wrong.status_code, 'id="places-fault"' in wrong.text) == (422, True)
        crossed = await visit.post("/awards/new", act="look", **_form(votes_until="2023-01-01"))
        assert (crossed.status_code, 'id="votes_until-fault"' in crossed.text) == (422, True)
        looked = await visit.post("/awards/new", act="look", **_form())
        assert (looked.status_code, "将公告：十佳" in looked.text) == (200, True)
        assert "还没有评选" in (await visit.get("/awards")).text, "looking stores nothing"
        await visit.get("/awards/new")
        assert (await visit.post("/awards/new", act="announce", **_form())).status_code == 303
        shown = (await visit.get("/awards/2023")).text
        assert ("征集提名" in shown, "去提名" in shown, "还没有聘任评委" in shown) == (True, True, True)
        await visit.get("/awards/2023/jury")
        auditor = await visit.post("/awards/2023/jury", login="nobody", affiliation="某单位", recused="")
        assert (auditor.status_code, 'id="login-fault"' in auditor.text) == (422, True)
        assert (
            await visit.post("/awards/2023/jury", login="zhao.min", affiliation="链办", recused="B2")
        ).status_code == 303
        early = await visit.post("/awards/2023/steps", act="shortlist", version="2")
        assert (early.status_code, "提名到" in early.text) == (409, True)
    async with Visit(stocked) as bank:
        await bank.get("/sign-in")
        await bank.sign_in("li.na")
        offered = (await bank.get("/awards/2023/nominations")).text
        [own] = re.findall(r'<option value="([^"]*)" label="[^"]* · B1-Q"', offered)
        assert "· B2-P" not in offered, "another institution's"
        unclear = await bank.post("/awards/2023/nominations", product="没有的产品", reason="好")
        assert (unclear.status_code, "没有找到" in unclear.text) == (422, True)
        rival = await bank.post("/awards/2023/nominations", product="B2-P", reason="好")
        assert (rival.status_code, 'id="product-fault"' in rival.text) == (422, True)
        assert (
            await bank.post("/awards/2023/nominations", product=own, reason="放款<b>快")
        ).status_code == 303
        mine = (await bank.get("/awards/2023/nominations")).text
        assert ("放款&lt;b&gt;快" in mine, "/withdrawal" in mine) == (True, True)
        assert (await bank.get("/awards/new")).status_code == 403


async def test_a_juror_votes_and_the_coordinator_looks_before_deciding(
    stocked: Installation, sessions: Sessions
) -> None:
    await _judged(sessions)
    async with Visit(stocked) as juror, Visit(stocked) as chief:
        await juror.get("/sign-in")
        await juror.sign_in("zhao.min")
        ballot = (await juror.get("/awards/2023/ballot")).text
        assert ("须回避" in ballot, 'name="points-B1-Q"' in ballot, 'name="points-B2-P"' in ballot) == (
            True,
            True,
            False,
        )
        wrong = await juror.post("/awards/2023/ballot", **{"points-B1-Q": "11", "version": "0"})
        assert (wrong.status_code, 'id="points-B1-Q-fault"' in wrong.text) == (422, True)
        recused = await juror.post("/awards/2023/ballot", **{"points-B2-P": "9", "version": "0"})
        assert recused.status_code == 422
        cast = await juror.post(
            "/awards/2023/ballot", **{"points-B1-Q": "9", "version": "0", "comment": "好"}
        )
        assert cast.status_code == 303
        stale = await juror.post("/awards/2023/ballot", **{"points-B1-Q": "8", "version": "0"})
        assert stale.status_code == 412
        await chief.get("/sign-in")
        await chief.sign_in()
        assert (await chief.get("/awards/2023/ballot")).status_code == 403
        shown = (await chief.get("/awards/2023")).text
        assert ("1 / 1" in shown, "开启评审票，评定结果…" in shown) == (True, True)
        version = chief.field("version")
        looked = await chief.post("/awards/2023/steps", act="decide", version=version)
        assert (looked.status_code, "现在还没有保存" in looked.text, "入选" in looked.text) == (
            200,
            True,
            True,
        )
        assert "评委评审" in (await chief.get("/awards/2023")).text
        done = await chief.post("/awards/2023/steps", act="decide", version=version, sure="yes")
        assert done.status_code == 303
        late = await chief.post("/awards/2023/steps", act="decide", version=version, sure="yes")
        assert late.status_code in {409, 412}
        assert "一致" in (await chief.get("/awards/2023/verification")).text
        assert "入选产品" not in (await juror.get("/awards/2023")).text, "it is not published yet"


async def test_declared_stands_beside_observed_and_who_has_not_confirmed_is_seen(
    stocked: Installation,
) -> None:
    async with Visit(stocked) as chief, Visit(stocked) as bank:
        await chief.sign_in()
        overview = (await chief.get("/library/observed")).text
        assert ("B1-Q贷" in overview, "利率低于申报" in overview, "B2-P贷" in overview) == (True, True, True)
        assert "100.0%" in (await chief.get("/products/B1-Q")).text
        waiting = (await chief.get("/library/confirmations?waiting=yes")).text
        assert ("发出确认通知" in waiting, "B2-P" in waiting) == (True, True)
        wrong = await chief.post("/library/observed", quarter="2023年")
        assert wrong.status_code == 422
        await bank.get("/sign-in")
        await bank.sign_in("li.na")
        own = (await bank.get("/library/observed")).text
        assert ("B1-Q贷" in own, "B2-P贷" in own) == (True, False)
        assert "B2-P" not in (await bank.get("/library/confirmations")).text


async def test_which_products_are_off_is_found_anew_when_the_figures_are_computed_anew(
    stocked: Installation, sessions: Sessions
) -> None:
    def count(shown: str) -> str:
        [found] = re.findall(r'flagged=yes">([0-9]+)<', shown)
        return str(found)

    async with Visit(stocked) as chief:
        await chief.get("/sign-in")
        await chief.sign_in("wang.fang")
        before = [count((await chief.get("/library/observed")).text) for _ in range(2)]
        async with working(sessions) as session:
            run = await session.scalar(select(ObservationRun))
            assert run is not None
            run.least = dict.fromkeys(run.least, 1000)  # now everything rests on too few
            run.version += 1
        assert [*before, count((await chief.get("/library/observed")).text)] == ["1", "1", "0"]
