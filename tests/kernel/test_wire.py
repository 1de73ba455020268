"""Heads of requests that are too long, too many or too slow: a real server closes the connection."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from app.kernel import wire
from app.kernel.serving import server_options
from app.kernel.settings import Settings

GOOD = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer who it thinks is asking."""
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
    told = b"crowded!!" if scope["state"]["is_one_too_many"] else scope["client"][0].encode()
    await send({"type": "http.response.body", "body": told})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    options = server_options(Settings(port=0)) | {
        "log_level": "critical",
        "timeout_keep_alive": 60,
        "lifespan": "off",
    }
    server = uvicorn.Server(uvicorn.Config(application, **options))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def told(port: int, *pieces: bytes, pause: float = 0, reads: int = 1_000) -> bytes:
    """Send pieces with pauses between; answer all that comes until the server closes (or `reads` bytes came)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(reads), 20)
    except ConnectionError:
        return b"closed"
    finally:
        writer.close()


async def test_a_good_request_is_answered_and_nobody_is_named_the_server(port: int) -> None:
    answer = await told(port, b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.5\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"127.0.0.1")
    assert b"uvicorn" not in answer


async def test_a_connection_too_many_is_known_to_the_application(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MOST_CONNECTIONS", 1)
    alone = await told(port, GOOD)
    _reader, other = await asyncio.open_connection("127.0.0.1", port)
    crowded = await told(port, GOOD)
    other.close()
    assert (alone[-9:], crowded[-9:]) == (b"127.0.0.1", b"crowded!!")


@pytest.mark.parametrize(
    "pieces",
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n", *(b"a%d: b\r\n" % number for number in range(200)), b"\r\n"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: ", *([b"a" * 8_192] * 40)),
        (b"GET /", *([b"a" * 8_192] * 40)),
        (GOOD[:-2] + b"Content-Length: 1\r\n\r\nx" + b"GET / HTTP/1.1\r\nA: ", *([b"a" * 8_192] * 40)),
    ],
    ids=["many headers", "an endless header", "an endless address", "an endless second head"],
)
async def test_a_head_without_measure_is_refused(port: int, pieces: tuple[bytes, ...]) -> None:
    answer = await told(port, *pieces, pause=0.001, reads=100_000)
    assert b"400 Bad Request" in answer or answer == b"closed"


@pytest.mark.parametrize("pieces", [(), (b"GET / HT",), tuple(bytes([byte]) for byte in GOOD)])
async def test_a_head_that_does_not_come_in_time_closes_the_connection(
    port: int, pieces: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.1)
    answer = await told(port, *pieces, pause=0.02)
    assert (answer[:12] == b"HTTP/1.1 400") is bool(pieces) or answer == b"closed"
    assert b"200 OK" not in answer


async def test_a_connection_is_used_again_however_slowly_its_requests_follow(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.5)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _request in range(2):
        writer.write(GOOD)
        assert (await reader.readuntil(b"127.0.0.1")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.6)
    writer.write(
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na"
    )  # its head is here; its body may take longer
    assert (await reader.readuntil(b"127.0.0.1")).startswith(b"HTTP/1.1 200")
    writer.close()
