"""What people type is read as they mean it, or sent back with a sentence that says how to mend it."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from app.desks.submission import reading
from app.desks.submission.reading import Wrong
from app.desks.texts import Text, say
from app.kernel.money import MOST_FEN, wan_text

TODAY = date(2023, 11, 7)


def told(read: Callable[[], Any]) -> str:
    with pytest.raises(Wrong) as refusal:
        read()
    return say("zh", refusal.value.said)


@pytest.mark.parametrize(
    ("typed", "fen"),
    [
        ("500", 500_000_000),
        ("５００", 500_000_000),
        (" 1,200.50 ", 1_200_500_000),
        ("１，２００．５万元", 1_200_500_000),
        ("5000000元", 500_000_000),
        ("1.2亿", 12_000_000_000),
        ("￥500", 500_000_000),
        ("0.000001", 1),
        ("\u202e500\u200b", 500_000_000),
    ],
)
def test_amounts_are_read_as_people_write_them(typed: str, fen: int) -> None:
    assert reading.amount(typed, is_zero_taken=False) == fen


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("about five", "请填写数字"),
        ("五百", "请填写数字"),
        ("5😀", "请填写数字"),
        ("=1+1", "请填写数字"),
        ("1e9", "请填写数字"),
        ("-5", "不能是负数"),
        ("0", "须大于 0"),
        ("1.200,50", "小数点"),
        ("12,00", "小数点"),
        ("1.2.3", "小数点"),
        ("0.0000001", "最多精确到分"),
        ("9999999999999", "金额太大"),
        ("9" * 5_000, "请填写数字"),
    ],
)
def test_an_amount_that_may_mean_something_else_is_sent_back(typed: str, said: str) -> None:
    assert said in told(lambda: reading.amount(typed, is_zero_taken=False))


@given(st.integers(1, MOST_FEN))
def test_every_amount_comes_back_from_the_text_that_pages_show(fen: int) -> None:
    assert reading.amount(f"{wan_text(fen)} 万元", is_zero_taken=False) == fen


@given(st.text(max_size=60))
def test_whatever_is_typed_is_read_or_sent_back(typed: str) -> None:
    for read in (
        lambda: reading.amount(typed, is_zero_taken=True),
        lambda: reading.whole(typed, least=0, most=9, unit=Text("人")),
        lambda: reading.day(typed, today=TODAY),
        lambda: reading.name(typed, most=20),
        lambda: reading.names(typed, most=3, most_each=20),
        lambda: reading.phone(typed),
        lambda: reading.credit_code(typed),
    ):
        with suppress(Wrong):
            read()


@pytest.mark.parametrize(
    ("typed", "months"), [("36", 36), ("３６个月", 36), ("3年", 36), ("1,2", None), ("0", None)]
)
def test_a_term_is_read_in_months_or_years(typed: str, months: int | None) -> None:
    def read() -> int:
        return reading.whole(typed, least=1, most=600, unit=Text("个月"), is_term=True)

    if months is None:
        assert "整数" in told(read)
    else:
        assert read() == months


@pytest.mark.parametrize("typed", ["2015-03-01", "2015年3月1日", "2015/3/1", "20150301", "２０１５．３．１"])
def test_a_day_is_read_in_every_way_in_which_people_write_it(typed: str) -> None:
    assert reading.day(typed, today=TODAY) == date(2015, 3, 1)


@pytest.mark.parametrize(
    ("typed", "said"),
    [("2015-02-30", "没有这一天"), ("03-01", "年-月-日"), ("2023-11-08", "晚于今天"), ("1066-10-14", "太早")],
)
def test_a_day_that_cannot_be_is_sent_back(typed: str, said: str) -> None:
    assert said in told(lambda: reading.day(typed, today=TODAY))


def test_a_name_loses_what_cannot_be_seen_and_keeps_what_can() -> None:
    assert reading.name(" 哈尔滨\u202e示例\u200b （集团）  公司\t", most=200) == "哈尔滨示例 （集团） 公司"
    assert reading.name("<script>alert(1)</script>", most=200) == "<script>alert(1)</script>"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ('=HYPERLINK("x")', "不能以"),
        ("@公司", "不能以"),
        ("好公司🚀", "不能使用的符号"),
        ("长" * 201, "现有 201 个"),
        ("……", "不能只有标点"),
    ],
)
def test_a_name_that_is_none_is_sent_back(typed: str, said: str) -> None:
    assert said in told(lambda: reading.name(typed, most=200))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "请填写"),
        ("9123", "现在是 4 位"),
        ("91230199MA1BQXYE2O", "您是不是要填 91230199MA1BQXYE20"),
        ("9123O199MA1BQXYE21", "只含数字和大写字母"),
        ("91230199MA1BQXYE21", "校验位不符"),
    ],
)
def test_a_wrong_credit_code_says_what_to_compare(typed: str, said: str) -> None:
    assert said in told(lambda: reading.credit_code(typed))


@given(st.from_regex(r"[0-9]{8}[0-9A-HJ-NPQRTUWXY]{9}", fullmatch=True))
def test_a_code_with_its_check_character_is_taken_however_it_is_spaced(start: str) -> None:
    code = start + uscc.calc_check_digit(start)
    assert reading.credit_code(f" {code[:9].lower()}-{code[9:]} ") == code


def test_banks_come_one_a_line_or_between_marks() -> None:
    assert reading.names("甲银行\n乙银行、丙银行；甲银行\n\n", most=5, most_each=20) == [
        "甲银行",
        "乙银行",
        "丙银行",
    ]
