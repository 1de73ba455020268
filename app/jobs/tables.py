"""Jobs, and the slots of what is done every so often."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId, Json


class Job(Base):
    """A request that is answered later: what was asked, by whom, and what was answered.

    `body` is what was sent; it is dropped when the job ends, because rosters are not kept twice, unless `keeps_body`:
    then a page goes on with it (a preview that is to be carried out), and drops it. `is_repeatable`:
    its route keeps no answer under an idempotency key, and does no harm when it is asked again.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("state in ('queued','running','done','refused','failed','cancelled')", name="state"),
        CheckConstraint("start >= 0", name="start"),
        Index(None, "person_id", "id"),
        Index(None, "state", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    action: Mapped[str] = mapped_column(String(60))
    summary: Mapped[str] = mapped_column(String(200))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("persons.id"))
    key_id: Mapped[int | None] = mapped_column(ForeignKey("api_keys.id"))
    grants: Mapped[list[list[str]]] = mapped_column(Json)
    address: Mapped[str] = mapped_column(String(60))
    request_id: Mapped[str] = mapped_column(String(64))
    method: Mapped[str] = mapped_column(String(10))
    path: Mapped[str] = mapped_column(String(300))
    query: Mapped[str] = mapped_column(String(2000))
    media_type: Mapped[str] = mapped_column(String(200))
    if_match: Mapped[str | None] = mapped_column(String(80))
    body: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    is_repeatable: Mapped[bool] = mapped_column(default=False)
    keeps_body: Mapped[bool | None]
    state: Mapped[str] = mapped_column(String(10))
    start: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str] = mapped_column(String(80), default="")
    created_at: Mapped[datetime]
    not_before: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    answer_status: Mapped[int | None]
    answer_headers: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    answer_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    answer_body: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


class ScheduleSlot(Base):
    """The newest slot of something done every so often: whoever claims it does it."""

    __tablename__ = "schedule_slots"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    slot: Mapped[int] = mapped_column(BigInteger)
    claimed_at: Mapped[datetime]
    worker: Mapped[str] = mapped_column(String(80))
