"""A person at a browser: opens pages, types, presses keys; whatever a page does wrong meanwhile is kept and told at the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from app.cli.demo_people import DEMO_PASSWORD
from app.desks.assets import CHARTS
from tests.pages.axe import faults, furnish

DESKTOP: Final = {"width": 1280, "height": 900}
PHONE: Final = {"width": 390, "height": 844}
MOST_BYTES: Final = 300_000
"""What a page may weigh with all that it loads, the chart library apart."""
PATIENCE_MILLISECONDS: Final = 15_000


@dataclass
class Story:
    """One browser window of one person; `base` is the address of the house."""

    browser: Browser
    base: str
    sessions: dict[str, Any]
    viewport: Mapping[str, int] = field(default_factory=lambda: DESKTOP)
    has_scripts: bool = True
    troubles: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)
    _page: Page | None = None
    _weights: dict[str, int] = field(default_factory=dict)

    @property
    def page(self) -> Page:
        """The window that was opened last; the first one when it is asked for."""
        return self._page or self._window(None)

    def sign_in(self, login: str) -> Page:
        """Sign in as somebody of the demonstration, in a window of its own; the second time by the kept session."""
        key = f"{self.base} {login}"
        if key in self.sessions:
            return self._window(self.sessions[key])
        self._window(None)
        self.open("/sign-in")
        self.page.fill("#login", login)
        self.page.fill("#password", DEMO_PASSWORD)
        self.page.press("#password", "Enter")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)
        self.sessions[key] = self.page.context.storage_state()
        return self.page

    def open(self, path: str) -> Page:
        """Open an address of the house."""
        answer = self.page.goto(self.base + path)
        assert answer is not None
        assert answer.ok, f"{path} answered {answer.status}"
        return self.page

    def look(self) -> None:
        """Look at the page as it is now: nothing sticks out sideways, axe-core finds nothing serious, it is not heavy."""
        self.page.wait_for_load_state()  # a click answers when the next page begins, which has no element yet
        where = self.page.url.removeprefix(self.base)
        wide = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        if wide > 0:
            self.troubles.append(f"{where}: {wide} pixels wider than {self.viewport['width']}")
        self.troubles += [f"{where}: {told}" for told in self.faults()]
        weight = sum(self._weights.values())
        if weight > MOST_BYTES:
            self.troubles.append(f"{where}: weighs {weight} bytes")

    def faults(self, *, only_contrast: bool = False) -> list[str]:
        """Answer what axe-core finds that is serious; of contrast alone if that is wanted."""
        if not self.has_scripts:
            return []  # axe is a script itself; the same page is looked at with scripts too
        return faults(self.page, only_contrast=only_contrast)

    def close(self) -> None:
        """Close all windows, and tell what went wrong in them."""
        for context in self.contexts:
            context.close()
        assert self.troubles == [], "\n".join(self.troubles)

    def _window(self, session: Any) -> Page:
        context = self.browser.new_context(
            viewport=self.viewport,  # type: ignore[arg-type]  # a mapping with the keys of ViewportSize
            java_script_enabled=self.has_scripts,
            locale="zh-CN",
            storage_state=session,
            accept_downloads=True,
        )
        if self.has_scripts:
            furnish(context)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        self.contexts.append(context)
        self._page = page = context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.troubles.append(f"{page.url}: {error}"))
        page.on("request", self._asked)
        page.on("response", self._weighed)
        return page

    def _heard(self, message: ConsoleMessage) -> None:
        # A form that comes back with its faults has a status of refusal, which Chromium says as an error.
        is_status = message.text.startswith(
            "Failed to load resource: the server responded with a status of 4"
        )
        if message.type in {"error", "warning"} and not is_status:
            self.troubles.append(f"{self.page.url}: console: {message.text}")

    def _asked(self, request: Request) -> None:
        if request.is_navigation_request() and request.frame == self.page.main_frame:
            self._weights.clear()
        if not request.url.startswith((self.base, "data:", "blob:")):
            self.troubles.append(f"{self.page.url} asked elsewhere: {request.url}")

    def _weighed(self, response: Response) -> None:
        if response.status >= 500:
            self.troubles.append(f"{response.url} answered {response.status}")
        if CHARTS.removesuffix(".js") not in urlsplit(response.url).path:
            length = response.headers.get("content-length", "0")
            self._weights[response.url] = int(length) if length.isdecimal() else 0
