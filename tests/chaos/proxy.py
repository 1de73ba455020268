"""A way to a database that can be slow, stand still or break: TCP in front, the server's own socket behind."""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final, Self, TypeVar

Answer = TypeVar("Answer")
Address = Path | tuple[str, int]
"""Where a server listens: a Unix socket, or a host and port."""
CHUNK: Final = 65_536
RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER: on, for no time at all: closing sends a reset."""


class Proxy:
    """Passes bytes on between clients at `port` and a server's Unix socket, in a thread of its own."""

    def __init__(self, target: Address) -> None:
        self._target = target
        self._delay = 0.0
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._open = self._do(_opened())
        self._server = self._do(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_what: object) -> None:
        self.let_through()
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def delay(self, seconds: float) -> None:
        """Hold every piece for so long from now on."""
        self._delay = seconds

    def stall(self) -> None:
        """Pass nothing on until `let_through`; connections stay open."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def let_through(self) -> None:
        """Pass everything on at once again."""
        self._delay = 0.0
        self._loop.call_soon_threadsafe(self._open.set)

    def cut(self) -> int:
        """Break every connection in the middle of whatever it is, with a reset; answer how many there were."""
        return self._do(self._cut())

    def _do(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            behind = await self._connect()
        except OSError:
            await self._end(writer)
            return
        self._writers |= {writer, behind[1]}
        ways = [
            asyncio.create_task(self._pass_on(*way)) for way in ((reader, behind[1]), (behind[0], writer))
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for each in (writer, behind[1]):
                await self._end(each)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(CHUNK):
            await self._open.wait()
            if self._delay:
                await asyncio.sleep(self._delay)
            writer.write(piece)
            await writer.drain()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, Path):
            return await asyncio.open_unix_connection(str(self._target))
        return await asyncio.open_connection(*self._target)

    async def _end(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        writer.close()

    async def _cut(self) -> int:
        found = list(self._writers)
        for writer in found:
            connection = writer.get_extra_info("socket")
            if connection.family == socket.AF_INET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
        return len(found) // 2

    async def _close(self) -> None:
        self._server.close()
        await self._cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


async def _opened() -> asyncio.Event:
    found = asyncio.Event()
    found.set()
    return found
