"""What an operator decided about rules: packs themselves are files under seed/policies/."""

from datetime import date, datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, BigId


class PolicyAdoption(Base):
    """One item of a pack that an operator put in force for a jurisdiction that lacks its own.

    `item` is the key of a rule or parameter, or `*` for all of the pack. Adopting an item of a
    draft pack of the own jurisdiction puts that draft in force. Rows are never changed, only
    ended by `until`, the first day on which they no longer apply.
    """

    __tablename__ = "policy_adoptions"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    jurisdiction: Mapped[str] = mapped_column(String(6), index=True)
    pack: Mapped[str] = mapped_column(String(80))
    item: Mapped[str] = mapped_column(String(120))
    since: Mapped[date]
    until: Mapped[date | None]
    reason: Mapped[str] = mapped_column(Text)
    adopted_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
