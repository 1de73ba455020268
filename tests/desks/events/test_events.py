"""A host plans, invites, opens the door and writes down; a firm answers on its own page; nobody else finds anything."""

import re
from datetime import datetime, timedelta

import pytest

from app.accounts.rules import Role
from app.desks.events import calendar, day, event, guests
from app.enterprises.consent_service import give_many_consents
from app.jobs.queue import JobQueue
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import Sessions
from tests.accounts.offices import OPERATOR, working
from tests.accounts.signing import Installation
from tests.desks.visits import Visit
from tests.events.town import DAY, NOW, THAT_DAY, answered, build_kept, invited


class Watch:
    """The clock of the pages of events."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = NOW
        for module in (calendar, day, event, guests):
            monkeypatch.setattr(module, "utc_now", self.read)
        monkeypatch.setattr(calendar, "shanghai_today", NOW.date)

    def read(self) -> datetime:
        return self.now


async def test_a_year_is_planned_looked_at_and_kept_and_an_event_moved_with_a_reason(
    house: Installation, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    Watch(monkeypatch)
    await build_kept(sessions)
    await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    async with Visit(house) as host:
        await host.sign_in()
        assert "还没有活动" in (await host.get("/events")).text
        await host.get("/events/years")
        wrong = await host.post("/events/years/preview", year="二〇二四", conferences="很多")
        assert (wrong.status_code, wrong.text.count("请填整数")) == (422, 4), (
            "each above all and at its field"
        )
        seen = await host.post("/events/years/preview", year="2024")
        assert (seen.status_code, "还没有保存" in seen.text) == (200, True)
        kept = await host.post("/events/years", year="2024", expected_hash=host.field("expected_hash"))
        assert kept.headers["location"] == "/events?year=2024"
        shown = (await host.get("/events?year=2024")).text
        path = re.findall(r'href="(/events/HD-[0-9]+)"', shown)[0]
        assert (await host.get("/events/years/2024")).status_code == 200
        await host.get(path)
        version = host.field("version")
        refused = await host.post(f"{path}/change", act="move", day="2024-01-01", version=version)
        assert (refused.status_code, "元旦" in refused.text) == (422, True)
        moved = await host.post(
            f"{path}/change", act="move", day="2024-01-01", reason="元旦专场", version=version
        )
        assert moved.status_code == 303
        assert "元旦专场" in (await host.get(path)).text
        late = await host.post(f"{path}/change", act="cancel", reason="不再举办", version=version)
        assert (late.status_code, "已有人改动" in late.text) == (412, True)
        hours = {
            "opens": "09:00",
            "closes": "08:00",
            "slot_minutes": "20",
            "change_minutes": "x",
            "most_a_firm": "3",
        }
        assert (await host.post(f"{path}/change", act="hours", version="2", **hours)).status_code == 422
        await host.get("/events/new")
        assert (await host.post("/events/new", rhythm="quarterly", day=DAY)).status_code == 422


async def _answer_for_the_bank(host: Visit, clerk: Visit, page: str) -> None:
    """Let the host write down what the bank says; a branch that no consent shows the firm's entry is not asked."""
    assert "代表全行答复" not in (await clerk.get(page)).text
    assert "代表全行答复" in (await host.get(page)).text
    said = await host.post(f"{page}/answer", accepts="yes", version=host.field("version"))
    assert said.status_code == 303


async def test_guests_are_computed_invited_and_answer_and_the_day_is_written_down(
    house: Installation, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(monkeypatch)
    monkeypatch.setattr(JobQueue, "send", lambda _self, _code: None)
    await build_kept(sessions)
    async with working(sessions) as session:
        code, told = await invited(session, OPERATOR)
    path, firm_page = f"/events/{code}", f"/events/{code}/guests/{told['甲公司'].id}"
    await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    await house.person("firm", (Role.ENTERPRISE, "91230102MA1B00001X"))
    await house.person("clerk", (Role.RELATIONSHIP_MANAGER, "B1-DL"))
    await house.person("other", (Role.ENTERPRISE, "91230102MA1B00004X"))
    async with Visit(house) as firm, Visit(house) as clerk, Visit(house) as other, Visit(house) as host:
        await firm.sign_in("firm")
        await clerk.sign_in("clerk")
        await other.sign_in("other")
        await host.sign_in()
        assert firm_page in (await firm.get("/events")).text
        assert (await other.get(firm_page)).status_code == 404
        assert "甲公司" not in (await clerk.get(f"{path}/guests")).text
        shown = (await firm.get(firm_page)).text
        assert str(told["甲公司"].attendance_code) in shown
        assert (await firm.post(f"{firm_page}/answer", version=firm.field("version"))).status_code == 422
        answer = {"accepts": "yes", "absent": "1", "note": "<b>两人</b>", "version": firm.field("version")}
        assert (await firm.post(f"{firm_page}/answer", **answer)).status_code == 303
        assert "&lt;b&gt;两人" in (await firm.get(firm_page)).text
        await _answer_for_the_bank(host, clerk, f"{path}/guests/{told['B1'].id}")
        assert "甲公司" in (await clerk.get(f"{path}/guests")).text
        assert (await clerk.get(f"{path}/door")).status_code == 403
        await host.get(f"{path}/guests")
        seen = await host.post(f"{path}/guests/preview", tables="2")
        assert ("没有适配的银行" in seen.text, seen.status_code) == (True, 200)
        kept = await host.post(
            f"{path}/guests",
            tables="2",
            version=host.field("version"),
            expected_hash=host.field("expected_hash"),
        )
        assert kept.status_code == 303
        await host.get(f"{path}/timetable")
        sent = await host.post(f"{path}/timetable", most_at_once="5")
        assert "/timetable/jobs/" in sent.headers["location"]
        assert "排队中" in (await host.get(sent.headers["location"])).text
        watch.now = THAT_DAY
        await host.get(f"{path}/door")
        for typed, status in (("", 422), ("0000-0000", 422), (str(told["甲公司"].attendance_code), 303)):
            assert (await host.post(f"{path}/door", code=typed)).status_code == status
        assert "甲公司" in (await host.get(f"{path}/door")).text
        await host.get(f"{path}/contacts")
        number = re.findall(r'name="meeting" value="(\d+)"', host.shown)[0]
        assert (await host.post(f"{path}/contacts", note="x")).status_code == 422
        assert (await host.post(f"{path}/contacts", meeting=number)).status_code == 303
        assert "已登记" in (await host.get(f"{path}/contacts")).text
        assert (await host.get(f"{path}/results")).status_code == 200
        assert (await host.get("/events/years/2023/results")).status_code == 200
        assert "还没有已举办的活动" in (await host.get("/events/years/2031/results")).text


async def test_a_branch_is_told_who_has_answered_for_its_bank_and_finds_no_form(
    house: Installation, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    Watch(monkeypatch)
    await build_kept(sessions)
    await house.person("head", (Role.RELATIONSHIP_MANAGER, "B1"))
    await house.person("clerk", (Role.RELATIONSHIP_MANAGER, "B1-DL"))
    async with working(sessions) as session:
        code, told = await invited(session, OPERATOR)
        await answered(session, OPERATOR, code, told["甲公司"].id)
        until = shanghai_today() + timedelta(days=90)
        await give_many_consents(
            session, OPERATOR, ["91230102MA1B00001X"], until=until, evidence="纸质授权书", now=utc_now()
        )
    page = f"/events/{code}/guests/{told['B1'].id}"
    async with Visit(house) as clerk, Visit(house) as head:
        await clerk.sign_in("clerk")
        await head.sign_in("head")
        assert "代表全行答复；" in (await clerk.get(page)).text
        stale = clerk.field("version")
        await head.get(page)
        assert (
            await head.post(f"{page}/answer", accepts="no", version=head.field("version"))
        ).status_code == 303
        late = await clerk.post(f"{page}/answer", accepts="yes", version=stale)
        assert late.status_code == 412
        shown = (await clerk.get(page)).text
        assert "B1已代表全行答复" in shown
        assert f"{page}/answer" not in shown
        newest = str(int(stale) + 1)
        refused = await clerk.post(f"{page}/answer", accepts="yes", version=newest)
        assert (refused.status_code, "本行的另一机构已代表全行答复" in refused.text) == (409, True)
