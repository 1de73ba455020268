"""Every page, as everybody who may open it by a link finds it: sound, reachable, at desk and phone, by day and by night."""

import html
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import Browser, Error, Response

from app.main import PAGES
from tests.pages.story import DESKTOP, PHONE, Story

LOGINS: Final = (
    "demo-enterprise", "demo-manager", "demo-bank", "demo-guarantor", "demo-coordinator", "demo-chain", "demo-auditor",
    "demo-administrator", "",
)  # fmt: skip
NOT_BY_LINK: Final = {
    "/": "goes on to the first area",
    "/language/{language}": "goes back to where one was",
    "/sign-in/single-sign-on": "goes to a provider that the demonstration has not",
    "/sign-in/single-sign-on/callback": "is where that provider sends people back to",
    "/bank/colleagues/{person}/handover": "needs a colleague who handles entries (tests/desks/bank)",
    "/bottlenecks/cases/{case}": "needs a case, of which the demonstration has none (tests/pages/test_months.py)",
    "/chain/{code}/drafts/{draft}/comparisons/{comparison}/entries": "needs an allocation that was tried (tests/desks/plans)",
    "/chain/{code}/drafts/{draft}/jobs/{what}/{job}": "needs a comparison under way (tests/desks/plans)",
    "/core-lists/upload/jobs/{job}": "needs a list that is being checked (tests/desks/core_lists)",
    "/core-lists/{uscc}/draft": "needs a workbook that was sent and not confirmed (tests/desks/core_lists)",
    "/coverage/{month}/close": "needs a month that is due (tests/desks/coverage)",
    "/library/observed/jobs/{job}": "needs a computation under way (tests/desks/awards)",
    "/manager/acceptance": "is where a form of the list leads (tests/desks/manager)",
    "/memberships/jobs/{what}/{job}": "needs a run under way (tests/desks/memberships)",
    "/register/sent": "is where a form leads (tests/pages/test_submission.py)",
    "/roster/imports/jobs/{job}": "needs an import under way (tests/pages/test_rounds.py)",
    "/roster/imports/jobs/{job}/faults": "as above",
    "/roster/registrations/{registration}": "needs a registration (tests/desks/registration)",
    "/rounds/jobs/{what}/{job}": "needs a run under way (tests/pages/test_rounds.py)",
    "/selection/{round}/jobs/{what}/{job}": "needs a round that is being measured (tests/desks/selection)",
    "/events/{event}/timetable/jobs/{job}": "needs a timetable that is being made (tests/desks/events)",
    "/invitation": "needs an invitation's token, which is shown once (tests/desks/test_invitation_page.py)",
}
"""Pages that no link of the demonstration leads to, and why."""
STARTS: Final = {
    "": ["/sign-in", "/register"],
    "demo-coordinator": ["/", "/search?q=hrb"],
    "demo-enterprise": ["/", "/enterprise/needs/new", "/lookups/regions?q=heb", "/lookups/industries?q=34"],
}
"""Where each begins, and what they reach by a form."""
LINK: Final = re.compile(r'href="(/[^"#]*)')
MOST_OF_A_ROUTE: Final = 1
NARROWING_MOMENTS: Final = 40
NARROWING_MILLISECONDS: Final = 50
WIDER: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
FITS: Final = f"innerWidth === {PHONE['width']} && {WIDER} <= 0"
SQUEEZED: Final = """Array.from(document.querySelectorAll("tbody :is(th, td)")).filter((cell) => {
  const style = getComputedStyle(cell), size = parseFloat(style.fontSize), room = cell.clientWidth - 1.4 * size;
  return cell.checkVisibility() && style.whiteSpace !== "nowrap" && cell.innerText.trim().length > 1 && room < 1.9 * size;
}).map((cell) => cell.innerText.trim().slice(0, 20))"""
"""Cells so narrow that each character stands in a line of its own."""
ROUTES: Final = {
    route.path: re.compile(route.path_regex.pattern)
    for router in PAGES
    for route in router.routes
    if isinstance(route, APIRoute) and "GET" in (route.methods or ())
}


def route_of(path: str) -> str | None:
    """Answer the route that an address belongs to: the first that takes it, as the server finds it."""
    return next((name for name, pattern in ROUTES.items() if pattern.match(path)), None)


class Walker:
    """Follows links from page to page, each route so often."""

    def __init__(self, story: Story, looked_at: set[str]) -> None:
        self.story, self.looked_at = story, looked_at
        self.seen: dict[str, list[str]] = {}

    def walk(self, starts: list[str]) -> None:
        """Look at all that can be reached."""
        waiting = list(starts)
        while waiting:
            address = waiting.pop(0)
            route = route_of(urlsplit(address).path)
            if route is None or len(self.seen.get(route, [])) >= MOST_OF_A_ROUTE:
                continue
            self.seen.setdefault(route, []).append(address)
            if route in self.looked_at:  # somebody else found the same page before: it opens for them too
                waiting += self._asked(address)
                continue
            answer = self._opened(address)
            if answer is None or "text/html" not in answer.headers.get("content-type", ""):
                continue
            if answer.status >= 400:
                self.story.troubles.append(f"{address} answered {answer.status}, although a link leads there")
            self.looked_at.add(route)
            self._look()
            waiting += self._links()

    def _asked(self, address: str) -> list[str]:
        answer = self.story.page.context.request.get(
            self.story.base + address, headers={"accept": "text/html"}
        )
        if not answer.ok:
            self.story.troubles.append(f"{address} answered {answer.status}, although a link leads there")
        is_page = "text/html" in answer.headers.get("content-type", "")
        return [html.unescape(link) for link in LINK.findall(answer.text())] if is_page else []

    def _opened(self, address: str) -> Response | None:
        try:
            return self.story.page.goto(self.story.base + address)
        except Error as error:
            if "Download is starting" not in error.message:
                raise
            return None

    def _look(self) -> None:
        page = self.story.page
        self.story.look()
        self._find_squeezed("at a desk")
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a mapping with the keys of ViewportSize
        # Live charts are drawn anew for the width. The page's own policy forbids Chromium to go on asking by itself.
        for _moment in range(NARROWING_MOMENTS):
            if page.evaluate(FITS):
                break
            page.wait_for_timeout(NARROWING_MILLISECONDS)
        else:
            self.story.troubles.append(f"{page.url}: {page.evaluate(WIDER)} pixels wider than a phone")
        self._find_squeezed("at a phone")
        page.emulate_media(color_scheme="dark")
        self.story.troubles += [
            f"{page.url} by night: {told}" for told in self.story.faults(only_contrast=True)
        ]
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]  # as above

    def _find_squeezed(self, where: str) -> None:
        page = self.story.page
        self.story.troubles += [
            f"{page.url} {where}: a column too narrow for “{told}”" for told in page.evaluate(SQUEEZED)
        ]

    def _links(self) -> Iterator[str]:
        found: list[str] = self.story.page.eval_on_selector_all(
            "a[href]", "links => links.map(one => one.href)"
        )
        for link in found:
            if link.startswith(self.story.base) and "/sign-out" not in link:
                yield link.removeprefix(self.story.base).partition("#")[0]


Walk = Callable[[str], tuple[set[str], list[str]]]


@pytest.fixture(scope="module")
def walk(browser: Browser, house: str) -> Walk:
    """What somebody finds by links: the routes, and the troubles; each walks once."""

    looked_at: set[str] = set()

    @cache
    def walk_as(login: str) -> tuple[set[str], list[str]]:
        story = Story(browser, house, {})
        if login:
            story.sign_in(login)
        walker = Walker(story, looked_at)
        walker.walk(STARTS.get(login, ["/"]))
        found, story.troubles = story.troubles, []
        story.close()
        return set(walker.seen), found

    return walk_as


@pytest.mark.parametrize("login", LOGINS)
def test_all_pages_that_links_lead_to_are_sound(login: str, walk: Walk) -> None:
    _seen, troubles = walk(login)
    assert troubles == []


def test_every_page_is_found_by_a_link(walk: Walk) -> None:
    found = {route for login in LOGINS for route in walk(login)[0]}
    missed = sorted(ROUTES.keys() - found - NOT_BY_LINK.keys())
    assert not missed, ", ".join(missed)
