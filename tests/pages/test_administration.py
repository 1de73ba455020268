"""An administrator invites somebody, and nobody loses what they typed; in a real browser."""

from urllib.parse import urlsplit

from playwright.sync_api import expect

from app.cli.demo_people import DEMO_PASSWORD
from tests.pages.story import Story

PASSWORD = "gletscher sofa 47 banjo"  # noqa: S105 - of nobody


def test_an_administrator_invites_somebody_who_opens_an_account_by_the_link(story: Story) -> None:
    page = story.sign_in("demo-administrator")
    story.open("/administration")
    story.look()
    page.keyboard.press("n")
    page.get_by_label("姓名").fill("新同事")
    page.get_by_label("角色").select_option("administrator")
    page.get_by_label("作用范围").fill("230000")
    page.get_by_role("button", name="生成邀请链接").click()
    expect(page.get_by_role("alert")).to_be_focused()
    story.look()
    page.get_by_label("作用范围").fill("")
    page.get_by_role("button", name="生成邀请链接").click()
    link = urlsplit(page.locator("code.secret").inner_text())
    story.look()
    page.context.clear_cookies()
    story.open(f"{link.path}?{link.query}")
    story.look()
    login = f"new.{story.viewport['width']}"
    page.get_by_label("登录名").fill(login)
    page.get_by_label("口令").fill(PASSWORD)
    page.get_by_role("button", name="开设账户并接受").click()
    story.open("/account")
    expect(page.get_by_role("main")).to_contain_text(login)
    story.look()
    story.open("/notices")
    expect(page.get_by_role("heading", name="还没有通知")).to_be_visible()


def test_what_was_typed_when_the_session_ended_is_submitted_after_signing_in_again(
    plain_story: Story,
) -> None:
    page = plain_story.sign_in("demo-administrator")
    plain_story.open("/administration?q=demo-auditor")
    page.get_by_role("link", name="演示").click()
    page.locator("#role").select_option("chain_manager")
    page.locator("#scope").fill("HLJ-GDZB")
    page.context.clear_cookies()
    page.get_by_role("button", name="授予").click()
    expect(page.get_by_role("status")).to_contain_text("刚才填写的内容还在")
    page.get_by_label("登录名").fill("demo-administrator")
    page.get_by_label("口令").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="登录", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("HLJ-GDZB")
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("status")).to_contain_text("角色已授予")
    expect(page.get_by_role("row", name="HLJ-GDZB")).to_have_count(1)
