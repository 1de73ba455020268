"""The loan prime rate 贷款市场报价利率 by date."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from app.reference.errors import LprUnknownError


@dataclass(frozen=True, slots=True)
class LprQuote:
    """One publication: rates in percent a year; in force from its day until the next one."""

    published: date
    rate_1y: Decimal
    rate_5y: Decimal


@dataclass(frozen=True, slots=True)
class LprTable:
    """Quotes in order of publication, one a day at most."""

    quotes: tuple[LprQuote, ...]

    @classmethod
    def build(cls, quotes: Iterable[LprQuote]) -> "LprTable":
        """Sort the quotes; of two of the same day the later in the sequence wins."""
        by_day = {quote.published: quote for quote in quotes}
        return cls(tuple(by_day[day] for day in sorted(by_day)))

    def on(self, day: date) -> LprQuote:
        """Answer the quote in force on a day: the last one published on or before it.

        Raises:
            LprUnknownError: the day lies before the first quote.
        """
        index = bisect_right(self.quotes, day, key=lambda quote: quote.published)
        if index == 0:
            raise LprUnknownError(day, self.quotes[0].published if self.quotes else None)
        return self.quotes[index - 1]

    def with_quotes(self, quotes: Iterable[LprQuote]) -> "LprTable":
        """Answer a table that holds these quotes too; a quote given here wins on its day."""
        return LprTable.build((*self.quotes, *quotes))
