"""JSON routes of core firms' lists 核心企业上下游名单: provide, replace, decide, look at rows, match in a batch."""

from collections.abc import Mapping
from io import BytesIO
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, Response, UploadFile

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.core_lists import reading_service, review_service, service
from app.core_lists.keeping_service import Prepared
from app.core_lists.rules import MOST_REASON, ListState, Outcome
from app.core_lists.schemas import (
    USCC_PATTERN,
    CoreListOut,
    CoreUscc,
    DecisionIn,
    DifferencesOut,
    PreviewOut,
    ResolutionIn,
    RowNumber,
    RowOut,
    VersionOut,
    WithdrawalIn,
)
from app.core_lists.workbook import write_template
from app.enterprises.need_facts import PRINTABLE
from app.kernel.clock import utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PRECONDITION_PROBLEMS, PROBLEMS
from app.kernel.requests import (
    Begin,
    BeginDep,
    IdempotencyKey,
    IfMatch,
    SessionDep,
    TransactionRoute,
    check_if_match,
    etag_of,
)

router = APIRouter(
    route_class=TransactionRoute, prefix="/core-lists", tags=["core lists"], responses=PROBLEMS
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WORKBOOK: dict[int | str, dict[str, Any]] = {
    200: {"description": "A workbook.", "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}
}
ListFile = Annotated[UploadFile, File(description="The list, an .xlsx workbook 上下游名单.")]
UsccForm = Annotated[
    str, Form(pattern=USCC_PATTERN, description="核心企业的统一社会信用代码", examples=["91230199MA1BQXYE20"])
]
EvidenceForm = Annotated[
    str | None,
    Form(
        min_length=1,
        max_length=MOST_REASON,
        pattern=PRINTABLE,
        description="核心企业书面同意的文号、日期和存放处；统筹部门代为录入时必填",
    ),
]
ChainForm = Annotated[
    str | None, Form(max_length=60, pattern=r"^[A-Za-z0-9._-]*$", description="核心企业所在产业链的编码")
]
SheetForm = Annotated[
    str | None,
    Form(min_length=1, max_length=31, pattern=r"^[^\x00-\x1f]*$", description="工作表，默认为上下游名单"),
]
DraftForm = Annotated[bool, Form(description="只存为草稿，看过变化、确认后才生效 (kept as a draft)")]
StateQuery = Annotated[ListState | None, Query(description="名单状态")]
VersionQuery = Annotated[
    int | None, Query(ge=1, le=2**31 - 1, description="第几版；默认现行版，没有则为待确认版")
]
OutcomeQuery = Annotated[Outcome | None, Query(description="只列这一种确认结果；仅统筹部门和审计")]


@router.get(
    "",
    summary="Core firms' lists (核心企业名单)",
    openapi_extra=does(Action.READ_CORE_LISTS, is_recorded=True),
)
async def list_core_lists(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, state: StateQuery = None
) -> Page[CoreListOut]:
    """List the lists that the viewer provides, or judges, by the core firm's credit code."""
    return await reading_service.list_lists(session, viewer, page, state=state)


@router.post(
    "",
    status_code=201,
    summary="Provide the first list of a core firm (提供名单)",
    openapi_extra=does(Action.PROVIDE_CORE_LIST, can_wait=True, saves_last=True),
)
async def provide_core_list(
    begin: BeginDep,
    viewer: ViewerDep,
    file: ListFile,
    uscc: UsccForm,
    response: Response,
    evidence: EvidenceForm = None,
    chain: ChainForm = None,
    sheet: SheetForm = None,
    *,
    draft: DraftForm = False,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> CoreListOut:
    """Take the workbook whole, or refuse it with every fault; a core firm's own list then waits to be taken up."""
    chain = chain or None
    made = await _prepared(begin, viewer, uscc, file, sheet, {"evidence": evidence, "chain": chain})
    async with begin() as session:
        kept = await service.provide(
            session, viewer, uscc, made, now=utc_now(), evidence=evidence, chain=chain, is_confirmed=not draft
        )
    response.headers["Location"] = f"/api/v1/core-lists/{kept.uscc}"
    response.headers["ETag"] = etag_of(kept.version)
    return kept


async def _prepared(
    begin: Begin,
    viewer: Viewer,
    uscc: str,
    file: UploadFile,
    sheet: str | None,
    stated: Mapping[str, str | None],
) -> Prepared:
    async with begin(writes=False) as session:
        name = file.filename or ""
        return await service.prepare(
            session, viewer, uscc, file.file, name, now=utc_now(), sheet=sheet, **stated
        )


@router.post(
    "/preview",
    summary="What would come of a workbook (试读名单)",
    openapi_extra=does(Action.PROVIDE_CORE_LIST, stores_nothing=True),
)
async def preview_core_list(
    session: SessionDep, viewer: ViewerDep, file: ListFile, uscc: UsccForm, sheet: SheetForm = None
) -> PreviewOut:
    """Name every fault by sheet, row and column; to coordinators also whom the rows mean. Nothing is stored."""
    return await service.preview(
        session, viewer, uscc, file.file, file.filename or "", now=utc_now(), sheet=sheet
    )


@router.get(
    "/template.xlsx",
    response_class=Response,
    responses=WORKBOOK,
    summary="The empty list (名单模板)",
    openapi_extra=does(Action.READ_REFERENCE),
)
async def get_core_list_template(_viewer: ViewerDep) -> Response:
    """Fetch the empty list with a drop-down of relations and notes."""
    target = BytesIO()
    write_template(target)
    return Response(target.getvalue(), media_type=XLSX)


@router.get(
    "/{uscc}",
    summary="One core firm's list (名单)",
    openapi_extra=does(Action.READ_CORE_LISTS, is_recorded=True),
)
async def get_core_list(
    session: SessionDep, viewer: ViewerDep, uscc: CoreUscc, response: Response
) -> CoreListOut:
    """Read a list with the counts that its core firm is told: small ones are withheld."""
    found = await reading_service.core_list(session, viewer, uscc)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.get(
    "/{uscc}/versions",
    summary="Versions of a list, the newest first (名单版本)",
    openapi_extra=does(Action.READ_CORE_LISTS, is_recorded=True),
)
async def list_core_list_versions(
    session: SessionDep, viewer: ViewerDep, uscc: CoreUscc, page: PageQuery
) -> Page[VersionOut]:
    """List who gave which version when."""
    return await reading_service.list_versions(session, viewer, uscc, page)


@router.post(
    "/{uscc}/versions",
    summary="Replace a list by its next version (更换名单)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.PROVIDE_CORE_LIST, can_wait=True, saves_last=True),
)
async def replace_core_list(
    begin: BeginDep,
    viewer: ViewerDep,
    file: ListFile,
    uscc: CoreUscc,
    response: Response,
    evidence: EvidenceForm = None,
    sheet: SheetForm = None,
    *,
    draft: DraftForm = False,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> CoreListOut:
    """Take the next version; firms that it leaves out are listed, and matched, no more."""
    made = await _prepared(begin, viewer, uscc, file, sheet, {"evidence": evidence})
    async with begin() as session:
        kept = await service.replace(
            session,
            viewer,
            uscc,
            made,
            expect=lambda version: check_if_match(if_match, version),
            now=utc_now(),
            evidence=evidence,
            is_confirmed=not draft,
        )
    response.headers["ETag"] = etag_of(kept.version)
    return kept


@router.get(
    "/{uscc}/changes",
    summary="What a version says otherwise than the one before (版本差异)",
    openapi_extra=does(Action.READ_CORE_LISTS, is_recorded=True),
)
async def list_core_list_changes(
    session: SessionDep, viewer: ViewerDep, uscc: CoreUscc, version: VersionQuery = None
) -> DifferencesOut:
    """Compare a version with the confirmed one before it, firm by firm."""
    items = await reading_service.list_differences(session, viewer, uscc, number=version)
    return DifferencesOut(items=items)


@router.post(
    "/{uscc}/decision",
    summary="Take up a list, or not (受理)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.REVIEW_CORE_LISTS),
)
async def decide_core_list(
    session: SessionDep,
    viewer: ViewerDep,
    uscc: CoreUscc,
    body: DecisionIn,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> CoreListOut:
    """Take up what a core firm provided: only then are the listed firms told, and asked whether they consent."""
    done = await service.decide(
        session,
        viewer,
        uscc,
        body,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.post(
    "/{uscc}/withdrawal",
    summary="End a list (撤回)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.PROVIDE_CORE_LIST),
)
async def withdraw_core_list(
    session: SessionDep,
    viewer: ViewerDep,
    uscc: CoreUscc,
    body: WithdrawalIn,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> CoreListOut:
    """End a list: its firms are listed and matched no more; it stays on record."""
    done = await service.withdraw(
        session,
        viewer,
        uscc,
        body,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(done.version)
    return done


@router.get(
    "/{uscc}/rows",
    summary="Rows of a version (名单行)",
    openapi_extra=does(Action.READ_CORE_LISTS, is_recorded=True),
)
async def list_core_list_rows(
    session: SessionDep,
    viewer: ViewerDep,
    uscc: CoreUscc,
    page: PageQuery,
    version: VersionQuery = None,
    outcome: OutcomeQuery = None,
) -> Page[RowOut]:
    """List rows as they were written; whom they mean is told to coordinators and auditors, not to the core firm."""
    chosen = () if outcome is None else (outcome,)
    return await reading_service.list_rows(session, viewer, uscc, page, number=version, outcomes=chosen)


@router.get(
    "/{uscc}/rows/{row}",
    summary="One row with whom it may mean (名单行)",
    openapi_extra=does(Action.REVIEW_CORE_LISTS, is_recorded=True),
)
async def get_core_list_row(
    session: SessionDep, viewer: ViewerDep, uscc: CoreUscc, row: RowNumber, response: Response
) -> RowOut:
    """Read a row with its candidates."""
    found = await review_service.get_row(session, viewer, uscc, row)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.put(
    "/{uscc}/rows/{row}/resolution",
    summary="Say whom a row means (核对)",
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.REVIEW_CORE_LISTS),
)
async def resolve_core_list_row(
    session: SessionDep,
    viewer: ViewerDep,
    uscc: CoreUscc,
    row: RowNumber,
    body: ResolutionIn,
    response: Response,
    if_match: IfMatch = None,
) -> RowOut:
    """Choose the firm, or say that nobody here is meant; the firm is then listed and asked."""
    done = await review_service.resolve_row(
        session,
        viewer,
        uscc,
        row,
        body,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(done.version)
    return done
