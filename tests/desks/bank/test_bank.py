"""The bank administrator's pages: load, people and products, each change looked at before it is made."""

import re
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.rules import Role
from app.accounts.tables import RoleGrant
from app.allocation.tables import EntryHandler
from app.catalogue.offering import Days, OfferState, offer_state
from app.catalogue.service import get_product
from app.catalogue.tables import Product, ProductRevision
from app.desks.bank.terms_form import form_of, revision_of
from app.desks.forms import Form
from app.kernel.database import Sessions, transaction
from tests.accounts.offices import OPERATOR, working
from tests.accounts.signing import Installation, installed
from tests.desks.visits import Visit
from tests.matching.town import build_town

CODE = "SJ-KCED"
PATH = f"/bank/products/{CODE}"
TODAY = date(2023, 11, 15)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (Days(date(2023, 1, 1), None, None), OfferState.TO_CONFIRM),
        (Days(date(2023, 1, 1), None, "2023Q4"), OfferState.TO_CONFIRM),
        (Days(date(2023, 1, 1), None, "2024Q1"), OfferState.CONFIRMED),
        (Days(date(2023, 1, 1), date(2024, 3, 31), "2024Q1"), OfferState.ENDING),
        (Days(date(2023, 1, 1), date(2024, 4, 1), "2024Q1"), OfferState.CONFIRMED),
        (Days(date(2023, 1, 1), date(2023, 12, 31), None), OfferState.PAUSED),
        (Days(date(2023, 1, 1), date(2023, 12, 30), None), OfferState.ENDING),
        (Days(date(2023, 1, 1), date(2023, 11, 15), None), OfferState.ENDING),
        (Days(date(2023, 1, 1), date(2023, 11, 14), "2024Q1"), OfferState.ENDED),
        (Days(date(2023, 11, 16), None, None), OfferState.NOT_BEGUN),
    ],
)
def test_a_product_stands_to_the_coming_library_by_its_days_and_its_confirmation(
    days: Days, expected: OfferState
) -> None:
    assert offer_state(days, TODAY) is expected


@pytest.fixture
async def house(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """The small town of matching, with a bank's administrator, two of its people, and another bank's administrator."""
    async with working(sessions) as session:
        await build_town(session, OPERATOR)
    found = installed(sessions, monkeypatch, viewer_cache_seconds=0)
    await found.person("wang.fang", (Role.BANK_ADMINISTRATOR, "SJ"))
    await found.person("li.na", (Role.RELATIONSHIP_MANAGER, "SJ-DL"))
    await found.person("zhao.min", (Role.RELATIONSHIP_MANAGER, "SJ"))
    await found.person("bie.jia", (Role.BANK_ADMINISTRATOR, "BF"))
    return found


@pytest.fixture
async def visit(house: Installation) -> AsyncIterator[Visit]:
    async with Visit(house) as opened:
        await opened.get("/sign-in")
        await opened.sign_in()
        yield opened


def _fields(form: Form, **changes: Any) -> dict[str, Any]:
    """Answer what a browser would send of the form."""
    several = {name: list(values) for name, values in form.several.items() if values}
    return {**form.values, **several, **changes}


async def _send(visit: Visit, path: str, fields: dict[str, Any]) -> Any:
    answer = await visit.http.post(path, data={"csrf": visit.field("csrf")} | fields)
    visit.shown = answer.text or visit.shown
    return answer


async def test_what_a_form_says_is_read_back_as_the_same_product_and_faults_stand_at_their_fields(
    sessions: Sessions, house: Installation
) -> None:
    async with transaction(house.sessions, writes=False) as session:
        product = await get_product(session, OPERATOR, CODE)
    form = form_of(product)
    body, _form = revision_of(form, product)
    assert body is not None
    assert body.content().sha256() == product.content_hash
    wrong = Form(
        {
            **form.values, "name": "", "amount_least": "很多", "term_most": "0.5", "rate_least": "1e9", "areas": " ",
            "cites": "没有这一部分：某条", "valid_until": "2022-01-01", "years_least": "-1",
        },
        {"guarantee_modes": ["credit"]},
    )  # fmt: skip
    refused, told = revision_of(wrong, product)
    assert refused is None
    assert told.faults.keys() == {
        "name", "purposes", "amount_least", "term_most", "rate_least", "areas", "cites", "valid_until", "years_least",
    }  # fmt: skip
    crossed, told = revision_of(Form({**form.values, "amount_most": "1"}, form.several), product)
    assert (crossed, list(told.faults)) == (None, ["amount_most"])
    for field, text in (
        ("areas", "x" * 5_000),
        ("industries", "制造业"),
        ("name", "a\x00b"),
        ("form", "<b>"),
    ):
        read, told = revision_of(Form({**form.values, field: text}, form.several), product)
        assert (read, list(told.faults)) == (None, [field])


async def test_a_change_is_looked_at_saved_once_and_refused_to_the_second_window(
    house: Installation, visit: Visit
) -> None:
    page = await visit.get(f"{PATH}/revision")
    assert (page.status_code, 'value="1,000"' in page.text) == (200, True)
    async with transaction(house.sessions, writes=False) as session:
        form = form_of(await get_product(session, OPERATOR, CODE))
    same = await _send(visit, f"{PATH}/revision", _fields(form, act="preview"))
    assert "没有任何改动" in same.text
    wider = _fields(form, amount_most="10000", name="科创e贷<script>alert(1)</script>")
    ahead = await _send(visit, f"{PATH}/revision", wider | {"act": "preview"})
    assert (ahead.status_code, "1 笔需求新符合、0 笔不再符合" in ahead.text) == (200, True)
    assert "<script>alert" not in ahead.text
    assert "没有您可以查看的条目" in ahead.text
    assert await _revisions(house) == 1, "looking stores nothing"
    saved = await _send(visit, f"{PATH}/revision", wider | {"act": "save", "once": "a" * 32})
    again = await _send(visit, f"{PATH}/revision", wider | {"act": "save", "once": "a" * 32})
    assert (saved.status_code, again.status_code) == (303, 303)
    assert await _revisions(house) == 2, "sent twice, it is carried out once"
    stale = await _send(visit, f"{PATH}/revision", wider | {"act": "save", "note": "第二个窗口"})
    assert (stale.status_code, "在您之后已有人修改" in stale.text, "第二个窗口" in stale.text) == (
        412,
        True,
        True,
    )
    unknown = await _send(
        visit, f"{PATH}/revision", wider | {"revision": "2", "areas": "999999", "act": "save"}
    )
    assert (unknown.status_code, 'id="areas-fault"' in unknown.text) == (422, True)
    shown = await visit.get(PATH)
    assert ("第 2 次修订" in shown.text, "<del>10 至 1,000 万元</del>" in shown.text) == (True, True)
    await visit.get("/language/en")
    english = await visit.get(PATH)
    assert ("Revision 2" in english.text, "History of revisions" in english.text) == (True, True)


async def _revisions(house: Installation) -> int:
    wanted = select(ProductRevision.id).join(Product, Product.id == ProductRevision.product_id)
    return len(await house.rows(wanted.where(Product.code == CODE)))


async def test_products_are_confirmed_or_paused_together_after_a_look_and_only_the_own_ones(
    house: Installation, visit: Visit
) -> None:
    listed = await visit.get("/bank/products")
    assert ("SJ-DY" in listed.text, "BF-LD" in listed.text) == (True, False)
    nothing = await _send(visit, "/bank/products", {"decision": "confirm"})
    assert (nothing.status_code, "至少勾选一个产品" in nothing.text) == (422, True)
    chosen = {"product": [CODE, "SJ-DY", "BF-LD"], "decision": "confirm"}
    look = await _send(visit, "/bank/products", chosen)
    assert (look.status_code, "BF-LD" in look.text, 'name="sure"' in look.text) == (200, False, True)
    states = select(Product.confirmed_quarter).where(Product.code.in_(["SJ-DY", CODE]))
    assert set(await house.rows(states)) == {None}
    sure = {"product": [CODE, "SJ-DY"], "decision": "confirm", "sure": "yes", f"revision-{CODE}": "1"}
    stale = await _send(visit, "/bank/products", sure | {"revision-SJ-DY": "7"})
    assert (stale.status_code, set(await house.rows(states))) == (412, {None}), "all or none"
    done = await _send(visit, "/bank/products", sure | {"revision-SJ-DY": "1"})
    assert done.status_code == 303
    assert None not in await house.rows(states)
    paused = await _send(
        visit, "/bank/products",
        {"product": "SJ-DY", "decision": "pause", "sure": "yes", "revision-SJ-DY": "1"},
    )  # fmt: skip
    assert paused.status_code == 303
    after = await visit.get("/bank/products?state=paused")
    assert ("SJ-DY" in after.text, CODE in after.text) == (True, False)
    foreign = await visit.get("/bank/products/BF-LD")
    assert foreign.status_code == 404
    open_to_all = await visit.get("/products/BF-LD")
    assert (open_to_all.status_code, "年利率 5.00% 至 6.00%" in open_to_all.text) == (200, True)
    library = await visit.get("/products?amount=1500&purpose=working_capital")
    assert ("流动资金贷款" in library.text, "科创e贷" in library.text) == (True, False)


async def test_colleagues_are_invited_end_and_hand_their_entries_over(
    house: Installation, visit: Visit, sessions: Sessions
) -> None:
    overview = await visit.get("/bank")
    assert (overview.status_code, "松江道里" in overview.text) == (200, True)
    people = await visit.get("/bank/colleagues")
    assert ("li.na" in people.text, "bie.jia" in people.text) == (True, False)
    wrong = await _send(visit, "/bank/colleagues/invitations", {"name": "", "role": "auditor", "scope": ""})
    assert (wrong.status_code, wrong.text.count('class="fault"')) == (422, 3)
    far = {"name": "某人", "role": "relationship_manager", "scope": "S" * 61}
    wrong = await _send(visit, "/bank/colleagues/invitations", far)
    at = set(re.findall(r'class="fault" id="(\w+)-fault"', wrong.text))
    assert (wrong.status_code, at) == (422, {"scope"}), "what is wrong is told where it stands"
    foreign = {"name": "某人", "role": "relationship_manager", "scope": "BF"}
    assert (await _send(visit, "/bank/colleagues/invitations", foreign)).status_code == 403
    made = await _send(
        visit, "/bank/colleagues/invitations", foreign | {"scope": "SJ-DL", "name": "<b>某</b>"}
    )
    assert (made.status_code, "/invitation?token=" in made.text, "<b>某" in made.text) == (200, True, False)
    grants = select(RoleGrant).where(RoleGrant.role == "relationship_manager").order_by(RoleGrant.id)
    first, second = await house.rows(grants)
    path = f"/bank/colleagues/{first.person_id}/handover"
    assert (await visit.get(path)).status_code == 200
    ahead = await _send(visit, path, {"to": str(second.person_id), "reason": "岗位调整", "act": "preview"})
    assert (ahead.status_code, "将移交 0 个条目" in ahead.text) == (200, True)
    assert (await _send(visit, path, {"to": "x", "reason": ""})).text.count('class="fault"') == 2
    assert await house.rows(select(EntryHandler.id)) == []
    other = (await house.rows(select(RoleGrant).where(RoleGrant.scope == "BF")))[0]
    refused = await _send(
        visit, f"/bank/colleagues/{other.person_id}/end", {"grant": str(other.id), "version": "1"}
    )
    assert refused.status_code == 404
    stale = await _send(
        visit, f"/bank/colleagues/{first.person_id}/end", {"grant": str(first.id), "version": "9"}
    )
    assert stale.status_code == 412
    ended = await _send(
        visit, f"/bank/colleagues/{first.person_id}/end", {"grant": str(first.id), "version": "1"}
    )
    assert ended.status_code == 303
    assert [one.ended_by for one in await house.rows(grants)] == ["wang.fang", None]


async def test_a_guarantors_people_keep_its_products_and_a_coordinator_goes_on_to_move_a_branchs_entries(
    house: Installation,
) -> None:
    await house.person("dan.bao", (Role.GUARANTOR, "DB"))
    await house.person("tong.chou", (Role.COORDINATOR, "230000"))
    async with Visit(house) as guarantor:
        await guarantor.sign_in("dan.bao")
        home = await guarantor.get("/bank")
        assert 'href="/bank/products"' in home.text
        assert "/bank/colleagues" not in home.text
        assert "/roster/moves" not in home.text
        assert (await guarantor.get("/bank/colleagues")).status_code == 403
        listed = (await guarantor.get("/bank/products")).text
        assert ("DB-PL" in listed, CODE in listed) == (True, False)
        assert (await guarantor.get("/bank/products/DB-PL/revision")).status_code == 200
        assert (await guarantor.get(PATH)).status_code == 404
        sure = {"product": "DB-PL", "decision": "confirm", "sure": "yes", "revision-DB-PL": "1"}
        await guarantor.get("/bank/products")
        assert (await _send(guarantor, "/bank/products", sure)).status_code == 303
        foreign = sure | {"product": CODE, f"revision-{CODE}": "1"}
        await _send(guarantor, "/bank/products", foreign)
    marks = select(Product.code).where(Product.confirmed_quarter.is_not(None))
    assert await house.rows(marks) == ["DB-PL"]
    async with Visit(house) as coordinator:
        await coordinator.sign_in("tong.chou")
        assert (await coordinator.get("/bank")).status_code == 200
