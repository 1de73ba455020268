"""A cut of the harness that takes seconds: a roster's import is killed on each database, and nothing shows of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.chaos import walks
from tests.chaos.children import Nursery
from tests.chaos.mischief import KillAtEvent, Mischief, Pace
from tests.chaos.stores import WORLD, PostgresStore, SqliteStore, Store
from tests.chaos.walks import Lane, Report
from tests.chaos.world import make_world
from tests.databases import Databases
from tests.notifications.servers import mailing, receiving

ENTRIES = 20


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with Nursery(tmp_path_factory.mktemp("nursery")) as made:
        yield made


@pytest.fixture
def store(databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store whose world begins as a copy of a database that is migrated already."""
    migrated = make_url(databases.fresh())
    if databases.server_url is None:
        files = SqliteStore(tmp_path)
        monkeypatch.setattr(
            files, "create", lambda name: shutil.copy(str(migrated.database), files.file(name))
        )
        return files
    server = PostgresStore(databases.server_url, prefix=f"{migrated.database}_")
    copying = "CREATE DATABASE {} TEMPLATE {}"
    monkeypatch.setattr(
        server,
        "create",
        lambda name: server.administer(copying.format(server.named(name), migrated.database)),
    )
    return server


@pytest.fixture
def lane(store: Store, nursery: Nursery, tmp_path: Path) -> Iterator[Lane]:
    with receiving() as receiver, mailing() as mails:
        world = make_world(store, tmp_path, entries=ENTRIES, hook=receiver.url, mail_port=mails.port)
        yield Lane(world, nursery, tmp_path, receiver, mails, 1, Report(), steps=("import",))
        store.drop(WORLD)


def test_an_import_that_is_killed_before_and_after_its_commit_is_as_if_nothing_had_been(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = lane.reference("command")
    places = iter((1.0, 0.7))  # of the opening once all of it is kept, of the import on the way

    def kill(_chance: object, pace: Pace, _store: Store, **_options: object) -> Mischief:
        return KillAtEvent(round(pace.events * next(places)))

    monkeypatch.setattr(walks, "draw", kill)
    monkeypatch.setattr(walks, "DISTURBED_AGAIN", 0)
    lane.disturbed("command", 1, reference)
    assert lane.report.findings == []
    assert [case.kind for case in lane.report.cases] == ["SIGKILL at a statement or commit"] * 2
