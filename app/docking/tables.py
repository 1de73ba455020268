"""Docking events: append-only facts about an entry, in the past tense."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class DockingEvent(Base):
    """One thing that happened to an entry; never changed, never deleted.

    `occurred_at` is when it happened, `recorded_at` when we learned of it: coverage counts by
    the first, restatements by the second. `institution_id` is the party on whose behalf it was
    logged; who logged it stands in `detail`.
    """

    __tablename__ = "docking_events"
    __table_args__ = (
        UniqueConstraint("entry_id", "sequence"),
        CheckConstraint(
            "kind <> 'credit_approved' OR (amount_fen IS NOT NULL AND rate_bp IS NOT NULL"
            " AND term_months IS NOT NULL AND is_credit_loan IS NOT NULL)",
            name="approval_has_terms",
        ),
        CheckConstraint("kind <> 'disbursed' OR amount_fen IS NOT NULL", name="payment_has_amount"),
        CheckConstraint(
            "kind <> 'declined' OR (reason IS NOT NULL AND evidence IS NOT NULL)",
            name="decline_has_reason",
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("whitelist_entries.id"))
    sequence: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id"), index=True)
    occurred_at: Mapped[datetime] = mapped_column(index=True)
    recorded_at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))
    amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    rate_bp: Mapped[int | None]
    """Annual rate in basis points: 345 is 3.45 %."""
    term_months: Mapped[int | None]
    is_credit_loan: Mapped[bool | None]
    reason: Mapped[str | None] = mapped_column(String(40))
    evidence: Mapped[str | None] = mapped_column(Text)
    detail: Mapped[dict[str, Any]]
    is_simulated: Mapped[bool]
