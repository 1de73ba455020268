"""A bank administrator's story: the load, a product's change looked at and saved, the quarter confirmed, a colleague invited."""

from playwright.sync_api import expect

from tests.pages.story import Story


def test_a_change_is_looked_at_and_saved_products_confirmed_and_a_colleague_invited(story: Story) -> None:
    page = story.sign_in("demo-bank")
    story.open("/bank")
    story.look()
    page.get_by_role("link", name="产品", exact=True).first.click()
    story.look()
    page.locator("tbody th a").first.click()
    story.look()
    page.get_by_role("link", name="修订").first.click()
    most = page.locator("#amount_most")
    most.fill(str(int(most.input_value().replace(",", "")) + 7))
    page.get_by_role("button", name="看影响").click()
    expect(page.locator("#effect")).to_contain_text("笔需求新符合")
    story.look()
    page.get_by_role("button", name="保存为新修订").click()
    expect(page.get_by_role("status")).to_contain_text("已保存为第")
    story.open("/bank/products")
    page.locator("input[name=product]").nth(1).check()
    page.get_by_role("button", name="确认列入").click()
    story.look()
    page.get_by_role("button", name="确认列入").click()
    expect(page.get_by_role("status")).to_contain_text("已确认 1 个产品")
    story.open("/bank/colleagues")
    story.look()
    page.locator("#name").fill("王小芳")
    page.get_by_label("客户经理").check()
    page.locator("#scope").select_option(index=1)
    page.get_by_role("button", name="生成邀请链接").click()
    expect(page.locator("#made")).to_be_visible()
    story.look()


def test_a_firm_is_found_by_its_initials(story: Story) -> None:
    page = story.sign_in("demo-coordinator")
    story.open("/search?q=hebhw")
    expect(page.locator("#firms")).to_be_visible()
    story.look()
