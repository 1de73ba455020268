from datetime import date, timedelta
from decimal import Decimal

import pytest

from app.reference.book import ReferenceBook
from app.reference.errors import LprUnknownError
from app.reference.lpr import LprQuote, LprTable


@pytest.mark.parametrize(
    ("day", "published", "rate_1y", "rate_5y"),
    [
        (date(2023, 8, 20), date(2023, 7, 20), "3.55", "4.20"),
        (date(2023, 8, 21), date(2023, 8, 21), "3.45", "4.20"),
        (date(2024, 2, 19), date(2024, 1, 22), "3.45", "4.20"),
        (date(2024, 2, 20), date(2024, 2, 20), "3.45", "3.95"),
        (date(2019, 8, 20), date(2019, 8, 20), "4.25", "4.85"),
    ],
)
def test_the_last_quote_published_by_the_day_is_in_force(
    book: ReferenceBook, day: date, published: date, rate_1y: str, rate_5y: str
) -> None:
    assert book.lpr.on(day) == LprQuote(published, Decimal(rate_1y), Decimal(rate_5y))


def test_every_day_agrees_with_a_plain_search(book: ReferenceBook) -> None:
    first, last = book.lpr.quotes[0].published, book.lpr.quotes[-1].published
    for offset in range((last - first).days + 40):
        day = first + timedelta(days=offset)
        earlier = [quote for quote in book.lpr.quotes if quote.published <= day]
        assert book.lpr.on(day) is max(earlier, key=lambda quote: quote.published)


def test_before_the_first_quote_no_rate_is_guessed(book: ReferenceBook) -> None:
    with pytest.raises(LprUnknownError, match="2019-08-20"):
        book.lpr.on(date(2019, 8, 19))
    with pytest.raises(LprUnknownError, match="no quote is known"):
        LprTable(()).on(date(2024, 1, 1))


def test_quotes_are_one_a_month_from_august_2019(book: ReferenceBook) -> None:
    months = [quote.published.year * 12 + quote.published.month for quote in book.lpr.quotes]
    assert months == list(range(2019 * 12 + 8, 2019 * 12 + 8 + len(months)))


def test_an_operators_quote_wins_on_its_day(book: ReferenceBook) -> None:
    quote = LprQuote(date(2024, 2, 20), Decimal("3.40"), Decimal("3.90"))
    table = book.lpr.with_quotes([quote])
    assert table.on(date(2024, 2, 21)) == quote
    assert len(table.quotes) == len(book.lpr.quotes)
