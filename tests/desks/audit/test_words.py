"""What the audit trail holds is told in words: every action that a route names or a service notes, and what it was done to."""

import ast
from collections.abc import Iterator
from typing import Final

import pytest
from fastapi.routing import APIRoute

from app.accounts.permissions import Action
from app.accounts.rules import Role
from app.desks.audit.words import ACTIONS, KINDS, action_said, roles_said
from app.main import PAGES, ROUTERS
from tests.house.code import modules

NOTE: Final = "note"
UNRECORDED: Final = {Action.PROBE.value}
"""A load balancer's question is no event."""


def noted(position: int) -> Iterator[str]:
    """Answer what the services' calls of `note` say at a place, where it is written out."""
    for module in modules():
        for call in module.all(ast.Call):
            if len(call.args) > position and ast.unparse(call.func).rpartition(".")[2] == NOTE:
                said = call.args[position]
                yield from [str(said.value)] if isinstance(said, ast.Constant) else []


def test_every_action_has_a_name() -> None:
    recorded = {one.value for one in Action} - UNRECORDED | set(noted(1))
    assert sorted(recorded - ACTIONS.keys()) == []


def test_what_was_only_looked_at_is_told_as_a_look() -> None:
    routes = [one for router in (*ROUTERS, *PAGES) for one in router.routes if isinstance(one, APIRoute)]
    marks = [one.openapi_extra or {} for one in routes if "GET" in (one.methods or ())]
    looked_at = {one["x-action"] for one in marks if one.get("x-recorded")}
    assert "manage_chains" in looked_at, "a chain's page"
    said = {one: action_said(one, {"method": "GET"}, str) for one in looked_at}
    assert {one: name for one, name in said.items() if not name.startswith("查看")} == {}


def test_what_was_changed_is_told_as_a_change() -> None:
    assert action_said("manage_chains", {"method": "PUT"}, str) == "管理产业链"
    assert action_said("publish_plan", {}, str) == "发布一链一策"
    assert action_said("conjure", {}, str) == "conjure"


def test_everything_that_services_note_something_about_has_a_name() -> None:
    kinds = set(noted(2))
    assert "product" in kinds, "the calls are still found"
    assert sorted(kinds - KINDS.keys()) == []


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("auditor:", "审计"),
        ("coordinator:230000", "统筹部门 230000"),
        ("bank_administrator:SJYH relationship_manager:SJYH-HRB", "银行管理员 SJYH、客户经理 SJYH-HRB"),
        ("", "—"),
        ("conjurer:1", "conjurer 1"),
    ],
)
def test_roles_are_told_as_people_call_them(kept: str, told: str) -> None:
    assert roles_said(kept, str) == told


def test_no_role_lacks_its_name() -> None:
    assert all(roles_said(f"{role.value}:", str) != role.value for role in Role)
