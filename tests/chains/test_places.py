"""Where a chain works on a day: by its regions, and by the regions of its clusters, zones and parks."""

from datetime import date

import pytest

from app.chains.places import Covered, PlaceWord, places_covered
from app.chains.rules import Period

FIRST, LAST = date(2024, 1, 2), date(2024, 6, 30)
DAYS = Period(FIRST, LAST)
SONGBEI, HARBIN, DAOLI = "230109", "230100", "230102"


def region(code: str, days: Period = DAYS) -> Covered:
    return Covered(PlaceWord.REGION, code, code, days)


def park(code: str, lies_in: str | None, days: Period = DAYS) -> Covered:
    return Covered(PlaceWord.PARK, code, code, days, lies_in)


@pytest.mark.parametrize(
    ("on", "is_covered"),
    [
        (date(2024, 1, 1), False),
        (FIRST, True),
        (LAST, True),
        (date(2024, 7, 1), False),
    ],
)
def test_a_place_counts_on_the_days_of_its_period(on: date, *, is_covered: bool) -> None:
    assert (places_covered([region(SONGBEI)], on) != ()) is is_covered
    assert places_covered([region(SONGBEI, Period(FIRST))], LAST) != ()


@pytest.mark.parametrize(
    ("places", "areas"),
    [
        ([], []),
        ([park("P1", None)], []),
        ([park("P1", SONGBEI)], [SONGBEI]),
        ([region(SONGBEI), region(DAOLI)], [DAOLI, SONGBEI]),
        ([region(SONGBEI), region(HARBIN)], [HARBIN]),
        ([region(SONGBEI), park("P1", HARBIN)], [HARBIN]),
        ([region(HARBIN), park("P1", SONGBEI)], [HARBIN]),
        ([region(HARBIN), region("231200")], [HARBIN, "231200"]),
    ],
)
def test_a_place_within_another_counts_as_the_wider_one(places: list[Covered], areas: list[str]) -> None:
    assert [one.area for one in places_covered(places, FIRST)] == areas


def test_of_several_places_in_one_area_the_region_is_named_first() -> None:
    several = [park("P1", SONGBEI), region(SONGBEI), park("P0", SONGBEI)]
    assert [one.code for one in places_covered(several, FIRST)] == [SONGBEI]
    assert [one.code for one in places_covered(several[::2], FIRST)] == ["P0"]
