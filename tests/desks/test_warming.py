"""A server prepares what its first pages would wait for, and is never the worse for it."""

import asyncio
from typing import Any

import pytest

from app.accounts.rules import Viewer, local_operator
from app.allocation import cards_keeping, cards_queries
from app.desks import warming
from app.kernel.clock import shanghai_today
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.recording import Recorder, reading
from app.kernel.settings import Settings
from app.visibility.service import narrow
from tests.docking.world import build_world

JURISDICTION = "230000"


async def test_a_step_that_fails_is_named_and_those_after_it_are_taken(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[str] = []

    async def broken(_session: AsyncSession, _viewer: Viewer) -> None:
        raise OSError

    async def sound(_session: AsyncSession, viewer: Viewer) -> None:
        taken.append(viewer.jurisdiction)

    monkeypatch.setattr(warming, "STEPS", (broken, sound))
    assert await warming.prepare(sessions, JURISDICTION) == ["broken"]
    assert taken == [JURISDICTION]


async def test_what_cards_are_made_of_is_read_before_anybody_asks(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with transaction(sessions) as session:
        world = await build_world(session, ("icbc-dl", "ccb"))
    monkeypatch.setattr(warming, "STEPS", [one for one in warming.STEPS if "charts" not in one.__name__])
    failed = await warming.prepare(sessions, JURISDICTION)
    assert not {"months", "cards"} & set(failed)

    async def never(*_args: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(cards_queries, "card_rows", never)
    async with reading(sessions, Recorder()) as session:
        narrow(session, local_operator(JURISDICTION), shanghai_today())
        edition_id = world.edition_id
        assert len((await cards_keeping.edition_of(session, edition_id, {})).entries) == len(world.entries)


@pytest.mark.parametrize(("seconds", "expected"), [(0.0, []), (0.001, [JURISDICTION])])
async def test_it_begins_after_the_start_unless_it_is_switched_off(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, seconds: float, expected: list[str]
) -> None:
    taken: list[str] = []
    done = asyncio.Event()

    async def noted(_session: AsyncSession, viewer: Viewer) -> None:
        taken.append(viewer.jurisdiction)
        done.set()

    monkeypatch.setattr(warming, "STEPS", (noted,))
    async with warming.warming(sessions, Settings(warm_seconds=seconds)):
        assert taken == []
        if expected:
            await done.wait()
        else:
            await asyncio.sleep(0.01)
    assert taken == expected
