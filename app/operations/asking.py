"""Questions that may take long, asked by many: put once at a time, and nobody waits longer than so."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, TypeVar

from app.kernel.clock import elapsed_seconds

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Failure:
    """What went wrong, and where: a task forgets the latter once it was told."""

    error: Exception
    trace: TracebackType | None


class Asked(Generic[Answer]):
    """One question; its answer, also that there is none, counts for `keep_seconds`.

    Who cannot wait leaves, and the question goes on: a database that hangs would keep also those waiting
    who only want to stop it.
    """

    def __init__(
        self, ask: Callable[[], Awaitable[Answer]], *, keep_seconds: float, wait_seconds: float
    ) -> None:
        self._ask, self._keep_seconds, self._wait_seconds = ask, keep_seconds, wait_seconds
        self._task: asyncio.Task[Answer | _Failure] | None = None
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
        await asyncio.wait({task}, timeout=self._wait_seconds)
        if not task.done():
            raise TimeoutError
        result = task.result()
        if isinstance(result, _Failure):
            raise result.error.with_traceback(result.trace)
        return result

    async def close(self) -> None:
        """Ask no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _is_stale(self, task: "asyncio.Task[Answer | _Failure]") -> bool:
        return task.done() and elapsed_seconds() - self._ended_at >= self._keep_seconds

    async def _put(self) -> Answer | _Failure:
        try:
            return await self._ask()
        except Exception as error:  # noqa: BLE001 - told to everybody who asks
            return _Failure(error, error.__traceback__)
        finally:
            self._ended_at = elapsed_seconds()
