from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.rules import Viewer
from app.allocation import service as allocation
from app.allocation.tables import Assignment
from app.bottlenecks import service as bottlenecks
from app.bottlenecks.schemas import CaseFilter
from app.cli.demo import is_demo_there, worth_trying
from app.cli.line import Done
from app.coverage import service as coverage
from app.coverage.schemas import FiguresOut
from app.institutions import service as institutions
from app.institutions.kinds import InstitutionKind
from app.institutions.schemas import InstitutionIn
from app.kernel.database import AsyncSession, transaction
from app.kernel.errors import Conflict
from app.kernel.paging import PageRequest
from app.matching import service as matching
from app.whitelist import service as whitelist
from tests.databases import migrate
from tests.line.conftest import ENTRIES, LATER, Line, walked

LEVELS = ("assigned", "contacted", "answered", "credited", "disbursed")
ALL = PageRequest(limit=200)


def results(line: Line, name: str) -> list[Any]:
    return [done.result for done in line.done if done.stage.name.split()[0] == name]


def levels(figures: FiguresOut) -> list[int]:
    return [figures.entries, *(getattr(figures, level).numerator for level in LEVELS)]


async def test_every_admitted_entry_has_one_responsible_party(line: Line) -> None:
    async with transaction(line.sessions, writes=False) as session:
        for half in line.plan.half_years:
            edition = await whitelist.edition(session, line.viewer, half.edition)
            admitted = await whitelist.admitted_entries(session, line.viewer, edition.id)
            assigned = await allocation.current_assignments(session, line.viewer, edition.id)
            assert [row.entry_id for row in assigned] == [entry.entry_id for entry in admitted]
            assert all(row.institution_id is not None or row.responsible_body for row in assigned)
            assert len({row.kind for row in assigned}) == 3


async def test_a_roster_with_blemishes_has_faults_refusals_reviews_and_every_route(line: Line) -> None:
    counts, match = results(line, "roster")[0].counts, results(line, "match")[0].counts
    assert counts.rows == counts.faulty + counts.new > ENTRIES
    assert (counts.faulty, counts.refused, counts.review, counts.duplicates) == (1, 1, 5, 1)
    assert counts.admitted == match.entries > 3 * match.without_product > 0
    async with transaction(line.sessions, writes=False) as session:
        cases = await bottlenecks.list_cases(session, line.viewer, ALL, CaseFilter(edition="2023H2"))
    routes = {route for found in results(line, "bottlenecks") for route in found.routes}
    assert {"elements", "a", "b", "c", "policy_gap"} <= routes
    assert {case.cause for case in cases.items} == {"no_product", "declined"}


async def test_levels_lie_in_each_other_and_coverage_rises(line: Line) -> None:
    async with transaction(line.sessions, writes=False) as session:
        for half in line.plan.half_years:
            months = [
                levels((await coverage.show(session, line.viewer, month, now=LATER)).total)
                for month in half.months
            ]
            assert all(wider >= narrower for month in months for wider, narrower in pairwise(month))
            assert all(
                before <= after
                for earlier, later in pairwise(months)
                for before, after in zip(earlier, later, strict=True)
            )
            assert months[-1][2] > months[-1][0] / 2


async def test_closed_months_stay_as_they_were_closed(line: Line) -> None:
    closed = {one.month: one.facts_sha256 for one in results(line, "close")}
    async with transaction(line.sessions, writes=False) as session:
        verified = [await coverage.verify(session, line.viewer, month) for month in closed]
    assert [one.is_intact for one in verified] == [True] * 3
    assert {one.closed.month: one.found_sha256 for one in verified} == closed


async def test_the_checker_proves_every_allocation(line: Line) -> None:
    async with transaction(line.sessions, writes=False) as session:
        for run in results(line, "allocate"):
            report = await allocation.check_run(session, line.viewer, run.id)
            assert (report.feasible, report.optimal, report.optimality_gap) == (True, True, 0)
            assert report.hashes_hold


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    url = f"sqlite+aiosqlite:///{tmp_path}/again.db"
    migrate(url)
    return url


async def test_the_same_seed_gives_the_same_hashes_on_any_database(line: Line, sqlite_url: str) -> None:
    again = await walked(sqlite_url)
    await again.sessions.kw["bind"].dispose()
    assert [hashes(done) for done in again.done] == [hashes(done) for done in line.done]
    assert sum(bool(hashes(done)) for done in line.done) > 10


def hashes(done: Done) -> dict[str, str]:
    fields = ("content_hash", "inputs_hash", "result_hash", "facts_sha256", "file_sha256")
    return {field: getattr(done.result, field) for field in fields if hasattr(done.result, field)}


async def test_the_last_stages_again_change_nothing(line: Line) -> None:
    last = {done.stage.name.split()[0]: done.stage for done in line.done}
    async with transaction(line.sessions) as session:
        again = {
            name: await last[name].work(session, line.viewer, LATER if name == "docking" else last[name].at)
            for name in ("institutions", "chains", "products", "roster", "match", "bottlenecks", "allocate")
        }
        # What the coordinator took from silent banks after the last run gets a run's own words, and keeps them.
        repeated = await last["allocate"].work(session, line.viewer, last["allocate"].at)
        await session.rollback()
    for name in ("institutions", "chains", "products"):
        assert (again[name].new, again[name].same > 0) == ([], True)
    assert again["roster"].is_unchanged
    assert again["match"].reused
    assert again["bottlenecks"].changed == 0
    assert again["allocate"].counts.matched == repeated.counts.matched
    assert repeated.reused


async def test_the_demo_is_told_from_other_data(line: Line) -> None:
    async with transaction(line.sessions) as session:
        assert await is_demo_there(session, line.viewer, now=LATER)
        real = InstitutionIn(
            code="REAL", name="某银行", short_name="某银行", kind=InstitutionKind.LARGE, region="230000"
        )
        await institutions.create_institution(session, line.viewer, real, now=LATER)
        with pytest.raises(Conflict, match="empty database") as occupied:
            await is_demo_there(session, line.viewer, now=LATER)
        assert "institutions" in occupied.value.faults[0].message
        await session.rollback()


async def test_an_edition_of_the_same_half_year_is_not_taken_for_the_demo(
    session: AsyncSession, viewer: Viewer
) -> None:
    assert not await is_demo_there(session, viewer, now=LATER)
    await whitelist.open_edition(session, viewer, "2023H2", now=LATER)
    with pytest.raises(Conflict) as occupied:
        await is_demo_there(session, viewer, now=LATER)
    assert "not the demonstration's" in occupied.value.faults[0].message


async def test_what_is_worth_trying_names_what_is_there(line: Line) -> None:
    async with transaction(line.sessions, writes=False) as session:
        tips = dict(await worth_trying(session, line.viewer, now=LATER))
        explained = next(tip for tip in tips.values() if "match explain" in tip).split()
        found = await matching.explain(session, line.viewer, explained[-2], explained[-1], now=LATER)
        listed = await bottlenecks.list_cases(session, line.viewer, ALL, CaseFilter(edition="2023H2"))
    assert found.product == explained[-1]
    assert sum(what.startswith("blocked: ") for what in tips) == len(listed.counts)
    assert any(what.startswith("declined") for what in tips)
    assert any("allocate check" in tip for tip in tips.values())


async def test_whom_a_coordinator_took_an_entry_from_does_not_get_it_again(line: Line) -> None:
    taken = select(Assignment.entry_id, Assignment.institution_id).where(Assignment.end_reason == "rerouted")
    async with transaction(line.sessions, writes=False) as session:
        before = {tuple(row) for row in await session.execute(taken)}
        held = select(Assignment.entry_id, Assignment.institution_id).where(Assignment.ended_at.is_(None))
        now = {tuple(row) for row in await session.execute(held)}
    assert before
    assert not before & now
