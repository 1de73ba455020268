"""Brings the Chinese of refusals up to what services say: `python -m tests.house.refusal_catalogue` (`make texts`).

Services refuse in English, for whoever calls the API; pages say it in Chinese (app/desks/refusals.py). What is said
is found in the code itself: details of errors, messages and remedies of faults, and what checks answer. Blanks of
f-strings are numbered: `There is no person {0}.`
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from pydantic_core import _pydantic_core

from app.desks.refusals import REFUSALS
from app.desks.texts import CHINESE, read_catalogue
from tests.house.code import APP, Module, modules
from tests.house.text_catalogues import CJK

UNSEEN: Final[Mapping[str, str]] = {
    "accounts/api_keys.py": "keys are managed by the API",
    "accounts/audit_api.py": "the API alone",
    "accounts/auth_api.py": "tokens are for the API",
    "accounts/rights_service.py": "said on the command line",
    "accounts/audit.py": "checks an exported trail at the machine",
    "accounts/key_ring.py": "said when the service starts",
    "accounts/oidc_": "said in the log; the page says that single sign-on did not work",
    "accounts/start_": "said when the service starts",
    "allocation/archive.py": "a programming error, never shown",
    "allocation/plan_difference.py": "a programming error, never shown",
    "allocation/planning.py": "a programming error, never shown",
    "bottlenecks/rules.py": "a programming error, never shown",
    "catalogue/rules.py": "read from library files at the machine, or by the API",
    "chains/importing.py": "read from chain files at the machine",
    "cli/": "said on the command line",
    "coverage/canonical.py": "checks exported facts at the machine",
    "coverage/targets.py": "codes of states, no sentences",
    "coverage/standalone_verifier.py": "checks exported facts at the machine",
    "docking/guarantees.py": "a programming error, never shown",
    "enterprises/disclosure_service.py": "a programming error, never shown",
    "jobs/": "said to programs that asked for an answer later",
    "kernel/database.py": "a programming error, never shown",
    "kernel/direct.py": "a programming error, never shown",
    "kernel/envelope.py": "said in the log",
    "kernel/files.py": "said on the command line",
    "kernel/sight.py": "a programming error, never shown",
    "kernel/wire.py": "said before any page can be made",
    "matching/batch.py": "said at the machine that runs a cluster",
    "matching/cluster": "said by workers of a cluster",
    "matching/partitions.py": "said by workers of a cluster",
    "matching/scoring.py": "a programming error, never shown",
    "notifications/addresses.py": "webhooks are managed by the API",
    "notifications/webhook_service.py": "webhooks are managed by the API",
    "notifications/rules.py": "a programming error, never shown",
    "operations/": "said to probes and on start",
    "policy/agreement.py": "read from policy packs at the machine",
    "policy/amounts.py": "read from policy packs at the machine",
    "policy/code_checks.py": "read from policy packs at the machine",
    "policy/criteria": "read from policy packs at the machine",
    "policy/packs": "read from policy packs at the machine",
    "policy/pack_": "read from policy packs at the machine",
    "policy/parameter_types.py": "read from policy packs at the machine",
    "policy/parsing.py": "read from policy packs at the machine",
    "policy/yaml_": "read from files at the machine",
    "policy/loading": "read from policy packs at the machine",
    "reference/industries.py": "read from reference files at the machine",
    "reference/source_files.py": "read from reference files at the machine",
    "reference/working_days.py": "a programming error, never shown",
    "upkeep/": "said on the command line",
    "whitelist/name_": "a programming error, never shown",
}
"""Modules (paths, or how they begin) whose English reaches no page, each with the reason."""
SAID: Final = frozenset(
    {"message", "remedy", "msg", "said", "since", "detail", "hint", "known", "missing", "refusal", "trouble"}
)
"""Names of variables in which a message waits to be said."""
CONSTANTS: Final = re.compile(r"_REMEDY$|^REMEDIES$|^MESSAGES$|^NOT_[A-Z]+$|^SAY_")
ANSWERING: Final = frozenset(
    {"hint", "_strange", "_malformed", "_http_error", "_fault_of", "unexpected", "too_large"}
)
"""Functions that answer a message."""
MADE_WITH: Final[Mapping[str, int]] = {"UsccResult": 2, "BadCell": 0, "problem_response": 4}
"""What is made with a message, and its place."""
OF_PYDANTIC: Final = (
    "missing", "extra_forbidden", "string_too_short", "string_too_long", "string_pattern_mismatch", "string_type",
    "int_parsing", "int_type", "int_from_float", "bool_parsing", "bool_type", "enum", "literal_error",
    "greater_than", "greater_than_equal", "less_than", "less_than_equal", "too_short", "too_long",
    "date_parsing", "date_from_datetime_parsing", "date_type", "decimal_parsing", "decimal_max_places",
    "list_type", "finite_number", "none_required", "model_attributes_type",
)  # fmt: skip
_BLANK: Final = re.compile(r"\{\w+\}")
_HEADER: Final = "# What services say in English when they refuse, as pages say it in Chinese."


def refusals() -> Mapping[str, str]:
    """Answer what services say, each with the module that says it first."""
    errors, found = _errors(), dict[str, str]()
    for module in modules():
        name = str(module.path.relative_to(APP))
        if any(name.startswith(unseen) for unseen in UNSEEN):
            continue
        for text in _said(module, errors):
            if is_english(text):
                found.setdefault(text, name)
    for error in _pydantic_core.list_all_errors():
        if error["type"] in OF_PYDANTIC:
            found.setdefault(_numbered(error["message_template_python"]), "pydantic")
    return found


def in_chinese_already(room: str) -> list[str]:
    """Answer what a room (a package) says in Chinese when it refuses, and should leave to the catalogue."""
    errors = _errors()
    return [
        text
        for module in modules()
        if module.path.is_relative_to(APP / room)
        for text in _said(module, errors)
        if CJK.search(text) and not is_english(text)
    ]


def is_english(text: str) -> bool:
    """Tell whether a message is English that says something: blanks and codes alone need no Chinese."""
    words = re.findall(r"[A-Za-z]{2,}", _BLANK.sub("", text))
    is_code = text.startswith("<") or re.fullmatch(r"[a-z]+(_[a-z]+)+", text)
    return not is_code and sum(map(len, words)) > 2 * len(CJK.findall(text))


@cache
def _errors() -> frozenset[str]:
    bases: dict[str, set[str]] = defaultdict(set)
    for module in modules():
        for node in module.all(ast.ClassDef):
            bases[node.name] |= {_name(base) for base in node.bases}
    found = {"RongqiaoError"}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return frozenset(found)


def _said(module: Module, errors: frozenset[str]) -> Iterator[str]:
    for call in module.all(ast.Call):
        yield from _of_call(call, errors)
    for node in module.assignments:
        if node.value is None:
            continue
        [target] = node.targets[:1] if isinstance(node, ast.Assign) else [node.target]
        if (isinstance(target, ast.Name) and (target.id in SAID or CONSTANTS.search(target.id))) or (
            isinstance(target, ast.Tuple) and {_name(one) for one in target.elts} & SAID
        ):
            yield from _texts(node.value)
    for function in module.functions:
        if function.name in ANSWERING:
            for part in ast.walk(function):
                if isinstance(part, ast.Return) and part.value is not None:
                    yield from _texts(part.value)


def _of_call(node: ast.Call, errors: frozenset[str]) -> Iterator[str]:
    name, stated = _name(node.func), {one.arg: one.value for one in node.keywords}
    given: list[ast.expr | None] = []
    if name in errors:
        given = [node.args[0] if node.args else stated.get("detail")]
    elif name == "Fault":
        given = [*node.args[1:3], stated.get("message"), stated.get("remedy")]
    elif name == "ValueError":
        given = list(node.args[:1])
    elif name in MADE_WITH and len(node.args) > MADE_WITH[name]:
        given = [node.args[MADE_WITH[name]]]
    for one in given:
        if one is not None:
            yield from _texts(one)


def _texts(node: ast.expr) -> Iterator[str]:
    """Answer the texts that an expression may be."""
    match node:
        case ast.Constant(value=str(text)):
            yield _numbered(text.replace("{", "(").replace("}", ")"))
        case ast.JoinedStr(values=parts):
            yield _numbered(
                "".join(str(one.value) if isinstance(one, ast.Constant) else "{x}" for one in parts)
            )
        case ast.IfExp(body=one, orelse=other):
            yield from _texts(one)
            yield from _texts(other)
        case ast.Tuple(elts=parts):
            for part in parts:
                yield from _texts(part)
        case ast.Dict(values=parts):
            for part in parts:
                yield from _texts(part)


def _numbered(text: str) -> str:
    numbers = count()
    return _BLANK.sub(lambda _found: f"{{{next(numbers)}}}", text)


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def stored() -> Catalog:
    """Answer the catalogue as it stands; an empty one if there is none yet."""
    return read_catalogue(REFUSALS) if REFUSALS.exists() else Catalog(locale=CHINESE)


def update() -> int:
    """Write the catalogue anew; answer how many refusals have no Chinese yet."""
    kept = {str(one.id): str(one.string) for one in stored() if one.id and one.string}
    made = Catalog(locale=CHINESE, header_comment=_HEADER)
    wanted = refusals()
    for text in sorted(wanted):
        made.add(text, kept.get(text, ""), auto_comments=[wanted[text]])
    REFUSALS.parent.mkdir(exist_ok=True)
    with REFUSALS.open("wb") as file:
        write_po(file, made, width=0, omit_header=True, sort_output=True)
    return len(wanted.keys() - kept.keys())


if __name__ == "__main__":
    print(f"{update()} refusals have no Chinese yet")  # noqa: T201 - a command
