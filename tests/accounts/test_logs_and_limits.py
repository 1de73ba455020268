"""Behind the real door: what logs and trail hold of secrets and persons, and who is counted how."""

import json
import logging
from datetime import UTC, datetime

import pytest
import time_machine
from structlog.contextvars import bound_contextvars
from structlog.testing import capture_logs

from app.accounts import audit_queries
from app.accounts.rules import Role
from app.kernel.database import Sessions, transaction
from app.kernel.limits import RateLimit
from app.kernel.logs import LibraryLine
from tests.accounts.signing import PASSWORD, installed

LOGIN, WRONG, USCC = "wang.fang", "correct horse 48 staple", "91230102MA72HD1TJW"


async def test_neither_log_nor_trail_holds_a_secret_or_more_of_a_person_than_who_acted(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    town = installed(sessions, monkeypatch)
    await town.person(LOGIN, (Role.COORDINATOR, "230000"))
    caplog.set_level(logging.INFO)
    with capture_logs() as logged:
        granted = (await town.sign_in()).json()
        wrong = await town.sign_in(password=WRONG)
        # People type their password into the field of the login.
        nobody = await town.sign_in(login=PASSWORD, password="x")  # noqa: S106 - no secret of anybody
        async with town.client(Authorization=f"Bearer {granted['access_token']}") as client:
            refused = await client.get(
                f"/enterprises/{USCC}", params={"token": "of-a-query", "region": "230100"}
            )
            made = await client.post("/needs", json={"contact_phone": "13900001111", "uscc": USCC})
            town.app.state.door.sight = None  # what nobody foresees
            failed = await client.get(f"/enterprises/{USCC}")
    statuses = [answer.status_code for answer in (wrong, nobody, refused, made, failed)]
    assert statuses == [401, 401, 404, 422, 500]
    lines = json.dumps(logged, ensure_ascii=False, default=str)
    # The test's own client logs what it asks for.
    lines += "".join(record.getMessage() for record in caplog.records if record.name != "httpx")
    assert lines.count('"event": "request"') == 6
    async with transaction(sessions, writes=False) as session:
        links = await audit_queries.links_after(session, 0, 100)
    trail = "".join(link.as_line() for link in links)
    assert "sign_in" in trail
    for secret in (
        PASSWORD,
        WRONG,
        granted["access_token"],
        granted["refresh_token"],
        "of-a-query",
        "13900001111",
    ):
        assert secret not in lines + trail
    for personal in (LOGIN, "王芳", USCC):
        assert personal not in lines


@time_machine.travel(datetime(2023, 11, 15, 4, 0, tzinfo=UTC), tick=False)
async def test_who_is_signed_in_does_not_pay_for_others_at_the_same_address(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = installed(sessions, monkeypatch, requests_per_minute=5)
    town.app.state.request_limit = RateLimit("requests", 5)  # the application is used again by other tests
    for login in ("wang.fang", "li.lei"):
        await town.person(login, (Role.COORDINATOR, "230000"))
    fang, lei = await town.signed_in("wang.fang"), await town.signed_in("li.lei")
    async with fang, lei, town.client() as stranger, town.client(Authorization="Bearer forged") as forger:
        strange = [(await client.get("/policies")).status_code for client in (stranger, forger) * 3]
        mine = [(await fang.get("/policies")).status_code for _ in range(6)]
        yours = (await lei.get("/policies")).status_code
    assert strange == [401, 401, 401, 429, 429, 429]  # both signed in from here before
    assert (mine, yours) == ([200] * 5 + [429], 200)


def test_what_a_library_logs_is_a_line_like_ours_and_an_error_is_told_without_its_words() -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - its words are what must not be logged
        int(USCC)
    kind = (raised.type, raised.value, raised.tb)
    with bound_contextvars(request_id="abc"):
        record = logging.LogRecord("huey", logging.ERROR, "", 0, "lost %s", ("it",), kind)
        line = json.loads(LibraryLine().format(record))
    assert (line["module"], line["event"], line["level"], line["request_id"]) == (
        "huey",
        "lost it",
        "error",
        "abc",
    )
    assert line["causes"][0]["error"] == "builtins.ValueError"
    assert USCC not in json.dumps(line)
    assert line["timestamp"].endswith("Z")
