"""A look at a run decides as the run does and keeps nothing; a stored run tells what it changed."""

from datetime import datetime

from sqlalchemy import func, select

from app.accounts.rules import Viewer
from app.allocation import preview_service, service
from app.allocation.tables import AllocationRun, Assignment
from app.bottlenecks.tables import BottleneckCase
from app.kernel.database import AsyncSession
from app.kernel.paging import PageRequest
from app.matching import service as matching
from tests.allocation.test_service import FITTING, ROUTED
from tests.bottlenecks.world import EDITION, banks, build_world


async def test_a_preview_says_what_the_run_then_does_and_keeps_nothing(
    session: AsyncSession, viewer: Viewer, now: datetime
) -> None:
    await build_world(session, FITTING | ROUTED, banks(3, count=5))
    made = await matching.run_match(session, viewer, EDITION, now=now)
    assert await matching.inputs_changed(session, viewer, made.id) == []
    seen = await preview_service.preview_allocation(session, viewer, EDITION, now=now)
    for table in (AllocationRun, Assignment, BottleneckCase):
        assert await session.scalar(select(func.count()).select_from(table)) == 0
    run = await service.run_allocation(session, viewer, EDITION, now=now)
    assert (seen.counts, seen.objective) == (run.counts, run.objective)
    first = await preview_service.changes_of_run(session, viewer, run.id, PageRequest(limit=5))
    rest = await preview_service.changes_of_run(session, viewer, run.id, PageRequest(cursor=first.next))
    assert [*first.items, *rest.items] == sorted(seen.changes, key=lambda one: one.entry)
    assert all(one.before is None and one.why for one in seen.changes)
    again = await preview_service.preview_allocation(session, viewer, EDITION, now=now)
    assert (again.changes, again.counts.made) == ([], 0)
