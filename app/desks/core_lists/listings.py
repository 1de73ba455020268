"""Where one's own firms are listed: by which core firm, as what, and whether they consent to be matched and shown to banks."""

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.chains.service import chain_names
from app.core_lists import listing_service
from app.core_lists.rules import Answer, latest_until
from app.core_lists.schemas import AnswerIn, ListingId
from app.desks.core_lists.lists import frame
from app.desks.forms import Form, day_typed, expected, typed
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, PreconditionFailed, Refused
from app.kernel.paging import Cursor, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
ROWS: Final = 25
CHOOSE: Final = Text("请选择同意或不同意。")
NO_DAY: Final = Text("请填写同意到哪一天，如 2026-12-31，最长一年。")
GONE: Final = Text("名单或您的答复刚刚有变化。请看过现在的内容再决定。")


@router.get("/enterprise/listings", openapi_extra=does(Action.ANSWER_LISTING, is_recorded=True))
async def listings(
    request: Request, session: SessionDep, viewer: ViewerDep, cursor: Cursor = None
) -> Response:
    """List where one's firms are listed, what was answered, and which products fit."""
    asked = PageRequest(limit=ROWS, cursor=cursor)
    found = await listing_service.own_listings(session, viewer, asked, now=utc_now())
    return page(request, "core_lists/listings.html", frame(viewer) | {"found": found})


@router.get("/enterprise/listings/{listing}", openapi_extra=does(Action.ANSWER_LISTING, is_recorded=True))
async def listing_page(
    request: Request, session: SessionDep, viewer: ViewerDep, listing: ListingId
) -> Response:
    """Show one listing, with what consenting shows to whom."""
    return await _show(request, session, viewer, listing, None)


async def _show(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    listing: int,
    form: Form | None,
    status: int = 200,
) -> Response:
    found = await listing_service.own_listing(session, viewer, listing, now=utc_now())
    today = shanghai_today()
    if form is None:
        until = (found.until or latest_until(today)).isoformat()
        answer = "" if found.answer is Answer.ASKED else found.answer.value
        several = {"shows_trade": ("yes",)} if found.shows_trade else {}
        form = Form({"answer": answer, "until": until}, several)
    context = frame(viewer) | {"one": found, "form": form, "latest": latest_until(today), "today": today}
    context["chain_name"] = (await chain_names(session, viewer)).get(found.chain or "", found.chain)
    return page(request, "core_lists/listing.html", context, status)


@router.post("/enterprise/listings/{listing}", openapi_extra=does(Action.ANSWER_LISTING))
async def answer(request: Request, session: SessionDep, viewer: ViewerDep, listing: ListingId) -> Response:
    """Keep an answer."""
    form = await typed(request)
    until = day_typed(form["until"])
    faults: dict[str, Text | str] = {}
    if form["answer"] not in {Answer.CONSENTED.value, Answer.REFUSED.value}:
        faults["answer"] = CHOOSE
    elif form["answer"] == Answer.CONSENTED.value and until is None:
        faults["until"] = NO_DAY
    if faults:
        return await _show(request, session, viewer, listing, form.with_faults(faults), 422)
    is_consent = form["answer"] == Answer.CONSENTED.value
    try:
        async with attempt(session):
            body = AnswerIn(
                answer=Answer(form["answer"]),
                until=until if is_consent else None,
                shows_trade=bool(form.all("shows_trade")),
            )
            await listing_service.answer_listing(
                session, viewer, listing, body, expect=expected(form), now=utc_now()
            )
    except ValidationError as error:
        return await _show(request, session, viewer, listing, form.misfit(error), 422)
    except Refused as error:
        return await _show(request, session, viewer, listing, form.refused(error), error.status)
    except (Conflict, PreconditionFailed) as error:
        return await _show(request, session, viewer, listing, form.with_faults({"": GONE}), error.status)
    said = Text("已同意。匹配后，产品符合的银行会看到贵公司。") if is_consent else Text("已记下：不同意。")
    return go_to("/enterprise/listings", request, said)
