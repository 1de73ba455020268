"""Where an answer leads: OpenAPI 3.1 `links` from each resource that is made, shown or listed to what can be done with it.

One table says by which members of an answer a resource is found again. From it follow, for every answer
that holds the resource, the links to all operations at and below its address, and the `ETag` that a change
of it sends back as `If-Match`.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from fastapi import FastAPI

_SAME: Final = "^"
"""This value is the one in the address that was asked."""

RESOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "/auth/sessions/{}": ("id",),
    "/api-keys/{}": ("id",),
    "/people/{}": ("id",),
    "/invitations/{}": ("id",),
    "/registrations/{}": ("id",),
    "/policies/{}": ("code",),
    "/policies/{}/clauses/{}": ("pack", "number"),
    "/policies/adoptions/{}": ("id",),
    "/institutions/{}": ("code",),
    "/chains/{}": ("code",),
    "/chains/{}/plan": (_SAME,),
    "/chains/{}/plans/{}": (_SAME, "version"),
    "/chains/{}/plan-drafts/{}": (_SAME, "number"),
    "/chains/{}/plan-drafts/{}/comparisons/{}": (_SAME, _SAME, "number"),
    "/chains/{}/plan-drafts/{}/comparisons/{}/allocation": (_SAME, _SAME, _SAME),
    "/chains/{}/managers/{}/{}": (_SAME, "role", "since"),
    "/chains/{}/posts/{}": (_SAME, "id"),
    "/chains/{}/places/{}": (_SAME, "id"),
    "/memberships/{}": ("id",),
    "/membership-objections/{}": ("id",),
    "/membership-questions/{}": ("id",),
    "/membership-runs/{}": ("id",),
    "/products/{}": ("code",),
    "/products/{}/revisions/{}": ("code", "revision"),
    "/library/editions/{}": ("code",),
    "/library/observations/{}": ("quarter",),
    "/library/calls/{}": ("quarter",),
    "/awards/{}": ("year",),
    "/awards/{}/nominations/{}": (_SAME, "id"),
    "/awards/{}/ballot": (_SAME,),
    "/awards/{}/appeals/{}": (_SAME, "id"),
    "/enterprises/{}": ("uscc",),
    "/enterprises/{}/contact": (_SAME,),
    "/projects/{}": ("code",),
    "/needs/{}": ("code",),
    "/needs/{}/consents/{}": (_SAME, "id"),
    "/whitelist/editions/{}": ("code",),
    "/whitelist/entries/{}": ("code",),
    "/whitelist/entries/{}/handler": (_SAME,),
    "/whitelist/entries/{}/docking-events/{}": (_SAME, "sequence"),
    "/whitelist/imports/{}": ("id",),
    "/whitelist/reviews/{}": ("id",),
    "/matches/runs/{}": ("id",),
    "/allocations/{}": ("id",),
    "/cards/{}": ("card",),
    "/notices/{}": ("id",),
    "/notices/deliveries/{}": ("id",),
    "/notice-settings": (),
    "/webhooks/{}": ("id",),
    "/coordination/cases/{}": ("code",),
    "/core-lists/{}": ("uscc",),
    "/core-lists/{}/rows/{}": (_SAME, "id"),
    "/core-lists/{}/runs/{}": (_SAME, "number"),
    "/listings/{}": ("id",),
    "/events/years/{}": ("year",),
    "/events/{}": ("code",),
    "/events/{}/guests/{}": (_SAME, "id"),
    "/selection/rounds/{}": ("code",),
    "/selection/rounds/{}/participants/{}": (_SAME, "code"),
    "/selection/rounds/{}/participants/{}/list": (_SAME, _SAME),
    "/selection/rounds/{}/objections/{}": (_SAME, "number"),
    "/coverage/{}": ("month",),
    "/jobs/{}": ("code",),
}
"""Address of a resource → the member of its JSON for each value of the address."""

ELSEWHERE: Final[Mapping[str, tuple[str, ...]]] = {
    "/jobs/{}": ("202 JobOut",),
    "/notices/deliveries/{}": ("202 DeliveryOut",),
    "/coverage/{}": ("201 ClosedOut",),
}
"""Answers that hold a resource although they are asked at another address: status and schema."""

WITHOUT_VERSION: Final = frozenset({"POST /registrations"})
"""They answer without an `ETag`: who registers a firm does not decide on it."""

NEXT: Final[Mapping[str, tuple[tuple[str, Mapping[str, str]], ...]]] = {
    "/chains/{}": (("POST /events", {"chain": "code"}),),
    "/institutions/{}": (("POST /products", {"institution": "code"}),),
    "/enterprises/{}": (("POST /projects", {"uscc": "uscc"}), ("POST /needs", {"uscc": "uscc"})),
    "/projects/{}": (("POST /needs", {"uscc": "uscc"}),),
    "/needs/{}": (("POST /whitelist/entries", {"need": "code"}),),
    "/whitelist/editions/{}": (
        ("POST /whitelist/entries", {"edition": "code"}),
        ("POST /matches/runs", {"edition": "code"}),
        ("POST /allocations", {"edition": "code"}),
    ),
    "/whitelist/entries/{}": (("POST /coordination/cases", {"entry": "code"}),),
}
"""What is made of a resource next: the operation, and for members of what it is sent the resource's own."""

_VALUE = re.compile(r"\{[^}]+\}")
_ETAG: Final = {
    "required": True, "schema": {"type": "string"}, "description": "Version; a change sends it as `If-Match`."
}  # fmt: skip


@dataclass(frozen=True)
class _Operation:
    method: str
    path: str
    shape: str
    described: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.method} {self.shape}"

    @property
    def values(self) -> list[str]:
        """Names of the values in the address, in order."""
        return [found[1:-1] for found in _VALUE.findall(self.path)]

    @property
    def takes_version(self) -> bool:
        return any(one["name"] == "If-Match" for one in self.described.get("parameters", ()))


_Answer = tuple[_Operation, str, str]


def describe_links(app: FastAPI, prefix: str) -> None:
    """Have an application's description say where its answers lead; addresses stand below `prefix`."""
    describe = app.openapi

    @cache  # routes do not change once it was asked for, and all who complete it take half a second
    def openapi() -> dict[str, Any]:
        document = describe()
        add_links(document, prefix)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def add_links(document: dict[str, Any], prefix: str) -> None:
    """Add links, and the header that they read, to the answers of an OpenAPI document; again, it changes nothing."""
    operations = [
        _Operation(method.upper(), path, _VALUE.sub("{}", path.removeprefix(prefix)), described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]
    by_name = {one.name: one for one in operations}
    below: dict[str, list[_Operation]] = defaultdict(list)
    for one in operations:
        below[_belongs_to(one.shape)].append(one)
    answers = [answer for one in operations for answer in _answers_of(one)]
    for resource, members in RESOURCES.items():
        targets = below[resource]
        is_versioned = any(one.takes_version for one in targets)
        for source, status, pointer in _holding(resource, answers):
            # Several operations may share the description of an answer: each gets its own.
            answer = dict(source.described["responses"][status])
            source.described["responses"][status] = answer
            links = answer["links"] = dict(answer.get("links", {}))
            shows_version = is_versioned and not pointer and source.name not in WITHOUT_VERSION
            if shows_version:
                answer["headers"] = answer.get("headers", {}) | {"ETag": _ETAG}
            found = [_expression(member, place, source, pointer) for place, member in enumerate(members)]
            for target in targets:
                links[_id(target)] = _link(target, found, with_version=shows_version)
            for name, sent in NEXT.get(resource, ()):
                if name in by_name:
                    links[_id(by_name[name])] = _next(by_name[name], sent, pointer)


def _belongs_to(shape: str) -> str:
    """Answer the most special resource at or below whose address an operation stands, with all its values."""
    above = [
        one
        for one in RESOURCES
        if (shape == one or shape.startswith((f"{one}/", f"{one}."))) and shape.count("{}") == one.count("{}")
    ]
    return max(above, key=len, default="")


def _answers_of(operation: _Operation) -> Iterator[_Answer]:
    """Answer the statuses of an operation's answers that are JSON of a named schema, with its name."""
    for status, answer in operation.described["responses"].items():
        schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
        if "$ref" in schema:
            yield operation, status, schema["$ref"].rpartition("/")[2]


def _holding(resource: str, answers: list[_Answer]) -> Iterator[_Answer]:
    """Answer the operations, and the statuses of their answers, that hold a resource, and below which member of the JSON."""
    collection = re.sub(r"(/\{\})+$", "", resource)
    elsewhere = ELSEWHERE.get(resource, ())
    for one, status, schema in answers:
        if f"{status} {schema}" in elsewhere:
            yield one, status, ""
        elif status not in {"200", "201"}:
            continue
        elif one.shape == resource:
            yield one, status, ""
        elif one.shape == collection and one.method == "GET" and "Page" in schema:
            yield one, status, "/items/0"
        elif one.shape == collection and one.method == "POST":
            yield one, status, ""


def _expression(member: str, place: int, source: _Operation, pointer: str) -> str:
    if member == _SAME:
        return f"$request.path.{source.values[place]}"
    return f"$response.body#{pointer}/{member}"


def _id(operation: _Operation) -> str:
    found: str = operation.described["operationId"]
    return found


def _link(target: _Operation, found: list[str], *, with_version: bool) -> dict[str, Any]:
    parameters = {f"path.{name}": value for name, value in zip(target.values, found, strict=True)}
    if with_version and target.takes_version:
        parameters["header.If-Match"] = "$response.header.ETag"
    return {"operationId": _id(target), "parameters": parameters}


def _next(target: _Operation, sent: Mapping[str, str], pointer: str) -> dict[str, Any]:
    return {
        "operationId": _id(target),
        "requestBody": {name: f"$response.body#{pointer}/{member}" for name, member in sent.items()},
        "description": "These members of what is sent are known already; the sender adds the others.",
    }
