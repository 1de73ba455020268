"""A fact that changed is said as people read it, not as it is stored."""

from typing import Any

import pytest

from app.chains.naming import CodeNames
from app.desks.roster.fact_words import fact_said
from app.kernel.settings import get_settings
from app.reference.book import load_reference_book


@pytest.fixture(scope="module")
def naming() -> CodeNames:
    book = load_reference_book(get_settings().seed_dir)
    return CodeNames(book.regions, book.industries, {"HLJ-GDZB": "高端装备产业链"})


@pytest.mark.parametrize(
    ("name", "value", "chinese", "english"),
    [
        ("amount", "45900000.00", "4,590 万元", "4,590 ×10⁴ yuan"),
        ("revenue", None, "未知", "Unknown"),
        ("region", "230102", "黑龙江省哈尔滨市道里区", "黑龙江省哈尔滨市道里区"),
        ("industry", "C3421", "金属切削机床制造", "金属切削机床制造"),
        ("chain", "HLJ-GDZB", "高端装备产业链", "高端装备产业链"),
        ("staff", 1200, "1,200 人", "1,200 people"),
        ("first_loan", False, "否", "No"),
        (
            "purposes",
            ["equipment", "research"],
            "设备更新、研发投入",
            "Equipment renewal, Research and development",
        ),
        ("missing_elements", [], "无", "None"),
        ("established_on", "2022-01-06", "2022年1月6日", "6 Jan 2022"),
        ("project_name", "二期", "二期", "二期"),
    ],
)
def test_a_fact_is_said_in_both_languages(
    naming: CodeNames, name: str, value: Any, chinese: str, english: str
) -> None:
    assert fact_said(name, value, naming, "zh") == chinese
    assert fact_said(name, value, naming, "en") == english
