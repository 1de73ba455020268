"""compose.yaml: nobody in it has more than the work needs, and the service starts on what it says."""

import re
from pathlib import Path
from typing import Any

import pytest

from app.accounts.start_checks import settings_faults
from app.jobs.queue import jobs_url
from app.kernel.settings import Settings, exposed_secrets
from tests.container.composition import MissingError, compose, make_secrets
from tests.container.dockerfile import DOCKERFILE, parse

ASKED = {"RONGQIAO_JURISDICTION": "230000", "RONGQIAO_PUBLIC_URL": "https://rongqiao.example.gov.cn"}
FILE = compose(ASKED)
OURS = ("migrate", "grant", "server", "worker")
LASTING = ("server", "worker")
RESERVED_CONNECTIONS = 20
MOST_PROCESSES = 5
"""Three servers and two workers, as docs/operations.md says that the file as it is can carry."""


def _seconds(text: str) -> int:
    return int(text.removesuffix("s"))


def _count(settings: Settings) -> int:
    return settings.database_pool_size + settings.database_pool_overflow + settings.worker_threads + 2


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Secrets, made by the lines that the operator is told to run."""
    return make_secrets(tmp_path_factory.mktemp("operator"))


def _settings(service: str, secrets: Path, run_secrets: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Answer the settings of a service as its process would read them."""
    for name, value in FILE.environment(service).items():
        if name.startswith("RONGQIAO_"):
            monkeypatch.setenv(name, value)
    assert FILE.environment(service)["RONGQIAO_SECRETS_DIR"] == "/run/secrets"
    for name, file in FILE.secrets(service).items():
        (run_secrets / name).write_bytes((secrets / Path(file).name).read_bytes())
        (run_secrets / name).chmod((secrets / Path(file).name).stat().st_mode)
    monkeypatch.setenv("RONGQIAO_SECRETS_DIR", str(run_secrets))
    return Settings()


@pytest.mark.parametrize("service", LASTING)
def test_the_service_starts_on_what_the_file_says(
    service: str, secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _settings(service, secrets, tmp_path, monkeypatch)
    assert settings_faults(settings, exposed_secrets(settings)) == []
    assert settings.environment == "production"
    assert not settings.embedded_worker
    assert settings.metrics_token.get_secret_value()
    assert settings.database_url == jobs_url(settings).replace("postgresql:", "postgresql+asyncpg:")
    grace = _seconds(FILE.services[service]["stop_grace_period"])
    assert grace >= settings.drain_seconds + settings.shutdown_seconds + 10
    most = re.search(r"--max_connections=(\d+)", " ".join(FILE.services["database"]["command"]))
    assert most is not None
    assert MOST_PROCESSES * _count(settings) + RESERVED_CONNECTIONS <= int(most[1])


@pytest.mark.parametrize("service", ["migrate", "grant"])
def test_only_migrations_and_grants_run_as_the_owner(
    service: str, secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = _settings(service, secrets, tmp_path, monkeypatch)
    assert owner.database_url.startswith("postgresql+asyncpg://rongqiao_owner:")
    assert "secret_keys" not in FILE.secrets(service)
    assert {FILE.secrets(one)["database_url"] for one in LASTING} == {"./secrets/database_url"}
    assert FILE.services["grant"]["command"][-1] in (secrets / "database_url").read_text()


@pytest.mark.parametrize("service", FILE.services)
def test_nobody_has_more_than_the_work_needs(service: str) -> None:
    found: dict[str, Any] = FILE.services[service]
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert {"cpus", "memory", "pids"} <= found["deploy"]["resources"]["limits"].keys()
    assert {"privileged", "pid", "ipc", "cap_add", "devices"}.isdisjoint(found)
    assert not [one for one in found["volumes"] if one.startswith(("/", ".", "~"))]
    assert re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?(-[a-z]+)?", found["image"])


def test_nobody_but_the_proxy_of_this_machine_reaches_a_server_and_nobody_a_database() -> None:
    assert FILE.services["database"]["network_mode"] == "none"
    published = {name: one["ports"] for name, one in FILE.services.items() if "ports" in one}
    assert published == {"server": ["127.0.0.1:8000-8009:8000"]}
    assert {"--listen_addresses="} <= set(FILE.services["database"]["command"])
    assert "trust" not in FILE.services["database"]["environment"]["POSTGRES_INITDB_ARGS"]


def test_each_step_waits_for_the_one_before_it() -> None:
    waits = {name: dict(found.get("depends_on", {})) for name, found in FILE.services.items()}
    done = {"condition": "service_completed_successfully"}
    assert waits == {
        "database": {},
        "migrate": {"database": {"condition": "service_healthy"}},
        "grant": {"migrate": done},
        "server": {"grant": done},
        "worker": {"grant": done},
    }


def test_whoever_lasts_is_watched_stopped_in_time_and_begun_anew() -> None:
    for name in (*LASTING, "database"):
        assert FILE.services[name]["restart"] == "unless-stopped"
        assert _seconds(FILE.services[name]["stop_grace_period"]) >= 40
    health: dict[str, Any] = {name: found.get("healthcheck") for name, found in FILE.services.items()}
    assert health["server"] is None
    assert parse(DOCKERFILE.read_text())[-1].last("HEALTHCHECK").words
    assert health["worker"]["test"][0] == "CMD"
    assert str(FILE.environment("worker")["RONGQIAO_WORKER_METRICS_PORT"]) in health["worker"]["test"][-1]
    assert [health[name] for name in ("migrate", "grant")] == [{"disable": True}] * 2


def test_what_only_the_operator_can_know_is_asked_for() -> None:
    for name in ASKED:
        with pytest.raises(MissingError, match=name):
            compose({other: value for other, value in ASKED.items() if other != name})
    assert {FILE.services[name]["image"] for name in OURS} == {"rongqiao:0.1.0"}
