"""The door of the service: who asks, whether it is theirs to ask, and the record of it."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from fastapi import Request

from app.accounts import audit_service
from app.accounts.audit import Origin
from app.accounts.permissions import Action, forbidden, may_try
from app.accounts.rules import Viewer
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession

CASE_PARAMETERS: Final = (
    "edition", "region", "uscc", "month", "institution", "chain", "status", "on", "by", "library",
)  # fmt: skip
"""Query parameters that go on record as sent; of the others only the name does."""


Sight = Callable[[AsyncSession, Viewer, date], None]
"""Lets a session see no more than a viewer may see on a day (visibility/queries.py)."""


class OpenDoor:
    """Lets everybody in as one viewer: for tests, and for tools that run on the machine itself."""

    def __init__(self, viewer: Viewer, sight: Sight) -> None:
        self.viewer, self.sight = viewer, sight

    async def admit(self, request: Request, session: AsyncSession, marks: Mapping[str, Any]) -> str:
        """Let the viewer in if the action is theirs."""
        return let_in(request, session, marks, self.viewer, sight=self.sight, via="api")

    async def record(self, request: Request, session: AsyncSession, marks: Mapping[str, Any]) -> None:
        """Note what was done."""
        record(request, session, marks)

    async def leave(self, request: Request) -> None:
        """Nothing is left to do."""


def let_in(
    request: Request,
    session: AsyncSession,
    marks: Mapping[str, Any],
    viewer: Viewer,
    *,
    sight: Sight,
    via: str,
) -> str:
    """Bind a viewer to a request and its transaction; answer the key of their idempotency records.

    Raises:
        Forbidden: no role of the viewer allows the route's action.
    """
    action = Action(marks["x-action"])
    if not may_try(viewer, action):
        raise forbidden(action)
    request.state.viewer = viewer
    sight(session, viewer, shanghai_today())
    address = request.client.host if request.client else ""
    request_id = getattr(request.state, "request_id", "")
    audit_service.begin(session, Origin(viewer, via, address, request_id))
    return viewer.key


def record(request: Request, session: AsyncSession, marks: Mapping[str, Any]) -> None:
    """Note a request that was answered: the route, what its path names, and what was asked for."""
    route = request.scope["route"]
    named = request.path_params
    detail: dict[str, Any] = {"method": request.method, "route": route.path}
    if request.query_params:
        detail["asked"] = {
            key: value[:60] if key in CASE_PARAMETERS else "…" for key, value in request.query_params.items()
        }
    audit_service.note(
        session,
        marks["x-action"],
        "/".join(named) or "list",
        "/".join(str(value) for value in named.values()),
        now=utc_now(),
        detail=detail,
    )
