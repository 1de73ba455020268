"""A coordinator's month and a chain manager's chain, in a real browser."""

from playwright.sync_api import Page, expect

from tests.pages.story import Story


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def test_a_coordinator_opens_what_is_behind_figures_and_closes_the_next_month(story: Story) -> None:
    page = story.sign_in("demo-coordinator")
    story.open("/coverage")
    expect(page.locator(".chart-live")).to_have_count(2)  # both charts answer
    story.look()
    page.locator(".chart-live .mark-symbol path").first.hover(force=True)
    expect(page.locator("#chart-tip")).to_contain_text("%")
    figure = page.locator(".funnel li").nth(2).get_by_role("link").first
    said = figure.inner_text()
    figure.click()
    assert heading(page) == f"已对接：{said} 户（个）"
    story.look()
    page.get_by_role("rowheader").first.get_by_role("link").click()
    page.wait_for_url("**/roster/entries/**")
    page.go_back()
    page.go_back()
    page.get_by_role("link", name="哈尔滨市", exact=True).first.click()
    expect(page.locator("th.is-below").first).to_be_visible()
    story.look()
    page.locator(".heat td a").first.click()
    assert heading(page).startswith("名单内：")
    page.go_back()
    page.keyboard.press("]")
    page.wait_for_load_state()
    expect(page.get_by_text("未关账，数字还会变")).to_be_visible()
    page.get_by_role("link", name="关账", exact=True).click()
    story.look()
    page.get_by_role("button", name="关账").click()
    expect(page.get_by_role("alert")).to_be_focused()
    story.look()
    page.get_by_label("我已核对以上数字").check()
    page.get_by_role("button", name="关账").click()
    expect(page.get_by_role("status")).to_contain_text("已关账")
    page.get_by_role("link", name="核验", exact=True).click()
    page.get_by_role("button", name="现在核验").click()
    expect(page.get_by_text("完好")).to_be_visible()
    story.look()
    story.open("/coverage/trend")
    expect(page.locator(".chart-live")).to_have_count(1)
    story.look()


def test_a_month_is_read_without_scripts(plain_story: Story) -> None:
    page = plain_story.sign_in("demo-coordinator")
    plain_story.open("/coverage")
    assert page.locator("figure.chart svg[role=img]").count() == 2
    page.locator("#month").select_option(index=0)
    page.get_by_role("button", name="打开").click()
    assert "对接覆盖" in heading(page)


def test_a_chain_manager_reads_the_chain_and_what_is_stuck(story: Story) -> None:
    page = story.sign_in("demo-chain")
    story.open("/chain")
    assert heading(page) == "高端装备产业链"
    story.look()
    expect(page.locator(".rolemap .is-core")).to_be_visible()
    page.locator(".rolemap .is-core h3 a").click()
    story.look()
    page.get_by_role("rowheader").first.get_by_role("link").click()
    expect(page.get_by_role("heading", name="全程")).to_be_visible()
    story.look()


def test_bottlenecks_lead_to_their_matters(story: Story) -> None:
    page = story.sign_in("demo-coordinator")
    story.open("/bottlenecks")
    story.look()
    page.get_by_role("rowheader").first.get_by_role("link").click()
    assert "route=" in page.url
    story.open("/bottlenecks/cases?state=all")
    story.look()
    matters = page.get_by_role("rowheader").get_by_role("link")
    if matters.count():
        matters.first.click()
        page.get_by_label("补充留言").fill("已函告<b>主管部门</b>")
        page.get_by_role("button", name="留言").click()
        expect(page.get_by_role("status")).to_contain_text("已留言")
        expect(page.get_by_role("main")).to_contain_text("已函告<b>主管部门</b>")
        story.look()
