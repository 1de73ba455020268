"""Regions and industries are found as people look for them: by code, characters, pinyin or initials."""

import pytest

from app.kernel.settings import get_settings
from app.reference.book import ReferenceBook, load_reference_book
from app.reference.name_search import NameSearches, find_regions, load_name_searches, spelled


@pytest.fixture(scope="module")
def book() -> ReferenceBook:
    return load_reference_book(get_settings().seed_dir)


@pytest.fixture(scope="module")
def searches() -> NameSearches:
    return load_name_searches(get_settings().seed_dir)


@pytest.mark.parametrize(
    ("name", "sound"),
    [
        ("哈尔滨市", "haerbin shi"), ("重庆市", "chongqing shi"), ("长春市", "changchun shi"), ("厦门市", "xiamen shi"),
        ("长治市", "changzhi shi"), ("六安市", "luan shi"), ("台州市", "taizhou shi"), ("乐清市", "yueqing shi"),
        ("浚县", "xun xian"), ("涡阳县", "guoyang xian"), ("单县", "shan xian"), ("讷河市", "nehe shi"),
        ("蚌埠市", "bengbu shi"), ("成都市", "chengdu shi"), ("大埔县", "dabu xian"), ("繁峙县", "fanshi xian"),
    ],
)  # fmt: skip
def test_names_of_places_are_spelled_as_they_are_read(name: str, sound: str) -> None:
    assert "".join(spelled(name)) == sound.replace(" ", "")


@pytest.mark.parametrize(
    ("typed", "area", "first"),
    [
        ("230102", "230000", "230102"), ("2301", "230000", "230100"), ("２３０１０２", "230000", "230102"),
        ("道里", "230000", "230102"), ("哈尔滨 道里", "230000", "230102"), ("daoli", "230000", "230102"),
        ("DL", "230000", "230102"), ("heb", "230000", "230100"), ("haerbin", "230000", "230100"),
        ("道理区", "230000", "230102"), ("重庆", "000000", "500000"), ("cq", "500000", "500000"),
        ("xiamen", "000000", "350200"), ("cc", "220000", "220100"),
    ],
)  # fmt: skip
def test_a_region_is_found_by_all_that_people_type(
    book: ReferenceBook, searches: NameSearches, typed: str, area: str, first: str
) -> None:
    assert find_regions(book.regions, searches.regions, typed, area)[0].code == first


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("3421", "C3421"),
        ("c3421", "C3421"),
        ("金属切削", "C3421"),
        ("jichuang", "C3421"),
        ("软件开发", "I651"),
    ],
)
def test_an_industry_is_found_by_all_that_people_type(searches: NameSearches, typed: str, code: str) -> None:
    assert code in {one.code for one in searches.industries.find(typed)}


@pytest.mark.parametrize(
    "typed", ["", "   ", "！！", "qxqxq", "😀", "9" * 10_000, "'; DROP TABLE regions --"]
)
def test_what_means_nothing_finds_nothing(book: ReferenceBook, searches: NameSearches, typed: str) -> None:
    assert find_regions(book.regions, searches.regions, typed, "230000") == ()
    assert searches.industries.find(typed) == ()


def test_only_regions_of_the_jurisdiction_are_answered(book: ReferenceBook, searches: NameSearches) -> None:
    for typed in ("朝阳", "chaoyang", "向阳"):
        found = find_regions(book.regions, searches.regions, typed, "230000")
        assert {one.code[:2] for one in found} <= {"23"}


def test_every_code_finds_its_own_name_first(book: ReferenceBook, searches: NameSearches) -> None:
    for one in searches.industries.entries[::37]:
        assert searches.industries.find(one.code)[0] == one
    for region in searches.regions.entries[::61]:
        assert searches.regions.find(region.code)[0] == region
    assert all(one.sound and one.initials for one in searches.regions.entries)
