"""What a grant's scope names. Institutions and chains stand in rooms above: the composition hands the answer down."""

from collections.abc import Iterable
from typing import Annotated, Protocol

from fastapi import Depends, Request

from app.accounts.permissions import Target
from app.accounts.rules import Role, Viewer
from app.kernel.database import AsyncSession


class Places(Protocol):
    """Looks up what the scopes of roles name (visibility/places.py)."""

    async def target(self, session: AsyncSession, viewer: Viewer, role: Role, scope: str) -> Target:
        """Answer what a role with a scope touches.

        Raises:
            Refused: there is no such region, institution or chain, or it does not suit the role.
        """

    async def institutions_within(
        self, session: AsyncSession, viewer: Viewer, codes: Iterable[str]
    ) -> frozenset[str]:
        """Answer the codes of some institutions and of all below them."""


async def _places_of(request: Request) -> Places:
    places: Places = request.app.state.places
    return places


PlacesDep = Annotated[Places, Depends(_places_of)]
