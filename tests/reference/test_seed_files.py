import shutil
from pathlib import Path

import pytest

from app.kernel.errors import Refused
from app.kernel.settings import PROJECT_ROOT
from app.reference.seed_files import read_seed

SHIPPED = PROJECT_ROOT / "seed" / "reference"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(SHIPPED, tmp_path / "reference")
    return tmp_path / "reference"


def spoil(folder: Path, name: str, line: int, text: str) -> None:
    lines = (folder / name).read_text(encoding="utf-8").splitlines()
    lines[line - 1] = text
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "line", "text", "where", "expected"),
    [
        ("regions.csv", 1, "code;name;level;parent", "regions.csv:1 header", "code,name,level,parent"),
        ("regions.csv", 3, "110101,东城区,town,110000", "regions.csv:3 level", "province, city or county"),
        ("regions.csv", 3, "11010,东城区,county,110000", "regions.csv:3 code", "six digits"),
        ("regions.csv", 3, "110101,东城区,county,110199", "regions.csv:3 parent", "city or province"),
        ("regions.csv", 3, "110000,东城区,county,110000", "regions.csv:3 code", "line 2"),
        ("regions.csv", 3, "110101,东城区,county", "regions.csv:3", "4 columns, not 3"),
        ("region_changes.csv", 2, "110103,991111,2010,崇文区", "region_changes.csv:2 new_code", "of today"),
        ("region_changes.csv", 2, "110103,110101,10,崇文区", "region_changes.csv:2 year", "a year"),
        ("industries.csv", 3, "01,农业,division,B,A", "industries.csv:3 parent", "section A"),
        (
            "size_thresholds.csv",
            2,
            "农业,A,turnover,20000,500,50",
            "size_thresholds.csv:2 indicator",
            "staff",
        ),
        (
            "size_thresholds.csv",
            2,
            "农业,A,revenue,500,20000,50",
            "size_thresholds.csv:2 large_min",
            "medium",
        ),
        (
            "size_thresholds.csv",
            2,
            "农业,A1,revenue,20000,500,50",
            "size_thresholds.csv:2 industries",
            "known",
        ),
        (
            "size_thresholds.csv",
            2,
            "农业,A,revenue,2万,500,50",
            "size_thresholds.csv:2 large_min",
            "whole number",
        ),
        ("lpr.csv", 2, "2019-02-30,4.25,4.85", "lpr.csv:2 date", "a day such as"),
        ("lpr.csv", 2, "2019-08-20,4.25,485", "lpr.csv:2 lpr_5y", "percent a year"),
        ("lpr.csv", 2, "2019/9/20,4.25,4.85", "lpr.csv:3 date", "line 2"),
    ],
)
def test_a_damaged_line_is_named_by_file_line_column_and_expectation(
    folder: Path, name: str, line: int, text: str, where: str, expected: str
) -> None:
    spoil(folder, name, line, text)
    with pytest.raises(Refused) as caught:
        read_seed(folder)
    found = {fault.where: fault.message for fault in caught.value.faults}
    assert expected in found[where]


def test_all_faults_of_all_files_are_told_at_once(folder: Path) -> None:
    spoil(folder, "regions.csv", 3, "110101,东城区,town,110000")
    spoil(folder, "lpr.csv", 2, "2019-08-20,x,y")
    (folder / "size_thresholds.csv").unlink()
    (folder / "industries.csv").write_bytes("code,name\n制造业".encode("gb18030"))
    with pytest.raises(Refused) as caught:
        read_seed(folder)
    places = [fault.where for fault in caught.value.faults]
    assert {"regions.csv:3 level", "lpr.csv:2 lpr_1y", "lpr.csv:2 lpr_5y"} <= set(places)
    assert {"size_thresholds.csv:1", "industries.csv:1"} <= set(places)
    assert len(places) == 5


def test_the_shipped_files_are_sorted_so_that_changes_stay_readable() -> None:
    for name in ("regions.csv", "region_changes.csv", "lpr.csv"):
        lines = (SHIPPED / name).read_text(encoding="utf-8").splitlines()[1:]
        assert lines == sorted(lines, key=lambda line: line.split(",")[:3]), name
