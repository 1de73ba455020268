"""Links of the API's description: each leads somewhere, with every value of the address, by members that are there."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi import FastAPI

from app.kernel import links
from app.kernel.links import ELSEWHERE, NEXT, RESOURCES, add_links
from app.main import API_PREFIX
from tests.apps import create_app

DOCUMENT = create_app().openapi()
OPERATIONS = {
    one["operationId"]: (f"{method.upper()} {path.removeprefix(API_PREFIX)}", path, one)
    for path, methods in DOCUMENT["paths"].items()
    for method, one in methods.items()
}
WITHOUT_ADDRESS = {
    "POST /auth/second-factor",
    "POST /awards/{year}/jurors",
    "POST /invitations/accept",
    "POST /people/{person}/grants",
    "POST /coordination/cases/{case}/comments",
}
"""They make what stands within something else, and is read there."""


def _links() -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    for name, _path, one in OPERATIONS.values():
        for answer in one["responses"].values():
            for link in answer.get("links", {}).values():
                yield name, answer, link


def _schema(reference: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = DOCUMENT["components"]["schemas"][reference["$ref"].rpartition("/")[2]]
    return found


def test_every_link_leads_to_an_operation_with_all_values_of_its_address() -> None:
    links = list(_links())
    assert len(links) > 250
    for name, _answer, link in links:
        target, path, _one = OPERATIONS[link["operationId"]]
        given = {key.removeprefix("path.") for key in link.get("parameters", {}) if key.startswith("path.")}
        assert all(f"{{{value}}}" in path for value in given), (name, target)
        assert len(given) == path.count("{"), (name, target)


def test_every_member_and_header_that_a_link_reads_is_in_the_answer() -> None:
    for name, answer, link in _links():
        for expression in [*link.get("parameters", {}).values(), *link.get("requestBody", {}).values()]:
            if expression == "$response.header.ETag":
                assert "ETag" in answer["headers"], name
            elif expression.startswith("$response.body#"):
                schema = _schema(answer["content"]["application/json"]["schema"])
                *above, member = expression.removeprefix("$response.body#/").split("/")
                if above:
                    schema = _schema(schema["properties"]["items"]["items"])
                assert member in schema["properties"], (name, expression)
            else:
                assert f"{{{expression.removeprefix('$request.path.')}}}" in name


def test_whatever_is_made_is_found_again() -> None:
    made = {
        name: one["responses"]["201"]
        for name, _path, one in OPERATIONS.values()
        if "201" in one["responses"] and name not in WITHOUT_ADDRESS
    }
    assert [name for name, answer in made.items() if not answer.get("links")] == []
    jobs = [one["responses"]["202"] for name, _path, one in OPERATIONS.values() if one.get("x-can-wait")]
    led = {OPERATIONS[link["operationId"]][0] for answer in jobs for link in answer["links"].values()}
    assert led == {
        "GET /jobs/{job}", "GET /jobs/{job}/events", "GET /jobs/{job}/result", "POST /jobs/{job}/cancellation",
    }  # fmt: skip


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_line_of_the_table_is_about_an_address_that_is_there(resource: str) -> None:
    shapes = {one.partition(" ")[2] for one in _shapes()}
    assert any(shape == resource or shape.startswith(f"{resource}/") for shape in shapes)
    assert ELSEWHERE.keys() | NEXT.keys() <= RESOURCES.keys()
    assert {name for lines in NEXT.values() for name, _members in lines} <= set(_shapes())


def _shapes() -> list[str]:
    return [re.sub(r"\{[^}]+\}", "{}", name) for name, _path, _one in OPERATIONS.values()]


def test_the_description_is_made_once_for_all_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    app, asked = FastAPI(), list[str]()
    monkeypatch.setattr(links, "add_links", lambda _document, prefix: asked.append(prefix))
    links.describe_links(app, API_PREFIX)
    assert app.openapi() is app.openapi()
    assert asked == [API_PREFIX]


def test_links_are_added_once() -> None:
    before = repr(DOCUMENT)
    add_links(DOCUMENT, API_PREFIX)
    assert repr(DOCUMENT) == before
