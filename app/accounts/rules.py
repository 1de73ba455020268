"""Who is looking: a viewer with the roles that are in force now, each with its scope. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Self


class Role(StrEnum):
    """What a person may be; one person may be several at once, each within a scope."""

    ENTERPRISE = "enterprise"
    RELATIONSHIP_MANAGER = "relationship_manager"
    BANK_ADMINISTRATOR = "bank_administrator"
    COORDINATOR = "coordinator"
    CHAIN_MANAGER = "chain_manager"
    GUARANTOR = "guarantor"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class ScopeKind(StrEnum):
    """What a role's scope names."""

    CREDIT_CODE = "credit_code"
    INSTITUTION = "institution"
    REGION = "region"
    CHAIN = "chain"
    INSTALLATION = "installation"


SCOPE_KINDS = {
    Role.ENTERPRISE: ScopeKind.CREDIT_CODE,
    Role.RELATIONSHIP_MANAGER: ScopeKind.INSTITUTION,
    Role.BANK_ADMINISTRATOR: ScopeKind.INSTITUTION,
    Role.GUARANTOR: ScopeKind.INSTITUTION,
    Role.COORDINATOR: ScopeKind.REGION,
    Role.CHAIN_MANAGER: ScopeKind.CHAIN,
    Role.AUDITOR: ScopeKind.INSTALLATION,
    Role.ADMINISTRATOR: ScopeKind.INSTALLATION,
}
INSTITUTION_ROLES = frozenset(role for role, kind in SCOPE_KINDS.items() if kind is ScopeKind.INSTITUTION)


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One role within one scope: a credit code, an institution's, region's or chain's code; "" for the installation."""

    role: Role
    scope: str = ""
    since: date = date.min
    until: date | None = None

    def is_in_force(self, day: date) -> bool:
        """Tell whether it holds on a day; `until` is the last day."""
        return self.since <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Viewer:
    """The person or system on whose behalf something is read or changed.

    `name` goes into records of who did it; `jurisdiction` is the region code of the government that
    runs the installation; `grants` are those in force. The operator is whoever works at the machine
    itself (the command line): everything is theirs already.
    """

    name: str
    jurisdiction: str
    grants: tuple[Grant, ...] = ()
    person: int | None = None
    is_operator: bool = False

    @property
    def key(self) -> str:
        """Answer the key under which this viewer's idempotency keys are kept; other roles, another key."""
        if self.is_operator:
            return f"operator:{self.name}"
        if self.person is None:
            return self.name
        return f"person:{self.person}:{_digest(self.grants)}"

    @property
    def is_signed_in(self) -> bool:
        """Tell whether anybody is known to be there."""
        return self.is_operator or self.person is not None

    def scopes(self, *roles: Role) -> frozenset[str]:
        """Answer the scopes in which the viewer has one of some roles."""
        return frozenset(grant.scope for grant in self.grants if grant.role in roles)

    def has(self, *roles: Role) -> bool:
        """Tell whether the viewer has one of some roles, in whatever scope."""
        return any(grant.role in roles for grant in self.grants)

    def only(self, *roles: Role) -> Self:
        """Answer the same viewer with no more than some of the roles."""
        kept = tuple(grant for grant in self.grants if grant.role in roles)
        return type(self)(self.name, self.jurisdiction, kept, self.person, self.is_operator)


@lru_cache(maxsize=4_096)
def _digest(grants: tuple[Grant, ...]) -> str:
    stated = ";".join(f"{grant.role}={grant.scope}" for grant in sorted(grants))
    return hashlib.sha256(stated.encode()).hexdigest()[:32]


def local_operator(jurisdiction: str) -> Viewer:
    """Answer the operator: whoever may run commands on the machine of an installation."""
    return Viewer(name="local-operator", jurisdiction=jurisdiction, is_operator=True)


def anonymous(jurisdiction: str) -> Viewer:
    """Answer the viewer of whom nothing is known."""
    return Viewer(name="anonymous", jurisdiction=jurisdiction)
