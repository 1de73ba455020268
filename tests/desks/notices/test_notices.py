"""Everybody reads their own notices, is led to what they are about, and says where mail goes."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from app.accounts.key_ring import key_ring
from app.accounts.rules import Grant, Role, Viewer
from app.desks.notices.leading import page_of_notice
from app.kernel.clock import utc_now
from app.kernel.database import Sessions
from app.notifications import service
from app.notifications.email_codes import email_code
from app.notifications.rules import NewNotice, NoticeKind
from app.notifications.tables import Notice, NoticeSettings
from tests.accounts.offices import working
from tests.accounts.signing import Installation, installed
from tests.desks.visits import Visit


@pytest.fixture
def house(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Installation:
    return installed(sessions, monkeypatch, smtp_host="127.0.0.1", mail_from="rongqiao@example.gov.cn")


@pytest.fixture
async def visit(house: Installation) -> AsyncIterator[Visit]:
    """A browser of a coordinator who was told of two closed months; somebody else of one."""
    person = await house.person("wang.fang", (Role.COORDINATOR, "230000"))
    other = await house.person("li.na", (Role.COORDINATOR, "230000"))
    told = [
        NewNotice(
            f"{month}:{who}", NoticeKind.MONTH_CLOSED, f"{month} <b>已封账</b>", link=f"/coverage/{month}",
            persons=(who,),
        )
        for month, who in (("2023-11", person), ("2023-12", person), ("2024-01", other))
    ]  # fmt: skip
    async with working(house.sessions) as session:
        await service.post(session, told, now=utc_now())
    async with Visit(house) as opened:
        await opened.sign_in()
        yield opened


async def test_notices_are_counted_opened_and_marked(house: Installation, visit: Visit) -> None:
    assert 'class="count">2<' in (await visit.get("/account")).text
    shown = (await visit.get("/notices")).text
    assert ("2023-12 &lt;b&gt;已封账" in shown, "2024-01" in shown) == (True, False)
    first, second = await house.rows(
        select(Notice.id).where(Notice.body.startswith("2023")).order_by(Notice.id)
    )
    opened = await visit.post(f"/notices/{first}/opening")
    assert opened.headers["location"] == "/coverage/2023-11"
    assert 'class="count">1<' in (await visit.get("/notices?unread=true")).text
    assert "2023-11" not in visit.shown
    strange = (await house.rows(select(Notice.id).where(Notice.body.startswith("2024"))))[0]
    assert (await visit.post(f"/notices/{strange}/opening")).status_code == 404
    assert (await visit.post("/notices/read", up_to=str(second))).status_code == 303
    after = (await visit.get("/notices?unread=true")).text
    assert ("没有未读通知" in after, "已将 1 条通知标为已读" in after, 'class="count"' in after) == (
        True,
        True,
        False,
    )
    for nonsense in ("", "x", "-1", "９"):
        assert (await visit.post("/notices/read", up_to=nonsense)).status_code == 303
    assert len(await house.rows(select(Notice.id).where(Notice.read_at.is_(None)))) == 1, "the other's"


async def test_notices_are_counted_beside_a_refusal_too(visit: Visit) -> None:
    count = 'class="count">2<'
    for refused, status in (
        ("/manager", 403),
        ("/roster/entries/2023H2-91230102MA3ABJCBAL", 404),
        ("/coverage/2023-13", 422),
    ):
        answer = await visit.get(refused)
        assert (answer.status_code, count in answer.text) == (status, True), refused
        assert '<a href="/coverage"' in answer.text, "and where else to go"
    await visit.get("/account")
    wrong = await visit.post("/account/password", old="x", new="y", again="z")
    assert (wrong.status_code, count in wrong.text) == (422, True), (
        "a route without one transaction of its own"
    )
    foreign = await visit.http.post(
        "/notices/read", data={"up_to": "1"}, headers={"origin": "https://elsewhere.example"}
    )
    assert (foreign.status_code, 'class="count"' in foreign.text) == (403, False), "nobody is known there"


async def test_a_mail_address_counts_once_its_code_comes_back(house: Installation, visit: Visit) -> None:
    await visit.get("/notices/settings")
    wrong = await visit.post("/notices/settings", email="nobody", version="0")
    assert (wrong.status_code, "请填写完整的邮箱地址" in wrong.text, 'value="nobody"' in wrong.text) == (
        422,
        True,
        True,
    )
    named = await visit.post("/notices/settings", email="wang@bank.example.cn", version="0", wants="digest")
    assert named.status_code == 303
    stale = await visit.post("/notices/settings", email="", version="0")
    assert (stale.status_code, "已有人修改" in stale.text) == (412, True)
    assert "验证码已发往新邮箱" in (await visit.get("/notices/settings")).text
    [row] = await house.rows(select(NoticeSettings))
    assert (row.wants_digest, row.wants_urgent) == (True, False)
    for code in ("???", "AAAA-AAAA-AAAA"):
        refused = await visit.post("/notices/settings/confirmation", code=code)
        assert (refused.status_code, 'class="fault"' in refused.text) == (422, True)
    right = email_code(
        key_ring(house.app.state.settings), row.person_id, row.pending_email, row.pending_since
    )
    assert (await visit.post("/notices/settings/confirmation", code=right.lower())).status_code == 303
    [row] = await house.rows(select(NoticeSettings))
    assert (row.email, row.pending_email) == ("wang@bank.example.cn", None)


@pytest.mark.parametrize(
    ("role", "entry", "link", "page"),
    [
        (Role.COORDINATOR, "2023H2-91", "/entries/2023H2-91", "/roster/entries/2023H2-91"),
        (Role.RELATIONSHIP_MANAGER, "2023H2-91", "/entries/2023H2-91", "/manager/entries/2023H2-91"),
        (Role.ENTERPRISE, "2023H2-91-P1", "/entries/2023H2-91-P1", "/enterprise/needs/91-P1"),
        (Role.CHAIN_MANAGER, None, "/entries", "/chain"),
        (Role.GUARANTOR, None, "/entries", "/manager"),
        (Role.ENTERPRISE, None, "/coverage/2023-11", ""),
        (Role.COORDINATOR, None, "/bulletins/2023-11", "/coverage/2023-11/bulletin"),
        (Role.BANK_ADMINISTRATOR, None, "/library/editions/2023Q4", "/bank"),
        (Role.ENTERPRISE, None, "/events/HD-1/guests/2", "/events/HD-1/guests/2"),
        (Role.ENTERPRISE, None, "/enterprise/chains", "/enterprise/chains"),
        (Role.CHAIN_MANAGER, None, "/chain/HLJ-GDZB/plans/2", "/chain/HLJ-GDZB/plans/2"),
        (Role.COORDINATOR, None, "/memberships/objections", "/memberships/objections"),
        (Role.BANK_ADMINISTRATOR, None, "/bank/products?state=to_confirm", "/bank/products?state=to_confirm"),
        (Role.BANK_ADMINISTRATOR, None, "/awards/2024", "/awards/2024"),
        (Role.AUDITOR, None, None, ""),
    ],
)
def test_a_notice_leads_to_the_page_of_its_reader(
    role: Role, entry: str | None, link: str | None, page: str
) -> None:
    assert page_of_notice(Viewer("x", "230000", (Grant(role, "x"),), 1), entry, link) == page
