"""May see: the one place that turns a viewer into conditions on rows.

The conditions are bound to the session when the door lets a viewer in, and are added to every
statement wherever one of these tables stands in it, subqueries and joins included. No query has to
remember them, and none can forget them. A table that is not named here holds no case data: it is public
within the service (products, institutions, chains, policies, runs' own particulars) or belongs to a
route that names who may use it (accounts, audit trail).

Who sees an entry 名单条目, and what hangs on it:

- the coordinator of the region (of a part of the jurisdiction: the entries of that part);
- the manager of its chain;
- its own enterprise;
- institutions, and those above them in their tree, while they are responsible for it or support it
  *and* a consent of the enterprise holds;
- the auditor, to replay decisions, without contact details.

Conditions are written on bare tables, because those are never narrowed themselves.
"""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, Select, Table, false, or_, select, true, union_all
from sqlalchemy.orm import with_loader_criteria
from sqlalchemy.sql.base import ExecutableOption

from app.accounts.rules import INSTITUTION_ROLES, Role, Viewer
from app.accounts.tables import EnterpriseRegistration
from app.allocation.tables import Assignment, AssignmentSupport, EntryHandler
from app.bottlenecks.tables import BottleneckCase, BottleneckFinding
from app.docking.tables import DockingEvent
from app.enterprises.tables import (
    Consent,
    Disclosure,
    Enterprise,
    EnterpriseContact,
    Need,
    NeedRevision,
    Project,
)
from app.institutions.tables import Institution
from app.matching.tables import MatchCount, MatchResult
from app.whitelist.tables import ReviewItem, WhitelistEntry, WhitelistImport

ENTRIES: Final = cast("Table", WhitelistEntry.__table__)
FIRMS: Final = cast("Table", Enterprise.__table__)
NEEDS: Final = cast("Table", Need.__table__)
CASES: Final = cast("Table", BottleneckCase.__table__)
ASSIGNMENTS: Final = cast("Table", Assignment.__table__)
SUPPORTS: Final = cast("Table", AssignmentSupport.__table__)
INSTITUTIONS: Final = cast("Table", Institution.__table__)
CONSENTS: Final = cast("Table", Consent.__table__)

_LENDERS: Final = tuple(INSTITUTION_ROLES)
_OF_ENTRIES: Final = (MatchResult, MatchCount, BottleneckCase, Assignment, DockingEvent)
MOST_REMEMBERED: Final = 1_000

Condition = ColumnElement[bool]


@lru_cache(maxsize=MOST_REMEMBERED)
def criteria(viewer: Viewer, day: date) -> tuple[ExecutableOption, ...]:
    """Answer the conditions of a viewer, one for each table with case data."""
    entries = select(ENTRIES.c.id).where(_entry(viewer, day))
    firms, needs = _firms(viewer, day), _needs(viewer, day)
    judged = select(ENTRIES.c.id).where(_entry(viewer.only(Role.COORDINATOR, Role.AUDITOR), day))
    own = _firms(viewer.only(Role.ENTERPRISE, Role.COORDINATOR), day)
    seen: list[tuple[Any, Condition]] = [
        (WhitelistEntry, _entry(viewer, day)),
        *((table, table.entry_id.in_(entries)) for table in _OF_ENTRIES),
        (BottleneckFinding, BottleneckFinding.case_id.in_(_hanging_on(CASES, entries))),
        (AssignmentSupport, AssignmentSupport.assignment_id.in_(_hanging_on(ASSIGNMENTS, entries))),
        (EntryHandler, EntryHandler.assignment_id.in_(_hanging_on(ASSIGNMENTS, entries))),
        (ReviewItem, ReviewItem.entry_id.in_(judged)),
        (WhitelistImport, _whole_roster(viewer)),
        (Enterprise, Enterprise.id.in_(firms)),
        (EnterpriseContact, EnterpriseContact.enterprise_id.in_(_reachable(viewer, own, day))),
        (Need, Need.id.in_(needs)),
        (NeedRevision, NeedRevision.need_id.in_(needs)),
        (Project, or_(Project.enterprise_id.in_(own), Project.id.in_(_projects(needs)))),
        (Consent, Consent.need_id.in_(needs)),
        (Disclosure, Disclosure.need_id.in_(_needs(_answerable(viewer), day))),
        (EnterpriseRegistration, _registration(viewer)),
    ]
    return tuple(with_loader_criteria(table, condition, include_aliases=True) for table, condition in seen)


def _any(conditions: Iterable[Condition]) -> Condition:
    return or_(false(), *conditions)


def _within(column: Any, regions: Iterable[str]) -> Condition:
    """Tell which rows lie in regions: codes nest by pairs of digits (GB/T 2260)."""
    return _any(column.startswith(_digits(region)) for region in sorted(regions))


def _digits(region: str) -> str:
    while region.endswith("00"):
        region = region[:-2]
    return region


def _entry(viewer: Viewer, day: date) -> Condition:
    if viewer.has(Role.AUDITOR):
        return true()
    conditions = [_within(ENTRIES.c.region_code, viewer.scopes(Role.COORDINATOR))]
    if chains := viewer.scopes(Role.CHAIN_MANAGER):
        conditions.append(ENTRIES.c.chain_code.in_(sorted(chains)))
    if firms := viewer.scopes(Role.ENTERPRISE):
        own = select(FIRMS.c.id).where(FIRMS.c.uscc.in_(sorted(firms)))
        conditions.append(ENTRIES.c.enterprise_id.in_(own))
    if scopes := viewer.scopes(*_LENDERS):
        conditions.append(ENTRIES.c.id.in_(entrusted(scopes, day)))
    return _any(conditions)


def entrusted(scopes: Iterable[str], day: date, *terms: Condition) -> Select[Any]:
    """Answer the entries that institutions (codes, with all below) hold and may be shown, by a consent with `terms`."""
    holding, recipient, entry = INSTITUTIONS.alias(), INSTITUTIONS.alias(), ENTRIES.alias()
    held = _held()
    tops = [
        holding.c.lineage.like(
            select(INSTITUTIONS.c.lineage + "%").where(INSTITUTIONS.c.code == scope).scalar_subquery()
        )
        for scope in sorted(scopes)
    ]
    return (
        select(held.c.entry_id)
        .join(holding, holding.c.id == held.c.institution_id)
        .join(entry, entry.c.id == held.c.entry_id)
        .join(CONSENTS, CONSENTS.c.need_id == entry.c.need_id)
        .join(recipient, recipient.c.id == CONSENTS.c.institution_id, isouter=True)
        .where(
            _any(tops),
            CONSENTS.c.revoked_at.is_(None),
            CONSENTS.c.until >= day,
            or_(recipient.c.id.is_(None), holding.c.lineage.like(recipient.c.lineage + "%")),
            *terms,
        )
    )


def _held() -> Any:
    """Answer entries with the institutions that are responsible for them or support them now."""
    is_current = ASSIGNMENTS.c.ended_at.is_(None)
    responsible = select(ASSIGNMENTS.c.entry_id, ASSIGNMENTS.c.institution_id).where(is_current)
    supporting = (
        select(ASSIGNMENTS.c.entry_id, SUPPORTS.c.institution_id)
        .join(SUPPORTS, SUPPORTS.c.assignment_id == ASSIGNMENTS.c.id)
        .where(is_current)
    )
    return union_all(responsible, supporting).subquery()


def _hanging_on(table: Table, entries: Select[Any]) -> Select[Any]:
    return select(table.c.id).where(table.c.entry_id.in_(entries))


def _firms(viewer: Viewer, day: date) -> Select[Any]:
    """Answer the ids of the firms that a viewer may see: their own, those of the region, and those of seen entries."""
    seen = select(ENTRIES.c.enterprise_id).where(_entry(viewer, day))
    return select(FIRMS.c.id).where(
        true()
        if viewer.has(Role.AUDITOR)
        else or_(
            _within(FIRMS.c.region_code, viewer.scopes(Role.COORDINATOR)),
            FIRMS.c.uscc.in_(sorted(viewer.scopes(Role.ENTERPRISE))),
            FIRMS.c.id.in_(seen),
        )
    )


def _needs(viewer: Viewer, day: date) -> Select[Any]:
    """Answer the ids of the needs that a viewer may see: of own firms and of the region's, and those of seen entries."""
    answered = viewer.only(Role.ENTERPRISE, Role.COORDINATOR, Role.AUDITOR)
    listed = select(ENTRIES.c.need_id).where(_entry(viewer, day))
    return select(NEEDS.c.id).where(
        or_(NEEDS.c.enterprise_id.in_(_firms(answered, day)), NEEDS.c.id.in_(listed))
    )


def _projects(needs: Select[Any]) -> Select[Any]:
    return select(NEEDS.c.project_id).where(NEEDS.c.id.in_(needs), NEEDS.c.project_id.is_not(None))


def _answerable(viewer: Viewer) -> Viewer:
    """Answer a viewer with the roles that read who was shown what: the firm itself, its coordinator, the auditor."""
    return viewer.only(Role.ENTERPRISE, Role.COORDINATOR, Role.AUDITOR)


def _reachable(viewer: Viewer, own: Select[Any], day: date) -> Select[Any]:
    """Answer the ids of firms whose contact details a viewer may have."""
    scopes = viewer.scopes(*_LENDERS)
    entries = entrusted(scopes, day, CONSENTS.c.shows_contact)
    by_consent = select(ENTRIES.c.enterprise_id).where(ENTRIES.c.id.in_(entries))
    return select(FIRMS.c.id).where(or_(FIRMS.c.id.in_(own), FIRMS.c.id.in_(by_consent)))


def _whole_roster(viewer: Viewer) -> Condition:
    """Tell whether a viewer answers for the whole jurisdiction, and so may see what was done to all of it."""
    covers = any(viewer.jurisdiction.startswith(_digits(code)) for code in viewer.scopes(Role.COORDINATOR))
    return true() if covers or viewer.has(Role.AUDITOR) else false()


def _registration(viewer: Viewer) -> Condition:
    return or_(
        _within(EnterpriseRegistration.region_code, viewer.scopes(Role.COORDINATOR)),
        EnterpriseRegistration.person_id == (viewer.person or 0),
    )
