"""Use cases of observed figures: computed for four whole quarters, kept, shown beside what products declare."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from weakref import WeakKeyDictionary

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Role, Viewer
from app.awards import observed_queries as queries
from app.awards.dealings import Period, Promise, dealings_of, inputs_of
from app.awards.observed import (
    OFF_LABELS,
    Dealing,
    Declared,
    Figures,
    Least,
    figures_by_product,
    first_day,
    flags_of,
    hash_of,
    is_over,
    last_over,
    percent_of,
    shown,
)
from app.awards.observed_schemas import FlagOut, ObservationRunOut, ObservedOut, ObservedPage
from app.awards.tables import ObservationRun
from app.catalogue import service as catalogue
from app.catalogue.offering_service import own_institutions
from app.catalogue.quarters import quarter_of
from app.catalogue.rules import ProductTerms
from app.catalogue.schemas import ProductOut
from app.docking.rates import bp_from_percent
from app.docking.working_time import DayCounter
from app.institutions.service import institution_tree
from app.kernel.database import AsyncEngine, AsyncSession, hold, unrestricted
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, encode_cursor
from app.kernel.recording import leaves
from app.kernel.settings import get_settings
from app.kernel.shanghai import SHANGHAI, shanghai_date
from app.policy.service import rule_book
from app.reference.book import ReferenceBook
from app.reference.errors import LprUnknownError
from app.reference.service import current_book

LEAST: Final = "library.smallest_sample"
SEES_ALL: Final = (Role.COORDINATOR, Role.AUDITOR)
_OFF: Final[WeakKeyDictionary[AsyncEngine, dict[int, tuple[int, frozenset[int]]]]] = WeakKeyDictionary()
"""Which products are off, by run, and the run's version."""


async def observe(session: AsyncSession, viewer: Viewer, quarter: str, *, now: datetime) -> ObservationRunOut:
    """Compute what came of all products in the four quarters that end with one, in the place of what was known.

    Raises:
        Forbidden: the viewer is no coordinator of the whole jurisdiction.
        Refused: there is no such quarter.
        Conflict: it is not over.
    """
    require(viewer, Action.MANAGE_AWARDS, Target(region=viewer.jurisdiction))
    if not is_over(known_quarter(quarter), shanghai_date(now)):
        fault = Fault("quarter", "is not over", "Take one that is.", quarter)
        raise Conflict("Nothing was computed.", [fault])
    await hold(session, f"observed:{viewer.jurisdiction}:{quarter}")
    book = await current_book(session, get_settings().seed_dir)
    with unrestricted(session):
        dealings = await _dealings(session, viewer.jurisdiction, quarter, book)
    figures, inputs = await asyncio.to_thread(_computed, dealings)
    least = await least_of(session, viewer, quarter_of(quarter).last)
    run = await queries.run_of(session, viewer.jurisdiction, quarter, is_for_change=True)
    run = run or ObservationRun(jurisdiction=viewer.jurisdiction, quarter=quarter, version=0)
    data = {product: one.as_data() for product, one in figures.items()}
    run.least = {"credits": least.credits, "answers": least.answers, "ratings": least.ratings}
    run.dealings = len(dealings)
    run.answers = sum(one.answers for one in figures.values())
    run.approvals = sum(one.approvals for one in figures.values())
    run.inputs_hash, run.result_hash = inputs, hash_of(sorted(data.items()))
    run.computed_at, run.computed_by, run.version = now, viewer.name, run.version + 1
    await queries.save_run(session, run, data)
    detail = {"answers": run.answers, "result_hash": run.result_hash}
    audit_service.note(session, "observe_products", "library", quarter, now=now, detail=detail)
    return run_out(run)


async def observe_due(session: AsyncSession, viewer: Viewer, *, now: datetime) -> str:
    """Compute the figures up to the last quarter that is over, once; answer the quarter, or nothing if they are there."""
    quarter = last_over(shanghai_date(now))
    if await queries.run_of(session, viewer.jurisdiction, quarter) is not None:
        return ""
    await observe(session, viewer, quarter, now=now)
    return quarter


def known_quarter(code: str) -> str:
    """Answer a quarter's code if there is such a quarter that can be computed.

    Raises:
        Refused: it is none.
    """
    try:
        first_day(quarter_of(code))
    except ValueError as error:
        raise Refused(
            "There is no such quarter.", [Fault("quarter", str(error), "Such as 2023Q4.", code)]
        ) from error
    return code


def _computed(dealings: list[Dealing]) -> tuple[dict[int, Figures], str]:
    return figures_by_product(dealings), hash_of(inputs_of(dealings))


async def _dealings(
    session: AsyncSession, jurisdiction: str, code: str, book: ReferenceBook
) -> list[Dealing]:
    quarter = quarter_of(code)
    period = Period(_midnight(first_day(quarter)), _midnight(quarter.last + timedelta(days=1)))
    entries = await queries.entries_with_answers(session, jurisdiction, period.since, period.until)
    events = await queries.events_of(session, entries, period.until)
    spells = await queries.spells_of(session, entries)
    revisions = {one.revision_id for found in spells.values() for one in found if one.revision_id is not None}
    stored = await queries.terms_of(session, revisions)
    promises = {
        revision: _promise(ProductTerms.model_validate(terms), book) for revision, terms in stored.items()
    }
    made = dealings_of(events, spells, promises, period, DayCounter(book.calendar))
    return await asyncio.to_thread(list, made)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


def _promise(terms: ProductTerms, book: ReferenceBook) -> Promise:
    return Promise(terms.declared_days, lambda at: declared_rate(terms, book, shanghai_date(at)))


def declared_rate(terms: ProductTerms, book: ReferenceBook, day: date) -> tuple[int, int] | None:
    """Answer least and most rate in basis points as declared for a day; None where no LPR is known."""
    if terms.rate.base == "fixed":
        return terms.rate.bounds(0, 0)
    try:
        quote = book.lpr.on(day)
    except LprUnknownError:
        return None
    return terms.rate.bounds(bp_from_percent(quote.rate_1y), bp_from_percent(quote.rate_5y))


async def least_of(session: AsyncSession, viewer: Viewer, on: date) -> Least:
    """Answer the least counts that the operator sets."""
    book = await rule_book(session, viewer.jurisdiction, on)
    try:
        value = book.parameter(LEAST).value
    except NotFound:
        return Least()
    assert isinstance(value, Mapping), "its type in the pack is `counts`"
    return Least(**{str(name): int(str(count)) for name, count in value.items()})


def run_out(run: ObservationRun) -> ObservationRunOut:
    """Show a run."""
    quarter = quarter_of(run.quarter)
    return ObservationRunOut(
        quarter=run.quarter,
        since=first_day(quarter),
        until=quarter.last,
        dealings=run.dealings,
        answers=run.answers,
        approvals=run.approvals,
        least_credits=run.least["credits"],
        least_answers=run.least["answers"],
        least_ratings=run.least["ratings"],
        inputs_hash=run.inputs_hash,
        result_hash=run.result_hash,
        computed_at=run.computed_at,
        computed_by=run.computed_by,
        version=run.version,
    )


async def list_runs(session: AsyncSession, viewer: Viewer, page: PageRequest) -> Page[ObservationRunOut]:
    """Answer the runs of the viewer's jurisdiction, the newest quarter first."""
    key = page.after()
    before = None if key is None else str(key[0])
    rows = await queries.runs(session, viewer.jurisdiction, before=before, limit=page.limit + 1)
    items = [run_out(row) for row in rows[: page.limit]]
    return Page(items=items, next=encode_cursor(items[-1].quarter) if len(rows) > page.limit else None)


async def stored_run(session: AsyncSession, viewer: Viewer, quarter: str | None) -> ObservationRun:
    """Answer the run of a quarter, or the newest one that tells anything.

    Raises:
        NotFound: nothing was computed for it.
    """
    if quarter is None:
        run = await queries.newest_run_with_answers(session, viewer.jurisdiction)
    else:
        run = await queries.run_of(session, viewer.jurisdiction, quarter)
    if run is None:
        fault = Fault("quarter", "nothing was computed", "POST /api/v1/library/observations computes it.")
        raise NotFound("There are no observed figures of this quarter.", [fault])
    return run


async def get_run(session: AsyncSession, viewer: Viewer, quarter: str | None) -> ObservationRunOut:
    """Answer the run of a quarter, or the newest one that tells anything.

    Raises:
        NotFound: nothing was computed for the quarter.
    """
    return run_out(await stored_run(session, viewer, quarter))


async def observed_product(session: AsyncSession, viewer: Viewer, code: str) -> ObservedOut:
    """Answer what one product declares beside what was observed of it in the newest run.

    Raises:
        NotFound: there is no such product, or nothing was computed yet.
    """
    product = await catalogue.get_product(session, viewer, code)
    run = await stored_run(session, viewer, None)
    book = await current_book(session, get_settings().seed_dir)
    ids = await queries.product_ids(session, [code])
    data = await queries.figures_of(session, run.id, ids.values())
    return _out(product, data.get(ids[code]), run, book)


async def observed_page(
    session: AsyncSession,
    viewer: Viewer,
    quarter: str | None,
    page: PageRequest,
    *,
    institution: str | None = None,
    flagged: bool = False,
) -> ObservedPage:
    """Answer the products of which anything was observed, by code; a bank's people see their own alone.

    The page says how many are off: which, is found once in a run's figures. Those of a product, and its declared
    terms, are read where it is shown.

    Raises:
        NotFound: nothing was computed for the quarter.
    """
    run = await stored_run(session, viewer, quarter)
    book = await current_book(session, get_settings().seed_dir)
    within = await _chosen(session, viewer, institution)
    found = await queries.observed_products(session, run.id, within)
    off = await _off(session, run)
    key = page.after()
    rest = [
        (code, number)
        for code, number in found
        if (key is None or code > str(key[0])) and (number in off or not flagged)
    ]
    listed = rest[: page.limit]
    products = await catalogue.products_of(session, viewer, [code for code, _number in listed])
    data = await queries.figures_of(session, run.id, [number for _code, number in listed])
    return ObservedPage(
        items=[_out(products[code], data.get(number), run, book) for code, number in listed],
        next=encode_cursor(listed[-1][0]) if len(rest) > page.limit else None,
        run=run_out(run),
        flagged=sum(number in off for _code, number in found),
    )


async def _off(session: AsyncSession, run: ObservationRun) -> frozenset[int]:
    """Answer the products (ids) of a run that are off; remembered until it is made again (`version`)."""
    engine = session.bind
    known = _OFF.setdefault(engine, {}) if leaves(session) and isinstance(engine, AsyncEngine) else {}
    version, off = known.get(run.id, (0, frozenset()))
    if version != run.version:
        least, totals = Least(**run.least), (run.approvals, run.answers)
        figures = await queries.figures_of(session, run.id)
        off = frozenset(
            number for number, data in figures.items() if flags_of(Figures.from_data(data), least, totals)
        )
        known[run.id] = run.version, off
    return off


async def most_used(session: AsyncSession, viewer: Viewer, quarter: str, limit: int) -> list[str]:
    """Answer the products (codes) with most credits in a run, of which anything was observed; for who manages awards.

    Raises:
        Forbidden: the viewer is no coordinator of the whole jurisdiction.
        NotFound: nothing was computed for the quarter.
    """
    require(viewer, Action.MANAGE_AWARDS, Target(region=viewer.jurisdiction))
    run = await stored_run(session, viewer, quarter)
    found = await queries.figures_of(session, run.id)
    codes = {number: code for code, number in (await queries.product_ids(session)).items()}
    ordered = sorted(found, key=lambda one: (-found[one]["credits"], codes[one]))
    return [codes[one] for one in ordered[:limit]]


async def _chosen(session: AsyncSession, viewer: Viewer, institution: str | None) -> set[int] | None:
    """Answer the institutions whose figures are wanted, and the viewer's to see; None: all."""
    sees_all = viewer.is_operator or viewer.has(*SEES_ALL)
    own = None if sees_all else {node.id for node in (await own_institutions(session, viewer))[1]}
    if institution is None:
        return own
    tree = await institution_tree(session, viewer)
    node = tree.find(institution)
    wanted = set[int]() if node is None else {node.id, *(one.id for one in tree.descendants(node.id))}
    return wanted if own is None else wanted & own


def _out(
    product: ProductOut, data: Mapping[str, Any] | None, run: ObservationRun, book: ReferenceBook
) -> ObservedOut:
    least = Least(**run.least)
    figures = Figures() if data is None else Figures.from_data(data)
    told = shown(figures, least)
    declared = Declared(
        declared_rate(product.terms, book, quarter_of(run.quarter).last), product.terms.declared_days
    )
    rate, days, rates = declared.rate_bp, told.days or (None,) * 3, told.rates or (None,) * 3
    return ObservedOut.model_construct(
        product=product.code,
        name=product.name,
        institution=product.institution,
        institution_name=product.institution_name,
        quarter=run.quarter,
        declared_rate_least=None if rate is None else rate[0],
        declared_rate_most=None if rate is None else rate[1],
        declared_days=declared.days,
        answers=told.answers or None,
        approvals=told.approvals if told.answers else None,
        approval_share=percent_of(told.approvals, told.answers) if told.answers else None,
        days_p10=days[0],
        days_p50=days[1],
        days_p90=days[2],
        timed=told.timed or None,
        in_time=told.in_time if told.timed else None,
        credits=told.credits or None,
        credited_entries=told.credited_entries or None,
        credited=told.credited_fen or None,
        rate_p10=rates[0],
        rate_p50=rates[1],
        rate_p90=rates[2],
        ratings=told.ratings or None,
        rating=_mean(told) if told.ratings else None,
        flags=[
            FlagOut(
                off=one.off,
                label=OFF_LABELS[one.off],
                part=one.part,
                whole=one.whole,
                percent=one.percent,
                sentence=one.sentence,
            )
            for one in flags_of(figures, least, (run.approvals, run.answers))
        ],
    )


def _mean(figures: Figures) -> str:
    tenths = (20 * figures.rated_sum + figures.ratings) // (2 * figures.ratings)
    return f"{tenths // 10}.{tenths % 10}"
