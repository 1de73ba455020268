"""JSON routes of the bulletin: a month's bulletin as JSON, workbook or document."""

from typing import Any

from fastapi import APIRouter, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.bulletins import service, workbook
from app.bulletins.bulletin import Bulletin
from app.bulletins.service import Format
from app.coverage.schemas import EditionCode, Month
from app.kernel.clock import utc_now
from app.kernel.official_documents import MEDIA_TYPE as DOCUMENT
from app.kernel.problems import PROBLEMS
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, prefix="/bulletins", tags=["bulletins"], responses=PROBLEMS)


def _file(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    content = {media_type: {"schema": {"type": "string", "format": "binary"}}}
    return {200: {"description": description, "content": content}}


@router.get(
    "/{month}.xlsx",
    summary="Bulletin of a month as a workbook (月度通报 xlsx)",
    response_class=Response,
    responses=_file(workbook.MEDIA_TYPE, "The workbook"),
    openapi_extra=does(Action.READ_COVERAGE, can_wait=True),
)
async def bulletin_workbook(
    session: SessionDep, viewer: ViewerDep, month: Month, edition: EditionCode = None
) -> Response:
    """Answer a sheet for each section with charts, the method and the hash; marked a draft while the month is open."""
    data = await service.write(session, viewer, month, Format.XLSX, edition=edition, now=utc_now())
    return _attached(data, workbook.MEDIA_TYPE, f"bulletin-{month}.xlsx")


@router.get(
    "/{month}.docx",
    summary="Bulletin of a month as a document (月度通报 docx)",
    response_class=Response,
    responses=_file(DOCUMENT, "The document"),
    openapi_extra=does(Action.READ_COVERAGE, can_wait=True),
)
async def bulletin_document(
    session: SessionDep, viewer: ViewerDep, month: Month, edition: EditionCode = None
) -> Response:
    """Answer the document to be issued, method and hash on its last page; marked a draft while the month is open."""
    data = await service.write(session, viewer, month, Format.DOCX, edition=edition, now=utc_now())
    return _attached(data, DOCUMENT, f"bulletin-{month}.docx")


@router.get("/{month}", summary="Bulletin of a month (月度通报)", openapi_extra=does(Action.READ_COVERAGE))
async def show_bulletin(
    session: SessionDep, viewer: ViewerDep, month: Month, edition: EditionCode = None
) -> Bulletin:
    """Answer the bulletin with its tables, sentences and charts; of a closed month the closed figures."""
    return await service.bulletin(session, viewer, month, edition=edition, now=utc_now())


def _attached(data: bytes, media_type: str, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=media_type, headers=headers)
