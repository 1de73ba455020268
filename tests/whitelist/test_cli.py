"""`rongqiao whitelist`, run as people run it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli import edge
from app.cli.whitelist import commands
from app.kernel.settings import get_settings
from tests.databases import migrate
from tests.whitelist.rosters import credit_code, good_row, workbook


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'whitelist.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    migrate(url)
    yield tmp_path
    get_settings.cache_clear()


def _run(*words: object) -> Result:
    return CliRunner().invoke(commands, [str(word) for word in words])


def test_a_roster_from_template_to_difference(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _run("template", folder / "空.xlsx").exit_code == 0
    assert (folder / "空.xlsx").stat().st_size > 10_000
    roster = folder / "名单.xlsx"
    roster.write_bytes(workbook([good_row(1), good_row(2, 资质="")]).getvalue())
    preview = _run("import", roster, "--edition", "2023H2", "--dry-run")
    assert (preview.exit_code, "would be imported" in preview.stdout) == (0, True)
    assert json.loads(_run("edition", "--json").stdout) == []
    assert _run("import", roster, "--edition", "2023H2").exit_code == 0
    assert "nothing changed" in _run("import", roster, "--edition", "2023H2").stdout
    [item] = json.loads(_run("reviews", "--edition", "2023H2", "--json").stdout)
    assert "须询问：资质" in _run("reviews").stdout
    decided = _run("decide", item["id"], "admit", "--reason", "已核实")
    assert (decided.exit_code, "admitted" in decided.stdout) == (0, True)
    first = f"2023H2-{credit_code(1)}"
    assert _run("withdraw", first, "--reason", "停产").exit_code == 0
    assert "reopened, admitted" in _run("reopen", first, "--reason", "复产").stdout
    assert _run("reopen", first, "--reason", "复产").exit_code == 1
    assert "withdrawn" in _run("withdraw", first, "--reason", "又停").stdout
    changed = {"资质": "专精特新中小企业", "从业人员": "200", "融资金额（万元）": "650.5"}
    roster.write_bytes(workbook([good_row(2, **changed)]).getvalue())
    assert _run("import", roster, "--edition", "2024H1").exit_code == 0
    diff = json.loads(_run("diff", "2023H2", "2024H1", "--json").stdout)
    assert diff["counts"] == {"changed": 1}
    monkeypatch.setattr(edge.screen, "width", 200)
    shown = _run("diff", "2023H2", "2024H1").stdout
    for words in ("从业人员 180 → 200", "资质 未知 → 专精特新中小企业", "融资金额 500万元 → 650.5万元"):
        assert words in shown


def test_a_possible_duplicate_is_decided_with_the_import(folder: Path) -> None:
    names = ("哈尔滨砺剑精密机床制造有限公司", "哈尔滨市砺剑精密机床制造有限责任公司")
    roster, decisions = folder / "名单.xlsx", folder / "决定.json"
    roster.write_bytes(workbook([good_row(i, 企业名称=name) for i, name in enumerate(names, 1)]).getvalue())
    look = _run("import", roster, "--edition", "2023H2", "--dry-run", "--json")
    [question] = json.loads(look.stdout)["questions"]
    made = {name: question[name] for name in ("entry", "seen")} | {"decision": "same_firm", "reason": "重复"}
    decisions.write_text("[{", encoding="utf-8")
    assert _run("import", roster, "--edition", "2023H2", "--decisions", decisions).exit_code == 1
    decisions.write_text(json.dumps([made]), encoding="utf-8")
    assert _run("import", roster, "--edition", "2023H2", "--decisions", decisions).exit_code == 0
    [decided] = json.loads(_run("reviews", "--state", "decided", "--json").stdout)
    assert (decided["entry"], decided["decision"]) == (question["entry"], "same_firm")


def test_a_faulty_roster_is_refused_and_written_back(folder: Path) -> None:
    roster = folder / "名单.xlsx"
    roster.write_bytes(workbook([good_row(1), good_row(2, 首贷户="?")]).getvalue())
    refused = _run("import", roster, "--edition", "2023H2")
    assert refused.exit_code == 1
    assert "名单!S3" in refused.stderr
    assert (folder / "名单-错误.xlsx").exists()
    assert json.loads(_run("edition", "--json").stdout) == []
    partly = _run(
        "import", roster, "--edition", "2023H2", "--accept-valid", "--errors", folder / "e.xlsx", "--json"
    )
    assert (partly.exit_code, json.loads(partly.stdout)["counts"]["new"]) == (0, 1)
    assert (folder / "e.xlsx").exists()
    looked_at = _run("import", roster, "--edition", "2023H2", "--dry-run")
    assert (looked_at.exit_code, "has faults" in looked_at.stdout) == (1, True)
    assert _run("import", roster, "--edition", "2023H3").exit_code == 1
    assert _run("import", folder / "none.xlsx").exit_code == 2


@pytest.mark.parametrize(
    ("place", "code", "reason"),
    [("/dev/full", "unavailable", "No space left on device"), ("none/e.xlsx", "refused", "No such file or directory")],
    ids=["full disk", "no folder"],
)  # fmt: skip
def test_an_error_sheet_that_cannot_be_written_leaves_no_doubt_about_the_import(
    folder: Path, monkeypatch: pytest.MonkeyPatch, place: str, code: str, reason: str
) -> None:
    roster = folder / "名单.xlsx"
    roster.write_bytes(workbook([good_row(1), good_row(2, 首贷户="?")]).getvalue())
    monkeypatch.setattr("sys.argv", ["rongqiao", "--json"])
    came = []
    for options in (("--dry-run",), (), ("--accept-valid",), ("--accept-valid",)):
        done = _run("import", roster, "--edition", "2023H2", "--errors", folder / place, *options, "--json")
        said = json.loads(done.stdout)
        first, *others = said["errors"]
        assert (done.exit_code, said["code"], first["where"]) == (1, code, str(folder / place))
        assert (first["message"], "--errors" in first["remedy"]) == (reason, True)
        came.append((said["detail"], [fault["where"] for fault in others]))
    assert came == [
        (f"{what} The sheet with a column of faults cannot be written.", cells)
        for what, cells in (
            ("Nothing was to be changed, and nothing was; 1 faulty rows (1 faults) were found.", []),
            ("The roster has faults (1 in all); nothing was written.", ["名单!S3"]),
            ("Import 1 is kept in 2023H2; 1 faulty rows (1 faults) were left out.", []),
            ("2023H2 holds all of it but 1 faulty rows (1 faults); nothing was changed.", []),
        )
    ]
    monkeypatch.setattr("sys.argv", ["rongqiao"])
    assert _run("template", folder / place).exit_code == 1
    [edition] = json.loads(_run("edition", "--json").stdout)
    assert edition["entries"] == {"admitted": 1}
