"""Correcting an entry's facts: typed, looked at (what would fit, which class, whether it stays admitted), carried out."""

from dataclasses import dataclass, replace
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Viewer
from app.bottlenecks import service as bottlenecks
from app.bottlenecks.schemas import ClassificationOut
from app.desks.forms import Form, expected, typed
from app.desks.pages import go_to, page
from app.desks.roster import correcting, words
from app.desks.roster.correcting import Change, Fits, Typed
from app.desks.roster.entries import EntryPath, reason_fault
from app.desks.roster.lists import frame
from app.desks.submission.fields import PICKED, Asked, Kind
from app.desks.submission.work import Work, stored_work
from app.desks.texts import Text, language_of
from app.docking import restating_service
from app.enterprises.need_facts import NeedFacts
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, PreconditionFailed, Refused
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.shanghai import shanghai_date
from app.matching import service as matching
from app.whitelist import restating_service as whitelist_restating
from app.whitelist import service as whitelist
from app.whitelist.schemas import EntryOut, RestatementIn, RestatementLook

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
MOST_COMPARED: Final = 200
OTHERS_FIRST: Final = Text(
    "您打开本页之后，已有人修改了这一条目。下面是您填写的与现在内容的不同，请看过后再确认。"
)
PLACES: Final = {
    "facts.region": "region", "facts.industry": "industry", "facts.chain": "chain", "facts.amount": "amount",
    "facts.established_on": "established_on",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """What a correction would do; `mark` names the facts that were looked at."""

    changes: list[Change]
    fits: Fits
    was: ClassificationOut
    becomes: ClassificationOut
    admission: RestatementLook
    mark: str


@router.get("/roster/entries/{code}/facts", openapi_extra=does(Action.CHANGE_ENTRIES, is_recorded=True))
async def facts_page(request: Request, session: SessionDep, viewer: ViewerDep, code: EntryPath) -> Response:
    """Show what the need says now, each fact to be corrected."""
    entry, work = await _subject(session, viewer, code)
    return await _show(request, session, viewer, entry, work, None)


async def _subject(session: AsyncSession, viewer: Viewer, code: str) -> tuple[EntryOut, Work]:
    entry = await whitelist.get_entry(session, viewer, code)
    return entry, await stored_work(session, viewer, entry.need, today=shanghai_date(utc_now()))


async def _show(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    entry: EntryOut,
    work: Work,
    form: Form | None,
    status: int = 200,
    look: Look | None = None,
) -> Response:
    made, language = correcting.typed_facts(work, form), language_of(request)
    shown = correcting.filled(work, made, form)
    if form is not None and form.faults:
        shown = shown.with_faults({**shown.faults, **form.faults})
    assert work.need is not None
    context: dict[str, Any] = await frame(session, viewer) | {
        "entry": entry,
        "work": work,
        "form": shown,
        "look": look,
        "steps": correcting.questions(work),
        "asked": _asked(entry, work),
        "lag": correcting.changes(entry.facts, work.need.facts, work, language),
        "choices": {name: found for read in made.reads.values() for name, found in read.choices.items()},
        "words": {},  # of amounts, which the script says while they are typed
        "statuses": words.STATUSES,
        "tones": words.TONES,
        "kinds": Kind,
        "picked": PICKED,
    }
    return page(request, "roster/facts.html", context, status)


def _asked(entry: EntryOut, work: Work) -> list[Asked]:
    """Answer the questions that admission hangs on and nobody has answered."""
    wanted = {one["fact"] for one in entry.admission.get("ask", ())}
    return [
        one
        for _step, fields in correcting.questions(work)
        for one in fields
        if correcting.fact_of(one) in wanted
    ]


@router.post("/roster/entries/{code}/facts", openapi_extra=does(Action.CHANGE_ENTRIES, is_recorded=True))
async def correct(request: Request, session: SessionDep, viewer: ViewerDep, code: EntryPath) -> Response:
    """Show what the correction would do, then, once that was seen, carry it out."""
    form = await typed(request)
    entry, work = await _subject(session, viewer, code)
    made = correcting.typed_facts(work, form)
    language = language_of(request)
    changed = correcting.changes(entry.facts, made.facts, work, language)
    faults: dict[str, Text] = dict(made.faults)
    if not faults and not changed:
        faults[""] = Text("没有改动：与名单上的内容相同。")
    if fault := reason_fault(form["reason"]):
        faults["reason"] = fault
    if faults:
        return await _show(request, session, viewer, entry, work, form.with_faults(faults), 422)
    if form["step"] != "carry-out" or form["mark"] != made.facts.content_hash():
        return await _looked(request, session, viewer, entry, work, form, made, changed)
    body = RestatementIn.model_construct(
        facts=made.facts, need_revision=_number(form["revision"]), reason=form["reason"]
    )
    try:
        async with attempt(session):
            await restating_service.restate_entry(
                session, viewer, code, body, expect=expected(form), now=utc_now()
            )
    except PreconditionFailed as error:
        return await _overtaken(request, session, viewer, code, form, error.status)
    except (Refused, Conflict) as error:
        return await _show(request, session, viewer, entry, work, form.refused(error, PLACES), error.status)
    said = Text("已更正%(count)s项事实，并按新的事实重新判定。", count=len(changed))
    return go_to(f"/roster/entries/{code}", request, said)


async def _overtaken(
    request: Request, session: AsyncSession, viewer: Viewer, code: str, form: Form, status: int
) -> Response:
    """Show what was typed beside what somebody else has made of the entry meanwhile: it may be carried out from there."""
    entry, work = await _subject(session, viewer, code)
    assert work.need is not None
    newest = {"version": str(entry.version), "revision": str(work.need.revision)}
    told = replace(form, values={**form.values, **newest}).with_faults({"": OTHERS_FIRST})
    made = correcting.typed_facts(work, told)
    changed = correcting.changes(entry.facts, made.facts, work, language_of(request))
    if made.faults or not changed:
        return await _show(request, session, viewer, entry, work, told, status)
    return await _looked(request, session, viewer, entry, work, told, made, changed, status)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < len("1000000000") else 0


async def _looked(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    entry: EntryOut,
    work: Work,
    form: Form,
    made: Typed,
    changed: list[Change],
    status: int = 200,
) -> Response:
    try:
        look = await _look(session, viewer, entry, made.facts, changed)
    except (Refused, Conflict) as error:
        return await _show(request, session, viewer, entry, work, form.refused(error, PLACES), error.status)
    return await _show(request, session, viewer, entry, work, form, status, look)


async def _look(
    session: AsyncSession, viewer: Viewer, entry: EntryOut, facts: NeedFacts, changed: list[Change]
) -> Look:
    """Say what a correction would do, by what previews say of both wordings."""
    now = utc_now()
    admission = await whitelist_restating.look(session, viewer, entry.code, facts, now=now)
    before = await matching.preview(session, viewer, entry.facts, now=now, limit=MOST_COMPARED)
    after = await matching.preview(session, viewer, facts, now=now, limit=MOST_COMPARED)
    return Look(
        changed,
        correcting.fits(before, after),
        await bottlenecks.preview(session, viewer, entry.facts, now=now),
        await bottlenecks.preview(session, viewer, facts, now=now),
        admission,
        facts.content_hash(),
    )
