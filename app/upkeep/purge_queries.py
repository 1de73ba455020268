"""What has served its time, and only that: statements that find and remove some of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, delete, exists, false, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from app.enterprises.tables import NeedDraft
from app.jobs.rules import OPEN
from app.jobs.tables import Job
from app.kernel.database import AsyncSession, Base
from app.kernel.tables import IdempotencyRecord
from app.notifications.rules import DeliveryState
from app.notifications.tables import Delivery, Digest, Notice

ROWS_AT_ONCE: Final = 1_000
KEYS: Final[Mapping[type[Base], tuple[str, ...]]] = {
    IdempotencyRecord: ("viewer_key", "key"),
    Job: ("id",),
    Delivery: ("id",),
    Notice: ("id",),
    Digest: ("id",),
    NeedDraft: ("id",),
}
"""Everything that is ever purged, with its primary key; those that point at others before these."""


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """Instants before which rows have served their time; None keeps them for ever."""

    requests: datetime | None
    jobs: datetime | None
    messages: datetime | None
    notices: datetime | None
    drafts: datetime | None


Condition = ColumnElement[bool]


def _goes(cutoffs: Cutoffs) -> dict[type[Base], Condition]:
    """Answer of which rows nothing more is asked, and which nothing that stays points at."""
    is_open = exists().where(
        Job.state.in_([state.value for state in OPEN]), IdempotencyRecord.key == "job:" + Job.code
    )
    # A job that has not ended may yet be done again under its key.
    request = and_(_before(IdempotencyRecord.created_at, cutoffs.requests), ~is_open)
    job = and_(Job.state.not_in([state.value for state in OPEN]), _before(Job.ended_at, cutoffs.jobs))
    sent = func.coalesce(Delivery.sent_at, Delivery.created_at)
    delivery = and_(Delivery.state != DeliveryState.PENDING.value, _before(sent, cutoffs.messages))
    sending = exists().where(Delivery.notice_id == Notice.id, ~delivery)
    notice = and_(
        func.coalesce(_before(Notice.read_at, cutoffs.notices), false()),  # unread: not yet
        ~sending,
    )
    # A notice that lost its digest would be counted in another one.
    mailing = exists().where(Delivery.digest_id == Digest.id, ~delivery)
    counting = exists().where(Notice.digest_id == Digest.id, ~notice)
    digest = and_(_before(Digest.created_at, cutoffs.messages), ~mailing, ~counting)
    draft = _before(NeedDraft.updated_at, cutoffs.drafts)
    return {
        IdempotencyRecord: request, Job: job, Delivery: delivery, Notice: notice, Digest: digest, NeedDraft: draft,
    }  # fmt: skip


def _before(column: ColumnElement[Any] | InstrumentedAttribute[Any], cutoff: datetime | None) -> Condition:
    return false() if cutoff is None else column < cutoff


def _found(entity: type[Base], cutoffs: Cutoffs) -> Select[Any]:
    return select(*(getattr(entity, name) for name in KEYS[entity])).where(_goes(cutoffs)[entity])


async def count(session: AsyncSession, entity: type[Base], cutoffs: Cutoffs) -> int:
    """Answer how many rows of a kind have served their time."""
    found = _found(entity, cutoffs).subquery()
    return (await session.execute(select(func.count()).select_from(found))).scalar_one()


async def remove_some(session: AsyncSession, entity: type[Base], cutoffs: Cutoffs) -> int:
    """Remove rows of a kind that have served their time, a thousand at most; answer how many."""
    columns = [getattr(entity, name) for name in KEYS[entity]]
    some = _found(entity, cutoffs).order_by(*columns).limit(ROWS_AT_ONCE)
    found = (await session.execute(some)).all()
    if found:
        chosen = tuple_(*columns).in_([tuple(row) for row in found])
        await session.execute(delete(entity).where(chosen).execution_options(synchronize_session=False))
    return len(found)
