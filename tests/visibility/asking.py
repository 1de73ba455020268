"""Requests to an application in this process, without what httpx does around each: tens of thousands are asked.

What is sent and what comes back is as with `httpx.AsyncClient` over `httpx.ASGITransport(raise_app_exceptions=False)`.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode

import httpx
from fastapi import FastAPI

HOST: Final = "127.0.0.1"
EACH: Final = (
    (b"host", HOST.encode()),
    (b"accept", b"*/*"),
    (b"accept-encoding", b"gzip, deflate"),
    (b"user-agent", b"python-httpx"),
)
KEPT: Final = "/:@!$&'()*+,;=-._~%"
"""Signs of a path that stay as they are."""
FAILED: Final = 500
Headers = list[tuple[bytes, bytes]]


class Asker:
    """Asks an application as a browser with this jar of cookies does."""

    def __init__(self, app: FastAPI, cookies: httpx.Cookies) -> None:
        self.app, self.cookies = app, cookies

    async def request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        **content: Any,
    ) -> httpx.Response:
        """Send one request with `json`, or a form as `data`."""
        kind, body = _encoded(**content)
        sent: Headers = [
            *EACH,
            *((name.lower().encode(), one.encode()) for name, one in (headers or {}).items()),
        ]
        if kind:
            sent.append((b"content-type", kind))
        if body or method in {"POST", "PUT", "PATCH"}:
            sent.append((b"content-length", str(len(body)).encode()))
        if self.cookies.jar:
            sent += self._held(method, path)
        raw = quote(path, safe=KEPT)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "headers": sent,
            "scheme": "http",
            "path": unquote(raw),
            "raw_path": raw.encode(),
            "query_string": urlencode(params).encode(),
            "server": (HOST, None),
            "client": (HOST, 123),
            "root_path": "",
        }
        answer = await self._answered(scope, body)
        if "set-cookie" in answer.headers:
            answer.request = httpx.Request(method, f"http://{HOST}{raw}")
            self.cookies.extract_cookies(answer)
        return answer

    def _held(self, method: str, path: str) -> Headers:
        request = httpx.Request(method, f"http://{HOST}{path}")
        self.cookies.set_cookie_header(request)
        held = request.headers.get("cookie")
        return [(b"cookie", held.encode())] if held else []

    async def _answered(self, scope: dict[str, Any], body: bytes) -> httpx.Response:
        status, headers, parts = FAILED, Headers(), list[bytes]()
        is_begun = is_read = False
        complete = asyncio.Event()

        async def receive() -> dict[str, Any]:
            nonlocal is_read
            if is_read:
                await complete.wait()
                return {"type": "http.disconnect"}
            is_read = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status, headers, is_begun
            if message["type"] == "http.response.start":
                assert not is_begun
                is_begun, status, headers = True, message["status"], message.get("headers", [])
            elif message["type"] == "http.response.body":
                assert not complete.is_set()
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    complete.set()

        try:
            await self.app(scope, receive, send)
        except Exception:  # noqa: BLE001 - a server answers it; what was begun stays cut off
            complete.set()
        assert complete.is_set()
        return httpx.Response(status, headers=headers, content=b"".join(parts))


def _encoded(**content: Any) -> tuple[bytes, bytes]:
    if content.get("data"):
        return b"application/x-www-form-urlencoded", urlencode(content["data"], doseq=True).encode()
    if content.get("json") is None:
        return b"", b""
    written = json.dumps(content["json"], ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return b"application/json", written.encode()
