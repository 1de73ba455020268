"""Habits of the house that a reader may rely on, held by reading the source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.kernel.settings import PROJECT_ROOT

SOURCES = sorted((PROJECT_ROOT / "app").rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "misc"}
ROOMS = frozenset(
    [
        "kernel",
        "jobs",
        "operations",
        "reference",
        "accounts",
        "policy",
        "institutions",
        "chains",
        "plans",
        "catalogue",
        "enterprises",
        "membership",
        "whitelist",
        "matching",
        "bottlenecks",
        "allocation",
        "awards",
        "notifications",
        "coordination",
        "core_lists",
        "bulletins",
        "booklet",
        "rounds",
        "selection",
        "events",
        "upkeep",
        "docking",
        "coverage",
        "visibility",
        "desks",
        "cli",
    ]
)
MOST_LINES = 400
MOST_FUNCTION_LINES = 60


def _name(path: Path) -> str:
    return path.relative_to(PROJECT_ROOT).as_posix()


def _attribute_calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func)


@pytest.fixture(scope="module")
def trees() -> dict[str, ast.Module]:
    return {_name(path): ast.parse(path.read_text()) for path in SOURCES}


def test_only_the_kernels_database_commits(trees: dict[str, ast.Module]) -> None:
    commits = {
        name
        for name, tree in trees.items()
        if any(call.endswith(".commit") for call in _attribute_calls(tree))
    }
    assert commits == {"app/kernel/database.py"}


def test_only_the_kernels_clock_reads_the_clock(trees: dict[str, ast.Module]) -> None:
    clocks = (".now", ".today", ".utcnow", "time.time", "time.monotonic")
    readers = {
        name for name, tree in trees.items() if any(call.endswith(clocks) for call in _attribute_calls(tree))
    }
    assert readers == {"app/kernel/clock.py"}


def test_only_the_kernels_settings_read_the_environment(trees: dict[str, ast.Module]) -> None:
    words = ("os.environ", "os.getenv", "BaseSettings")
    readers = {name for name, tree in trees.items() if any(word in ast.unparse(tree) for word in words)}
    assert readers == {"app/kernel/settings.py"}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [_name(path) for path in SOURCES if path.stem in FORBIDDEN_NAMES] == []


def test_no_file_and_no_function_is_too_long_to_read(trees: dict[str, ast.Module]) -> None:
    files = [_name(path) for path in SOURCES if len(path.read_text().splitlines()) > MOST_LINES]
    functions = [
        f"{name}:{node.lineno} {node.name}"
        for name, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MOST_FUNCTION_LINES
    ]
    assert (files, functions) == ([], [])


def test_every_package_is_a_room_of_the_house() -> None:
    packages = {path.parent.name for path in SOURCES if path.parent.parent.name == "app"}
    assert packages <= ROOMS
