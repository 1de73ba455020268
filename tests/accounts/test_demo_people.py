"""Who was invented for demonstration signs in where nothing is at stake, and nowhere else."""

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from app.accounts.door import AccountsDoor
from app.accounts.key_ring import key_ring
from app.accounts.lockout import Lockout
from app.accounts.rules import Role
from app.accounts.sign_in import Gate
from app.accounts.tables import Person
from app.kernel.database import Sessions
from app.kernel.settings import Settings
from app.visibility.service import narrow
from tests.accounts.signing import installed

KEYS = "of-nobody-and-nothing-0123456789-0123456789"


async def test_demo_people_sign_in_in_development_and_in_production_neither_anew_nor_with_what_they_had(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = installed(sessions, monkeypatch, secret_keys=SecretStr(KEYS))
    await place.person("demo-auditor", (Role.AUDITOR, ""))
    await place.person("auditor", (Role.AUDITOR, ""))
    await place.change(update(Person).where(Person.login == "demo-auditor").values(is_demo=True))
    demo, real = await place.signed_in("demo-auditor"), await place.signed_in("auditor")
    key = await demo.post("/api-keys", json={"name": "系统", "role": "auditor", "days": 30})
    assert (await demo.get("/whitelist/editions")).status_code == 200

    production = Settings(environment="production", secret_keys=SecretStr(KEYS))
    ring = key_ring(production)
    place.app.state.door = AccountsDoor(production, ring, narrow)
    place.app.state.gate = Gate(ring, Lockout(1_000), refuses_demo=True)
    assert (await demo.get("/whitelist/editions")).status_code == 401
    async with place.client(Authorization=f"Bearer {key.json()['key']}") as holder:
        assert (await holder.get("/whitelist/editions")).status_code == 401
    refused, unknown = await place.sign_in("demo-auditor"), await place.sign_in("nobody")
    assert refused.status_code == 401
    assert {k: v for k, v in refused.json().items() if k != "request_id"} == {
        k: v for k, v in unknown.json().items() if k != "request_id"
    }
    assert (await real.get("/whitelist/editions")).status_code == 200
    assert (await place.sign_in("auditor")).status_code == 200
