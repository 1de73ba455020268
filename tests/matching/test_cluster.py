"""A run on a cluster is the run in one piece, whatever is lost on the way."""

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from distributed import Client
from sqlalchemy import delete, func, select
from typer.testing import CliRunner

from app.accounts.rules import Viewer
from app.cli.matching import commands
from app.kernel.database import Sessions, transaction
from app.kernel.errors import Conflict, Refused, Unavailable
from app.kernel.paging import PageRequest
from app.kernel.progress import reporting
from app.kernel.settings import Settings, get_settings
from app.matching import batch, batch_queries, cluster_work, partitions, service
from app.matching.batch import run_batch
from app.matching.cluster import Cluster, Place, open_cluster
from app.matching.schemas import MatchRunOut
from app.matching.tables import MatchBatch, MatchCount, MatchPart, MatchResult, MatchRun
from tests.matching.town import SOUND, Town, add_entry, build_town

FIRMS, PART, PARTS = 13, 2, 9

# A worker that is killed while it shakes hands leaves a socket that distributed closes by letting it go.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")


class ClientIsLost(Exception):
    """Stands for a client that is killed while workers store."""


@pytest.fixture
async def town(sessions: Sessions, viewer: Viewer, monkeypatch: pytest.MonkeyPatch) -> Town:
    """A roster of nine parts in a database that workers open by their settings."""
    url = sessions.kw["bind"].url.render_as_string(hide_password=False)
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    monkeypatch.setattr(partitions, "PART_ENTRIES", PART)
    get_settings.cache_clear()
    async with transaction(sessions) as session:
        built = await build_town(session, viewer)
        for i in range(FIRMS):
            stated = SOUND | {"amount": f"{i + 1}000000.00", "term_months": 6 + i}
            await add_entry(session, built.edition_id, f"91230100MA0000001{i:X}", stated)
    return built


@pytest.fixture(autouse=True)
def own_settings() -> Iterator[None]:
    """Settings are read anew for each test, and what it let go is collected before the next one begins."""
    yield
    get_settings.cache_clear()
    gc.collect()


async def rows_of(sessions: Sessions, run_id: int) -> list[list[tuple[Any, ...]]]:
    """Answer all that is stored of a run, without its number."""
    counts = select(MatchCount.entry_id, MatchCount.eligible, MatchCount.unknown)
    results = select(
        MatchResult.entry_id, MatchResult.rank, MatchResult.product_revision_id, MatchResult.score
    )
    async with transaction(sessions, writes=False) as session:
        of_run = (
            counts.where(MatchCount.run_id == run_id).order_by(MatchCount.entry_id),
            results.where(MatchResult.run_id == run_id).order_by(MatchResult.entry_id, MatchResult.rank),
        )
        return [[tuple(row) for row in await session.execute(each)] for each in of_run]


def same(one: MatchRunOut, other: MatchRunOut) -> bool:
    """Tell whether two runs rest on the same and came to the same."""
    alike = {"inputs_hash", "result_hash", "counts", "on", "engine_version"}
    return one.id != other.id and one.model_dump(include=alike) == other.model_dump(include=alike)


async def how_many(sessions: Sessions, table: type[Any]) -> int:
    async with transaction(sessions, writes=False) as session:
        return (await session.execute(select(func.count()).select_from(table))).scalar_one()


async def test_a_run_whose_client_is_lost_is_shown_to_nobody_and_ended_by_the_next_as_the_local_run(
    sessions: Sessions, viewer: Viewer, now: datetime, town: Town
) -> None:
    async with transaction(sessions) as session:
        local = await service.run_match(session, viewer, "2023H2", now=now)
    total = FIRMS + len(town.entries)

    def stop(stage: str, done: int, entries: int) -> None:
        assert entries == total
        if stage == "saving" and done > total // 2:
            raise ClientIsLost

    in_threads = {"processes": False, "n_workers": 2, "dashboard_address": "127.0.0.1:0"}
    workers = Client(**in_threads, asynchronous=True, set_as_default=False)  # type: ignore[no-untyped-call]  # distributed leaves its constructor untyped
    async with workers as client:
        cluster = Cluster(client, threads=1)
        with reporting(stop), pytest.raises(ClientIsLost):
            await run_batch(sessions, viewer, "2023H2", cluster, now=now, via="test", force=True)
        async with transaction(sessions, writes=False) as session:
            shown = await service.list_runs(session, viewer, PageRequest())
        assert [run.id for run in shown.items] == [local.id]
        assert (await how_many(sessions, MatchRun), await how_many(sessions, MatchBatch)) == (2, 1)
        assert await how_many(sessions, MatchPart) > 0

        made = await run_batch(sessions, viewer, "2023H2", cluster, now=now, via="test", force=True)
        assert same(made, local)
        assert (await how_many(sessions, MatchRun), await how_many(sessions, MatchBatch)) == (2, 0)
        assert await how_many(sessions, MatchPart) == PARTS
        assert await rows_of(sessions, made.id) == await rows_of(sessions, local.id)
        assert len((await rows_of(sessions, made.id))[1]) > 2 * FIRMS
        again = await run_batch(sessions, viewer, "2023H2", cluster, now=now, via="test")
        assert (again.id, again.reused) == (made.id, True)


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
async def test_a_run_on_two_processes_of_which_one_is_killed_is_the_local_run(
    sessions: Sessions,
    viewer: Viewer,
    now: datetime,
    town: Town,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with open_cluster("local:2", get_settings()) as cluster:
        victim = next(iter((await cluster.client.run(os.getpid)).values()))
        killed: list[int] = []

        def harm(stage: str, done: int, total: int) -> None:
            if stage == "matching" and 0 < done < total and not killed:
                os.kill(victim, signal.SIGKILL)
                killed.append(done)

        with reporting(harm):
            made = await run_batch(sessions, viewer, "2023H2", cluster, now=now, via="test")
        assert killed
        async with transaction(sessions) as session:
            local = await service.run_match(session, viewer, "2023H2", now=now, force=True)
        assert same(made, local)
        assert await how_many(sessions, MatchPart) == PARTS
        assert await rows_of(sessions, made.id) == await rows_of(sessions, local.id)
        assert len((await rows_of(sessions, made.id))[0]) == FIRMS + len(town.entries)

        # The same scheduler, reached as an operator reaches one elsewhere: by address and certificates.
        security = cluster.client.security
        for name, text in (
            ("ca.pem", security.tls_ca_file),
            ("cert.pem", security.tls_client_cert),
            ("key.pem", security.tls_client_key),
        ):
            (tmp_path / name).write_text(text, encoding="ascii")
        monkeypatch.setenv("RONGQIAO_CLUSTER_TLS_DIR", str(tmp_path))
        get_settings.cache_clear()
        words = ["run", "--edition", "2023H2", "--on", "2023-11-15", "--json", "--cluster"]
        address = cluster.client.scheduler.address
        answer = await asyncio.to_thread(CliRunner().invoke, commands, [*words, address])
        assert answer.exit_code == 0, answer.output
        assert (json.loads(answer.stdout)["id"], json.loads(answer.stdout)["reused"]) == (local.id, True)


async def test_a_cluster_that_all_workers_leave_is_not_waited_for_for_ever(
    sessions: Sessions, viewer: Viewer, now: datetime, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "PATIENCE", 0.1)
    assert town.entries
    scheduler = {"processes": False, "n_workers": 0, "dashboard_address": "127.0.0.1:0"}
    client = Client(**scheduler, asynchronous=True, set_as_default=False)  # type: ignore[no-untyped-call]  # as above
    async with client:
        with pytest.raises(Unavailable, match="All workers are gone"):
            await run_batch(sessions, viewer, "2023H2", Cluster(client, 1), now=now, via="test")
    assert await how_many(sessions, MatchRun) == 0


async def test_a_part_that_is_stored_again_is_there_once_and_another_one_in_its_place_is_refused(
    sessions: Sessions, viewer: Viewer, now: datetime, town: Town
) -> None:
    told = cluster_work.Batch("t", viewer, town.edition_id, now.date(), None, "", 1)
    part = await asyncio.to_thread(cluster_work.match_part, told, cluster_work.Part(0, None, None, 17))
    async with transaction(sessions) as session:
        local = await service.run_match(session, viewer, "2023H2", now=now)
        again = MatchRun(
            edition_id=town.edition_id, library_code=None, engine_version="1", inputs_hash="i", result_hash="r",
            inputs={}, counts={}, run_by="test", created_at=now,
        )  # fmt: skip
        run_id = await batch_queries.begin(session, again, 1)
    for _ in range(2):
        assert await asyncio.to_thread(cluster_work.store_part, run_id, part.outcome, part, now) == 17
        assert await rows_of(sessions, run_id) == await rows_of(sessions, local.id)
    other = partitions.PartOutcome(0, part.outcome.inputs, "other", part.outcome.counts)
    with pytest.raises(Conflict, match="broken off"):
        cluster_work.store_part(run_id, other, part, now)
    async with transaction(sessions) as session:
        await session.execute(delete(MatchPart))
        assert await batch_queries.claim(session, run_id, 0, "other", now)
    with pytest.raises(Conflict, match="broken off"):
        await asyncio.to_thread(cluster_work.store_part, run_id, part.outcome, part, now)
    async with transaction(sessions) as session:
        assert await batch_queries.clear_abandoned(session, town.edition_id, now) == 0
        assert await batch_queries.clear_abandoned(session, town.edition_id, now.replace(year=2024)) == 1
    assert (await how_many(sessions, MatchRun), await how_many(sessions, MatchPart)) == (1, 0)
    assert len((await rows_of(sessions, local.id))[0]) == 17


@pytest.mark.parametrize(
    "where", ["local:0", "local:9999", "local:two", "10.0.0.5:8786", "tls://host", "http://h:1", "tcp://[:1"]
)
def test_what_names_no_cluster_is_refused_with_what_would(where: str) -> None:
    with pytest.raises(Refused) as refusal:
        Place.of(where)
    assert "tls://HOST:PORT" in refusal.value.faults[0].remedy


async def test_an_open_way_to_a_scheduler_elsewhere_is_refused_and_missing_certificates_are_named(
    tmp_path: Path,
) -> None:
    with pytest.raises(Refused) as refusal:
        async with open_cluster("tcp://10.0.0.5:8786", Settings()):
            pass
    assert "tls://" in refusal.value.faults[0].remedy
    (tmp_path / "ca.pem").touch()
    with pytest.raises(Unavailable) as missing:
        async with open_cluster("tls://10.0.0.5:8786", Settings(cluster_tls_dir=tmp_path)):
            pass
    assert [fault.where.rsplit("/")[-1] for fault in missing.value.faults] == ["cert.pem", "key.pem"]


def test_without_dask_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    answer = CliRunner().invoke(commands, ["run", "--edition", "2023H2", "--cluster", "local:1"])
    assert answer.exit_code == 1
    assert "rongqiao[cluster]" in answer.stderr
