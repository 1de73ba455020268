"""Aggregates over the whole house: each is one cheap statement, and none answers a row of anybody."""

from datetime import date, datetime

from sqlalchemy import func, select

from app.accounts.permissions import Action
from app.docking.tables import EntryClock
from app.docking.working_time import Step
from app.jobs.rules import State as JobState
from app.jobs.tables import Job
from app.kernel.database import AsyncSession
from app.notifications.rules import DeliveryState
from app.notifications.tables import Delivery
from app.whitelist.tables import WhitelistEdition


async def jobs(session: AsyncSession) -> dict[tuple[str, str], int]:
    """Answer how many jobs there are by (kind, state)."""
    counted = select(Job.action, Job.state, func.count(Job.id)).group_by(Job.action, Job.state)
    return {(kind, state): number for kind, state, number in await session.execute(counted)}


async def queued_since(session: AsyncSession) -> datetime | None:
    """Answer when the oldest queued job was asked for."""
    return (
        await session.execute(select(func.min(Job.created_at)).where(Job.state == JobState.QUEUED))
    ).scalar()


async def last_match_run(session: AsyncSession) -> float | None:
    """Answer how many seconds the last match run that went well took as a job."""
    wanted = (
        select(Job.started_at, Job.ended_at)
        .where(Job.action == Action.RUN_MATCHING, Job.state == JobState.DONE)
        .order_by(Job.id.desc())
        .limit(1)
    )
    row = (await session.execute(wanted)).one_or_none()
    if row is None or row[0] is None or row[1] is None:
        return None
    return (row[1] - row[0]).total_seconds()


async def late_entries(session: AsyncSession, jurisdiction: str, today: date) -> int:
    """Answer how many entries of rosters in force are late with a step."""
    counted = (
        select(func.count(EntryClock.entry_id))
        .join(WhitelistEdition, WhitelistEdition.id == EntryClock.edition_id)
        .where(
            WhitelistEdition.jurisdiction == jurisdiction,
            WhitelistEdition.in_force_until >= today,
            EntryClock.due_on < today,
            EntryClock.step != Step.REFRESH.value,
        )
    )
    return (await session.execute(counted)).scalar_one()


async def outbox(session: AsyncSession) -> tuple[int, datetime | None]:
    """Answer how many messages wait to be sent, and when the first of them is or was due."""
    counted = select(func.count(Delivery.id), func.min(Delivery.next_attempt_at)).where(
        Delivery.state == DeliveryState.PENDING.value
    )
    number, since = (await session.execute(counted)).one()
    return number, since
