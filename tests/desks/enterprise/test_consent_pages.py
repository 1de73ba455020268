"""Consents on the firm's pages: given, changed and withdrawn, each window told of the others; who saw what."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from app.enterprises.tables import Consent
from app.kernel.clock import shanghai_today
from app.kernel.database import Sessions, transaction
from tests.desks.enterprise.world import CONSENTS, PAGE, pages_of
from tests.enterprises.consent_world import BRANCH, NEED, SUPPORTING, USCC, consent_world, get, give

NEW = f"/enterprise/consents/new?need={USCC}"
SEEN = f"/enterprise/disclosures?need={USCC}"


def at(consent: int, what: str) -> str:
    """Answer the address of a form of a consent."""
    return f"/enterprise/consents/{consent}/{what}?need={USCC}"


async def test_a_consent_is_given_changed_and_withdrawn_and_a_second_window_is_told(
    sessions: Sessions,
) -> None:
    await consent_world(sessions)
    today = shanghai_today()
    typed: dict[str, Any] = {
        "purpose": "credit_review",
        "institution": "icbc",
        "groups": ["financial", "judicial"],
    }
    async with pages_of(sessions) as pages:
        assert "没有有效的授权" in await pages.get(CONSENTS)
        await pages.get(NEW)
        late = today + timedelta(days=400)
        refused = await pages.post(NEW, 422, **typed, until=late.isoformat())
        assert "授权最长一年" in refused
        assert 'value="financial" checked' in refused  # what was chosen is kept
        refused = await pages.post(NEW, 422, purpose="sale", institution="nobody", groups="all", until="=1+1")
        for told in ("请选择授权的用途", "请在列出的机构中选择", "请在列出的信息中选择", "请填写日期"):
            assert told in refused, told
        until = (today + timedelta(days=30)).isoformat()
        assert await pages.post(NEW, **typed, until=until) == CONSENTS
        assert "授信审查" in await pages.get(CONSENTS)
        await pages.get(at(1, "change"))
        change = typed | {"groups": ["contact"], "until": until, "version": pages.hidden("version")}
        await pages.post(at(1, "change"), **change)
        told = await pages.post(at(1, "change"), 412, **change)
        assert "另一个窗口" in told
        effect = await pages.get(at(2, "withdrawal"))
        assert "这是最后一项授权" in effect
        assert "联系方式" in effect
        version = pages.hidden("version")
        await pages.post(at(2, "withdrawal"), version=version)
        await pages.post(at(2, "withdrawal"), 412, version=version)
        shown = await pages.get(CONSENTS)
        assert "没有有效的授权" in shown
        assert "已结束的授权：2 项" in shown


async def test_a_consent_that_has_expired_shows_nothing_and_is_said_to_have_ended(sessions: Sessions) -> None:
    await consent_world(sessions)
    made = await give(sessions, ["financial"])
    async with transaction(sessions) as session:
        await session.execute(update(Consent).values(until=shanghai_today() - timedelta(days=1)))
    async with pages_of(sessions) as pages:
        shown = await pages.get(CONSENTS)
        assert "没有有效的授权" in shown
        assert "到期" in shown
        assert "未授权" in await pages.get("/enterprise")
        assert "没有有效授权" in await pages.get(PAGE)
        assert "不需要撤回" in await pages.get(at(made["id"], "withdrawal"))


async def test_who_saw_what_is_listed_by_institution_with_what_rests_on_each_consent(
    sessions: Sessions,
) -> None:
    await consent_world(sessions)
    made = await give(sessions, ["financial"])
    async with pages_of(sessions) as pages:
        assert "还没有机构看过" in await pages.get(SEEN)
        for viewer in (BRANCH, SUPPORTING):
            assert (await get(sessions, viewer, NEED)).status_code == 200
        shown = await pages.get(SEEN)
        assert shown.count("财务信息") == 2
        of_one = await pages.get(f"{SEEN}&institution=lj")
        assert of_one.count("财务信息") == 1
        assert "已有 2 家机构" in await pages.get(CONSENTS)
        effect = await pages.get(at(made["id"], "withdrawal"))
        assert "已经看过的，记录保留" in effect
        await pages.get(f"{SEEN}&cursor=nonsense", 422)
