"""Use cases of single firms, their contacts and projects; many at once are taken by statement_service."""

from collections.abc import AsyncIterator, Callable, Collection
from datetime import datetime
from hashlib import sha256
from typing import Any

from app.accounts.permissions import Action, Target, forbidden, may_do, require
from app.accounts.rules import INSTITUTION_ROLES, Role, Viewer
from app.enterprises import disclosure_service, queries
from app.enterprises.code_checks import industry_faults, region_faults
from app.enterprises.name_spelling import spelled
from app.enterprises.need_facts import EARLIEST_ESTABLISHMENT
from app.enterprises.need_service import list_needs, need_by_code, need_revisions, revise_need, submit_need
from app.enterprises.rules import need_code
from app.enterprises.schemas import (
    Contact,
    EnterpriseIn,
    EnterpriseOut,
    EnterpriseProfile,
    ProjectIn,
    ProjectOut,
)
from app.enterprises.statements import name_key
from app.enterprises.tables import Enterprise, EnterpriseContact, Project
from app.kernel.database import AsyncSession, IntegrityError
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, encode_cursor, page_of
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.reference.book import load_reference_book

__all__ = [
    "all_names",
    "change_contact",
    "enterprise_by_uscc",
    "list_enterprises",
    "list_needs",
    "list_projects",
    "need_by_code",
    "need_revisions",
    "own_firms",
    "project_by_code",
    "read_contact",
    "register_enterprise",
    "register_project",
    "revise_enterprise",
    "revise_need",
    "submit_need",
]
Expect = Callable[[int], None]


async def register_enterprise(
    session: AsyncSession, viewer: Viewer, body: EnterpriseIn, *, now: datetime
) -> EnterpriseOut:
    """Register a firm: an enterprise itself, a coordinator those of the own region.

    Raises:
        Forbidden: another enterprise's code, another region; or the code is registered where the viewer
            does not see. The refusal is the same, so that it does not tell which.
        Conflict: a firm with this credit code is registered.
        Refused: a code is unknown or lies outside the viewer's jurisdiction.
    """
    require(viewer, Action.STATE_NEEDS, Target(region=body.region, uscc=body.uscc))
    _check_profile(body, viewer, now)
    row = Enterprise(
        uscc=body.uscc, is_demo=False, version=1, created_at=now, updated_at=now, **_columns(body)
    )
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        if await queries.enterprise_by_uscc(session, viewer.jurisdiction, body.uscc) is None:
            raise forbidden(Action.STATE_NEEDS) from error
        fault = Fault("uscc", "is registered", f"PUT /api/v1/enterprises/{body.uscc} changes it.", body.uscc)
        raise Conflict("A firm with this credit code is registered.", [fault]) from error
    return _enterprise_out(row)


async def revise_enterprise(
    session: AsyncSession,
    viewer: Viewer,
    uscc: str,
    body: EnterpriseProfile,
    *,
    expect: Expect,
    now: datetime,
) -> EnterpriseOut:
    """Replace what is known of a firm; `expect` refuses a version that the sender has not read.

    Raises:
        NotFound: no such firm that this viewer may see.
        Forbidden: it is, or would come to lie, where the viewer speaks for nobody.
        Refused: a code is unknown or lies outside the viewer's jurisdiction.
    """
    row = await _enterprise(session, viewer, uscc, is_locked=True)
    for region in (row.region_code, body.region):
        require(viewer, Action.STATE_NEEDS, Target(region=region, uscc=uscc))
    expect(row.version)
    _check_profile(body, viewer, now)
    columns = _columns(body)
    if any(getattr(row, name) != value for name, value in columns.items()):
        for name, value in columns.items():
            setattr(row, name, value)
        row.version, row.updated_at = row.version + 1, now
        await session.flush()
    return _enterprise_out(row)


async def enterprise_by_uscc(session: AsyncSession, viewer: Viewer, uscc: str) -> EnterpriseOut:
    """Answer a firm.

    Raises:
        NotFound: no such firm that this viewer may see.
    """
    return _enterprise_out(await _enterprise(session, viewer, uscc))


async def list_enterprises(
    session: AsyncSession,
    viewer: Viewer,
    page: PageRequest,
    *,
    region: str | None = None,
    name: str | None = None,
) -> Page[EnterpriseOut]:
    """List firms by credit code, of an area or with a part of their name."""
    key = page.after()
    rows = await queries.list_enterprises(
        session,
        viewer.jurisdiction,
        region=region,
        name_key=name_key(name) if name else None,
        after=None if key is None else str(key[0]),
        limit=page.limit,
    )
    return page_of(rows, page, lambda row: (row.uscc,), _enterprise_out)


async def own_firms(session: AsyncSession, viewer: Viewer) -> list[EnterpriseOut]:
    """Answer those of the firms that the viewer speaks for that are stored, by credit code."""
    usccs = viewer.scopes(Role.ENTERPRISE)
    rows = await queries.firms_of(session, viewer.jurisdiction, usccs) if usccs else []
    return [_enterprise_out(row) for row in rows]


async def firms_of_codes(
    session: AsyncSession, viewer: Viewer, usccs: Collection[str]
) -> dict[str, EnterpriseOut]:
    """Answer some firms (a page of them) by credit code; those that the viewer may not see are left out."""
    rows = await queries.firms_of(session, viewer.jurisdiction, usccs) if usccs else []
    return {row.uscc: _enterprise_out(row) for row in rows}


async def read_contact(session: AsyncSession, viewer: Viewer, uscc: str) -> Contact:
    """Answer whom to call at a firm; empty if nobody is known.

    An institution that a consent lets read them holds one of three slots from then on; the enterprise itself
    and the coordinator of its region (or of its entry's) read without.

    Raises:
        NotFound: no such firm that this viewer may see.
        Forbidden: no consent shows them to the viewer's institutions.
        Conflict: three institutions hold them already.
    """
    enterprise = await _enterprise(session, viewer, uscc)
    answerable = viewer.only(Role.ENTERPRISE, Role.COORDINATOR)
    target = Target(region=enterprise.region_code, uscc=uscc)
    if viewer.has(*INSTITUTION_ROLES) and not may_do(answerable, Action.READ_CONTACTS, target):
        await disclosure_service.hold_contact(session, viewer, enterprise.id)
    row = await queries.contact_of(session, enterprise.id)
    return Contact() if row is None else Contact(name=row.name, phone=row.phone)


async def change_contact(
    session: AsyncSession,
    viewer: Viewer,
    uscc: str,
    body: Contact,
    *,
    expect: Callable[[str], None],
    now: datetime,
) -> Contact:
    """Replace whom to call; `expect` is asked with the tag of the contact as stored.

    Raises:
        NotFound: no such firm that this viewer may see.
        Forbidden: the firm is another one's to speak for.
    """
    enterprise = await _enterprise(session, viewer, uscc, is_locked=True)
    require(viewer, Action.STATE_NEEDS, Target(region=enterprise.region_code, uscc=uscc))
    row = await queries.contact_of(session, enterprise.id)
    expect(contact_tag(Contact() if row is None else Contact(name=row.name, phone=row.phone)))
    if row is None:
        row = EnterpriseContact(enterprise_id=enterprise.id)
        session.add(row)
    row.name, row.phone, row.updated_at = body.name, body.phone, now
    await session.flush()
    return body


async def all_names(session: AsyncSession, at_once: int) -> AsyncIterator[list[tuple[str, str, str]]]:
    """Yield (credit code, name, region code) of every registered firm, by credit code, `at_once` in a list."""
    after = ""
    while page := await queries.names_after(session, after, at_once):
        yield page
        after = page[-1][0]


def contact_tag(contact: Contact) -> str:
    """Answer the version of a contact: a hash of what it says."""
    return sha256(contact.model_dump_json().encode()).hexdigest()[:16]


async def register_project(
    session: AsyncSession, viewer: Viewer, body: ProjectIn, *, now: datetime
) -> ProjectOut:
    """Register a project of a firm under the next number.

    Raises:
        Refused: no such firm that this viewer may see.
        Forbidden: the firm is seen, but another one's to speak for.
        Conflict: the firm has a project of this name.
    """
    enterprise = await queries.enterprise_by_uscc(session, viewer.jurisdiction, body.uscc, is_locked=True)
    if enterprise is None:
        raise Refused("The firm is not registered.", [unregistered(body.uscc)])
    require(viewer, Action.STATE_NEEDS, Target(region=enterprise.region_code, uscc=enterprise.uscc))
    projects = await queries.stored_projects(session, [body.uscc])
    if (body.uscc, body.name) in projects:
        fault = Fault("name", "the firm has a project of this name", "Choose another name.", body.name)
        raise Conflict("The project is registered.", [fault])
    number = max((number for _, number in projects.values()), default=0) + 1
    row = Project(enterprise_id=enterprise.id, number=number, name=body.name, created_at=now)
    session.add(row)
    await session.flush()
    return _project_out(row, enterprise)


async def list_projects(
    session: AsyncSession, viewer: Viewer, page: PageRequest, *, uscc: str | None = None
) -> Page[ProjectOut]:
    """List projects by code."""
    key = page.after(2)
    after = None if key is None else (str(key[0]), _number(key[1]))
    rows = await queries.list_projects(session, viewer.jurisdiction, uscc=uscc, after=after, limit=page.limit)
    shown = rows[: page.limit]
    last = shown[-1] if len(rows) > page.limit else None
    return Page(
        items=[_project_out(project, enterprise) for project, enterprise in shown],
        next=None if last is None else encode_cursor(last[1].uscc, last[0].number),
    )


def _number(part: str | int) -> int:
    if isinstance(part, int):
        return part
    raise Refused("The cursor is not one of ours.", [Fault("query.cursor", "not a cursor of this list")])


async def project_by_code(session: AsyncSession, viewer: Viewer, code: str) -> ProjectOut:
    """Answer a project by its code, such as 91230199MA1BQXYE20-P1.

    Raises:
        NotFound: no such project that this viewer may see.
    """
    uscc, _, number = code.partition("-P")
    found = await queries.project_by_number(session, viewer.jurisdiction, uscc, int(number))
    if found is None:
        raise NotFound("No such project.", [Fault("code", "not registered", value=code)])
    return _project_out(*found)


async def _enterprise(
    session: AsyncSession, viewer: Viewer, uscc: str, *, is_locked: bool = False
) -> Enterprise:
    row = await queries.enterprise_by_uscc(session, viewer.jurisdiction, uscc, is_locked=is_locked)
    if row is None:
        raise NotFound("No such firm.", [Fault("uscc", "not registered", value=uscc)])
    return row


def unregistered(uscc: str) -> Fault:
    """Answer the fault of naming a firm that is not registered."""
    return Fault("uscc", "not registered", "POST /api/v1/enterprises first.", uscc)


def _check_profile(body: EnterpriseProfile, viewer: Viewer, now: datetime) -> None:
    book = load_reference_book(get_settings().seed_dir)
    faults = region_faults(body.region, "region", viewer.jurisdiction, book)
    if body.industry is not None:
        faults += industry_faults(body.industry, "industry", book)
    today = shanghai_date(now)
    if body.established_on is not None and not EARLIEST_ESTABLISHMENT <= body.established_on <= today:
        faults.append(Fault("established_on", "lies in the future", f"Not after {today.isoformat()}."))
    if faults:
        raise Refused("The firm cannot be taken like this.", faults)


def _columns(body: EnterpriseProfile) -> dict[str, Any]:
    return {
        "name": body.name,
        "name_key": name_key(body.name),
        "spelling": spelled(body.name),
        "region_code": body.region,
        "industry": body.industry,
        "established_on": body.established_on,
        "ownership": body.ownership,
    } | ({"business_scope": body.business_scope} if "business_scope" in body.model_fields_set else {})


def _enterprise_out(row: Enterprise) -> EnterpriseOut:
    return EnterpriseOut(
        uscc=row.uscc,
        name=row.name,
        region=row.region_code,
        industry=row.industry,
        established_on=row.established_on,
        ownership=row.ownership,
        business_scope=row.business_scope,
        is_demo=row.is_demo,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _project_out(row: Project, enterprise: Enterprise) -> ProjectOut:
    return ProjectOut(
        code=need_code(enterprise.uscc, row.number),
        uscc=enterprise.uscc,
        enterprise_name=enterprise.name,
        name=row.name,
        created_at=row.created_at,
    )
