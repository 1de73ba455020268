"""On one entry a bank's people log what happened, hand it over, and ask for help; what is refused comes back as typed."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.accounts.rules import Role
from app.coordination.tables import CoordinationCase
from app.desks.forms import Form
from app.desks.manager.reports import Occasion, report_of
from app.docking.kinds import EventKind
from app.docking.tables import DockingEvent
from app.enterprises.tables import EnterpriseContact
from app.kernel.clock import shanghai_today
from app.kernel.database import Sessions, transaction
from tests.accounts.signing import Installation
from tests.desks.visits import Visit
from tests.docking.world import ASSIGNED, World, add_event, entry_code

PAGE = f"/manager/entries/{entry_code(0)}"
NOW = datetime(2023, 11, 8, 6, 30, tzinfo=UTC)
WHEN = Occasion(NOW, datetime(2023, 11, 6, 9, 0, tzinfo=UTC), (datetime(2023, 11, 7, 7, 0, tzinfo=UTC),))
APPROVAL = {
    "credit_approved-on": "2023-11-08", "credit_approved-amount": "５００，０００．５", "credit_approved-rate": "3.45％",
    "credit_approved-term": "36", "credit_approved-credit": "no", "credit_approved-product": "流动贷",
    "credit_approved-note": "首笔",
}  # fmt: skip


def test_an_approval_is_read_as_people_type_it() -> None:
    report = report_of(Form(APPROVAL), EventKind.CREDIT_APPROVED, "icbc-dl", WHEN)
    event = report.event
    assert event is not None, report.form.faults
    assert (event.amount, event.rate, event.term_months) == (50_000_050_000_000 // 100, 345, 36)
    assert (event.is_credit_loan, event.note, event.occurred_at) == (False, "产品：流动贷；首笔", NOW)


@pytest.mark.parametrize(
    ("day", "instant"),
    [
        (
            "2023-11-06",
            datetime(2023, 11, 6, 9, 0, tzinfo=UTC),
        ),  # the afternoon on which the party got the entry
        ("2023-11-07", datetime(2023, 11, 7, 7, 0, tzinfo=UTC)),  # behind what was logged on that day
        ("2023-11-08", NOW),
    ],
)
def test_a_day_becomes_an_instant_that_contradicts_nothing(day: str, instant: datetime) -> None:
    report = report_of(Form({"contacted-on": day}), EventKind.CONTACTED, None, WHEN)
    assert report.event is not None
    assert report.event.occurred_at == instant


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("on", "2023-11-09"), ("on", "2023-11-05"), ("on", "昨天"), ("amount", ""), ("amount", "五百"),
        ("amount", "0"), ("amount", "-3"), ("amount", "1e99"), ("amount", "NaN"), ("amount", "0.0000001"),
        ("rate", "3.456"), ("rate", "0"), ("rate", "36.01"), ("rate", "Infinity"), ("term", "0"),
        ("term", "601"), ("term", "9" * 40), ("term", "²"), ("credit", ""),
        ("amount", "1e999990"), ("rate", "1e999999"), ("term", "000000001" + "0" * 5_000), ("note", "\x00"),
        ("note", "长" * 2_001),
    ],
)  # fmt: skip
def test_what_cannot_be_logged_is_told_at_its_field(field: str, typed: str) -> None:
    name = f"credit_approved-{field}"
    report = report_of(Form(APPROVAL | {name: typed}), EventKind.CREDIT_APPROVED, None, WHEN)
    assert report.event is None
    assert list(report.form.faults) == [name]


async def logged(sessions: Sessions) -> list[tuple[str, int | None]]:
    async with transaction(sessions) as session:
        rows = select(DockingEvent.kind, DockingEvent.amount_fen).order_by(DockingEvent.id)
        return [(kind, amount) for kind, amount in await session.execute(rows)]


async def send(visit: Visit, kind: str, **fields: str) -> int:
    """Send the form of a kind as the page shown last has it; answer the status."""
    stated = {f"{kind}-{name}": value for name, value in fields.items()}
    stated.setdefault(f"{kind}-on", shanghai_today().isoformat())
    last = visit.field("last")
    answer = await visit.post(f"{PAGE}/events", once=visit.field("once"), kind=kind, last=last, **stated)
    if answer.status_code == 303:
        await visit.get(answer.headers["location"])
    return answer.status_code


async def test_from_the_first_contact_to_the_payment_everything_is_logged_on_one_page(
    sessions: Sessions, visit: Visit
) -> None:
    await visit.get(PAGE)
    assert 'data-key="c"' in visit.shown
    assert 'id="disbursed"' not in visit.shown  # nothing is approved that could be paid out
    assert "企业未授权披露：" in visit.shown
    assert await send(visit, "accepted") == 303
    assert "已接单。" in visit.shown
    assert await send(visit, "contacted", note='=1+1 <b>"\u202e😀') == 303
    assert "=1+1 &lt;b&gt;&#34;" in visit.shown
    assert await send(visit, "credit_approved", amount="600", rate="3.45", term="24", credit="yes") == 409
    assert re.search(r'name="credit_approved-amount"[^>]*value="600"', visit.shown)
    assert '<details data-act id="credit_approved" open>' in visit.shown
    assert await send(visit, "credit_approved", amount="", rate="x", term="24", credit="yes") == 422
    assert visit.shown.count('aria-invalid="true"') == 2
    assert await send(visit, "credit_approved", amount="400", rate="3.45", term="24", credit="yes") == 303
    assert re.search(r'name="disbursed-amount"[^>]*value="400"', visit.shown)
    assert await send(visit, "disbursed", amount="400") == 303
    assert await logged(sessions) == [
        ("accepted", None), ("contacted", None), ("credit_approved", 400_000_000), ("disbursed", 400_000_000),
    ]  # fmt: skip
    assert await send(visit, "corrected", corrects="4", evidence="多登了一笔") == 303
    assert "<s>已放款</s>" in visit.shown


async def test_of_two_tabs_the_second_is_told_and_a_double_click_logs_once(
    sessions: Sessions, visit: Visit
) -> None:
    await visit.get(PAGE)
    tab = (await visit.http.get(PAGE)).text
    fields = {
        "csrf": visit.field("csrf"), "once": visit.field("once"), "last": "0", "kind": "contacted",
        "contacted-on": shanghai_today().isoformat(),
    }  # fmt: skip
    twice = [await visit.http.post(f"{PAGE}/events", data=fields) for _time in range(2)]
    assert [answer.status_code for answer in twice] == [303, 303]
    visit.shown = tab
    assert await send(visit, "visited", note="与总经理面谈") == 409
    assert "有了新记录" in visit.shown
    assert "与总经理面谈" in visit.shown
    assert await send(visit, "visited", note="与总经理面谈") == 303  # the page shown now knows of it
    assert [kind for kind, _amount in await logged(sessions)] == ["contacted", "visited"]


async def test_who_declines_is_taken_back_to_the_list_for_the_entry_is_another_s(
    sessions: Sessions, visit: Visit
) -> None:
    await visit.get(PAGE)
    assert await send(visit, "declined", reason="no_collateral", evidence="无") == 422
    assert await send(visit, "declined", reason="made_up", evidence="厂房为租赁") == 422
    assert await send(visit, "declined", reason="no_collateral", evidence="厂房为租赁，设备已抵押") == 303
    assert "不再在您的清单中" in visit.shown
    assert [kind for kind, _amount in await logged(sessions)] == ["declined"]
    assert (await visit.get(PAGE)).status_code == 404
    stranger = await visit.get(f"/manager/entries/{entry_code(4)}")
    assert stranger.status_code == 404  # ccb's


async def test_an_entry_is_taken_handed_to_a_colleague_and_the_loser_of_a_race_is_told(
    house: Installation, visit: Visit
) -> None:
    colleague = await house.person("li.na", (Role.RELATIONSHIP_MANAGER, "icbc-dl"))
    await visit.get(PAGE)

    async def hand(person: str, version: str | None = None) -> int:
        stated = {"person": person, "institution": "icbc-dl", "once": visit.field("once")}
        answer = await visit.post(f"{PAGE}/handler", version=version or visit.field("version"), **stated)
        if answer.status_code == 303:
            await visit.get(PAGE)
        return answer.status_code

    assert await hand("me") == 303
    assert "（本人）" in visit.shown
    assert await hand(str(colleague), "0") == 412
    assert "经办人已有变动" in visit.shown
    assert await hand("somebody") == 422
    assert await hand("9" * 5_000) == 422
    assert await hand(str(colleague)) == 303
    assert "（本人）" not in visit.shown


async def test_help_is_asked_for_and_contact_details_are_shown_only_on_demand(
    sessions: Sessions, world: World, visit: Visit
) -> None:
    async with transaction(sessions) as session:
        session.add(
            EnterpriseContact(enterprise_id=1, name="赵经理", phone="0451-12345678", updated_at=ASSIGNED)
        )
        await add_event(
            session, world, entry_code(0), "contacted", "icbc-dl", ASSIGNED + timedelta(days=1), sequence=1
        )
    await visit.get(PAGE)
    assert "赵经理" not in visit.shown
    stated = {"case-kind": "land", "case-question": ""}
    refused = await visit.post(f"{PAGE}/cases", once=visit.field("once"), **stated)
    assert refused.status_code == 422
    stated["case-question"] = "二期用地指标未落实\n请协调"
    assert (await visit.post(f"{PAGE}/cases", once=visit.field("once"), **stated)).status_code == 303
    async with transaction(sessions) as session:
        assert (await session.scalars(select(CoordinationCase.question))).all() == [
            "二期用地指标未落实 请协调"
        ]
    await visit.get(PAGE)
    again = await visit.post(f"{PAGE}/cases", once=visit.field("once"), **stated)
    assert again.status_code == 409
    assert "二期用地指标未落实" in visit.shown
    assert (await visit.get(f"{PAGE}/contact")).status_code == 200
    assert "赵经理" in visit.shown
    withheld = await visit.get(f"/manager/entries/{entry_code(1)}/contact")
    assert withheld.status_code == 403
    assert "没有授权向本机构披露联系方式" in visit.shown
