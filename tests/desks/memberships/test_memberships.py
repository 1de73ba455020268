"""A coordinator decides on many as previewed and hands a post over; a firm objects and reads the answer."""

import re

from app.accounts.rules import Role, local_operator
from app.kernel.database import Sessions
from tests.accounts.offices import working
from tests.accounts.signing import Installation
from tests.desks.visits import Visit
from tests.membership.town import build, proposed

OPERATOR = local_operator("230000")


async def test_many_are_confirmed_as_previewed_and_the_firm_that_objects_is_answered(
    house: Installation, sessions: Sessions
) -> None:
    async with working(sessions, OPERATOR) as session:
        codes = await build(session, OPERATOR)
        numbers = {name: one.id for name, one in (await proposed(session, OPERATOR)).items()}
    await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    await house.person("nong.ji", (Role.ENTERPRISE, codes["农机厂"]))
    async with Visit(house) as office, Visit(house) as firm:
        await office.sign_in()
        shown = (await office.get("/chain/NJ/memberships")).text
        assert "农业机械" in shown
        assert f'href="/memberships/{numbers["农机厂"]}"' in shown
        nothing = await office.post("/chain/NJ/memberships/preview", decision="confirmed")
        assert (nothing.status_code, "没有选中" in nothing.text) == (422, True)
        silent = await office.post("/chain/NJ/memberships/preview", decision="declined", all="yes")
        assert (silent.status_code, "请写明否定的理由" in silent.text) == (422, True)
        seen = (await office.post("/chain/NJ/memberships/preview", decision="confirmed", all="yes")).text
        assert "确认这 2 户" in seen
        fields = {name: office.field(name) for name in ("seen", "decision", "all")}
        assert (await office.post("/chain/NJ/memberships/decisions", **fields)).status_code == 303
        assert "农机厂" in (await office.get("/chain/NJ/memberships?state=confirmed")).text
        late = await office.post("/chain/NJ/memberships/decisions", **fields)
        assert late.status_code in {409, 422}

        await firm.sign_in("nong.ji")
        assert "农机产业链" in (await firm.get("/enterprise/chains")).text
        await firm.post(
            "/enterprise/chains/objections", membership=str(numbers["农机厂"]), text="只做<b>维修</b>"
        )
        assert (await firm.get(f"/memberships/{numbers['农机厂']}")).status_code == 403
        listed = (await office.get("/memberships/objections")).text
        assert "只做&lt;b&gt;维修&lt;/b&gt;" in listed
        path = re.search(r'action="(/memberships/objections/\d+/answer)"', listed)
        assert path
        version = office.field("version")
        early = await office.post(path[1], outcome="upheld", answer="成立", version=version)
        assert (early.status_code, "归链还没有更正" in early.text) == (422, True)
        said = await office.post(path[1], outcome="rejected", answer="执照列有制造", version=version)
        assert said.status_code == 303
        assert "执照列有制造" in (await firm.get("/enterprise/chains")).text


async def test_a_post_is_handed_over_on_its_page_and_a_gap_without_reason_stands_at_its_field(
    house: Installation, sessions: Sessions
) -> None:
    async with working(sessions, OPERATOR) as session:
        await build(session, OPERATOR)
    await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    await house.person("lian.ban", (Role.CHAIN_MANAGER, "NJ"))
    async with Visit(house) as office, Visit(house) as manager:
        await office.sign_in()
        assert "没有链长" in (await office.get("/chain")).text
        assert "没有链长" in (await office.get("/chain/NJ/people")).text
        wrong = await office.post("/chain/NJ/people/posts", post="leader", holder="", since="2024-01-01")
        assert wrong.status_code == 422
        made = await office.post("/chain/NJ/people/posts", post="leader", holder="甲某", since="2024-01-01")
        assert made.status_code == 303
        shown = (await office.get("/chain/NJ/people")).text
        assert "没有链长" not in shown
        path = re.search(r'href="(/chain/NJ/people/posts/\d+)"', shown)
        assert path
        await office.get(path[1])
        fields = {
            "holder": "乙某",
            "on": "2024-06-01",
            "gap_until": "2024-07-01",
            "version": office.field("version"),
        }
        gap = await office.post(f"{path[1]}/hand-over", **fields, gap_reason="")
        assert (gap.status_code, 'id="gap_reason-fault"' in gap.text) == (422, True)
        done = await office.post(f"{path[1]}/hand-over", **fields, gap_reason="人选待定")
        assert done.status_code == 303
        assert "人选待定" in (await office.get("/chain/NJ/people")).text
        await manager.sign_in("lian.ban")
        seen = (await manager.get("/chain/NJ/people")).text
        assert ("乙某" in seen, '/people/posts"' in seen) == (True, False)
        assert (await manager.get("/chain/YY/people")).status_code == 404


async def test_a_run_is_sent_to_a_worker_and_its_page_says_how_far_it_is(
    house: Installation, sessions: Sessions
) -> None:
    async with working(sessions, OPERATOR) as session:
        await build(session, OPERATOR)
    await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    await house.person("shi.ban", (Role.COORDINATOR, "230100"))
    async with Visit(house) as office, Visit(house) as city:
        await office.sign_in()
        assert "还没有运行过" in (await office.get("/memberships")).text
        sent = await office.post("/memberships/runs", act="preview")
        assert (sent.status_code, sent.headers["location"][:26]) == (303, "/memberships/jobs/preview/")
        waiting = await office.get(sent.headers["location"])
        assert (waiting.status_code, "归链提议试算" in waiting.text) == (200, True)
        await city.sign_in("shi.ban")
        assert "运行归链提议" not in (await city.get("/memberships")).text
        assert (await city.post("/memberships/runs", act="run")).status_code == 403
