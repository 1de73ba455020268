"""The error workbook is written whatever the submitted cells and names are."""

from io import BytesIO

import openpyxl
import pytest

from app.whitelist.error_workbook import write_error_workbook
from app.whitelist.workbook_reading import open_roster
from tests.whitelist.rosters import cells_of, check, faults_of, good_row, workbook
from tests.whitelist.test_bad_workbooks import rewritten


def written_back(file: BytesIO) -> BytesIO:
    """Write the sheet with its faults."""
    target = BytesIO()
    write_error_workbook(target, open_roster(file, "名单.xlsx"), check(file).faults)
    return target


@pytest.mark.parametrize("number", [b"NaN", b"1e999", b"-1e999"])
def test_a_number_that_is_none_is_named_and_written_as_text(number: bytes) -> None:
    file = rewritten(
        workbook([good_row(1, 从业人员=4711)]),
        lambda content: content.replace(b"<v>4711</v>", b"<v>" + number + b"</v>"),
    )
    assert "不是数" in faults_of(file)["名单!I2"]
    assert isinstance(cells_of(written_back(file))[1][8], str)


@pytest.mark.parametrize("name", ["坏:名/[1]?*", "长" * 40, "History", "'引号'"])
def test_a_sheet_name_that_spreadsheets_refuse_is_replaced(name: str) -> None:
    file = rewritten(
        workbook([good_row(1, 首贷户="?")]),
        lambda content: content.replace("名单".encode(), name.encode()),
        "xl/workbook.xml",
    )
    book = openpyxl.load_workbook(written_back(file))
    assert len(book.sheetnames[0]) <= 31
    assert faults_of(written_back(file)).keys() == {f"{book.sheetnames[0]}!S2"}


def test_a_number_is_quoted_as_it_was_typed() -> None:
    [fault] = check(workbook([good_row(1, 行政区划代码=239999)])).faults
    assert fault.value == "239999"
