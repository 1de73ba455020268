"""Lists a stored need on an edition, as a form or another system asks for it."""

from datetime import datetime

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.enterprises.need_service import need_by_code
from app.enterprises.service import enterprise_by_uscc
from app.enterprises.statement_service import compare_statements, take_statements
from app.enterprises.statements import Statement
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.policy.service import rule_book
from app.reference.book import ReferenceBook
from app.reference.service import current_book
from app.whitelist import hold_queries, queries
from app.whitelist.entry_planning import AdmissionRules, Namesake, draft_entry
from app.whitelist.entry_saving import item_rows, new_entry_row
from app.whitelist.roster_check import Firm
from app.whitelist.roster_memory import RosterMemory
from app.whitelist.rules import deciding_day, entry_code
from app.whitelist.schemas import EntryOut
from app.whitelist.service import edition, get_entry
from app.whitelist.topics import ROSTER_CHANGED
from app.whitelist.writing import ask_about_namesakes, with_earlier_questions


async def list_need(
    session: AsyncSession, viewer: Viewer, edition_code: str, need_code: str, *, now: datetime
) -> EntryOut:
    """List a need on an edition with its current wording, and judge it as a roster's row is judged.

    Raises:
        Refused: the edition, the need, or the need's source class is missing.
        Forbidden: the need's region is not within one of the viewer's roles.
        Conflict: the need is listed on this edition.
    """
    try:
        opened = await edition(session, viewer, edition_code)
        need = await need_by_code(session, viewer, need_code)
    except NotFound as error:
        raise Refused(error.detail, error.faults) from error
    require(viewer, Action.CHANGE_ENTRIES, Target(region=need.facts.region))
    assert not need.withheld  # the region's coordinator is shown every fact, and only those can be judged
    if need.facts.source_class is None:
        fault = Fault("need", "states no source class", f"PUT facts.source_class to needs/{need_code}.")
        raise Refused("The need names no 名单类别.", [fault])
    await hold_queries.lock_editions(session, viewer)
    code = entry_code(edition_code, need_code)
    # A need is listed once on an edition, wherever its entry lay by an earlier wording, and a firm's name
    # is compared with those of all firms.
    with unrestricted(session):
        if await queries.entry_ids(session, [code]):
            raise Conflict("The need is listed.", [Fault("need", "is listed on this edition", value=code)])
        firm = await enterprise_by_uscc(session, viewer, need.uscc)
        book = await current_book(session, get_settings().seed_dir)
        namesakes = await questions_about(session, need.uscc, Firm(firm.name, firm.region, 0), book)
    on = deciding_day(edition_code, shanghai_date(now))
    rules = AdmissionRules(on, book, await rule_book(session, viewer.jurisdiction, on))
    draft = draft_entry(
        code,
        need.facts,
        need.facts.content_hash(),
        stored=None,
        namesakes=namesakes,
        extra={},
        rules=rules,
    )
    statement = Statement(need.uscc, firm.name, need.facts)
    with unrestricted(session):  # statements are compared with, and written to, the rows of the firm itself
        plan = await compare_statements(session, [statement])
        [taken] = await take_statements(session, [statement], now=now, plan=plan)
    row = new_entry_row(draft, need.facts, taken, edition_id=opened.id, import_id=None, extra={}, now=now)
    await queries.put_entries(session, [row])
    ids = await queries.entry_ids(session, [code])
    await queries.put_items(session, list(item_rows(draft, ids[code], now)))
    if draft.status == "admitted":
        await ROSTER_CHANGED.tell(session, [ids[code]], now)
    return await get_entry(session, viewer, code)


async def questions_about(
    session: AsyncSession, uscc: str, firm: Firm, book: ReferenceBook
) -> tuple[Namesake, ...]:
    """Answer what to ask about one firm now: whom it may be by its name, and earlier questions that are not settled."""
    with RosterMemory() as memory:
        memory.keep(uscc, firm)
        found = await ask_about_namesakes(session, memory, "", book)
    return (await with_earlier_questions(session, [uscc], found)).get(uscc, ())
