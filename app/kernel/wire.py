"""The server's HTTP/1.1 with a bounded head: so many bytes, so many headers, so much time, then the connection closes.

uvicorn bounds neither, and what wraps a request (kernel/envelope.py) begins only when its head is there.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MOST_HEAD_BYTES: Final = 64 * 1024
MOST_HEADERS: Final = 100
HEAD_SECONDS: Final = 20
MOST_CONNECTIONS: Final = 1_000
"""Beyond it requests are still answered: with 503, and the connection closes (kernel/shedding.py)."""


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose next request's head is too long, has too many headers, or does not come."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_in_head, self._head_bytes = True, 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # narrower than asyncio's, as uvicorn's is
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_here()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        was_in_head = self._is_in_head
        if was_in_head and self._head_timer is None:
            self._await_head()
        super().data_received(data)
        if self._is_in_head and not self.transport.is_closing():
            # What came with the end of the request before is not counted: at most one read of the socket.
            self._head_bytes += len(data) if was_in_head else 0
            if self._head_bytes > MOST_HEAD_BYTES:
                self._refuse("The head of the request is too long.")

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        if len(self.headers) > MOST_HEADERS:
            msg = "too many headers"
            raise ValueError(msg)  # the parser stops, and uvicorn answers 400

    def on_headers_complete(self) -> None:
        self._head_is_here()
        self._is_in_head = False
        self.scope["state"]["is_one_too_many"] = len(self.connections) > MOST_CONNECTIONS
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._is_in_head, self._head_bytes = True, 0

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._refuse, "The request did not come.")

    def _head_is_here(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, why: str) -> None:
        self._head_timer = None
        cycle: RequestResponseCycle | None = self.cycle
        is_answering = cycle is not None and not cycle.response_complete
        if self._head_bytes and not is_answering and not self.transport.is_closing():
            self.send_400_response(why)
        self.transport.close()
