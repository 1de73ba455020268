"""What a migration may do while the version before serves: it only adds."""

import ast
from collections.abc import Iterator
from pathlib import Path

FIRST_BOUND = "0007"
MAY_ALWAYS = {"batch_alter_table", "f", "get_bind", "get_context", "autocommit_block", "create_table"}


def faults(source: str) -> list[str]:
    """Answer what in `upgrade()` could disturb the version before, or stop it for long."""
    tree = ast.parse(source)
    [upgrade] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "upgrade"]
    new = {_text(call.args[0]) for call in _calls(upgrade) if _name(call) == "create_table"}
    return [
        f"line {call.lineno}: {told}" for call in _calls(upgrade) for told in _faults_of(call, upgrade, new)
    ]


def _calls(function: ast.FunctionDef) -> Iterator[ast.Call]:
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id in {"op", "batch_op"}:
            yield node


def _name(call: ast.Call) -> str:
    assert isinstance(call.func, ast.Attribute)
    return call.func.attr


def _text(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ast.unparse(node)


def _faults_of(call: ast.Call, upgrade: ast.FunctionDef, new: set[str]) -> Iterator[str]:
    name, table = _name(call), _table_of(call, upgrade)
    match name:
        case _ if name in MAY_ALWAYS or (table in new and name.startswith(("create_", "add_"))):
            return
        case "create_index":
            if not _is_true(call, "postgresql_concurrently") or not _is_in_autocommit(call, upgrade):
                yield f"an index on {table}, which is there: writers wait; create it CONCURRENTLY, by itself"
        case "drop_index" if _text(call.args[0]) in _created(upgrade):
            return  # what was begun and not finished, as CONCURRENTLY leaves it behind
        case "add_column":
            column = call.args[-1]
            told = {word.arg: word.value for word in column.keywords} if isinstance(column, ast.Call) else {}
            if _text(told.get("nullable", ast.Constant(True))) == "False" and "server_default" not in told:
                yield f"a column of {table} without null or default: the version before cannot add rows"
        case "execute":
            if not isinstance(call.args[0], ast.Constant) or not _text(call.args[0]).lstrip().startswith(
                "CREATE "
            ):
                yield "a statement that does more than create, or is not written out"
        case _:
            yield f"{name} on {table}: the version before still needs it as it is"


def _created(upgrade: ast.FunctionDef) -> set[str]:
    """Answer the indexes that a migration creates."""
    return {_text(call.args[0]) for call in _calls(upgrade) if _name(call) == "create_index"}


def _table_of(call: ast.Call, upgrade: ast.FunctionDef) -> str:
    assert isinstance(call.func, ast.Attribute)
    assert isinstance(call.func.value, ast.Name)
    if call.func.value.id == "batch_op":
        for node in ast.walk(upgrade):
            if isinstance(node, ast.With) and any(inner is call for inner in ast.walk(node)):
                opened = node.items[0].context_expr
                if isinstance(opened, ast.Call) and _name(opened) == "batch_alter_table":
                    return _text(opened.args[0])
        return "?"
    place = 1 if _name(call) == "create_index" else 0
    return _text(call.args[place]) if len(call.args) > place else "?"


def _is_true(call: ast.Call, option: str) -> bool:
    return any(word.arg == option and _text(word.value) == "True" for word in call.keywords)


def _is_in_autocommit(call: ast.Call, upgrade: ast.FunctionDef) -> bool:
    return any(
        isinstance(node, ast.With)
        and "autocommit_block" in ast.unparse(node.items[0].context_expr)
        and any(inner is call for inner in ast.walk(node))
        for node in ast.walk(upgrade)
    )


def bound(folder: Path) -> list[Path]:
    """Answer the migrations to which the rule applies."""
    return sorted(path for path in folder.glob("*.py") if path.name[:4] >= FIRST_BOUND)
