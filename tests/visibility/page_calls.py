"""How the walk calls every page: what an address names is taken from the world by the name of the part and where it stands.

A page's form is sent empty: whether a row that is not seen answers as one that is not there does not hang on what is
typed, and what forms do is what the JSON routes do, by the same services.
"""

import re
from collections.abc import Mapping
from typing import Final

from tests.visibility.calls import NOTHING, Call

NAMED: Final[Mapping[str, str]] = {
    "adoption": "number", "case": "case", "consent": "consent", "delivery": "number", "event": "event", "grant": "number",
    "guest": "guest", "invitation": "number", "item": "review", "job": "word", "language": "word", "library": "library", "month": "month", "name": "word",
    "listing": "listing", "notice": "notice", "number": "number", "pack": "pack", "person": "number", "registration": "registration",
    "round": "round", "participant": "participant", "run": "number", "draft": "number", "comparison": "number", "version": "number", "sequence": "sequence", "session_id": "word", "slug": "word", "uscc": "uscc", "what": "word", "year": "year",
}  # fmt: skip
"""The pool for a part of an address."""
NAMED_BELOW: Final[Mapping[str, Mapping[str, str]]] = {
    "/memberships/": {"number": "membership"},
    "/memberships/objections/": {"number": "objection"},
    "/memberships/questions/": {"number": "question"},
    "/memberships/runs/": {"number": "number"},
    "/awards/{year}/appeals/": {"number": "appeal"},
    "/awards/{year}/nominations/": {"number": "nomination"},
    "/bank/products/": {"code": "product"},
    "/chain/": {"code": "chain"},
    "/core-lists/": {"uscc": "core", "row": "core_row"},
    "/chain/entries/": {"code": "entry"},
    "/enterprise/needs/": {"code": "need"},
    "/manager/entries/": {"code": "entry"},
    "/products/": {"code": "product"},
    "/roster/entries/": {"code": "entry"},
    "/roster/imports/": {"number": "import"},
}
"""The pool where the same name stands for different things; the longest address counts."""

ASKS: Final[Mapping[str, tuple[Mapping[str, str], ...]]] = {
    "/chain/{code}/memberships": ({}, {"state": "confirmed"}),
    "/roster/moves": ({"state": "all"}, {"edition": "2023H2", "state": "all"}),
    **{path: ({}, {"edition": "2023H2"}) for path in ("/manager", "/manager/cards", "/roster")},
}
"""Filters with which a page is asked for too: without any it shows the newest edition."""


def page_call(method: str, path: str) -> Call:
    """Answer how to call a page.

    Raises:
        KeyError: a part of its address has no pool.
    """
    below = [found for prefix, found in sorted(NAMED_BELOW.items()) if path.startswith(prefix)]
    pools = {**NAMED, **(below[-1] if below else {})}
    named = {name: pools[name] for name in re.findall(r"{(\w+)}", path)}
    return Call(
        named,
        ASKS.get(path, ({},)) if method == "GET" else ({},),
        body=NOTHING if method == "POST" else None,
        is_form=True,
    )
