"""Codes within sentences are told by their names, and nothing else is taken for a code."""

import pytest

from app.chains.naming import CodeNames
from app.kernel.settings import get_settings
from app.reference.book import load_reference_book


def _names(*, shows_industries: bool = False) -> CodeNames:
    book = load_reference_book(get_settings().seed_dir)
    chains = {"GDZB": "高端装备产业链"}
    return CodeNames(book.regions, book.industries, chains, shows_industries=shows_industries)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("行政区划在230102", "行政区划在黑龙江省哈尔滨市道里区"),
        ("行政区划在230102、000000", "行政区划在黑龙江省哈尔滨市道里区、全国"),
        ("行业属于行业C", "行业属于行业制造业"),
        ("行业属于行业C34、C99", "行业属于行业通用设备制造业、C99"),
        ("产业链为GDZB", "产业链为高端装备产业链"),
        (
            "申请金额不超过1230102元、A级纳税人、编号X230102",
            "申请金额不超过1230102元、A级纳税人、编号X230102",
        ),
        ("编号999999", "编号999999"),
    ],
)
def test_a_sentence_is_told_with_names_in_the_place_of_codes(text: str, said: str) -> None:
    assert _names().in_words(text) == said


def test_names_are_listed_as_a_text_lists_them_and_an_unknown_code_stands_for_itself() -> None:
    assert _names().listed(["GDZB", "000000", "C34", "?"]) == "高端装备产业链、全国、通用设备制造业、?"


def test_who_numbers_industries_is_told_their_codes_too() -> None:
    names = _names(shows_industries=True)
    assert names.name("C34") == "通用设备制造业（C34）"
    assert names.in_words("行业属于行业C34") == "行业属于行业通用设备制造业（C34）"
    assert names.name("230100") == "黑龙江省哈尔滨市"
