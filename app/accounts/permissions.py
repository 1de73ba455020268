"""May do: which action which role may take, and within what. Pure; rows are narrowed by what a viewer may see.

Two questions are apart. `may_try` asks whether a viewer has any role for an action: it stands at the
door, before anything is read. `may_do` asks whether one of those roles covers what the action
touches: services ask it when they know the region, institution, firm or chain.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.accounts.rules import SCOPE_KINDS, Grant, Role, ScopeKind, Viewer
from app.kernel.errors import Forbidden
from app.reference.regions import region_contains


class Action(StrEnum):
    """What a route, page or command does; each route names one."""

    PROBE = "probe"
    SIGN_IN = "sign_in"
    OWN_ACCOUNT = "own_account"
    OWN_NOTICES = "own_notices"
    OWN_JOBS = "own_jobs"

    READ_REFERENCE = "read_reference"
    ADOPT_POLICY = "adopt_policy"
    MANAGE_INSTITUTIONS = "manage_institutions"
    MANAGE_CHAINS = "manage_chains"
    READ_SELECTION = "read_selection"
    MANAGE_SELECTION = "manage_selection"
    TAKE_PART = "take_part"
    READ_EVENTS = "read_events"
    MANAGE_EVENTS = "manage_events"
    ANSWER_INVITATION = "answer_invitation"
    READ_EVENT_RESULTS = "read_event_results"
    MANAGE_PRODUCTS = "manage_products"
    PUBLISH_LIBRARY = "publish_library"
    READ_OBSERVED = "read_observed"
    JOIN_AWARDS = "join_awards"
    VOTE_AWARDS = "vote_awards"
    MANAGE_AWARDS = "manage_awards"

    CONFIRM_MEMBERSHIPS = "confirm_memberships"
    PROPOSE_MEMBERSHIPS = "propose_memberships"
    OBJECT_MEMBERSHIP = "object_membership"
    ANSWER_OBJECTIONS = "answer_objections"

    READ_CASES = "read_cases"
    READ_CARDS = "read_cards"
    READ_CONTACTS = "read_contacts"
    STATE_NEEDS = "state_needs"
    PREVIEW = "preview"
    MANAGE_ROSTER = "manage_roster"
    CHANGE_ENTRIES = "change_entries"
    REVIEW_ENTRIES = "review_entries"
    READ_REVIEWS = "read_reviews"
    READ_RUNS = "read_runs"
    RUN_MATCHING = "run_matching"
    RUN_ALLOCATION = "run_allocation"
    LOG_DOCKING = "log_docking"
    REROUTE_ENTRIES = "reroute_entries"
    DISPATCH_ENTRIES = "dispatch_entries"
    RAISE_CASE = "raise_case"
    ANSWER_CASE = "answer_case"
    COMMENT_CASE = "comment_case"

    PROVIDE_CORE_LIST = "provide_core_list"
    READ_CORE_LISTS = "read_core_lists"
    REVIEW_CORE_LISTS = "review_core_lists"
    READ_CORE_MATCHES = "read_core_matches"
    ANSWER_LISTING = "answer_listing"

    READ_COVERAGE = "read_coverage"
    READ_COVERAGE_FACTS = "read_coverage_facts"
    CLOSE_MONTH = "close_month"

    GIVE_CONSENT = "give_consent"
    READ_DISCLOSURES = "read_disclosures"

    INVITE_PEOPLE = "invite_people"
    CONFIRM_ENTERPRISES = "confirm_enterprises"
    MANAGE_ACCOUNTS = "manage_accounts"
    MANAGE_DELIVERIES = "manage_deliveries"
    READ_AUDIT = "read_audit"


ANYBODY: Final = frozenset({Action.SIGN_IN, Action.PROBE})
"""Open without signing in."""

EVERYBODY: Final = frozenset({Action.OWN_ACCOUNT, Action.OWN_NOTICES, Action.OWN_JOBS, Action.READ_REFERENCE})
"""Open to whoever is signed in."""

_CASE_READERS: Final = frozenset(Role) - {Role.ADMINISTRATOR}
_STAFF: Final = _CASE_READERS - {Role.ENTERPRISE}
_LENDERS: Final = frozenset({Role.RELATIONSHIP_MANAGER, Role.BANK_ADMINISTRATOR, Role.GUARANTOR})

ROLES: Final[Mapping[Action, frozenset[Role]]] = {
    Action.ADOPT_POLICY: frozenset({Role.COORDINATOR}),
    Action.MANAGE_INSTITUTIONS: frozenset({Role.COORDINATOR, Role.BANK_ADMINISTRATOR}),
    Action.MANAGE_CHAINS: frozenset({Role.COORDINATOR, Role.CHAIN_MANAGER}),
    Action.READ_SELECTION: _STAFF,
    Action.MANAGE_SELECTION: frozenset({Role.COORDINATOR}),
    # In two-sided selection each participant's own people speak for it, and nobody else.
    Action.TAKE_PART: frozenset({Role.CHAIN_MANAGER, Role.BANK_ADMINISTRATOR}),
    Action.READ_EVENTS: _CASE_READERS,
    Action.MANAGE_EVENTS: frozenset({Role.COORDINATOR, Role.CHAIN_MANAGER}),
    # Hosts write down what a guest answers by telephone.
    Action.ANSWER_INVITATION: _LENDERS | {Role.ENTERPRISE, Role.COORDINATOR, Role.CHAIN_MANAGER},
    Action.READ_EVENT_RESULTS: frozenset({Role.COORDINATOR, Role.CHAIN_MANAGER, Role.AUDITOR}),
    # Nobody is a bank administrator of a guarantor: its own people keep its products.
    Action.MANAGE_PRODUCTS: frozenset({Role.COORDINATOR, Role.BANK_ADMINISTRATOR, Role.GUARANTOR}),
    Action.PUBLISH_LIBRARY: frozenset({Role.COORDINATOR}),
    Action.READ_OBSERVED: frozenset(
        {Role.COORDINATOR, Role.AUDITOR, Role.BANK_ADMINISTRATOR, Role.GUARANTOR}
    ),
    Action.JOIN_AWARDS: frozenset(
        {Role.ENTERPRISE, Role.COORDINATOR, Role.BANK_ADMINISTRATOR, Role.GUARANTOR}
    ),
    # Jurors are appointed of these; that somebody is one, services ask.
    Action.VOTE_AWARDS: _CASE_READERS - {Role.AUDITOR},
    Action.MANAGE_AWARDS: frozenset({Role.COORDINATOR}),
    Action.CONFIRM_MEMBERSHIPS: frozenset({Role.COORDINATOR, Role.CHAIN_MANAGER}),
    Action.PROPOSE_MEMBERSHIPS: frozenset({Role.COORDINATOR}),
    Action.OBJECT_MEMBERSHIP: frozenset({Role.ENTERPRISE}),
    Action.ANSWER_OBJECTIONS: frozenset({Role.COORDINATOR}),
    Action.READ_CASES: _CASE_READERS,
    Action.READ_CARDS: _LENDERS,
    Action.READ_CONTACTS: _LENDERS | {Role.ENTERPRISE, Role.COORDINATOR},
    Action.STATE_NEEDS: frozenset({Role.ENTERPRISE, Role.COORDINATOR}),
    Action.PREVIEW: _CASE_READERS,
    Action.MANAGE_ROSTER: frozenset({Role.COORDINATOR}),
    Action.CHANGE_ENTRIES: frozenset({Role.COORDINATOR}),
    Action.REVIEW_ENTRIES: frozenset({Role.COORDINATOR}),
    Action.READ_REVIEWS: frozenset({Role.COORDINATOR, Role.AUDITOR}),
    Action.READ_RUNS: frozenset({Role.COORDINATOR, Role.AUDITOR}),
    Action.RUN_MATCHING: frozenset({Role.COORDINATOR}),
    Action.RUN_ALLOCATION: frozenset({Role.COORDINATOR}),
    Action.LOG_DOCKING: _LENDERS | {Role.COORDINATOR, Role.ENTERPRISE},
    Action.REROUTE_ENTRIES: frozenset({Role.COORDINATOR}),
    Action.DISPATCH_ENTRIES: frozenset({Role.BANK_ADMINISTRATOR, Role.RELATIONSHIP_MANAGER}),
    Action.RAISE_CASE: _LENDERS | {Role.COORDINATOR},
    Action.ANSWER_CASE: frozenset({Role.COORDINATOR}),
    # Auditors read all and write nothing into what they audit.
    Action.COMMENT_CASE: _CASE_READERS - {Role.AUDITOR},
    Action.PROVIDE_CORE_LIST: frozenset({Role.ENTERPRISE, Role.COORDINATOR}),
    Action.READ_CORE_LISTS: frozenset({Role.ENTERPRISE, Role.COORDINATOR, Role.AUDITOR}),
    Action.REVIEW_CORE_LISTS: frozenset({Role.COORDINATOR}),
    Action.READ_CORE_MATCHES: _LENDERS | {Role.COORDINATOR, Role.AUDITOR},
    # Nobody consents for a listed firm but itself.
    Action.ANSWER_LISTING: frozenset({Role.ENTERPRISE}),
    Action.READ_COVERAGE: _STAFF,
    Action.READ_COVERAGE_FACTS: frozenset({Role.COORDINATOR, Role.AUDITOR}),
    Action.CLOSE_MONTH: frozenset({Role.COORDINATOR}),
    Action.GIVE_CONSENT: frozenset({Role.ENTERPRISE, Role.COORDINATOR}),
    Action.READ_DISCLOSURES: frozenset({Role.ENTERPRISE, Role.COORDINATOR, Role.AUDITOR}),
    Action.INVITE_PEOPLE: frozenset({Role.ADMINISTRATOR, Role.BANK_ADMINISTRATOR}),
    Action.CONFIRM_ENTERPRISES: frozenset({Role.COORDINATOR}),
    Action.MANAGE_ACCOUNTS: frozenset({Role.ADMINISTRATOR}),
    Action.MANAGE_DELIVERIES: frozenset({Role.ADMINISTRATOR}),
    Action.READ_AUDIT: frozenset({Role.AUDITOR}),
}

REGION_DIGITS: Final = 6

OF_THE_WHOLE: Final = frozenset(
    {
        Action.ADOPT_POLICY,
        Action.PUBLISH_LIBRARY,
        Action.MANAGE_AWARDS,
        Action.MANAGE_ROSTER,
        Action.READ_RUNS,
        Action.PROPOSE_MEMBERSHIPS,
        Action.RUN_MATCHING,
        Action.RUN_ALLOCATION,
        Action.READ_COVERAGE_FACTS,
        Action.CLOSE_MONTH,
        Action.MANAGE_SELECTION,
    }
)
"""What concerns a jurisdiction's whole roster: a coordinator of a part of it may not."""


@dataclass(frozen=True, slots=True)
class Target:
    """What an action touches, as far as it is known.

    `institutions` are the codes from the root of the tree down to the institution touched.
    """

    region: str | None = None
    institutions: tuple[str, ...] = ()
    uscc: str | None = None
    chain: str | None = None


def may_try(viewer: Viewer, action: Action) -> bool:
    """Tell whether a viewer has a role for an action, wherever it may reach."""
    if action in ANYBODY or viewer.is_operator:
        return True
    if action in EVERYBODY:
        return viewer.is_signed_in
    return any(_allows(grant, action, viewer.jurisdiction) for grant in viewer.grants)


def may_do(viewer: Viewer, action: Action, target: Target) -> bool:
    """Tell whether a viewer may take an action upon a target: one and the same role allows and covers it."""
    if action in ANYBODY or viewer.is_operator:
        return True
    if action in EVERYBODY:
        return viewer.is_signed_in
    return any(
        _allows(grant, action, viewer.jurisdiction) and _covers(grant, target) for grant in viewer.grants
    )


def _allows(grant: Grant, action: Action, jurisdiction: str) -> bool:
    """Tell whether a role has an action at all; a coordinator of a part has none that concerns the whole."""
    is_partial = grant.role is Role.COORDINATOR and not _covers(grant, Target(region=jurisdiction))
    return grant.role in ROLES[action] and not (action in OF_THE_WHOLE and is_partial)


def acting(viewer: Viewer, action: Action) -> Viewer:
    """Answer a viewer with those roles alone that allow an action: what no such role sees, it cannot touch.

    A chain manager who also coordinates another city sees the chain's entries, but withdraws none of them.
    """
    return viewer.only(*ROLES[action]) if action in ROLES else viewer


def require(viewer: Viewer, action: Action, target: Target) -> None:
    """Refuse what a viewer may not do.

    Raises:
        Forbidden: no role of the viewer covers it.
    """
    if not may_do(viewer, action, target):
        raise forbidden(action)


def forbidden(action: Action) -> Forbidden:
    """Make the refusal of an action; it says nothing of what the action would have touched."""
    return Forbidden(f"None of your roles allows “{action}” here.")


def _covers(grant: Grant, target: Target) -> bool:
    match SCOPE_KINDS[grant.role]:
        case ScopeKind.INSTALLATION:
            return True
        case ScopeKind.REGION:
            is_region = len(grant.scope) == REGION_DIGITS and grant.scope.isdecimal()
            return is_region and target.region is not None and region_contains(grant.scope, target.region)
        case ScopeKind.INSTITUTION:
            return grant.scope in target.institutions
        case ScopeKind.CREDIT_CODE:
            return target.uscc is not None and grant.scope == target.uscc
        case ScopeKind.CHAIN:
            return target.chain is not None and grant.scope == target.chain


def does(
    action: Action,
    *,
    stores_nothing: bool = False,
    is_recorded: bool = False,
    writes: bool = False,
    shows_secret: bool = False,
    own_transactions: bool = False,
    saves_last: bool = False,
    is_final: bool = False,
    can_wait: bool = False,
    of_entry: str | None = None,
) -> dict[str, Any]:
    """Answer the marks of a route, as `openapi_extra`: the action that it takes, and what is special about it.

    `stores_nothing`: it only computes, although it is a POST. `is_recorded`: it shows something
    sensitive, so that who saw it goes into the audit trail; changes always do. `writes`: it changes something
    by showing, although it is a GET (who holds contact details). `shows_secret`: its
    answer holds one, so that no copy is kept for repetitions. `own_transactions`: it hashes passwords
    or the like between short transactions of its own; no copy is kept either. `saves_last`: it computes between
    reading and writing, so that nobody waits for the database meanwhile. `is_final`: it ends
    something that cannot be changed otherwise, so that nobody's version of it can be stale. `can_wait`: it
    may take long, and is carried out by a worker for who sends `Prefer: respond-async`. `of_entry` names the
    parameter of its path that is an entry's code: all that it reads hangs on that entry, so that whoever holds
    thousands does not have the others looked through.
    """
    marks = {
        "x-reads-only": stores_nothing,
        "x-recorded": is_recorded,
        "x-writes": writes,
        "x-shows-secret": shows_secret,
        "x-own-transactions": own_transactions,
        "x-saves-last": saves_last,
        "x-final": is_final,
        "x-can-wait": can_wait,
    }
    named = {} if of_entry is None else {"x-of-entry": of_entry}
    return {"x-action": action.value} | {name: True for name, is_set in marks.items() if is_set} | named
