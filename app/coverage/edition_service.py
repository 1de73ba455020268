"""Which edition a month's coverage is of."""

from app.accounts.rules import Viewer
from app.coverage import queries
from app.coverage.months import last_day_of
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound
from app.whitelist.tables import WhitelistEdition


async def edition_of(session: AsyncSession, viewer: Viewer, month: str, code: str | None) -> WhitelistEdition:
    """Answer the edition of a code, or the one in force at the end of a month.

    Raises:
        NotFound: there is none.
    """
    if code is not None:
        found = await queries.edition_by_code(session, viewer, code)
        missing = f"No whitelist edition {code}."
    else:
        found = await queries.edition_in_force(session, viewer, last_day_of(month))
        missing = f"No whitelist edition was in force at the end of {month}."
    if found is None:
        raise NotFound(missing)
    return found
