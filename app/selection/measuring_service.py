"""Use case: measure between every chain and every bank of a round, and keep what was measured with the contracts in force."""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from app.accounts.rules import Viewer
from app.chains import service as chains
from app.docking import pace_queries
from app.docking.working_time import LIMIT_KEYS, limits_of
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.progress import report
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.matching import service as matching
from app.policy.service import rule_books
from app.reference import service as reference
from app.reference.book import ReferenceBook
from app.selection import measuring_queries, queries
from app.selection.archive import packed
from app.selection.measures import Measures
from app.selection.measuring import Contact, Observed, measured
from app.selection.tables import SelectionMeasurement, SelectionRound
from app.whitelist import service as whitelist

EDITIONS_LOOKED_AT: Final = 2
"""Response times are observed on the round's edition and the one before it."""
_BASIS_POINTS: Final = 100
_STAGES: Final = 4
Contracts = tuple[tuple[str, str], ...]


async def contracts_in_force(
    session: AsyncSession, viewer: Viewer, chain_codes: Sequence[str], bank_codes: Sequence[str], on: date
) -> Contracts:
    """Answer the pairs of a round that the plans in force on a day contract, sorted."""
    book, banks = await chains.chain_book(session, viewer, on), frozenset(bank_codes)
    plans = ((code, book.plan_of(code)) for code in chain_codes)
    return tuple(
        sorted(
            (code, bank.institution)
            for code, plan in plans
            if plan is not None
            for bank in plan.contracted
            if bank.institution in banks
        )
    )


async def contact_limit(session: AsyncSession, viewer: Viewer, on: date) -> int:
    """Answer in how many working days a first contact is due, by the parameter in force."""
    place = (viewer.jurisdiction, on)
    return limits_of((await rule_books(session, [place], keys=LIMIT_KEYS))[place]).contact


async def measure(
    session: AsyncSession,
    viewer: Viewer,
    row: SelectionRound,
    sides: tuple[Sequence[str], Sequence[str]],
    *,
    now: datetime,
) -> SelectionMeasurement:
    """Measure anew and keep it; counts over the whole edition, whoever asks.

    Raises:
        NotFound: the edition is not there.
        Unavailable: no loan prime rate is known for the day.
    """
    found, run = await _measures(session, viewer, row, sides, now)
    before = await queries.latest_measurement(session, row.id)
    made = SelectionMeasurement(
        round_id=row.id,
        number=before.number + 1 if before else 1,
        match_run_id=run,
        arrays=await asyncio.to_thread(packed, found),
        sha256=await asyncio.to_thread(found.digest),
        contracts=[
            list(pair) for pair in await contracts_in_force(session, viewer, *sides, shanghai_date(now))
        ],
        taken_by=viewer.name,
        taken_at=now,
    )
    await queries.add(session, made)
    return made


async def _measures(
    session: AsyncSession,
    viewer: Viewer,
    row: SelectionRound,
    sides: tuple[Sequence[str], Sequence[str]],
    now: datetime,
) -> tuple[Measures, int | None]:
    chain_codes, bank_codes = sides
    edition = await whitelist.edition(session, viewer, row.edition_code)
    run = await matching.latest_run(session, viewer, edition.id)
    book = await reference.current_book(session, get_settings().seed_dir)
    tree = await institution_tree(session, viewer)
    report("measuring", 0, _STAGES)
    with unrestricted(session):
        entries = await measuring_queries.open_entries(session, edition.id, chain_codes)
        report("measuring", 1, _STAGES)
        given = Observed(
            tuple(chain_codes),
            tuple(bank_codes),
            await _regions(session, viewer, chain_codes, now),
            entries,
            await measuring_queries.fitting_products(session, run.id, edition.id, chain_codes) if run else [],
            await measuring_queries.offered(session, run.id) if run else [],
            await measuring_queries.held(session, edition.id, chain_codes),
            await _contacts(session, viewer, row.edition_code),
            _lpr(book, shanghai_date(now)),
        )
    report("measuring", 2, _STAGES)
    found = await asyncio.to_thread(measured, given, tree, book.calendar)
    report("measuring", 3, _STAGES)
    return found, run.id if run else None


async def _regions(
    session: AsyncSession, viewer: Viewer, chain_codes: Sequence[str], now: datetime
) -> list[tuple[str, ...]]:
    """Answer the regions of each chain: its jurisdiction."""
    book = await chains.chain_book(session, viewer, shanghai_date(now))
    found = (book.chains.get(code) for code in chain_codes)
    return [(one.jurisdiction,) if one is not None else (viewer.jurisdiction,) for one in found]


async def _contacts(session: AsyncSession, viewer: Viewer, edition_code: str) -> list[Contact]:
    editions = await measuring_queries.editions_up_to(
        session, viewer.jurisdiction, edition_code, EDITIONS_LOOKED_AT
    )
    return [
        Contact(one.institution, one.assigned_at, one.contacted_at)
        for edition in editions
        for one in await pace_queries.steps_taken(session, viewer, edition)
        if one.contacted_at is not None
    ]


def _lpr(book: ReferenceBook, on: date) -> dict[str, int]:
    quote = book.lpr.on(on)
    return {
        "lpr_1y": int(quote.rate_1y * _BASIS_POINTS),
        "lpr_5y": int(quote.rate_5y * _BASIS_POINTS),
        "fixed": 0,
    }
