"""The walk's own way to ask sends and brings back what httpx does."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from tests.visibility.asking import Asker

ECHO = FastAPI()


@ECHO.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def echo(request: Request, path: str) -> Any:
    if path == "broken":
        raise ValueError(path)
    if path == "language":
        answer = Response("kept")
        answer.set_cookie("language", "en")
        answer.set_cookie("below", "1", path="/below")
        return answer
    said = [
        (name, value)
        for name, value in request.headers.items()
        if name in {"host", "accept", "content-type", "content-length", "cookie", "if-match"}
    ]
    scope = request.scope
    where = [scope[name] for name in ("method", "path", "scheme", "server", "client", "root_path", "type")]
    body = (await request.body()).decode()
    return {
        "where": where, "raw": scope["raw_path"].decode(), "query": request.query_params.multi_items(), "said": sorted(said),
        "body": body,
    }  # fmt: skip


async def _both(asks: list[tuple[str, str, dict[str, str], dict[str, Any]]]) -> list[list[httpx.Response]]:
    transport = httpx.ASGITransport(ECHO, raise_app_exceptions=False)
    client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
    asker = Asker(ECHO, httpx.Cookies())
    answers = [
        [
            await client.request(method, path, params=query, **more),
            await asker.request(method, path, query, **more),
        ]
        for method, path, query, more in asks
    ]
    await client.aclose()
    return answers


@pytest.mark.parametrize(
    ("method", "path", "query", "more"),
    [
        ("GET", "/a/b", {}, {}),
        ("GET", "/条/a b", {"q": "融 a+b&c=%", "n": "1"}, {"headers": {"If-Match": "*"}}),
        ("POST", "/a", {}, {"json": {"name": "融桥", "n": [1.5, None]}}),
        ("POST", "/a", {}, {"json": {}}),
        ("POST", "/a", {}, {"data": {}}),
        ("POST", "/a", {}, {"data": {"name": "融 桥", "many": ["1", "2"]}}),
        ("PUT", "/a", {"q": ""}, {}),
        ("PATCH", "/a", {}, {"json": []}),
        ("DELETE", "/a", {}, {}),
        ("GET", "/broken", {}, {}),
    ],
)
async def test_what_is_sent_and_comes_back_is_as_by_httpx(
    method: str, path: str, query: dict[str, str], more: dict[str, Any]
) -> None:
    [[theirs, ours]] = await _both([(method, path, query, more)])
    assert ours.status_code == theirs.status_code
    assert ours.text == theirs.text
    assert ours.headers.get("content-type") == theirs.headers.get("content-type")


async def test_cookies_are_kept_and_sent_where_they_belong() -> None:
    asks: list[tuple[str, str, dict[str, str], dict[str, Any]]] = [
        ("GET", path, {}, {}) for path in ("/language", "/a", "/below/a")
    ]
    for theirs, ours in await _both(asks):
        assert ours.text == theirs.text
    assert "below=1" in ours.text
