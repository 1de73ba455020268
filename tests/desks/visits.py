"""A browser as far as tests need one: it keeps cookies, asks for pages, and fills in forms."""

import html
import re
from types import TracebackType
from typing import Self

import httpx
import pyotp

from tests.accounts.signing import HOME, PASSWORD, Installation


class Visit:
    """A browser at an address."""

    def __init__(
        self, installed: Installation, address: str = HOME, base_url: str = "http://localhost"
    ) -> None:
        transport = httpx.ASGITransport(installed.app, raise_app_exceptions=False, client=(address, 4711))
        self.http = httpx.AsyncClient(
            transport=transport,
            # Only providers of single sign-on are reached by network.
            mounts={"http://127.0.0.1": httpx.AsyncHTTPTransport()},
            base_url=base_url,
            headers={"accept": "text/html,*/*", "user-agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"},
        )
        self.shown = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.http.aclose()

    async def get(self, path: str) -> httpx.Response:
        """Open a page, without following where it sends."""
        answer = await self.http.get(path)
        self.shown = answer.text or self.shown
        return answer

    async def post(self, path: str, **fields: str) -> httpx.Response:
        """Send a form as the page shown last has it: with its proof."""
        answer = await self.http.post(path, data={"csrf": self.field("csrf")} | fields)
        self.shown = answer.text or self.shown
        return answer

    @property
    def words(self) -> str:
        """What a reader of the page shown last reads: no tags, hence none of their random tokens."""
        return html.unescape(re.sub(r"<[^>]*>", " ", self.shown))

    def field(self, name: str) -> str:
        """Answer the value of a hidden field of the page shown last; "" if it has none."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.shown)
        return html.unescape(found[1]) if found else ""

    async def sign_in(
        self, login: str = "wang.fang", password: str = PASSWORD, then: str = "/account"
    ) -> httpx.Response:
        """Send login and password."""
        return await self.post("/sign-in", login=login, password=password, next=then)

    async def enrol(self) -> tuple[pyotp.TOTP, list[str]]:
        """Put a second factor in force; answer its app and recovery codes."""
        await self.get("/account/second-factor")
        await self.post("/account/second-factor")
        secret = re.search(r'class="secret">([A-Z2-7 ]+)<', self.shown)
        assert secret, self.shown
        app = pyotp.TOTP(secret[1].replace(" ", ""))
        answer = await self.post("/account/second-factor/confirmation", code=app.now())
        assert answer.status_code == 200, answer.text
        codes = re.findall(r"<code>([a-z2-7-]{19})</code>", self.shown)
        await self.get("/account")
        return app, codes
