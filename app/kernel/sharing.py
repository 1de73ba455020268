"""One look for all who ask the same at one moment: whoever asks gets what was looked up after they asked."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Found = TypeVar("Found")


class SharedLook(Generic[Found]):
    """Looks something up, once for all who wait when a look begins; who comes later waits for the next."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[Found]] = []
        self._work: asyncio.Task[None] | None = None

    async def ask(self, look: Callable[[], Awaitable[Found]]) -> Found:
        """Answer what a look finds that begins after this was asked.

        Raises:
            Exception: what the look raised.
        """
        asked: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        self._waiting.append(asked)
        if self._work is None:
            self._work = asyncio.create_task(self._answer(look), name="shared look")
        return await asked

    @property
    def is_idle(self) -> bool:
        """Tell whether nobody waits."""
        return self._work is None

    async def _answer(self, look: Callable[[], Awaitable[Found]]) -> None:
        asked: list[asyncio.Future[Found]] = []
        try:
            while self._waiting:
                asked, self._waiting = self._waiting, []
                try:
                    found = await look()
                except Exception as error:  # noqa: BLE001 - each that asked is told
                    for each in asked:
                        if not each.done():
                            each.set_exception(error)
                else:
                    for each in asked:
                        if not each.done():
                            each.set_result(found)
        finally:
            for each in (*asked, *self._waiting):  # nobody waits for what was stopped
                each.cancel()
            self._waiting, self._work = [], None


class SharedLooks(Generic[Found]):
    """A shared look for each thing that is asked for, as long as somebody waits for it."""

    def __init__(self) -> None:
        self._looks: dict[Hashable, SharedLook[Found]] = {}

    async def ask(self, key: Hashable, look: Callable[[], Awaitable[Found]]) -> Found:
        """Answer what a look for this key finds that begins after this was asked."""
        shared = self._looks.setdefault(key, SharedLook())
        try:
            return await shared.ask(look)
        finally:
            if shared.is_idle and self._looks.get(key) is shared:
                del self._looks[key]
