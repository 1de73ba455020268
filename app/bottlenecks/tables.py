"""What blocks an entry: one finding for every class that applies or may apply."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class BottleneckCase(Base):
    """One classification of an entry, for a cause (`no_product`, `declined` or `resolved`).

    `route` is the class that leads, or `policy_gap` (no class fits), or `ask` (none is
    established, some are unknown). A newer case of the same entry replaces the older by
    `is_current`; one that says the same (`content_hash`) does not. `match_run_id` is the run that found
    it first. `detail` holds what to ask, what the gap is, and the facts established beyond the need's
    own statement (by a decline or a check), as `established_as_data` writes them; they stay established while
    the need's wording is the same. A `resolved` case was never current: a product fits with what it says is
    established.
    """

    __tablename__ = "bottleneck_cases"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("whitelist_entries.id"), index=True)
    need_revision_id: Mapped[int] = mapped_column(ForeignKey("need_revisions.id"))
    match_run_id: Mapped[int | None] = mapped_column(ForeignKey("match_runs.id"), index=True)
    cause: Mapped[str] = mapped_column(String(20))
    route: Mapped[str] = mapped_column(String(40), index=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    detail: Mapped[dict[str, Any]]
    is_current: Mapped[bool]
    created_at: Mapped[datetime]


class BottleneckFinding(Base):
    """One class of 黑银发〔2023〕25号 (十五)(十六) on one case: verdict, reasons, what to ask."""

    __tablename__ = "bottleneck_findings"

    case_id: Mapped[int] = mapped_column(ForeignKey("bottleneck_cases.id"), primary_key=True)
    class_code: Mapped[str] = mapped_column(String(40), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(10))
    detail: Mapped[dict[str, Any]]
