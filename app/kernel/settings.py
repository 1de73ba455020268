"""Every setting of the service, read from the environment here and nowhere else.

Secrets come from the environment or from files in `RONGQIAO_SECRETS_DIR`, never from the command line;
none is shown by `repr`, by an error or by `--help`.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

PROJECT_ROOT = Path(__file__).resolve().parents[2]
OTHERS: Final = 0o007
"""Permission bits of whoever is neither owner nor group."""
SECRETS: Final = (
    "database_url",
    "jobs_url",
    "move_to_url",
    "secret_keys",
    "oidc_client_secret",
    "smtp_password",
    "metrics_token",
)
"""Settings that may be a file in `secrets_dir`, named as here; the environment goes before the file."""


class _SecretFiles(SecretsSettingsSource):
    """Reads the files of secret settings, and of no others: any file beside them changes nothing."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        if field_name not in SECRETS:
            return None, field_name, False
        return super().get_field_value(field, field_name)


class Settings(BaseSettings):
    """Read from `RONGQIAO_*`; the README lists each one (a house test compares)."""

    model_config = SettingsConfigDict(env_prefix="RONGQIAO_", frozen=True, hide_input_in_errors=True)

    database_url: str = Field(
        default=f"sqlite+aiosqlite:///{PROJECT_ROOT / 'var' / 'rongqiao.db'}",
        repr=False,
        description="SQLAlchemy URL: sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER@HOST/NAME.",
    )
    seed_dir: Path = Field(
        default=PROJECT_ROOT / "seed", description="Folder with policies/, reference/ and demo/."
    )
    jurisdiction: str = Field(
        default="230000",
        pattern=r"^\d{6}$",
        description="Region code of the government that runs this installation.",
    )
    environment: str = Field(
        default="development",
        pattern="^(development|production)$",
        description="development listens on loopback and may hold demo accounts; production refuses what is unsafe.",
    )
    secrets_dir: Path | None = Field(
        default=None, description="Folder with one file for each secret setting, named as here (secret_keys)."
    )
    secret_keys: SecretStr = Field(
        default=SecretStr(""),
        description="Keys that sign tokens and seal second factors, separated by commas; the first signs, all verify.",
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on.")
    public_url: str = Field(
        default="",
        description="Address that browsers use, such as https://rongqiao.example.gov.cn; production needs it.",
    )
    trusted_proxies: int = Field(
        default=0, ge=0, le=5, description="Proxies in front that append to X-Forwarded-For; 0 believes none."
    )
    cors_origins: str = Field(
        default="", description="Origins whose pages may call the API, separated by commas; none by default."
    )
    request_seconds: int = Field(default=300, gt=0, description="Longest time that a request may take.")
    requests_per_minute: int = Field(
        default=1200,
        gt=0,
        description="Most requests a minute of one key, person or, before signing in, address.",
    )
    sign_ins_per_minute: int = Field(
        default=20,
        gt=0,
        description="Most attempts to sign in, and most registrations, a minute from one address.",
    )
    access_minutes: int = Field(default=10, gt=0, le=60, description="Life of an access token.")
    session_hours: int = Field(default=12, gt=0, description="Life of a signing-in, refreshed or not.")
    viewer_cache_seconds: float = Field(
        default=1.0,
        ge=0,
        le=60,
        description="For so long another process may still believe an ended role or key.",
    )
    second_factor_roles: str = Field(
        default="",
        description="Roles that must sign in with a second factor, separated by commas; production wants all staff.",
    )
    oidc_issuer: str = Field(
        default="", description="Issuer URL of a single sign-on (OpenID Connect); none by default."
    )
    oidc_client_id: str = Field(default="", description="Our client id there.")
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), description="Our client secret there.")
    oidc_name: str = Field(default="政务统一认证", description="What the sign-in page calls it.")
    smtp_host: str = Field(default="", description="Mail server that sends notices; no mail is sent without.")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Port of the mail server.")
    smtp_user: str = Field(default="", description="Our name there; empty when it asks for none.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="Our password there.")
    smtp_security: str = Field(
        default="starttls",
        pattern="^(none|starttls|tls)$",
        description="How the way to the mail server is protected: starttls, tls from the start, or none.",
    )
    mail_from: str = Field(
        default="",
        pattern=r"^([^@\s<>,]+@[^@\s<>,]+)?$",
        description="Mailbox that notices come from, such as rongqiao@example.gov.cn.",
    )
    digest_hour: int = Field(
        default=8,
        ge=0,
        le=23,
        description="Hour in Shanghai from which the day's mail about notices is sent.",
    )
    max_upload_bytes: int = Field(
        default=64 * 1024 * 1024, gt=0, description="Largest request body that is read, in bytes."
    )
    core_list_rows: int = Field(
        default=5_000, ge=1, le=20_000, description="Most firms that one list of a core firm may name."
    )
    matching_backend: str = Field(
        default="auto",
        pattern="^(auto|numba|numpy)$",
        description="Kernels of matching: numba where it can be had, or plain numpy; the answers are equal.",
    )
    round_seconds: int = Field(
        default=60,
        ge=0,
        description="How often a worker does what time makes due (reminders, escalations, library, closes, sending); 0 never.",
    )
    jobs_url: SecretStr = Field(
        default=SecretStr(""),
        description="Where the jobs' queue is: empty for beside the database, or redis://HOST, postgresql://USER@HOST/NAME, "
        "sqlite:///FILE.",
    )
    embedded_worker: bool = Field(
        default=True, description="The server starts a worker of its own; false where `rongqiao worker` runs."
    )
    worker_threads: int = Field(
        default=2, gt=0, le=64, description="Jobs that one worker carries out at once."
    )
    job_seconds: int = Field(default=3600, gt=0, description="Longest time that a job may take.")
    job_lease_seconds: float = Field(
        default=30, gt=0, description="A job whose worker is silent for so long is begun anew by another."
    )
    warm_seconds: float = Field(
        default=5.0,
        ge=0,
        le=3_600,
        description="So long after its start a server prepares what the first pages would wait for; 0: never.",
    )
    shutdown_seconds: int = Field(
        default=20, ge=0, description="So long what is under way may take to end after SIGTERM."
    )
    cluster_tls_dir: Path | None = Field(
        default=None,
        description="Folder with ca.pem, cert.pem and key.pem for a Dask scheduler reached by tls:// (extra `cluster`).",
    )
    chart_font: str = Field(
        default="Noto Sans CJK SC",
        description="Font family of the charts in bulletins (Debian: fonts-noto-cjk); without any Chinese font "
        "bulletins have tables alone.",
    )
    requests_at_once: int = Field(
        default=16,
        ge=4,
        le=1_000,
        description="Requests that one server process works on at once; changes take three quarters of it at most.",
    )
    requests_waiting: int = Field(
        default=200,
        ge=0,
        le=10_000,
        description="Requests that may wait for their turn; beyond it, or when waiting gets long, 503 with Retry-After.",
    )
    wait_seconds: float = Field(
        default=2.0, gt=0, le=60, description="Longest time that a request waits for its turn."
    )
    database_pool_size: int = Field(
        default=18, ge=1, le=1_000, description="Connections to the database that a process keeps open."
    )
    database_pool_overflow: int = Field(
        default=6, ge=0, le=1_000, description="Connections that it opens beyond them when all are in use."
    )
    database_pool_seconds: float = Field(
        default=2.0, gt=0, le=60, description="Longest wait for a free connection, then 503 with Retry-After."
    )
    database_lock_seconds: int = Field(
        default=15,
        gt=0,
        description="Longest wait for what another transaction holds, then 503 with Retry-After.",
    )
    drain_seconds: float = Field(
        default=0.0,
        ge=0,
        le=600,
        description="After SIGTERM: for so long the server still takes requests while /readyz says 503.",
    )
    metrics_token: SecretStr = Field(
        default=SecretStr(""),
        description="Bearer token of who reads /metrics; without one it is shown in development to loopback alone.",
    )
    worker_metrics_port: int = Field(
        default=0, ge=0, le=65535, description="Port of a worker's own /metrics; 0 none."
    )
    otlp_endpoint: str = Field(
        default="",
        pattern=r"^(https?://\S+)?$",
        description="OpenTelemetry collector that gets traces, such as http://127.0.0.1:4318 (extra `tracing`); none by default.",
    )
    move_to_url: SecretStr = Field(
        default=SecretStr(""),
        description="Empty database that `db move` and `db restore` fill, if no option names it.",
    )
    keep_days_requests: int = Field(
        default=30,
        ge=0,
        description="Days for which the answers to requests with an Idempotency-Key are kept; 0 for ever.",
    )
    keep_days_jobs: int = Field(
        default=90,
        ge=0,
        description="Days for which jobs and their answers are kept after their end; 0 for ever.",
    )
    keep_days_messages: int = Field(
        default=365,
        ge=0,
        description="Days for which it is kept what was mailed or sent to whom; 0 for ever.",
    )
    keep_days_notices: int = Field(
        default=730, ge=0, description="Days for which a notice is kept after it was read; 0 for ever."
    )
    keep_days_drafts: int = Field(
        default=180,
        ge=0,
        description="Days for which a need that was begun and not sent is kept after its last change; 0 for ever.",
    )
    log_level: str = Field(
        default="INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="Least severe log line that is written.",
    )

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """Answer the origins whose pages may call the API, in the form in which browsers send them."""
        stated = (origin.strip().rstrip("/").lower() for origin in self.cors_origins.split(","))
        return tuple(origin for origin in stated if origin)

    @property
    def public_origin(self) -> str:
        """Answer scheme, host and port of `public_url`, as browsers send them; empty if none is set."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""

    @property
    def public_host(self) -> str:
        """Answer the host name of `public_url`; empty if none is set."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def is_public_https(self) -> bool:
        """Tell whether browsers reach the service through TLS."""
        return self.public_origin.startswith("https://")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic passes them all by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - ours reads secrets only
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Answer where settings come from, the first first: arguments, environment, secret files."""
        folder = os.environ.get("RONGQIAO_SECRETS_DIR", "")
        if not Path(folder).is_dir() or not folder:
            return init_settings, env_settings  # start_checks refuses a folder that is not there
        files = _SecretFiles(settings_cls, secrets_dir=folder, env_prefix="")
        return init_settings, env_settings, files


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Answer the process's settings; tests build their own `Settings(...)` instead."""
    return Settings()


def exposed_secrets(settings: Settings) -> list[str]:
    """Answer the names of secret files that others on the machine than owner and group may read or change."""
    folder = settings.secrets_dir
    if folder is None or not folder.is_dir():
        return []
    files = (folder / name for name in SECRETS)
    return [file.name for file in files if file.is_file() and file.stat().st_mode & OTHERS]
