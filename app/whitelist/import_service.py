"""Takes a roster workbook: checked in full first, then written in batches, all of it or nothing."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Final

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.chains.service import chain_book
from app.kernel.database import AsyncSession, IntegrityError, attempt, unrestricted
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.problems import FaultOut
from app.kernel.progress import report
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.policy.rulebook import RuleBook
from app.policy.service import rule_book
from app.reference.service import current_book
from app.whitelist import hold_queries, queries
from app.whitelist.entry_planning import AdmissionRules, Namesake
from app.whitelist.error_workbook import write_error_workbook
from app.whitelist.import_questions import ImportQuestions
from app.whitelist.import_rules import ImportOptions, ImportTally, reported_faults
from app.whitelist.review_service import decide_early
from app.whitelist.roster_check import Progress, RosterCheck, check_roster
from app.whitelist.roster_columns import SHEET_NAME
from app.whitelist.roster_memory import RosterMemory
from app.whitelist.roster_rows import RosterContext
from app.whitelist.rules import deciding_day, edition_period
from app.whitelist.schemas import ImportOut
from app.whitelist.service import edition, ensure_edition
from app.whitelist.tables import WhitelistEdition, WhitelistImport
from app.whitelist.views import import_out
from app.whitelist.workbook_reading import RosterSheet, open_roster
from app.whitelist.workbook_template import TemplateLists, write_template
from app.whitelist.writing import RosterWriter, ask_about_namesakes, region_prefixes

MOST_NAME: Final = 200
SENSIBLE_AMOUNTS: Final = "amount.sensible_range"


class RosterRefused(Refused):
    """The workbook has faults and was not taken; it can be sent back with a column of faults."""

    def __init__(self, roster: RosterSheet, check: RosterCheck) -> None:
        faults = [Fault(**fault) for fault in reported_faults(check)]
        detail = f"The roster has faults ({check.fault_count} in all); nothing was written."
        super().__init__(detail, faults)
        self.roster, self.check = roster, check

    async def write_faults(self, target: str | IO[bytes]) -> None:
        """Write the submitted sheet with a column of its faults."""
        await asyncio.to_thread(write_error_workbook, target, self.roster, self.check.faults)


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What came of a workbook, with the sheet and its faults, so that those not taken can be sent back."""

    out: ImportOut
    roster: RosterSheet
    check: RosterCheck

    async def write_faults(self, target: str | IO[bytes]) -> None:
        """Write the submitted sheet with a column of its faults."""
        await asyncio.to_thread(write_error_workbook, target, self.roster, self.check.faults)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A workbook that was read once, and what it was read against."""

    edition: WhitelistEdition | None
    roster: RosterSheet
    check: RosterCheck
    context: RosterContext
    rules: AdmissionRules


async def import_roster(
    session: AsyncSession,
    viewer: Viewer,
    edition_code: str,
    file: IO[bytes],
    file_name: str,
    *,
    now: datetime,
    options: ImportOptions | None = None,
    progress: Progress | None = None,
) -> ImportOutcome:
    """Take a roster into an edition, or with `dry_run` say what would come of it.

    A file whose content the edition already holds writes nothing and says so. `progress` is called
    with (done, total) from a worker thread.

    Raises:
        RosterRefused: there are faults (all are named) and `accept_valid` does not allow to leave their rows out.
        Refused: not a workbook, or one that cannot be read; or decisions do not fit what it asks (all are named).
        NotFound: the edition has not been opened.
        Forbidden: no role of the viewer covers the whole jurisdiction.
        Conflict: somebody else registered the same firms meanwhile.
    """
    require(viewer, Action.MANAGE_ROSTER, Target(region=viewer.jurisdiction))
    # A roster is compared with, and written to, all firms and needs, wherever they lie by earlier statements.
    with unrestricted(session):
        return await _import(
            session,
            viewer,
            edition_code,
            file,
            _plain(file_name),
            now=now,
            options=options or ImportOptions(),
            progress=progress,
        )


async def _import(
    session: AsyncSession,
    viewer: Viewer,
    edition_code: str,
    file: IO[bytes],
    name: str,
    *,
    now: datetime,
    options: ImportOptions,
    progress: Progress | None,
) -> ImportOutcome:
    with RosterMemory() as memory:
        opened = await _open(
            session, viewer, edition_code, file, name, memory, options=options, now=now, progress=progress
        )
        roster, check = opened.roster, opened.check
        is_usable = not any(fault.row <= roster.header.row for fault in check.faults)
        if check.faults and not options.dry_run and not (options.accept_valid and is_usable):
            raise RosterRefused(roster, check)
        report("comparing names")
        namesakes = await ask_about_namesakes(session, memory, check.sheet, opened.context.book)
        questions = ImportQuestions(options.decisions, _candidates(namesakes))
        writer = RosterWriter(
            session,
            viewer,
            opened.edition,
            edition_code,
            opened.rules,
            namesakes,
            now=now,
            is_dry_run=options.dry_run,
            is_demo=options.is_demo,
            record=WhitelistImport(
                file_name=name, file_sha256=_sha256(file), imported_by=viewer.name, created_at=now
            ),
        )
        tally = ImportTally.of(check)
        async with attempt(session) if options.decisions else nullcontext():
            if is_usable:
                await _write(opened, memory, writer, tally, questions, progress)
            await _decide(writer, tally, questions)
    out = await _report(session, writer, tally, check, options)
    if options.dry_run:
        out.questions = questions.shown(region_prefixes(opened.context.book))
    return ImportOutcome(out, roster, check)


def _candidates(namesakes: Mapping[str, Sequence[Namesake]]) -> frozenset[str]:
    return frozenset(one.uscc for others in namesakes.values() for one in others)


async def _decide(writer: RosterWriter, tally: ImportTally, questions: ImportQuestions) -> None:
    """Carry out the decisions that came with the roster, or refuse all of it with every one that does not fit."""
    if faults := questions.faults():
        raise Refused(
            "Decisions on possible duplicates do not fit what the roster asks; nothing was written.", faults
        )
    if questions.open and not writer.is_dry_run:
        decided = await decide_early(writer.session, writer.viewer, questions.open, now=writer.now)
        tally.settle(decided)


async def _open(
    session: AsyncSession,
    viewer: Viewer,
    edition_code: str,
    file: IO[bytes],
    file_name: str,
    memory: RosterMemory,
    *,
    options: ImportOptions,
    now: datetime,
    progress: Progress | None,
) -> _Opened:
    found = await _edition(session, viewer, edition_code, options, now)
    if not options.dry_run:
        await hold_queries.lock_editions(session, viewer)
    today = shanghai_date(now)
    on = deciding_day(edition_code, today)
    book = await current_book(session, get_settings().seed_dir)
    rules = await rule_book(session, viewer.jurisdiction, on)
    chains = await chain_book(session, viewer, on)
    amounts = None if options.amounts_confirmed else _sensible_amounts(rules)
    context = RosterContext(book, viewer.jurisdiction, today, tuple(chains.chains.values()), amounts)
    roster, check = await asyncio.to_thread(_read, file, file_name, options.sheet, context, memory, progress)
    return _Opened(found, roster, check, context, AdmissionRules(on, book, rules))


async def _edition(
    session: AsyncSession, viewer: Viewer, code: str, options: ImportOptions, now: datetime
) -> WhitelistEdition | None:
    """Answer the edition to import into; None if a preview would open it."""
    if not options.opens_edition:
        return await edition(session, viewer, code)
    if not options.dry_run:
        return await ensure_edition(session, viewer, code, now=now)
    try:
        edition_period(code)
    except ValueError as error:
        raise Refused(
            "No such half-year.", [Fault("edition", str(error), "Such as 2023H2.", code)]
        ) from error
    return await queries.edition_by_code(session, viewer, code)


def _read(
    file: IO[bytes],
    file_name: str,
    sheet: str | None,
    context: RosterContext,
    memory: RosterMemory,
    progress: Progress | None,
) -> tuple[RosterSheet, RosterCheck]:
    roster = open_roster(file, file_name, sheet)
    half = None if progress is None else (lambda done, total: progress(done, 2 * total))
    return roster, check_roster(roster, context, memory, half)


def tell_of_passes(done: int, total: int) -> None:
    """Report how far an import has come (`progress`): reading all rows and taking them are a stage each, with a pace of its own."""
    rows = total // 2
    if done <= rows:
        report("rows", done, rows)
    else:
        report("taking rows", done - rows, rows)


def _sensible_amounts(rules: RuleBook) -> tuple[int, int] | None:
    """Answer the amounts (fen) that are not questioned; None where no policy sets them."""
    try:
        value = rules.parameter(SENSIBLE_AMOUNTS).value
    except NotFound:
        return None
    assert isinstance(value, dict)
    return value["least"], value["most"]


def _sha256(file: IO[bytes]) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # any binary file will do


def _plain(file_name: str) -> str:
    """Answer a file's name without path and control characters, not too long to be stored."""
    last = file_name.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in last if character.isprintable())[-MOST_NAME:] or "roster.xlsx"


async def _write(
    opened: _Opened,
    memory: RosterMemory,
    writer: RosterWriter,
    tally: ImportTally,
    questions: ImportQuestions,
    progress: Progress | None,
) -> None:
    batches, faulty = memory.rows(), opened.check.faulty_rows
    total = opened.roster.height
    try:
        while batch := await asyncio.to_thread(next, batches, None):
            if rows := [row for row in batch if row.number not in faulty]:
                drafts, plan = await writer.take(rows)
                tally.add(rows, drafts, plan)
                questions.add(rows, drafts, plan)
            if progress is not None:
                progress(total + batch[-1].number, 2 * total)
    except IntegrityError as error:
        raise Conflict(
            "Somebody else registered the same firms meanwhile; nothing was written.",
            [Fault("file", "overlaps with another change", "Send it again.")],
        ) from error


async def _report(
    session: AsyncSession,
    writer: RosterWriter,
    tally: ImportTally,
    check: RosterCheck,
    options: ImportOptions,
) -> ImportOut:
    record = writer.record
    record.counts = {
        "sheet": check.sheet,
        "counts": tally.counts.model_dump(),
        "unknown_columns": list(check.unknown_columns),
        "notes": tally.notes,
        "faults": reported_faults(check),
        "entries": [one.model_dump() for one in tally.entries],
    }
    if writer.has_written:
        await session.flush()
        return import_out(record, writer.edition_code)
    return ImportOut(
        id=None,
        edition=writer.edition_code,
        file_name=record.file_name,
        file_sha256=record.file_sha256,
        sheet=check.sheet,
        is_dry_run=options.dry_run,
        is_unchanged=not tally.is_changing,
        counts=tally.counts,
        unknown_columns=list(check.unknown_columns),
        notes=tally.notes,
        faults=[FaultOut.model_validate(fault) for fault in reported_faults(check)],
        entries=tally.entries,
        imported_by=record.imported_by,
        created_at=record.created_at,
    )


async def list_imports(
    session: AsyncSession, viewer: Viewer, page: PageRequest, *, edition_code: str | None = None
) -> Page[ImportOut]:
    """List imports, the newest first."""
    key = page.after()
    before = None if key is None else key[0]
    if isinstance(before, str):
        raise Refused("The cursor is not one of ours.", [Fault("cursor", "not a cursor of this list")])
    rows = await queries.list_imports(session, viewer, edition_code, before, page.limit)
    return page_of(rows, page, lambda row: (row[0].id,), lambda row: import_out(row[0], row[1]))


async def get_import(session: AsyncSession, viewer: Viewer, import_id: int) -> ImportOut:
    """Answer one import.

    Raises:
        NotFound: no such import for this viewer.
    """
    found = await queries.import_by_id(session, viewer, import_id)
    if found is None:
        raise NotFound("No such import.", [Fault("id", "not stored", value=str(import_id))])
    return import_out(found[0], found[1])


async def make_template(session: AsyncSession, viewer: Viewer, target: str | IO[bytes], *, on: date) -> None:
    """Write the empty roster with the code lists of the viewer's jurisdiction."""
    book = await current_book(session, get_settings().seed_dir)
    chains = await chain_book(session, viewer, on)
    regions = book.regions
    own = [code for code in regions.by_code if regions.is_within(code, viewer.jurisdiction)]
    industries = book.industries
    lists = TemplateLists(
        [(code, regions.full_name(code)) for code in sorted(own)],
        [
            (f"{entry.section}{entry.code}" if entry.code != entry.section else entry.code, entry.name)
            for entry in industries.by_code.values()
            if entry.section == MANUFACTURING
        ],
        sorted({chain.name for chain in chains.chains.values()}),
    )
    await asyncio.to_thread(write_template, target, lists)


MANUFACTURING: Final = "C"
__all__ = ["SHEET_NAME", "ImportOptions", "ImportOutcome", "RosterRefused"]
