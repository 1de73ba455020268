"""Several people do something about one entry at the same time: one wins, the other is told, nothing is half done."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app.allocation.tables import Assignment
from app.docking.tables import DockingEvent, EntryClock
from app.institutions.tables import Institution
from app.kernel.database import transaction
from tests.concurrency.invariants import broken
from tests.concurrency.meeting import at_the_first_write
from tests.concurrency.town import EDITION, Held, Town

APPROVAL = {
    "kind": "credit_approved",
    "amount": "100000.00",
    "rate": "3.85",
    "term_months": 12,
    "is_credit_loan": True,
}
DECLINE = {"kind": "declined", "reason": "insufficient_repayment", "evidence": "尽调报告第3页"}
REROUTE = {"edition": EDITION, "reason": "逾期未对接", "dry_run": False}


async def log(town: Town, who: str, entry: Held, event: Mapping[str, Any]) -> Any:
    return await town.ask(who, "POST", f"{entry.path}/docking-events", json=event)


async def logged(town: Town, entry: Held) -> list[str]:
    statement = (
        select(DockingEvent.kind).where(DockingEvent.entry_id == entry.id).order_by(DockingEvent.sequence)
    )
    return [row[0] for row in await town.rows(statement)]


async def party(town: Town, entry: Held) -> int | None:
    statement = select(Assignment.institution_id).where(
        Assignment.entry_id == entry.id, Assignment.ended_at.is_(None)
    )
    found: int | None
    [(found,)] = await town.rows(statement)
    return found


async def test_two_managers_accept_approve_and_decline_at_once(town: Town) -> None:
    entry = await town.entry()
    first, second = entry.clerks
    for kind in ("accepted", "contacted"):
        with at_the_first_write(town):
            await town.together(
                log(town, first, entry, {"kind": kind}), log(town, second, entry, {"kind": kind})
            )
    accepted = await logged(town, entry)
    assert accepted.count("accepted") == 1, "an entry is accepted once"
    before = await party(town, entry)
    with at_the_first_write(town):
        answers = await town.together(log(town, first, entry, APPROVAL), log(town, second, entry, DECLINE))
    assert sorted(one.status_code for one in answers) in ([201, 409], [201, 404])
    kinds = await logged(town, entry)
    assert ("credit_approved" in kinds) is not ("declined" in kinds)
    assert (await party(town, entry) == before) is ("credit_approved" in kinds), (
        "who declined has left, who lends stays"
    )


async def test_one_of_two_corrections_of_an_event_stands(town: Town) -> None:
    entry = await town.entry()
    first, second = entry.clerks
    accepted = await log(town, first, entry, {"kind": "accepted"})
    before = await logged(town, entry)  # what the clock logged meanwhile among it
    wrong = {"kind": "corrected", "corrects": accepted.json()["sequence"], "evidence": "录入有误，见更正单"}
    with at_the_first_write(town):
        answers = await town.together(log(town, first, entry, wrong), log(town, second, entry, wrong))
    assert sorted(one.status_code for one in answers) == [201, 409]
    assert await logged(town, entry) == [*before, "corrected"]


async def test_what_is_logged_while_the_entry_is_taken_away_is_refused_or_was_before(town: Town) -> None:
    for other in (APPROVAL, {"kind": "accepted"}):
        entry = await town.entry()
        if other is APPROVAL:
            for kind in ("accepted", "contacted"):
                assert (await log(town, entry.clerks[0], entry, {"kind": kind})).status_code == 201
        with at_the_first_write(town):
            taken, said = await town.together(
                town.ask("whole", "POST", "/docking/reroutes", json=REROUTE | {"entries": [entry.code]}),
                log(town, entry.clerks[0], entry, other),
            )
        moved = taken.json()["counts"]["moved"]
        assert (await party(town, entry) != entry.bank_id) is bool(moved)
        if other is APPROVAL:
            assert moved + (said.status_code == 201) == 1, (
                "with approved credit it stays; taken away it gets no credit"
            )


async def test_an_entry_leaves_the_roster_while_its_bank_logs_and_its_clock_goes_with_it(town: Town) -> None:
    entry = await town.entry()
    tag = (await town.ask("whole", "GET", entry.path)).headers["etag"]
    off = {"reason": "企业已迁出"}
    with at_the_first_write(town, 3):
        left, _said, again = await town.together(
            town.ask("whole", "PUT", f"{entry.path}/withdrawal", json=off, etag=tag),
            log(town, entry.clerks[0], entry, {"kind": "accepted"}),
            town.ask("second", "PUT", f"{entry.path}/withdrawal", json=off, etag=tag),
        )
    assert sorted((left.status_code, again.status_code)) == [200, 412]
    assert not await town.rows(select(EntryClock.entry_id).where(EntryClock.entry_id == entry.id))


async def test_an_allocation_and_what_people_do_meanwhile_agree(town: Town) -> None:
    entries = [await town.entry() for _ in range(3)]
    matched = {"edition": EDITION, "on": "2023-10-16", "library": "2023Q4"}
    assert (await town.ask("whole", "POST", "/matches/runs", json=matched)).is_success
    tag = (await town.ask("whole", "GET", entries[0].path)).headers["etag"]
    off, anew = {"reason": "企业已迁出"}, {"edition": EDITION, "keep_settled": False}
    with at_the_first_write(town, 4):
        first, second, left, *_logged = await town.together(
            town.ask("whole", "POST", "/allocations", json=anew),
            town.ask("second", "POST", "/allocations", json=anew),
            town.ask("second", "PUT", f"{entries[0].path}/withdrawal", json=off, etag=tag),
            log(town, entries[1].clerks[0], entries[1], {"kind": "accepted"}),
            log(town, entries[2].clerks[0], entries[2], DECLINE),
        )
    assert left.status_code == 200
    for run in (first, second):  # whose roster changed before it began is told to match again
        assert run.is_success or "match run" in run.json()["detail"], run.text
        if run.is_success:
            check = (await town.ask("whole", "GET", f"/allocations/{run.json()['id']}/check")).json()
            assert check["feasible"], check
    assert await broken(town.sessions[0]) == []


async def test_entries_that_leave_their_banks_at_once_do_not_fill_another_beyond_its_capacity(
    town: Town,
) -> None:
    entries = [await town.entry() for _ in range(4)]
    before = await held(town)
    async with transaction(town.sessions[0]) as session:
        for bank in (
            await session.scalars(select(Institution).where(Institution.capacity.is_not(None)))
        ).all():
            bank.capacity, bank.version = before[bank.code] + 1, bank.version + 1
    with at_the_first_write(town, 4):
        answers = await town.together(*(log(town, one.clerks[0], one, DECLINE) for one in entries))
    assert {one.status_code for one in answers} == {201}
    over = {bank: count for bank, count in (await held(town)).items() if count > before[bank] + 1}
    assert not over


async def held(town: Town) -> Counter[str]:
    statement = (
        select(Institution.code)
        .join(Assignment, Assignment.institution_id == Institution.id)
        .where(Assignment.ended_at.is_(None))
    )
    return Counter(row[0] for row in await town.rows(statement))


async def test_a_bank_reads_whom_to_call_while_its_consent_is_withdrawn(town: Town) -> None:
    entry = await town.entry()
    firm = f"/enterprises/{entry.code.split('-')[1]}/contact"
    [given] = (await town.ask("whole", "GET", f"/needs/{entry.need}/consents")).json()["items"]
    path = f"/needs/{entry.need}/consents/{given['id']}"
    with at_the_first_write(town):
        read, _revoked = await town.together(
            town.ask(entry.clerks[0], "GET", firm),
            town.ask("whole", "PUT", f"{path}/revocation", json={}, etag=f'"{given["version"]}"'),
        )
    assert read.status_code in {200, 403, 404}
    assert not (await town.ask("whole", "GET", f"/needs/{entry.need}/disclosures")).json()["contact_holders"]
