import json

from typer.testing import CliRunner

from app.cli.reference import commands
from app.kernel.settings import PROJECT_ROOT
from app.reference.service import check_shipped


def test_load_without_files_checks_the_shipped_tables_and_prints_their_counts() -> None:
    result = CliRunner().invoke(commands, ["load", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == check_shipped(PROJECT_ROOT / "seed")
