"""`rongqiao chains` about posts, places and profiles, run as people run them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.accounts.rules import local_operator
from app.chains import service
from app.chains.schemas import ChainIn
from app.cli import chains
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession
from app.kernel.settings import get_settings
from tests.databases import migrate
from tests.docking.world import in_database


async def build(session: AsyncSession) -> None:
    chain = ChainIn(code="NJ", name="农机产业链", industries=("C357",))
    await service.create_chain(session, local_operator("230000"), chain, now=utc_now())


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'chains.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    migrate(url)
    in_database(url, build)
    yield
    get_settings.cache_clear()


def run(*words: str) -> Result:
    return CliRunner().invoke(chains.commands, words)


def made(*words: str) -> Any:
    done = run(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_post_ends_and_is_open_again_on_the_command_line() -> None:
    post = made("appoint", "NJ", "leader", "甲", "--since", "2024-01-01")
    ended = made("end", "NJ", str(post["id"]), "--until", "2024-06-30")
    assert (ended["until"], ended["is_in_office"]) == ("2024-06-30", False)
    assert made("end", "NJ", str(post["id"]))["until"] is None
    assert run("end", "NJ", str(post["id"]), "--until", "2023-12-31").exit_code == 1


def test_what_a_chain_covers_ends_on_the_command_line() -> None:
    place = made("cover", "NJ", "region", "230100", "--since", "2024-01-01")
    assert "哈尔滨市" in run("uncover", "NJ", str(place["id"]), "--until", "2024-06-30").stdout
    assert [one["until"] for one in made("places", "NJ")] == ["2024-06-30"]


def test_a_chain_takes_a_shipped_profile_over_and_gives_it_back_on_the_command_line() -> None:
    assert made("profile", "NJ", "NJZB")["profile"] == "NJZB"
    assert "只按行业" in run("profile", "NJ").stdout
    assert run("profile", "NJ", "NONE").exit_code == 1
