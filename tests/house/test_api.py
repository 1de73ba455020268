"""The API as a whole: every route names its viewer, and its description is complete."""

from collections.abc import Iterable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from app.accounts.api import _viewer_of
from app.kernel.paging import MOST_OF_A_CURSOR
from app.kernel.problems import MEDIA_TYPE, PROBLEMS
from app.kernel.requests import TransactionRoute
from app.kernel.settings import Settings
from app.main import LOOKS, PAGES, ROUTERS, create_app

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(Settings())


def _flat(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(route, "original_router"):
            yield from _flat(route.original_router.routes)


ROUTES = list(_flat(route for router in (*ROUTERS, *PAGES) for route in router.routes))
LOOKED = list(_flat(route for router in LOOKS for route in router.routes))


def _calls(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for part in dependant.dependencies:
        yield from _calls(part)


def _operations(app: FastAPI) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                yield f"{method.upper()} {path}", operation


def test_every_route_names_its_viewer() -> None:
    unnamed = [route.path for route in ROUTES if _viewer_of not in set(_calls(route.dependant))]
    assert unnamed == []


def test_every_route_is_one_transaction() -> None:
    assert [route.path for route in ROUTES if not isinstance(route, TransactionRoute)] == []


def test_only_machines_that_look_in_have_neither_viewer_nor_transaction() -> None:
    assert {route.path: (route.openapi_extra or {})["x-action"] for route in LOOKED} == dict.fromkeys(
        ("/healthz", "/readyz", "/metrics", "/assets/{name}"), "probe"
    )
    assert {route.path for route in ROUTES if (route.openapi_extra or {})["x-action"] == "probe"} == set()


def test_every_described_operation_is_one_of_these_routes(app: FastAPI) -> None:
    described = {name.split()[1].removeprefix("/api/v1") for name, _operation in _operations(app)}
    assert described == {route.path for route in (*ROUTES, *LOOKED) if route.include_in_schema}
    assert len(described) > 40


def test_every_page_of_a_list_bounds_its_cursor_alike() -> None:
    cursors = [
        (route.path, [getattr(one, "max_length", None) for one in field.field_info.metadata])
        for route in ROUTES
        for field in route.dependant.query_params
        if field.name == "cursor"
    ]
    assert len(cursors) > 10
    assert [path for path, bounds in cursors if bounds != [MOST_OF_A_CURSOR]] == []


def test_every_group_of_operations_is_described_once_and_holds_some(app: FastAPI) -> None:
    described = [one["name"] for one in app.openapi()["tags"] if one["description"].strip()]
    used = {tag for _name, operation in _operations(app) for tag in operation.get("tags", ["none"])}
    assert sorted(described) == sorted(used)


async def test_a_wrong_method_is_told_every_right_one(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/policies/adoptions")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_every_operation_says_what_it_does_and_documents_its_parameters(app: FastAPI) -> None:
    silent = [
        f"{name} {part}"
        for name, operation in _operations(app)
        for part in ["", *operation.get("parameters", [])]
        if not (part or operation).get("description")
    ]
    assert silent == []


def test_each_schema_has_one_plain_name(app: FastAPI) -> None:
    """Classes of one name in two rooms would stand there under the names of their modules, and change them with any third.

    Forms with files are no classes of ours: they are named after their routes.
    """
    names = app.openapi()["components"]["schemas"]
    assert [name for name in names if "__" in name and not name.startswith("Body_")] == []


def test_every_field_of_every_schema_is_described_or_refers_to_a_described_one(app: FastAPI) -> None:
    schemas = app.openapi()["components"]["schemas"]
    silent = [
        f"{name}.{key}"
        for name, schema in schemas.items()
        for key, field in schema.get("properties", {}).items()
        if not field.get("description") and "$ref" not in str(field)
    ]
    assert silent == []


def test_every_creating_operation_takes_an_idempotency_key_or_keeps_no_answer(app: FastAPI) -> None:
    wrong = [
        name
        for name, operation in _operations(app)
        if name.startswith("POST ")
        and any(operation.get(mark) for mark in ("x-reads-only", "x-shows-secret", "x-own-transactions"))
        is ("Idempotency-Key" in {item["name"] for item in operation.get("parameters", [])})
    ]
    assert wrong == []


def test_every_operation_says_whether_it_needs_a_credential_and_few_need_none(app: FastAPI) -> None:
    operations = dict(_operations(app))
    schemes = app.openapi()["components"]["securitySchemes"].keys()
    assert all(
        set().union(*operation["security"]) in ({*schemes}, set()) for operation in operations.values()
    )
    opened = {name for name, operation in operations.items() if not operation["security"]}
    assert "POST /api/v1/auth/token" in opened
    probes = {f"GET {route.path}" for route in LOOKED}
    assert all(operations[name]["x-action"] == ("probe" if name in probes else "sign_in") for name in opened)


SECRETS = ("access_token", "refresh_token", "key", "token", "secret", "recovery_codes")


def test_every_operation_that_answers_a_secret_is_marked_so_that_no_copy_is_kept(app: FastAPI) -> None:
    schemas = app.openapi()["components"]["schemas"]
    showing = {
        name: bool(operation.get("x-shows-secret"))
        for name, operation in _operations(app)
        if name.startswith("POST ")
        and any(
            secret in schemas[str(content["schema"]["$ref"]).rpartition("/")[2]]["properties"]
            for status, answer in operation["responses"].items()
            if status.startswith("2")
            for content in answer.get("content", {}).values()
            if "$ref" in content["schema"]
            for secret in SECRETS
        )
    }
    assert {"POST /api/v1/auth/token", "POST /api/v1/api-keys"} <= showing.keys()
    assert [name for name, is_marked in showing.items() if not is_marked] == []


def test_every_changing_operation_takes_if_match_unless_it_ends_what_nothing_else_changes(
    app: FastAPI,
) -> None:
    without = [
        name
        for name, operation in _operations(app)
        if name.split()[0] in {"PUT", "PATCH", "DELETE"}
        and not operation.get("x-final")
        and "If-Match" not in {item["name"] for item in operation.get("parameters", [])}
    ]
    assert without == []


def test_every_operation_documents_every_status_that_the_house_may_answer(app: FastAPI) -> None:
    undocumented = [
        f"{name} {status}"
        for name, operation in _operations(app)
        for status in PROBLEMS
        if MEDIA_TYPE not in operation["responses"].get(str(status), {}).get("content", {})
    ]
    assert undocumented == []
    assert {401, 403, 404, 408, 422, 429, 503} <= set(PROBLEMS)
