"""Every setting of the service, read from the environment here and nowhere else."""

from functools import lru_cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT_ROOT = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    """Read from `RONGQIAO_*`; the README lists each one (a house test compares)."""

    model_config = SettingsConfigDict(env_prefix="RONGQIAO_", frozen=True)

    database_url: str = Field(
        default=f"sqlite+aiosqlite:///{PROJECT_ROOT / 'var' / 'rongqiao.db'}",
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
    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on; loopback only until accounts exist.",
    )
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on.")
    max_upload_bytes: int = Field(
        default=64 * 1024 * 1024, gt=0, description="Largest request body that is read, in bytes."
    )
    matching_backend: str = Field(
        default="auto",
        pattern="^(auto|numba|numpy)$",
        description="Kernels of matching: numba where it can be had, or plain numpy; the answers are equal.",
    )
    log_level: str = Field(
        default="INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR)$",
        description="Least severe log line that is written.",
    )


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Answer the process's settings; tests build their own `Settings(...)` instead."""
    return Settings()
