"""The edge of every command: what people are told when it does not go through."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner

from app.cli import edge
from app.cli.root import main, tree
from app.kernel.settings import PROJECT_ROOT, get_settings

CUT = DBAPIError("SELECT 1", {}, RuntimeError("connection was closed in the middle of operation"))
FULL = OSError(28, "No space left on device")


def told(error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Answer code and first fault of what a command that meets an error says."""

    async def job() -> None:
        raise error

    monkeypatch.setattr(sys, "argv", ["rongqiao", "--json"])
    with pytest.raises(typer.Exit) as ended:
        edge.run(job)
    assert ended.value.exit_code == edge.REFUSED
    said = json.loads(capsys.readouterr().out)
    [fault] = said["errors"]
    return f"{said['code']}: {fault['where']}: {fault['message']}"


def test_a_command_that_is_stopped_says_that_nothing_was_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def job() -> None:
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit) as stopped:
        edge.run(job)
    assert stopped.value.exit_code == edge.INTERRUPTED
    assert "nothing was changed" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [CUT, ExceptionGroup("tasks", [CUT]), ExceptionGroup("tasks", [ExceptionGroup("", [CUT, ConnectionResetError()])])],
    ids=["alone", "in a group", "in a group in a group"],
)  # fmt: skip
def test_a_database_that_is_cut_off_is_told_as_such(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(error, monkeypatch, capsys)
    assert said == "unavailable: database: connection was closed in the middle of operation"


@pytest.mark.parametrize("error", [FULL, ExceptionGroup("tasks", [FULL])], ids=["alone", "in a group"])
def test_a_full_disk_is_told_as_such(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(error, monkeypatch, capsys) == "unavailable: disk: [Errno 28] No space left on device"


@pytest.mark.parametrize(
    "error", [KeyError("of ours"), FileNotFoundError(2, "gone"), ExceptionGroup("tasks", [CUT, KeyError("of ours")])]
)  # fmt: skip
def test_a_defect_keeps_its_traceback_also_among_troubles(error: Exception) -> None:
    async def job() -> None:
        raise error

    with pytest.raises(type(error)) as kept:
        edge.run(job)
    assert kept.value is error


def printing_to_full(stream: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the project; one of its two streams goes to a disk without room."""
    with Path("/dev/full").open("w") as full:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {stream: full}
        return subprocess.run([sys.executable, *words], cwd=PROJECT_ROOT, text=True, check=False, **streams)  # type: ignore[call-overload,no-any-return]  # of two streams


def test_output_for_which_there_is_no_room_is_said_to_be_lost() -> None:
    ended = printing_to_full("stdout", "-m", "app.cli", "bench", "--help")
    assert (ended.returncode, "Traceback" in ended.stderr, "No space left" in ended.stderr) == (
        1,
        False,
        True,
    )


def test_work_goes_on_where_there_is_no_room_for_its_log() -> None:
    script = "from app.kernel import logs; logs.configure_logs('INFO'); logs.get_logger('a').error('b'); print('went on')"
    assert printing_to_full("stderr", "-c", script).stdout == "went on\n"


@pytest.mark.parametrize("command", ["whitelist edition", "db upgrade", "audit show"])
def test_a_database_whose_folder_cannot_be_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'file' / 'in' / 'a.db'}")
    get_settings.cache_clear()
    try:
        ended = CliRunner().invoke(tree(command.split()), command.split())
    finally:
        get_settings.cache_clear()
    said = " ".join(ended.stderr.split())
    assert (ended.exit_code, "folder of the database" in said, "Not a directory" in said) == (1, True, True)


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("RONGQIAO_PORT", "abc", "RONGQIAO_PORT Input should be a valid integer"),
        ("RONGQIAO_JURISDICTION", "23", "RONGQIAO_JURISDICTION String should match"),
        ("RONGQIAO_DATABASE_URL", "postgres://a:secret@host/b", "RONGQIAO_DATABASE_URL names no kind of database"),
        ("RONGQIAO_DATABASE_URL", "nonsense", "RONGQIAO_DATABASE_URL names no kind of database"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_named_with_what_it_is_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], setting: str, value: str, said: str
) -> None:
    monkeypatch.setenv(setting, value)
    monkeypatch.setattr(sys, "argv", ["rongqiao", "policy", "check"])
    get_settings.cache_clear()
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        get_settings.cache_clear()
    told = " ".join(capsys.readouterr().err.split())
    assert (ended.value.code, said in told, "secret" in told) == (edge.REFUSED, True, False)


@pytest.mark.parametrize(
    ("words", "said"), [(["policy", "--help"], "Policy packs"), (["--version"], version("rongqiao"))]
)
def test_what_a_command_is_for_and_the_version_are_told_whatever_is_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    monkeypatch.setenv("RONGQIAO_PORT", "abc")
    monkeypatch.setattr(sys, "argv", ["rongqiao", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, said in capsys.readouterr().out) == (0, True)


def test_the_whole_house_is_not_loaded_before_a_command_is_known() -> None:
    """Loading it takes ten times as long as telling what commands there are."""
    script = "import sys, app.cli.root; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT_ROOT, text=True, check=True, capture_output=True
    )
    loaded = set(done.stdout.split())
    assert {"app.cli.serve", "app.cli.worker"} <= loaded
    assert {
        "app.main",
        "app.rounds.service",
        "app.docking.clock_service",
        "app.matching.service",
    } & loaded == set()
