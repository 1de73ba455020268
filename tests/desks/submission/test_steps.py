"""A need is stated in steps that keep what was typed, and sent once: without any script."""

import re
from collections.abc import AsyncIterator
from unittest.mock import AsyncMock

import pytest
from sqlalchemy import func, select

from app.accounts.rules import Role
from app.enterprises import need_service
from app.enterprises.tables import (
    Consent,
    Enterprise,
    EnterpriseContact,
    Need,
    NeedDraft,
    NeedRevision,
    Project,
)
from app.kernel.errors import Fault, Refused
from tests.accounts.signing import Installation
from tests.desks.submission.forms import ALL, FIRM, NEW, USCC, USE, fill, said, send, step
from tests.desks.visits import Visit

OTHER = "91230102MA1B0F0X0F"
REFUSED = Refused("The need cannot be taken like this.", [Fault("facts.collateral", "not known")])


@pytest.fixture
async def visit(house: Installation) -> AsyncIterator[Visit]:
    """A browser in which somebody of the firm is signed in."""
    await house.person("zhao.qi", (Role.ENTERPRISE, USCC))
    async with Visit(house) as opened:
        await opened.sign_in("zhao.qi")
        yield opened


async def test_a_need_goes_from_the_first_step_to_its_own_page_with_firm_contact_and_consent(
    house: Installation, visit: Visit
) -> None:
    assert (await visit.get("/enterprise/needs/new")).headers["location"] == f"{NEW}/use"
    await fill(visit)
    checked = (await visit.get(f"{NEW}/check")).text
    for shown in (
        "1,200.5 万元",
        "一千二百万五千元整",
        "黑龙江省哈尔滨市道里区",
        "金属切削机床制造",
        "设备、土地",
    ):
        assert shown in checked
    sent = await send(visit, f"{NEW}/check")
    assert (sent.status_code, sent.headers["location"]) == (303, f"/enterprise/needs/{USCC}")
    firm = (await house.rows(select(Enterprise)))[0]
    assert (firm.uscc, firm.name, firm.region_code, firm.industry) == (USCC, FIRM["name"], "230102", "C3421")
    facts = (await house.rows(select(NeedRevision.facts)))[0]
    assert (facts["amount"], facts["term_months"], facts["collateral"]) == (
        "12005000.00",
        36,
        ["equipment", "land"],
    )
    assert {"revenue", "litigation", "qualifications"}.isdisjoint(facts), "what was not answered is unknown"
    consent = (await house.rows(select(Consent)))[0]
    assert (consent.shows_contact, consent.shows_financial) == (True, False)
    assert (await house.rows(select(EnterpriseContact.phone))) == ["0451-12345678"]
    assert await house.rows(select(NeedDraft)) == []


async def test_a_form_that_is_sent_twice_and_the_way_back_make_no_second_need(
    house: Installation, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(visit)
    await visit.get(f"{NEW}/check")
    with monkeypatch.context() as patched:
        patched.setattr(need_service, "submit_need", AsyncMock(side_effect=REFUSED))
        refused = await send(visit, f"{NEW}/check")
    assert (refused.status_code, f'<li><a href="{NEW}/terms#collateral">' in refused.text) == (422, True)
    await visit.get(f"{NEW}/check")
    stale = visit.shown
    first, again = [await send(visit, f"{NEW}/check") for _ in range(2)]
    assert first.headers["location"] == again.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    # The way back: the page of before, sent anew with another `once`.
    visit.shown = stale.replace('name="once" value="', 'name="once" value="x')
    back = await send(visit, f"{NEW}/check")
    assert back.headers["location"] == f"/enterprise/needs/{USCC}"
    assert await house.rows(select(func.count()).select_from(Need)) == [1]
    own = await step(visit, f"{NEW}/use", **USE)
    assert said(own) == ["错误：本企业已有一份融资需求：请修改那一份，或者选择为项目融资"]


async def test_what_is_typed_is_kept_right_or_wrong_until_it_is_thrown_away(
    house: Installation, visit: Visit
) -> None:
    wrong = await step(visit, f"{NEW}/use", subject="enterprise", amount="about 5 <b>", purposes=["bribes"])
    assert wrong.status_code == 422
    assert said(wrong) == ["错误：请从列出的选项中选择", "错误：请填写数字，单位为万元，例如 500 或 1,200.5"]
    async with Visit(house, "198.51.100.9") as phone:
        await phone.sign_in("zhao.qi")
        shown = (await phone.get(f"{NEW}/use")).text
        assert 'value="about 5 &lt;b&gt;"' in shown
        assert (await phone.get(NEW)).headers["location"] == f"{NEW}/terms"
    later = await step(visit, f"{NEW}/terms", term_months="36", go="later")
    assert later.headers["location"] == "/enterprise"
    await visit.get(f"{NEW}/terms")
    await send(visit, f"{NEW}/discard")
    assert await house.rows(select(NeedDraft)) == []


async def test_of_two_windows_the_second_is_told_and_loses_nothing(visit: Visit) -> None:
    await visit.get(f"{NEW}/use")
    first = visit.shown
    await send(visit, f"{NEW}/use", **USE)
    assert (await step(visit, f"{NEW}/terms", term_months="12")).status_code == 303, (
        "another step is no conflict"
    )
    visit.shown = first.replace('name="once" value="', 'name="once" value="x')
    told = await send(visit, f"{NEW}/use", **USE | {"amount": "900"})
    assert told.status_code == 412
    assert "另一个窗口刚刚改过这一步" in told.text
    assert 'value="900"' in told.text
    assert (await send(visit, f"{NEW}/use", **USE | {"amount": "900"})).status_code == 303
    assert 'value="900"' in (await visit.get(f"{NEW}/use")).text


async def test_a_stored_need_is_changed_in_the_same_steps_and_only_by_who_has_read_it(
    house: Installation, visit: Visit
) -> None:
    await fill(visit)
    await visit.get(f"{NEW}/check")
    await send(visit, f"{NEW}/check")
    edit = f"/enterprise/needs/{USCC}/edit"
    assert (await visit.get(edit)).headers["location"] == f"{edit}/use"
    assert 'value="1,200.5"' in (await visit.get(f"{edit}/use")).text
    kept = await step(visit, f"{edit}/use", **USE | {"amount": "900", "go": "check"})
    assert kept.headers["location"] == f"{edit}/check"
    await visit.get(f"{edit}/check")
    mine = visit.shown
    await house.person("qian.qi", (Role.ENTERPRISE, USCC))
    async with Visit(house) as colleague:
        await colleague.sign_in("qian.qi")
        assert 'value="1,200.5"' in (await colleague.get(f"{edit}/use")).text, "a draft is its person's own"
        await step(colleague, f"{edit}/use", **USE | {"amount": "800"})
        await colleague.get(f"{edit}/check")
        assert (await send(colleague, f"{edit}/check")).status_code == 303
    visit.shown = mine
    told = await send(visit, f"{edit}/check")
    assert told.status_code == 412
    assert "已有新的版本（第 2 版）" in told.text
    await send(visit, f"{edit}/discard")
    assert 'value="800"' in (await visit.get(f"{edit}/use")).text
    await step(visit, f"{edit}/terms", term_months="5年")
    await visit.get(f"{edit}/check")
    assert (await send(visit, f"{edit}/check")).status_code == 303
    stated = await house.rows(select(NeedRevision.facts).order_by(NeedRevision.revision))
    assert [(one["amount"], one["term_months"]) for one in stated] == [
        ("12005000.00", 36), ("8000000.00", 36), ("8000000.00", 60),
    ]  # fmt: skip


async def test_a_project_has_a_need_of_its_own_at_its_own_place(house: Installation, visit: Visit) -> None:
    project = {"subject": "project", "project_name": "年产五千台套扩建项目", "project_region": "双城"}
    await fill(visit, use={**project})
    await visit.get(f"{NEW}/check")
    sent = await send(visit, f"{NEW}/check")
    assert sent.headers["location"] == f"/enterprise/needs/{USCC}-P1"
    assert await house.rows(select(Project.name)) == ["年产五千台套扩建项目"]
    facts = (await house.rows(select(NeedRevision.facts)))[0]
    assert (facts["subject"], facts["region"]) == ("project", "230113")
    again = await step(visit, f"{NEW}/use", **USE | project)
    assert said(again) == ["错误：这个项目已有一份融资需求：请修改那一份，或者填写另一个项目"]


async def test_a_place_that_may_be_several_is_asked_back_with_those_to_choose_from(visit: Visit) -> None:
    asked = await step(visit, f"{NEW}/firm", **FIRM | {"region": "向阳", "industry": "机床"})
    assert asked.status_code == 422
    assert said(asked) == ["错误：“向阳”可能指几处，请在下面选一个", "错误：“机床”可能指几处，请在下面选一个"]
    chosen = {"region": "向阳", "region_picked": "230803", "industry": "机床", "industry_picked": "C3421"}
    assert (await send(visit, f"{NEW}/firm", **FIRM | chosen)).status_code == 303
    assert "黑龙江省佳木斯市向阳区" in (await visit.get(f"{NEW}/check")).text
    far = await step(visit, f"{NEW}/firm", **FIRM | {"region": "440106"})
    assert said(far) == ["错误：没有找到“440106”。请换一种写法，例如 道里、daoli、dl 或 230102"]


BAD = (
    ("name", "<script>alert(1)</script>有限公司"),
    ("name", '"><img src=x onerror=alert(1)>公司'),
    ("name", "公司\u202e名\u200b"),
    ("name", '=HYPERLINK("http://x")'),
    ("name", "好😀" * 2_000),
    ("region", "{{7*7}}${7*7}"),
    ("staff", "-1"),
    ("established_on", "0000-00-00"),
    ("ownership", "anything"),
)


async def test_bad_input_is_taken_as_text_or_refused_and_never_runs(visit: Visit) -> None:
    for field, typed in BAD:
        answer = await step(visit, f"{NEW}/firm", **FIRM | {field: typed})
        assert answer.status_code == (303 if field == "name" and typed[0] in '<"公' else 422), typed
        for shown in (
            answer.text,
            (await visit.get(f"{NEW}/firm")).text,
            (await visit.get(f"{NEW}/check")).text,
        ):
            for never in ("<script>alert", "<img src=x", "\u202e", "{49}"):
                assert never not in shown


async def test_what_is_not_whole_is_not_sent_and_says_where(house: Installation, visit: Visit) -> None:
    await step(visit, f"{NEW}/use", **USE)
    await visit.get(f"{NEW}/check")
    answer = await send(visit, f"{NEW}/check")
    assert answer.status_code == 422
    assert [one.removeprefix("错误：") for one in said(answer)] == [
        "请填写期限", "请填写企业名称", "请填写企业所在地", "请选择是否授权披露",
    ]  # fmt: skip
    ways = re.findall(r'<li><a href="([^"#]+)#([^"]+)">', answer.text)
    assert [f"{path}#{name}" for path, name in ways] == [
        f"{NEW}/terms#term_months", f"{NEW}/firm#name", f"{NEW}/firm#region", f"{NEW}/consent#consent",
    ]  # fmt: skip
    for path, name in ways:
        assert f'id="{name}"' in (await visit.get(path)).text
    assert await house.rows(select(Need)) == []


async def test_nobody_states_a_need_for_another_firm_or_reads_its_draft(
    house: Installation, visit: Visit
) -> None:
    await step(visit, f"{NEW}/use", **USE | {"amount": "777"})
    await house.person("sun.qi", (Role.ENTERPRISE, OTHER))
    async with Visit(house) as other:
        await other.sign_in("sun.qi")
        answer = await other.get(f"{NEW}/use")
        assert answer.status_code == 403
        assert "777" not in other.words
        await other.get("/account")
        assert (await send(other, f"{NEW}/use", **USE)).status_code == 403


async def test_a_coordinator_records_a_need_with_the_signed_paper(house: Installation, visit: Visit) -> None:
    await house.person("li.tong", (Role.COORDINATOR, "230100"))
    async with Visit(house) as desk:
        await desk.sign_in("li.tong")
        await desk.get("/enterprise/needs/new")
        wrong = await send(desk, "/enterprise/needs/new", uscc="91230199MA1BQXYE21")
        assert said(wrong) == ["错误：校验位不符，多半有一位填错了，请对照营业执照逐位核对"]
        assert (await send(desk, "/enterprise/needs/new", uscc=USCC)).headers["location"] == f"{NEW}/use"
        answers = [await step(desk, f"{NEW}/{slug}", **fields) for slug, fields in ALL.items()]
        assert said(answers[-1]) == ["错误：代企业登记授权，请写明书面授权书的编号、日期和存放处"]
        await send(desk, f"{NEW}/consent", **ALL["consent"] | {"evidence": "授权书 2023-017，存道里区工信局"})
        await desk.get(f"{NEW}/check")
        assert (await send(desk, f"{NEW}/check")).status_code == 303
    assert await house.rows(select(Consent.evidence)) == ["授权书 2023-017，存道里区工信局"]


async def test_places_are_looked_up_by_script_and_by_page(visit: Visit) -> None:
    found = await visit.http.get("/lookups/regions?q=dl", headers={"accept": "application/json"})
    assert found.json()["items"] == [{"code": "230102", "name": "道里区", "path": "黑龙江省哈尔滨市道里区"}]
    plain = await visit.get("/lookups/industries?q=jichuang")
    assert "C3421" in plain.text
    assert "<script>alert" not in (await visit.get("/lookups/regions?q=<script>alert(1)</script>")).text


async def test_a_step_says_why_it_asks_by_clause_and_speaks_english(visit: Visit) -> None:
    shown = (await visit.get(f"{NEW}/credit")).text
    assert "黑银发〔2023〕25号（十六）" in shown
    await visit.http.get("/language/en")
    english = await step(visit, f"{NEW}/use", subject="enterprise", amount="-1", purposes=["equipment"])
    assert said(english) == ["Error: An amount cannot be negative"]
