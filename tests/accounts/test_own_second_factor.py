"""The second factor by JSON and by command, as its person and the operator use them."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pyotp
import pytest
from pydantic import SecretStr
from sqlalchemy import select
from typer.testing import CliRunner

from app.accounts import second_factor
from app.accounts.key_ring import KeyRing, key_ring
from app.accounts.rules import Role
from app.accounts.sealing import unseal
from app.accounts.tables import Person
from app.cli.accounts import commands
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, Sessions
from app.kernel.settings import Settings, get_settings
from app.kernel.tables import IdempotencyRecord
from tests.accounts.people import a_person
from tests.accounts.signing import Installation, installed
from tests.databases import migrate
from tests.docking.world import in_database

BASE = "/auth/second-factor"


@pytest.fixture
async def house(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Installation:
    made = installed(sessions, monkeypatch, second_factor_roles="auditor")
    await made.person("wang.fang", (Role.AUDITOR, ""))
    return made


@pytest.fixture
async def client(house: Installation) -> AsyncIterator[httpx.AsyncClient]:
    async with await house.signed_in() as opened:
        yield opened


async def test_a_person_enrols_confirms_and_switches_off(
    house: Installation, client: httpx.AsyncClient
) -> None:
    before = (await client.get(BASE)).json()
    assert before == {"since": None, "recovery_codes_left": 0, "is_required": True}
    assert (await client.get("/policies")).status_code == 200
    assert (await client.get("/audit/events")).status_code == 403
    early = await client.post(f"{BASE}/confirmation", json={"code": "123456"})
    assert (early.status_code, early.json()["code"]) == (409, "conflict")
    made = await client.post(BASE)
    assert made.status_code == 201
    app = pyotp.TOTP(made.json()["secret"])
    assert made.json()["uri"].startswith("otpauth://totp/")
    assert made.json()["qr_svg"].startswith("<svg ")
    wrong = await client.post(f"{BASE}/confirmation", json={"code": "000000"})
    assert (wrong.status_code, wrong.json()["errors"][0]["where"]) == (422, "code")
    codes = (await client.post(f"{BASE}/confirmation", json={"code": app.now()})).json()["codes"]
    assert len(codes) == 10
    assert (await client.get("/auth/me")).json()["lacks_second_factor"] is False
    assert (await client.post(BASE)).status_code == 409
    reused = await client.post(f"{BASE}/removal", json={"code": app.now()})
    assert reused.status_code == 422, "the code that confirmed is used up"
    renewed = (await client.post(f"{BASE}/recovery-codes", json={"code": codes[0]})).json()["codes"]
    assert (await client.post(f"{BASE}/removal", json={"code": codes[1]})).status_code == 422
    off = await client.post(f"{BASE}/removal", json={"code": renewed[0]})
    assert off.json() == before
    assert (await client.get("/auth/me")).json()["lacks_second_factor"] is True
    done = ("enrol", "confirm", "switch_off")
    assert [len(await house.trail(f"{what}_second_factor")) for what in done] == [1, 1, 1]


async def test_no_copy_of_a_secret_is_kept_for_repetitions(
    house: Installation, client: httpx.AsyncClient
) -> None:
    for path, body in (
        ("", None),
        ("/confirmation", {"code": "123456"}),
        ("/recovery-codes", {"code": "123456"}),
    ):
        answer = await client.post(f"{BASE}{path}", json=body, headers={"Idempotency-Key": "k1"})
        assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "header.Idempotency-Key")
    assert await house.rows(select(IdempotencyRecord)) == []


@pytest.mark.parametrize("code", ["", "12345", "1" * 41, "１２３４５６", "12345\n6", "<b>123</b>"])
async def test_what_cannot_be_a_code_is_named(client: httpx.AsyncClient, code: str) -> None:
    answer = await client.post(f"{BASE}/removal", json={"code": code})
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "code")


async def test_who_is_not_signed_in_has_none(house: Installation) -> None:
    async with house.client() as stranger:
        assert (await stranger.get(BASE)).status_code == 401
        assert (await stranger.post(BASE)).status_code == 401


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database on the machine itself, in which 王芳 has a second factor sealed under the key `old…`."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'accounts.db'}"
    monkeypatch.setenv("RONGQIAO_DATABASE_URL", url)
    monkeypatch.setenv("RONGQIAO_SECRET_KEYS", "old" * 12)
    get_settings.cache_clear()
    migrate(url)

    async def enrol(session: AsyncSession) -> None:
        now = utc_now()
        person = await a_person(session, now)
        ring = KeyRing(("old" * 12,))
        secret = (await second_factor.enrol(session, person, ring, now=now)).secret
        await session.refresh(person)
        assert await second_factor.confirm(session, person, pyotp.TOTP(secret).at(now), ring, now=now)

    in_database(url, enrol)
    yield url
    get_settings.cache_clear()


def test_the_operator_changes_keys_and_takes_a_lost_second_factor_away(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str | None] = []

    async def look(session: AsyncSession) -> None:
        found.append((await session.execute(select(Person.totp_secret))).scalar_one())

    monkeypatch.setenv("RONGQIAO_SECRET_KEYS", "new" * 12)
    get_settings.cache_clear()
    lost = CliRunner().invoke(commands, ["reseal"])
    assert (lost.exit_code, "behind the first" in lost.stderr) == (1, True)
    monkeypatch.setenv("RONGQIAO_SECRET_KEYS", "new" * 12 + "," + "old" * 12)
    get_settings.cache_clear()
    done = CliRunner().invoke(commands, ["reseal"])
    assert (done.exit_code, done.stdout.strip()) == (0, "1 secrets are sealed under the first key.")
    ring = key_ring(Settings(secret_keys=SecretStr("new" * 12)))
    in_database(machine, look)
    assert unseal(ring, second_factor.PURPOSE, found[0] or "")
    assert CliRunner().invoke(commands, ["end-second-factor", "Wang.Fang"]).exit_code == 0
    in_database(machine, look)
    assert found[1] is None
