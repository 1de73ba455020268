"""How many notices wait for who looks at a page: one small query with each page of who is signed in."""

from fastapi import Request

from app.accounts.standings import Standing
from app.notifications import service


async def count_unread(request: Request) -> None:
    """Have the header of a page say how many notices wait; a route without one transaction of its own does not."""
    standing: Standing | None = getattr(request.state, "standing", None)
    session = getattr(request.state, "session", None)
    if standing is not None and standing.via == "page" and session is not None:
        request.state.unread = (await service.unread(session, standing.viewer)).unread
