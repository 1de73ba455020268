"""What all pages share, in a real browser."""

import re

from playwright.sync_api import expect

from tests.pages.story import Story


def test_everybody_signs_in_finds_their_own_first_page_and_signs_out(story: Story) -> None:
    page = story.sign_in("demo-coordinator")
    story.open("/")
    expect(page).to_have_url(re.compile(r"/coverage/\d{4}-\d{2}$"))
    story.look()
    page.get_by_role("button", name="退出").click()
    expect(page.get_by_label("登录名")).to_be_visible()
    story.look()
    story.sessions.clear()


def test_the_language_is_switched_where_one_stands_and_stays(story: Story) -> None:
    page = story.sign_in("demo-manager")
    story.open("/account")
    page.get_by_role("link", name="English").click()
    expect(page).to_have_url(f"{story.base}/account")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    story.look()
    story.open("/")
    expect(page.locator("html")).to_have_attribute("lang", "en")
