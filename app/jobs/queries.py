"""Rows of jobs and slots. Changes compare and set: of several that try, one wins."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import undefer

from app.jobs.rules import Answer, State
from app.jobs.tables import Job, ScheduleSlot
from app.kernel.database import AsyncSession

AnyRow = Row[*tuple[Any, ...]]
OPEN_STATES = (State.QUEUED, State.RUNNING)


async def add(session: AsyncSession, job: Job) -> None:
    """Store a new job."""
    session.add(job)
    await session.flush()


async def job_of(session: AsyncSession, code: str, person_id: int | None) -> Job | None:
    """Answer a job that a person asked for; of None, whoever asked for it."""
    return (await session.execute(_of(select(Job).where(Job.code == code), person_id))).scalar_one_or_none()


async def jobs_of(
    session: AsyncSession, person_id: int | None, *, state: State | None, before: int | None, limit: int
) -> Sequence[Job]:
    """Answer the jobs that a person asked for (None: that anybody did), the newest first."""
    wanted = _of(select(Job), person_id).order_by(Job.id.desc()).limit(limit)
    if state is not None:
        wanted = wanted.where(Job.state == state)
    if before is not None:
        wanted = wanted.where(Job.id < before)
    return (await session.execute(wanted)).scalars().all()


def _of(statement: Select[Job], person_id: int | None) -> Select[Job]:
    return statement if person_id is None else statement.where(Job.person_id == person_id)


async def answer_body(session: AsyncSession, job_id: int) -> bytes:
    """Answer the body of what a job was answered with."""
    return (await session.execute(select(Job.answer_body).where(Job.id == job_id))).scalar_one() or b""


async def kept_body(session: AsyncSession, job_id: int, *, is_locked: bool = False) -> bytes | None:
    """Answer what was sent with a job, while it is kept; locked until the transaction ends if it is to be changed."""
    wanted = select(Job.body).where(Job.id == job_id)
    return (await session.execute(wanted.with_for_update() if is_locked else wanted)).scalar_one()


async def replace_body(session: AsyncSession, job_id: int, body: bytes) -> None:
    """Keep something else with a job than what was sent."""
    await session.execute(update(Job).where(Job.id == job_id).values(body=body))


async def drop_body(session: AsyncSession, job_id: int) -> bool:
    """Drop what was sent with a job; tell whether it was still kept: of two that go on with it one wins."""
    dropped = update(Job).where(Job.id == job_id, Job.body.is_not(None)).values(body=None).returning(Job.id)
    return (await session.execute(dropped)).scalar_one_or_none() is not None


async def open_jobs(session: AsyncSession, limit: int) -> Sequence[AnyRow]:
    """Answer code, state, start and `not_before` of jobs that have not ended, the oldest first."""
    wanted = (
        select(Job.code, Job.state, Job.start, Job.not_before)
        .where(Job.state.in_(OPEN_STATES))
        .order_by(Job.id)
        .limit(limit)
    )
    return (await session.execute(wanted)).all()


async def begin(session: AsyncSession, code: str, worker: str, now: datetime) -> Job | None:
    """Begin a queued job that is due; None if it is not queued, or another worker was first."""
    begun = (
        update(Job)
        .where(Job.code == code, Job.state == State.QUEUED, Job.not_before <= now)
        .values(state=State.RUNNING, start=Job.start + 1, started_at=now, worker=worker)
        .returning(Job.id)
    )
    job_id = (await session.execute(begun)).scalar_one_or_none()
    if job_id is None:
        return None
    wanted = select(Job).where(Job.id == job_id).options(undefer(Job.body))
    return (await session.execute(wanted)).scalar_one()


async def end(
    session: AsyncSession, code: str, start: int, state: State, answer: Answer | None, now: datetime
) -> bool:
    """End the start of a number; tell whether the job was still in it."""
    kept = case((Job.keeps_body.is_(True), Job.body), else_=None)
    values: dict[str, Any] = {"state": state, "ended_at": now, "body": kept}
    if answer is not None:
        values |= {
            "answer_status": answer.status,
            "answer_headers": dict(answer.headers),
            "answer_bytes": len(answer.body),
            "answer_body": answer.body,
        }
    return await _change(session, code, State.RUNNING, start, values)


async def put_back(
    session: AsyncSession, code: str, start: int, not_before: datetime, *, counts: bool = True
) -> bool:
    """Queue the start of a number anew; one that `counts` not is as if it had not been."""
    values = {"state": State.QUEUED, "not_before": not_before, "start": start if counts else start - 1}
    return await _change(session, code, State.RUNNING, start, values)


async def cancel_queued(session: AsyncSession, code: str, start: int, now: datetime) -> bool:
    """Cancel a job that no worker has begun; tell whether it was so."""
    values = {"state": State.CANCELLED, "ended_at": now, "body": None}
    return await _change(session, code, State.QUEUED, start, values)


async def _change(session: AsyncSession, code: str, state: State, start: int, values: dict[str, Any]) -> bool:
    changed = (
        update(Job)
        .where(Job.code == code, Job.state == state, Job.start == start)
        .values(values)
        .returning(Job.id)
    )
    return (await session.execute(changed)).scalar_one_or_none() is not None


async def slot(session: AsyncSession, name: str) -> int | None:
    """Answer the newest claimed slot of a name."""
    wanted = select(ScheduleSlot.slot).where(ScheduleSlot.name == name)
    return (await session.execute(wanted)).scalar_one_or_none()


async def claim_slot(
    session: AsyncSession, name: str, slot: int, claimed: int | None, worker: str, now: datetime
) -> bool:
    """Claim a slot, if the newest claimed is still the one that was read; tell whether that was so."""
    if claimed is None:
        values = {"name": name, "slot": slot, "claimed_at": now, "worker": worker}
        is_postgresql = session.get_bind().dialect.name == "postgresql"
        first = postgresql.insert(ScheduleSlot) if is_postgresql else sqlite.insert(ScheduleSlot)
        added = first.values(values).on_conflict_do_nothing().returning(ScheduleSlot.name)
        return (await session.execute(added)).scalar_one_or_none() is not None
    taken = (
        update(ScheduleSlot)
        .where(ScheduleSlot.name == name, ScheduleSlot.slot == claimed)
        .values(slot=slot, claimed_at=now, worker=worker)
        .returning(ScheduleSlot.name)
    )
    return (await session.execute(taken)).scalar_one_or_none() is not None
