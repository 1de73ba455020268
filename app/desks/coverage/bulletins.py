"""The monthly bulletin as a page: the value that the document and the workbook are written from, to be read."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.bulletins.bulletin import Unit, texts_of
from app.bulletins.reading_service import bulletin_to_read
from app.coverage.schemas import Month
from app.desks.pages import page
from app.kernel.clock import utc_now
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
WHOLE = 100


@router.get("/coverage/{month}/bulletin", openapi_extra=does(Action.READ_COVERAGE))
async def bulletin_page(request: Request, session: SessionDep, viewer: ViewerDep, month: Month) -> Response:
    """Show the bulletin of a month, section by section; while the month is open it is marked a draft."""
    read = await bulletin_to_read(session, viewer, month, now=utc_now())
    made = read.bulletin
    context = {
        "month": month,
        "bulletin": made,
        "at": read.at,
        "texts_of": texts_of,
        "TEXT": Unit.TEXT,
        "longest": {
            chart.key: WHOLE
            if chart.unit is Unit.PERCENT
            else max((float(one.value) for one in chart.points), default=1)
            for section in made.sections
            for chart in section.charts
        },
    }
    return page(request, "coverage/bulletin.html", context)
