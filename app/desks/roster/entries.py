"""One entry as a coordinator sees it: firm, need, matches, who answers for it and why, what happened; off the roster and back."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, Target, does, may_do
from app.accounts.rules import Viewer
from app.allocation import service as allocation
from app.bottlenecks import service as bottlenecks
from app.coordination import service as coordination
from app.coordination.schemas import CaseFilter
from app.desks.forms import Form, expected, typed
from app.desks.pages import go_to, page
from app.desks.roster.lists import frame
from app.desks.texts import Text
from app.docking import history_service, life_service
from app.institutions.rules import InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, Forbidden, NotFound, PreconditionFailed, Refused, Unavailable
from app.kernel.paging import PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.matching import service as matching
from app.whitelist import service as whitelist
from app.whitelist import withdrawal_service
from app.whitelist.schemas import ENTRY_CODE_PATTERN, EntryOut

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
EntryPath = Annotated[str, Path(pattern=ENTRY_CODE_PATTERN)]
BEST = 5
MOST_CASES = 20
MOST_REASON = 1_000
Found = TypeVar("Found")


@router.get("/roster/entries/{code}", openapi_extra=does(Action.READ_REVIEWS, is_recorded=True))
async def entry_page(request: Request, session: SessionDep, viewer: ViewerDep, code: EntryPath) -> Response:
    """Show one entry."""
    return await _show(request, session, viewer, code, Form())


async def _show(
    request: Request, session: AsyncSession, viewer: Viewer, code: str, form: Form, status: int = 200
) -> Response:
    entry, now = await whitelist.get_entry(session, viewer, code), utc_now()
    context = await frame(session, viewer) | {"entry": entry, "form": form}
    context |= {
        "assignment": await if_any(allocation.assignment_of_entry(session, viewer, code)),
        "docking": await if_any(history_service.docking_state(session, viewer, code, now=now)),
        "life": await if_any(life_service.life_of(session, viewer, code)) or [],
        "matches": await if_any(matching.matches_of_need(session, viewer, entry.need, now=now, limit=BEST)),
        "blocks": [
            one
            for one in await if_any(bottlenecks.cases_of_need(session, viewer, entry.need)) or []
            if one.entry == code
        ],
        "cases": await coordination.list_cases(
            session, viewer, PageRequest(limit=MOST_CASES), CaseFilter(entry=code), now=now
        ),
        "may_change": may_change(viewer, entry),
        "institutions": institution_names(await institution_tree(session, viewer)),
    }
    return page(request, "roster/entry.html", context, status)


def institution_names(tree: InstitutionTree) -> dict[str, str]:
    """Answer what institutions are called, by code: what happened to an entry names them by that."""
    return {one.code: one.name for one in tree.nodes.values()}


async def if_any(wanted: Awaitable[Found]) -> Found | None:
    """Answer what a part of the page shows, None where there is nothing to show of it."""
    try:
        return await wanted
    except (NotFound, Forbidden, Unavailable):
        return None


def may_change(viewer: Viewer, entry: EntryOut) -> bool:
    """Tell whether the viewer may take the entry off the roster, bring it back, or move it."""
    return may_do(viewer, Action.CHANGE_ENTRIES, Target(region=entry.region))


@router.post("/roster/entries/{code}/withdrawal", openapi_extra=does(Action.CHANGE_ENTRIES))
async def withdraw(request: Request, session: SessionDep, viewer: ViewerDep, code: EntryPath) -> Response:
    """Take an entry off the roster."""
    done = Text("已退出名单；条目和记录仍然保留。")
    return await _change(request, session, viewer, code, withdrawal_service.withdraw, done)


@router.post("/roster/entries/{code}/reopening", openapi_extra=does(Action.CHANGE_ENTRIES))
async def reopen(request: Request, session: SessionDep, viewer: ViewerDep, code: EntryPath) -> Response:
    """Bring an entry back to the roster."""
    return await _change(request, session, viewer, code, withdrawal_service.reopen, Text("已恢复在册。"))


async def _change(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    change: Callable[..., Awaitable[Any]],
    done: Text,
) -> Response:
    form = await typed(request)
    if fault := reason_fault(form["reason"]):
        return await _show(request, session, viewer, code, form.with_faults({"reason": fault}), 422)
    try:
        async with attempt(session):
            await change(session, viewer, code, form["reason"], expect=expected(form), now=utc_now())
    except PreconditionFailed as error:
        return await _show(request, session, viewer, code, form.with_faults({"": OTHERS_FIRST}), error.status)
    except (Refused, Conflict) as error:
        return await _show(request, session, viewer, code, form.refused(error), error.status)
    return go_to(f"/roster/entries/{code}", request, done)


OTHERS_FIRST = Text("您打开本页之后，已有人修改了这一条目。下面是现在的内容，请看过后再决定。")


def reason_fault(reason: str) -> Text | None:
    """Say what is wrong with a reason, or None."""
    if not reason:
        return Text("请写明理由；理由与决定一并存档。")
    if len(reason) > MOST_REASON:
        return Text("理由最多%(most)s字。", most=MOST_REASON)
    if not all(character.isprintable() or character in "\r\n" for character in reason):
        return Text("理由中有看不见的控制字符，请删去后重写。")
    return None
