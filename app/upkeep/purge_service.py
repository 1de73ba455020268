"""Removes what has served its time, so that a database does not grow by what nobody asks for any more.

Only answers kept for repeated requests, ended jobs, sent or given-up messages, mails' lists, read notices and
needs that were begun and never sent are ever purged. Nothing that is evidence is: the audit trail, what happened to entries (对接记录), revisions,
assignments, consents and closed months stay for ever; no setting changes that.
"""

from datetime import datetime, timedelta
from typing import Final

from app.accounts import audit_service
from app.accounts.audit import Origin
from app.enterprises.tables import NeedDraft
from app.jobs.tables import Job
from app.kernel.database import Base, Sessions, transaction
from app.kernel.settings import Settings
from app.kernel.tables import IdempotencyRecord
from app.notifications.tables import Delivery, Digest, Notice
from app.rounds.service import NAME, clock_viewer
from app.upkeep import purge_queries
from app.upkeep.purge_queries import Cutoffs
from app.upkeep.schemas import PurgeOut
from app.whitelist import change_queries

_COUNTED_AS: Final[dict[type[Base], str]] = {
    IdempotencyRecord: "requests",
    Job: "jobs",
    Delivery: "messages",
    Notice: "notices",
    Digest: "digests",
    NeedDraft: "drafts",
}


async def purge(
    sessions: Sessions, settings: Settings, *, now: datetime, is_rehearsal: bool = False
) -> PurgeOut:
    """Remove what is older than the settings keep it, in short transactions; a rehearsal only counts.

    Broken off, it is simply made again. What was removed is put on record in numbers.
    """
    done, cutoffs = PurgeOut(), _cutoffs(settings, now)
    for entity in purge_queries.KEYS:
        removed = await (_counted if is_rehearsal else _removed)(sessions, entity, cutoffs)
        setattr(done, _COUNTED_AS[entity], removed)
    if not is_rehearsal:
        async with transaction(sessions) as session:  # nothing of its own, so it is not counted
            await change_queries.forget_old(session)
    if any(done.model_dump().values()) and not is_rehearsal:
        async with transaction(sessions) as session:
            audit_service.begin(session, Origin(clock_viewer(settings.jurisdiction), via=NAME))
            audit_service.note(session, "purge", "database", NAME, now=now, detail=done.model_dump())
    return done


def _cutoffs(settings: Settings, now: datetime) -> Cutoffs:
    def cutoff(days: int) -> datetime | None:
        return now - timedelta(days=days) if days else None

    return Cutoffs(
        requests=cutoff(settings.keep_days_requests),
        jobs=cutoff(settings.keep_days_jobs),
        messages=cutoff(settings.keep_days_messages),
        notices=cutoff(settings.keep_days_notices),
        drafts=cutoff(settings.keep_days_drafts),
    )


async def _counted(sessions: Sessions, entity: type[Base], cutoffs: Cutoffs) -> int:
    async with transaction(sessions, writes=False) as session:
        return await purge_queries.count(session, entity, cutoffs)


async def _removed(sessions: Sessions, entity: type[Base], cutoffs: Cutoffs) -> int:
    total, removed = 0, -1
    while removed:
        async with transaction(sessions) as session:
            removed = await purge_queries.remove_some(session, entity, cutoffs)
        total += removed
    return total
