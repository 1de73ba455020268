"""A firm's person in a real browser: what fits, who is responsible, consents given and withdrawn, the bank rated."""

from playwright.sync_api import Page, expect

from tests.pages.story import Story

LOGIN = "demo-enterprise"


def test_a_firm_reads_its_need_and_rates_the_bank_and_takes_the_rating_back(story: Story) -> None:
    page = story.sign_in(LOGIN)
    story.open("/enterprise")
    story.look()
    page.get_by_role("link", name="看匹配的产品").click()
    expect(page.get_by_role("heading", name="符合条件的产品：")).to_be_visible()
    story.look()
    page.get_by_text("为什么符合").first.click()
    page.get_by_text("产品条件").first.click()
    expect(page.get_by_text("排序依据").first).to_be_visible()
    story.look()
    _rate(page, story)
    expect(page.get_by_role("status")).to_contain_text("已记录您的评价")
    page.get_by_text("撤回这条评价").click()
    page.get_by_label("撤回的原因").fill("演示后撤回")
    page.get_by_role("button", name="撤回评价").click()
    expect(page.get_by_role("status")).to_contain_text("评价已撤回")
    expect(page.get_by_text("已更正，不作数").first).to_be_attached()
    story.look()


def _rate(page: Page, story: Story) -> None:
    """Send a rating without a score first: it comes back with what was typed."""
    page.get_by_label("说明").fill("答复及时")
    page.get_by_role("button", name="提交评价").click()
    fault = page.get_by_role("alert").get_by_role("link", name="请选择 1 至 5 分")
    expect(fault).to_be_visible()
    expect(page.get_by_label("说明")).to_have_value("答复及时")
    story.look()
    page.get_by_label("4 分").check()
    page.get_by_role("button", name="提交评价").click()


def test_a_firm_gives_changes_and_withdraws_a_consent_and_sees_who_looked(story: Story) -> None:
    page = story.sign_in(LOGIN)
    story.open("/enterprise/consents")
    story.look()
    page.get_by_role("link", name="新增授权").click()
    page.get_by_label("授信审查").check()
    page.get_by_label("财务信息").check()
    page.get_by_label("有效至").fill("2020-01-01")
    page.locator("form[action^='/enterprise/consents/new']").evaluate("form => { form.noValidate = true }")
    page.get_by_role("button", name="授权", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("授权最长一年")
    expect(page.get_by_label("财务信息")).to_be_checked()
    story.look()
    page.get_by_label("有效至").fill(str(page.get_by_label("有效至").get_attribute("max")))
    page.get_by_role("button", name="授权", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("授权已生效")
    page.get_by_role("link", name="更改 授信审查").first.click()
    story.look()
    page.get_by_label("财务信息").uncheck()
    page.get_by_role("button", name="保存更改").click()
    expect(page.get_by_role("status")).to_contain_text("授权已更改")
    page.get_by_role("link", name="撤回… 授信审查").first.click()
    expect(page.get_by_role("heading", name="撤回以后")).to_be_visible()
    story.look()
    page.get_by_role("button", name="撤回授权").click()
    expect(page.get_by_role("status")).to_contain_text("授权已撤回")
    page.get_by_role("link", name="谁看过我的信息").click()
    expect(page.get_by_role("heading", name="谁看过我的信息")).to_be_visible()
    story.look()
