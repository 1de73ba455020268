"""What is typed of a need is its person's own, kept step by step, and bounded."""

from datetime import UTC, datetime

import pytest

from app.accounts.rules import Grant, Role, Viewer, local_operator
from app.enterprises import draft_service
from app.enterprises.draft_service import DraftKey, drop_draft, keep_step, mark_of, own_drafts, read_draft
from app.kernel.database import Sessions
from app.kernel.errors import Forbidden, PreconditionFailed, Refused
from tests.accounts.offices import person, working

USCC = "91230199MA1BQXYE20"
NOW = datetime(2023, 11, 15, 2, tzinfo=UTC)
KEY = DraftKey(USCC)
FIVE, SIX = {"amount": ["５００"]}, {"amount": ["six"]}


@pytest.fixture
async def people(sessions: Sessions) -> list[Viewer]:
    """Two people of the firm."""
    return [await person(sessions, name, (Role.ENTERPRISE, USCC)) for name in ("zhao.qi", "qian.qi")]


async def keep(
    sessions: Sessions, viewer: Viewer, answers: draft_service.Answers, seen: str, step: str = "use"
) -> None:
    async with working(sessions, viewer) as session:
        await keep_step(session, viewer, KEY, step, answers, seen=seen, base_revision=0, now=NOW)


async def test_a_draft_is_kept_as_typed_for_its_person_alone(
    sessions: Sessions, people: list[Viewer]
) -> None:
    mine, colleague = people
    await keep(sessions, mine, FIVE, "")
    await keep(sessions, mine, {}, "", "terms")
    async with working(sessions, colleague) as session:
        assert await read_draft(session, colleague, KEY) is None
        assert await own_drafts(session, colleague) == []
        assert not await drop_draft(session, colleague, KEY)
    async with working(sessions, mine) as session:
        [found] = await own_drafts(session, mine)
        assert found.answers == {"use": FIVE, "terms": {}}
        assert await drop_draft(session, mine, KEY)
        assert await read_draft(session, mine, KEY) is None


async def test_of_two_windows_that_change_a_step_the_second_is_told(
    sessions: Sessions, people: list[Viewer]
) -> None:
    mine = people[0]
    await keep(sessions, mine, FIVE, "")
    with pytest.raises(PreconditionFailed):
        await keep(sessions, mine, SIX, "")
    await keep(sessions, mine, FIVE, "")  # the same once more is no quarrel
    await keep(sessions, mine, SIX, mark_of(FIVE))
    async with working(sessions, mine) as session:
        draft = await read_draft(session, mine, KEY)
        assert draft is not None
        assert draft.answers["use"] == SIX


async def test_drafts_are_bounded_and_of_firms_that_one_speaks_for(
    sessions: Sessions, people: list[Viewer], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = people[0]
    with pytest.raises(Refused):
        await keep(sessions, mine, {"name": ["长" * draft_service.MOST_CHARACTERS]}, "")
    stranger = Viewer("x", "230000", (Grant(Role.ENTERPRISE, "91230102MA1B0F0X0F"),), mine.person)
    with pytest.raises(Forbidden):
        await keep(sessions, stranger, FIVE, "")
    with pytest.raises(Forbidden):
        await keep(sessions, local_operator("230000"), FIVE, "")
    await keep(sessions, mine, FIVE, "")
    monkeypatch.setattr(draft_service, "MOST_DRAFTS", 1)
    async with working(sessions, mine) as session:
        with pytest.raises(Refused):
            await keep_step(
                session, mine, DraftKey(USCC, USCC), "use", FIVE, seen="", base_revision=1, now=NOW
            )
