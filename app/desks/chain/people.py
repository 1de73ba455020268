"""The page of a chain's people and of what it covers: appoint, hand over, end; its profile."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, Target, does, may_do
from app.accounts.rules import Viewer
from app.chains import post_service, profile_service
from app.chains import service as chains
from app.chains.fields import CODE_PATTERN
from app.chains.post_schemas import (
    APPOINTED,
    PlaceIn,
    PlaceOut,
    PostEnd,
    PostHandOver,
    PostIn,
    PostOut,
    ProfileIn,
)
from app.desks.chain import views
from app.desks.forms import CHANGED_MEANWHILE, Form, expected, typed
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.kernel.clock import shanghai_today, utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import PreconditionFailed, RongqiaoError
from app.kernel.requests import SessionDep, TransactionRoute, check_if_match, etag_of
from app.whitelist import member_service

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
Code = Annotated[str, Path(pattern=CODE_PATTERN)]
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
CHANGES: Final = does(Action.MANAGE_CHAINS)


@router.get("/chain/{code}/people", openapi_extra=does(Action.MANAGE_CHAINS))
async def people_page(request: Request, session: SessionDep, viewer: ViewerDep, code: Code) -> Response:
    """Show who holds posts of a chain, what it covers, and days without 链长."""
    return await _show(request, session, viewer, code, Form({"since": shanghai_today().isoformat()}))


async def _show(
    request: Request, session: AsyncSession, viewer: Viewer, code: str, form: Form, status: int = 200
) -> Response:
    member_service.require_overseer(viewer, code)
    chain, now = await chains.get_chain(session, viewer, code), utc_now()
    posts = await post_service.list_posts(session, viewer, code, now=now)
    places = await post_service.list_places(session, viewer, code, now=now)
    vacancies = await post_service.list_vacancies(session, viewer, now=now)
    covered = [one for one in places if one.is_covered and one.kind != "region"]
    context: dict[str, Any] = {
        "chain": chain,
        "form": form,
        "now": [one for one in posts if one.is_in_office],
        "coming": [one for one in posts if one.since > shanghai_today()],
        "before": [one for one in posts if not one.is_in_office and one.since <= shanghai_today()],
        "places": places,
        "vacancies": [one for one in vacancies if one.chain == code],
        "posts": list(views.POST_TEXTS.items()),
        "post_texts": views.POST_TEXTS,
        "place_texts": views.PLACE_TEXTS,
        "kinds": list(views.PLACE_TEXTS.items()),
        "team_places": [(f"{one.kind}:{one.code}", one.name) for one in covered],
        "profiles": [(one.code, f"{one.name} · {one.code}") for one in profile_service.list_profiles()],
        "may_change": may_do(viewer, Action.MANAGE_CHAINS, Target(region=chain.jurisdiction)),
        "version_of": post_service.version_of,
    }
    return page(request, "chain/people.html", context, status)


@router.post("/chain/{code}/people/posts", openapi_extra=CHANGES)
async def appoint(request: Request, session: SessionDep, viewer: ViewerDep, code: Code) -> Response:
    """Have somebody hold a post."""
    form = await typed(request)
    kind, _colon, place = form["place"].partition(":")
    fields = {
        "post": form["post"] if form["post"] in APPOINTED else None,
        "holder": form["holder"],
        "body": form["body"],
        "since": form["since"] or None,
        "until": form["until"] or None,
        "place": {"kind": kind, "code": place} if form["place"] else None,
    }
    try:
        body = PostIn.model_validate(fields)
        async with attempt(session):
            made = await post_service.appoint_to_post(session, viewer, code, body, now=utc_now())
    except (ValidationError, RongqiaoError) as error:
        return await _again(request, session, viewer, code, form, error)
    return _done(request, code, Text("已任命%(title)s %(holder)s。", title=made.title, holder=made.holder))


@router.get("/chain/{code}/people/posts/{number}", openapi_extra=does(Action.MANAGE_CHAINS))
async def post_page(
    request: Request, session: SessionDep, viewer: ViewerDep, code: Code, number: Number
) -> Response:
    """Show one period, to hand it over or end it."""
    return await _post(request, session, viewer, code, number, Form({"on": shanghai_today().isoformat()}))


async def _post(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    number: int,
    form: Form,
    status: int = 200,
) -> Response:
    member_service.require_overseer(viewer, code)
    chain = await chains.get_chain(session, viewer, code)
    post = await post_service.get_post(session, viewer, code, number, now=utc_now())
    context = {
        "chain": chain,
        "post": post,
        "form": form,
        "version": post_service.version_of(post.until),
        "may_change": may_do(viewer, Action.MANAGE_CHAINS, Target(region=chain.jurisdiction)),
    }
    return page(request, "chain/post.html", context, status)


@router.post("/chain/{code}/people/posts/{number}/hand-over", openapi_extra=CHANGES)
async def hand_over(
    request: Request, session: SessionDep, viewer: ViewerDep, code: Code, number: Number
) -> Response:
    """Hand a post over."""
    form = await typed(request)
    fields = {name: form[name] or None for name in ("holder", "on", "until", "gap_until", "gap_reason")}
    try:
        body = PostHandOver.model_validate(fields | {"body": form["body"]})
        async with attempt(session):
            made: PostOut = await post_service.hand_over_post(
                session, viewer, code, number, body, expect=_as_seen(form), now=utc_now()
            )
    except (ValidationError, RongqiaoError) as error:
        again, status = _refused(form, error)
        return await _post(request, session, viewer, code, number, again, status)
    return _done(request, code, Text("已交接给%(holder)s。", holder=made.holder))


@router.post("/chain/{code}/people/posts/{number}/end", openapi_extra=CHANGES)
async def end(
    request: Request, session: SessionDep, viewer: ViewerDep, code: Code, number: Number
) -> Response:
    """Set or clear the last day of a period."""
    form = await typed(request)
    try:
        body = PostEnd.model_validate({"until": form["end"] or None})
        async with attempt(session):
            await post_service.end_post(
                session, viewer, code, number, body, expect=_as_seen(form), now=utc_now()
            )
    except (ValidationError, RongqiaoError) as error:
        again, status = _refused(form, error, {"until": "end"})
        return await _post(request, session, viewer, code, number, again, status)
    return _done(request, code, Text("任期已更改。"))


@router.post("/chain/{code}/people/places", openapi_extra=CHANGES)
async def cover(request: Request, session: SessionDep, viewer: ViewerDep, code: Code) -> Response:
    """Have the chain cover a place."""
    form = await typed(request)
    names = {
        "kind": "place_kind",
        "code": "place_code",
        "name": "place_name",
        "region": "place_region",
        "since": "place_since",
    }
    fields = {name: form[field] or None for name, field in names.items()}
    try:
        body = PlaceIn.model_validate(fields)
        async with attempt(session):
            made: PlaceOut = await post_service.add_place(session, viewer, code, body, now=utc_now())
    except (ValidationError, RongqiaoError) as error:
        return await _again(request, session, viewer, code, form, error, names)
    return _done(request, code, Text("已登记%(name)s。", name=made.name))


@router.post("/chain/{code}/people/places/{number}/end", openapi_extra=CHANGES)
async def uncover(
    request: Request, session: SessionDep, viewer: ViewerDep, code: Code, number: Number
) -> Response:
    """End covering a place with today."""
    form = await typed(request)
    try:
        async with attempt(session):
            await post_service.end_place(
                session, viewer, code, number, PostEnd(until=shanghai_today()), expect=_as_seen(form),
                now=utc_now(),
            )  # fmt: skip
    except RongqiaoError as error:
        return await _again(request, session, viewer, code, form, error)
    return _done(request, code, Text("自明日起不再覆盖。"))


@router.post("/chain/{code}/people/profile", openapi_extra=CHANGES)
async def choose_profile(request: Request, session: SessionDep, viewer: ViewerDep, code: Code) -> Response:
    """Choose by which profile members are proposed."""
    form = await typed(request)
    try:
        body = ProfileIn.model_validate({"profile": form["profile"] or None})
        async with attempt(session):
            await profile_service.set_profile(session, viewer, code, body, expect=expected(form))
    except (ValidationError, RongqiaoError) as error:
        return await _again(request, session, viewer, code, form, error)
    return _done(request, code, Text("画像已更改，下次运行归链提议时生效。"))


def _as_seen(form: Form) -> Any:
    stated = etag_of(form["version"])
    return lambda stored: check_if_match(stated, stored)


async def _again(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    form: Form,
    error: ValidationError | RongqiaoError,
    fields: dict[str, str] | None = None,
) -> Response:
    again, status = _refused(form, error, fields)
    return await _show(request, session, viewer, code, again, status)


def _refused(
    form: Form, error: ValidationError | RongqiaoError, fields: dict[str, str] | None = None
) -> tuple[Form, int]:
    """Answer the form with what stands against it; what the viewer may not see or do is raised again."""
    if isinstance(error, ValidationError):
        return form.misfit(error, fields), 422
    if isinstance(error, PreconditionFailed):
        return form.with_faults({"": CHANGED_MEANWHILE}), error.status
    if error.status in {403, 404}:
        raise error
    return form.refused(error, fields), error.status


def _done(request: Request, code: str, said: Text) -> Response:
    return go_to(f"/chain/{code}/people", request, said)
