"""A server that is told to end (SIGTERM): it says so, answers what is under way, and ends well."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from app.kernel.settings import PROJECT_ROOT


@contextmanager
def server(drain_seconds: float, shutdown_seconds: int) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [
        sys.executable, "-m", "tests.operations.ending_server", str(drain_seconds), str(shutdown_seconds),
    ]  # fmt: skip
    with subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


async def until(client: httpx.AsyncClient, path: str, status: int) -> httpx.Response:
    """Ask, each time on a new connection, until the answer has a status."""
    async with asyncio.timeout(30):
        while True:
            answer = await client.get(path, headers={"Connection": "close"})
            if answer.status_code == status:
                return answer
            await asyncio.sleep(0.01)


async def test_it_says_so_then_answers_what_is_under_way_then_ends_well() -> None:
    with server(0.7, 30) as (process, base):
        async with httpx.AsyncClient(base_url=base, timeout=30) as client:
            await until(client, "/ready", 200)
            slow = asyncio.create_task(client.get("/slow"))
            stream = asyncio.create_task(client.get("/events"))
            await asyncio.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            ending = await until(client, "/ready", 503)
            answers = [await slow, await stream]
            with pytest.raises(httpx.ConnectError):
                await client.get("/ready")
        assert await asyncio.to_thread(process.wait, 30) == 0
    assert ending.headers["connection"] == "close"
    assert [(one.status_code, one.text) for one in answers] == [(200, '"answered"'), (200, "data: 1\n\n")]


async def test_what_does_not_end_is_broken_off_and_a_second_signal_ends_the_draining() -> None:
    with server(600, 1) as (process, base):
        async with httpx.AsyncClient(base_url=base, timeout=30) as client:
            await until(client, "/ready", 200)
            endless = asyncio.create_task(client.post("/endless"))
            await asyncio.sleep(0.1)
            process.send_signal(signal.SIGTERM)
            await until(client, "/ready", 503)
            process.send_signal(signal.SIGTERM)
            broken_off = await endless
        assert await asyncio.to_thread(process.wait, 30) == 0
    assert (broken_off.status_code, broken_off.json()["code"]) == (503, "outcome_unknown")
    assert broken_off.headers["retry-after"] == "5"
