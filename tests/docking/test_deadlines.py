"""By when the responsible institution has to take its next step, in Chinese working days."""

from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.rules import Viewer
from app.docking import service
from app.docking.deadlines import Deadline, Limits, Step, deadline_of
from app.docking.dossiers import EntryDossier
from app.docking.legality import Standing
from app.docking.kinds import EventKind
from app.docking.schemas import EventIn
from app.kernel.database import Sessions, transaction
from app.kernel.paging import PageRequest
from app.reference.working_days import LAST_YEAR, WorkingCalendar
from tests.docking.histories import make_event
from tests.docking.world import ASSIGNED, build_world, entry_code

LIMITS = Limits(accept=1, contact=3, answer=10, answer_project=30, citation="经办方设定5")
CALENDAR = WorkingCalendar()
# A Wednesday; 2023-09-29 to 10-06 are days off, 10-07 and 10-08 (a weekend) are make-up days.
SINCE = datetime(2023, 9, 27, 1, 0, tzinfo=UTC)
Step_ = tuple[EventKind, datetime]


def after(days: int, hours: int = 0) -> datetime:
    return SINCE + timedelta(days=days, hours=hours)


def due(
    *steps: Step_, now: datetime = SINCE, is_project: bool = False, since: datetime = SINCE
) -> Deadline | None:
    dossier = EntryDossier(1, "2023H2-1", "admitted", 1_000, None, is_project=is_project)
    dossier.standings.append(Standing(7, "icbc", "/7/", is_responsible=True, since=since))
    for number, (kind, at) in enumerate(steps, start=1):
        hour = int((at - datetime(2023, 10, 9, 1, 0, tzinfo=UTC)).total_seconds() // 3600)
        dossier.events.append(make_event(number, kind, hour=hour, amount=100))
    return deadline_of(dossier, LIMITS, CALENDAR, now)


def told(found: Deadline | None) -> tuple[Step, date | None, int | None] | None:
    return (found.step, found.due_on, found.days_left) if found else None


ACCEPTED, CONTACTED, DECLINED = EventKind.ACCEPTED, EventKind.CONTACTED, EventKind.DECLINED


def test_each_step_runs_from_the_one_before_over_holidays_and_make_up_days() -> None:
    assert told(due()) == (Step.ACCEPT, date(2023, 9, 28), 1)
    accepted = (ACCEPTED, after(1))
    assert told(due(accepted, now=after(1))) == (Step.CONTACT, date(2023, 10, 9), 3)
    contacted = (CONTACTED, after(12))
    assert told(due(accepted, contacted, now=after(12))) == (Step.ANSWER, date(2023, 10, 23), 10)
    project = due(accepted, contacted, now=after(12), is_project=True)
    assert told(project) == (Step.ANSWER, date(2023, 11, 20), 30)


def test_a_contact_without_acceptance_leaves_only_the_answer() -> None:
    assert told(due((CONTACTED, after(0)), now=after(0))) == (Step.ANSWER, date(2023, 10, 17), 10)


def test_nothing_is_due_of_who_has_approved_or_declined() -> None:
    contacted = (CONTACTED, after(1))
    assert due(contacted, (EventKind.CREDIT_APPROVED, after(2)), now=after(40)) is None
    assert due(contacted, (DECLINED, after(2)), now=after(40)) is None


def test_who_takes_it_up_again_has_its_days_anew() -> None:
    steps = ((CONTACTED, after(0)), (DECLINED, after(1)), (ACCEPTED, after(12)))
    assert told(due(*steps, now=after(12))) == (Step.ANSWER, date(2023, 10, 23), 10)
    # It declined in an earlier time of its own, and the entry has come back to it.
    back = due((DECLINED, after(-5)), since=SINCE)
    assert told(back) == (Step.ACCEPT, date(2023, 9, 28), 1)


@pytest.mark.parametrize(
    ("now", "left"),
    [
        (datetime(2023, 9, 28, 15, 59, tzinfo=UTC), 0),  # the last minute in Shanghai
        (datetime(2023, 9, 28, 16, 0, tzinfo=UTC), -1),  # a day off: overdue all the same
        (datetime(2023, 10, 7, 2, 0, tzinfo=UTC), -1),
        (datetime(2023, 10, 8, 2, 0, tzinfo=UTC), -2),
    ],
)
def test_a_step_may_be_taken_until_the_end_of_its_day_in_shanghai(now: datetime, left: int) -> None:
    found = due(now=now)
    assert found is not None
    assert (found.days_left, found.is_overdue) == (left, left < 0)


def test_a_day_that_nobody_has_published_is_not_guessed() -> None:
    end = datetime(LAST_YEAR, 12, 31, 1, 0, tzinfo=UTC)
    found = due(since=end, now=end)
    assert found is not None
    assert (told(found), found.is_overdue) == ((Step.ACCEPT, None, None), False)


async def test_the_most_urgent_come_first_and_pages_go_on(session: AsyncSession, viewer: Viewer) -> None:
    await build_world(session, ("icbc-dl", "icbc-dl", "lj", None))
    now = ASSIGNED + timedelta(days=1)
    for number, kind in ((0, "contacted"), (2, "accepted")):
        event = EventIn.model_validate({"kind": kind})
        await service.log_event(session, viewer, entry_code(number), event, now=now)
    later = now + timedelta(days=1)
    first = await service.deadlines_page(session, viewer, PageRequest(limit=2), "2023H2", now=later)
    rest = await service.deadlines_page(
        session, viewer, PageRequest(limit=2, cursor=first.next), "2023H2", now=later
    )
    assert [
        (one.entry, one.step_label, one.days_left, one.is_overdue) for one in (*first.items, *rest.items)
    ] == [
        (entry_code(1), "接单", -1, True),
        (entry_code(2), "首次联系", 2, False),
        (entry_code(0), "答复", 9, False),
    ]
    assert rest.next is None
    page = PageRequest()
    mine = await service.deadlines_page(session, viewer, page, "2023H2", institution="lj", now=later)
    late = await service.deadlines_page(session, viewer, page, "2023H2", is_overdue=True, now=later)
    assert [[one.entry for one in found.items] for found in (mine, late)] == [
        [entry_code(2)],
        [entry_code(1)],
    ]


async def test_what_is_due_is_told_with_the_entry_and_its_clause(
    client: httpx.AsyncClient, sessions: Sessions
) -> None:
    async with transaction(sessions) as session:
        await build_world(session)
    state = (await client.get(f"/whitelist/entries/{entry_code(0)}/docking")).json()
    assert (state["deadline"]["due_on"], state["deadline"]["is_overdue"]) == ("2023-09-05", True)
    assert state["deadline"]["citation"] == "经办方设定5"
    listed = (await client.get("/docking/deadlines", params={"edition": "2023H2", "overdue": True})).json()
    assert listed == {"items": [state["deadline"]], "next": None}
    assert (await client.get("/docking/deadlines", params={"edition": "2024H1"})).status_code == 404
    assert (await client.get("/docking/deadlines")).status_code == 422
