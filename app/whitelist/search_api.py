"""JSON route of the search box."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.kernel.problems import PROBLEMS
from app.kernel.requests import SessionDep, TransactionRoute
from app.whitelist import search_service
from app.whitelist.search_schemas import FoundOut

router = APIRouter(route_class=TransactionRoute, tags=["whitelist"], responses=PROBLEMS)
Asked = Annotated[
    str,
    Query(
        min_length=1,
        max_length=80,
        description="A part of the name, its abbreviation, pinyin initials or pinyin, a credit code, or the beginning of one or of an entry's code "
        "企业名称、简称、拼音首字母、全拼、统一社会信用代码或条目编码.",
        examples=["hebhw"],
    ),
]


@router.get("/search", openapi_extra=does(Action.READ_CASES, is_recorded=True))
async def search(session: SessionDep, viewer: ViewerDep, q: Asked) -> FoundOut:
    """Find firms, entries and needs by what people type."""
    return await search_service.find(session, viewer, q)
