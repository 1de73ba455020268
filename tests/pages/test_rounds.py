"""A coordinator's roster, from a workbook to responsible banks, with a worker at work; in a real browser.

Pages that links lead to are looked at by the walk over links; here are those that only work under way leads to.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.house import served, working
from tests.pages.story import Story
from tests.whitelist.rosters import good_row, workbook

EDITION: Final = "2024H1"
BEGINNING_MILLISECONDS: Final = 60_000
"""A worker loads the whole house before it takes its first job."""
FIRM: Final = good_row(
    1,
    抵质押物="房产",
    可否担保="是",
    纳税等级="A",
    首贷户="否",
    涉诉="否",
    征信不良="否",
    出口="否",
    已达单户限额="否",
)
NAME: Final = "上半年名单.xlsx"
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Where this module's house and its worker keep their database."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture(scope="module")
def house(demonstration: Path, folder: Path) -> Iterator[str]:
    """A house that keeps its database where its worker finds it."""
    with served(demonstration, folder) as base:
        yield base


@pytest.fixture
def desk(browser: Browser, house: str, kept_sessions: dict[str, Any]) -> Iterator[Story]:
    """A coordinator at a desk."""
    opened = Story(browser, house, kept_sessions)
    opened.sign_in("demo-coordinator")
    yield opened
    opened.close()


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def roster(known: str) -> bytes:
    """Answer a workbook: a good row, one with a fault, one that may be a firm that is known, one that leaves a question."""
    rows = [
        FIRM,
        good_row(2, 首贷户="?"),
        good_row(3, 企业名称=known.replace("有限责任公司", "有限公司")),
        good_row(4, 资质=""),
    ]
    return workbook(rows).getvalue()


def test_a_roster_comes_in_is_matched_and_allocated_and_one_entry_is_moved(
    desk: Story, plain_story: Story, folder: Path
) -> None:
    page = desk.page
    send_roster(desk)
    waiting = page.url.removeprefix(desk.base)
    expect(page.locator("[data-state]")).to_have_text("排队中")
    desk.look()
    with working(folder):
        plain_story.sign_in("demo-coordinator")
        plain_story.open(waiting)
        for opened in (page, plain_story.page):  # both go on by themselves
            opened.get_by_role("heading", name=f"核对：{NAME}").wait_for(timeout=BEGINNING_MILLISECONDS)
        take_in(desk)
        match(desk)
        allocate(desk)
    move_one(desk)
    move_several(desk)


def send_roster(desk: Story) -> None:
    """Send a workbook, the first time the wrong one."""
    page = desk.open(f"/roster?edition={EDITION}")
    known = (
        page.get_by_role("rowheader").get_by_role("link").filter(has_text="有限责任公司").first.inner_text()
    )
    desk.open(f"/roster/imports/new?edition={EDITION}")
    page.get_by_label("名单工作簿").set_input_files(
        {"name": "名单.csv", "mimeType": "text/csv", "buffer": b"a,b"}
    )
    page.get_by_role("button", name="上传并核对").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_contain_text("CSV 文件不收")
    page.get_by_label("名单工作簿").set_input_files({"name": NAME, "mimeType": XLSX, "buffer": roster(known)})
    page.get_by_role("button", name="上传并核对").click()
    expect(page.get_by_role("heading", name="核对名单", level=1)).to_be_visible()


def take_in(desk: Story) -> None:
    """Look at faults and likenesses, decide about these, then take in what is faultless."""
    page = desk.page
    assert heading(page) == f"核对：{NAME}"
    expect(page.get_by_role("row").filter(has_text="名单!S3")).to_contain_text("改成“是”或“否”")
    expect(page.get_by_role("heading", name="疑似重复")).to_be_visible()
    expect(page.locator("ins").filter(has_text="责任").first).to_be_visible()  # where the names differ
    desk.look()
    page.get_by_label("是两家企业").first.check()
    page.get_by_role("button", name="导入名单").click()
    expect(page.get_by_role("alert")).to_contain_text("有错误的行没有改正")
    expect(page.get_by_role("alert")).to_contain_text("理由")
    page.get_by_label("理由", exact=False).first.fill("电话核实，信用代码均有效")
    page.get_by_label("只导入没有错误的3行").check()
    page.get_by_role("button", name="导入名单").click()
    page.wait_for_url(lambda url: "/jobs/" not in url)
    assert heading(page) == f"导入：{NAME}"
    expect(page.get_by_role("button", name="撤销导入")).to_be_visible()
    desk.look()


def match(desk: Story) -> None:
    """Match the roster, and see it beside the match before."""
    page = desk.page
    page.get_by_role("link", name="运行匹配与分派").click()
    expect(page.get_by_text("名单变了，请重新匹配")).to_be_visible()
    page.get_by_role("button", name="运行匹配").click()
    page.wait_for_url("**/rounds/matches/*")
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="条目", exact=True))
    expect(row.get_by_role("cell").last).to_have_text("+2")
    page.get_by_role("link", name="匹配与分派").last.click()


def allocate(desk: Story) -> None:
    """Look what an allocation would change, run it, and have it proven."""
    page = desk.page
    page.get_by_role("button", name="试算").click()
    page.get_by_role("heading", name="责任主体会变的条目").wait_for()
    expect(page.get_by_role("cell", name="尚无").first).to_be_visible()
    desk.look()
    page.get_by_role("button", name="运行分派").click()
    page.wait_for_url("**/rounds/allocations/*")
    page.get_by_role("link", name="复核这次分派").click()
    expect(page.get_by_text("成立", exact=True)).to_be_visible()


def move_one(desk: Story) -> None:
    """Give the new entry to another bank, with a reason: nothing without one, and before and after first."""
    page = desk.page
    page.get_by_role("link", name=FIRM["企业名称"]).click()
    page.get_by_role("heading", name="责任主体").wait_for()
    page.keyboard.press("m")
    page.get_by_role("heading", name="改派给谁").wait_for()
    page.get_by_role("button", name="看改派前后").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_label("理由").fill("该行业务调整，<b>暂停受理</b>")
    page.get_by_role("button", name="看改派前后").click()
    row = page.get_by_role("row").filter(has_text="责任主体")
    before, after = row.get_by_role("cell").all_inner_texts()
    assert before != after
    desk.look()
    page.get_by_role("button", name="确认改派").click()
    expect(page.get_by_role("status")).to_contain_text(f"已改派给{after.split()[0]}")
    expect(page.get_by_text("<b>暂停受理</b>").first).to_be_visible()


def move_several(desk: Story) -> None:
    """Give entries on to whoever is next: nothing without a reason, each shown before and after, and told once done."""
    page = desk.open(f"/roster/moves?edition={EDITION}&state=all")
    boxes = page.get_by_role("checkbox")
    boxes.first.uncheck()
    chosen = boxes.count() - 1
    page.get_by_role("button", name="看每户会改派给谁").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(boxes.first).not_to_be_checked()
    page.get_by_label("理由").fill("清理逾期，<b>换机构</b>")
    desk.look()
    page.get_by_role("button", name="看每户会改派给谁").click()
    row = page.get_by_role("table", name="改派前后").get_by_role("row").nth(1)
    before, after, _why = row.get_by_role("cell").all_inner_texts()
    assert before != after
    desk.look()
    page.get_by_role("button", name="确认改派").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"户，共勾选 {chosen} 户")
    expect(page.get_by_role("heading", name="每户改派给了谁")).to_be_visible()
    desk.look()
    row.get_by_role("link").click()
    expect(page.get_by_text("清理逾期，<b>换机构</b>").first).to_be_visible()


def test_an_auditor_searches_the_trail_and_finds_what_was_decided_by_a_clause(
    browser: Browser, house: str, kept_sessions: dict[str, Any]
) -> None:
    auditor = Story(browser, house, kept_sessions)
    page = auditor.sign_in("demo-auditor")
    auditor.open("/audit")
    page.get_by_label("操作人").fill("demo-auditor")
    page.get_by_label("动作").select_option(label="登录")
    page.get_by_role("button", name="查找").last.click()
    page.wait_for_url("**action=sign_in**")
    expect(page.get_by_role("row").nth(1)).to_contain_text("页面")
    page.get_by_role("rowheader").first.get_by_role("link").click()
    expect(page.get_by_text("本条的哈希")).to_be_visible()
    page.get_by_role("link", name="审计", exact=True).last.click()
    page.get_by_role("link", name="核验审计链").click()
    expect(page.get_by_text("完整", exact=True)).to_be_visible()
    page.get_by_role("link", name="政策", exact=True).click()
    page.get_by_label("条款号、引文或文字").fill("黑银发〔2023〕25号（十六）")
    page.get_by_label("条款号、引文或文字").press("Enter")
    expect(page.get_by_role("heading", name="引用它的决定")).to_be_visible()
    page.get_by_text("按堵点推送的分派（").click()
    page.locator("details[open]").get_by_role("link").first.click()
    page.get_by_role("heading", name="责任主体").wait_for()
    expect(page.get_by_role("main")).to_contain_text("黑银发〔2023〕25号（十六）")
    expect(page.get_by_role("link", name="改派")).to_have_count(0)
    auditor.close()
