"""What the audit trail holds is told in words: every action that a route names or a service notes, and what it was done to."""

import ast
from collections.abc import Iterator
from typing import Final

import pytest

from app.accounts.permissions import Action
from app.accounts.rules import Role
from app.desks.audit.words import ACTIONS, KINDS, roles_said
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
