"""What belongs to the firms that somebody speaks for; of all else there is nothing to be found."""

from app.accounts.rules import Role, Viewer
from app.enterprises import service as enterprises
from app.enterprises.schemas import NeedOut
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound


def speaks_for(viewer: Viewer, uscc: str) -> bool:
    """Tell whether a viewer acts for a firm."""
    return viewer.is_operator or uscc in viewer.scopes(Role.ENTERPRISE)


async def own_need(session: AsyncSession, viewer: Viewer, code: str) -> NeedOut:
    """Answer a need of a firm that the viewer acts for.

    Raises:
        NotFound: there is none; a need that another role shows is looked at elsewhere.
    """
    found = await enterprises.need_by_code(session, viewer, code)
    if not speaks_for(viewer, found.uscc):
        raise NotFound("No such need.")
    return found
