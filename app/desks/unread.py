"""How many notices wait for who looks at a page: one small query with each page of who is signed in."""

from http import HTTPStatus

from fastapi import Request

from app.accounts.standings import Standing
from app.kernel.database import AsyncSession, DBAPIError, transaction
from app.kernel.troubles import trouble_of
from app.notifications import service


async def count_unread(request: Request) -> None:
    """Have the header of a page say how many notices wait."""
    standing = _reader(request)
    if standing is None:
        return
    session = getattr(request.state, "session", None)
    if session is not None:
        await _count(request, session, standing)
    else:
        await _count_alone(request, standing)


async def count_beside_refusal(request: Request, status: int) -> None:
    """Have a page that refuses say it too, although its own transaction is over; what cannot be asked is left out.

    Who asks too often, or of a service in trouble, costs it nothing more.
    """
    standing = _reader(request)
    is_counted = getattr(request.state, "unread", None) is not None
    if standing is None or is_counted or not _is_refused(status):
        return
    try:
        await _count_alone(request, standing)
    except Exception as error:
        if trouble_of(error) is None and not isinstance(error, DBAPIError):
            raise


def _is_refused(status: int) -> bool:
    is_of_asker = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return is_of_asker and status != HTTPStatus.TOO_MANY_REQUESTS


def _reader(request: Request) -> Standing | None:
    """Answer who looks at pages, unless only half of what shows the person was shown."""
    standing: Standing | None = getattr(request.state, "standing", None)
    is_reader = standing is not None and standing.via == "page" and not standing.owes_code
    return standing if is_reader else None


async def _count_alone(request: Request, standing: Standing) -> None:
    async with transaction(request.app.state.sessions, writes=False) as session:
        await _count(request, session, standing)


async def _count(request: Request, session: AsyncSession, standing: Standing) -> None:
    request.state.unread = (await service.unread(session, standing.viewer)).unread
