"""`rongqiao audit`: what a security officer runs."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.root import tree
from app.kernel.database import make_engine, make_sessions
from app.kernel.settings import get_settings
from tests.accounts.test_audit_trail import as_superuser, fill
from tests.databases import Databases


@pytest.fixture
def url(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database with a trail of five links."""
    url = databases.fresh()
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    asyncio.run(_in(url, 5))
    yield url
    get_settings.cache_clear()


async def _in(url: str, count: int, *statements: str) -> None:
    engine = make_engine(url)
    await fill(make_sessions(engine), count)
    if statements:
        await as_superuser(make_sessions(engine), *statements)
    await engine.dispose()


def audit(*words: str) -> Result:
    return CliRunner().invoke(tree(["audit"]), ["audit", *words])


def test_the_trail_is_verified_exported_and_verified_elsewhere(url: str, tmp_path: Path) -> None:
    here = audit("verify")
    assert (here.exit_code, here.output.splitlines()[0]) == (0, "5 links hold, 1 to 5")
    head = here.output.splitlines()[1].removeprefix("head ")
    file = tmp_path / "trail.jsonl"
    assert head in audit("export", str(file)).output
    there = audit("verify", "--file", str(file), "--head", head)
    assert (there.exit_code, "nothing up to it was changed" in there.output) == (0, True)
    shown = json.loads(audit("show", "--limit", "2", "--json").output)
    assert [event["sequence"] for event in shown] == [5, 4]
    assert "2023-05" in audit("show", "--actor", "审计员").output


def test_a_broken_link_is_named_and_a_lost_head_is_told(url: str) -> None:
    head = audit("verify").output.splitlines()[1].removeprefix("head ")
    asyncio.run(_in(url, 0, "DELETE FROM audit_events WHERE sequence = 5"))
    cut = audit("verify", "--head", head)
    assert (audit("verify").exit_code, cut.exit_code, "cut off" in cut.output) == (0, 1, True)
    assert audit("verify", "--head", head[:-1]).exit_code == 2  # mistyped: nothing is said of the trail
    asyncio.run(_in(url, 0, "UPDATE audit_events SET address = '' WHERE sequence = 2"))
    broken = audit("verify")
    assert (broken.exit_code, broken.output.splitlines()[0].startswith("BROKEN at link 2: ")) == (1, True)
    told = json.loads(audit("verify", "--json").output)
    assert (told["holds"], told["broken"]["sequence"]) == (False, 2)
