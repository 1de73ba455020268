"""Who may hold which role at the same time, who invites whom, what a scope looks like. Pure.

Separated duties 三权分立 (GB/T 22239-2019, level 3): whoever manages accounts neither audits nor works on cases.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from app.accounts.permissions import ROLES, Action, Target, may_do
from app.accounts.rules import SCOPE_KINDS, Grant, Role, ScopeKind, Viewer, anonymous, local_operator
from app.kernel.errors import Fault
from app.reference.credit_codes import check_uscc

INVITATION_LIFE: Final = timedelta(days=7)
INVITING: Final = ROLES[Action.INVITE_PEOPLE]
RESERVED_LOGINS: Final = frozenset({local_operator("").name, anonymous("").name})
"""Names under which the trail knows others than people: nobody can be taken for them."""
INVITED_BY_BANKS: Final = frozenset({Role.RELATIONSHIP_MANAGER, Role.BANK_ADMINISTRATOR})
"""Roles that a bank administrator may invite others to; every other role is for administrators to give."""

_PATTERNS: Final[Mapping[ScopeKind, tuple[str, str]]] = {
    ScopeKind.INSTITUTION: (r"[A-Za-z0-9._-]{1,40}", "an institution's code 机构编码"),
    ScopeKind.REGION: (r"[0-9]{6}", "a region code 行政区划代码"),
    ScopeKind.CHAIN: (r"[A-Za-z0-9._-]{1,60}", "a chain's code 产业链编码"),
    ScopeKind.INSTALLATION: ("", "empty: the role is for the whole installation"),
}


def are_separated(one: Role, other: Role) -> bool:
    """Tell whether nobody may hold both roles at the same time."""
    return (one is Role.ADMINISTRATOR) is not (other is Role.ADMINISTRATOR)


def do_overlap(one: Grant, other: Grant) -> bool:
    """Tell whether two grants hold on one and the same day."""
    last = min(one.until or date.max, other.until or date.max)
    return max(one.since, other.since) <= last


def written_scope(role: Role, scope: str) -> tuple[str, Fault | None]:
    """Answer a scope as it is stored, and what is wrong with its form for a role, if anything."""
    kind = SCOPE_KINDS[role]
    if kind is ScopeKind.CREDIT_CODE:
        read = check_uscc(scope)
        remedy = f"Is it {read.suggestion}?" if read.suggestion else "Give the firm's credit code."
        return read.code, None if read.is_valid else Fault("scope", read.message, remedy, scope[:60])
    pattern, wanted = _PATTERNS[kind]
    if re.fullmatch(pattern, scope):
        return scope, None
    return scope, Fault("scope", f"does not suit the role {role}", f"Give {wanted}.", scope[:60])


def period_faults(grant: Grant, today: date) -> list[Fault]:
    """Answer what is wrong with the days of a new grant."""
    faults = []
    if grant.since < today:
        faults.append(Fault("since", f"lies before today, {today}", "A role begins today or later."))
    if grant.until is not None and grant.until < max(grant.since, today):
        faults.append(Fault("until", "lies before the first day", "Give a later day, or none."))
    return faults


def contradictions(grant: Grant, held: Iterable[Grant]) -> list[Fault]:
    """Answer why a person who holds some grants (those that were not ended) cannot have another one too."""
    faults = []
    for other in held:
        if not do_overlap(grant, other):
            continue
        if are_separated(grant.role, other.role):
            message = f"{grant.role} and {other.role} are separated duties (三权分立)"
            faults.append(Fault("role", message, "Give it to another person, or end the other role first."))
        elif (grant.role, grant.scope) == (other.role, other.scope):
            faults.append(Fault("role", "is held already on some of these days", "End that one first."))
    return faults


def may_invite(viewer: Viewer, role: Role, target: Target) -> bool:
    """Tell whether a viewer may invite somebody to a role, whose scope touches a target.

    An administrator may for every role; a bank administrator for relationship managers and bank administrators
    of the own institution or below.
    """
    if may_do(viewer.only(Role.ADMINISTRATOR), Action.INVITE_PEOPLE, target):
        return True
    return role in INVITED_BY_BANKS and may_do(viewer, Action.INVITE_PEOPLE, target)
