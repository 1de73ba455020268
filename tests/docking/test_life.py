"""The whole life of an entry: facts of several rooms, each from the room that owns it, in the order of time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Grant, Role, Viewer
from app.docking import history_service, life_service, service
from app.docking.kinds import EventKind
from app.docking.life import LIFE_LABELS, LifeEvent, LifeKind, merged
from app.docking.schemas import EventIn
from app.kernel.errors import NotFound
from app.kernel.paging import PageRequest
from app.kernel.shanghai import shanghai_date
from app.visibility.service import narrow
from tests.docking.world import ADMITTED, ASSIGNED, assign, build_world, entry_code

ENTRY = entry_code(0)
KINDS = [*LifeKind, *EventKind]


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from(KINDS))))
def test_a_life_is_in_the_order_of_time_and_causes_come_first(drawn: list[tuple[int, EventKind]]) -> None:
    start = datetime(2023, 9, 1, tzinfo=UTC)
    events = [LifeEvent(start + timedelta(hours=hour), kind) for hour, kind in drawn]
    life = merged(events)
    assert sorted(map(id, life)) == sorted(map(id, events))
    for before, after in pairwise(life):
        assert before.at <= after.at
        assert before.at < after.at or after.kind is not LifeKind.ADMITTED or before.kind is LifeKind.ADMITTED


def test_every_kind_has_its_chinese_word() -> None:
    assert set(LIFE_LABELS) == {kind.value for kind in KINDS}


async def _lived(session: AsyncSession, viewer: Viewer) -> None:
    world = await build_world(session)
    for day, kind in ((1, "accepted"), (2, "contacted")):
        event = EventIn.model_validate({"kind": kind})
        await service.log_event(session, viewer, ENTRY, event, now=ASSIGNED + timedelta(days=day))
    wrong = EventIn.model_validate({"kind": "corrected", "corrects": 2, "evidence": "并未联系到企业"})
    await service.log_event(session, viewer, ENTRY, wrong, now=ASSIGNED + timedelta(days=3))
    await assign(session, world, ENTRY, "lj", ASSIGNED + timedelta(days=4))


async def test_a_life_tells_who_got_the_entry_when_and_what_happened(
    session: AsyncSession, viewer: Viewer
) -> None:
    await _lived(session, viewer)
    life = await life_service.life_of(session, viewer, ENTRY)
    assert [(one.kind, one.who, one.is_voided) for one in life] == [
        ("admitted", None, False),
        ("assigned", "icbc-dl", False),
        ("accepted", "icbc-dl", False),
        ("contacted", "icbc-dl", True),
        ("corrected", "icbc-dl", False),
        ("rerouted", "lj", False),
    ]
    assert life[0].at == ADMITTED


async def test_an_auditor_reads_it_and_a_bank_without_a_consent_does_not(
    session: AsyncSession, viewer: Viewer
) -> None:
    await _lived(session, viewer)
    auditor = Viewer("auditor", viewer.jurisdiction, (Grant(Role.AUDITOR),), person=1)
    narrow(session, auditor, shanghai_date(ASSIGNED))
    assert len(await life_service.life_of(session, auditor, ENTRY)) == 6
    bank = Viewer("bank", viewer.jurisdiction, (Grant(Role.BANK_ADMINISTRATOR, "lj"),), person=2)
    narrow(session, bank, shanghai_date(ASSIGNED))
    with pytest.raises(NotFound):
        await life_service.life_of(session, bank, ENTRY)


async def test_a_life_of_more_events_than_are_read_at_first_is_whole_and_so_is_each_page(
    session: AsyncSession, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _lived(session, viewer)
    whole = await life_service.life_of(session, viewer, ENTRY)
    listed = (await history_service.events_page(session, viewer, ENTRY, PageRequest(limit=2))).items
    for first in (1, 2, 3, 4):
        monkeypatch.setattr(history_service, "_FIRST_ROWS", first)
        assert await life_service.life_of(session, viewer, ENTRY) == whole
        page = await history_service.events_page(session, viewer, ENTRY, PageRequest(limit=2))
        assert [one.sequence for one in page.items] == [one.sequence for one in listed] == [1, 2]
        rest = await history_service.events_page(
            session, viewer, ENTRY, PageRequest(limit=2, cursor=page.next)
        )
        assert ([one.sequence for one in rest.items], rest.next) == ([3], None)
