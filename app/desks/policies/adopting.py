"""Adopting rules of elsewhere, and ending it: what would change is seen first."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, Target, does, may_do
from app.accounts.rules import Viewer
from app.desks.forms import Form, day_typed, typed
from app.desks.pages import go_to, page
from app.desks.policies import words
from app.desks.texts import Text
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, Refused
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.requests import SessionDep, TransactionRoute
from app.policy import preview_service
from app.policy import service as policy
from app.policy.schemas import AdoptionEndIn, AdoptionIn

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
AdoptionPath = Annotated[int, Path(ge=1, le=2**31 - 1)]
Word = Annotated[str, Query(max_length=120)]
WHOLE_PACK = "*"
MOST_REASON = 500


@router.get("/policies/adoptions", openapi_extra=does(Action.READ_REFERENCE))
async def adoptions(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """List what was adopted, ended adoptions too."""
    return await _show(request, session, viewer, Form())


async def _show(
    request: Request, session: AsyncSession, viewer: Viewer, form: Form, status: int = 200
) -> Response:
    context = await adopted(session, viewer) | {"form": form, "words": words}
    return page(request, "policies/adoptions.html", context, status)


async def adopted(session: AsyncSession, viewer: Viewer, pack: str | None = None) -> dict[str, Any]:
    """Answer what a page shows of adoptions, the newest first; of one document's if it is named."""
    found = await policy.adoptions_page(session, viewer, PageRequest(limit=MOST_ROWS))
    return {
        "adoptions": [one for one in found.items[::-1] if pack in {None, one.pack}],
        **_names(),
        "may_adopt": may_do(viewer, Action.ADOPT_POLICY, Target(region=viewer.jurisdiction)),
        "today": shanghai_today(),
    }


def _names() -> dict[str, Any]:
    packs = policy.library().packs
    return {
        "packs": {pack.code: pack.name for pack in packs},
        "item_names": {(pack.code, item.key): item.name for pack in packs for item in pack.items},
    }


@router.get("/policies/adoptions/new", openapi_extra=does(Action.ADOPT_POLICY))
async def new_adoption(
    request: Request, _session: SessionDep, _viewer: ViewerDep, pack: Word = "", item: Word = WHOLE_PACK
) -> Response:
    """Ask what to adopt, from when and why."""
    return _ask(request, Form({"pack": pack, "item": item, "since": shanghai_today().isoformat()}))


def _ask(request: Request, form: Form, status: int = 200, effects: Any = None) -> Response:
    packs = policy.library().packs
    chosen = next((one for one in packs if one.code == form["pack"]), None)
    items = [(WHOLE_PACK, words.WHOLE), *((one.key, one.name) for one in chosen.items)] if chosen else []
    context = {
        "form": form,
        "packs": [(one.code, f"{one.name} {one.number}") for one in packs],
        "items": items,
        "chosen": chosen,
        "effects": effects,
    }
    return page(request, "policies/adopt.html", context, status)


@router.post("/policies/adoptions", openapi_extra=does(Action.ADOPT_POLICY))
async def adopt(request: Request, session: SessionDep, viewer: ViewerDep) -> Response:
    """Show what an adoption would change; then, once that was seen, record it."""
    form = await typed(request)
    since, faults = day_typed(form["since"]), _faults(form)
    if since is None:
        faults["since"] = Text("请写日期，例如 2023-11-01。")
    if faults or since is None:
        return _ask(request, form.with_faults(faults), 422)
    wanted = AdoptionIn(
        pack=form["pack"], item=form["item"] or WHOLE_PACK, since=since, reason=form["reason"]
    )
    now = utc_now()
    try:
        if form["step"] != "carry-out":
            effects = await preview_service.effects_of_adopting(session, viewer, wanted, now=now, on=since)
            return _ask(request, form, effects=effects)
        async with attempt(session):
            await policy.adopt(session, viewer, wanted, now=now)
    except (Refused, Conflict) as error:
        return _ask(request, form.refused(error), error.status)
    return go_to("/policies/adoptions", request, Text("已记录采用"))


def _faults(form: Form) -> dict[str, Text]:
    packs = {pack.code: pack for pack in policy.library().packs}
    faults: dict[str, Text] = {}
    pack = packs.get(form["pack"])
    if pack is None:
        faults["pack"] = Text("请选择文件。")
    elif form["item"] not in {"", WHOLE_PACK} and pack.item(form["item"]) is None:
        faults["item"] = Text("这份文件没有这一项，请重新选择。")
    if not form["reason"]:
        faults["reason"] = Text("请写明理由；理由与决定一并存档。")
    elif len(form["reason"]) > MOST_REASON or "\0" in form["reason"]:
        faults["reason"] = Text("理由最多%(most)s字。", most=MOST_REASON)
    return faults


@router.post("/policies/adoptions/{adoption}/end", openapi_extra=does(Action.ADOPT_POLICY))
async def end(request: Request, session: SessionDep, viewer: ViewerDep, adoption: AdoptionPath) -> Response:
    """Show what ending an adoption would change; then, once that was seen, end it."""
    form = await typed(request)
    until = day_typed(form["until"])
    if until is None:
        told = {f"until-{adoption}": Text("请写日期，例如 2023-11-01。")}
        return await _show(request, session, viewer, form.with_faults(told), 422)
    wanted, now = AdoptionEndIn(until=until), utc_now()
    try:
        if form["step"] != "carry-out":
            found = await policy.adoption(session, viewer, adoption)
            effects = await preview_service.effects_of_ending(
                session, viewer, adoption, wanted, now=now, on=until
            )
            context = {"adoption": found, "effects": effects, "until": until, "form": form, "words": words}
            return page(request, "policies/end.html", context | _names())
        async with attempt(session):
            await policy.end_adoption(session, viewer, adoption, wanted, now=now)
    except (Refused, Conflict) as error:
        refused = form.refused(error, {"until": f"until-{adoption}"})
        return await _show(request, session, viewer, refused, error.status)
    return go_to("/policies/adoptions", request, Text("已记录停止采用的日期"))
