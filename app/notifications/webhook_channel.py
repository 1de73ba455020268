"""Posts signed messages to receivers that may hang, lie, break off, or try to make us talk to somebody else.

The host is looked up by us, each address judged, and the connection made to one of those that were judged:
what the name leads to a moment later does not matter. TLS still proves the name.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Final

import httpx
from standardwebhooks import Webhook

from app.notifications.addresses import is_reachable
from app.notifications.rules import Verdict

CONNECT_SECONDS: Final = 5
TOTAL_SECONDS: Final = 10
MOST_ANSWER_BYTES: Final = 64 * 1024
MOST_ADDRESSES: Final = 4
_HTTPS_PORT, _HTTP_PORT = 443, 80
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Answers the addresses of a host; raises OSError or UnicodeError where there are none."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt, and what to show of it: never what the receiver wrote."""

    verdict: Verdict
    error: str | None = None


SENT: Final = Outcome(Verdict.SENT)


async def system_addresses(host: str, port: int) -> Sequence[str]:
    """Answer the addresses of a host as the machine knows them.

    Raises:
        OSError, UnicodeError: there are none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, proto=6)  # TCP
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class WebhookSender:
    """Posts messages; one connection each, kept by nobody: two names may share an address."""

    def __init__(self, client: httpx.AsyncClient, resolve: Resolver, *, allows_loopback: bool) -> None:
        self._client, self._resolve, self._allows_loopback = client, resolve, allows_loopback

    async def send(self, url: str, secret: str, message_id: str, body: str, *, at: datetime) -> Outcome:
        """Post a message, signed as of an instant; at most TOTAL_SECONDS, whatever the receiver does."""
        signature = Webhook(secret).sign(message_id, at, body)
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "rongqiao",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signature,
        }
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                return await self._post(httpx.URL(url), headers, body.encode())
        except TimeoutError:
            return Outcome(Verdict.UNREACHABLE, f"no answer within {TOTAL_SECONDS} s")
        except httpx.InvalidURL:
            return Outcome(Verdict.REFUSED, "the address is none")
        except (OSError, UnicodeError):
            return Outcome(Verdict.UNREACHABLE, "the host is not known")
        except httpx.HTTPError as error:
            return Outcome(Verdict.UNREACHABLE, f"no sound answer ({type(error).__name__})")

    async def _post(self, url: httpx.URL, headers: dict[str, str], body: bytes) -> Outcome:
        port = url.port or (_HTTPS_PORT if url.scheme == "https" else _HTTP_PORT)
        found = await self._resolve(url.host, port)
        if not found or not all(is_reachable(one, allows_loopback=self._allows_loopback) for one in found):
            return Outcome(Verdict.UNREACHABLE, "the host leads to an address that is not public")
        *others, last = found[:MOST_ADDRESSES]
        for address in others:
            try:
                return await self._post_to(address, url, headers, body)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._post_to(last, url, headers, body)

    async def _post_to(self, address: str, url: httpx.URL, headers: dict[str, str], body: bytes) -> Outcome:
        host = url.netloc.decode("ascii")
        async with self._client.stream(
            "POST",
            url.copy_with(host=address),
            headers=headers | {"host": host},
            content=body,
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        ) as answer:
            read = 0
            async for piece in answer.aiter_raw():
                read += len(piece)
                if read > MOST_ANSWER_BYTES:
                    break
        return judged(answer.status_code)


def judged(status: int) -> Outcome:
    """Answer what a receiver's status means; what it says beside the status means nothing."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return SENT
    error = f"HTTP {status}"
    if status == HTTPStatus.GONE:
        return Outcome(Verdict.GONE, error)
    is_down = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS
    return Outcome(Verdict.UNREACHABLE if is_down else Verdict.FAILED, error)


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    """Answer whom TLS believes: the machine's own list, read once."""
    return ssl.create_default_context()


@asynccontextmanager
async def webhook_sender(
    *, allows_loopback: bool, resolve: Resolver = system_addresses
) -> AsyncIterator[WebhookSender]:
    """Open a sender; no proxy, no redirect, no cookie, no connection kept."""
    async with httpx.AsyncClient(
        verify=await asyncio.to_thread(_trust),
        timeout=httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_keepalive_connections=0),
        trust_env=False,
        follow_redirects=False,
    ) as client:
        yield WebhookSender(client, resolve, allows_loopback=allows_loopback)
