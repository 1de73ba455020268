"""The stored audit trail: it only grows, many at once write one chain, and what a superuser did to it is named."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from app.accounts import audit_queries, audit_service, audit_trail_service
from app.accounts.audit import GENESIS, Origin, Verdict, link_of_line
from app.accounts.door import OpenDoor
from app.accounts.rules import Grant, Role, Viewer, local_operator
from app.accounts.tables import AuditEvent
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, Sessions, as_last_step, make_engine, make_sessions, transaction
from app.kernel.errors import Refused
from app.kernel.patience import Patience
from app.kernel.recording import Recorder, reading
from app.kernel.settings import Settings
from app.kernel.tables import IdempotencyRecord
from app.visibility.service import narrow
from tests.apps import create_app

OPERATOR = local_operator("230000")
AUDITOR = Viewer("审计员", "230000", (Grant(Role.AUDITOR),), person=3)


async def note(sessions: Sessions, subject: str) -> None:
    origin = Origin(AUDITOR, "api", "192.0.2.7", "0" * 32)
    now = datetime(2023, 11, 15, 18, 0, tzinfo=UTC)  # the 16th in Shanghai
    detail = {"route": "/coverage/{month}", "asked": {"by": "region"}, "n": 12}
    async with transaction(sessions) as session:
        audit_service.begin(session, origin)
        audit_service.note(session, "close_month", "month", subject, now=now, detail=detail)


async def fill(sessions: Sessions, count: int) -> None:
    for number in range(1, count + 1):
        await note(sessions, f"2023-{number:02d}")


async def as_superuser(sessions: Sessions, *statements: str) -> None:
    """Do what nobody may: with the triggers out of the way."""
    async with sessions() as session:
        if session.get_bind().dialect.name == "postgresql":
            await session.execute(text("ALTER TABLE audit_events DISABLE TRIGGER ALL"))
        else:
            for name in ("no_update", "no_delete", "next_only"):
                await session.execute(text(f"DROP TRIGGER IF EXISTS audit_events_{name}"))
        for statement in statements:
            await session.execute(text(statement))
        await session.commit()


async def verdict(sessions: Sessions, head: str | None = None) -> Verdict:
    async with transaction(sessions, writes=False) as session:
        return await audit_trail_service.verify(session, head)


COPY = (
    "INSERT INTO audit_events SELECT {sequence}, occurred_at, actor, person_id, roles, action, subject_kind, 'forged',"
    " detail, via, address, request_id, previous_hash, '{hash}' FROM audit_events WHERE sequence = 3"
)
TAMPERED = {
    "changed": (("UPDATE audit_events SET actor = 'somebody else' WHERE sequence = 3",), 3, "changed"),
    "changed in its detail": (
        ("UPDATE audit_events SET detail = '{\"n\": 13}' WHERE sequence = 3",), 3, "changed"
    ),
    "removed": (("DELETE FROM audit_events WHERE sequence = 3",), 3, "missing"),
    "removed at the beginning": (("DELETE FROM audit_events WHERE sequence = 1",), 1, "missing"),
    "inserted at the end": ((COPY.format(sequence=6, hash="f" * 64),), 6, "does not continue"),
    "inserted before the beginning": ((COPY.format(sequence=0, hash="f" * 64),), 0, "out of place"),
    "reordered": (
        (
            "UPDATE audit_events SET sequence = -1 WHERE sequence = 2",
            "UPDATE audit_events SET sequence = 2 WHERE sequence = 4",
            "UPDATE audit_events SET sequence = 4 WHERE sequence = -1",
        ),
        2,
        "does not continue",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERED)
async def test_what_was_done_with_the_triggers_off_is_found_at_its_first_link(
    sessions: Sessions, how: str
) -> None:
    statements, sequence, reason = TAMPERED[how]
    await fill(sessions, 5)
    assert (await verdict(sessions)).broken is None
    await as_superuser(sessions, *statements)
    broken = (await verdict(sessions)).broken
    assert broken is not None
    assert (broken.sequence, reason in broken.reason) == (sequence, True)


async def test_the_trail_is_verified_part_by_part_each_continuing_the_one_before(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_trail_service, "LINKS_A_LOOK", 3)

    async def parts(*ends: int | None) -> list[tuple[int, int, int | None]]:
        """Answer first and last link of parts, and where each is broken."""
        async with transaction(sessions, writes=False) as session:
            found = [await audit_trail_service.verified_section(session, AUDITOR, end) for end in ends]
        assert {one.total for one in found} <= {0, 7}
        breaks = [one.verdict.broken.sequence if one.verdict.broken else None for one in found]
        return [(one.verdict.first, one.last, at) for one, at in zip(found, breaks, strict=True)]

    assert await parts(None, 5) == [(1, 0, None), (1, 0, None)], "an empty trail is whole"
    await fill(sessions, 7)
    whole = [(5, 7, None), (5, 7, None), (2, 4, None), (1, 1, None)]
    assert await parts(None, 99, 4, 1) == whole
    await as_superuser(sessions, "UPDATE audit_events SET actor = 'somebody else' WHERE sequence = 3")
    assert await parts(7, 4, 1) == [(5, 7, None), (2, 4, 3), (1, 1, None)]
    await as_superuser(sessions, "DELETE FROM audit_events WHERE sequence = 4")
    assert await parts(7, 4, 1) == [(4, 7, 4), (2, 4, 3), (1, 1, None)]


async def test_a_cut_off_end_is_told_by_the_head_that_was_kept(sessions: Sessions) -> None:
    await fill(sessions, 4)
    head = (await verdict(sessions)).head
    await note(sessions, "2023-05")
    assert (await verdict(sessions, head)).head_at == 4
    await as_superuser(sessions, "DELETE FROM audit_events WHERE sequence >= 4")
    found = await verdict(sessions, head)
    assert (found.links, found.broken, found.head_at) == (3, None, None)


REFUSED = {
    "update": "UPDATE audit_events SET actor = 'x' WHERE sequence = 1",
    "delete": "DELETE FROM audit_events WHERE sequence = 2",
    "a gap": COPY.format(sequence=4, hash="e" * 64).replace("sequence = 3", "sequence = 2"),
    "another order": COPY.format(sequence=3, hash="e" * 64).replace("sequence = 3", "sequence = 2"),
    "upsert": "INSERT OR REPLACE "
    + COPY.format(sequence=2, hash="e" * 64).replace("sequence = 3", "sequence = 2")[7:],
    "truncate": "TRUNCATE audit_events",
}


async def test_the_database_refuses_whatever_is_not_the_next_link(sessions: Sessions) -> None:
    await fill(sessions, 2)
    for statement in REFUSED.values():
        with pytest.raises(DBAPIError, match=r"only grows|not the next link|syntax error"):
            await _execute(sessions, statement)
        found = await verdict(sessions)
        assert (found.links, found.broken) == (2, None)


async def _execute(sessions: Sessions, statement: str) -> None:
    async with transaction(sessions) as session:
        await session.execute(text(statement))


async def test_fifty_transactions_at_once_write_one_chain_and_none_waits_for_another_forever(
    sessions: Sessions,
) -> None:
    """Each changes a row that others change too: half of them at once, half as the transaction ends."""
    async with transaction(sessions) as session:
        session.add_all(_row(f"{number}") for number in range(3))

    async def work(number: int) -> None:
        mine = IdempotencyRecord.key == f"{number % 3}"
        async with transaction(sessions) as session:
            audit_service.begin(session, Origin(OPERATOR, "api"))
            audit_service.note(session, "change", "row", f"{number}", now=utc_now())
            if number % 2:
                await session.execute(update(IdempotencyRecord).where(mine).values(status=number))
            else:
                found = await session.execute(select(IdempotencyRecord).where(mine))
                found.scalar_one().status = number

    await asyncio.gather(*(work(number) for number in range(50)))
    found = await verdict(sessions)
    assert (found.links, found.broken) == (50, None)


def _row(key: str) -> IdempotencyRecord:
    return IdempotencyRecord(
        viewer_key="test", key=key, route="/", request_hash="", status=0, media_type="", etag=None,
        location=None, body=b"", created_at=utc_now(),
    )  # fmt: skip


async def test_a_long_note_of_anything_at_all_is_kept_and_verified(sessions: Sessions) -> None:
    origin = Origin(AUDITOR, "api", "f" * 200, "0" * 32)
    detail = {"asked": {"a\x00b": "\x00", "深": 1.5, "n": 2**70}, "list": ("x", None, True)}
    async with transaction(sessions) as session:
        audit_service.begin(session, origin)
        audit_service.note(session, "x" * 300, "y" * 300, "z\x00" * 300, now=utc_now(), detail=detail)
    found = await verdict(sessions)
    assert (found.links, found.broken) == (1, None)


async def test_a_note_made_by_another_last_step_is_chained_too(sessions: Sessions) -> None:
    async def late(session: AsyncSession) -> None:
        audit_service.note(session, "change", "row", "late", now=utc_now())

    async with transaction(sessions) as session:
        audit_service.begin(session, Origin(OPERATOR, "api"))
        audit_service.note(session, "change", "row", "early", now=utc_now())
        as_last_step(session, late)
    assert (await verdict(sessions)).links == 2


async def test_what_is_refused_leaves_no_note(sessions: Sessions) -> None:
    async def refused() -> None:
        async with transaction(sessions) as session:
            audit_service.begin(session, Origin(OPERATOR, "api"))
            audit_service.note(session, "change", "row", "1", now=utc_now())
            raise Refused("no")

    with pytest.raises(Refused):
        await refused()
    assert (await verdict(sessions)).links == 0


@pytest.fixture
async def auditor(sessions: Sessions) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(sessions, AUDITOR) as opened:
        yield opened


def _client(sessions: Sessions, viewer: Viewer) -> httpx.AsyncClient:
    app = create_app(Settings(), sessions, OpenDoor(viewer, narrow))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1/audit")


async def test_events_are_listed_newest_first_by_cursor_and_reading_them_is_an_event(
    sessions: Sessions, auditor: httpx.AsyncClient
) -> None:
    await fill(sessions, 5)
    shown, cursor = [], None
    asked = {"action": "close_month", "limit": "2"}
    while True:
        page = (await auditor.get("/events", params=asked | ({"cursor": cursor} if cursor else {}))).json()
        shown += [event["sequence"] for event in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert shown == [5, 4, 3, 2, 1]
    looks = (await auditor.get("/events", params={"action": "read_audit"})).json()["items"]
    assert [event["sequence"] for event in looks] == [8, 7, 6]
    assert (looks[0]["person_id"], looks[0]["roles"], looks[0]["via"]) == (3, "auditor:", "api")


FILTERS: list[tuple[dict[str, Any], int]] = [
    ({"subject": "2023-02"}, 1), ({"subject": "2023-2"}, 0), ({"person": 3, "action": "close_month"}, 3),
    ({"person": 4}, 0), ({"actor": "审计员", "action": "close_month"}, 3), ({"actor": "审计"}, 0),
    ({"from": "2023-11-16", "to": "2023-11-16"}, 3), ({"to": "2023-11-15"}, 0),
    ({"from": "2023-11-17", "to": "2023-11-18"}, 0), ({"from": "0001-01-01", "to": "2023-12-31"}, 3),
    ({"to": "9999-12-31", "subject_kind": "month"}, 3), ({"request_id": "0" * 32}, 3), ({"subject": "' OR 1=1 --"}, 0),
]  # fmt: skip
SENSELESS: list[dict[str, Any]] = [
    {"from": "1700000000"}, {"subject": "\x00"}, {"cursor": "WyJ4Il0="}, {"action": "DROP"}, {"person": 0},
]  # fmt: skip


async def test_a_filter_shows_what_it_names_and_one_that_makes_no_sense_is_refused(
    sessions: Sessions, auditor: httpx.AsyncClient
) -> None:
    await fill(sessions, 3)
    for asked, count in FILTERS:
        answer = await auditor.get("/events", params=asked)
        assert (answer.status_code, len(answer.json()["items"])) == (200, count), asked
    assert [(await auditor.get("/events", params=asked)).status_code for asked in SENSELESS] == [422] * 5


async def test_nobody_but_an_auditor_reads_the_trail(sessions: Sessions) -> None:
    async with _client(sessions, AUDITOR) as client:
        app = client._transport.app  # type: ignore[attr-defined]  # httpx keeps it there
        for role in set(Role) - {Role.AUDITOR}:
            scope = "" if role is Role.ADMINISTRATOR else "230000"
            app.state.door = OpenDoor(Viewer("x", "230000", (Grant(role, scope),), person=9), narrow)
            told = [(await client.get(path)).status_code for path in ("/events", "/events.jsonl")]
            assert told == [403, 403]


async def test_an_export_in_parts_is_verified_without_a_database_and_tells_a_change(
    sessions: Sessions, auditor: httpx.AsyncClient, tmp_path: Path
) -> None:
    await fill(sessions, 5)
    text, address = "", "http://127.0.0.1/api/v1/audit/events.jsonl?limit=2"
    for _part in range(3):
        answer = await auditor.get(address)
        text += answer.text
        address = f"http://127.0.0.1{answer.links['next']['url']}" if answer.links else ""
    told = [link_of_line(line) for line in text.splitlines()]
    assert [link.sequence for link in told][:5] == [1, 2, 3, 4, 5]
    assert told[0].previous_hash == GENESIS
    file = tmp_path / "trail.jsonl"
    file.write_text(text)
    assert audit_trail_service.verify_file(file, told[3].hash).head_at == 4
    file.write_text("".join(f"{link.as_line()}\n" for link in told[2:]))
    assert (audit_trail_service.verify_file(file).first, audit_trail_service.verify_file(file).broken) == (
        3,
        None,
    )
    for changed, at in ((text.replace('"2023-03"', '"2023-13"'), 3), (text.replace("{", "[", 1), 1)):
        file.write_text(changed)
        broken = audit_trail_service.verify_file(file).broken
        assert broken is not None
        assert broken.sequence == at


async def test_the_end_that_a_process_remembers_is_only_a_guess(sessions: Sessions) -> None:
    """Another process goes on in between, and what was remembered is taken back: the chain is whole all the same."""
    url = sessions.kw["bind"].url.render_as_string(hide_password=False)
    engine = make_engine(url)
    other = make_sessions(engine)
    for mine in (sessions, other, other, sessions, other):
        await note(mine, "2023-01")
    with pytest.raises(RuntimeError):
        await _note_and_break_off(sessions)
    await note(sessions, "2023-03")
    await engine.dispose()
    async with transaction(sessions, writes=False) as session:
        found = await audit_trail_service.verify(session)
    assert (found.links, found.broken) == (6, None)


async def test_what_readers_of_several_processes_leave_beside_writers_is_one_chain(
    sessions: Sessions,
) -> None:
    """Alone, a look is kept by one statement; its guess of the end is right, out of date, or overtaken meanwhile."""
    engine = make_engine(sessions.kw["bind"].url.render_as_string(hide_password=False))
    processes = [(each, Recorder()) for each in (sessions, make_sessions(engine))]

    async def look(number: int) -> None:
        own, recorder = processes[number % 2]
        async with reading(own, recorder) as session:
            audit_service.begin(session, Origin(AUDITOR, "api"))
            audit_service.note(session, "look", "row", f"{number}", now=utc_now())

    for number in range(6):  # one after the other: each process finds that the other was there
        await look(number)
        await look(number + number % 2)
    await asyncio.gather(*(look(number) if number % 3 else note(sessions, "2023-01") for number in range(60)))
    await engine.dispose()
    found = await verdict(sessions)
    assert (found.links, found.broken) == (72, None)


async def test_a_look_that_is_all_that_was_left_is_kept_without_a_transaction_of_its_own(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def look() -> None:
        async with reading(sessions, Recorder()) as session:
            audit_service.begin(session, Origin(AUDITOR, "api"))
            audit_service.note(session, "look", "row", "1", now=utc_now())

    await look()  # the first link of all has no end to be added to
    if sessions.kw["bind"].dialect.name == "postgresql":
        monkeypatch.setattr("app.kernel.recording.transaction", None)
    await look()
    found = await verdict(sessions)
    assert (found.links, found.broken) == (2, None)


async def test_the_only_connection_of_a_process_keeps_a_look_and_then_waits_for_the_disk(
    sessions: Sessions,
) -> None:
    url = sessions.kw["bind"].url.render_as_string(hide_password=False)
    engine = make_engine(url, Patience(1, 0, 0.5, 0, 30, 30, is_brief=True))
    for _ in range(2):  # the first link of all has no end to be added to
        async with reading(make_sessions(engine), Recorder()) as session:
            audit_service.begin(session, Origin(AUDITOR, "api"))
            audit_service.note(session, "look", "row", "1", now=utc_now())
    await engine.dispose()
    assert (await verdict(sessions)).links == 2


async def _note_and_break_off(sessions: Sessions) -> None:
    async with transaction(sessions) as session:
        audit_service.begin(session, Origin(AUDITOR, "api"))
        audit_service.note(session, "close_month", "month", "2023-02", now=utc_now())
        as_last_step(session, _break_off)


async def _break_off(_session: AsyncSession) -> None:
    raise RuntimeError


async def test_an_export_is_whole_or_not_there(sessions: Sessions, tmp_path: Path) -> None:
    await fill(sessions, 3)
    file = tmp_path / "trail.jsonl"
    async with transaction(sessions, writes=False) as session:
        links, head = await audit_trail_service.export_to(session, OPERATOR, file)
    assert (links, head) == (3, json.loads(file.read_text().splitlines()[-1])["hash"])
    assert [path.name for path in tmp_path.iterdir()] == ["trail.jsonl"]


def test_an_event_filter_takes_days_of_shanghai() -> None:
    asked = audit_trail_service.asked_events(first=datetime(2023, 11, 16, tzinfo=UTC).date())
    assert asked.since == datetime(2023, 11, 15, 16, 0, tzinfo=UTC)


async def test_every_row_has_the_columns_over_which_its_hash_is(sessions: Sessions) -> None:
    await fill(sessions, 1)
    async with transaction(sessions, writes=False) as session:
        [link] = await audit_queries.links_after(session, 0, 9)
    assert {column.name for column in AuditEvent.__table__.columns} == set(link.stated())
