"""Bodies of requests: each bounded in bytes and pauses, and all that are held at once bounded together."""

import asyncio
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

PAUSE_SECONDS: Final = 30
"""So long a sender may pause within a body."""
MOST_STRANGER_BYTES: Final = 1024 * 1024
"""Who shows no credentials sends no more: signing in and registering need little."""
BODIES_AT_ONCE: Final = 8
"""The largest bodies that may be in memory together; many more small ones fit."""


class BodyRoom:
    """How many bytes of bodies the process holds, and may hold."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self.held = most_bytes, 0


class BoundedBody:
    """Receives one request's body within its bounds; `release` when the request is over."""

    def __init__(self, receive: Receive, most_bytes: int, room: BodyRoom) -> None:
        self._receive, self._most_bytes, self._room = receive, most_bytes, room
        self._seen, self._is_whole = 0, False

    async def __call__(self) -> Message:
        """Receive the next part.

        Raises:
            HTTPException: 413 too large, 408 it does not come, 503 too many bodies at once (FastAPI
                lets only its own kind of exception pass while it reads a body).
        """
        pause = asyncio.timeout(None if self._is_whole else PAUSE_SECONDS)
        try:
            async with pause:
                message = await self._receive()
        except TimeoutError:
            if not pause.expired():
                raise
            raise HTTPException(408, "The body did not come.", {"connection": "close"}) from None
        self._is_whole = not message.get("more_body", False)
        size = len(message.get("body", b""))
        self._seen, self._room.held = self._seen + size, self._room.held + size
        if self._seen > self._most_bytes:
            raise HTTPException(413, too_large(self._most_bytes))
        if self._room.held > self._room.most_bytes:
            raise HTTPException(503, "Too many bodies are being read; send it again.", {"retry-after": "5"})
        return message

    def release(self) -> None:
        """Give back the room of the body."""
        self._room.held -= self._seen
        self._seen = 0


def too_large(most_bytes: int) -> str:
    """Say how large a body may be."""
    return f"The body has more than {most_bytes} bytes (RONGQIAO_MAX_UPLOAD_BYTES; less before signing in)."
