"""A coordinator corrects what an entry's need says: a new wording, judged as a roster's row is judged 更正事实."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.enterprises.need_facts import NeedFacts
from app.enterprises.need_service import need_by_code, revise_need
from app.enterprises.rules import changed_facts
from app.enterprises.statement_service import compare_statements, take_statements
from app.enterprises.statements import Statement
from app.enterprises.tables import Enterprise
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.errors import Conflict, Fault, PreconditionFailed
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.policy.service import rule_book
from app.reference.service import current_book
from app.whitelist import hold_queries, queries
from app.whitelist.entry_planning import AdmissionRules, EntryDraft, StoredEntry, draft_entry
from app.whitelist.entry_saving import changed_entry_row, item_rows, superseded_rows
from app.whitelist.entry_service import questions_about
from app.whitelist.queries import EntryRow
from app.whitelist.roster_check import Firm
from app.whitelist.rules import deciding_day
from app.whitelist.schemas import EntryOut, RestatementIn, RestatementLook
from app.whitelist.service import get_entry, no_such_entry
from app.whitelist.topics import ROSTER_CHANGED

Expect = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Restated:
    """What became of an entry; `is_changed`: it says something else than before."""

    entry_id: int
    is_changed: bool
    out: EntryOut


async def look(
    session: AsyncSession, viewer: Viewer, code: str, facts: NeedFacts, *, now: datetime
) -> RestatementLook:
    """Say where the rules would leave an entry by these facts; nothing is stored.

    Raises:
        NotFound: no such entry for this viewer.
        Forbidden: the entry's region, or the one stated, is not within one of the viewer's roles.
    """
    found = await queries.entry_by_code(session, viewer, code)
    if found is None:
        raise no_such_entry(code)
    stored, draft = await _drafted(session, viewer, found, facts, now)
    if draft.admission is None or draft.status is None:  # it says that already
        return RestatementLook(status=(await get_entry(session, viewer, stored.code)).status, admission={})
    return RestatementLook(status=draft.status, admission=draft.admission.as_json())


async def restate(
    session: AsyncSession, viewer: Viewer, code: str, body: RestatementIn, *, expect: Expect, now: datetime
) -> Restated:
    """Store a new wording of an entry's need and judge the entry by it, as an import of that row would.

    A wording that the firm itself has revised since the entry was listed is taken over with it; equal facts change
    nothing. Who is responsible is for rooms above (docking/restating_service.py).

    Raises:
        NotFound: no such entry for this viewer.
        Forbidden: the entry's region, or the one stated, is not within one of the viewer's roles.
        Conflict: the entry is withdrawn.
        PreconditionFailed: the need has another revision than the facts were corrected from.
        Refused: the facts name no 名单类别, another subject, or a code that is unknown.
    """
    await hold_queries.lock_editions(session, viewer)
    found = await queries.entry_by_code(session, viewer, code, is_locked=True)
    if found is None:
        raise no_such_entry(code)
    entry, _edition, firm, need_code = found
    _check(viewer, found, body.facts)
    expect(entry.version)
    before = await need_by_code(session, viewer, need_code)
    if before.revision != body.need_revision:
        raise PreconditionFailed(f"The need was revised meanwhile; its revision is {before.revision}.")
    stated = (await queries.facts_of_revisions(session, [entry.need_revision_id]))[entry.need_revision_id]
    await revise_need(session, viewer, need_code, body.facts, expect=lambda _revision: None, now=now)
    stored, draft = await _drafted(session, viewer, found, body.facts, now)
    if not draft.is_writing:
        return Restated(stored.id, is_changed=False, out=await get_entry(session, viewer, code))
    await _save(session, viewer, entry.import_id, firm, draft, body.facts, now)
    session.expire_all()
    names = [name for name, _old, _new in changed_facts(stated, body.facts.as_json())]
    note = {"facts": names, "reason": body.reason}
    audit_service.note(session, "restate_entry", "entry", code, now=now, detail=note)
    if draft.status == "admitted" or stored.admitted_at is not None:
        await ROSTER_CHANGED.tell(session, [stored.id], now)
    return Restated(stored.id, is_changed=True, out=await get_entry(session, viewer, code))


def _check(viewer: Viewer, found: EntryRow, facts: NeedFacts) -> None:
    entry = found[0]
    for region in (entry.region_code, facts.region):
        require(viewer, Action.CHANGE_ENTRIES, Target(region=region))
    if entry.withdrawn_at is not None:
        remedy = f"POST …/whitelist/entries/{entry.code}/reopening brings it back."
        raise Conflict("The entry was withdrawn before.", [Fault("code", "withdrawn", remedy, entry.code)])


async def _drafted(
    session: AsyncSession, viewer: Viewer, found: EntryRow, facts: NeedFacts, now: datetime
) -> tuple[StoredEntry, EntryDraft]:
    entry, edition, firm, _need = found
    _check(viewer, found, facts)
    book = await current_book(session, get_settings().seed_dir)
    on = deciding_day(edition.code, shanghai_date(now))
    with unrestricted(session):  # a firm's name is compared with those of all firms
        stored = (await queries.stored_entries(session, edition.id, [entry.code]))[entry.code]
        asked = await questions_about(session, firm.uscc, Firm(firm.name, firm.region_code, 0), book)
    rules = AdmissionRules(on, book, await rule_book(session, viewer.jurisdiction, on))
    draft = draft_entry(
        entry.code, facts, facts.content_hash(), stored=stored, namesakes=asked, extra={}, rules=rules
    )
    return stored, draft


async def _save(
    session: AsyncSession,
    viewer: Viewer,
    import_id: int | None,
    firm: Enterprise,
    draft: EntryDraft,
    facts: NeedFacts,
    now: datetime,
) -> None:
    assert draft.stored is not None
    statement = Statement(firm.uscc, firm.name, facts)
    with unrestricted(
        session
    ):  # the entry was seen and is the viewer's to change; its firm's rows go with it
        plan = await compare_statements(session, [statement])
        [taken] = await take_statements(session, [statement], now=now, plan=plan)
        row = changed_entry_row(draft, facts, taken, import_id=import_id, extra={}, now=now)
        await queries.change_entries(session, [row])
        await queries.close_items(session, superseded_rows([draft], viewer.name, now))
        await queries.put_items(session, list(item_rows(draft, draft.stored.id, now)))
