"""County before city before province before nation; adoptions on record; drafts never by themselves."""

from datetime import date, timedelta
from itertools import combinations
from pathlib import Path

import pytest

from app.kernel.errors import NotFound
from app.policy.packs import PolicyLibrary
from app.policy.precedence import Adoption, lineage, make_rule_book
from tests.policy.pack_texts import library_of, pack_text

DAY = date(2023, 11, 15)
LEVELS = ("230102", "230100", "230000", "000000")
LIMITS = {"000000": 1, "230000": 2, "230100": 3, "230102": 4, "410300": 5}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> PolicyLibrary:
    packs = {f"{code}/p{code}": pack_text(code, limit) for code, limit in LIMITS.items()}
    packs["230102/draft"] = pack_text("230102", 99, status="draft", effective_on="null", issued_on="null")
    return library_of(tmp_path_factory.mktemp("seed"), packs)


def _only(library: PolicyLibrary, *codes: str) -> PolicyLibrary:
    return PolicyLibrary(tuple(pack for pack in library.packs if pack.code in codes), "")


def _adoption(jurisdiction: str, pack: str, item: str = "*", number: int = 1) -> Adoption:
    return Adoption(number, jurisdiction, pack, item, date(2023, 11, 1), None, "试行", "tester")


def _limit(library: PolicyLibrary, jurisdiction: str, *adoptions: Adoption, on: date = DAY) -> object:
    return make_rule_book(library, adoptions, jurisdiction, on).parameter("limit.most").value


@pytest.mark.parametrize("count", range(1, len(LEVELS) + 1))
def test_the_most_specific_level_that_has_a_rule_wins(library: PolicyLibrary, count: int) -> None:
    for present in combinations(LEVELS, count):
        some = _only(library, *(f"p{level}" for level in present))
        assert _limit(some, "230102") == LIMITS[present[0]]


def test_a_code_has_its_city_province_and_nation_above_it() -> None:
    assert lineage("500114") == ("500114", "500100", "500000", "000000")
    assert lineage("230000") == ("230000", "000000")
    assert lineage("000000") == ("000000",)


def test_a_draft_never_applies_by_itself(library: PolicyLibrary) -> None:
    assert _limit(library, "230102") == LIMITS["230102"]
    with pytest.raises(NotFound):
        _limit(_only(library, "draft"), "230102")


def test_an_adopted_draft_applies_and_says_so(library: PolicyLibrary) -> None:
    only = _only(library, "draft", "p000000")
    book = make_rule_book(only, [_adoption("230102", "draft")], "230102", DAY)
    found = book.parameter("limit.most")
    assert found.value == 99
    assert "tester自2023-11-01起为230102采用" in found.adopted
    assert "征求意见稿" in found.adopted
    assert found.citation == "试〔2023〕1号（一）"


def test_an_adopted_rule_gives_way_to_one_of_the_own_level_or_below(library: PolicyLibrary) -> None:
    adopted = _adoption("230100", "p410300")
    assert _limit(library, "230100", adopted) == LIMITS["230100"]
    assert _limit(library, "230102", adopted) == LIMITS["230102"]
    without = _only(library, "p000000", "p230000", "p410300")
    assert _limit(without, "230102", adopted) == LIMITS["410300"]
    assert _limit(without, "230000", adopted) == LIMITS["230000"]


def test_an_adopted_item_leaves_the_rest_of_its_pack_behind(library: PolicyLibrary) -> None:
    only = _only(library, "p410300")
    book = make_rule_book(only, [_adoption("230000", "p410300", "bottleneck.b")], "230000", DAY)
    assert [rule.key for rule in book.rules] == ["bottleneck.b"]
    assert book.parameters == ()


def test_an_adoption_applies_from_its_first_day_until_the_day_of_its_end(library: PolicyLibrary) -> None:
    only = _only(library, "p410300", "p000000")
    ended = Adoption(1, "230000", "p410300", "*", DAY, DAY + timedelta(days=2), "试行", "tester")
    values = [_limit(only, "230000", ended, on=DAY + timedelta(days=shift)) for shift in (-1, 0, 1, 2)]
    assert values == [1, 5, 5, 1]


def test_a_pack_applies_from_its_first_day_until_it_expires(tmp_path: Path) -> None:
    dates = {"effective_on": "2023-01-01\neffective_until: 2023-06-01", "status": "expired"}
    library = library_of(
        tmp_path, {"000000/nation": pack_text("000000", 1), "230000/old": pack_text("230000", 2, **dates)}
    )
    days = [date(2022, 12, 31), date(2023, 1, 1), date(2023, 5, 31), date(2023, 6, 1)]
    with pytest.raises(NotFound):
        _limit(library, "230000", on=days[0])
    assert [_limit(library, "230000", on=day) for day in days[1:]] == [2, 2, 1]


def test_an_adopted_document_that_has_expired_since_still_applies_and_says_so(tmp_path: Path) -> None:
    dates = {"effective_on": "2023-01-01\neffective_until: 2023-06-01", "status": "expired"}
    library = library_of(tmp_path, {"410300/old": pack_text("410300", 2, **dates)})
    adopted = [Adoption(1, "230000", "old", "*", date(2023, 1, 1), None, "试行", "tester")]
    shown = [
        make_rule_book(library, adopted, "230000", on).parameter("limit.most").adopted
        for on in (date(2023, 5, 31), date(2023, 6, 1))
    ]
    assert ["起失效" in text for text in shown] == [False, True]


def test_a_dated_value_changes_on_its_day(tmp_path: Path) -> None:
    text = pack_text("230000", 2).replace(
        "value: 2", "values: [{since: 2023-01-01, value: 2}, {since: 2023-07-01, value: 7}]"
    )
    library = library_of(tmp_path, {"230000/dated": text})
    assert [
        _limit(library, "230000", on=date(2023, 6, 30)),
        _limit(library, "230000", on=date(2023, 7, 1)),
    ] == [2, 7]


def test_an_operators_setting_gives_way_to_a_document_of_its_level(tmp_path: Path) -> None:
    setting = pack_text(
        "230000", 9, source="operator", source_file='""', source_sha256='""', effective_on="2023-05-01"
    )
    library = library_of(tmp_path, {"230000/document": pack_text("230000", 2), "230000/setting": setting})
    assert _limit(library, "230000") == 2


def test_equal_content_has_an_equal_hash_and_an_adoption_changes_it(library: PolicyLibrary) -> None:
    first = make_rule_book(library, [], "230000", DAY)
    again = make_rule_book(library, [], "230000", DAY + timedelta(days=1))
    adopted = make_rule_book(_only(library, "p410300"), [_adoption("230000", "p410300")], "230000", DAY)
    assert first.sha256 == again.sha256 != adopted.sha256
