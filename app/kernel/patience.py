"""How many connections a process has to its database, and how long it waits for one, for a lock, for an answer."""

from dataclasses import dataclass
from typing import Any, Final

from app.kernel.settings import Settings

CONNECT_SECONDS: Final = 5
MARGIN_SECONDS: Final = 30
"""So much later than the request's own bound others step in: who asked hears the better reason."""
JOB_LOCK_SECONDS: Final = 300
KEEPALIVE: Final = {"tcp_keepalives_idle": "60", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "6"}
"""Seconds and number of probes after which PostgreSQL gives up a client that is gone."""

BRIEF: Final = {"max_parallel_workers_per_gather": "0", "jit": "off", "random_page_cost": "1.1"}
"""Many ask at once: helpers of one statement take the cores from the others, and cost more to start than they save.

What requests read mostly is in memory or on a disk without arms: PostgreSQL's own 4 for a page anywhere has it read whole
tables for a few thousand rows.
"""


@dataclass(frozen=True, slots=True)
class Patience:
    """Bounds of one process, in seconds; 0 means no bound.

    `is_brief`: its statements take milliseconds, in which PostgreSQL should neither start helpers nor compile.
    """

    pool_size: int
    pool_overflow: int
    pool_seconds: float
    lock_seconds: int
    statement_seconds: int
    idle_seconds: int
    is_brief: bool

    @classmethod
    def of_requests(cls, settings: Settings) -> "Patience":
        """Answer the bounds of a server: whoever asks would rather hear soon that it is busy."""
        return cls(
            pool_size=settings.database_pool_size,
            pool_overflow=settings.database_pool_overflow,
            pool_seconds=settings.database_pool_seconds,
            lock_seconds=settings.database_lock_seconds,
            statement_seconds=settings.request_seconds + MARGIN_SECONDS,
            idle_seconds=settings.request_seconds + 2 * MARGIN_SECONDS,
            is_brief=True,
        )

    @classmethod
    def of_jobs(cls, settings: Settings) -> "Patience":
        """Answer the bounds of a worker: nobody waits, statements may be long, and locks are worth waiting for."""
        return cls(
            pool_size=settings.database_pool_size,
            pool_overflow=settings.database_pool_overflow,
            pool_seconds=float(JOB_LOCK_SECONDS),
            lock_seconds=JOB_LOCK_SECONDS,
            statement_seconds=0,
            idle_seconds=settings.job_seconds + 2 * MARGIN_SECONDS,
            is_brief=False,
        )

    @property
    def pool(self) -> dict[str, Any]:
        """Answer the bounds of the pool, as SQLAlchemy names them."""
        return {
            "pool_size": self.pool_size,
            "max_overflow": self.pool_overflow,
            "pool_timeout": self.pool_seconds,
        }

    @property
    def postgresql(self) -> dict[str, Any]:
        """Answer how asyncpg connects; the command's own bound finds a network that swallows everything."""
        waits = {
            "lock_timeout": self.lock_seconds,
            "statement_timeout": self.statement_seconds,
            "idle_in_transaction_session_timeout": self.idle_seconds,
        }
        return {
            "timeout": CONNECT_SECONDS,
            "command_timeout": self.statement_seconds + MARGIN_SECONDS if self.statement_seconds else None,
            "server_settings": {name: f"{seconds}s" for name, seconds in waits.items()}
            | KEEPALIVE
            | (BRIEF if self.is_brief else {}),
        }
