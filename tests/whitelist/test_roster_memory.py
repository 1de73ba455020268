"""What a roster says is remembered as a dictionary would, in its order, and forgotten on every way out of an import."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession
from app.whitelist import import_service, writing
from app.whitelist.import_rules import ImportOptions
from app.whitelist.import_service import RosterRefused, import_roster
from app.whitelist.roster_check import Firm
from app.whitelist.roster_memory import RosterMemory
from app.whitelist.shelf import Shelf
from tests.whitelist.rosters import good_row, workbook

CODES = st.sampled_from(["91230102MA1", "91230102MA2", "91230102MA3", "91230102MA4"])
ROWS = st.lists(st.tuples(CODES, st.none() | st.sampled_from("甲乙"), st.text(max_size=3)), max_size=30)


@given(ROWS, st.sets(CODES), st.integers(1, 4))
def test_the_memory_answers_as_a_dictionary_does(
    rows: list[tuple[str, str | None, str]], settled: set[str], size: int
) -> None:
    stated: dict[tuple[str, str | None], int] = {}
    named: dict[str, tuple[str, int]] = {}
    firms: dict[str, Firm] = {}
    with RosterMemory() as memory:
        for row, (uscc, project, name) in enumerate(rows, start=2):
            firm = Firm(name, "230102", row)
            memory.keep(uscc, firm)
            assert memory.first_row(uscc, project, row) == stated.setdefault((uscc, project), row)
            assert memory.first_name(uscc, name, row) == named.setdefault(uscc, (name, row))
            assert memory.firms_of([uscc, "nobody"]) == {uscc: firms.setdefault(uscc, firm)}
        memory.settle(settled)
        pages = list(memory.firms(size))
        assert [one for page in pages for one in page] == [
            (uscc, firm, uscc in settled) for uscc, firm in firms.items()
        ]
        assert all(len(page) <= size for page in pages)
        assert memory.has_unsettled() == (not firms.keys() <= settled)


def test_a_memory_may_be_used_from_thread_to_thread_and_closed_under_one_that_uses_it() -> None:
    memory, refusals = RosterMemory(), []

    def work() -> None:
        try:
            for row in range(10**9):
                memory.first_row(f"{row}", None, row)
        except sqlite3.ProgrammingError as refusal:
            refusals.append(refusal)

    memory.keep("91230102MA1", Firm("甲", "230102", 2))
    worker = threading.Thread(target=work)
    worker.start()
    memory.close()
    worker.join()
    assert len(refusals) == 1


@given(st.lists(st.text(max_size=3), max_size=8))
def test_a_shelf_is_a_list_that_may_be_gone_through_again_and_inside_itself(values: list[str]) -> None:
    with Shelf[str]() as shelf:
        for value in values:
            shelf.append(value)
        assert [(one, other) for one in shelf for other in shelf] == [
            (one, other) for one in values for other in values
        ]
        shelf.append("last")
        assert list(shelf) == [*values, "last"]
    with pytest.raises(ValueError, match="closed"):
        list(shelf)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every memory and shelf that is opened."""
    made: list[Any] = []
    for kind in (RosterMemory, Shelf):
        begin: Callable[[Any], None] = kind.__init__

        def note(self: Any, begin: Callable[[Any], None] = begin) -> None:
            begin(self)
            made.append(self)

        monkeypatch.setattr(kind, "__init__", note)
    return made


def is_closed(one: Any) -> bool:
    if isinstance(one, Shelf):
        return bool(one._file.closed)
    try:
        one.has_unsettled()
    except sqlite3.ProgrammingError:
        return True
    return False


def interrupt(*_arguments: Any, **_options: Any) -> Any:
    raise KeyboardInterrupt


def interrupt_writing(done: int, total: int) -> None:
    if done > total // 2:
        raise KeyboardInterrupt


NAMES = ["哈尔滨盛兴机械制造有限公司", "哈尔滨盛兴机械制造有限责任公司"]
GOOD = [good_row(number, 企业名称=name) for number, name in enumerate(NAMES, start=1)]
FAULTY = good_row(3, 首贷户="?")
TAKE = ImportOptions(opens_edition=True)
PREVIEW, TAKE_VALID = replace(TAKE, dry_run=True), replace(TAKE, accept_valid=True)
# A memory with its shelf of rows, three of registered firms, and where names are compared three of the roster's.
READ, EVERY, COMPARED = 2, 5, 8


@pytest.mark.parametrize(
    ("rows", "options", "refusal", "count"),
    [
        (GOOD, TAKE, None, COMPARED),
        (GOOD, PREVIEW, None, COMPARED),
        ([*GOOD, FAULTY], PREVIEW, None, COMPARED),
        ([*GOOD, FAULTY], TAKE_VALID, None, COMPARED),
        ([FAULTY], TAKE_VALID, None, EVERY),
        ([*GOOD, FAULTY], TAKE, RosterRefused, READ),
    ],
)
async def test_memory_and_shelves_are_closed_whether_a_roster_is_taken_or_not(
    session: AsyncSession,
    viewer: Viewer,
    now: datetime,
    opened: list[Any],
    rows: list[dict[str, Any]],
    options: ImportOptions,
    refusal: type[Exception] | None,
    count: int,
) -> None:
    async def take() -> None:
        file = workbook(rows)
        await import_roster(session, viewer, "2023H2", file, "名单.xlsx", now=now, options=options)

    if refusal is None:
        await take()
    else:
        with pytest.raises(refusal):
            await take()
    assert [is_closed(one) for one in opened] == [True] * count


@pytest.mark.parametrize(
    ("where", "progress", "count"),
    [
        ((writing, "find_namesakes"), None, COMPARED),
        ((import_service, "check_roster"), None, READ),
        ((writing, "draft_entry"), None, COMPARED),
        (None, interrupt, READ),
        (None, interrupt_writing, COMPARED),
    ],
)
async def test_memory_and_shelves_are_closed_wherever_an_import_is_interrupted(
    session: AsyncSession,
    viewer: Viewer,
    now: datetime,
    opened: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    where: tuple[Any, str] | None,
    progress: Callable[[int, int], None] | None,
    count: int,
) -> None:
    if where is not None:
        monkeypatch.setattr(*where, interrupt)
    file = workbook(GOOD)
    with pytest.raises(KeyboardInterrupt):
        await import_roster(
            session, viewer, "2023H2", file, "名单.xlsx", now=now, options=TAKE, progress=progress
        )
    assert [is_closed(one) for one in opened] == [True] * count


async def test_an_import_that_is_given_up_while_names_are_compared_closes_all(
    session: AsyncSession, viewer: Viewer, now: datetime, opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    is_comparing, may_end = threading.Event(), threading.Event()

    def compare(*_arguments: Any) -> dict[str, Any]:
        is_comparing.set()
        may_end.wait()
        return {}

    monkeypatch.setattr(writing, "find_namesakes", compare)
    file = workbook(GOOD)
    task = asyncio.create_task(
        import_roster(session, viewer, "2023H2", file, "名单.xlsx", now=now, options=TAKE)
    )
    await asyncio.to_thread(is_comparing.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [is_closed(one) for one in opened] == [True] * EVERY + [False] * 3  # the thread holds the roster's
    may_end.set()
    await asyncio.to_thread(_wait_until_closed, opened)


def _wait_until_closed(opened: list[Any]) -> None:
    while not all(map(is_closed, opened)):
        threading.Event().wait(0.01)
