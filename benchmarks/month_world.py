"""An invented province in a database: a roster with a long history, all made from numbers, the same on every run."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.allocation.tables import AllocationRun, Assignment
from app.coverage.tables import CoverageSnapshot
from app.docking.tables import DockingEvent
from app.enterprises.tables import Enterprise
from app.institutions.tables import Institution
from app.kernel.database import insert_rows
from app.matching.tables import MatchRun
from app.whitelist.tables import WhitelistEdition, WhitelistEntry

COUNTIES = ("230102", "230103", "230203", "230302", "230602", "231002", "230802", "231102")
BANKS, BRANCHES = 40, 2_000
ADMITTED = datetime(2023, 7, 5, 1, tzinfo=UTC)
ASSIGNED = datetime(2023, 7, 10, 1, tzinfo=UTC)
MONTH = "2023-11"
PASSED_ON_EVERY = 7
HASH = "0" * 64
KINDS = ("reminded", "visited", "contacted", "visited", "paused", "resumed", "escalated", "visited")


async def build(session: AsyncSession, entries: int, events: int) -> None:
    """Store entries, each with its institution (every seventh passed on once) and so many events."""
    await _store_institutions(session)
    edition = WhitelistEdition(
        jurisdiction="230000", code="2023H2", in_force_from=date(2023, 7, 1), in_force_until=date(2023, 12, 31),
        version=1, created_at=ADMITTED,
    )  # fmt: skip
    session.add(edition)
    await session.flush()
    await _store_entries(session, edition.id, entries)
    await _store_runs(session, edition.id)
    await _store_assignments(session, entries)
    for statement in _events(events):
        await session.execute(statement)
    await session.flush()


async def _store_institutions(session: AsyncSession) -> None:
    banks = [_institution(number, None) for number in range(1, BANKS + 1)]
    branches = [_institution(BANKS + n, 1 + n % BANKS) for n in range(1, BRANCHES + 1)]
    await insert_rows(session, Institution.metadata.tables["institutions"], banks + branches)


def _institution(number: int, parent: int | None) -> dict[str, Any]:
    root = parent or number
    return {
        "id": number, "code": f"B{number:04d}", "name": f"银行{number}", "short_name": f"行{number}", "kind": "large",
        "parent_id": parent, "root_id": root, "lineage": f"/{root}/{number}/" if parent else f"/{number}/",
        "region_code": COUNTIES[number % len(COUNTIES)], "capacity": 100, "is_demo": True, "version": 1,
        "created_at": ADMITTED, "updated_at": ADMITTED,
    }  # fmt: skip


async def _store_entries(session: AsyncSession, edition_id: int, count: int) -> None:
    tables = Enterprise.metadata.tables
    numbers = range(1, count + 1)
    await insert_rows(session, tables["enterprises"], map(_firm, numbers))
    await insert_rows(session, tables["needs"], map(_need, numbers))
    await insert_rows(session, tables["need_revisions"], map(_revision, numbers))
    await insert_rows(session, tables["whitelist_entries"], (_entry(n, edition_id) for n in numbers))


def _firm(number: int) -> dict[str, Any]:
    return {
        "id": number, "uscc": f"9123{number:014d}", "name": f"企业{number}", "name_key": f"企业{number}",
        "region_code": COUNTIES[number % len(COUNTIES)], "is_demo": True, "version": 1, "created_at": ADMITTED,
        "updated_at": ADMITTED,
    }  # fmt: skip


def _need(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "code": f"9123{number:014d}",
        "enterprise_id": number,
        "revision": 1,
        "created_at": ADMITTED,
    }


def _revision(number: int) -> dict[str, Any]:
    return {
        "id": number, "need_id": number, "revision": 1, "facts": {"first_loan": (True, False, None)[number % 3]},
        "amount_fen": _amount(number), "term_months": 24, "content_hash": HASH, "stated_on": date(2023, 7, 1),
        "created_at": ADMITTED,
    }  # fmt: skip


def _amount(number: int) -> int:
    return 100_000_000 + number * 7_919 % 900_000_000


def _entry(number: int, edition_id: int) -> dict[str, Any]:
    return {
        "id": number, "code": f"2023H2-9123{number:014d}", "edition_id": edition_id, "need_id": number,
        "need_revision_id": number, "enterprise_id": number, "source_class": "srdi",
        "region_code": COUNTIES[number % len(COUNTIES)], "size_class": "small", "amount_fen": _amount(number),
        "status": "admitted", "admission": {}, "extra": {}, "admitted_at": ADMITTED, "version": 1,
        "created_at": ADMITTED,
    }  # fmt: skip


async def _store_runs(session: AsyncSession, edition_id: int) -> None:
    """Store two runs: the second takes over what was passed on."""
    for number in (1, 2):
        session.add(
            MatchRun(
                id=number, edition_id=edition_id, engine_version="1", inputs_hash=HASH, result_hash=HASH, inputs={},
                counts={}, run_by="bench", created_at=ADMITTED,
            )
        )  # fmt: skip
        await session.flush()
        session.add(
            AllocationRun(
                id=number, edition_id=edition_id, match_run_id=number, settings={}, objective={}, inputs_hash=HASH,
                result_hash=HASH, run_by="bench", created_at=ADMITTED,
            )
        )  # fmt: skip
        await session.flush()


async def _store_assignments(session: AsyncSession, count: int) -> None:
    passed_on = ASSIGNED + timedelta(days=40)
    former = (_assignment(n, 1, passed_on) for n in range(1, count + 1) if n % PASSED_ON_EVERY == 0)
    table = Assignment.metadata.tables["assignments"]
    await insert_rows(session, table, former)
    await insert_rows(session, table, (_assignment(n, 2, passed_on) for n in range(1, count + 1)))


def _assignment(number: int, run: int, passed_on: datetime) -> dict[str, Any]:
    is_former, was_passed_on = run == 1, number % PASSED_ON_EVERY == 0
    return {
        "run_id": run, "entry_id": number, "kind": "matched",
        "institution_id": BANKS + 1 + (number * 31 + (1 if is_former else 0)) % BRANCHES, "responsible_body": "",
        "explanation": {}, "assigned_at": passed_on if was_passed_on and not is_former else ASSIGNED,
        "ended_at": passed_on if is_former else None, "end_reason": "declined" if is_former else None,
    }  # fmt: skip


def _events(count: int) -> Iterator[Any]:
    """Answer statements that store `count` events for each entry, by its responsible institution.

    The facts keep little of most of them: visits, reminders, repeated contacts; one approval and one payment.
    """
    for number in range(1, count + 1):
        is_later = number > count // 2
        if number == 1:
            kind = "accepted"
        elif number == count - 3:
            kind = "credit_approved"
        elif number == count - 1:
            kind = "disbursed"
        else:
            kind = KINDS[number % len(KINDS)]
        at = ASSIGNED + timedelta(days=(45 if is_later else 1), hours=number * 7)
        yield _event(number, kind, at)


def _event(sequence: int, kind: str, at: datetime) -> Any:
    """Answer the statement that stores one event for each entry; two thirds get credit, half of all are paid out."""
    approved, paid = kind == "credit_approved", kind == "disbursed"
    amount = WhitelistEntry.amount_fen if approved else literal(50_000_000) if paid else literal(None)
    events = DockingEvent.metadata.tables["docking_events"]
    table = events.c
    values = {
        table.entry_id: WhitelistEntry.id,
        table.sequence: literal(sequence),
        table.kind: literal(kind),
        table.institution_id: Assignment.institution_id,
        table.occurred_at: literal(at, table.occurred_at.type),
        table.recorded_at: literal(at, table.recorded_at.type),
        table.actor: literal("bench"),
        table.detail: literal({}, table.detail.type),
        table.is_simulated: literal(False),
    }
    if approved or paid:
        values[table.amount_fen] = amount
    if approved:
        values |= {
            table.rate_bp: 300 + WhitelistEntry.id % 200,
            table.term_months: 6 + WhitelistEntry.id % 50,
            table.is_credit_loan: WhitelistEntry.id % 2 == 0,
        }
    which: Any = (
        select(*(value.label(column.name) for column, value in values.items()))
        .join_from(WhitelistEntry, Assignment, Assignment.entry_id == WhitelistEntry.id)
        .where(Assignment.ended_at.is_(None))
    )
    if approved:
        which = which.where(WhitelistEntry.id % 3 != 0)
    if paid:
        which = which.where(WhitelistEntry.id % 2 == 0, WhitelistEntry.id % 3 != 0)
    return insert(events).from_select(list(values), which)


async def store_closed_months(session: AsyncSession, count: int, size: int) -> None:
    """Store closed months before `MONTH`, each with facts of `size` bytes: none of them is read by a close."""
    for back in range(1, count + 1):
        number = int(MONTH[:4]) * 12 + int(MONTH[5:]) - 1 - back
        month = f"{number // 12:04d}-{number % 12 + 1:02d}"
        session.add(
            CoverageSnapshot(
                jurisdiction="230000", edition_id=1, month=month, facts=bytes(size), facts_sha256=HASH, figures={},
                closed_by="bench", closed_at=ADMITTED,
            )
        )  # fmt: skip
        await session.flush()
        session.expunge_all()
