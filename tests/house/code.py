"""The application's own code, parsed and walked once a worker for all tests that read it (tests/scheduling.py)."""

import ast
import gc
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from app.kernel.settings import PROJECT_ROOT

APP = PROJECT_ROOT / "app"
Node = TypeVar("Node", bound=ast.AST)


@dataclass(frozen=True)
class Module:
    """One file: what is written in it, and its nodes by kind."""

    path: Path
    text: str
    tree: ast.Module
    kinds: Mapping[type[ast.AST], list[ast.AST]]

    @property
    def name(self) -> str:
        """The file's place in the project."""
        return self.path.relative_to(PROJECT_ROOT).as_posix()

    def all(self, kind: type[Node]) -> list[Node]:
        """Answer all nodes of a kind."""
        return self.kinds.get(kind, [])  # type: ignore[return-value]  # each kind holds its own

    @property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """All functions."""
        return [*self.all(ast.FunctionDef), *self.all(ast.AsyncFunctionDef)]

    @property
    def assignments(self) -> list[ast.Assign | ast.AnnAssign]:
        """All assignments, the annotated ones too."""
        return [*self.all(ast.Assign), *self.all(ast.AnnAssign)]


@cache
def modules() -> tuple[Module, ...]:
    """Answer all modules of the application."""
    found = tuple(_module(path) for path in sorted(APP.rglob("*.py")))
    gc.freeze()  # they stay, and are half a million
    return found


def _module(path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    tree, kinds = ast.parse(text), dict[type[ast.AST], list[ast.AST]]()
    waiting: list[ast.AST] = [tree]
    for node in waiting:
        kinds.setdefault(type(node), []).append(node)
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                waiting += [one for one in value if isinstance(one, ast.AST)]
            elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
                waiting.append(value)
    return Module(path, text, tree, kinds)
