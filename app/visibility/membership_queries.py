"""Who sees which memberships 归链, and what hangs on them: the conditions of their tables.

The coordinator of the firm's region, the manager of the chain, the firm itself, the auditor; what is asked about a
membership, the firm does not see. Who manages a chain sees the firms that are proposed for it or confirmed in it.
"""

from collections.abc import Callable
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, String, Table, and_, exists, false, or_, true

from app.accounts.rules import Role
from app.kernel.direct import given_each
from app.membership.tables import (
    ChainMembership,
    MembershipAct,
    MembershipListing,
    MembershipObjection,
    MembershipQuestion,
)
from app.visibility import forms
from app.visibility.branch_queries import either, row_of
from app.visibility.forms import Form

MEMBERSHIPS: Final = cast("Table", ChainMembership.__table__)
ASKED: Final = (Role.COORDINATOR, Role.CHAIN_MANAGER, Role.AUDITOR)
"""Roles that read what is asked about memberships."""
_OF_CHAINS: Final = given_each(forms.CHAINS, String)
Condition = ColumnElement[bool]
Holds = Callable[[Form, Any], Condition]


def membership_conditions(form: Form, firm_holds: Holds) -> dict[type[Any], Condition]:
    """Answer for each of the tables which rows a viewer of a form may see.

    `firm_holds` tells which rows belong to firms that are a form's own or lie in its region.
    """
    asking = form.only(*ASKED)
    return {
        ChainMembership: _seen(form, ChainMembership, firm_holds),
        MembershipListing: _seen(form, MembershipListing, firm_holds),
        MembershipAct: _hangs(form, MembershipAct.membership_id, firm_holds),
        MembershipObjection: _hangs(form, MembershipObjection.membership_id, firm_holds),
        MembershipQuestion: _hangs(asking, MembershipQuestion.membership_id, firm_holds),
    }


def is_member(form: Form, firm_id: Any) -> Condition:
    """Tell which firms are proposed for a chain of the viewer's or confirmed in it."""
    if not form.has_chains:
        return false()
    row = MEMBERSHIPS.alias()
    stands = and_(
        row.c.chain_code.in_(_OF_CHAINS), or_(row.c.state == "proposed", row.c.state == "confirmed")
    )
    return exists().where(row.c.enterprise_id == firm_id, stands)


def _seen(form: Form, row: Any, firm_holds: Holds) -> Condition:
    if form.sees_all:
        return true()
    in_chain = row.chain_code.in_(_OF_CHAINS) if form.has_chains else false()
    return either(in_chain, firm_holds(form, row.enterprise_id))


def _hangs(form: Form, membership_id: Any, firm_holds: Holds) -> Condition:
    return row_of(MEMBERSHIPS, membership_id, lambda row: _seen(form, row, firm_holds))
