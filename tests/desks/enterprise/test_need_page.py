"""The page of a need: what fits and why, who is responsible, what happened; rated by the firm, and nobody else's."""

from typing import Any

import pytest
from sqlalchemy import update

from app.accounts.rules import Role
from app.accounts.tables import EnterpriseRegistration
from app.enterprises.tables import Enterprise
from app.kernel.database import Sessions, transaction
from tests.accounts.offices import person as stored_person
from tests.desks.enterprise.world import APPROVED, CONSENTS, PAGE, log, pages_of
from tests.docking.world import ADMITTED, entry_code
from tests.enterprises.consent_world import COORDINATOR, USCC, consent_world, give, person

OTHER = person(Role.ENTERPRISE, f"9123010{1:011d}", 2)
RATINGS = f"{PAGE}/ratings"
ENTRY = entry_code(0)
RATING: dict[str, Any] = {"entry": ENTRY, "institution": "icbc-dl", "seen": "0"}


async def test_a_need_is_shown_with_bank_progress_and_reasons_and_names_are_text(sessions: Sessions) -> None:
    await consent_world(sessions)
    name = '<script>alert(1)</script>=HYPERLINK("x")\u202e😀'
    async with transaction(sessions) as session:
        await session.execute(update(Enterprise).where(Enterprise.uscc == USCC).values(name=name))
    await log(sessions, kind="contacted", note="已电话联系")
    async with pages_of(sessions) as pages:
        shown = await pages.get(PAGE)
        assert "<script>alert" not in shown
        assert "&lt;script&gt;alert(1)&lt;/script&gt;=HYPERLINK" in shown
        for text in ("500 万元", "24 个月", "已对接", "符合条件的产品", "授权机构查看信息", 'id="progress"'):
            assert text in shown, text
        assert "评价机构" not in shown  # nobody has answered yet
        home = await pages.get("/enterprise")
        assert "<script>alert" not in home
        assert "已对接" in home
        assert f'href="{PAGE}"' in home
        await give(sessions)
        assert "现有 1 项有效授权" in await pages.get(PAGE)


@pytest.mark.parametrize(
    "viewer", [OTHER, COORDINATOR], ids=["another firm", "a coordinator, who has another page"]
)
async def test_a_need_of_others_is_not_found(sessions: Sessions, viewer: object) -> None:
    await consent_world(sessions, ("icbc-dl", "icbc-dl"))
    made = await give(sessions)
    consent = f"/enterprise/consents/{made['id']}"
    async with pages_of(sessions, viewer) as pages:  # type: ignore[arg-type]  # of the parameters
        for path in (
            PAGE,
            CONSENTS,
            f"/enterprise/consents/new?need={USCC}",
            f"{consent}/change?need={USCC}",
            f"{consent}/withdrawal?need={USCC}",
            f"/enterprise/disclosures?need={USCC}",
        ):
            await pages.get(path, 404)
        for path in (f"{consent}/change?need={USCC}", f"{consent}/withdrawal?need={USCC}"):
            await pages.post(path, 404, version="1")
        await pages.post(f"/enterprise/consents/new?need={USCC}", 404, purpose="credit_review")
        if viewer is OTHER:
            await pages.post(RATINGS, 404, **RATING, score="5")
        # A consent is found only with its own need, an entry likewise.
        await pages.get(f"{consent}/change?need={OTHER.grants[0].scope}", 404)


async def test_who_answered_is_rated_once_by_each_window_and_a_rating_is_taken_back(
    sessions: Sessions,
) -> None:
    await consent_world(sessions)
    async with pages_of(sessions) as pages:
        await pages.post(RATINGS, 409, **RATING, score="5")  # nobody has answered yet
        await log(sessions, kind="contacted")
        await log(sessions, kind="credit_approved", **APPROVED, occurred_at="2023-09-11T09:00:00+08:00")
        shown = await pages.get(PAGE)
        assert "年利率 3.85%" in shown
        assert "待评价" in await pages.get("/enterprise")
        again = await pages.post(RATINGS, 422, **RATING, note="=1+1<b>", score="")
        assert "请选择 1 至 5 分" in again
        assert "=1+1&lt;b&gt;</textarea>" in again  # what was typed is kept
        assert (await pages.post(RATINGS, **RATING, score="2", note="还差放款")) == f"{PAGE}#rating"
        assert "2 分" in await pages.get(PAGE)
        told = await pages.post(RATINGS, 412, **RATING, score="5")  # a window that has not seen the first
        assert "另一个窗口" in told
        await pages.get(PAGE)
        await pages.post(RATINGS, **RATING | {"seen": pages.hidden("seen")}, score="4")
        await pages.get(PAGE)
        back = f"{RATINGS}/{pages.hidden('seen')}/withdrawal"
        assert "至少 4 个字" in await pages.post(back, 422, entry=ENTRY, evidence="错")
        await pages.post(back, entry=ENTRY, evidence="填错了分数")
        assert "已更正，不作数" in await pages.get(PAGE)
        await pages.post(RATINGS, 404, **RATING | {"entry": entry_code(7)}, score="4")


async def test_a_decline_is_told_with_what_to_do_and_a_case_takes_what_is_not_settled(
    sessions: Sessions,
) -> None:
    await consent_world(sessions)
    evidence = "现场核实：用地未批复"
    await log(sessions, kind="declined", reason="missing_elements_land", evidence=evidence)
    async with pages_of(sessions, COORDINATOR) as pages:
        raised = {"entry": ENTRY, "kind": "land", "question": "二期用地指标未落实"}
        assert (await pages.client.post("/coordination/cases", json=raised)).status_code == 201
    async with pages_of(sessions) as pages:
        shown = await pages.get(PAGE)
        assert "您可以：" in shown
        assert evidence not in shown  # the bank's own record
        assert "土地要素保障" in shown
        case = f"{PAGE}/cases/XT-000001"
        empty = await pages.post(case, 422, entry=ENTRY, text=" ", unsettled="yes")
        assert "请写明情况" in empty
        await pages.post(case, entry=ENTRY, text="指标\r\n仍未下达", unsettled="yes")
        await pages.post(f"{PAGE}/cases/XT-000099", 404, entry=ENTRY, text="没有")
    async with pages_of(sessions, COORDINATOR) as pages:
        comments = await pages.client.get("/coordination/cases/XT-000001/comments")
        assert [one["text"] for one in comments.json()["items"]] == ["【仍未解决】指标 仍未下达"]


async def test_a_person_without_a_firm_is_told_what_to_do(sessions: Sessions) -> None:
    async with pages_of(sessions, person(Role.ENTERPRISE, USCC)) as pages:
        shown = await pages.get("/enterprise")
        assert "未开始" in shown
        assert f"/enterprise/needs/new/{USCC}" in shown
        assert "还没有融资需求" in await pages.get("/enterprise/consents")
        assert "还没有融资需求" in await pages.get("/enterprise/disclosures")
    async with pages_of(sessions, person(Role.CHAIN_MANAGER, "aero")) as pages:
        assert "您还没有登记企业" in await pages.get("/enterprise")


@pytest.mark.parametrize(("state", "told"), [("pending", "登记待确认"), ("refused", "授权书缺公章")])
async def test_who_has_registered_a_firm_sees_how_that_stands(
    sessions: Sessions, state: str, told: str
) -> None:
    viewer = await stored_person(sessions, "zhao")
    async with transaction(sessions) as session:
        session.add(
            EnterpriseRegistration(
                person_id=viewer.person, uscc=USCC, name="示例公司", region_code="230102", evidence="授权书",
                state=state, reason=None if state == "pending" else told, version=1, created_at=ADMITTED,
            )
        )  # fmt: skip
    async with pages_of(sessions, viewer) as pages:
        answer = await pages.client.get("http://127.0.0.1/")
        assert answer.headers["location"] == "/enterprise"
        assert told in await pages.get("/enterprise")
        await pages.get("/enterprise/consents", 403)
