"""In front of the application: who is sent away hears it in time and in form, and slow ones keep nobody waiting."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from starlette.types import Message

from app.kernel.admission import Admission, Refusal
from app.kernel.draining import Drain
from app.kernel.problems import install_problem_handlers
from app.kernel.settings import Settings
from app.kernel.shedding import Places
from app.main import _middleware

AT_ONCE = 4


class House:
    """An application with few places, whose routes end when they are told to."""

    def __init__(self, most_waiting: int = 2, wait_seconds: float = 0.05) -> None:
        self.admission, self.drain = Admission(AT_ONCE, most_waiting, wait_seconds), Drain()
        self.may_end = asyncio.Event()
        self.app = FastAPI(middleware=_middleware(Settings(), counts_strangers=False))
        self.app.state.room, self.app.state.drain = Places(self.admission, wait_seconds), self.drain
        install_problem_handlers(self.app)
        self.app.get("/slow")(self.slow)
        self.app.post("/slow")(self.take)
        self.app.get("/events")(self.events)
        self.app.get("/healthz")(self.live)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    async def slow(self) -> str:
        await self.may_end.wait()
        return "done"

    async def take(self, request: Request) -> int:
        return len(await request.body())

    async def events(self) -> StreamingResponse:
        async def told() -> AsyncIterator[str]:
            yield "data: 1\n\n"
            await asyncio.Event().wait()

        return StreamingResponse(told(), media_type="text/event-stream")

    async def live(self) -> str:
        return "live"

    async def until(self, working: int, waiting: int = 0) -> None:
        async with asyncio.timeout(5):
            while (self.admission.working, self.admission.waiting) != (working, waiting):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0)

    def send(self, number: int) -> list["asyncio.Task[httpx.Response]"]:
        return [asyncio.create_task(self.client.get("/slow")) for _ in range(number)]


async def test_who_finds_no_place_waits_a_little_and_is_told_when_to_come_again() -> None:
    house = House()
    working = house.send(AT_ONCE)
    await house.until(AT_ONCE)
    [late] = house.send(1)
    refused = await late
    again_in = int(refused.headers["retry-after"])
    assert (refused.status_code, refused.json()["code"], again_in in {1, 2, 3}) == (503, "busy", True)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["request_id"] == refused.headers["x-request-id"]
    assert (await house.client.get("/healthz")).status_code == 200
    house.may_end.set()
    assert {(await one).status_code for one in working} == {200}
    assert (await house.client.get("/slow")).status_code == 200
    assert house.admission.refused[Refusal.WAITED] == 1
    assert (house.admission.working, house.admission.waiting) == (0, 0)


async def test_who_waits_is_called_in_turn_and_who_stops_waiting_takes_no_place() -> None:
    house = House(most_waiting=6, wait_seconds=60)
    working = house.send(AT_ONCE)
    await house.until(AT_ONCE)
    gone, stays = house.send(2)
    await house.until(AT_ONCE, 2)
    gone.cancel()
    await house.until(AT_ONCE, 1)
    house.may_end.set()
    assert {(await one).status_code for one in (*working, stays)} == {200}
    assert (house.admission.working, house.admission.waiting) == (0, 0)


async def test_a_slow_sender_holds_no_place_and_what_is_wrong_with_a_body_is_still_told() -> None:
    house = House()

    async def body() -> AsyncIterator[bytes]:
        yield b"12"
        assert house.admission.working == 0
        yield b"345"

    assert (await house.client.post("/slow", content=body())).json() == 5
    most = Settings().max_upload_bytes

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * (most // 2)

    assert (await house.client.post("/slow", content=endless())).json()["code"] == "too_large"


async def stream(house: House) -> tuple["asyncio.Task[None]", "asyncio.Queue[Message]"]:
    sent: asyncio.Queue[Message] = asyncio.Queue()
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "path": "/events", "raw_path": b"/events", "query_string": b"", "root_path": "", "scheme": "http",
        "headers": [(b"host", b"127.0.0.1"), (b"accept", b"text/event-stream")], "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }  # fmt: skip
    asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        for message in asked:
            return message
        await asyncio.Event().wait()
        raise AssertionError

    return asyncio.create_task(house.app(scope, receive, sent.put)), sent


async def test_event_streams_hold_no_place_and_end_cleanly_when_the_server_does() -> None:
    house = House()
    streams = []
    for _ in range(AT_ONCE + 2):
        streams.append(await stream(house))
        sent = streams[-1][1]
        assert (await sent.get())["status"] == 200
        assert (await sent.get())["body"] == b"data: 1\n\n"
    assert (house.admission.working, house.drain.streams) == (0, AT_ONCE + 2)
    house.drain.close()
    for task, sent in streams:
        await asyncio.wait_for(task, 5)
        assert await sent.get() == {"type": "http.response.body", "body": b"", "more_body": False}
    assert house.drain.streams == 0
    late, sent = await stream(house)
    await asyncio.wait_for(late, 5)
    start = await sent.get()
    assert (b"connection", b"close") in start["headers"]  # nobody keeps a connection to a server that ends


async def test_a_connection_too_many_is_answered_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    house = House()
    transport = house.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    inner = transport.app

    async def crowded(scope: Any, receive: Any, send: Any) -> None:
        await inner(scope | {"state": {"is_one_too_many": True}}, receive, send)

    monkeypatch.setattr(transport, "app", crowded)
    refused = await house.client.get("/slow")
    assert (refused.status_code, refused.headers["connection"]) == (503, "close")
    assert "retry-after" in refused.headers
    assert (await house.client.get("/healthz")).status_code == 200
