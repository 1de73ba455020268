"""Habits of the house that a reader may rely on, held by reading the source."""

import ast
from collections.abc import Iterator

from tests.house.code import APP, Module, modules

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


def _calls(module: Module, *ends: str) -> bool:
    """Tell whether anything is called whose name ends so."""
    attributes = {end.rpartition(".")[2] for end in ends}
    return any(
        isinstance(call.func, ast.Attribute)
        and call.func.attr in attributes
        and ast.unparse(call.func).endswith(ends)
        for call in module.all(ast.Call)
    )


def _names(module: Module) -> Iterator[str]:
    """Answer all names that are imported or read, of members with what they are members of."""
    yield from (one.name for one in module.all(ast.alias))
    yield from (one.id for one in module.all(ast.Name))
    yield from (
        f"{one.value.id}.{one.attr}" for one in module.all(ast.Attribute) if isinstance(one.value, ast.Name)
    )
    for one in module.all(ast.ImportFrom):
        yield from (f"{one.module}.{name.name}" for name in one.names)


def test_only_the_kernels_database_commits() -> None:
    commits = {module.name for module in modules() if _calls(module, ".commit")}
    assert commits == {"app/kernel/database.py"}


def test_only_the_kernels_clock_reads_the_clock() -> None:
    clocks = (".now", ".today", ".utcnow", "time.time", "time.monotonic")
    readers = {module.name for module in modules() if _calls(module, *clocks)}
    assert readers == {"app/kernel/clock.py"}


def test_only_the_kernels_settings_read_the_environment() -> None:
    words = {"os.environ", "os.getenv", "BaseSettings"}
    readers = {module.name for module in modules() if words.intersection(_names(module))}
    assert readers == {"app/kernel/settings.py"}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [module.name for module in modules() if module.path.stem in FORBIDDEN_NAMES] == []


def test_no_file_and_no_function_is_too_long_to_read() -> None:
    files = [module.name for module in modules() if len(module.text.splitlines()) > MOST_LINES]
    functions = [
        f"{module.name}:{node.lineno} {node.name}"
        for module in modules()
        for node in module.functions
        if (node.end_lineno or 0) - node.lineno >= MOST_FUNCTION_LINES
    ]
    assert (files, functions) == ([], [])


def test_every_package_is_a_room_of_the_house() -> None:
    packages = {one.path.parent.name for one in modules() if one.path.parent.parent == APP}
    assert packages <= ROOMS
