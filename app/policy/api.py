"""Routes of policy packs, of what applies where and when, and of adoptions."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response, status

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.paging import Page, PageQuery
from app.kernel.problems import PROBLEMS
from app.kernel.requests import IdempotencyKey, SessionDep, TransactionRoute
from app.policy import service
from app.policy.schemas import (
    AdoptionEndIn,
    AdoptionIn,
    AdoptionOut,
    AppliedParameterOut,
    ClauseOut,
    Day,
    PackOut,
    RuleBookOut,
)

router = APIRouter(route_class=TransactionRoute, prefix="/policies", tags=["policies"], responses=PROBLEMS)

PackPath = Annotated[
    str,
    Path(
        pattern=r"^[a-z0-9][a-z0-9-]{0,79}$",
        description="Code of the pack.",
        examples=["heilongjiang-2023-25"],
    ),
]
NumberPath = Annotated[
    str,
    Path(
        min_length=1,
        max_length=20,
        pattern=r"^[\w（）()·.、 ]+$",
        description="Clause number 条款号 as printed or in digits: 十六, （十六）, 16.",
        examples=["十六"],
    ),
]
KeyPath = Annotated[
    str,
    Path(
        max_length=120,
        pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$",
        description="Key of the parameter.",
        examples=["whitelist.min_entries"],
    ),
]
AdoptionPath = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of the adoption.")]
JurisdictionQuery = Annotated[
    str | None,
    Query(
        pattern=r"^[0-9]{6}$",
        description="Region code 行政区划代码; default: the viewer's.",
        examples=["230000"],
    ),
]
OnQuery = Annotated[
    Day | None, Query(description="The day asked about; default: today in Shanghai.", examples=["2023-11-15"])
]


def _day(on: date | None) -> date:
    return on or shanghai_today()


@router.get("", summary="Policy packs 政策包", openapi_extra=does(Action.READ_REFERENCE))
async def list_packs(_viewer: ViewerDep, page: PageQuery, on: OnQuery = None) -> Page[PackOut]:
    """Every policy document that is loaded, drafts included, by code."""
    return service.packs_page(page, _day(on))


@router.get("/rules", summary="What applies 适用规则", openapi_extra=does(Action.READ_REFERENCE))
async def show_rules(
    session: SessionDep, viewer: ViewerDep, jurisdiction: JurisdictionQuery = None, on: OnQuery = None
) -> RuleBookOut:
    """All rules and values that apply to a region on a day, each with its clause and adoption."""
    return RuleBookOut.of(await service.rule_book_of_region(session, viewer, jurisdiction, _day(on)))


@router.get("/parameters/{key}", summary="One value 参数值", openapi_extra=does(Action.READ_REFERENCE))
async def show_parameter(
    session: SessionDep,
    viewer: ViewerDep,
    key: KeyPath,
    jurisdiction: JurisdictionQuery = None,
    on: OnQuery = None,
) -> AppliedParameterOut:
    """The value that applies to a region on a day, with its clause and adoption."""
    found = await service.parameter(session, viewer, key, jurisdiction, _day(on))
    return AppliedParameterOut.of(found)


@router.get("/adoptions", summary="Adoptions 采用记录", openapi_extra=does(Action.READ_REFERENCE))
async def list_adoptions(session: SessionDep, viewer: ViewerDep, page: PageQuery) -> Page[AdoptionOut]:
    """What operators adopted for the viewer's region and those above it, ended ones included."""
    return await service.adoptions_page(session, viewer, page)


@router.post(
    "/adoptions",
    status_code=status.HTTP_201_CREATED,
    summary="Adopt 采用",
    openapi_extra=does(Action.ADOPT_POLICY),
)
async def adopt(
    session: SessionDep,
    viewer: ViewerDep,
    wanted: AdoptionIn,
    response: Response,
    _idempotency_key: IdempotencyKey = None,
) -> AdoptionOut:
    """Put a rule or value of another pack, or of a draft, in force for a region."""
    made = await service.adopt(session, viewer, wanted, now=utc_now())
    response.headers["Location"] = f"/api/v1/policies/adoptions/{made.id}"
    return made


@router.get(
    "/adoptions/{adoption_id}", summary="One adoption 采用记录", openapi_extra=does(Action.READ_REFERENCE)
)
async def show_adoption(session: SessionDep, viewer: ViewerDep, adoption_id: AdoptionPath) -> AdoptionOut:
    """One recorded adoption."""
    return await service.adoption(session, viewer, adoption_id)


@router.post(
    "/adoptions/{adoption_id}/end",
    summary="End an adoption 停止采用",
    openapi_extra=does(Action.ADOPT_POLICY),
)
async def end_adoption(
    session: SessionDep,
    viewer: ViewerDep,
    adoption_id: AdoptionPath,
    wanted: AdoptionEndIn,
    _idempotency_key: IdempotencyKey = None,
) -> AdoptionOut:
    """Say from which day on it no longer applies; the record stays."""
    return await service.end_adoption(session, viewer, adoption_id, wanted, now=utc_now())


@router.get("/{pack}", summary="One pack 政策包", openapi_extra=does(Action.READ_REFERENCE))
async def show_pack(_viewer: ViewerDep, pack: PackPath, on: OnQuery = None) -> PackOut:
    """One policy document with its dates, source and notes."""
    return PackOut.of(service.pack_of(pack), _day(on))


@router.get("/{pack}/clauses", summary="Its clauses 条款", openapi_extra=does(Action.READ_REFERENCE))
async def list_clauses(_viewer: ViewerDep, pack: PackPath) -> Page[ClauseOut]:
    """Every clause in the document's order, with what carries it; always one page."""
    return Page(items=[ClauseOut.of(row) for row in service.clauses_of(pack)])


@router.get("/{pack}/clauses/{number}", summary="One clause 条款", openapi_extra=does(Action.READ_REFERENCE))
async def show_clause(_viewer: ViewerDep, pack: PackPath, number: NumberPath) -> ClauseOut:
    """One clause with its responsible bodies and what carries it."""
    return ClauseOut.of(service.clause_of(pack, number))
