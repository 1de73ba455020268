"""What production refuses to start with: each thing is named with its remedy, all of them at once."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from app.accounts.rules import Role
from app.accounts.start_checks import STAFF, DatabaseFacts, database_faults, settings_faults
from app.accounts.start_service import newest_migration, require_safe
from app.cli.root import tree
from app.kernel.errors import Refused
from app.kernel.settings import Settings, exposed_secrets, get_settings

KEY = "q7Jx0cG5m2Vt9sYb4Lr8Wn1Zk6Hf3Pd0Ae-Uu_Ii"
SAFE: dict[str, Any] = {
    "environment": "production",
    "database_url": "postgresql+asyncpg://rongqiao:pw-of-the-database@db.internal/rongqiao?ssl=verify-full",
    "secret_keys": KEY,
    "host": "0.0.0.0",  # noqa: S104 - behind a proxy
    "public_url": "https://rongqiao.example.gov.cn",
    "trusted_proxies": 1,
    "second_factor_roles": ",".join(STAFF),
}
UNSAFE: list[tuple[dict[str, Any], str, str]] = [
    ({"secret_keys": ""}, "SECRET_KEYS", "missing"),
    ({"secret_keys": KEY[:31]}, "SECRET_KEYS", "fewer than 32"),
    ({"secret_keys": f"{KEY},{'short'}"}, "SECRET_KEYS", "key 2"),
    ({"secret_keys": "a" * 64}, "SECRET_KEYS", "not random"),
    ({"secret_keys": f"change-me-{KEY}"}, "SECRET_KEYS", "not random"),
    ({"public_url": ""}, "PUBLIC_URL", "missing"),
    ({"public_url": "http://rongqiao.example.gov.cn"}, "PUBLIC_URL", "not https"),
    ({"public_url": "https://rongqiao.example.gov.cn/app"}, "PUBLIC_URL", "scheme://host"),
    ({"trusted_proxies": 0}, "TRUSTED_PROXIES", "0, but"),
    ({"cors_origins": "*"}, "CORS_ORIGINS", "exact origin"),
    ({"cors_origins": "https://*.example.org"}, "CORS_ORIGINS", "exact origin"),
    ({"cors_origins": "null"}, "CORS_ORIGINS", "exact origin"),
    ({"cors_origins": "http://partner.example.org"}, "CORS_ORIGINS", "not https"),
    ({"database_url": "sqlite+aiosqlite:///x.db"}, "DATABASE_URL", "SQLite"),
    ({"database_url": "postgresql+asyncpg://a@db.internal/x"}, "DATABASE_URL", "not encrypted"),
    ({"database_url": "postgresql+asyncpg://a@db.internal/x?ssl=prefer"}, "DATABASE_URL", "not encrypted"),
    ({"second_factor_roles": "auditor"}, "SECOND_FACTOR_ROLES", "coordinator"),
    ({"second_factor_roles": ",".join([*STAFF, "boss"])}, "SECOND_FACTOR_ROLES", "no role"),
    ({"oidc_issuer": "http://sso.example.gov.cn"}, "OIDC_ISSUER", "not https"),
    ({"oidc_issuer": "https://sso.example.gov.cn", "oidc_client_id": "x"}, "OIDC_CLIENT_SECRET", "missing"),
    ({"smtp_host": "mail.example.gov.cn"}, "MAIL_FROM", "missing"),
    (
        {"smtp_host": "mail.example.gov.cn", "mail_from": "a@b.cn", "smtp_security": "none"},
        "SMTP_SECURITY",
        "not encrypted",
    ),
    ({"metrics_token": KEY[:31]}, "METRICS_TOKEN", "fewer than 32"),
    ({"log_level": "DEBUG"}, "LOG_LEVEL", "tokens"),
    ({"secrets_dir": Path("no-such-folder")}, "SECRETS_DIR", "no such folder"),
]


def test_safe_settings_have_no_fault() -> None:
    assert settings_faults(Settings(**SAFE)) == []
    near = SAFE | {
        "database_url": "postgresql+asyncpg://a@/x?host=/run/postgresql",
        "secret_keys": f"{KEY},{KEY[::-1]}",
    }
    assert settings_faults(Settings(**near)) == []


@pytest.mark.parametrize(("unsafe", "where", "message"), UNSAFE)
def test_each_unsafe_setting_is_named_and_has_a_remedy(
    unsafe: dict[str, Any], where: str, message: str
) -> None:
    faults = settings_faults(Settings(**(SAFE | unsafe)))
    [named] = [fault for fault in faults if message in fault.message]
    assert (named.where, bool(named.remedy)) == (f"RONGQIAO_{where}", True)


def test_production_names_everything_at_once_and_no_secret() -> None:
    weak = {"secret_keys": "short-but-ours", "database_url": "postgresql+asyncpg://a:pw-of-it@db.internal/x"}
    with pytest.raises(Refused) as refused:
        require_safe(Settings(environment="production", **weak))  # type: ignore[arg-type]  # as the environment gives it
    told = "\n".join(
        f"{fault.where} {fault.message} {fault.remedy} {fault.value}" for fault in refused.value.faults
    )
    for where in ("SECRET_KEYS", "PUBLIC_URL", "TRUSTED_PROXIES", "DATABASE_URL", "SECOND_FACTOR_ROLES"):
        assert f"RONGQIAO_{where}" in told
    assert "short-but-ours" not in told
    assert "pw-of-it" not in told


def test_development_needs_no_secrets_and_stays_on_this_machine() -> None:
    assert settings_faults(Settings()) == []
    for host in ("127.0.0.1", "::1", "localhost", "127.0.0.2"):
        assert settings_faults(Settings(host=host)) == []
    for host in ("0.0.0.0", "192.0.2.1", "::", "rongqiao.example.gov.cn", ""):  # noqa: S104 - what must be refused
        assert [fault.where for fault in settings_faults(Settings(host=host))] == ["RONGQIAO_HOST"]


def test_the_database_must_be_at_this_version_everywhere_and_safe_in_production() -> None:
    production = Settings(**SAFE)
    for settings in (Settings(), production):
        [old] = database_faults(settings, DatabaseFacts("0002", "0003"))
        assert "migration 0002" in old.message
        assert "rongqiao db upgrade" in old.remedy
        # The next version's migrations only add: this one serves on beside it.
        assert database_faults(settings, DatabaseFacts("0004", "0003")) == []
    unsafe = DatabaseFacts("0003", "0003", demo_people=4, may_change_trail=True)
    assert ["demonstration" in fault.message for fault in database_faults(production, unsafe)] == [
        True,
        False,
    ]
    assert database_faults(Settings(), unsafe) == []
    assert database_faults(production, DatabaseFacts("0003", "0003")) == []


def test_staff_is_everybody_but_enterprises() -> None:
    assert set(Role) - STAFF == {Role.ENTERPRISE}


@pytest.fixture
def secrets_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RONGQIAO_SECRETS_DIR", str(tmp_path))
    for name in ("RONGQIAO_SECRET_KEYS", "RONGQIAO_DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_secrets_come_from_files_and_nothing_else_does(
    secrets_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (secrets_dir / "secret_keys").write_text(f"{KEY}\n")
    (secrets_dir / "database_url").write_text("postgresql+asyncpg://a:pw@h/x\n")
    (secrets_dir / "host").write_text("0.0.0.0")  # noqa: S104 - must not count
    settings = Settings()
    assert settings.secret_keys.get_secret_value() == KEY
    assert (settings.database_url, settings.host) == ("postgresql+asyncpg://a:pw@h/x", "127.0.0.1")
    monkeypatch.setenv("RONGQIAO_SECRET_KEYS", "of the environment")
    assert Settings().secret_keys == SecretStr("of the environment")


def test_a_secret_file_that_others_may_read_is_refused_in_production(secrets_dir: Path) -> None:
    file = secrets_dir / "secret_keys"
    file.write_text(KEY)
    file.chmod(0o640)
    assert exposed_secrets(Settings()) == []
    file.chmod(0o644)
    settings = Settings(**{key: value for key, value in SAFE.items() if key != "secret_keys"})
    assert exposed_secrets(settings) == ["secret_keys"]
    [fault] = settings_faults(settings, exposed_secrets(settings))
    assert "chmod" in fault.remedy


def test_no_secret_is_shown_by_settings_by_their_errors_or_by_help(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(**SAFE, oidc_client_secret=SecretStr("of-the-client"))
    shown = f"{settings!r} {settings!s} {settings.model_dump_json(exclude={'database_url'})}"
    monkeypatch.setenv("RONGQIAO_SECRET_KEYS", KEY)
    get_settings.cache_clear()
    for words in (["serve", "--help"], ["db", "grant", "--help"]):
        shown += CliRunner().invoke(tree(words), words).output
    get_settings.cache_clear()
    with pytest.raises(ValueError, match="port") as refused:
        Settings(port="of-the-port")
    shown += str(refused.value)
    for secret in (KEY, "of-the-client", "pw-of-the-database", "of-the-port"):
        assert secret not in shown


def test_the_newest_migration_is_the_one_with_the_highest_number(tmp_path: Path) -> None:
    for name in ("0001_a.py", "0010_b.py", "0009_c.py", "notes.py"):
        (tmp_path / name).touch()
    assert newest_migration(tmp_path) == "0010"


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"RONGQIAO_ENVIRONMENT": "production"}, ("RONGQIAO_SECRET_KEYS", "RONGQIAO_PUBLIC_URL", "SQLite")),
        ({"RONGQIAO_HOST": "0.0.0.0"}, ("RONGQIAO_HOST", "loopback")),  # noqa: S104 - what must be refused
        ({}, ("rongqiao db upgrade",)),
    ],
    ids=["production", "development", "no tables"],
)
def test_serve_says_everything_that_is_in_the_way_and_does_not_start(
    environment: dict[str, str], told: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("app.cli.serve.configure_logs", lambda _level: None)  # the log outlives this test
    monkeypatch.setattr("uvicorn.run", lambda *_args, **_options: pytest.fail("it started"))
    get_settings.cache_clear()
    done = CliRunner().invoke(tree(["serve"]), ["serve"])
    get_settings.cache_clear()
    assert done.exit_code == 1
    assert [word for word in told if word not in " ".join(done.output.split())] == []
