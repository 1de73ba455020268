"""Three servers and two workers over one PostgreSQL are one service: no process keeps what another needs."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from multiprocessing.context import ForkServerProcess
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import text

from app.accounts.rules import Role
from app.accounts.tables import Person, RoleGrant
from app.kernel.database import Sessions, make_engine, make_sessions, transaction
from tests.accounts.signing import CHEAP, PASSWORD
from tests.databases import Databases
from tests.line.processes import Processes, free_port, is_ready, processes, terminated, until
from tests.whitelist.rosters import good_row, workbook

API: Final = "/api/v1"
BELIEVED_SECONDS: Final = 0.5
EDITIONS: Final = [f"{year}H{half}" for year in range(2024, 2030) for half in (1, 2)]
SETTINGS: Final = {
    "RONGQIAO_SECRET_KEYS": "one and the same for all of the processes, with room to spare",
    "RONGQIAO_EMBEDDED_WORKER": "false",
    "RONGQIAO_VIEWER_CACHE_SECONDS": str(BELIEVED_SECONDS),
    "RONGQIAO_ROUND_SECONDS": "3",
    "RONGQIAO_WARM_SECONDS": "0",
    "RONGQIAO_MATCHING_BACKEND": "numpy",
    "RONGQIAO_LOG_LEVEL": "ERROR",
}
PEOPLE: Final = {"li.tong": (Role.COORDINATOR, "230000"), "zhao.guan": (Role.ADMINISTRATOR, "")}
WITNESS: Final = (
    "CREATE TABLE claims (name text, slot bigint, worker text)",
    "CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO claims VALUES (NEW.name, NEW.slot, NEW.worker); RETURN NEW; END $$",
    "CREATE TRIGGER witness AFTER INSERT OR UPDATE ON schedule_slots FOR EACH ROW EXECUTE FUNCTION witness()",
)
"""Notes each claim of a slot, which the table itself forgets at the next."""


@dataclass
class Service:
    """The processes, a client of each server, and the database below them."""

    servers: list[tuple[ForkServerProcess, httpx.Client]]
    workers: list[ForkServerProcess]
    sessions: Sessions
    figures: str
    """Where the first worker tells of itself."""

    @property
    def clients(self) -> list[httpx.Client]:
        return [client for _process, client in self.servers]

    def rows(self, statement: str) -> list[Any]:
        """Answer the rows of a statement."""

        async def read() -> list[Any]:
            async with transaction(self.sessions, writes=False) as session:
                found = list(await session.execute(text(statement)))
            await self.sessions.kw["bind"].dispose()
            return found

        return asyncio.run(read())


async def _furnish(sessions: Sessions) -> None:
    now = datetime(2023, 1, 2, tzinfo=UTC)
    async with transaction(sessions) as session:
        for login, (role, scope) in PEOPLE.items():
            person = Person(
                login=login, name=login, password_hash=CHEAP.hash(PASSWORD), is_demo=False, version=1,
                created_at=now, updated_at=now,
            )  # fmt: skip
            session.add(person)
            await session.flush()
            granted = {"since": date(2023, 1, 2), "granted_by": "test", "granted_at": now}
            session.add(RoleGrant(person_id=person.id, role=role.value, scope=scope, **granted))
        for statement in WITNESS:
            await session.execute(text(statement))
    await sessions.kw["bind"].dispose()


@pytest.fixture
def service(databases: Databases) -> Iterator[Service]:
    """Three servers and two workers, all ready."""
    url = databases.fresh()
    sessions = make_sessions(make_engine(url))
    asyncio.run(_furnish(sessions))
    with processes(SETTINGS | {"RONGQIAO_DATABASE_URL": url}) as group:
        made = _begun(group, sessions)
        for client in made.clients:
            until(lambda client=client: is_ready(client), "a server that is ready")  # type: ignore[misc]  # bound now
        yield made
        for client in made.clients:
            client.close()


def _begun(group: Processes, sessions: Sessions) -> Service:
    servers, port = [group.serve() for _ in range(3)], free_port()
    workers = [group.begin("worker", RONGQIAO_WORKER_METRICS_PORT=str(port)), group.begin("worker")]
    return Service(servers, workers, sessions, f"http://127.0.0.1:{port}")


def _signed_in(client: httpx.Client, login: str) -> dict[str, str]:
    form = {"grant_type": "password", "username": login, "password": PASSWORD}
    answer = client.post(f"{API}/auth/token", data=form)
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


def _import(client: httpx.Client, me: dict[str, str], number: int) -> str:
    """Ask for an import as a job; answer the job's code."""
    client.post(f"{API}/whitelist/editions", json={"code": EDITIONS[number]}, headers=me).raise_for_status()
    files = {"file": ("名单.xlsx", workbook([good_row(number)]).getvalue())}
    form = {"edition": EDITIONS[number]}
    asked = me | {"prefer": "respond-async"}
    answer = client.post(f"{API}/whitelist/imports", data=form, files=files, headers=asked)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["code"])


def _states(client: httpx.Client, me: dict[str, str], codes: Sequence[str]) -> Counter[str]:
    return Counter(client.get(f"{API}/jobs/{code}", headers=me).json()["state"] for code in codes)


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True, scope="session")
def test_servers_and_workers_are_one_service_and_any_of_them_may_end(service: Service) -> None:
    first, second, third = service.clients

    # Signed in at one is signed in at all; a session ended at one is ended at all.
    coordinator, administrator = _signed_in(first, "li.tong"), _signed_in(second, "zhao.guan")
    who = [client.get(f"{API}/auth/me", headers=coordinator).json()["login"] for client in service.clients]
    assert who == ["li.tong"] * 3

    # What is changed through one is there at the others, and the same request sent to another is not done twice.
    bank = {
        "code": "HYYH",
        "name": "鸿运银行",
        "short_name": "鸿运银行",
        "kind": "city_commercial",
        "region": "230100",
    }
    asked = coordinator | {"idempotency-key": "f3b6a1c2-once"}
    made = [client.post(f"{API}/institutions", json=bank, headers=asked) for client in service.clients]
    assert [answer.status_code for answer in made] == [201] * 3, made[0].text
    assert len({answer.text for answer in made}) == 1
    seen = third.get(f"{API}/institutions/HYYH", headers=coordinator)
    changed = second.patch(
        f"{API}/institutions/HYYH",
        json={"short_name": "鸿运"},
        headers=coordinator | {"if-match": seen.headers["etag"]},
    )
    assert changed.status_code == 200, changed.text
    stale = first.patch(
        f"{API}/institutions/HYYH",
        json={"short_name": "鸿"},
        headers=coordinator | {"if-match": seen.headers["etag"]},
    )
    assert stale.status_code == 412
    assert third.get(f"{API}/institutions/HYYH", headers=coordinator).json()["short_name"] == "鸿运"

    # A dozen jobs at whatever server; in the middle of them a server and a worker are asked to end.
    with ThreadPoolExecutor(4) as hands:
        half = list(
            hands.map(lambda number: _import(service.clients[number % 3], coordinator, number), range(6))
        )
        ends = [hands.submit(terminated, service.servers[2][0]), hands.submit(terminated, service.workers[1])]
        half += list(
            hands.map(lambda number: _import(service.clients[number % 2], coordinator, number), range(6, 12))
        )
        assert [end.result() for end in ends] == [0, 0]
    until(
        lambda: _states(second, coordinator, half)["done"] == len(EDITIONS),
        f"{_states(first, coordinator, half)}",
    )
    results = [first.get(f"{API}/jobs/{code}/result", headers=coordinator).json() for code in half]
    assert Counter(each["edition"] for each in results) == Counter(EDITIONS)
    imported = service.rows("SELECT count(*), count(DISTINCT edition_id) FROM whitelist_imports")
    assert imported == [(12, 12)]
    done = service.rows("SELECT action, count(*) FROM audit_events WHERE via = 'job' GROUP BY action")
    assert done == [("manage_roster", 12)]

    assert httpx.get(f"{service.figures}/healthz").status_code == 200
    told = httpx.get(f"{service.figures}/metrics").text
    assert "rongqiao_build_info{" in told

    # Each slot of the schedule was claimed once, whichever of the workers was first.
    claims = service.rows("SELECT name, slot FROM claims")
    assert claims
    assert len(set(claims)) == len(claims)

    # A role that ends at one has ended at the others as soon as they ask anew.
    [person] = second.get(f"{API}/people", params={"search": "li.tong"}, headers=administrator).json()[
        "items"
    ]
    shown = second.get(f"{API}/people/{person['id']}", headers=administrator)
    assert first.get(f"{API}/whitelist/imports", headers=coordinator).status_code == 200
    ended = second.patch(
        f"{API}/people/{person['id']}/grants/{shown.json()['grants'][0]['id']}",
        json={"is_ended": True},
        headers=administrator | {"if-match": shown.headers["etag"]},
    )
    assert ended.status_code == 200, ended.text
    assert second.get(f"{API}/whitelist/imports", headers=coordinator).status_code == 403
    time.sleep(BELIEVED_SECONDS)
    assert first.get(f"{API}/whitelist/imports", headers=coordinator).status_code == 403
