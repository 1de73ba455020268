"""What holds of a town whatever its people did at the same time; each answers what is broken, empty if nothing is."""

from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from sqlalchemy import func, select

from app.accounts import audit_trail_service
from app.accounts.rules import local_operator
from app.allocation.tables import Assignment
from app.bottlenecks.tables import BottleneckCase
from app.catalogue.tables import Product, ProductRevision
from app.docking import clock_service, gathering
from app.docking.dossiers import EntryDossier
from app.docking.legality import check_event
from app.docking.rules import effective
from app.docking.tables import EntryClock
from app.enterprises.tables import Need, NeedRevision
from app.institutions.tables import Institution
from app.kernel.database import AsyncSession, Sessions
from app.whitelist.tables import EntryWithdrawal, ReviewItem, WhitelistEntry
from tests.concurrency.town import EDITION, JURISDICTION, NOW

OPERATOR = local_operator(JURISDICTION)


async def broken(sessions: Sessions) -> list[str]:
    """Answer everything that does not hold; the clocks are made anew on the way and not kept."""
    async with sessions() as session:
        await session.connection(execution_options={"rongqiao_writes": True})
        found = [
            *await _chain(session),
            *await _parties(session),
            *await _withdrawals(session),
            *await _histories(session),
            *await _numbers(session),
            *await _tree(session),
            *await _clocks(session),
        ]
        await session.rollback()
    return found


async def _chain(session: AsyncSession) -> list[str]:
    verdict = await audit_trail_service.verify(session)
    return [] if verdict.broken is None else [f"audit: {verdict}"]


async def _parties(session: AsyncSession) -> list[str]:
    current = select(Assignment.entry_id, func.count()).where(Assignment.ended_at.is_(None))
    parties = {row[0]: row[1] for row in await session.execute(current.group_by(Assignment.entry_id))}
    # Who comes back to the roster, or is admitted again by corrected facts, waits for the next run.
    ever = set(await session.scalars(select(Assignment.entry_id)))
    ever -= set(await session.scalars(select(EntryWithdrawal.entry_id)))
    ever -= set(
        await session.scalars(select(Assignment.entry_id).where(Assignment.end_reason == "withdrawn"))
    )
    cases = select(BottleneckCase.entry_id, func.count()).where(BottleneckCase.is_current)
    listed = {
        row.id: row.code
        for row in await session.execute(
            select(WhitelistEntry.id, WhitelistEntry.code).where(
                WhitelistEntry.status == "admitted", WhitelistEntry.withdrawn_at.is_(None)
            )
        )
    }
    return [
        *(f"{code}: nobody is responsible" for one, code in listed.items() if one in ever - parties.keys()),
        *(f"entry {one}: {n} responsible" for one, n in parties.items() if n != 1),
        *(
            f"entry {row[0]}: {row[1]} bottleneck cases"
            for row in await session.execute(cases.group_by(BottleneckCase.entry_id))
            if row[1] != 1
        ),
    ]


async def _withdrawals(session: AsyncSession) -> list[str]:
    off = Counter(
        await session.scalars(select(EntryWithdrawal.entry_id).where(EntryWithdrawal.reopened_at.is_(None)))
    )
    entries = (await session.scalars(select(WhitelistEntry))).all()
    undecided = set(await session.scalars(select(ReviewItem.entry_id).where(ReviewItem.decision.is_(None))))
    return [
        *(f"{one.code}: off the roster {off[one.id]} times" for one in entries if off[one.id] != (one.withdrawn_at is not None)),
        *(f"{one.code}: to be reviewed, and nothing is" for one in entries if one.status == "review" and one.id not in undecided),
    ]  # fmt: skip


async def _histories(session: AsyncSession) -> list[str]:
    dossiers = await _dossiers(session)
    return [fault for one in dossiers for fault in _history(one)]


def _history(dossier: EntryDossier) -> Iterable[str]:
    trades = {standing.institution_id: standing.trade for standing in dossier.standings}
    sequence = [event.sequence for event in dossier.events]
    if sequence != list(range(1, len(sequence) + 1)):
        yield f"{dossier.code}: events {sequence}"
    for place, event in enumerate(dossier.events):
        faults = check_event(dossier.events[:place], event, needed_fen=dossier.amount_fen, trades=trades)
        if faults:
            yield f"{dossier.code}: event {event.sequence} {event.kind} contradicts what was before: {faults}"
    approved, paid = Counter[Any](), Counter[Any]()
    for event in effective(dossier.events):
        approved[event.institution_id] += event.amount_fen if event.kind == "credit_approved" else 0
        paid[event.institution_id] += event.amount_fen if event.kind == "disbursed" else 0
    yield from (
        f"{dossier.code}: {one} paid out more than approved" for one in paid if paid[one] > approved[one]
    )


async def _dossiers(session: AsyncSession) -> list[EntryDossier]:
    ids = list(await session.scalars(select(WhitelistEntry.id)))
    return await gathering.dossiers_of(session, ids)


async def _numbers(session: AsyncSession) -> list[str]:
    found = []
    for subject, wording, key in (
        (Need, NeedRevision, NeedRevision.need_id),
        (Product, ProductRevision, ProductRevision.product_id),
    ):
        stored = select(key, wording.revision).order_by(key, wording.revision)
        numbers = {
            one: [row[1] for row in rows]
            for one, rows in groupby(await session.execute(stored), lambda row: row[0])
        }
        current = await session.execute(select(subject.id, subject.revision))
        found += [
            f"{subject.__tablename__} {row[0]}: at {row[1]} of {numbers[row[0]]}"
            for row in current
            if numbers[row[0]] != list(range(1, row[1] + 1))
        ]
    return found


async def _tree(session: AsyncSession) -> list[str]:
    rows = {row.id: row for row in await session.scalars(select(Institution))}

    def line(number: int | None, seen: int = 0) -> str:
        if number is None:
            return "/"
        return "circle" if seen > len(rows) else f"{line(rows[number].parent_id, seen + 1)}{number}/"

    return [f"{row.code}: {row.lineage}" for row in rows.values() if row.lineage != line(row.id)]


async def _clocks(session: AsyncSession) -> list[str]:
    before = await _stored_clocks(session)
    await clock_service.rebuild(session, OPERATOR, EDITION, now=NOW)
    after = await _stored_clocks(session)
    return [
        f"clock of entry {one}: {before.get(one)} is kept, {after.get(one)} is right"
        for one in sorted(before.keys() | after.keys())
        if before.get(one) != after.get(one)
    ]


async def _stored_clocks(session: AsyncSession) -> dict[int, tuple[Any, ...]]:
    rows = await session.execute(select(*EntryClock.__table__.columns).order_by(EntryClock.entry_id))
    return {row.entry_id: tuple(row) for row in rows}
