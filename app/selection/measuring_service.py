"""Use case: measure between every chain and every bank of a round, and keep what was measured with the contracts in force."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import numpy as np

from app.accounts.rules import Viewer
from app.chains import profile_service
from app.chains import service as chains
from app.chains.places import Covered, PlaceWord
from app.docking import pace_queries
from app.docking.working_time import LIMIT_KEYS, limits_of
from app.enterprises.need_facts import NeedFacts
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.progress import report
from app.kernel.shanghai import shanghai_date
from app.matching import service as matching
from app.matching.engine import Candidates
from app.matching.gathering import gather, shelf
from app.matching.inputs import NeedReader, Surroundings
from app.policy.service import rule_books
from app.reference.regions import Regions
from app.selection import measuring_queries, queries
from app.selection.archive import packed
from app.selection.measures import UNKNOWN, Measures
from app.selection.measuring import Contact, Observed, measured
from app.selection.tables import SelectionMeasurement, SelectionRound
from app.whitelist import service as whitelist

EDITIONS_LOOKED_AT: Final = 2
"""Response times are observed on the round's edition and the one before it."""
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
    today = shanghai_date(now)
    edition = await whitelist.edition(session, viewer, row.edition_code)
    run = await matching.latest_run(session, viewer, edition.id)
    report("measuring", 0, _STAGES)
    around = await gather(session, viewer, today, run.library_code if run else None)
    with unrestricted(session):
        entries = await measuring_queries.open_entries(session, edition.id, chain_codes)
        held = await measuring_queries.held(session, edition.id, chain_codes)
        contacts = await _contacts(session, viewer, row.edition_code)
    report("measuring", 1, _STAGES)
    fitting, offers = await asyncio.to_thread(_fitting, around, [facts for _chain, _amount, facts in entries])
    report("measuring", 2, _STAGES)
    areas, covered = await _areas(session, viewer, chain_codes, around, today)
    given = Observed(
        tuple(chain_codes),
        tuple(bank_codes),
        areas,
        covered,
        [(chain, amount) for chain, amount, _facts in entries],
        fitting.starts,
        fitting.products.astype(np.int64),
        offers,
        held,
        contacts,
    )
    found = await asyncio.to_thread(measured, given, around.tree, around.book.calendar)
    report("measuring", 3, _STAGES)
    return found, run.id if run else None


def _fitting(
    around: Surroundings, facts: Sequence[Mapping[str, Any]]
) -> tuple[Candidates, list[tuple[int, int]]]:
    """Answer all products that fit each need, and institution and price of each product."""
    reader, matcher = NeedReader(around), shelf.matcher_of(around)
    found = matcher.candidates(
        matcher.encode(reader.need_of(NeedFacts.model_validate(each)) for each in facts)
    )
    institutions = {each.code: each.institution_id for each in around.products}
    prices = (UNKNOWN if each.price_bp is None else each.price_bp for each in matcher.products)
    return found, list(zip((institutions[each.code] for each in matcher.products), prices, strict=True))


async def _areas(
    session: AsyncSession, viewer: Viewer, chain_codes: Sequence[str], around: Surroundings, today: date
) -> tuple[list[tuple[str, ...]], tuple[tuple[str, ...], ...]]:
    """Answer where outlets count for each chain, and the names of these regions where the chain states them itself."""
    stated = await profile_service.covered_places(session, viewer, today)
    places = [stated.get(code, ()) for code in chain_codes]
    known = [around.chains.chains.get(code) for code in chain_codes]
    areas = [
        tuple(one.area for one in own if one.area)
        or (viewer.jurisdiction if chain is None else chain.jurisdiction,)
        for own, chain in zip(places, known, strict=True)
    ]
    return areas, tuple(tuple(_named(one, around.book.regions) for one in own) for own in places)


def _named(place: Covered, regions: Regions) -> str:
    """Say where outlets were counted: the region, and for whose sake where it is that of a cluster, zone or park."""
    region = regions.get(place.area or "")
    if place.kind is PlaceWord.REGION or region is None:
        return f"{place.area} {place.name}"
    return f"{place.area} {region.name}（{place.name}）"


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
