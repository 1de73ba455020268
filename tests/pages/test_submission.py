"""A firm registers, is confirmed, states a need and changes it: with a mouse, with keys alone, and without scripts."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from stdnum.cn.uscc import calc_check_digit

from app.desks.amounts_in_words import chinese, english
from app.desks.submission import reading
from app.reference.credit_codes import check_uscc
from tests.pages.story import Story

PASSWORD = "umbra 52 rhubarb canal"  # noqa: S105 - of nobody
_numbers = count(1)


def new_firm() -> tuple[str, str]:
    """Answer the credit code of a firm that nobody knows, and a login for its person."""
    number = next(_numbers)
    start = f"91230102MA{number:07d}"
    return start + calc_check_digit(start), f"zhao.qi{number}"


def register(story: Story, code: str, login: str) -> None:
    """Register a firm with a new account, have it confirmed, and come back signed in as its person."""
    page = story.open("/register")
    page.get_by_role("button", name="提交登记申请").click()
    expect(page.get_by_role("heading", name="有内容需要修改")).to_be_visible()
    story.look()
    page.locator("#uscc").fill(code)
    page.locator("#enterprise").fill(f"哈尔滨示例第{code[-8:]}有限公司")
    page.locator("#region").fill("daoli")
    page.locator("#evidence").fill("授权书 2023-11，执照已核验")
    page.locator("#name").fill("赵企")
    page.locator("#login").fill(login)
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="提交登记申请").click()
    expect(page.get_by_role("heading", name="已收到登记申请")).to_be_visible()
    story.look()
    page = story.sign_in("demo-coordinator")
    story.open("/roster/registrations")
    story.look()
    page.get_by_role("link", name=f"第{code[-8:]}有限公司").click()
    story.look()
    page.get_by_label("确认：").check()
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.get_by_role("status").first).to_contain_text("已确认")
    page = story._window(None)
    story.open("/sign-in?next=/register/own")
    page.locator("#login").fill(login)
    page.locator("#password").fill(PASSWORD)
    page.locator("#password").press("Enter")
    expect(page.get_by_role("heading", name="我的登记申请")).to_be_visible()
    story.look()
    page.get_by_role("link", name="提交融资需求").click()
    expect(page.get_by_role("heading", name="用途与金额", level=1)).to_be_visible()


def go_on(page: Page, heading: str) -> None:
    """Save a step and come to the next."""
    page.get_by_role("button", name="保存并继续").click()
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()


def state(story: Story, code: str, industry: str) -> None:
    """Fill in all steps of a need and send it; `industry` is how it is typed."""
    page = story.page
    go_on(page, "用途与金额")
    expect(page.get_by_text("请填写融资金额").last).to_be_visible()
    story.look()
    page.get_by_label("本企业", exact=True).check()
    page.get_by_label("设备更新").check()
    page.locator("#amount").fill("1,200.5")
    if story.has_scripts:
        expect(page.get_by_text("一千二百万五千元整")).to_be_visible()
        expect(page.locator("#project_name")).to_be_hidden()
    go_on(page, "期限与担保")
    story.look()
    page.locator("#term_months").fill("3年")
    page.get_by_label("设备", exact=True).check()
    go_on(page, "企业情况")
    expect(page.locator("#region")).to_have_value("230102 黑龙江省哈尔滨市道里区")
    if story.has_scripts:
        field = page.get_by_role("combobox", name="行业")
        field.press_sequentially(industry, delay=20)
        expect(page.locator("[role=option]").first).to_be_visible()
        story.look()
        field.fill("")  # looking took the focus away, which closes the list
        field.press_sequentially(industry, delay=20)
        expect(page.locator("[role=option]").first).to_be_visible()
        field.press("ArrowDown")
        field.press("Enter")
        expect(field).to_have_value("C3421 金属切削机床制造")
    else:
        page.locator("#industry").fill(industry)
    page.locator("#staff").fill("１８０")
    page.locator("#revenue").fill("8600")
    go_on(page, "经营与信用")
    story.look()
    go_on(page, "产业链与要素")
    story.look()
    go_on(page, "联系与授权")
    page.locator("#contact_name").fill("张三")
    page.locator("#contact_phone").fill("0451-12345678")
    page.get_by_label("同意：向").check()
    page.get_by_label("联系人和电话").check()
    story.look()
    go_on(page, "核对并提交")
    expect(page.get_by_text("一千二百万五千元整")).to_be_visible()
    story.look()
    page.get_by_role("button", name="提交融资需求").click()
    expect(page).to_have_url(f"{story.base}/enterprise/needs/{code}")


def test_a_firm_registers_and_states_a_need_and_changes_it(story: Story) -> None:
    code, login = new_firm()
    register(story, code, login)
    state(story, code, "jinshuqiexiao")
    page = story.open(f"/enterprise/needs/{code}/edit/use")
    page.locator("#amount").fill("900")
    page.get_by_role("button", name="保存并回到核对页").click()
    expect(page.get_by_text("九百万元整")).to_be_visible()
    page.get_by_role("button", name="提交修改").click()
    expect(page.get_by_role("status").first).to_contain_text("已保存修改")


def test_the_same_goes_without_scripts(plain_story: Story) -> None:
    code, login = new_firm()
    register(plain_story, code, login)
    state(plain_story, code, "金属切削机床")


CODES = [
    "91230199MA1BQXYE20", "91230199MA1BQXYE21", " 9123-0199 ma1bqxye２０", "9123019", "", "91230199MA1BQXYE2O", "9A230199MA1BQXYE20",
    "91230199MA1BQXYE2😀",
]  # fmt: skip


def test_the_script_judges_credit_codes_as_the_server_does(script: Page) -> None:
    for code in CODES:
        told = script.evaluate("code => rongqiaoNeed.checkCode(code)", code)
        judged = check_uscc(code)
        assert (told["code"], told["fault"]) == (judged.code, judged.fault), code


AMOUNTS = [
    "500", "５００", "1,200.5", "0.01", "0.000001", "1.2亿", "10", "1000.05", "5000000元", "12,005,000.5", "1000000000", "300.05万",
    "1200050.000001", "100000010", "0", "-5", "1,2", "1.2.3", "五百", "1e9", "1000000001", "0.0000001", "", "9" * 50,
]  # fmt: skip


def test_the_script_reads_amounts_and_says_them_as_the_server_does(script: Page) -> None:
    for typed in AMOUNTS:
        told = script.evaluate(
            "typed => { const fen = rongqiaoNeed.readAmount(typed); return fen === null ? null : "
            "[String(fen), rongqiaoNeed.inChinese(fen), rongqiaoNeed.inEnglish(fen)]; }",
            typed,
        )
        try:
            fen = reading.amount(typed, is_zero_taken=True)
        except reading.Wrong:
            assert told is None, typed
        else:
            assert told == [str(fen), chinese(fen), english(fen)], typed


@pytest.fixture
def script(browser: Browser, house: str, kept_sessions: dict[str, Any]) -> Iterator[Page]:
    """A page on which the script runs."""
    opened = Story(browser, house, kept_sessions)
    yield opened.open("/register")
    opened.close()
