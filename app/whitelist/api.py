"""JSON routes of the whitelist: editions, entries, imports, reviews, differences."""

from io import BytesIO
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Path, Query, Response, UploadFile

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PRECONDITION_PROBLEMS, PROBLEMS
from app.kernel.requests import (
    IdempotencyKey,
    IfMatch,
    SessionDep,
    TransactionRoute,
    check_if_match,
    etag_of,
)
from app.policy.facts import SOURCE_CLASSES
from app.whitelist import entry_service, import_service, review_service, service, withdrawal_service
from app.whitelist.early_decisions import MOST_DECISIONS, read_decisions
from app.whitelist.import_rules import ImportOptions
from app.whitelist.rules import EDITION_PATTERN, Change, ReviewKind
from app.whitelist.schemas import (
    ENTRY_CODE_PATTERN,
    EarlyDecision,
    EditionDiff,
    EditionIn,
    EditionOut,
    EntryIn,
    EntryOut,
    EntryWithdrawalIn,
    ImportOut,
    ReopeningIn,
    ReviewDecisionIn,
    ReviewOut,
    ReviewState,
)

router = APIRouter(route_class=TransactionRoute, prefix="/whitelist", tags=["whitelist"], responses=PROBLEMS)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ID = 2**63 - 1
WORKBOOK: dict[int | str, dict[str, Any]] = {
    200: {"description": "A workbook.", "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}
}

EditionPath = Annotated[str, Path(pattern=EDITION_PATTERN, description="名单版次", examples=["2023H2"])]
OtherEdition = Annotated[
    str, Path(pattern=EDITION_PATTERN, description="与之比较的版次", examples=["2024H1"])
]
EntryPath = Annotated[
    str, Path(pattern=ENTRY_CODE_PATTERN, description="名单条目编码", examples=["2023H2-91230199MA1BQXYE20"])
]
ItemId = Annotated[int, Path(ge=1, le=MOST_ID, description="编号", examples=[1])]
EditionQuery = Annotated[
    str | None, Query(pattern=EDITION_PATTERN, description="名单版次", examples=["2023H2"])
]
RegionQuery = Annotated[
    str | None, Query(pattern=r"^[0-9]{6}$", description="行政区划（含其下辖）", examples=["230100"])
]
ChainQuery = Annotated[
    str | None, Query(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f]*$", description="产业链编码")
]
ClassQuery = Annotated[
    str | None, Query(pattern=f"^({'|'.join(SOURCE_CLASSES)})$", description="名单类别", examples=["srdi"])
]
RosterFile = Annotated[UploadFile, File(description="The roster, an .xlsx workbook.")]
EditionForm = Annotated[str, Form(pattern=EDITION_PATTERN, description="名单版次", examples=["2023H2"])]
DryRun = Annotated[bool, Form(description="Only say what would come of it.")]
AcceptValid = Annotated[bool, Form(description="Take the faultless rows although others have faults.")]
Confirmed = Annotated[bool, Form(description="Somebody checked the amounts that are out of the usual range.")]
Decisions = Annotated[
    str | None,
    Form(
        description="What was decided on the preview's `questions`, a JSON list; carried out with the import as "
        "`PUT /whitelist/reviews/{item_id}` would after it. What is not decided waits for a review.",
        json_schema_extra={
            "contentMediaType": "application/json",
            "contentSchema": {
                "type": "array",
                "maxItems": MOST_DECISIONS,
                "items": EarlyDecision.model_json_schema(),
            },
        },
    ),
]
SheetForm = Annotated[
    str | None,
    Form(
        min_length=1, max_length=31, pattern=r"^[^\x00-\x1f]*$", description="Sheet to read, by default 名单."
    ),
]


@router.get("/entries/{code}", openapi_extra=does(Action.READ_CASES, is_recorded=True, of_entry="code"))
async def get_entry(session: SessionDep, viewer: ViewerDep, code: EntryPath, response: Response) -> EntryOut:
    """Read an entry with its facts, the findings that decided, and its review items."""
    found = await service.get_entry(session, viewer, code)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.get("/editions", openapi_extra=does(Action.READ_REFERENCE))
async def list_editions(session: SessionDep, viewer: ViewerDep, page: PageQuery) -> Page[EditionOut]:
    """List editions 名单版次, the newest first."""
    return await service.list_editions(session, viewer, page)


@router.get("/editions/{edition}", openapi_extra=does(Action.READ_CASES))
async def get_edition(
    session: SessionDep, viewer: ViewerDep, edition: EditionPath, response: Response
) -> EditionOut:
    """Read an edition with its entries by status."""
    found = await service.get_edition(session, viewer, edition)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.post("/editions", status_code=201, openapi_extra=does(Action.MANAGE_ROSTER))
async def open_edition(
    session: SessionDep,
    viewer: ViewerDep,
    body: EditionIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> EditionOut:
    """Open a half-year's edition."""
    made = await service.open_edition(session, viewer, body.code, now=utc_now())
    response.headers["Location"] = f"/api/v1/whitelist/editions/{made.code}"
    return made


@router.get("/editions/{edition}/diff/{other}", openapi_extra=does(Action.READ_RUNS, is_recorded=True))
async def diff_editions(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    edition: EditionPath,
    other: OtherEdition,
    change: Annotated[Change | None, Query(description="Only this change; by default all but kept.")] = None,
) -> EditionDiff:
    """Compare an edition with another, need by need."""
    return await service.diff_editions(session, viewer, edition, other, page, change=change)


@router.post("/entries", status_code=201, openapi_extra=does(Action.CHANGE_ENTRIES))
async def list_need(
    session: SessionDep,
    viewer: ViewerDep,
    body: EntryIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> EntryOut:
    """List a stored need on an edition; the rules in force decide on its admission."""
    made = await entry_service.list_need(session, viewer, body.edition, body.need, now=utc_now())
    response.headers["Location"] = f"/api/v1/whitelist/entries/{made.code}"
    response.headers["ETag"] = etag_of(made.version)
    return made


@router.put(
    "/entries/{code}/withdrawal", responses=PRECONDITION_PROBLEMS, openapi_extra=does(Action.CHANGE_ENTRIES)
)
async def withdraw_entry(
    session: SessionDep,
    viewer: ViewerDep,
    code: EntryPath,
    body: EntryWithdrawalIn,
    response: Response,
    if_match: IfMatch = None,
) -> EntryOut:
    """Take an entry off the roster; it stays on record."""
    found = await withdrawal_service.withdraw(
        session,
        viewer,
        code,
        body.reason,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.post(
    "/entries/{code}/reopening", responses=PRECONDITION_PROBLEMS, openapi_extra=does(Action.CHANGE_ENTRIES)
)
async def reopen_entry(
    session: SessionDep,
    viewer: ViewerDep,
    code: EntryPath,
    body: ReopeningIn,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> EntryOut:
    """Bring a withdrawn entry back to the roster as it stood 恢复; both stay on record."""
    found = await withdrawal_service.reopen(
        session,
        viewer,
        code,
        body.reason,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.get("/imports", openapi_extra=does(Action.READ_RUNS))
async def list_imports(
    session: SessionDep, viewer: ViewerDep, page: PageQuery, edition: EditionQuery = None
) -> Page[ImportOut]:
    """List imports, the newest first."""
    return await import_service.list_imports(session, viewer, page, edition_code=edition)


@router.get(
    "/imports/template.xlsx",
    response_class=Response,
    responses=WORKBOOK,
    openapi_extra=does(Action.READ_REFERENCE),
)
async def get_template(session: SessionDep, viewer: ViewerDep) -> Response:
    """Fetch the empty roster with drop-down lists, notes and code lists 名单模板."""
    target = BytesIO()
    await import_service.make_template(session, viewer, target, on=shanghai_today())
    return Response(target.getvalue(), media_type=XLSX)


@router.get("/imports/{import_id}", openapi_extra=does(Action.READ_RUNS))
async def get_import(session: SessionDep, viewer: ViewerDep, import_id: ItemId) -> ImportOut:
    """Read what came of an import."""
    return await import_service.get_import(session, viewer, import_id)


@router.post(
    "/imports",
    status_code=201,
    summary="Take a roster into an edition (导入名单)",
    responses={200: {"model": ImportOut, "description": "Nothing was written."}},
    openapi_extra=does(Action.MANAGE_ROSTER, can_wait=True),
)
async def import_roster(
    session: SessionDep,
    viewer: ViewerDep,
    file: RosterFile,
    edition: EditionForm,
    response: Response,
    *,
    dry_run: DryRun = False,
    accept_valid: AcceptValid = False,
    amounts_confirmed: Confirmed = False,
    sheet: SheetForm = None,
    decisions: Decisions = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> ImportOut:
    """Take a roster into an edition: all of it, or nothing with every fault named.

    A dry run answers possible duplicates as `questions`; what was decided on them may come with the import.

    200 instead of 201 says that nothing was written: a dry run, or content that is there already.
    """
    options = ImportOptions(
        dry_run, accept_valid, amounts_confirmed, sheet, decisions=read_decisions(decisions or "[]")
    )
    found = await import_service.import_roster(
        session,
        viewer,
        edition,
        file.file,
        file.filename or "",
        now=utc_now(),
        options=options,
        progress=import_service.tell_of_passes,
    )
    response.status_code = 200 if found.out.id is None else 201
    if found.out.id is not None:
        response.headers["Location"] = f"/api/v1/whitelist/imports/{found.out.id}"
    return found.out


@router.post(
    "/imports/errors.xlsx",
    response_class=Response,
    responses=WORKBOOK,
    openapi_extra=does(Action.MANAGE_ROSTER, stores_nothing=True),
)
async def check_roster(
    session: SessionDep,
    viewer: ViewerDep,
    file: RosterFile,
    edition: EditionForm,
    *,
    amounts_confirmed: Confirmed = False,
    sheet: SheetForm = None,
) -> Response:
    """Fetch the sent sheet with a column of its faults; nothing is stored."""
    target = BytesIO()
    options = ImportOptions(dry_run=True, amounts_confirmed=amounts_confirmed, sheet=sheet)
    found = await import_service.import_roster(
        session, viewer, edition, file.file, file.filename or "", now=utc_now(), options=options
    )
    await found.write_faults(target)
    return Response(target.getvalue(), media_type=XLSX)


@router.get("/reviews", openapi_extra=does(Action.READ_REVIEWS, is_recorded=True))
async def list_reviews(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    edition: EditionQuery = None,
    kind: Annotated[ReviewKind | None, Query(description="事项类别")] = None,
    state: Annotated[ReviewState | None, Query(description="open 待决, decided 已决")] = None,
) -> Page[ReviewOut]:
    """List what waits, or waited, for a person 待复核事项."""
    return await review_service.list_reviews(
        session, viewer, page, edition_code=edition, kind=kind, state=state
    )


@router.get("/reviews/{item_id}", openapi_extra=does(Action.READ_REVIEWS, is_recorded=True))
async def get_review(
    session: SessionDep, viewer: ViewerDep, item_id: ItemId, response: Response
) -> ReviewOut:
    """Read one review item."""
    found = await review_service.get_review(session, viewer, item_id)
    response.headers["ETag"] = etag_of(found.version)
    return found


@router.put("/reviews/{item_id}", responses=PRECONDITION_PROBLEMS, openapi_extra=does(Action.REVIEW_ENTRIES))
async def decide_review(
    session: SessionDep,
    viewer: ViewerDep,
    item_id: ItemId,
    body: ReviewDecisionIn,
    response: Response,
    if_match: IfMatch = None,
) -> ReviewOut:
    """Decide a review item, with the reason; its entry moves to where that leaves it."""
    found = await review_service.decide(
        session,
        viewer,
        item_id,
        body.decision,
        body.reason,
        expect=lambda version: check_if_match(if_match, version),
        now=utc_now(),
    )
    response.headers["ETag"] = etag_of(found.version)
    return found
