"""The index finds what asking one router after the other finds."""

from itertools import pairwise
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import BaseRoute, Match, NoMatchFound, Route
from starlette.types import Scope

from app.kernel.problems import METHODS
from app.kernel.route_index import RouteIndex
from app.kernel.settings import Settings
from tests.apps import create_app

APP = create_app(Settings())
INDEX, *ROUTES = APP.router.routes
PATHS = sorted({context.path for context in iter_route_contexts(ROUTES) if context.path})
PARTS = sorted({part for path in PATHS for part in path.split("/")})
VALUES = ("1", "2023-11", "91230102MA1C00101X", "new", "银行", "", "{code}")


def asked(path: str, method: str = "GET") -> Scope:
    return {"type": "http", "method": method, "path": path, "root_path": "", "headers": [], "app": APP}


def one_after_the_other(routes: list[BaseRoute], scope: Scope) -> Any:
    """Ask the routers as FastAPI does, and the routes of the first one that takes path and method."""
    router = next((route for route in routes if route.matches(scope)[0] is Match.FULL), None)
    if router is None or isinstance(router, Route):  # such as the API's description
        return None
    found = (each for each in iter_route_contexts([router]) if each.matches(scope)[0] is Match.FULL)
    return next(found).app


def by_index(index: BaseRoute, scope: Scope) -> Any:
    match, found = index.matches(scope)
    assert (match is Match.FULL) is bool(found)
    return found.get("rongqiao.route")


def filled(path: str, values: list[str]) -> str:
    """Put values where a path has parameters, in turns."""
    turns = iter(values * path.count("{"))
    return "/".join(next(turns) if part.startswith("{") else part for part in path.split("/"))


@pytest.mark.parametrize("method", METHODS)
def test_every_route_is_found_as_before(method: str) -> None:
    assert isinstance(INDEX, RouteIndex)
    for path in PATHS:
        scope = asked(filled(path, ["1", "2023-11"]), method)
        assert by_index(INDEX, scope) is one_after_the_other(ROUTES, scope), path


@given(
    st.lists(st.one_of(st.sampled_from(PARTS), st.sampled_from(VALUES)), max_size=9).map("/".join)
    | st.builds(filled, st.sampled_from(PATHS), st.lists(st.sampled_from(VALUES), min_size=1, max_size=3)),
    st.sampled_from(METHODS),
)
def test_whatever_is_asked_goes_where_it_went(path: str, method: str) -> None:
    scope = asked(f"/{path.removeprefix('/')}", method)
    assert by_index(INDEX, scope) is one_after_the_other(ROUTES, scope)


def test_few_are_asked_of_many() -> None:
    assert isinstance(INDEX, RouteIndex)
    assert max(len(INDEX.candidates(path)) for path in PATHS) <= len(PATHS) // 10


def test_the_first_of_two_that_take_a_path_answers_whatever_their_beginnings() -> None:
    names = ("/a/{x}", "/a/b", "/{y}/b", "/a/b/{z}", "/{y}/{x}/c")
    for first, second in [*pairwise(names), *pairwise(reversed(names))]:
        app = FastAPI(openapi_url=None)
        for path in (first, second):
            router = APIRouter()
            router.add_api_route(path, lambda: None)
            app.include_router(router)
        index = RouteIndex(app.routes)
        for path in ("/a/b", "/a/b/c", "/a/c", "/c/b", "/a", "/", "/a/b/"):
            scope = asked(path)
            assert by_index(index, scope) is one_after_the_other(list(app.routes), scope), (first, second)


def test_what_is_no_request_and_names_of_routes_are_left_to_the_routes() -> None:
    assert INDEX.matches({"type": "lifespan"})[0] is Match.NONE
    with pytest.raises(NoMatchFound):
        INDEX.url_path_for("healthz")
