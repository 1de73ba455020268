"""Use cases of the bulletin: make it of a month, and write it as JSON, workbook or document."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from app.accounts.rules import Viewer
from app.bulletins import queries
from app.bulletins.bulletin import Bulletin
from app.bulletins.charts import pictures
from app.bulletins.composition import compose
from app.bulletins.document import document
from app.bulletins.figures import Figures, figures
from app.bulletins.late_service import late_at
from app.bulletins.material import Changes, Material, Target
from app.bulletins.selecting import Limits, all_chains, open_classes, regions_below, whole_banks
from app.bulletins.workbook import workbook
from app.coverage.months import last_day_of
from app.coverage.published import counted
from app.coverage.ranking_service import LEAST, SMALLEST
from app.coverage.rules import Cut
from app.coverage.targets import STATE_LABELS, measure
from app.coverage.workbook import METHOD
from app.docking.reasons import REASONS, DeclineReason
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.progress import report
from app.kernel.settings import get_settings
from app.kernel.shanghai import month_bounds, shanghai_date
from app.policy.rulebook import RuleBook
from app.policy.service import rule_book
from app.reference import service as reference


class Format(StrEnum):
    """As what a bulletin is written."""

    JSON = "json"
    XLSX = "xlsx"
    DOCX = "docx"


async def bulletin(
    session: AsyncSession, viewer: Viewer, month: str, *, edition: str | None = None, now: datetime
) -> Bulletin:
    """Answer the bulletin of a month; while the month is open it is marked a draft.

    Its figures are those of the whole roster, whoever reads it, and tell of no single firm.

    Raises:
        Refused: it is not a month.
        NotFound: it has not begun, no edition was in force at its end, or there is none of that code.
    """
    found = await figures(session, viewer, month, edition=edition, now=now)
    report("composing")
    with unrestricted(session):
        material = await _material(session, viewer, month, found, now)
    return await asyncio.to_thread(compose, material)


async def write(
    session: AsyncSession,
    viewer: Viewer,
    month: str,
    kind: Format,
    *,
    edition: str | None = None,
    now: datetime,
) -> bytes:
    """Answer the bulletin of a month as a file; raises what `bulletin` does."""
    made = await bulletin(session, viewer, month, edition=edition, now=now)
    report("drawing and writing")
    return await asyncio.to_thread(rendered, made, kind)


def rendered(made: Bulletin, kind: Format) -> bytes:
    """Answer a bulletin as a file: equal bulletins give equal bytes."""
    match kind:
        case Format.JSON:
            return (made.model_dump_json(indent=2) + "\n").encode()
        case Format.XLSX:
            return workbook(made)
        case Format.DOCX:
            return document(made, pictures(made, get_settings().chart_font))


async def _material(
    session: AsyncSession, viewer: Viewer, month: str, found: Figures, now: datetime
) -> Material:
    since, until = month_bounds(month)
    as_of = min(now, until)
    edition = found.edition.id
    regions = (await reference.current_book(session, get_settings().seed_dir)).regions
    book = await rule_book(session, viewer.jurisdiction, min(last_day_of(month), shanghai_date(now)))
    limits, region = _limits(book), regions.get(viewer.jurisdiction)
    return Material(
        smallest_cell=limits.smallest_cell,
        jurisdiction=viewer.jurisdiction,
        jurisdiction_name=region.name if region else viewer.jurisdiction,
        month=month,
        edition=found.edition.code,
        until=until,
        closing=found.closing,
        facts_sha256=found.facts_sha256,
        total=found.total,
        restated=found.restated,
        before=found.before,
        incomparable=found.incomparable,
        regions=regions_below(found.rows[Cut.REGION], viewer.jurisdiction, found.total, limits),
        chains=all_chains(found.rows[Cut.CHAIN], found.total, limits),
        institutions=whole_banks(found.rows[Cut.INSTITUTION], found.total, limits),
        targets=_targets(book, found),
        as_of=as_of,
        late=await late_at(session, viewer, edition, found.facts, regions, as_of),
        open_classes=open_classes(await queries.open_obstacles(session, edition, as_of), book.bottlenecks),
        changes=await _changes(session, edition, queries.Span(since, until)),
        restated_months=found.restated_months,
        method=METHOD,
    )


def _limits(book: RuleBook) -> Limits:
    least, smallest = book.parameter(LEAST).value, book.parameter(SMALLEST).value
    assert isinstance(least, Mapping), "its type in the pack is `counts`"
    assert isinstance(smallest, int), "its type in the pack is `count`"
    return Limits(smallest_cell=smallest, least_entries=int(str(least["least_entries"])))


def _targets(book: RuleBook, found: Figures) -> list[Target]:
    measured = measure(book, counted(found.published), found.edition.in_force_from, book.on)
    return [
        Target(
            one.parameter.name,
            one.value,
            one.actual,
            STATE_LABELS[one.state],
            one.due_on,
            one.parameter.citation,
        )
        for one in measured
    ]


async def _changes(session: AsyncSession, edition_id: int, span: queries.Span) -> Changes:
    admitted, withdrawn, reopened = await queries.roster_changes(session, edition_id, span)
    declines = await queries.declines_by_reason(session, edition_id, span)
    return Changes(
        admitted=admitted,
        withdrawn=withdrawn,
        reopened=reopened,
        rerouted=await queries.rerouted(session, edition_id, span),
        declines=[(REASONS[DeclineReason(reason)].chinese, count) for reason, count in declines],
    )
