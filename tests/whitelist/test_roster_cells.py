"""Cells: every spelling of a value reads as that value, everything else is named and mended."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.money import fen_from_wan, wan_text
from app.kernel.workbook_scan import column_index
from app.policy.facts import COLLATERAL, PURPOSES
from app.whitelist.roster_cells import (
    cell_text,
    read_choice,
    read_choices,
    read_date,
    read_fen,
    read_flag,
    read_integer,
    read_months,
    read_names,
    read_uscc,
    stated_text,
)
from app.whitelist.roster_faults import BadCell, column_letters
from tests.whitelist.rosters import credit_code

FULL_WIDTH = str.maketrans("0123456789,.-/", "０１２３４５６７８９，．－／")
DAYS = st.dates(date(1950, 1, 1), date(2023, 11, 15))


@given(DAYS)
def test_a_date_reads_the_same_in_all_its_spellings(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    spellings = (
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day:%Y%m%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}.{day.month:02}.{day.day}",
        day.isoformat().translate(FULL_WIDTH),
        str(serial),
    )
    assert {read_date(text, cell_text(text)) for text in spellings} == {day}
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - workbooks know no zones
    cells = (day, midnight, midnight + timedelta(hours=9), float(serial), float(f"{day:%Y%m%d}"))
    assert {read_date(cell, cell_text(cell)) for cell in cells} == {day}


@pytest.mark.parametrize("text", ["2023-02-30", "去年", "2015-03", "15.3.1", "20151301", "3/1/2015"])
def test_what_is_no_day_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadCell) as refusal:
        read_date(text, text)
    assert "2015-03-01" in refusal.value.remedy


@given(st.integers(0, 10**15))
def test_an_amount_reads_the_same_with_separators_width_and_unit(fen: int) -> None:
    grouped = wan_text(fen)
    plain = grouped.replace(",", "")
    yuan = f"{Decimal(fen) / 100:f}元"
    spellings = (grouped, plain, f"{plain}万元", f" {plain} 万", grouped.translate(FULL_WIDTH), yuan)
    assert {read_fen(cell_text(text)) for text in spellings} == {fen}
    assert fen_from_wan(plain) == fen


@given(st.integers(1, 10**8))
def test_a_number_cell_reads_exactly_despite_binary_floats(fen: int) -> None:
    assert read_fen(cell_text(fen / 10**6)) == fen


@pytest.mark.parametrize(
    ("text", "said"),
    [("五百", "不是数"), ("-5", "负数"), ("12,34", "不是数"), ("5百元", "单位"), ("0.0000001", "余数"), ("9" * 20, "不可能"),
     ("1e5", "不是数"), ("=1+1", "不是数")],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadCell, match=said):
        read_fen(text)


@given(st.sets(st.sampled_from(sorted(COLLATERAL))), st.sampled_from("、；;，,\n"))
def test_a_set_reads_by_any_separator_and_in_any_language(codes: set[str], separator: str) -> None:
    words = [COLLATERAL[code] for code in codes]
    assert read_choices(cell_text(separator.join(words) or "无"), COLLATERAL) == sorted(codes)
    assert read_choices(cell_text(separator.join(codes) or "无"), COLLATERAL) == sorted(codes)


def test_an_unknown_word_is_refused_with_the_likeliest_and_the_list() -> None:
    with pytest.raises(BadCell, match="技改升级") as refusal:
        read_choices("技改升级、流动资金", PURPOSES)
    assert "技术改造" in refusal.value.remedy
    with pytest.raises(BadCell) as refusal:
        read_choice("技术改", PURPOSES)
    assert refusal.value.remedy.startswith("“技术改”是否指“技术改造”？")


@pytest.mark.parametrize(
    ("text", "value"), [("是", True), ("否", False), ("Y", True), ("无", False), ("true", True)]
)
def test_flags(text: str, value: bool) -> None:  # noqa: FBT001 - the expected value
    assert read_flag(text) is value
    with pytest.raises(BadCell):
        read_flag("可能")


def test_counts_and_terms() -> None:
    assert read_integer(cell_text(180.0), 1_000) == 180
    assert read_integer(cell_text("１８０人"), 1_000) == 180
    assert (read_months("3年", 600), read_months("36个月", 600), read_months("36", 600)) == (36, 36, 36)
    for text in ("1.5", "-1", "1001", "约100"):
        with pytest.raises(BadCell):
            read_integer(text, 1_000)
    for text in ("0", "601", "36.5", "36天"):
        with pytest.raises(BadCell):
            read_months(text, 600)


@pytest.mark.parametrize("cell", ["", "  ", None, "—", "-", "/", "未知", "Ｎ／Ａ"])
def test_a_blank_and_its_substitutes_leave_the_fact_unknown(cell: object) -> None:
    assert stated_text(cell) is None


def test_names_keep_their_order_and_come_once() -> None:
    assert read_names(cell_text("建行、工行；建行"), 200) == ["建行", "工行"]
    assert read_names("无", 200) == []


@given(st.integers(0, 9_999_999))
def test_a_wrong_check_digit_names_the_right_one(number: int) -> None:
    code = credit_code(number)
    assert read_uscc(code.lower(), f" {code[:8]} {code[8:]}") == code
    wrong = "0" if code[-1] != "0" else "1"
    with pytest.raises(BadCell, match=f"校验位是 {wrong}，按前17位应为 {code[-1]}"):
        read_uscc("", code[:-1] + wrong)


def test_a_credit_code_that_a_spreadsheet_took_for_a_number_is_refused() -> None:
    with pytest.raises(BadCell, match="数字格式"):
        read_uscc(9.123010012345678e17, "912301001234567800")


@given(st.text(max_size=30))
def test_no_text_makes_a_reader_fail_otherwise_than_by_refusal(text: str) -> None:
    for read in (
        read_fen,
        read_flag,
        lambda cell: read_months(cell, 600),
        lambda cell: read_date(cell, cell),
    ):
        try:
            read(cell_text(text))
        except BadCell as refusal:
            assert refusal.message  # noqa: PT017 - either a value or a reason


@given(st.integers(0, 20_000))
def test_column_letters_are_those_of_a_spreadsheet(index: int) -> None:
    assert column_index(column_letters(index)) == index
    assert (column_letters(0), column_letters(25), column_letters(26), column_letters(701)) == (
        "A",
        "Z",
        "AA",
        "ZZ",
    )


@pytest.mark.parametrize("filling", ["", "长" * 80])
def test_what_turns_a_name_round_or_hides_in_it_is_left_out(filling: str) -> None:
    written = f"\ufeff哈尔滨\u202e{filling}机械\u200b有限公司\u2066"
    assert cell_text(written) == f"哈尔滨{filling}机械有限公司"
