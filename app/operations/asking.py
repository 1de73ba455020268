"""Questions that may take long, asked by many: put once at a time, and nobody waits longer than so."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Generic, TypeVar

from app.kernel.clock import elapsed_seconds

Answer = TypeVar("Answer")


class Asked(Generic[Answer]):
    """One question; its answer, also that there is none, counts for `keep_seconds`.

    Who cannot wait leaves, and the question goes on: a database that hangs would keep also those waiting
    who only want to stop it.
    """

    def __init__(
        self, ask: Callable[[], Awaitable[Answer]], *, keep_seconds: float, wait_seconds: float
    ) -> None:
        self._ask, self._keep_seconds, self._wait_seconds = ask, keep_seconds, wait_seconds
        self._task: asyncio.Task[Answer] | None = None
        self._ended_at = 0.0

    async def answer(self) -> Answer:
        """Answer what is known, or ask.

        Raises:
            TimeoutError: nothing has come in time.
            Exception: whatever the asking raised.
        """
        task = self._task
        if task is None or self._is_stale(task):
            task = self._task = asyncio.create_task(self._put())
            task.add_done_callback(self._end)
        await asyncio.wait({task}, timeout=self._wait_seconds)
        if not task.done():
            raise TimeoutError
        return task.result()

    async def close(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await self._task

    def _is_stale(self, task: "asyncio.Task[Answer]") -> bool:
        return task.done() and elapsed_seconds() - self._ended_at >= self._keep_seconds

    async def _put(self) -> Answer:
        return await self._ask()

    def _end(self, task: "asyncio.Task[Answer]") -> None:
        self._ended_at = elapsed_seconds()
        if not task.cancelled():
            task.exception()  # heard, also when nobody waits any more
