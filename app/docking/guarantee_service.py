"""Use cases of guarantees: hold offers to the cap, show it, and say what guarantors ask for on average."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from operator import attrgetter
from typing import Final

from app.accounts.rules import INSTITUTION_ROLES, Viewer
from app.docking import guarantee_queries
from app.docking.dossiers import EntryDossier
from app.docking.guarantee_queries import GrantRow
from app.docking.guarantee_schemas import FeeAimOut, GuarantorFeeOut
from app.docking.guarantees import (
    AverageAim,
    FeeCap,
    Guarantee,
    average_aim,
    average_fee,
    check_offer,
    fee_cap,
)
from app.docking.kinds import GUARANTEES, EventKind
from app.docking.rates import BP_PER_PERCENT
from app.docking.rules import Event, fold
from app.enterprises.need_facts import NeedFacts
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.errors import Fault
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.policy.derived import derive_facts
from app.policy.facts import Facts
from app.policy.rulebook import RuleBook
from app.policy.service import rule_book, rule_books
from app.reference.service import current_book

_FOUR_PLACES: Final = Decimal("0.0001")
Place = tuple[str, date]
"""A region and a day: what applies there and then."""


async def faults_of(
    session: AsyncSession, decided: Sequence[tuple[EntryDossier, Event]]
) -> list[list[Fault]]:
    """Name for each event that is about to be logged what its guarantee fee breaks: the cap of its place and day.

    A guarantee counts with those that the guarantor granted the enterprise before it: the tiers are of a firm's
    amount (单户担保金额).
    """
    wanted = {(one.id, shanghai_date(event.occurred_at)): one for one, event in decided if _costs(event)}
    if not wanted:
        return [[] for _event in decided]
    books, facts = await _gathered(session, wanted)
    faults: list[list[Fault]] = []
    for dossier, event in decided:
        if not _costs(event):
            faults.append([])
            continue
        day = shanghai_date(event.occurred_at)
        amount = _amount_of(dossier, event)
        cap = fee_cap(books[dossier.region, day], amount, facts[dossier.id, day])
        faults.append(check_offer(cap, amount, event.fee_bp or 0))
    return faults


async def caps_of(
    session: AsyncSession, dossiers: Collection[EntryDossier], on: date
) -> dict[int, FeeCap | None]:
    """Answer the cap of a guarantee of the amount asked for, by entry id, in few statements."""
    wanted = {(one.id, on): one for one in dossiers}
    if not wanted:
        return {}
    books, facts = await _gathered(session, wanted)
    return {one.id: fee_cap(books[one.region, on], one.amount_fen, facts[one.id, on]) for one in dossiers}


async def caps_of_guarantors(
    session: AsyncSession, dossiers: Collection[EntryDossier], now: datetime
) -> dict[int, FeeCap | None]:
    """Answer the caps of those entries that a guarantor has in hand now, by entry id."""
    theirs = [
        one
        for one in dossiers
        if any(party.is_guarantor and party.is_in_office(now) for party in one.standings)
    ]
    return await caps_of(session, theirs, shanghai_date(now))


async def guarantor_fees(session: AsyncSession, viewer: Viewer, *, now: datetime) -> list[GuarantorFeeOut]:
    """Answer what guarantors ask for on average, beside the aim that applies in the viewer's jurisdiction.

    A guarantor counts all its own guarantees, also those of entries that went on to a bank since.
    """
    found = {row.event_id: row for row in await guarantee_queries.grants(session, viewer)}
    own = viewer.scopes(*INSTITUTION_ROLES)
    if own:
        # Its own doings, summed up; the entries that it no longer holds are not shown.
        with unrestricted(session):
            found |= {row.event_id: row for row in await guarantee_queries.grants(session, viewer, own)}
    aim = average_aim(await rule_book(session, viewer.jurisdiction, shanghai_date(now)))
    ordered = sorted(found.values(), key=attrgetter("institution", "event_id"))
    return [_fees(list(rows), aim) for _code, rows in groupby(ordered, key=attrgetter("institution"))]


def _fees(rows: Sequence[GrantRow], aim: AverageAim | None) -> GuarantorFeeOut:
    found = average_fee(Guarantee(row.amount_fen, row.fee_bp) for row in rows)
    assert found is not None, "a guarantee has an amount"
    exact = Decimal(found.average_bp.numerator) / found.average_bp.denominator / BP_PER_PERCENT
    return GuarantorFeeOut.model_construct(
        institution=rows[0].institution,
        name=rows[0].name,
        guarantees=found.guarantees,
        amount=found.amount_fen,
        average=str(exact.quantize(_FOUR_PLACES, rounding=ROUND_HALF_UP)),
        aim=FeeAimOut.of(aim) if aim else None,
        is_within_aim=found.is_within(aim) if aim else None,
    )


def _costs(event: Event) -> bool:
    return event.kind in GUARANTEES


def _amount_of(dossier: EntryDossier, event: Event) -> int:
    """Answer the amount that an event guarantees, of a grant with all that the guarantor granted up to it."""
    if event.kind is EventKind.GUARANTEE_OFFERED:
        return event.amount_fen
    logged = (one for one in dossier.events if one.sequence <= event.sequence)
    return fold(logged).party(event.institution_id).granted_fen


async def _gathered(
    session: AsyncSession, wanted: Mapping[tuple[int, date], EntryDossier]
) -> tuple[Mapping[Place, RuleBook], Mapping[tuple[int, date], Facts]]:
    """Answer the rules of places and days, and the facts of entries as they derive on those days."""
    books = await rule_books(session, ((one.region, day) for (_id, day), one in wanted.items()))
    # What the cap rests on is not shown, but for the facts of the card that it asks for.
    with unrestricted(session):
        stated = await guarantee_queries.stated_needs(session, {one.id for one in wanted.values()})
    reference = await current_book(session, get_settings().seed_dir)
    needs = {entry_id: NeedFacts.model_validate(facts) for entry_id, facts in stated.items()}
    derived = {
        (one.id, day): derive_facts(
            needs[one.id].stated(),
            established_on=needs[one.id].established_on,
            on=day,
            book=reference,
            rules=books[one.region, day].derived,
        )
        for (_id, day), one in wanted.items()
    }
    return books, derived
