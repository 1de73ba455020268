"""Writes the rows of a roster batch by batch: firms and needs first, then their entries and questions."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Final

from app.accounts.rules import Viewer
from app.enterprises.service import all_names
from app.enterprises.statement_service import compare_statements, take_statements
from app.enterprises.statements import Plan, Statement, Taken, name_key
from app.kernel.database import AsyncSession
from app.reference.book import ReferenceBook
from app.whitelist import queries, undo_queries
from app.whitelist.entry_planning import AdmissionRules, EntryDraft, Namesake, draft_entry
from app.whitelist.entry_saving import (
    annotated_entry_row,
    changed_entry_row,
    item_rows,
    new_entry_row,
    superseded_rows,
)
from app.whitelist.name_grams import GramBlock
from app.whitelist.name_score import NameTable
from app.whitelist.names import RegionPrefixes
from app.whitelist.namesakes import FirmRows, NamedFirms, find_namesakes
from app.whitelist.roster_memory import RosterMemory
from app.whitelist.roster_rows import RosterRow
from app.whitelist.rules import entry_code
from app.whitelist.shelf import Shelf
from app.whitelist.tables import WhitelistEdition, WhitelistImport
from app.whitelist.topics import ROSTER_CHANGED

NAMES_PER_PAGE: Final = 4_096
Batch = tuple[list[EntryDraft], Plan]


def region_prefixes(book: ReferenceBook) -> RegionPrefixes:
    """Answer the regions that may lead a firm's name."""
    return RegionPrefixes.of(region.name for region in book.regions.by_code.values())


async def ask_about_namesakes(
    session: AsyncSession, memory: RosterMemory, sheet: str, book: ReferenceBook
) -> dict[str, tuple[Namesake, ...]]:
    """Answer for each firm that nobody was asked about under its name the firms it may be the same as.

    Settles those in `memory` that somebody was asked about. Names are held a block at a time.
    """
    regions = region_prefixes(book)
    with ExitStack() as stack:
        registered = _on_disk(stack)
        async for page in all_names(session, NAMES_PER_PAGE):
            stated = await asyncio.to_thread(memory.firms_of, [uscc for uscc, _, _ in page])
            asked = await queries.asked_firms(session, stated) if stated else frozenset()
            memory.settle(
                uscc
                for uscc, name, _ in page
                if uscc in asked and name_key(stated[uscc].name) == name_key(name)
            )
            others = [firm for firm in page if firm[0] not in stated]
            await asyncio.to_thread(_add_registered, registered, others, regions)
        return await asyncio.to_thread(_find, memory, registered, sheet, regions)


def _on_disk(stack: ExitStack) -> NamedFirms:
    """Answer room for firms that is gone with the stack."""
    return NamedFirms(
        stack.enter_context(Shelf[FirmRows]()),
        stack.enter_context(Shelf[NameTable]()),
        stack.enter_context(Shelf[GramBlock]()),
    )


def _add_registered(
    registered: NamedFirms, firms: Sequence[tuple[str, str, str]], regions: RegionPrefixes
) -> None:
    if firms:
        usccs, names, codes = map(list, zip(*firms, strict=True))
        rows = FirmRows(usccs, names, ["registered"] * len(firms), [False] * len(firms))
        registered.add(rows, codes, regions)


def _find(
    memory: RosterMemory, registered: NamedFirms, sheet: str, regions: RegionPrefixes
) -> dict[str, tuple[Namesake, ...]]:
    if not memory.has_unsettled():
        return {}
    with ExitStack() as stack:
        roster = _on_disk(stack)
        for page in memory.firms(NAMES_PER_PAGE):
            rows = FirmRows(
                [uscc for uscc, _, _ in page],
                [firm.name for _, firm, _ in page],
                [f"{sheet}!{firm.row}" for _, firm, _ in page],
                [is_settled for _, _, is_settled in page],
            )
            roster.add(rows, [firm.region_code for _, firm, _ in page], regions)
        return find_namesakes(roster, registered)


async def with_earlier_questions(
    session: AsyncSession, usccs: Iterable[str], found: Mapping[str, tuple[Namesake, ...]]
) -> dict[str, tuple[Namesake, ...]]:
    """Answer what to ask about firms now: what was found, and earlier questions that are not settled."""
    wanted = frozenset(usccs)
    earlier = await queries.unresolved_namesakes(session, wanted)
    questions = {uscc: tuple(map(Namesake.of, candidates)) for uscc, candidates in earlier.items()}
    return questions | {uscc: found[uscc] for uscc in wanted & found.keys()}


class RosterWriter:
    """Takes batches into one edition; with `is_dry_run` it decides everything and writes nothing.

    `record` is the import's row; it is stored with the first batch that changes something.
    """

    def __init__(
        self,
        session: AsyncSession,
        viewer: Viewer,
        edition: WhitelistEdition | None,
        edition_code: str,
        rules: AdmissionRules,
        namesakes: Mapping[str, tuple[Namesake, ...]],
        *,
        now: datetime,
        is_dry_run: bool,
        is_demo: bool,
        record: WhitelistImport,
    ) -> None:
        self.session, self.viewer, self.edition, self.edition_code = session, viewer, edition, edition_code
        self.rules, self.namesakes, self.now = rules, namesakes, now
        self.is_dry_run, self.is_demo, self.record, self.has_written = is_dry_run, is_demo, record, False

    async def take(self, rows: Sequence[RosterRow]) -> Batch:
        """Take a batch; answer its drafts, and what was planned for firms and needs."""
        statements = [
            Statement(row.uscc, row.name, row.facts, row.contact_name, row.contact_phone, row.business_scope)
            for row in rows
        ]
        plan = await compare_statements(self.session, statements)
        drafts = await self._draft(rows, plan)
        if not self.is_dry_run and (plan.is_changing or any(draft.is_writing for draft in drafts)):
            await self._save(rows, statements, plan, drafts)
        return drafts, plan

    async def _draft(self, rows: Sequence[RosterRow], plan: Plan) -> list[EntryDraft]:
        codes = [entry_code(self.edition_code, standing.need_code) for standing in plan.standings]
        stored = (
            await queries.stored_entries(self.session, self.edition.id, codes)
            if self.edition is not None
            else {}
        )
        namesakes = await with_earlier_questions(self.session, (row.uscc for row in rows), self.namesakes)

        def draft_all() -> list[EntryDraft]:
            return [
                draft_entry(
                    code,
                    row.facts,
                    standing.content_hash,
                    stored=stored.get(code),
                    namesakes=namesakes.get(row.uscc, ()),
                    extra=row.extra,
                    rules=self.rules,
                )
                for code, row, standing in zip(codes, rows, plan.standings, strict=True)
            ]

        return await asyncio.to_thread(draft_all)

    async def _save(
        self,
        rows: Sequence[RosterRow],
        statements: Sequence[Statement],
        plan: Plan,
        drafts: Sequence[EntryDraft],
    ) -> None:
        assert self.edition is not None
        if not self.has_written:
            self.record.edition_id, self.record.counts = self.edition.id, {}
            self.session.add(self.record)
            await self.session.flush()
            self.has_written = True
        taken = await take_statements(self.session, statements, now=self.now, plan=plan, is_demo=self.is_demo)
        await self._save_entries(list(zip(rows, drafts, taken, strict=True)))

    async def _save_entries(self, batch: Sequence[tuple[RosterRow, EntryDraft, Taken]]) -> None:
        assert self.edition is not None
        import_id, now = self.record.id, self.now
        await queries.put_entries(
            self.session,
            [
                new_entry_row(
                    draft,
                    row.facts,
                    taken,
                    edition_id=self.edition.id,
                    import_id=import_id,
                    extra=row.extra,
                    now=now,
                )
                for row, draft, taken in batch
                if draft.change == "new"
            ],
        )
        await queries.change_entries(
            self.session,
            [
                changed_entry_row(draft, row.facts, taken, import_id=import_id, extra=row.extra, now=now)
                for row, draft, taken in batch
                if draft.change == "changed"
            ],
        )
        back = [
            draft.stored.id for _row, draft, _taken in batch
            if draft.change == "changed" and draft.stored is not None and draft.stored.is_undone
        ]  # fmt: skip
        await undo_queries.bring_back(self.session, back, self.viewer.name, now)
        await queries.change_entries(
            self.session,
            [annotated_entry_row(draft, row.extra) for row, draft, _ in batch if draft.change == "annotated"],
        )
        drafts = [draft for _, draft, _ in batch]
        await self._save_items(drafts)
        if ROSTER_CHANGED.is_followed:
            await self._tell(drafts)

    async def _save_items(self, drafts: Sequence[EntryDraft]) -> None:
        await queries.close_items(self.session, superseded_rows(drafts, self.viewer.name, self.now))
        asking = [draft for draft in drafts if draft.asks_admission or draft.namesakes]
        ids = await queries.entry_ids(self.session, [draft.code for draft in asking]) if asking else {}
        await queries.put_items(
            self.session, [item for draft in asking for item in item_rows(draft, ids[draft.code], self.now)]
        )

    async def _tell(self, drafts: Sequence[EntryDraft]) -> None:
        """Tell of the batch's entries that are admitted now, and of those that were and are stated anew."""
        known = [
            draft.stored.id
            for draft in drafts
            if draft.change == "changed"
            and draft.stored is not None
            and (draft.status == "admitted" or draft.stored.admitted_at is not None)
        ]
        new = [draft.code for draft in drafts if draft.change == "new" and draft.status == "admitted"]
        ids = await queries.entry_ids(self.session, new) if new else {}
        await ROSTER_CHANGED.tell(self.session, [*known, *ids.values()], self.now)
