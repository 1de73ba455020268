"""Days and instants are written as people write them, in both languages."""

from datetime import UTC, datetime

import pytest

from app.desks import figures

NIGHT = datetime(2024, 1, 5, 16, 30, tzinfo=UTC)
"""The small hours of the next day in Shanghai."""


@pytest.mark.parametrize(("language", "told"), [("zh", "2024年1月6日 00:30"), ("en", "6 Jan 2024 00:30")])
def test_an_instant_is_written_by_a_shanghai_clock(language: str, told: str) -> None:
    assert figures.moment(NIGHT, language) == told
    assert figures.moment(None, language) == "—"


@pytest.mark.parametrize(
    ("language", "within", "beyond"),
    [("zh", "1月6日", "2024年1月6日"), ("en", "6 Jan", "6 Jan 2024")],
)
def test_a_day_goes_without_the_year_that_is_said_already(language: str, within: str, beyond: str) -> None:
    assert figures.day_in(NIGHT, 2024, language) == within
    assert figures.day_in(NIGHT, 2023, language) == beyond
    assert figures.day_in(None, 2024, language) == "—"
