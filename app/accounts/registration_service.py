"""Use cases of firms' own registrations: sent by anybody, decided by a coordinator of the region.

What is known of the firm itself is compared where firms are known (enterprises/registration_service.py).
"""

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime
from typing import Any

from app.accounts import account_service, audit_service, people_service
from app.accounts import registration_queries as queries
from app.accounts.people_rules import contradictions
from app.accounts.permissions import Action, Target, require
from app.accounts.registration_schemas import (
    RegistrationDecision,
    RegistrationIn,
    RegistrationOut,
    RegistrationOwn,
)
from app.accounts.rules import Grant, Role, Viewer
from app.accounts.tables import EnterpriseRegistration, Person
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, encode_cursor
from app.kernel.settings import get_settings
from app.kernel.shanghai import shanghai_date
from app.reference.book import load_reference_book
from app.reference.regions import region_contains

Expect = Callable[[int], None]


async def register(
    session: AsyncSession, viewer: Viewer, body: RegistrationIn, password_hash: str | None, *, now: datetime
) -> RegistrationOwn:
    """Take a registration: the person has no role until a coordinator confirms.

    The answer is the same whether the firm is known, claimed or neither.

    Raises:
        Refused: no such region in the jurisdiction, or neither signed in nor a new account stated, or both.
        Conflict: the login is taken; the person has registered the firm and waits; the person holds a role
            from which an enterprise's is separated.
    """
    check_region(viewer, body.region)
    person = await account_service.account_for(session, viewer, body, password_hash, now=now)
    grant = Grant(Role.ENTERPRISE, body.uscc, shanghai_date(now))
    if faults := contradictions(grant, await people_service.held_by(session, person.id)):
        raise Conflict("The firm was not registered.", faults)
    row = EnterpriseRegistration(
        person_id=person.id,
        uscc=body.uscc,
        name=body.enterprise,
        region_code=body.region,
        evidence=body.evidence,
        state="pending",
        version=1,
        created_at=now,
    )
    await queries.add(session, row)
    _note(session, "register_enterprise", row, now)
    return RegistrationOwn(**_own(row))


def check_region(viewer: Viewer, code: str) -> None:
    """Refuse a region that is none, or lies outside the jurisdiction.

    Raises:
        Refused: naming it.
    """
    regions = load_reference_book(get_settings().seed_dir).regions
    if regions.get(code) is None:
        raise Refused(
            "The firm was not registered.", [Fault("region", "no such region", regions.hint(code), code)]
        )
    if not region_contains(viewer.jurisdiction, code):
        fault = Fault("region", f"lies outside the jurisdiction {viewer.jurisdiction}", value=code)
        raise Refused("The firm was not registered.", [fault])


async def own_registrations(session: AsyncSession, viewer: Viewer) -> list[RegistrationOwn]:
    """Answer what the viewer registered, the newest first."""
    if viewer.person is None:
        return []
    return [RegistrationOwn(**_own(row)) for row in await queries.of_person(session, viewer.person)]


async def list_registrations(
    session: AsyncSession, viewer: Viewer, page: PageRequest, *, state: str | None = None, now: datetime
) -> Page[RegistrationOut]:
    """Answer the registrations of the viewer's regions, the newest first."""
    key = page.after()
    before = key[0] if key and isinstance(key[0], int) else None
    deciding = viewer.only(Role.COORDINATOR)
    rows = await queries.page(session, state=state, before=before, limit=page.limit + 1)
    # A coordinator who registered a firm sees that one too, but does not decide on it from this list.
    shown = [row for row in rows[: page.limit] if _decides(deciding, row[0])]
    more = encode_cursor(rows[page.limit - 1][0].id) if len(rows) > page.limit else None
    return Page(items=await _written(session, shown, shanghai_date(now)), next=more)


async def get_registration(
    session: AsyncSession, viewer: Viewer, registration_id: int, *, now: datetime
) -> RegistrationOut:
    """Answer a registration of the viewer's regions.

    Raises:
        NotFound: there is none.
        Forbidden: it lies in another region.
    """
    row = await _stored(session, viewer, registration_id)
    return (await _written(session, [row], shanghai_date(now)))[0]


async def decide(
    session: AsyncSession,
    viewer: Viewer,
    registration_id: int,
    body: RegistrationDecision,
    *,
    expect: Expect,
    now: datetime,
) -> RegistrationOut:
    """Confirm a registration, which gives its person the firm's role, or refuse it with a reason.

    Raises:
        NotFound: there is none.
        Forbidden: it lies in another region, or is the viewer's own.
        Conflict: it was decided, or the person holds a role from which an enterprise's is separated.
    """
    row, person = await _stored(session, viewer, registration_id, is_for_change=True)
    people_service.refuse_own(viewer, person.id)
    expect(row.version)
    if row.state != "pending":
        raise Conflict("The registration was decided already.", [Fault("decision", row.state)])
    row.state, row.reason = body.decision, body.reason
    row.decided_by, row.decided_at, row.version = viewer.name, now, row.version + 1
    await session.flush()
    if body.decision == "confirmed":
        grant = Grant(Role.ENTERPRISE, row.uscc, shanghai_date(now))
        await people_service.store_grant(session, person, grant, viewer.name, now=now)
    _note(session, f"{body.decision}_enterprise", row, now)
    return (await _written(session, [(row, person)], shanghai_date(now)))[0]


def _decides(deciding: Viewer, row: EnterpriseRegistration) -> bool:
    return deciding.is_operator or any(
        region_contains(scope, row.region_code) for scope in deciding.scopes(Role.COORDINATOR)
    )


async def _stored(
    session: AsyncSession, viewer: Viewer, registration_id: int, *, is_for_change: bool = False
) -> tuple[EnterpriseRegistration, Person]:
    found = await queries.by_id(session, registration_id, is_for_change=is_for_change)
    if found is None:
        raise NotFound(f"There is no registration {registration_id}.")
    require(viewer, Action.CONFIRM_ENTERPRISES, Target(region=found[0].region_code))
    return found


async def _written(
    session: AsyncSession, rows: Collection[tuple[EnterpriseRegistration, Person]], today: date
) -> list[RegistrationOut]:
    claims = await queries.claims(session, {row.uscc for row, _person in rows}, today)
    return [_out(row, person, claims) for row, person in rows]


def _out(row: EnterpriseRegistration, person: Person, claims: Iterable[tuple[str, int]]) -> RegistrationOut:
    others = sum(uscc == row.uscc and claimant != person.id for uscc, claimant in claims)
    return RegistrationOut(
        **_own(row),
        person=person.id,
        login=person.login,
        name=person.name,
        evidence=row.evidence,
        claimed_by=others,
        decided_by=row.decided_by,
        version=row.version,
    )


def _own(row: EnterpriseRegistration) -> dict[str, Any]:
    return {
        "id": row.id,
        "uscc": row.uscc,
        "enterprise": row.name,
        "region": row.region_code,
        "state": row.state,
        "reason": row.reason,
        "created_at": row.created_at,
        "decided_at": row.decided_at,
    }


def _note(session: AsyncSession, action: str, row: EnterpriseRegistration, now: datetime) -> None:
    detail = {"uscc": row.uscc, "region": row.region_code, "person": row.person_id}
    audit_service.note(session, action, "registration", str(row.id), now=now, detail=detail)
