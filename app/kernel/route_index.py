"""Finds a request's route by the first parts of its path, instead of asking one route after the other.

FastAPI asks each router all its routes, and once more when it has found one: with some six hundred, a late one costs
more than a millisecond. An index stands before them as one more route. It asks only routes whose path begins with the
same literal parts, in the same order, and the first that takes path and method answers; where there is none (a wrong
method, an unknown path), all are asked as ever.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.datastructures import URLPath
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import ASGIApp, Receive, Scope, Send

_FOUND: Final = "rongqiao.route"


class _Node:
    """The routes that may take a path with the parts from the root to here; those of longer beginnings are below."""

    __slots__ = ("below", "places")

    def __init__(self, places: Iterable[int] = ()) -> None:
        self.places, self.below = set(places), dict[str, _Node]()

    def add(self, parts: Sequence[str], place: int) -> None:
        """Enter a route by the literal beginning of its path: it may take whatever begins so."""
        if not parts:
            for node in self._all():
                node.places.add(place)
            return
        # What takes shorter beginnings, takes this one too.
        self.below.setdefault(parts[0], _Node(self.places)).add(parts[1:], place)

    def _all(self) -> Iterator["_Node"]:
        yield self
        for node in self.below.values():
            yield from node._all()  # noqa: SLF001 - of the same class

    def find(self, parts: Iterable[str]) -> set[int]:
        """Answer which routes may take a path."""
        node = self
        for part in parts:
            below = node.below.get(part)
            if below is None:
                break
            node = below
        return node.places


class RouteIndex(BaseRoute):
    """Stands before `routes` and finds among them; whatever is added later is not found by it."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        contexts = iter_route_contexts(routes)
        self._contexts = tuple(each for each in contexts if isinstance(each.original_route, APIRoute))
        self._root = _Node()
        for place, context in enumerate(self._contexts):
            self._root.add(_beginning(context.path or ""), place)

    def candidates(self, path: str) -> list[RouteContext]:
        """Answer the routes that may take a path, in their order."""
        return [self._contexts[place] for place in sorted(self._root.find(path.split("/")))]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Answer as the first of all routes that takes path and method; nothing if none takes both."""
        # Below a prefix that somebody else's router took off, paths begin elsewhere: nobody mounts this service so.
        if scope["type"] == "http" and not scope.get("root_path"):
            for context in self.candidates(scope["path"]):
                match, child_scope = context.matches(scope)
                if match is Match.FULL:
                    return match, {**child_scope, "route": context.original_route, _FOUND: context.app}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the route that was found answer."""
        found: ASGIApp = scope.pop(_FOUND)
        await found(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> URLPath:
        """Answer none: the routes themselves stand behind."""
        raise NoMatchFound(name, path_params)


def _beginning(path: str) -> list[str]:
    parts = path.split("/")
    literal = next((at for at, part in enumerate(parts) if "{" in part), len(parts))
    return parts[:literal]
