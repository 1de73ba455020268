"""What institutions hold and may be shown: the entries entrusted to a viewer's institutions, with the consents. Subqueries on aliases of bare tables."""

from typing import Any, Final, cast

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    String,
    Table,
    and_,
    false,
    func,
    or_,
    select,
    union_all,
)

from app.allocation.tables import Assignment, AssignmentSupport
from app.enterprises.tables import Consent
from app.institutions.tables import Institution
from app.kernel.direct import given, given_each
from app.visibility import forms
from app.whitelist.tables import WhitelistEntry

ENTRIES: Final = cast("Table", WhitelistEntry.__table__)
ASSIGNMENTS: Final = cast("Table", Assignment.__table__)
SUPPORTS: Final = cast("Table", AssignmentSupport.__table__)
INSTITUTIONS: Final = cast("Table", Institution.__table__)
CONSENTS: Final = cast("Table", Consent.__table__)
_DAY: Final = given(forms.DAY, Date)
_ENTRY: Final = given(forms.ENTRY)
_OF_INSTITUTIONS: Final = given_each(forms.INSTITUTIONS, String)


def below(*columns: str) -> Select[Any]:
    """Answer the ids of the viewer's institutions and of all below them, and other columns of theirs."""
    top, node = INSTITUTIONS.alias(), INSTITUTIONS.alias()
    is_below = and_(node.c.root_id == top.c.root_id, _about_half(node.c.lineage.like(top.c.lineage + "%")))
    tops = (
        select(*(node.c[name] for name in ("id", *columns)))
        .join_from(top, node, is_below)
        .where(top.c.code.in_(_OF_INSTITUTIONS))
    )
    return tops.correlate(None)


def _about_half(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Write a condition so that PostgreSQL expects half of the rows to pass it.

    It expects one in 200 of a `LIKE` with a pattern that it does not know: one institution of a bank with fifty branches, one entry
    of the thousands that they hold, and then reads those anew for each row of what it joins them with.
    """
    return func.coalesce(condition, false())


def entrusted(*, is_of_entry: bool = False) -> Select[Any]:
    """Answer the entries (or one of them) that the viewer's institutions hold and may be shown, with the consents."""
    recipient, entry, consent = (table.alias() for table in (INSTITUTIONS, ENTRIES, CONSENTS))
    held = _held(is_of_entry=is_of_entry)
    # Asked of consents alone that name one: joined, all institutions are read for each statement.
    named = (
        select(recipient.c.lineage + "%").where(recipient.c.id == consent.c.institution_id).scalar_subquery()
    )
    return (
        select(
            held.c.entry_id,
            entry.c.need_id,
            entry.c.enterprise_id,
            consent.c.id.label("consent_id"),
            consent.c.shows_contact,
            consent.c.shows_financial,
            consent.c.shows_judicial,
        )
        .join_from(held, entry, entry.c.id == held.c.entry_id)
        .join(consent, consent.c.need_id == entry.c.need_id)
        .where(
            consent.c.revoked_at.is_(None),
            consent.c.until >= _DAY,
            or_(consent.c.institution_id.is_(None), held.c.lineage.like(named)),
        )
        .correlate(None)
    )


def _held(*, is_of_entry: bool) -> Any:
    """Answer the entries (or one of them) for which the viewer's institutions are responsible or which they support now, each with which one."""
    theirs, supported, support = ASSIGNMENTS.alias(), ASSIGNMENTS.alias(), SUPPORTS.alias()
    holders, supporters = below("lineage").subquery(), below("lineage").subquery()
    responsible = (
        select(theirs.c.entry_id, holders.c.lineage)
        .join_from(holders, theirs, theirs.c.institution_id == holders.c.id)
        .where(theirs.c.ended_at.is_(None))
    )
    supporting = (
        select(supported.c.entry_id, supporters.c.lineage)
        .join_from(supporters, support, support.c.institution_id == supporters.c.id)
        .join(supported, supported.c.id == support.c.assignment_id)
        .where(supported.c.ended_at.is_(None))
    )
    if is_of_entry:
        asked = ENTRIES.alias()
        entry = select(asked.c.id).where(asked.c.code == _ENTRY).correlate(None).scalar_subquery()
        responsible = responsible.where(theirs.c.entry_id == entry)
        supporting = supporting.where(supported.c.entry_id == entry)
    return union_all(responsible, supporting).subquery()
