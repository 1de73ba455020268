"""Typed values: read exactly or refused, and shown to people and machines."""

from decimal import Decimal
from typing import Any

import pytest

from app.kernel.errors import Fault
from app.policy.clause_numbers import plain_number
from app.policy.packs import FeeTier
from app.policy.parameter_types import read_value, value_as_json, value_text

BAD = [
    ("count", "3"), ("count", True), ("count", -1), ("count", 1.5), ("percent", "25"), ("percent", -1),
    ("percent", Decimal("1000.1")), ("money", 2000), ("money", "2000"), ("money", "0.001元"), ("text", ""),
    ("text", "长" * 301), ("flag", "true"), ("date", "2023-01-01"), ("words", []), ("words", ["a", "a"]),
    ("words", ["a", 1]), ("counts", {}), ("counts", {"a": "1"}), ("amounts", {"a": 1}), ("weights", {"a": 999}),
    ("fee_tiers", [{"up_to": "500万元", "percent": 1}]),
    ("fee_tiers", [{"percent": 1}, {"percent": 2}]),
    ("fee_tiers", [{"up_to": "500万元", "percent": 1}, {"up_to": "400万元", "percent": 1}, {"percent": 2}]),
    ("fee_tiers", [{"up_to": "many", "percent": 1}, {"percent": 2}]),
    ("fee_tiers", [{"percent": 1, "note": "x"}]), ("fee_tiers", "x"),
    ("load_tiers", [{"share_percent": 60, "price": 0}]),
    ("load_tiers", [{"share_percent": 60, "price": 2}, {"share_percent": 40, "price": 1}]),
    ("load_tiers", [{"share_percent": 100}]),
]  # fmt: skip


@pytest.mark.parametrize(("type_name", "written"), BAD)
def test_a_value_that_is_not_of_its_type_is_refused_with_what_was_expected(
    type_name: str, written: Any
) -> None:
    faults: list[Fault] = []
    assert read_value(type_name, written, "parameters[0].value", faults) is None
    (fault,) = faults
    assert fault.where == "parameters[0].value"
    assert fault.remedy.startswith("Expected ")


SHOWN = [
    ("count", 3000, "户", "3000户", 3000),
    ("percent", Decimal("9.88"), "", "9.88%", "9.88"),
    ("money", "2000万元", "", "2,000万元", "20000000.00"),
    ("flag", True, "", "是", True),
    ("words", ["停贷", "压贷"], "", "停贷；压贷", ["停贷", "压贷"]),
    ("amounts", {"least": "1万元"}, "", "least 1万元", {"least": "10000.00"}),
    ("counts", {"accept": 1}, "天", "accept 1天", {"accept": 1}),
    ("weights", {"a": 400, "b": 600}, "‰", "a 400‰、b 600‰", {"a": 400, "b": 600}),
    (
        "fee_tiers", [{"up_to": "500万元", "percent": 1}, {"percent": Decimal("1.5")}], "",
        "500万元及以下 1%；以上 1.5%",
        [{"up_to": "5000000.00", "percent": "1"}, {"up_to": None, "percent": "1.5"}],
    ),
    (
        "load_tiers", [{"share_percent": 60, "price": 0}, {"share_percent": 40, "price": 1}], "",
        "60% 记 0；40% 记 1", [{"share_percent": 60, "price": 0}, {"share_percent": 40, "price": 1}],
    ),
]  # fmt: skip


def test_a_number_in_quotes_is_shown_with_its_quotes() -> None:
    faults: list[Fault] = []
    read_value("count", "3000", "x", faults)
    assert faults[0].value == '"3000"'


@pytest.mark.parametrize(("type_name", "written", "unit", "text", "json"), SHOWN)
def test_a_value_is_shown_to_people_and_to_machines(
    type_name: str, written: Any, unit: str, text: str, json: Any
) -> None:
    value = read_value(type_name, written, "x", [])
    assert value is not None
    assert value_text(value, type_name, unit) == text
    assert value_as_json(value, type_name) == json


def test_a_fee_cap_of_one_rate_has_one_open_tier() -> None:
    assert read_value("fee_tiers", [{"percent": 1}], "x", []) == (FeeTier(None, Decimal(1)),)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("十六", "16"), ("（十六）", "16"), ("(16)", "16"), ("16", "16"), ("十", "10"), ("二十", "20"), ("二十一", "21"),
        ("3.", "3"), ("二（一）1", "2.1.1"), ("二(一)1", "2.1.1"), ("一·增量", "1.增量"), ("三（三）", "3.3"),
        ("第十六条", "16"), ("第3条", "3"), ("", ""), ("一一", "一一"),
    ],
)  # fmt: skip
def test_clause_numbers_are_known_however_they_are_typed(typed: str, plain: str) -> None:
    assert plain_number(typed) == plain
