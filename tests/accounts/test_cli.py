"""`rongqiao accounts`, run as people run it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from app.accounts import passwords
from app.accounts.tables import AuditEvent, Invitation, Person
from app.cli.accounts import commands
from app.kernel.database import AsyncSession
from app.kernel.settings import get_settings
from tests.accounts.signing import CHEAP
from tests.databases import migrate
from tests.docking.world import in_database

PASSPHRASE = "seven odd herons row north"  # noqa: S105 - of nobody


@pytest.fixture(autouse=True)
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'accounts.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    monkeypatch.setattr(passwords, "HASHER", CHEAP)
    get_settings.cache_clear()
    migrate(url)
    yield url
    get_settings.cache_clear()


def run(*words: str, given: str | None = None) -> Result:
    return CliRunner().invoke(commands, words, input=given)


def create(login: str, *more: str, given: str = f"{PASSPHRASE}\n{PASSPHRASE}\n") -> Result:
    return run("create-admin", login, "--name", "王芳", *more, given=given)


def test_the_first_administrator_is_made_once_and_another_only_when_said(
    tmp_path: Path, database: str
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSPHRASE}\r\nsecond line\n")
    guessable = create("root", given="password123\npassword123\n")
    assert (guessable.exit_code, "easily guessed" in guessable.stderr) == (1, True)
    assert create("root", "--password-file", str(file), given="").exit_code == 0
    second = create("root2")
    assert (second.exit_code, "--another" in second.stderr) == (1, True)
    assert create("root2", "--another").exit_code == 0
    assert create("ＲＯＯＴ", "--another").exit_code == 1

    async def check(session: AsyncSession) -> None:
        stored = (await session.execute(select(Person.login, Person.password_hash).order_by(Person.id))).all()
        assert [row.login for row in stored] == ["root", "root2"]
        assert all(
            [(await passwords.check_password(PASSPHRASE, row.password_hash)).is_right for row in stored]
        )

    in_database(database, check)


def test_roles_are_given_listed_and_ended_and_the_last_administrator_stays(database: str) -> None:
    create("root")
    assert run("grant", "root", "auditor").exit_code == 1
    separated = run("grant", "root", "auditor")
    assert "三权分立" in separated.stderr
    assert run("end-grant", "root", "1").exit_code == 1
    last = run("disable", "root")
    assert (last.exit_code, "the last administrator" in last.stderr) == (1, True)
    create("root2", "--another")
    assert run("end-grant", "root2", "2").exit_code == 0
    given = json.loads(
        run("grant", "root2", "coordinator", "230100", "--until", "2999-12-31", "--json").stdout
    )
    assert (given["role"], given["scope"], given["until"]) == ("coordinator", "230100", "2999-12-31")
    assert run("grant", "root2", "coordinator", "310000").exit_code == 1
    assert "coordinator 230100" in run("list").stdout
    listed = json.loads(run("list", "--role", "coordinator", "--json").stdout)
    assert [(one["login"], [grant["is_in_force"] for grant in one["grants"]]) for one in listed] == [
        ("root2", [True, False])
    ]
    assert run("disable", "root2").exit_code == 0
    assert "停用" in run("list", "--search", "ROOT2").stdout
    assert run("enable", "root2").exit_code == 0
    nobody = run("disable", "nobody")
    assert (nobody.exit_code, "accounts list" in nobody.stderr) == (1, True)

    async def check(session: AsyncSession) -> None:
        notes = (
            await session.execute(
                select(AuditEvent.action)
                .where(AuditEvent.subject_kind == "person")
                .order_by(AuditEvent.sequence)
            )
        ).scalars()
        assert list(notes) == ["grant", "grant", "end_grant", "grant", "disable", "enable"]

    in_database(database, check)


def test_a_token_is_printed_alone_and_only_its_hash_is_kept(database: str) -> None:
    create("root")
    made = run("invite", "李雷", "coordinator", "230100")
    token = made.stdout.strip()
    assert (made.exit_code, len(token), "invitations/accept" in made.stderr) == (0, 43, True)
    assert run("invite", "李雷", "relationship_manager", "NOBODY").exit_code == 1
    reset = run("reset-password", "root")
    assert (reset.exit_code, len(reset.stdout.strip())) == (0, 43)
    assert "0 sessions ended" in run("end-sessions", "root").stdout

    async def check(session: AsyncSession) -> None:
        [row] = (await session.execute(select(Invitation))).scalars()
        assert token not in (row.token_hash, row.name)

    in_database(database, check)


def test_every_command_says_what_it_does() -> None:
    for command in commands.registered_commands:
        assert command.callback is not None
        name = command.name or command.callback.__name__
        assert (command.callback.__doc__ or "")[:20] in run(name, "--help").stdout
