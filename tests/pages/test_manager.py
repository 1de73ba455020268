"""A relationship manager's day: find what is urgent, log it with the keyboard alone, at a desk, at a phone and without scripts."""

from playwright.sync_api import expect

from tests.pages.story import Story

ALL = "/manager?pile=all"


def _open_first(story: Story) -> str:
    """Open the first entry of the list by the keyboard; answer its address."""
    page = story.open(ALL)
    page.locator("main").focus()
    page.keyboard.press("j")
    expect(page.locator("a[data-row]").first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/manager/entries/*")
    return page.url.removeprefix(story.base)


def test_a_contact_a_visit_and_a_faulty_approval_are_logged_by_keys_alone(story: Story) -> None:
    story.sign_in("demo-manager")
    story.open("/manager")
    story.look()
    _open_first(story)
    page = story.page
    story.look()
    page.keyboard.press("c")  # one: the form opens at its first field, which says today
    expect(page.locator("#contacted-on")).to_be_focused()
    story.look()
    page.keyboard.press("Enter")  # two: logged
    expect(page.get_by_role("status")).to_contain_text("已登记对接")
    page.wait_for_load_state()  # keys work once the script is there
    page.keyboard.press("v")
    expect(page.locator("#visited-on")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("已登记走访")
    page.wait_for_load_state()
    page.keyboard.press("p")
    expect(page.locator("#credit_approved-amount")).to_be_focused()
    page.locator("#credit_approved-amount").fill("五百万")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.locator("#credit_approved-amount")).to_have_value("五百万")
    expect(page.locator("#credit_approved-amount-fault")).to_contain_text("请填写以万元为单位的金额")
    story.look()


def test_without_scripts_the_same_is_done_by_forms(plain_story: Story) -> None:
    plain_story.sign_in("demo-manager")
    page = plain_story.open(ALL)
    page.locator("a[data-row]").first.click()
    plain_story.look()
    page.locator("#contacted summary").focus()
    page.keyboard.press("Enter")
    page.locator("#contacted-note").fill("电话沟通：需要设备款")
    page.locator("#contacted button").click()
    expect(page.get_by_role("status")).to_contain_text("已登记对接")
    expect(page.locator(".timeline")).to_contain_text("电话沟通：需要设备款")


def test_cards_and_contact_details_are_there_for_who_asks(story: Story) -> None:
    story.sign_in("demo-manager")
    story.open("/manager/cards")
    story.look()
    where = _open_first(story)
    story.page.goto(f"{story.base}{where}/contact")  # 403 where the firm has not consented
    expect(story.page.locator("h1")).to_contain_text("联系方式")
    story.look()
    story.page.keyboard.press("Shift")
    story.page.get_by_role("link", name="返回条目").click()
    story.page.wait_for_url("**/manager/entries/*")
