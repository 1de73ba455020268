"""Makes those who ask at the same time meet at the worst moment: when each has read, and none has written yet."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.util import await_only

from tests.concurrency.town import Town

PATIENCE: Final = 0.05
"""Seconds that who has come waits for the others: a lock, if there is one, keeps them where they have read nothing yet."""
WRITING: Final = ("UPDATE", "INSERT", "DELETE")


@contextmanager
def at_the_first_write(town: Town, guests: int = 2) -> Iterator[None]:
    """Let so many requests wait for each other before the first row that each of them writes."""
    come: set[Any] = set()
    complete = asyncio.Event()

    async def arrive() -> None:
        if len(come) == guests:
            complete.set()
        try:
            await asyncio.wait_for(complete.wait(), PATIENCE)
        except TimeoutError:
            complete.set()  # whoever is missing is kept waiting by a lock

    def before(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        task = asyncio.current_task()
        if task not in come and not complete.is_set() and statement.startswith(WRITING):
            come.add(task)
            await_only(arrive())

    engines = [one.kw["bind"].sync_engine for one in town.sessions]
    if engines[0].dialect.name == "sqlite":
        engines = []  # who writes has the only pen from the start: nobody else has read yet
    for engine in engines:
        event.listen(engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", before)
