"""The contracts between rooms break when somebody breaches them: planted breaches prove it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.kernel.settings import PROJECT_ROOT

PLANTS = {
    "app/reference/planted.py": "import app.coverage.tables\n",
    "app/attic/__init__.py": "",
    "app/docking/rules.py": "import app.kernel.clock\n",
    "app/coverage/planted.py": "import sqlalchemy\n",
    "app/policy/api.py": "import app.policy.queries\n",
}
EXPECTED = {
    "Rooms stand in the order": ("app.reference.planted -> app.coverage.tables",),
    "Pure rooms decide": ("app.docking.rules -> app.kernel.clock",),
    "SQL is spoken only": ("app.coverage.planted -> sqlalchemy",),
    "Doors reach data": ("app.policy.api -> app.policy.queries",),
}


def _lint(folder: Path) -> str:
    script = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", script, "--no-cache"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("breached")
    shutil.copytree(PROJECT_ROOT / "app", folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT_ROOT / "pyproject.toml", folder)
    (folder / "app/attic").mkdir()
    for name, text in PLANTS.items():
        path = folder / name
        path.write_text((path.read_text() if path.exists() else "") + text)
    return " ".join(_lint(folder).split())


@pytest.mark.parametrize("contract", EXPECTED)
def test_a_planted_breach_breaks_its_contract_and_is_named(report: str, contract: str) -> None:
    verdicts = report.split("Broken contracts", maxsplit=1)[0]
    assert "BROKEN" in verdicts.split(contract)[1].split("KEPT")[0]
    assert all(edge in report for edge in EXPECTED[contract])


def test_a_package_that_no_layer_names_is_reported(report: str) -> None:
    assert "attic" in report
