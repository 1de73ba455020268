"""Dated values that the operator loads between releases; codes and thresholds ship as files."""

from datetime import date

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base


class LprQuoteRow(Base):
    """One LPR publication; percent a year as decimal text, exact on both databases."""

    __tablename__ = "lpr_quotes"

    day: Mapped[date] = mapped_column("date", primary_key=True)
    rate_1y: Mapped[str] = mapped_column(String(8))
    rate_5y: Mapped[str] = mapped_column(String(8))


class WorkingDayOverride(Base):
    """One day which the operator has declared; `source` names the file that it came from."""

    __tablename__ = "working_day_overrides"

    day: Mapped[date] = mapped_column(primary_key=True)
    is_working: Mapped[bool]
    source: Mapped[str] = mapped_column(String(200))
