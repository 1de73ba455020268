"""What is asked of moving many entries, and what an answer comes to. Pure."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from app.accounts.permissions import Action, may_try
from app.accounts.rules import Viewer
from app.allocation.reroute_schemas import RerouteOut
from app.desks.forms import Form
from app.desks.texts import Text
from app.docking.clock import Turn
from app.docking.working_time import Step
from app.institutions.rules import InstitutionNode, InstitutionTree

LATE: Final = "late"
ALL: Final = "all"
NOBODY_CHOSEN: Final = Text("请至少勾选一户。")
NO_INSTITUTION: Final = Text("没有这个机构；请从提示中选择，或输入机构编码。")
SEVERAL_INSTITUTIONS: Final = Text("有几家机构叫这个名字，请输入机构编码。")
OTHERWISE_NOW: Final = Text("您看过之后情况有了变化，没有改派。下面是现在会怎样，请看过后再决定。")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries are looked for, and who shall have them; None is any. `faults` say what is not understood, by field.

    What is no region, chain, step or side of ours is passed over; `shown` are the institutions' fields as people read them.
    """

    edition: str | None
    institution: InstitutionNode | None
    to: InstitutionNode | None
    region: str | None
    chain: str | None
    step: Step | None
    turn: Turn | None
    is_late: bool
    faults: Mapping[str, Text]
    shown: Mapping[str, str]


def asked_by(form: Form, editions: Sequence[str], tree: InstitutionTree) -> Asked:
    """Read what a form or an address asks for; without an edition of ours the newest, without a state what is late."""
    faults: dict[str, Text] = {}
    named: dict[str, InstitutionNode | None] = {}
    for field in ("institution", "to"):
        found = institution_named(tree, form[field])
        named[field] = found if isinstance(found, InstitutionNode) else None
        if isinstance(found, Text):
            faults[field] = found
    region = form["region"]
    return Asked(
        form["edition"] if form["edition"] in editions else next(iter(editions), None),
        named["institution"],
        named["to"],
        region if len(region) == len("230100") and region.isascii() and region.isdecimal() else None,
        form["chain"] if form["chain"].isprintable() and form["chain"] else None,
        next((one for one in Step if one == form["due"]), None),
        next((one for one in Turn if one == form["turn"]), None),
        form["state"] != ALL,
        faults,
        {field: _by_name(tree, node) for field, node in named.items() if node is not None},
    )


def _by_name(tree: InstitutionTree, node: InstitutionNode) -> str:
    return node.name if institution_named(tree, node.name) == node else node.code


def institution_named(tree: InstitutionTree, text: str) -> InstitutionNode | Text | None:
    """Answer the institution of a code or of a whole name, None for no text, else what is wrong with it."""
    if not text:
        return None
    if node := tree.find(text):
        return node
    found = [one for one in tree.nodes.values() if text in {one.name, one.short_name}]
    if len(found) == 1:
        return found[0]
    return SEVERAL_INSTITUTIONS if found else NO_INSTITUTION


def moves(viewer: Viewer, **stated: str | None) -> str:
    """Answer the page that moves entries of a filter, "" for who may move none."""
    if not may_try(viewer, Action.REROUTE_ENTRIES):
        return ""
    return "/roster/moves?" + urlencode({key: value for key, value in stated.items() if value})


def fingerprint(done: RerouteOut) -> str:
    """Answer what tells whether an order still comes to what was seen: who has each entry before and after, and why not."""
    lines = [
        [one.entry, one.is_moved, one.from_body, one.to_body, [] if one.is_moved else one.why]
        for one in done.items
    ]
    return hashlib.sha256(json.dumps(lines, ensure_ascii=False).encode()).hexdigest()


def receivers(done: RerouteOut) -> list[tuple[str, int]]:
    """Answer who gets how many entries, the most first."""
    counts = Counter(one.to_body for one in done.items if one.is_moved)
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))
