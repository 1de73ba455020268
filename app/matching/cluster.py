"""Dask clusters for runs that outgrow one machine: worker processes here, or a scheduler somewhere else.

Whoever reaches a scheduler can have its workers execute anything. A cluster here therefore listens on loopback
alone and speaks TLS with a certificate made for it; to a scheduler elsewhere the way is TLS with the operator's
certificates (`RONGQIAO_CLUSTER_TLS_DIR`). Workers find the database by settings of their own.
"""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, Final
from urllib.parse import urlsplit

from app.kernel.errors import Fault, Refused, Unavailable
from app.kernel.settings import Settings

LOCAL: Final = "local"
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
TLS_FILES: Final = ("ca.pem", "cert.pem", "key.pem")
OPTIONS: Final[dict[str, Any]] = {
    # Dask serves pages about a cluster to whoever asks; one that lasts for a command needs none.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # A worker that was killed is begun anew, however busy the machine; Dask gives it up after 15 seconds.
    "distributed.deploy.lost-worker-timeout": "10 minutes",
}
"""What a cluster here does otherwise than Dask would."""
SECONDS_TO_WORKERS: Final = 30
INSTALL: Final = "Install the extra: pip install 'rongqiao[cluster]'."
EXPOSED: Final = (
    "Anybody on the way could have the workers execute anything. Use tls:// and RONGQIAO_CLUSTER_TLS_DIR."
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a cluster is: so many `workers` here, or a scheduler's `address`."""

    workers: int = 0
    address: str = ""

    @classmethod
    def of(cls, written: str) -> "Place":
        """Read local, local:N, tcp://HOST:PORT or tls://HOST:PORT.

        Raises:
            Refused: it is none of them.
        """
        kind, _, number = written.partition(":")
        if kind == LOCAL and (not number or number.isdecimal()):
            workers = int(number) if number else _cores()
            if 0 < workers <= _cores() * 4:
                return cls(workers=workers)
        try:
            parts = urlsplit(written)
            if parts.scheme in {"tcp", "tls"} and parts.hostname and parts.port and not parts.path:
                return cls(address=written)
        except ValueError:
            pass  # a port that is no number, or half an IPv6 address: refused below as every other word
        remedy = (
            f"Name local:N (1 to {_cores() * 4} worker processes here), tcp://HOST:PORT or tls://HOST:PORT."
        )
        raise Refused("No cluster is named so.", [Fault("cluster", "not a cluster", remedy, written)])


@dataclass(frozen=True, slots=True)
class Cluster:
    """An open cluster: its client, and how many threads one part's kernels may use."""

    client: Any
    threads: int


@asynccontextmanager
async def open_cluster(where: str, settings: Settings) -> AsyncIterator[Cluster]:
    """Start or reach the cluster of this name; it has a worker at least.

    Raises:
        Refused: the name is wrong, or the way to the scheduler is open to others.
        Unavailable: Dask is not installed, a certificate is missing, or no scheduler or worker answers.
    """
    place, dask = Place.of(where), _dask()
    async with AsyncExitStack() as stack:
        if place.workers:
            stack.enter_context(import_module("dask").config.set(OPTIONS))
            started = await stack.enter_async_context(_local(dask, place.workers))
            client = dask.Client(started, asynchronous=True, set_as_default=False)
            threads = max(1, _cores() // place.workers)
        else:
            security = security_of(place, settings)
            client = dask.Client(place.address, asynchronous=True, set_as_default=False, security=security)
            threads = 1  # of a worker's threads each has a part of its own
        try:
            await stack.enter_async_context(client)
            await client.wait_for_workers(1, timeout=SECONDS_TO_WORKERS)
        except (OSError, TimeoutError) as error:
            remedy = "Start `dask scheduler` and `dask worker` there with the same version of Rongqiao."
            fault = Fault("cluster", str(error).splitlines()[0], remedy, where)
            raise Unavailable("No scheduler with a worker answers.", [fault]) from error
        yield Cluster(client, threads)


def security_of(place: Place, settings: Settings) -> Any:
    """Answer what protects the way to a scheduler; None for one on this machine's loopback.

    Raises:
        Refused: the way is open to others.
        Unavailable: TLS files are missing.
    """
    parts, folder = urlsplit(place.address), settings.cluster_tls_dir
    if parts.scheme == "tcp":
        if parts.hostname not in LOOPBACK:
            raise Refused(
                "The way to the scheduler is open.", [Fault("cluster", "not TLS", EXPOSED, place.address)]
            )
        return None
    missing = [name for name in TLS_FILES if folder is None or not (folder / name).is_file()]
    if folder is None or missing:
        remedy = "Name a folder with ca.pem, cert.pem and key.pem in RONGQIAO_CLUSTER_TLS_DIR."
        faults = [Fault(f"RONGQIAO_CLUSTER_TLS_DIR/{name}", "no such file", remedy) for name in missing]
        raise Unavailable("TLS to the scheduler is not set up.", faults)
    authority, certificate, key = (str(folder / name) for name in TLS_FILES)
    return _dask().Security(
        require_encryption=True, tls_ca_file=authority, tls_client_cert=certificate, tls_client_key=key
    )


def _local(dask: ModuleType, workers: int) -> Any:
    return dask.LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",  # without one it takes port 8787
        scheduler_kwargs={"dashboard": False},
        security=dask.Security.temporary(),
        silence_logs=logging.ERROR,
        asynchronous=True,
    )


def _dask() -> ModuleType:
    try:
        return import_module("distributed")
    except ImportError as error:
        fault = Fault("cluster", "dask and distributed are not installed", INSTALL)
        raise Unavailable("Runs on a cluster need Dask.", [fault]) from error


def _cores() -> int:
    return os.cpu_count() or 1
