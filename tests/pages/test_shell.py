"""What all pages share, in a real browser."""

import re

from playwright.sync_api import expect

from app.cli.demo_people import DEMO_PASSWORD
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


def test_what_was_typed_before_the_session_ended_is_shown_once(plain_story: Story) -> None:
    page = plain_story.sign_in("demo-enterprise")
    plain_story.open("/enterprise/chains")
    page.locator("textarea").fill("已不生产该产品")
    page.context.clear_cookies()
    page.get_by_role("button", name="提交异议").click()
    page.locator("#login").fill("demo-enterprise")
    page.locator("#password").fill(DEMO_PASSWORD)
    page.locator("#password").press("Enter")
    expect(page.get_by_role("heading", name="接着提交")).to_be_visible()
    expect(page.get_by_text("已不生产该产品").first).to_be_visible()
    expect(page.locator("textarea").first).to_be_hidden()
    plain_story.look()
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("异议已提交")


def test_the_navigation_shows_where_one_is_even_at_a_phone(story: Story) -> None:
    page = story.sign_in("demo-coordinator")
    story.open("/policies")
    expect(page.locator(".areas [aria-current]")).to_be_in_viewport(ratio=1)
