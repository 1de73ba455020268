from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.errors import Refused
from app.kernel.settings import PROJECT_ROOT
from app.reference.book import load_reference_book
from app.reference.service import (
    LoadCounts,
    LoadReport,
    check_shipped,
    current_book,
    load_operator_reference,
)
from tests.reference.test_working_days import notice

SEED = PROJECT_ROOT / "seed"


def write(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def lpr_file(folder: Path, *rows: str) -> Path:
    return write(folder / "lpr.csv", "date,lpr_1y,lpr_5y", list(rows))


def notice_file(folder: Path, year: int, *more: str) -> Path:
    rows = [f"{day},{int(works)}" for day, works in notice(year).items()]
    return write(folder / "days.csv", "day,is_working", [*rows, *more])


async def test_without_operator_data_the_shipped_book_is_answered(session: AsyncSession) -> None:
    assert await current_book(session, SEED) is load_reference_book(SEED)


async def test_loaded_values_are_in_the_book_and_replace_by_date(
    session: AsyncSession, tmp_path: Path
) -> None:
    quotes = lpr_file(tmp_path, "2035-01-22,2.9,3.4", "2024-02-20,3.45,3.95", "2024/3/20,3.40,3.95")
    days = notice_file(tmp_path, 2035)
    report = await load_operator_reference(session, SEED, lpr_file=quotes, working_days_file=days)
    assert report == LoadReport(LoadCounts(new=1, changed=1, same=1), LoadCounts(new=12))

    book = await current_book(session, SEED)
    assert book.lpr.on(date(2035, 6, 1)).rate_1y == Decimal("2.90")
    assert book.lpr.on(date(2024, 4, 1)).rate_1y == Decimal("3.40")
    assert book.calendar.add_working_days(date(2035, 2, 2), 1) == date(2035, 2, 9)

    again = lpr_file(tmp_path, "2035-01-22,2.80,3.40")
    report = await load_operator_reference(session, SEED, lpr_file=again, working_days_file=days)
    assert report == LoadReport(LoadCounts(changed=1), LoadCounts(same=12))
    assert (await current_book(session, SEED)).lpr.on(date(2035, 6, 1)).rate_1y == Decimal("2.80")


async def test_a_dry_run_counts_and_writes_nothing(session: AsyncSession, tmp_path: Path) -> None:
    quotes = lpr_file(tmp_path, "2035-01-22,2.90,3.40")
    report = await load_operator_reference(session, SEED, lpr_file=quotes, dry_run=True)
    assert report == LoadReport(LoadCounts(new=1), None)
    assert await current_book(session, SEED) is load_reference_book(SEED)


async def test_one_fault_in_one_file_refuses_both_whole_and_all_faults_are_named(
    session: AsyncSession, tmp_path: Path
) -> None:
    quotes = lpr_file(tmp_path, "2035-01-22,2.90,3.40", "2035-02-20,29,0", "soon,3,3")
    days = notice_file(tmp_path, 2035, "2035-06-01,maybe", "2035/1/1,0", "2036-05-01,0")
    with pytest.raises(Refused) as caught:
        await load_operator_reference(session, SEED, lpr_file=quotes, working_days_file=days)
    assert {fault.where for fault in caught.value.faults} == {
        "lpr.csv:3 lpr_1y",
        "lpr.csv:3 lpr_5y",
        "lpr.csv:4 date",
        "days.csv:14 is_working",
        "days.csv:15 day",  # 1 January twice
        "days.csv:16 day",  # 2036 is not whole
    }
    whole = next(fault for fault in caught.value.faults if fault.where == "days.csv:16 day")
    assert "2036-01-01" in whole.message
    assert "Spring Festival" in whole.message
    assert await current_book(session, SEED) is load_reference_book(SEED)


@pytest.mark.parametrize(
    ("rows", "where", "message"),
    [
        (["2035-01-22," + "9" * 200_000 + ",3.4"], "lpr.csv:2", "quotation mark"),
        (['"2035-', '01-22",2.9,3.4', "2035-02-30,2.9,3.4"], "lpr.csv:4 date", "a day such as"),
        (["2035-01-22,2.9" + "9" * 90_000 + ",3.4"], "lpr.csv:2 lpr_1y", "percent a year"),
    ],
    ids=["a cell without end", "a cell over two lines", "a long cell"],
)
async def test_a_damaged_file_is_refused_by_the_line_on_which_the_damage_begins(
    session: AsyncSession, tmp_path: Path, rows: list[str], where: str, message: str
) -> None:
    with pytest.raises(Refused) as caught:
        await load_operator_reference(session, SEED, lpr_file=lpr_file(tmp_path, *rows))
    fault = next(fault for fault in caught.value.faults if fault.where == where)
    assert message in fault.message
    assert len(fault.value) <= 80


async def test_a_missing_file_is_refused_by_name(session: AsyncSession, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"nowhere\.csv"):
        await load_operator_reference(session, SEED, lpr_file=tmp_path / "nowhere.csv")


def test_the_shipped_tables_are_counted() -> None:
    counts = check_shipped(SEED)
    assert counts["regions.province"] == 34
    assert counts["size_categories"] == 16
    assert counts["industries"] == len(load_reference_book(SEED).industries.by_code)
