"""Policy documents, their clauses, what carries each out, and what was decided by it."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.allocation import citing_service
from app.coordination import service as coordination
from app.coordination.rules import KINDS
from app.coordination.schemas import CaseFilter
from app.desks.forms import Form
from app.desks.pages import go_to, page
from app.desks.policies import words
from app.desks.policies.adopting import adopted
from app.desks.search.ways import entry_path
from app.desks.texts import Text
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.settings import get_settings
from app.policy import service as policy
from app.policy.packs import Pack
from app.policy.precedence import lineage
from app.policy.schemas import ClauseOut, PackOut
from app.reference.book import load_reference_book
from app.reference.regions import NATION

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
PackPath = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]
NumberPath = Annotated[str, Path(min_length=1, max_length=20, pattern=r"^[\w（）()·.、 ]+$")]
Asked = Annotated[str | None, Query(max_length=200)]


@router.get("/policies", openapi_extra=does(Action.READ_REFERENCE))
async def packs(request: Request, _session: SessionDep, _viewer: ViewerDep, q: Asked = None) -> Response:
    """List the documents; a citation leads to its clause, other words to the clauses that say them."""
    on = shanghai_today()
    wanted = (q or "").strip()
    if wanted and (cited := policy.clauses_cited([wanted]).get(wanted)) is not None:
        return go_to(f"/policies/{cited.pack}/{cited.clause.number}")
    context: dict[str, Any] = {
        "packs": policy.packs_page(PageRequest(limit=MOST_ROWS), on).items,
        "words": words,
        "form": Form({"q": wanted}),
        "found": _saying(wanted) if wanted else None,
    }
    return page(request, "policies/list.html", context)


MOST_FOUND: Final = 50


def _saying(text: str) -> list[tuple[Pack, ClauseOut]]:
    """Answer the clauses in which a text stands."""
    found = []
    for pack in policy.library().packs:
        for row in policy.clauses_of(pack.code):
            clause = row.clause
            if text in f"{clause.number} {clause.heading} {clause.summary} {clause.reason}":
                found.append((pack, ClauseOut.of(row)))
    return found[:MOST_FOUND]


@router.get("/policies/{pack}", openapi_extra=does(Action.READ_REFERENCE))
async def one_pack(request: Request, session: SessionDep, viewer: ViewerDep, pack: PackPath) -> Response:
    """Show one document with its clauses, and where the viewer's region has adopted it."""
    found = policy.pack_of(pack)
    context = await adopted(session, viewer, pack) | {
        "form": Form(),
        "is_own": found.jurisdiction in lineage(viewer.jurisdiction) and found.status != "draft",
        "pack": PackOut.of(found, shanghai_today()),
        "place": _place(found.jurisdiction),
        "clauses": [ClauseOut.of(row) for row in policy.clauses_of(pack)],
        "words": words,
    }
    return page(request, "policies/pack.html", context)


def _place(code: str) -> Text | str:
    """Answer what the region is called in which a document applies."""
    if code == NATION:
        return Text("全国")
    return load_reference_book(get_settings().seed_dir).regions.full_name(code) or code


@router.get("/policies/{pack}/{number}", openapi_extra=does(Action.READ_REFERENCE, is_recorded=True))
async def one_clause(
    request: Request, session: SessionDep, viewer: ViewerDep, pack: PackPath, number: NumberPath
) -> Response:
    """Show one clause: who carries it, what of the software carries it out, and which decisions cite it."""
    found, row = policy.pack_of(pack), policy.clause_of(pack, number)
    citations = {item.citation.text for item in found.items if item.citation.clause == row.clause.number} | {
        f"{found.cite_as}{row.clause.number}",
        f"{found.cite_as}（{row.clause.number.strip('（）')}）",
    }
    numbers = [clause.clause.number for clause in policy.clauses_of(pack)]
    at = numbers.index(row.clause.number)
    context = {
        "pack": PackOut.of(found, shanghai_today()),
        "clause": ClauseOut.of(row),
        "notes": [note for note in found.notes if f"（{row.clause.number.strip('（）')}）" in note],
        "most_counted": citing_service.MOST_COUNTED,
        "decisions": await citing_service.decisions_citing(session, viewer, citations),
        "cases": await _cases(session, viewer, citations),
        "entry_path": lambda code: entry_path(viewer, code, code.partition("-")[2]),
        "words": words,
        "earlier": numbers[at - 1] if at else None,
        "later": numbers[at + 1] if at + 1 < len(numbers) else None,
    }
    return page(request, "policies/clause.html", context)


def _plain(clause: str) -> str:
    return clause.replace(" ", "").replace("(", "（").replace(")", "）")


async def _cases(session: AsyncSession, viewer: Viewer, citations: set[str]) -> list[tuple[str, str, int]]:
    """Answer (kind, name, number) of the coordination cases that are raised by a clause."""
    kinds = {kind: about for kind, about in KINDS.items() if _plain(about.clause) in citations}
    if not kinds:
        return []
    found = await coordination.list_cases(session, viewer, PageRequest(limit=1), CaseFilter(), now=utc_now())
    return [
        (kind.value, about.chinese, found.counts.kinds.get(kind.value, 0)) for kind, about in kinds.items()
    ]
