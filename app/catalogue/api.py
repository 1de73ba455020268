"""JSON routes of products and library editions, and the publishing of chain plans, which name products."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.catalogue import offering_api, service
from app.catalogue.offering_api import PathCode
from app.catalogue.quarters import QUARTER_PATTERN
from app.catalogue.schemas import (
    CODE_PATTERN,
    INSTITUTION_PATTERN,
    LibraryDiff,
    LibraryIn,
    LibraryOut,
    ProductIn,
    ProductOut,
    RevisionIn,
)
from app.catalogue.terms import FORMS
from app.chains.schemas import PlanIn, PlanOut
from app.kernel.clock import utc_now
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
from app.policy.facts import PURPOSES
from app.policy.fields import OneOf
from app.policy.schemas import Day as WrittenDay

router = APIRouter(route_class=TransactionRoute, responses=PROBLEMS)

Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="修订号", examples=[1])]
Edition = Annotated[str, Path(pattern=QUARTER_PATTERN, description="产品库版次", examples=["2023Q4"])]
Older = Annotated[str, Query(pattern=QUARTER_PATTERN, description="与之比较的较早版次", examples=["2023Q3"])]
ByInstitution = Annotated[
    str | None, Query(pattern=INSTITUTION_PATTERN, description="提供机构（含其下辖）编码", examples=["SJYH"])
]
ByForm = Annotated[Annotated[str, OneOf(FORMS)] | None, Query(description="融资形式")]
ByPurpose = Annotated[Annotated[str, OneOf(PURPOSES)] | None, Query(description="资金用途")]
ByRegion = Annotated[
    str | None, Query(pattern=r"^[0-9]{6}$", description="服务的行政区划", examples=["230102"])
]
OnDay = Annotated[
    WrittenDay | None, Query(description="该日有效的修订；缺省为现行修订", examples=["2023-11-15"])
]


@router.get("/products", tags=["products"], openapi_extra=does(Action.READ_REFERENCE))
async def list_products(
    session: SessionDep,
    viewer: ViewerDep,
    page: PageQuery,
    institution: ByInstitution = None,
    form: ByForm = None,
    purpose: ByPurpose = None,
    region: ByRegion = None,
    on: OnDay = None,
) -> Page[ProductOut]:
    """List products 产品 by code."""
    return await service.list_products(
        session, viewer, page, institution=institution, form=form, purpose=purpose, region=region, on=on
    )


@router.post("/products", tags=["products"], status_code=201, openapi_extra=does(Action.MANAGE_PRODUCTS))
async def create_product(
    session: SessionDep,
    viewer: ViewerDep,
    body: ProductIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> ProductOut:
    """Create a product with its first revision."""
    made = await service.create_product(session, viewer, body, now=utc_now())
    response.headers["Location"] = f"/api/v1/products/{made.code}"
    response.headers["ETag"] = etag_of(made.revision)
    return made


@router.get("/products/{code}", tags=["products"], openapi_extra=does(Action.READ_REFERENCE))
async def get_product(
    session: SessionDep, viewer: ViewerDep, code: PathCode, response: Response
) -> ProductOut:
    """Read a product's current revision."""
    found = await service.get_product(session, viewer, code)
    response.headers["ETag"] = etag_of(found.revision)
    return found


@router.get("/products/{code}/revisions", tags=["products"], openapi_extra=does(Action.READ_REFERENCE))
async def list_revisions(
    session: SessionDep, viewer: ViewerDep, code: PathCode, page: PageQuery
) -> Page[ProductOut]:
    """List a product's revisions, the newest first; none of them ever changes."""
    return await service.list_revisions(session, viewer, code, page)


@router.get(
    "/products/{code}/revisions/{revision}", tags=["products"], openapi_extra=does(Action.READ_REFERENCE)
)
async def get_revision(
    session: SessionDep, viewer: ViewerDep, code: PathCode, revision: Number
) -> ProductOut:
    """Read one revision of a product."""
    return await service.get_product(session, viewer, code, revision)


@router.post(
    "/products/{code}/revisions",
    tags=["products"],
    status_code=201,
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_PRODUCTS),
)
async def revise_product(
    session: SessionDep,
    viewer: ViewerDep,
    code: PathCode,
    body: RevisionIn,
    response: Response,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> ProductOut:
    """Revise a product: the next revision, or the current one again when nothing differs."""
    made = await service.revise_product(
        session, viewer, code, body, expect=lambda number: check_if_match(if_match, number), now=utc_now()
    )
    response.headers["Location"] = f"/api/v1/products/{code}/revisions/{made.revision}"
    response.headers["ETag"] = etag_of(made.revision)
    return made


@router.get("/library/editions", tags=["library"], openapi_extra=does(Action.READ_REFERENCE))
async def list_libraries(session: SessionDep, viewer: ViewerDep, page: PageQuery) -> Page[LibraryOut]:
    """List the library editions 产品库版次, the newest quarter first."""
    return await service.list_libraries(session, viewer, page)


@router.post(
    "/library/editions", tags=["library"], status_code=201, openapi_extra=does(Action.PUBLISH_LIBRARY)
)
async def publish_library(
    session: SessionDep,
    viewer: ViewerDep,
    body: LibraryIn,
    response: Response,
    idempotency_key: IdempotencyKey = None,  # noqa: ARG001 - documented here, TransactionRoute does the work
) -> LibraryOut:
    """Publish the quarter's library: freeze the products in force."""
    made = await service.publish_library(session, viewer, body.code, now=utc_now())
    response.headers["Location"] = f"/api/v1/library/editions/{made.code}"
    return made


@router.get("/library/editions/{code}", tags=["library"], openapi_extra=does(Action.READ_REFERENCE))
async def get_library(session: SessionDep, viewer: ViewerDep, code: Edition) -> LibraryOut:
    """Read one edition."""
    return await service.get_library(session, viewer, code)


@router.get("/library/editions/{code}/products", tags=["library"], openapi_extra=does(Action.READ_REFERENCE))
async def library_products(
    session: SessionDep, viewer: ViewerDep, code: Edition, page: PageQuery
) -> Page[ProductOut]:
    """List the frozen product revisions of an edition, by product code."""
    return await service.library_products(session, viewer, code, page)


@router.get("/library/editions/{code}/changes", tags=["library"], openapi_extra=does(Action.READ_REFERENCE))
async def diff_libraries(session: SessionDep, viewer: ViewerDep, code: Edition, since: Older) -> LibraryDiff:
    """Compare an edition with an older one: added, removed, revised."""
    return await service.diff_libraries(session, viewer, since, code)


@router.put(
    "/chains/{code}/plan",
    tags=["chains"],
    responses=PRECONDITION_PROBLEMS,
    openapi_extra=does(Action.MANAGE_CHAINS),
)
async def publish_chain_plan(
    session: SessionDep,
    viewer: ViewerDep,
    code: Annotated[str, Path(pattern=CODE_PATTERN, description="产业链编码", examples=["HLJ-GDZB"])],
    body: PlanIn,
    response: Response,
    if_match: IfMatch = None,
) -> PlanOut:
    """Publish the next version of a chain's plan 一链一策 (`If-Match: "0"` for the first)."""
    published = await service.publish_chain_plan(
        session, viewer, code, body, expect=lambda version: check_if_match(if_match, version), now=utc_now()
    )
    response.headers["ETag"] = etag_of(published.version)
    return published


router.include_router(offering_api.router)
