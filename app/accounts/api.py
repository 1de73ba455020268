"""How a request comes by its viewer."""

from typing import Annotated

from fastapi import Depends, Request

from app.accounts.rules import Viewer


async def _viewer_of(request: Request) -> Viewer:
    viewer: Viewer = request.state.viewer
    return viewer


ViewerDep = Annotated[Viewer, Depends(_viewer_of)]
"""The person or system on whose behalf a request reads or changes, whom the door let in; every route takes it."""
