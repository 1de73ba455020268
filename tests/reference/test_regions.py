from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reference.book import ReferenceBook
from app.reference.region_names import find_by_name
from app.reference.regions import NATION, Change, Level, Outcome, Region, Regions


def test_a_county_lies_in_its_city_its_province_and_the_nation(book: ReferenceBook) -> None:
    above = [region.name for region in book.regions.ancestors("230102")]
    assert above == ["哈尔滨市", "黑龙江省", "全国"]
    assert book.regions.full_name("230102") == "黑龙江省哈尔滨市道里区"
    for ancestor in ("230102", "230100", "230000", NATION):
        assert book.regions.is_within("230102", ancestor)
    assert not book.regions.is_within("230100", "230102")
    assert not book.regions.is_within("230102", "230200")
    assert not book.regions.is_within("999999", NATION)


@pytest.mark.parametrize("code", ["500114", "429021", "659001"])
def test_counties_of_municipalities_and_provinces_have_a_province_but_no_city(
    book: ReferenceBook, code: str
) -> None:
    assert book.regions.level(code) is Level.COUNTY
    assert book.regions.city_of(code) is None
    assert book.regions.is_within(code, code[:2] + "0000")


def test_a_city_without_counties_is_its_own_city(book: ReferenceBook) -> None:
    city = book.regions.city_of("441900")
    assert city is not None
    assert city.name == "东莞市"
    assert book.regions.children("441900") == ()


def test_children_list_every_division_exactly_once(book: ReferenceBook) -> None:
    regions = book.regions
    reached = [child.code for code in regions.by_code for child in regions.children(code)]
    assert sorted([*reached, NATION]) == sorted(regions.by_code)
    assert len(regions.children(NATION)) == 34


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("410322", "410308"),  # 孟津县 → 孟津区, 2021
        ("410306", "410308"),  # 吉利区 → 孟津区, 2021
        ("230703", "230726"),  # 南岔区 → 南岔县, 2019
        ("231024", "231086"),  # 东宁县 → 东宁市, 2015
        ("512527", "511504"),  # 宜宾县 of 宜宾地区 → 宜宾县 511521 in 1996 → 叙州区 in 2018
        ("522121", "520304"),  # 遵义县 of 遵义地区 → 遵义县 520321 in 1997 → 播州区 in 2016
        ("510224", "500157"),  # 江北县 → 渝北区 510218 (1994) → 500112 (1997) → 两江新区 (2025)
    ],
)
def test_a_former_code_leads_through_all_changes_to_the_code_of_today(
    book: ReferenceBook, old: str, new: str
) -> None:
    assert book.regions.get(old) is None
    resolution = book.regions.resolve(old)
    assert resolution is not None
    assert resolution.outcome is Outcome.SUCCEEDED
    assert resolution.region == book.regions.get(new)
    assert [change.year for change in resolution.trail] == sorted(change.year for change in resolution.trail)


def test_a_code_of_today_resolves_to_itself(book: ReferenceBook) -> None:
    resolution = book.regions.resolve("230102")
    assert resolution is not None
    assert (resolution.outcome, resolution.trail) == (Outcome.CURRENT, ())


def test_a_split_is_called_ambiguous_and_names_the_candidates(book: ReferenceBook) -> None:
    resolution = book.regions.resolve("140211")  # 大同市南郊区, divided in 2018
    assert resolution is not None
    assert (resolution.outcome, resolution.region) == (Outcome.AMBIGUOUS, None)
    assert [region.name for region in resolution.candidates] == ["平城区", "云冈区"]


def test_an_abolished_division_without_successor_has_no_candidate(book: ReferenceBook) -> None:
    resolution = book.regions.resolve("410504")  # 安阳市铁西区, 2002
    assert resolution is not None
    assert (resolution.outcome, resolution.region, resolution.candidates) == (Outcome.ABOLISHED, None, ())


@pytest.mark.parametrize("code", ["999999", "230199", "", "23", "２３０１０２"])
def test_what_never_was_a_code_is_unknown(book: ReferenceBook, code: str) -> None:
    assert book.regions.resolve(code) is None


def test_an_unknown_code_has_the_division_of_its_digits_as_a_hint(book: ReferenceBook) -> None:
    hint = book.regions.nearest("230199")
    assert hint is not None
    assert hint.name == "哈尔滨市"
    assert book.regions.nearest("990000") is None


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("410322", "It became 410308 孟津区."),
        ("140211", "It became 140213 平城区 or 140214 云冈区."),
        ("410504", "Choose a code below 410500 安阳市."),
        ("230199", "Choose a code below 230100 哈尔滨市."),
        ("abc", "Use a six-digit code of today."),
    ],
)
def test_a_code_that_is_not_of_today_comes_with_how_to_mend_it(
    book: ReferenceBook, code: str, hint: str
) -> None:
    assert book.regions.hint(code) == hint


def test_a_code_given_to_another_division_means_what_it_meant_on_the_day(book: ReferenceBook) -> None:
    today, before = book.regions.resolve("130123"), book.regions.resolve("130123", date(1990, 1, 1))
    assert today is not None
    assert today.region == book.regions.get("130123")  # 正定县, since 1993
    assert before is not None
    assert before.region == book.regions.get("130111")  # 栾城县, later 栾城区


def test_in_the_year_of_a_change_an_old_code_is_followed_unless_it_was_given_away(
    book: ReferenceBook,
) -> None:
    renamed = book.regions.resolve("410322", date(2021, 2, 1))
    given_away = book.regions.resolve("130123", date(1993, 2, 1))
    assert renamed is not None
    assert renamed.region == book.regions.get("410308")
    assert given_away is not None
    assert given_away.outcome is Outcome.CURRENT


def test_a_stale_code_used_after_its_end_still_resolves(book: ReferenceBook) -> None:
    resolution = book.regions.resolve("410322", date(2023, 10, 12))
    assert resolution is not None
    assert resolution.region == book.regions.get("410308")


def test_every_former_code_ends_at_codes_of_today_or_is_abolished(book: ReferenceBook) -> None:
    for code in book.regions.changes:
        resolution = book.regions.resolve(code)
        assert resolution is not None
        ends = [change for change in resolution.trail if change.new_code is None]
        assert bool(resolution.candidates) != (resolution.outcome is Outcome.ABOLISHED)
        assert bool(ends) == (resolution.outcome is Outcome.ABOLISHED)


CODES = [f"1101{number:02}" for number in range(1, 7)]
CHANGES = st.lists(
    st.builds(
        Change,
        st.sampled_from(CODES),
        st.none() | st.sampled_from(CODES),
        st.integers(2000, 2006),
        st.just(""),
    ),
    max_size=25,
    unique_by=lambda change: (change.old_code, change.new_code, change.year),
)
DAYS = st.none() | st.dates(date(1999, 1, 1), date(2007, 1, 1))


@given(CHANGES, st.sets(st.sampled_from(CODES)), DAYS)
def test_resolving_ends_for_any_table_and_answers_only_codes_of_today(
    changes: list[Change], current: set[str], on: date | None
) -> None:
    beijing = Region("110000", "北京市", Level.PROVINCE, NATION)
    today = [Region(code, code, Level.COUNTY, "110000") for code in sorted(current)]
    regions = Regions.build([beijing, *today], changes)
    for code in CODES:
        resolution = regions.resolve(code, on)
        if resolution is None:
            assert code not in current
            assert code not in {change.old_code for change in changes}
            continue
        assert {region.code for region in resolution.candidates} <= current
        assert (resolution.region is not None) == (len(resolution.candidates) == 1)
        if on is None and code in current:
            assert resolution.outcome is Outcome.CURRENT


def test_parents_in_a_ring_or_unlisted_are_refused() -> None:
    ring = [Region("110101", "a", Level.COUNTY, "110102"), Region("110102", "b", Level.COUNTY, "110101")]
    with pytest.raises(ValueError, match="ring"):
        Regions.build(ring, [])
    with pytest.raises(ValueError, match="110000"):
        Regions.build([Region("110101", "a", Level.COUNTY, "110000")], [])


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("道里区", "230102"),
        (" 道 里 区", "230102"),
        ("道里", "230102"),
        ("黑龙江省哈尔滨市道里区", "230102"),
        ("哈尔滨市道里区", "230102"),
        ("开封鼓楼区", "410204"),
        ("孟津县", "410308"),
        ("哈尔兵市", "230100"),
    ],
)
def test_a_name_finds_its_division_first(book: ReferenceBook, text: str, first: str) -> None:
    assert find_by_name(book.regions, text)[0].code == first


def test_a_name_that_several_divisions_share_answers_all_of_them_or_those_of_an_area(
    book: ReferenceBook,
) -> None:
    everywhere = find_by_name(book.regions, "鼓楼区")
    assert {region.code[:2] for region in everywhere} == {"32", "35", "41"}
    assert [region.code for region in find_by_name(book.regions, "鼓楼区", within="410000")] == ["410204"]
    assert find_by_name(book.regions, "  ") == ()
