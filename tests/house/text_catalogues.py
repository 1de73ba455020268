"""Brings the catalogues up to what the pages say: `python -m tests.house.text_catalogues [catalogue…]` (`make texts`).

Texts are what templates pass through `_`, `gettext` or `trans`, what code says as `Text(...)`, and the names that rooms
have for their kinds: module constants called `…_LABELS`, `…_NAMES` or `…_TITLES`. Each desk has its catalogue; what
desks share is in `shell`, the rooms' names are in `words`. What is there is kept; what is not said any more goes.
The declared facts (app/policy/facts.py) and the words of their values are names too.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from jinja2.ext import babel_extract

from app.desks.pages import TEMPLATES
from app.desks.texts import CATALOGUES, ENGLISH, read_catalogue
from tests.house.code import Module, modules

DESKS: Final = TEMPLATES.parent
SHELL, WORDS = "shell", "words"
CJK: Final = re.compile(r"[\u3400-\u9fff\uff00-\uffef\u3000-\u303f]")
_NAMED: Final = re.compile(
    r"_(LABELS|NAMES|TITLES)$|^(SOURCE_CLASSES|SIZE_CLASSES|CHAIN_ROLES|QUALIFICATIONS|PURPOSES|COLLATERAL|SECURITY"
    r"|MISSING_ELEMENTS|OWNERSHIPS|FORMS|RATE_BASES|POLICY_TOOLS|EXCLUSIONS|PARTS)$"
)
_CALLS: Final = ("_", "gettext", "ngettext")
_OPTIONS: Final = {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}
_HEADER: Final = "# What the pages say in English; `make texts` brings it up to what they say in Chinese."


def names() -> set[str]:
    """Answer the names of the catalogues there are."""
    templates = (path.relative_to(TEMPLATES) for path in TEMPLATES.rglob("*.html"))
    return {WORDS, *map(_desk, templates), *(_desk(path.relative_to(DESKS)) for path in DESKS.rglob("*.py"))}


@cache
def texts() -> Mapping[str, set[str]]:
    """Answer all texts by catalogue."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(TEMPLATES.rglob("*.html")):
        found[_desk(path.relative_to(TEMPLATES))] |= set(_of_template(path))
    for module in modules():
        if module.path.is_relative_to(DESKS):
            found[_desk(module.path.relative_to(DESKS))] |= set(_said(module))
        found[WORDS] |= set(_names(module))
    for shared in (SHELL, WORDS):
        for catalogue in found.keys() - {shared, SHELL}:
            found[catalogue] -= found[shared]
    return found


def _desk(path: Path) -> str:
    return path.parts[0] if len(path.parts) > 1 else SHELL


def _of_template(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        for _line, _function, message, _comments in babel_extract(file, _CALLS, [], _OPTIONS):
            yield from [message] if isinstance(message, str) else [one for one in message or () if one]


def _said(module: Module) -> Iterator[str]:
    for node in module.all(ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id == "Text" and node.args:
            text = node.args[0]
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield text.value


def _names(module: Module) -> Iterator[str]:
    for node in module.tree.body:
        target: ast.expr | None = node.target if isinstance(node, ast.AnnAssign) else None
        if isinstance(node, ast.Assign):
            [target] = node.targets[:1]
        if isinstance(target, ast.Name) and _NAMED.search(target.id):
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str) and CJK.search(part.value):
                    yield part.value
    for call in module.all(ast.Call):
        if isinstance(call.func, ast.Name) and call.func.id == "Fact":
            yield from (str(one.value) for one in call.args[1:2] if isinstance(one, ast.Constant))
            yield from (
                str(one.value)
                for word in call.keywords
                if word.arg in {"unit", "values"}
                for one in ast.walk(word.value)
                if isinstance(one, ast.Constant) and CJK.search(str(one.value))
            )


def stored(catalogue: str) -> Catalog:
    """Answer a catalogue as it stands; an empty one if there is none yet."""
    path = CATALOGUES / ENGLISH / f"{catalogue}.po"
    return read_catalogue(path) if path.exists() else Catalog(locale=ENGLISH)


def update(*only: str) -> int:
    """Write all catalogues anew, or those named; answer how many of their texts have no English yet."""
    missing, said = 0, texts()
    kept = {str(one.id): str(one.string) for name in said for one in stored(name) if one.id and one.string}
    for name, wanted in said.items():
        if only and name not in only:
            continue
        made = Catalog(locale=ENGLISH, header_comment=_HEADER)
        for text in sorted(wanted):
            made.add(text, kept.get(text, ""), flags=["python-format"] if "%(" in text else [])
            missing += not kept.get(text)
        path = CATALOGUES / ENGLISH / f"{name}.po"
        if not wanted:
            path.unlink(missing_ok=True)
            continue
        with path.open("wb") as file:
            write_po(file, made, width=0, omit_header=True, sort_output=True)
    return missing


if __name__ == "__main__":
    print(f"{update(*sys.argv[1:])} texts have no English yet")  # noqa: T201 - a command
