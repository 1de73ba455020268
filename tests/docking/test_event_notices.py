"""What an enterprise is told of its entry besides declines: what it gets, what it owes, what was wrong."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Role, Viewer
from app.docking.dossiers import EntryDossier
from app.docking.event_notices import TOLD, notice_to_enterprise
from app.docking.kinds import EventKind, PauseReason
from app.docking.rules import Event
from app.notifications.rules import NoticeKind
from app.notifications.tables import Notice
from tests.docking.histories import START
from tests.docking.test_answer_service import speaks_for
from tests.docking.test_guarantee_route import guarantee, log, routed

DOSSIER = EntryDossier(7, "2023H2-9123", "admitted", 10**9, None, uscc="9123")
SILENT = set(EventKind) - set(TOLD)
CASES: list[tuple[EventKind, dict[str, Any], NoticeKind, str]] = [
    (EventKind.GUARANTEE_OFFERED, {"amount_fen": 600_000_000, "fee_bp": 120}, NoticeKind.GUARANTEE,
     "作出担保报价：担保金额600万元，年担保费率1.20%，每年担保费72000.00元"),
    (EventKind.GUARANTEE_GRANTED, {"amount_fen": 500_000_000, "fee_bp": 0}, NoticeKind.GUARANTEE,
     "同意担保：担保金额500万元，年担保费率0.00%，每年担保费0.00元"),
    (EventKind.CREDIT_APPROVED, {"amount_fen": 300_000_000, "rate_bp": 345, "term_months": 24}, NoticeKind.PROGRESSED,
     "批准授信300万元，期限24个月，年利率3.45%"),
    (EventKind.DISBURSED, {"amount_fen": 150_000_000}, NoticeKind.PROGRESSED, "放款150万元"),
    (EventKind.PAUSED, {"pause_reason": PauseReason.MATERIALS}, NoticeKind.PAUSED,
     "暂停计时：待企业补充材料；办妥后请告知该机构恢复计时"),
    (EventKind.RESUMED, {}, NoticeKind.RESUMED, "恢复计时"),
    (EventKind.CORRECTED, {"corrects": 1}, NoticeKind.CORRECTED, "更正对接记录：2023年10月9日登记的“已婉拒”不作数"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "fields", "notice", "said"), CASES)
def test_the_notice_says_who_did_what_when(
    kind: EventKind, fields: dict[str, Any], notice: NoticeKind, said: str
) -> None:
    DOSSIER.events = [Event(1, EventKind.DECLINED, 3, START)]
    found = notice_to_enterprise(DOSSIER, Event(2, kind, 3, START, **fields), "龙江担保")
    assert found is not None
    assert (found.kind, found.body) == (
        notice,
        f"您的融资需求（2023H2-9123）：龙江担保于2023年10月9日{said}。",
    )
    assert (found.audience, found.event_key) == (((Role.ENTERPRISE, "9123"),), "docking:7:2")
    assert found.is_urgent == (kind is EventKind.PAUSED)


@pytest.mark.parametrize("kind", sorted(SILENT))
def test_of_the_rest_it_hears_elsewhere_or_need_not_hear(kind: EventKind) -> None:
    assert notice_to_enterprise(DOSSIER, Event(2, kind, 3, START), "龙江担保") is None
    assert {case[0] for case in CASES} == set(TOLD)


async def test_an_offer_and_its_grant_reach_the_enterprise_each_once(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    world = await routed(session, viewer, now)
    person = await speaks_for(session, world.needs["one"], now, "firm")
    await log(session, viewer, world, now, **guarantee("offered", "6000000.00", "1.20"))
    await log(session, viewer, world, now, **guarantee("granted", "6000000.00", "1.20"))
    found = (
        await session.scalars(select(Notice).where(Notice.person_id == person).order_by(Notice.id))
    ).all()
    # With the guarantee granted a bank answers for it, and the enterprise hears of that too.
    assert [(one.kind, "DB于2023年11月15日" in one.body) for one in found] == [
        ("guarantee", True),
        ("rerouted", False),
        ("guarantee", True),
    ]
