"""Use cases of needs: submitted once, revised by immutable wordings."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Role, Viewer
from app.chains.service import chain_codes
from app.enterprises import disclosure_service, queries
from app.enterprises.code_checks import need_faults
from app.enterprises.consents import FieldGroup, Subject, mask, withheld_facts
from app.enterprises.need_facts import NeedFacts
from app.enterprises.rules import need_code
from app.enterprises.schemas import NeedIn, NeedOut, NeedRevisionOut
from app.enterprises.tables import Enterprise, Need, NeedRevision, Project
from app.kernel.database import AsyncSession, sight_of
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import MOST_ROWS, Page, PageRequest, encode_cursor, page_of
from app.kernel.recording import looked_once
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.reference.book import load_reference_book


async def submit_need(session: AsyncSession, viewer: Viewer, body: NeedIn, *, now: datetime) -> NeedOut:
    """Take the need of a registered firm, or of its registered project that `facts.project_name` names.

    Raises:
        Refused: the firm or project is not registered (or not to be seen), or a code in the facts is unknown.
        Forbidden: the firm is seen, but another one's to speak for.
        Conflict: the subject has a need; it is to be revised.
    """
    enterprise = await queries.speaker(session, viewer.jurisdiction, body.uscc)
    if enterprise is not None:
        require(viewer, Action.STATE_NEEDS, Target(region=enterprise.region_code, uscc=enterprise.uscc))
    faults = await _code_faults(session, viewer, body.facts, now)
    project_id, number = None, None
    if enterprise is None:
        faults.append(Fault("uscc", "not registered", "POST /api/v1/enterprises first.", body.uscc))
    elif body.facts.project_name is not None:
        projects = await queries.stored_projects(session, [body.uscc])
        project_id, number = projects.get((body.uscc, body.facts.project_name), (None, None))
        if number is None:
            remedy = "POST /api/v1/projects first."
            faults.append(Fault("facts.project_name", "no such project", remedy, body.facts.project_name))
    if faults or enterprise is None:
        raise Refused("The need cannot be taken like this.", faults)
    code, wording = need_code(body.uscc, number), _wording(1, body.facts, now)
    need = {"code": code, "enterprise_id": enterprise.id, "project_id": project_id}
    if not await queries.add_need(session, need, wording):
        fault = Fault("uscc", "has a need", f"PUT /api/v1/needs/{code} revises it.", body.uscc)
        raise Conflict("The subject's need is stored.", [fault])
    if body.uscc not in viewer.scopes(Role.ENTERPRISE):
        return await need_by_code(session, viewer, code)
    # Who speaks for the firm sees all of what was just stored: it need not be read.
    return NeedOut(
        code=code,
        uscc=enterprise.uscc,
        enterprise_name=enterprise.name,
        project=None if number is None else need_code(enterprise.uscc, number),
        revision=1,
        facts=NeedFacts.model_validate(wording["facts"]),
        withheld=[],
        content_hash=wording["content_hash"],
        created_at=now,
        revised_at=now,
    )


async def revise_need(
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    facts: NeedFacts,
    *,
    expect: Callable[[int], None],
    now: datetime,
) -> NeedOut:
    """Store a new wording of a need; equal content makes no new revision.

    `expect` refuses a revision that the sender has not read.

    Raises:
        NotFound: no such need that this viewer may see.
        Forbidden: the firm is another one's to speak for.
        Refused: a code is unknown, or the facts speak of another subject.
    """
    found = await queries.need_by_code(session, viewer.jurisdiction, code, is_locked=True)
    if found is None:
        raise no_such_need(code)
    need, revision, enterprise, project = found
    require(viewer, Action.STATE_NEEDS, Target(region=enterprise.region_code, uscc=enterprise.uscc))
    expect(need.revision)
    faults = await _code_faults(session, viewer, facts, now)
    own = None if project is None else project.name
    if facts.project_name != own:
        said = facts.project_name or ""
        faults.append(Fault("facts.project_name", "is another subject", f"Keep {own!r}.", said))
    if faults:
        raise Refused("The need cannot be revised like this.", faults)
    if facts.content_hash() != revision.content_hash:
        need.revision += 1
        session.add(_revision(need, facts, now))
        await session.flush()
    return await need_by_code(session, viewer, code)


async def shown_need(session: AsyncSession, viewer: Viewer, code: str) -> Any:
    """Answer a need's row with its current wording and its firm, for use cases that show parts of it.

    Raises:
        NotFound: no such need that this viewer may see.
    """
    look = partial(queries.shown_need, session, viewer.jurisdiction, code)
    line = await looked_once(session, ("need", sight_of(session), viewer, code), look)
    if line is None:
        raise no_such_need(code)
    return line


async def need_by_code(session: AsyncSession, viewer: Viewer, code: str) -> NeedOut:
    """Answer a need with its current wording; an institution's viewer gets what consents show, put on record.

    Raises:
        NotFound: no such need that this viewer may see.
    """
    line = await shown_need(session, viewer, code)
    regions = frozenset({line.region_code, str(line.facts["region"])})
    subject = Subject(line.uscc, regions, line.facts.get("chain"))
    groups = (await disclosure_service.show(session, viewer, {line.id: subject}))[line.id]
    return _line_out(line, groups)


async def list_needs(
    session: AsyncSession,
    viewer: Viewer,
    page: PageRequest,
    *,
    uscc: str | None = None,
    region: str | None = None,
    is_own: bool = False,
) -> Page[NeedOut]:
    """List needs by code, of a firm or of the firms of an area; `is_own`: of those that the viewer speaks for."""
    key = page.after()
    rows = await queries.list_needs(
        session,
        viewer.jurisdiction,
        usccs=viewer.scopes(Role.ENTERPRISE) if is_own else None if uscc is None else [uscc],
        region=region,
        after=None if key is None else str(key[0]),
        limit=page.limit,
    )
    shown = rows[: page.limit]
    more = len(rows) > page.limit
    return Page(
        items=await _shown(session, viewer, shown),
        next=encode_cursor(shown[-1][0].code) if more else None,
    )


async def needs_of_firms(session: AsyncSession, viewer: Viewer, usccs: Collection[str]) -> dict[str, NeedOut]:
    """Answer the first need of each of some firms (a page of them) that has one: its own, else a project's."""
    if not usccs:
        return {}
    rows = await queries.list_needs(
        session, viewer.jurisdiction, usccs=usccs, region=None, after=None, limit=MOST_ROWS
    )
    first: dict[str, queries.NeedRow] = {}
    for row in rows:
        first.setdefault(row[2].uscc, row)
    return {need.uscc: need for need in await _shown(session, viewer, list(first.values()))}


async def need_revisions(
    session: AsyncSession, viewer: Viewer, code: str, page: PageRequest
) -> Page[NeedRevisionOut]:
    """List all wordings of a need, the first one first, each as far as it may be shown.

    Raises:
        NotFound: no such need that this viewer may see.
    """
    found = await queries.need_by_code(session, viewer.jurisdiction, code)
    if found is None:
        raise no_such_need(code)
    key = page.after()
    after = 0 if key is None else key[0]
    if not isinstance(after, int):
        raise Refused("The cursor is not one of ours.", [Fault("cursor", "not a cursor of this list")])
    rows = await queries.revisions_of(session, found[0].id, after, page.limit)
    need, revision, enterprise, _project = found
    subject = _subject(revision, enterprise)
    groups = (await disclosure_service.show(session, viewer, {need.id: subject}))[need.id]
    return page_of(rows, page, lambda row: (row.revision,), lambda row: _revision_out(row, groups))


async def _code_faults(session: AsyncSession, viewer: Viewer, facts: NeedFacts, now: datetime) -> list[Fault]:
    book = load_reference_book(get_settings().seed_dir)
    chains = frozenset[str]() if facts.chain is None else await chain_codes(session, viewer)
    faults = need_faults(facts, "facts", viewer.jurisdiction, book, chains)
    if facts.established_on is not None and facts.established_on > shanghai_date(now):
        faults.append(Fault("facts.established_on", "lies in the future"))
    return faults


def no_such_need(code: str) -> NotFound:
    """Answer the error of naming a need that this viewer has not."""
    return NotFound("No such need.", [Fault("code", "not stored", value=code)])


def _revision(need: Need, facts: NeedFacts, now: datetime) -> NeedRevision:
    return NeedRevision(need_id=need.id, **_wording(need.revision, facts, now))


def _wording(revision: int, facts: NeedFacts, now: datetime) -> dict[str, Any]:
    return {
        "revision": revision,
        "facts": facts.as_json(),
        "amount_fen": facts.amount,
        "term_months": facts.term_months,
        "content_hash": facts.content_hash(),
        "stated_on": shanghai_date(now),
        "created_at": now,
    }


async def _shown(session: AsyncSession, viewer: Viewer, rows: Sequence[queries.NeedRow]) -> list[NeedOut]:
    """Answer needs as far as the viewer may be shown them; what institutions see is put on record."""
    subjects = {need.id: _subject(revision, enterprise) for need, revision, enterprise, _project in rows}
    groups = await disclosure_service.show(session, viewer, subjects)
    return [_need_out(*row, groups[row[0].id]) for row in rows]


def _subject(revision: NeedRevision, enterprise: Enterprise) -> Subject:
    regions = {enterprise.region_code, str(revision.facts["region"])}
    return Subject(enterprise.uscc, frozenset(regions), revision.facts.get("chain"))


def _withheld(groups: Collection[FieldGroup]) -> list[str]:
    return [fact for fact in withheld_facts(groups) if fact in NeedFacts.model_fields]


def _need_out(
    need: Need,
    revision: NeedRevision,
    enterprise: Enterprise,
    project: Project | None,
    groups: Collection[FieldGroup],
) -> NeedOut:
    withheld = _withheld(groups)
    return NeedOut(
        code=need.code,
        uscc=enterprise.uscc,
        enterprise_name=enterprise.name,
        project=None if project is None else need_code(enterprise.uscc, project.number),
        revision=need.revision,
        facts=mask(NeedFacts.model_validate(revision.facts), groups),
        withheld=withheld,
        # Whoever knows the rest could try out the few values of a withheld fact against the hash.
        content_hash=None if withheld else revision.content_hash,
        created_at=need.created_at,
        revised_at=revision.created_at,
    )


def _line_out(line: Any, groups: Collection[FieldGroup]) -> NeedOut:
    """Answer a need from a row of `shown_need`."""
    withheld = _withheld(groups)
    return NeedOut(
        code=line.code,
        uscc=line.uscc,
        enterprise_name=line.name,
        project=None if line.project_number is None else need_code(line.uscc, line.project_number),
        revision=line.revision,
        facts=mask(NeedFacts.model_validate(line.facts), groups),
        withheld=withheld,
        # Whoever knows the rest could try out the few values of a withheld fact against the hash.
        content_hash=None if withheld else line.content_hash,
        created_at=line.created_at,
        revised_at=line.revised_at,
    )


def _revision_out(row: NeedRevision, groups: Collection[FieldGroup]) -> NeedRevisionOut:
    withheld = _withheld(groups)
    return NeedRevisionOut(
        revision=row.revision,
        facts=mask(NeedFacts.model_validate(row.facts), groups),
        withheld=withheld,
        content_hash=None if withheld else row.content_hash,
        created_at=row.created_at,
    )
