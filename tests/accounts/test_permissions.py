"""May do: the table of roles and actions, and what holds for every viewer, against a plain reading of it."""

from itertools import combinations

import pytest
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.permissions import (
    ANYBODY,
    EVERYBODY,
    OF_THE_WHOLE,
    ROLES,
    Action,
    Target,
    acting,
    may_do,
    may_try,
    require,
)
from app.accounts.rules import SCOPE_KINDS, Grant, Role, ScopeKind, Viewer, anonymous, local_operator
from app.kernel.errors import Forbidden
from app.kernel.settings import Settings
from tests.apps import create_app

JURISDICTION = "230000"
REGIONS = ("230000", "230100", "230102", "230103", "230200", "230202", "110000")
LINES = ((), ("A",), ("A", "A-1"), ("A", "A-1", "A-1-x"), ("B",), ("B", "B-1"))
FIRMS, CHAINS = (None, "F1", "F2"), (None, "C1", "C2")
SCOPES = {
    ScopeKind.REGION: (*REGIONS, "000000", "", "23"),
    ScopeKind.INSTITUTION: ("A", "A-1", "A-1-x", "B", ""),
    ScopeKind.CREDIT_CODE: ("F1", "F2", ""),
    ScopeKind.CHAIN: ("C1", "C2", ""),
    ScopeKind.INSTALLATION: ("",),
}
# Columns: enterprise, relationship manager, bank administrator, guarantor, coordinator of a part,
# coordinator of the whole, chain manager, auditor, administrator.
COLUMNS = ("ent", "rel", "bank", "guar", "part", "whole", "chain", "audit", "admin")
TABLE = """
                         ent  rel  bank guar part whole chain audit admin
adopt_policy              -    -    -    -    -    x     -     -     -
manage_institutions       -    -    x    -    x    x     -     -     -
manage_chains             -    -    -    -    x    x     x     -     -
read_selection            -    x    x    x    x    x     x     x     -
manage_selection          -    -    -    -    -    x     -     -     -
take_part                 -    -    x    -    -    -     x     -     -
read_events               x    x    x    x    x    x     x     x     -
manage_events             -    -    -    -    x    x     x     -     -
answer_invitation         x    x    x    x    x    x     x     -     -
read_event_results        -    -    -    -    x    x     x     x     -
manage_products           -    -    x    x    x    x     -     -     -
publish_library           -    -    -    -    -    x     -     -     -
read_observed             -    -    x    x    x    x     -     x     -
join_awards               x    -    x    x    x    x     -     -     -
vote_awards               x    x    x    x    x    x     x     -     -
manage_awards             -    -    -    -    -    x     -     -     -
confirm_memberships       -    -    -    -    x    x     x     -     -
propose_memberships       -    -    -    -    -    x     -     -     -
object_membership         x    -    -    -    -    -     -     -     -
answer_objections         -    -    -    -    x    x     -     -     -
read_cases                x    x    x    x    x    x     x     x     -
read_cards                -    x    x    x    -    -     -     -     -
read_contacts             x    x    x    x    x    x     -     -     -
state_needs               x    -    -    -    x    x     -     -     -
preview                   x    x    x    x    x    x     x     x     -
manage_roster             -    -    -    -    -    x     -     -     -
change_entries            -    -    -    -    x    x     -     -     -
review_entries            -    -    -    -    x    x     -     -     -
read_reviews              -    -    -    -    x    x     -     x     -
read_runs                 -    -    -    -    -    x     -     x     -
run_matching              -    -    -    -    -    x     -     -     -
run_allocation            -    -    -    -    -    x     -     -     -
log_docking               x    x    x    x    x    x     -     -     -
reroute_entries           -    -    -    -    x    x     -     -     -
dispatch_entries          -    x    x    -    -    -     -     -     -
raise_case                -    x    x    x    x    x     -     -     -
answer_case               -    -    -    -    x    x     -     -     -
comment_case              x    x    x    x    x    x     x     -     -
provide_core_list         x    -    -    -    x    x     -     -     -
read_core_lists           x    -    -    -    x    x     -     x     -
review_core_lists         -    -    -    -    x    x     -     -     -
read_core_matches         -    x    x    x    x    x     -     x     -
answer_listing            x    -    -    -    -    -     -     -     -
read_coverage             -    x    x    x    x    x     x     x     -
read_coverage_facts       -    -    -    -    -    x     -     x     -
close_month               -    -    -    -    -    x     -     -     -
give_consent              x    -    -    -    x    x     -     -     -
read_disclosures          x    -    -    -    x    x     -     x     -
invite_people             -    -    x    -    -    -     -     -     x
confirm_enterprises       -    -    -    -    x    x     -     -     -
manage_accounts           -    -    -    -    -    -     -     -     x
manage_deliveries         -    -    -    -    -    -     -     -     x
read_audit                -    -    -    -    -    -     -     x     -
"""
"""Who may try what: the one readable table, held against the code below."""
HOLDERS = {
    "ent": Grant(Role.ENTERPRISE, "F1"),
    "rel": Grant(Role.RELATIONSHIP_MANAGER, "A"),
    "bank": Grant(Role.BANK_ADMINISTRATOR, "A"),
    "guar": Grant(Role.GUARANTOR, "B"),
    "part": Grant(Role.COORDINATOR, "230100"),
    "whole": Grant(Role.COORDINATOR, JURISDICTION),
    "chain": Grant(Role.CHAIN_MANAGER, "C1"),
    "audit": Grant(Role.AUDITOR),
    "admin": Grant(Role.ADMINISTRATOR),
}
OWN = {Action.OWN_ACCOUNT, Action.OWN_NOTICES, Action.OWN_JOBS}
READS = {action for action in Action if action.value.startswith("read_")} | {Action.PREVIEW}


def _rows() -> dict[str, dict[str, bool]]:
    head, *lines = [line.split() for line in TABLE.strip().splitlines()]
    assert tuple(head) == COLUMNS
    return {name: dict(zip(COLUMNS, (mark == "x" for mark in marks), strict=True)) for name, *marks in lines}


grants = st.sampled_from(list(Role)).flatmap(
    lambda role: st.builds(Grant, st.just(role), st.sampled_from(SCOPES[SCOPE_KINDS[role]]))
)
some_viewers = st.lists(grants, max_size=4).map(lambda found: Viewer("v", JURISDICTION, tuple(found), 1))
targets = st.builds(
    Target,
    region=st.sampled_from((None, *REGIONS)),
    institutions=st.sampled_from(LINES),
    uscc=st.sampled_from(FIRMS),
    chain=st.sampled_from(CHAINS),
)
actions = st.sampled_from(sorted(ROLES))


def _reaches(grant: Grant, target: Target) -> bool:
    """Say in other words what a grant covers."""
    scope, kind = grant.scope, SCOPE_KINDS[grant.role]
    if kind is ScopeKind.INSTALLATION:
        return True
    if kind is ScopeKind.REGION:
        above = {region: {region, region[:4] + "00", region[:2] + "0000", "000000"} for region in REGIONS}
        return target.region is not None and scope in above[target.region]
    if kind is ScopeKind.INSTITUTION:
        return any(scope == code for code in target.institutions)
    return bool(scope) and scope == (target.uscc if kind is ScopeKind.CREDIT_CODE else target.chain)


def test_every_action_stands_in_the_table_and_the_table_is_what_the_code_says() -> None:
    assert _rows().keys() == {action.value for action in Action} - ANYBODY - EVERYBODY
    said = {
        name: {
            column: may_try(Viewer("v", JURISDICTION, (HOLDERS[column],), 1), Action(name))
            for column in COLUMNS
        }
        for name in _rows()
    }
    assert said == _rows()


@given(viewer=some_viewers, action=actions, target=targets)
def test_one_and_the_same_role_allows_an_action_and_covers_what_it_touches(
    viewer: Viewer, action: Action, target: Target
) -> None:
    needs_all = action in OF_THE_WHOLE
    expected = any(
        grant.role in ROLES[action]
        and _reaches(grant, target)
        and not (needs_all and grant.role is Role.COORDINATOR and grant.scope not in {JURISDICTION, "000000"})
        for grant in viewer.grants
    )
    assert may_do(viewer, action, target) is expected


@given(viewer=some_viewers, action=actions, target=targets)
def test_what_may_be_done_may_be_tried(viewer: Viewer, action: Action, target: Target) -> None:
    if may_do(viewer, action, target):
        assert may_try(viewer, action)
        require(viewer, action, target)
    else:
        with pytest.raises(Forbidden):
            require(viewer, action, target)


@given(viewer=some_viewers, action=actions, target=targets)
def test_two_roles_together_may_no_more_than_each_alone(
    viewer: Viewer, action: Action, target: Target
) -> None:
    alone = [Viewer("v", JURISDICTION, (grant,), 1) for grant in viewer.grants]
    assert may_do(viewer, action, target) is any(may_do(one, action, target) for one in alone)
    assert may_try(viewer, action) is any(may_try(one, action) for one in alone)


@given(grant=grants, action=actions, target=targets)
def test_a_narrower_scope_never_reaches_further(grant: Grant, action: Action, target: Target) -> None:
    wide = Viewer("v", JURISDICTION, (grant,), 1)
    for scope in SCOPES[SCOPE_KINDS[grant.role]]:
        narrow = Grant(grant.role, scope)
        is_below = _reaches(grant, Target(region=scope or None, institutions=_line(scope))) if scope in (
            *REGIONS, *(line[-1] for line in LINES if line)
        ) else False  # fmt: skip
        if is_below and may_do(Viewer("v", JURISDICTION, (narrow,), 1), action, target):
            assert may_do(wide, action, target)


def _line(code: str) -> tuple[str, ...]:
    return next((line for line in LINES if line and line[-1] == code), ())


@given(viewer=some_viewers, action=actions)
def test_acting_keeps_the_roles_that_have_the_action_and_no_other(viewer: Viewer, action: Action) -> None:
    kept = acting(viewer, action)
    assert set(kept.grants) == {grant for grant in viewer.grants if grant.role in ROLES[action]}
    assert (kept.person, kept.jurisdiction) == (viewer.person, viewer.jurisdiction)
    assert acting(local_operator(JURISDICTION), action).is_operator


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ADMINISTRATOR])
def test_auditor_and_administrator_change_no_case(role: Role) -> None:
    accounts = {Action.MANAGE_ACCOUNTS, Action.MANAGE_DELIVERIES, Action.INVITE_PEOPLE}
    viewer = Viewer("v", JURISDICTION, (Grant(role),), 1)
    tried = {action for action in ROLES if may_try(viewer, action)}
    assert tried <= (READS if role is Role.AUDITOR else accounts)


def test_the_auditor_passes_the_door_of_no_route_that_changes_anything_but_what_is_its_own() -> None:
    viewer = Viewer("v", JURISDICTION, (Grant(Role.AUDITOR),), 1)
    passed = {
        f"{method} {route.path}"
        for route in _routes(create_app(Settings()).routes)
        for method in route.methods or ()
        if method not in {"GET", "HEAD"}
        and not (route.openapi_extra or {}).get("x-reads-only")
        and (action := Action((route.openapi_extra or {})["x-action"])) not in ANYBODY | OWN
        and may_try(viewer, action)
    }
    assert passed == set()


def _routes(routes: object) -> list[APIRoute]:
    found: list[APIRoute] = []
    for route in routes:  # type: ignore[attr-defined] # a list of routes, or of routers that hold some
        inner = getattr(route, "original_router", None)
        found += [route] if isinstance(route, APIRoute) else _routes(inner.routes) if inner else []
    return found


def test_what_is_of_the_whole_is_nobodys_who_answers_for_a_part() -> None:
    parts = [Grant(Role.COORDINATOR, region) for region in REGIONS if region != JURISDICTION]
    for one, other in combinations(parts, 2):
        viewer = Viewer("v", JURISDICTION, (one, other), 1)
        assert not any(may_try(viewer, action) for action in OF_THE_WHOLE)


def test_the_operator_may_everything_and_a_stranger_signs_in() -> None:
    everywhere = Target(region="110000")
    assert all(may_do(local_operator(JURISDICTION), action, everywhere) for action in Action)
    assert {action for action in Action if may_try(anonymous(JURISDICTION), action)} == ANYBODY
    signed_in = Viewer("v", JURISDICTION, (), 1)
    assert {action for action in Action if may_try(signed_in, action)} == ANYBODY | EVERYBODY
