"""Use cases of editions and entries; rosters come in by import_service, decisions by review_service.

Entries leave the roster and come back by withdrawal_service.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.enterprises import disclosure_service
from app.enterprises.consents import FieldGroup, Subject
from app.enterprises.need_facts import NeedFacts
from app.kernel.database import AsyncSession, IntegrityError, sight_of, unrestricted
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, encode_cursor, page_of
from app.kernel.recording import looked_once
from app.whitelist import admitted_queries, entry_queries, hold_queries, queries
from app.whitelist.entry_queries import Within
from app.whitelist.rules import Change, compare_editions, edition_period
from app.whitelist.schemas import EditionDiff, EditionOut, EntryFilter, EntryOut, EntrySummary
from app.whitelist.tables import WhitelistEdition
from app.whitelist.views import (
    candidates_of,
    difference_out,
    edition_out,
    entry_out,
    entry_summary,
    review_out,
)


@dataclass(frozen=True, slots=True)
class AdmittedEntry:
    """An admitted entry that was not withdrawn, with the facts that it was listed with (`NeedFacts` as JSON)."""

    entry_id: int
    entry_code: str
    need_id: int
    need_revision_id: int
    need_facts: dict[str, Any]
    content_hash: str
    enterprise_id: int
    uscc: str
    name: str
    source_class: str
    region_code: str
    chain_code: str | None
    size_class: str | None
    amount_fen: int
    admitted_at: datetime


async def edition(session: AsyncSession, viewer: Viewer, code: str) -> WhitelistEdition:
    """Answer the viewer's edition of this code.

    Raises:
        NotFound: it has not been opened.
    """
    found = await queries.edition_by_code(session, viewer, code)
    if found is None:
        remedy = 'POST /api/v1/whitelist/editions {"code": …}, or rongqiao whitelist edition CODE.'
        raise NotFound(f"Edition {code} has not been opened.", [Fault("edition", "not opened", remedy, code)])
    return found


async def edition_state(session: AsyncSession, _viewer: Viewer, edition_id: int) -> tuple[int, int]:
    """Answer a value that is another one once any entry of an edition came, went or changed, whoever asks."""
    with unrestricted(session):  # nothing is shown
        return await admitted_queries.edition_state(session, edition_id)


async def admitted_cuts(
    session: AsyncSession, viewer: Viewer, edition_id: int, size: int
) -> tuple[list[str], int]:
    """Answer the code of every `size`-th of an edition's admitted entries, from the first, and how many there are."""
    rows = await admitted_queries.admitted_cuts(session, viewer, edition_id, size)
    return [code for code, _total in rows], rows[0][1] if rows else 0


async def admitted_entries(
    session: AsyncSession,
    viewer: Viewer,
    edition_id: int,
    codes: tuple[str | None, str | None] = (None, None),
) -> list[AdmittedEntry]:
    """Answer the admitted entries of an edition that were not withdrawn, by entry code.

    All of them, or those from a first code up to, and without, a last one.
    """
    rows = await admitted_queries.admitted_entries(session, viewer, edition_id, codes)
    return [AdmittedEntry(**row._asdict()) for row in rows]


async def hold_entries(session: AsyncSession, entry_ids: Iterable[int]) -> None:
    """Keep others who log on some entries (ids) waiting until this transaction ends; first of all that it locks of them."""
    with unrestricted(session):  # nothing is shown; what is held does not hang on who asks
        await hold_queries.hold_entries(session, entry_ids)


async def ensure_edition(
    session: AsyncSession, viewer: Viewer, code: str, *, now: datetime
) -> WhitelistEdition:
    """Answer the edition of this code, opened now if it was not yet.

    Raises:
        Refused: the text is not a half-year such as 2023H2.
    """
    found = await queries.edition_by_code(session, viewer, code)
    if found is not None:
        return found
    try:
        first, last = edition_period(code)
    except ValueError as error:
        raise Refused(
            "No such half-year.", [Fault("edition", str(error), "Such as 2023H2.", code)]
        ) from error
    row = WhitelistEdition(
        jurisdiction=viewer.jurisdiction,
        code=code,
        in_force_from=first,
        in_force_until=last,
        version=1,
        created_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise Conflict(f"Edition {code} is being opened by somebody else.") from error
    return row


async def open_edition(session: AsyncSession, viewer: Viewer, code: str, *, now: datetime) -> EditionOut:
    """Open an edition.

    Raises:
        Forbidden: no role of the viewer covers the whole jurisdiction.
        Conflict: it is open already.
    """
    require(viewer, Action.MANAGE_ROSTER, Target(region=viewer.jurisdiction))
    if await queries.edition_by_code(session, viewer, code) is not None:
        raise Conflict(f"Edition {code} is open.", [Fault("code", "is open", "Import into it.", code)])
    return edition_out(await ensure_edition(session, viewer, code, now=now), {})


async def get_edition(session: AsyncSession, viewer: Viewer, code: str) -> EditionOut:
    """Answer an edition with its entries by status.

    Raises:
        NotFound: it has not been opened.
    """
    row = await edition(session, viewer, code)
    return edition_out(row, (await queries.entry_counts(session, [row.id])).get(row.id, {}))


async def list_editions(
    session: AsyncSession, viewer: Viewer, page: PageRequest, *, is_counted: bool = True
) -> Page[EditionOut]:
    """List editions, the newest first; unless `is_counted`, without their entries, which takes a look at each."""
    key = page.after()
    rows = await queries.list_editions(session, viewer, None if key is None else str(key[0]), page.limit)
    counts = await queries.entry_counts(session, [row.id for row in rows]) if is_counted else {}
    return page_of(rows, page, lambda row: (row.code,), lambda row: edition_out(row, counts.get(row.id, {})))


async def list_entries(
    session: AsyncSession,
    viewer: Viewer,
    page: PageRequest,
    which: EntryFilter,
    *,
    within: Within | None = None,
) -> Page[EntrySummary]:
    """List entries by code; refused and withdrawn ones too unless filtered. What institutions see is put on record.

    `within` is a selection of entry ids that a room above makes, such as of those that somebody handles.
    """
    key = page.after()
    after = None if key is None else str(key[0])
    rows = await entry_queries.list_entries(session, viewer, which, after, page.limit, within=within)
    shown, more = rows[: page.limit], len(rows) > page.limit
    subjects = {line.need_id: _subject(line) for line in shown}
    await disclosure_service.show(session, viewer, subjects, most=(FieldGroup.CARD, FieldGroup.IDENTITY))
    return Page(
        items=[entry_summary(line) for line in shown], next=encode_cursor(shown[-1].code) if more else None
    )


async def entries_of_needs(
    session: AsyncSession, viewer: Viewer, need_codes: Collection[str]
) -> list[EntrySummary]:
    """Answer the entries of some needs, the newest edition first; refused and withdrawn ones too.

    What institutions see is put on record.
    """
    if not need_codes:
        return []
    rows = await entry_queries.entries_of_needs(session, viewer, need_codes)
    subjects = {row.need_id: _subject(row) for row in rows}
    await disclosure_service.show(session, viewer, subjects, most=(FieldGroup.CARD, FieldGroup.IDENTITY))
    return [entry_summary(row) for row in rows]


async def entries_of_codes(
    session: AsyncSession, viewer: Viewer, codes: Collection[str]
) -> dict[str, EntrySummary]:
    """Answer some entries (a page of them) by code; those that the viewer may not see are left out.

    What institutions see is put on record.
    """
    rows = await entry_queries.entries_of_codes(session, viewer, codes)
    subjects = {line.need_id: _subject(line) for line in rows}
    await disclosure_service.show(session, viewer, subjects, most=(FieldGroup.CARD, FieldGroup.IDENTITY))
    return {line.code: entry_summary(line) for line in rows}


async def _line_of(session: AsyncSession, viewer: Viewer, code: str) -> Any | None:
    look = partial(entry_queries.shown_entry, session, viewer, code)
    return await looked_once(session, ("entry", sight_of(session), viewer, code), look)


async def is_seen(session: AsyncSession, viewer: Viewer, code: str) -> bool:
    """Tell whether a viewer may see an entry, of which nothing is shown."""
    return await _line_of(session, viewer, code) is not None


async def get_entry(session: AsyncSession, viewer: Viewer, code: str) -> EntryOut:
    """Answer an entry with its facts, the findings that decided, and its review items.

    An institution's viewer gets what consents show, put on record.

    Raises:
        NotFound: no such entry for this viewer.
    """
    line = await _line_of(session, viewer, code)
    if line is None:
        raise no_such_entry(code)
    items = await queries.items_of_entry(session, line.id) if line.has_reviews else []
    withdrawals = await queries.withdrawals_of_entry(session, line.id) if line.has_withdrawals else []
    seen = await queries.seen_firms(session, candidates_of(items))
    groups = await disclosure_service.show(session, viewer, {line.need_id: _subject(line)})
    return entry_out(
        line,
        NeedFacts.model_validate(line.facts),
        [review_out(item, line, line.edition, line, seen) for item in items],
        withdrawals,
        groups[line.need_id],
    )


def _subject(line: Any) -> Subject:
    return Subject(line.uscc, frozenset({line.firm_region, line.region_code}), line.chain_code)


def no_such_entry(code: str) -> NotFound:
    """Answer the error of naming an entry that this viewer has not."""
    return NotFound("No such entry.", [Fault("code", "not listed", value=code)])


async def diff_editions(
    session: AsyncSession,
    viewer: Viewer,
    before: str,
    after: str,
    page: PageRequest,
    *,
    change: Change | None = None,
) -> EditionDiff:
    """Compare two editions: counts of all needs, and a page of them by code (kept ones only when asked for).

    Entries that were refused or withdrawn are not part of either.

    Raises:
        NotFound: an edition has not been opened.
    """
    older, newer = await edition(session, viewer, before), await edition(session, viewer, after)
    differences = compare_editions(
        await queries.listed_entries(session, older.id), await queries.listed_entries(session, newer.id)
    )
    key = page.after()
    start = "" if key is None else str(key[0])
    wanted = [
        difference
        for difference in differences
        if difference.listed.need_code > start
        and (difference.change == change if change else difference.change != "kept")
    ]
    shown = wanted[: page.limit]
    revisions = [
        listed.revision_id
        for difference in shown
        if difference.change == "changed"
        for listed in (difference.before, difference.after)
        if listed is not None
    ]
    facts = await queries.facts_of_revisions(session, revisions)
    items = [
        difference_out(
            difference,
            facts.get(difference.before.revision_id) if difference.before else None,
            facts.get(difference.after.revision_id) if difference.after else None,
        )
        for difference in shown
    ]
    return EditionDiff(
        before=before,
        after=after,
        counts=dict(Counter(difference.change for difference in differences)),
        items=items,
        next=encode_cursor(shown[-1].listed.need_code) if len(wanted) > page.limit else None,
    )
