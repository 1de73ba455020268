"""SQL over the operator's dated values; they belong to the installation, not to a viewer."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.batches import in_batches
from app.kernel.database import insert_rows
from app.kernel.direct import Direct
from app.reference.lpr import LprQuote
from app.reference.tables import LprQuoteRow, WorkingDayOverride

KEYS_PER_STATEMENT = 500
_QUOTES: Final = Direct(
    select(LprQuoteRow.day.label("day"), LprQuoteRow.rate_1y, LprQuoteRow.rate_5y).order_by(LprQuoteRow.day)
)
_DAYS: Final = Direct(
    select(WorkingDayOverride.day, WorkingDayOverride.is_working).order_by(WorkingDayOverride.day)
)


async def fetch_lpr_quotes(session: AsyncSession) -> list[LprQuote]:
    """Read the operator's quotes, the oldest first."""
    return [LprQuote(day, Decimal(one), Decimal(five)) for day, one, five in await _QUOTES.rows(session)]


async def fetch_working_days(session: AsyncSession) -> dict[date, bool]:
    """Read the operator's days, the earliest first."""
    return {row.day: row.is_working for row in await _DAYS.rows(session)}


async def put_lpr_quotes(session: AsyncSession, quotes: Iterable[LprQuote]) -> None:
    """Write quotes, replacing those of the same day."""
    rows = {
        quote.published: {
            "date": quote.published,
            "rate_1y": str(quote.rate_1y),
            "rate_5y": str(quote.rate_5y),
        }
        for quote in quotes
    }
    for part in in_batches(rows, KEYS_PER_STATEMENT):
        await session.execute(delete(LprQuoteRow).where(LprQuoteRow.day.in_(part)))
    await insert_rows(session, LprQuoteRow.metadata.tables[LprQuoteRow.__tablename__], rows.values())


async def put_working_days(session: AsyncSession, days: Mapping[date, bool], source: str) -> None:
    """Write days, replacing those already there, and note where they came from."""
    rows = [{"day": day, "is_working": is_working, "source": source} for day, is_working in days.items()]
    for part in in_batches(days, KEYS_PER_STATEMENT):
        await session.execute(delete(WorkingDayOverride).where(WorkingDayOverride.day.in_(part)))
    table = WorkingDayOverride.metadata.tables[WorkingDayOverride.__tablename__]
    await insert_rows(session, table, rows)
