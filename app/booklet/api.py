"""JSON routes of the booklet 一本通: of a library edition as JSON and as document."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.booklet import service
from app.booklet.booklet import Booklet
from app.booklet.service import Format
from app.catalogue.quarters import QUARTER_PATTERN
from app.kernel.official_documents import MEDIA_TYPE
from app.kernel.problems import PROBLEMS
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, prefix="/booklet", tags=["booklet"], responses=PROBLEMS)
Library = Annotated[
    str,
    Path(
        pattern=QUARTER_PATTERN,
        description="Edition of the product library (产品库版次).",
        examples=["2023Q4"],
    ),
]


@router.get(
    "/{library}.docx",
    summary="Policy and product booklet of a library edition as a document (一本通 docx)",
    response_class=Response,
    responses={
        200: {
            "description": "The document",
            "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
    openapi_extra=does(Action.READ_REFERENCE, can_wait=True),
)
async def booklet_document(session: SessionDep, viewer: ViewerDep, library: Library) -> Response:
    """Answer the document to be printed or passed on; equal inputs give the same bytes."""
    data = await service.write(session, viewer, library, Format.DOCX)
    headers = {"content-disposition": f'attachment; filename="booklet-{library}.docx"'}
    return Response(data, media_type=MEDIA_TYPE, headers=headers)


@router.get(
    "/{library}",
    summary="Policy and product booklet of a library edition (一本通)",
    openapi_extra=does(Action.READ_REFERENCE),
)
async def show_booklet(session: SessionDep, viewer: ViewerDep, library: Library) -> Booklet:
    """Answer supports and clauses in force, the edition's products in plain words, how to apply, whom to ask, and sources.

    Policies and products are those of the day for which the library was published. Nobody's name or number stands in it.
    """
    return await service.booklet(session, viewer, library)
