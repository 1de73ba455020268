"""Use cases of consents: an enterprise authorises that its need is shown, and takes it back at once."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from app.accounts.permissions import Action, Target, may_do, require
from app.accounts.rules import Role, Viewer
from app.enterprises import consent_queries
from app.enterprises.consent_schemas import ChosenGroup, ConsentIn, ConsentOut
from app.enterprises.consents import (
    CHOSEN_GROUPS,
    PURPOSE_NAMES,
    FieldGroup,
    Purpose,
    consent_faults,
    latest_until,
)
from app.enterprises.need_service import shown_need
from app.enterprises.tables import Consent
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.shanghai import shanghai_date

_COLUMNS: Mapping[FieldGroup, str] = {
    FieldGroup.CONTACT: "shows_contact",
    FieldGroup.FINANCIAL: "shows_financial",
    FieldGroup.JUDICIAL: "shows_judicial",
}
MOST_CODES_AT_ONCE = 500


async def give_consent(
    session: AsyncSession, viewer: Viewer, need_code: str, body: ConsentIn, *, now: datetime
) -> ConsentOut:
    """Authorise that a need is shown: by the enterprise itself, or recorded from a signed paper by its coordinator.

    Consents hang on the need, not on its wording: a revised need keeps them.

    Raises:
        NotFound: no such need that this viewer may see.
        Forbidden: the viewer neither is the enterprise nor answers for it.
        Refused: the institution is unknown, the last day is past or over a year ahead, or the paper is not named.
    """
    need = await shown_need(session, viewer, need_code)
    require(viewer, Action.GIVE_CONSENT, _target(need))
    today = shanghai_date(now)
    is_own = (
        may_do(viewer.only(Role.ENTERPRISE), Action.GIVE_CONSENT, _target(need)) and not viewer.is_operator
    )
    faults = consent_faults(body.until, body.evidence, is_own=is_own, today=today)
    institution_id = None
    if body.institution is not None:
        institution_id = await consent_queries.institution_id(session, body.institution)
        if institution_id is None:
            remedy = "GET /api/v1/institutions lists them; null is whichever is responsible."
            faults.append(Fault("institution", "no such institution", remedy, body.institution))
    if faults:
        raise Refused("The consent cannot be taken like this.", faults)
    columns = _row(need.id, body.purpose, body.groups, institution_id, body.until, viewer, now)
    row = Consent(**columns | {"evidence": body.evidence})
    session.add(row)
    await session.flush()
    return _consent_out(row, need.code, body.institution, today)


async def give_many_consents(
    session: AsyncSession,
    viewer: Viewer,
    need_codes: Iterable[str],
    *,
    groups: Collection[ChosenGroup] = ("contact", "financial", "judicial"),
    purpose: Purpose = Purpose.FINANCING_DOCKING,
    until: date | None = None,
    evidence: str,
    now: datetime,
) -> int:
    """Record consents to whichever institution is responsible or supporting, for many needs; answer how many.

    For demonstration and for papers that were collected in bulk; `until` is a year ahead by default.
    Needs that the viewer may not see are left out. Statements do not grow with the needs but by the 500.

    Raises:
        Forbidden: the viewer does not answer for the whole jurisdiction.
        Refused: the last day is past or over a year ahead.
    """
    require(viewer, Action.GIVE_CONSENT, Target(region=viewer.jurisdiction))
    today = shanghai_date(now)
    last = until or latest_until(today)
    if faults := consent_faults(last, evidence, is_own=False, today=today):
        raise Refused("The consents cannot be taken like this.", faults)
    count = 0
    for codes in in_batches(sorted(set(need_codes)), MOST_CODES_AT_ONCE):
        ids = await consent_queries.need_ids(session, codes)
        rows = (_row(id_, purpose, groups, None, last, viewer, now) for id_ in ids.values())
        count += await consent_queries.put_consents(session, (row | {"evidence": evidence} for row in rows))
    return count


def _row(
    need_id: int,
    purpose: Purpose,
    groups: Collection[str],
    institution_id: int | None,
    until: date,
    viewer: Viewer,
    now: datetime,
) -> dict[str, Any]:
    return {
        "need_id": need_id,
        "purpose": purpose.value,
        **{column: group.value in groups for group, column in _COLUMNS.items()},
        "institution_id": institution_id,
        "until": until,
        "given_by": viewer.name,
        "given_at": now,
        "evidence": None,
        "revoked_at": None,
        "revoked_by": None,
        "version": 1,
    }


async def list_consents(
    session: AsyncSession, viewer: Viewer, need_code: str, page: PageRequest, *, now: datetime
) -> Page[ConsentOut]:
    """List the consents of a need, the newest first, ended ones too.

    Raises:
        NotFound: no such need that this viewer may see.
        Forbidden: the viewer neither is the enterprise nor answers for it.
    """
    need = await shown_need(session, viewer, need_code)
    require(viewer, Action.READ_DISCLOSURES, _target(need))
    key = page.after()
    before = None if key is None else key[0]
    if before is not None and not isinstance(before, int):
        raise Refused("The cursor is not one of ours.", [Fault("cursor", "not a cursor of this list")])
    rows = await consent_queries.page_of_consents(session, need.id, before, page.limit)
    today = shanghai_date(now)
    return page_of(
        rows, page, lambda row: (row.id,), lambda row: _consent_out(row, need.code, row.institution, today)
    )


async def live_counts(
    session: AsyncSession, _viewer: Viewer, need_codes: Collection[str], *, now: datetime
) -> dict[str, int]:
    """Answer how many consents hold of each of some needs, as far as the viewer sees them; needs without are left out."""
    return await consent_queries.live_counts(session, need_codes, shanghai_date(now))


async def read_consent(
    session: AsyncSession, viewer: Viewer, need_code: str, consent_id: int, *, now: datetime
) -> ConsentOut:
    """Answer one consent of a need.

    Raises:
        NotFound: no such need or consent that this viewer may see.
        Forbidden: the viewer neither is the enterprise nor answers for it.
    """
    need = await shown_need(session, viewer, need_code)
    require(viewer, Action.READ_DISCLOSURES, _target(need))
    found = await consent_queries.consent_by_id(session, need.id, consent_id)
    if found is None:
        raise _no_such_consent(consent_id)
    return _consent_out(found[0], need.code, found[1], shanghai_date(now))


async def revoke_consent(
    session: AsyncSession,
    viewer: Viewer,
    need_code: str,
    consent_id: int,
    *,
    expect: Callable[[int], None],
    now: datetime,
) -> ConsentOut:
    """End a consent at once; who held contact details by it holds them no longer.

    Raises:
        NotFound: no such need or consent that this viewer may see.
        Forbidden: the viewer neither is the enterprise nor answers for it.
        Conflict: it was revoked before.
    """
    need = await shown_need(session, viewer, need_code)
    require(viewer, Action.GIVE_CONSENT, _target(need))
    # Who takes a contact slot holds the need too: either it sees the revocation, or its slot is closed here.
    await consent_queries.hold_needs(session, [need.id])
    found = await consent_queries.consent_by_id(session, need.id, consent_id, is_locked=True)
    if found is None:
        raise _no_such_consent(consent_id)
    row, institution = found
    expect(row.version)
    if row.revoked_at is not None:
        raise Conflict("The consent was revoked before.", [Fault("consent", "revoked", value=str(row.id))])
    row.revoked_at, row.revoked_by, row.version = now, viewer.name, row.version + 1
    await session.flush()
    await consent_queries.close_slots_of_consent(session, row.id, now)
    return _consent_out(row, need.code, institution, shanghai_date(now))


def _target(need: Any) -> Target:
    return Target(region=need.region_code, uscc=need.uscc)


def _no_such_consent(consent_id: int) -> NotFound:
    return NotFound("No such consent.", [Fault("consent", "not stored", value=str(consent_id))])


def _consent_out(row: Any, need_code: str, institution: str | None, today: date) -> ConsentOut:
    purpose = Purpose(row.purpose)
    return ConsentOut(
        id=row.id,
        need=need_code,
        purpose=purpose,
        purpose_name=PURPOSE_NAMES[purpose],
        groups=[_chosen(group) for group in CHOSEN_GROUPS if getattr(row, _COLUMNS[group])],
        institution=institution,
        until=row.until,
        evidence=row.evidence,
        given_by=row.given_by,
        given_at=row.given_at,
        revoked_by=row.revoked_by,
        revoked_at=row.revoked_at,
        is_live=row.revoked_at is None and today <= row.until,
        version=row.version,
    )


def _chosen(group: FieldGroup) -> ChosenGroup:
    match group:
        case FieldGroup.CONTACT:
            return "contact"
        case FieldGroup.FINANCIAL:
            return "financial"
        case _:
            return "judicial"
