"""What a process remembers of a month is what it would compute afresh, whatever changed meanwhile."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select, update

from app.accounts.rules import Viewer
from app.chains.tables import Chain
from app.coverage import queries, reporting, service
from app.coverage.facts import MonthFacts
from app.coverage.gathering import gather
from app.coverage.ranking import RankingLevel, Sort
from app.coverage.ranking_service import ranking
from app.coverage.reporting import todays_report
from app.coverage.rules import Cut
from app.docking.tables import DockingEvent
from app.enterprises.tables import NeedRevision
from app.institutions.tables import Institution
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.recording import Recorder, reading
from app.whitelist import change_queries
from app.whitelist.tables import EntryWithdrawal, WhitelistEntry
from tests.docking.world import ASSIGNED, World, add_entry, add_event, assign, build_world, entry_code

MONTH = "2023-09"
KINDS = ("accepted", "contacted", "credit_approved", "declined", "disbursed", "visited")
BANKS = ("icbc", "icbc-hrb", "icbc-dl", "lj", "ccb")
CHANGES = 40


class Town:
    """A small roster in which anything may happen next."""

    def __init__(self, world: World, chance: Random) -> None:
        self.world, self.chance, self.sequence = world, chance, 0
        self.ways: tuple[Callable[[AsyncSession], Awaitable[Any]], ...] = (
            self.log, self.log, self.log, self.correct, self.pass_on, self.withdraw, self.reopen, self.list_another,
            self.change_entry, self.rename, self.reword,
        )  # fmt: skip

    async def go_on(self, session: AsyncSession) -> None:
        await self.chance.choice(self.ways)(session)

    def code(self) -> str:
        return self.chance.choice(sorted(self.world.entries))

    def at(self) -> Any:
        return ASSIGNED + timedelta(days=self.chance.randrange(40))

    async def log(self, session: AsyncSession) -> None:
        self.sequence += 1
        await add_event(
            session,
            self.world,
            self.code(),
            self.chance.choice(KINDS),
            self.chance.choice(BANKS),
            self.at(),
            sequence=self.sequence,
            amount_fen=self.chance.randrange(1, 10**9),
            is_simulated=self.chance.random() < 0.2,
        )

    async def correct(self, session: AsyncSession) -> None:
        voided = select(DockingEvent.corrects).where(DockingEvent.corrects.is_not(None))
        wrong = select(DockingEvent).where(
            DockingEvent.corrects.is_(None), DockingEvent.sequence.not_in(voided)
        )
        found = (await session.scalars(wrong.order_by(DockingEvent.id))).first()
        if found is None:
            return
        self.sequence += 1
        session.add(
            DockingEvent(
                entry_id=found.entry_id, sequence=self.sequence, kind="corrected", corrects=found.sequence,
                occurred_at=self.at(), recorded_at=self.at(), actor="test", detail={}, is_simulated=False,
            )
        )  # fmt: skip

    async def pass_on(self, session: AsyncSession) -> None:
        await assign(session, self.world, self.code(), self.chance.choice(BANKS), self.at())

    async def _entry(self, session: AsyncSession) -> WhitelistEntry:
        return await session.get_one(WhitelistEntry, self.world.entries[self.code()])

    async def withdraw(self, session: AsyncSession) -> None:
        entry = await self._entry(session)
        if entry.withdrawn_at is None:
            entry.withdrawn_at = self.at()

    async def reopen(self, session: AsyncSession) -> None:
        entry = await self._entry(session)
        if entry.withdrawn_at is not None:
            session.add(
                EntryWithdrawal(
                    entry_id=entry.id, withdrawn_at=entry.withdrawn_at, withdrawn_by="t", reason="误报",
                    reopened_at=entry.withdrawn_at + timedelta(days=3), reopened_by="t", reopen_reason="更正",
                )
            )  # fmt: skip
            entry.withdrawn_at = None

    async def list_another(self, session: AsyncSession) -> None:
        await add_entry(session, self.world, len(self.world.entries))

    async def change_entry(self, session: AsyncSession) -> None:
        entry = await self._entry(session)
        match self.chance.randrange(4):
            case 0:
                entry.amount_fen += 100
            case 1:
                entry.chain_code = None if entry.chain_code else "aero"
            case 2:
                entry.size_class = self.chance.choice(("small", "large", None))
            case _:
                entry.status = "refused" if entry.status == "admitted" else "admitted"

    async def rename(self, session: AsyncSession) -> None:
        number = self.chance.randrange(1_000)
        table, name = self.chance.choice(((Institution, Institution.short_name), (Chain, Chain.name)))
        await session.execute(update(table).values({name: f"名{number}"}))

    async def reword(self, session: AsyncSession) -> None:
        entry = await self._entry(session)
        revision = await session.get_one(NeedRevision, entry.need_revision_id)
        revision.facts = revision.facts | {"first_loan": self.chance.choice((True, False))}


async def found_by(
    sessions: Sessions, viewer: Viewer, recorder: Recorder | None
) -> tuple[MonthFacts, dict[str, Any]]:
    """Answer a month as who only reads sees it, or as it is gathered afresh."""
    opened = transaction(sessions, writes=False) if recorder is None else reading(sessions, recorder)
    async with opened as session:
        edition = await queries.edition_by_code(session, viewer, "2023H2")
        assert edition is not None
        return await todays_report(session, viewer, MONTH, edition, tuple(Cut))


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_remembered_is_what_would_be_computed_afresh_after_any_changes(
    sessions: Sessions, viewer: Viewer, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    gathered, recorder = list[str](), Recorder()

    async def counted(*asked: Any) -> MonthFacts:
        gathered.append("all of it")
        return await gather(*asked)

    monkeypatch.setattr(reporting, "gather", counted)
    async with transaction(sessions) as session:
        world = await build_world(session, ("icbc-dl", "lj", None, "icbc-dl", "ccb"))
    town = Town(world, Random(seed))
    for _ in range(CHANGES):
        for _ in range(town.chance.randrange(1, 3)):
            async with transaction(sessions) as session:
                await town.go_on(session)
        found = await found_by(sessions, viewer, recorder)
        again = await found_by(sessions, viewer, recorder)
        before = len(gathered)
        assert found == await found_by(sessions, viewer, None)
        del gathered[before:]
        assert again[0] is found[0], "nothing changed in between"
    assert len(gathered) < CHANGES / 2, "mostly no more than what changed is gathered"


async def test_what_was_not_kept_yet_when_somebody_looked_is_seen_when_it_is(
    sessions: Sessions, viewer: Viewer
) -> None:
    recorder = Recorder()
    async with transaction(sessions) as session:
        world = await build_world(session, ("icbc-dl", "lj"))
    if sessions.kw["bind"].dialect.name == "sqlite":
        async with sessions() as session:
            assert (await change_queries.changes(session, None)).entries is None
        return
    before, _report = await found_by(sessions, viewer, recorder)
    async with transaction(sessions) as slow:
        await add_event(slow, world, entry_code(0), "contacted", "icbc-dl", ASSIGNED, sequence=1)
        async with transaction(sessions) as fast:  # numbered after the slow one, and kept before it
            await add_event(fast, world, entry_code(1), "contacted", "lj", ASSIGNED, sequence=1)
        between, _report = await found_by(sessions, viewer, recorder)
    after, _report = await found_by(sessions, viewer, recorder)
    reached = [
        [bool(party.contacted_at) for entry in facts.entries for party in entry.parties]
        for facts in (before, between, after)
    ]
    assert reached == [[False, False], [False, True], [True, True]]


async def test_rows_that_were_removed_as_old_make_all_be_gathered(
    sessions: Sessions, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_queries, "MOST_KEPT", 0)
    async with transaction(sessions) as session:
        world = await build_world(session)
    async with sessions() as session:
        seen = (await change_queries.changes(session, None)).seen
    async with transaction(sessions) as session:
        await add_event(session, world, entry_code(0), "contacted", "icbc-dl", ASSIGNED, sequence=1)
    async with sessions() as session:
        assert (await change_queries.changes(session, seen)).entries == frozenset(
            {world.entries[entry_code(0)]}
        )
    async with transaction(sessions) as session:
        await change_queries.forget_old(session)
    async with sessions() as session:
        assert (await change_queries.changes(session, seen)).entries is None


async def test_a_closed_month_is_shown_and_ranked_as_afresh_after_any_changes(
    sessions: Sessions, viewer: Viewer
) -> None:
    recorder, now = Recorder(), ASSIGNED + timedelta(days=60)
    async with transaction(sessions) as session:
        world = await build_world(session, ("icbc-dl", "lj", None, "icbc-dl", "ccb"))
        await service.close(session, viewer, MONTH, now=now)
    town, restated = Town(world, Random(7)), 0
    for _ in range(CHANGES // 4):
        async with transaction(sessions) as session:
            await town.go_on(session)
        shown = []
        for opened in (reading(sessions, recorder), reading(sessions, recorder), transaction(sessions)):
            async with opened as session:
                by = await service.show_by(session, viewer, MONTH, tuple(Cut), now=now)
                ranks = [
                    await ranking(session, viewer, MONTH, level, Sort.COVERAGE, now=now)
                    for level in RankingLevel
                ]
                shown.append((by, ranks))
        assert shown[0] == shown[1] == shown[2]
        restated += any(row.restated for row in shown[0][0][Cut.REGION].rows)
    assert restated
