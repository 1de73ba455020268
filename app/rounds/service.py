"""The round: does what time makes due, and nothing twice.

Reminders and escalations go out in parts, each in a transaction of its own; then the quarter's product library
is published, institutions are called to confirm for the next, and months are closed, each from its first working day on; then the outbox is emptied. A round that was broken off is simply
made again. Two at once do no harm either: each part finds what the other has done.
"""

from collections.abc import Callable
from datetime import datetime

from pydantic import BaseModel, Field

from app.accounts import audit_service
from app.accounts.audit import Origin
from app.accounts.rules import Viewer
from app.awards import confirming_service, observed_service
from app.catalogue import service as catalogue
from app.catalogue.libraries import LibraryDue
from app.chains import post_service
from app.coverage import service as coverage
from app.docking import clock_service
from app.docking.round_service import remind_and_escalate
from app.events import results_service as event_results
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession, Sessions, transaction
from app.kernel.settings import Settings
from app.kernel.shanghai import shanghai_date
from app.notifications import service as notifications
from app.notifications.delivery import deliver_due
from app.notifications.membership_notices import vacancy_notices
from app.notifications.schemas import DeliveryCounts
from app.rounds.library_notices import library_notices

NAME = "clock"
"""Who did it, as records name it."""


class RoundOut(BaseModel):
    """What a round came to."""

    looked_at: int = Field(
        default=0,
        description="Entries on which the clock might ring: a reminder or a higher level is possible.",
    )
    reminded: int = Field(default=0, description="Reminders logged (到期提醒).")
    escalated: int = Field(default=0, description="Late steps raised (逾期升级).")
    library: str = Field(default="", description="Product library published 产品库; empty: none was due.")
    not_published: str = Field(default="", description="Why the library that is due cannot be published.")
    called: str = Field(
        default="", description="Quarter for which institutions were called to confirm products, or reminded."
    )
    observed: str = Field(default="", description="Quarter up to which observed figures were computed.")
    vacant: list[str] = Field(
        default_factory=list,
        description="Chains that have no 链长 today; coordinators are told once a month.",
    )
    results: int = Field(
        default=0, description="Docking events whose results were looked at, to be kept (活动成效)."
    )
    closed: list[str] = Field(default_factory=list, description="Months closed (关账).")
    not_closed: str = Field(default="", description="Why no further month can close by itself; else empty.")
    delivery: DeliveryCounts | None = Field(default=None, description="What became of the outbox.")


def clock_viewer(jurisdiction: str) -> Viewer:
    """Answer the system itself, as it acts when time makes something due."""
    return Viewer(name=NAME, jurisdiction=jurisdiction, is_operator=True)


async def make_round(
    sessions: Sessions,
    settings: Settings,
    *,
    now: datetime,
    on_progress: Callable[[int], None] = lambda _entries: None,
) -> RoundOut:
    """Make one round as of an instant; `on_progress` hears how many entries were looked at so far."""
    viewer = clock_viewer(settings.jurisdiction)
    done = RoundOut()
    filled = 1
    while filled:
        async with transaction(sessions) as session:
            filled = await clock_service.fill_in(session, viewer, now=now)
    after: int | None = 0
    while after is not None:
        async with transaction(sessions) as session:
            audit_service.begin(session, Origin(viewer, via=NAME))
            part = await remind_and_escalate(session, viewer, after=after, now=now)
            _note(session, now, {"reminded": part.reminded, "escalated": part.escalated})
        done.looked_at += part.looked_at
        done.reminded += part.reminded
        done.escalated += part.escalated
        on_progress(done.looked_at)
        after = part.last
    async with transaction(sessions) as session:
        audit_service.begin(session, Origin(viewer, via=NAME))
        due = await _publish_library(session, viewer, now)
        done.library, done.not_published = due.published.code if due.published else "", due.obstacle
        _note(session, now, {"library": done.library})
    async with transaction(sessions) as session:
        audit_service.begin(session, Origin(viewer, via=NAME))
        done.called = await confirming_service.call_due(session, viewer, now=now)
        done.observed = await observed_service.observe_due(session, viewer, now=now)
        _note(session, now, {"called": done.called, "observed": done.observed})
    async with transaction(sessions) as session:
        audit_service.begin(session, Origin(viewer, via=NAME))
        done.vacant = await _tell_of_vacancies(session, viewer, now)
        done.results = await event_results.keep_due(session, viewer, now=now)
        _note(session, now, {"event_results": done.results})
    async with transaction(sessions) as session:
        audit_service.begin(session, Origin(viewer, via=NAME))
        closed = await coverage.close_due(session, viewer, now=now)
        done.closed = [one.month for one in closed]
        done.not_closed = (await coverage.next_close(session, viewer)).obstacle
        _note(session, now, {"closed": done.closed})
    done.delivery = await deliver_due(sessions, settings, now=now)
    return done


async def _publish_library(session: AsyncSession, viewer: Viewer, now: datetime) -> LibraryDue:
    """Publish the quarter's library if it is due, and tell the banks whose products dropped out or end soon."""
    due = await catalogue.publish_due(session, viewer, now=now)
    if due.published is not None and due.expiring:
        tree = await institution_tree(session, viewer)
        told = library_notices(due.published.code, due.expiring, tree, viewer.jurisdiction)
        await notifications.post(session, told, now=now)
    return due


async def _tell_of_vacancies(session: AsyncSession, viewer: Viewer, now: datetime) -> list[str]:
    """Tell coordinators which chains have no 链长 today; of the same month nobody is told twice."""
    today = shanghai_date(now)
    found = await post_service.list_vacancies(session, viewer, now=now, ahead=0)
    told = [(one.chain, one.sentence, today) for one in found]
    await notifications.post(session, vacancy_notices(told, viewer.jurisdiction), now=now)
    return [one.chain for one in found]


def _note(session: AsyncSession, now: datetime, detail: dict[str, object]) -> None:
    """Put on record what a part of the round did, if it did anything."""
    if any(detail.values()):
        audit_service.note(session, "round", "clock", NAME, now=now, detail=detail)
