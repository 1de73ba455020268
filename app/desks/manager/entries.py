"""The page of one entry for an institution's people: read it, log on it, hand it over, ask for coordination."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import ValidationError

from app.accounts.api import ViewerDep
from app.accounts.permissions import Action, does
from app.accounts.rules import Role, Viewer
from app.allocation import handler_service
from app.allocation.handler_schemas import HandlerIn
from app.coordination import service as coordination
from app.coordination.rules import COORDINATORS_OWN, KINDS, CaseKind
from app.coordination.schemas import CaseIn
from app.desks.forms import Form, expected, number_typed, typed
from app.desks.manager.acts import ACTORS, ACTS, acts_of, beginnings, main_act, to_correct
from app.desks.manager.deadlines import deadline
from app.desks.manager.facts import told
from app.desks.manager.lists import TONES
from app.desks.manager.reading import EntryReading, read_entry
from app.desks.manager.reports import Occasion, Report, place_of, report_of
from app.desks.pages import go_to, page
from app.desks.texts import Text
from app.docking import service
from app.docking.kinds import PAUSE_LABELS, EventKind
from app.docking.reasons import REASONS
from app.docking.rules import STAGE_LABELS
from app.enterprises import service as enterprises
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession, attempt
from app.kernel.errors import Conflict, Forbidden, NotFound, PreconditionFailed, Refused
from app.kernel.requests import SessionDep, TransactionRoute
from app.kernel.shanghai import shanghai_date
from app.policy.derived import chinese_name
from app.policy.facts import PURPOSES, SIZE_CLASSES, SOURCE_CLASSES
from app.whitelist import service as whitelist
from app.whitelist.schemas import ENTRY_CODE_PATTERN

router = APIRouter(route_class=TransactionRoute, include_in_schema=False, default_response_class=HTMLResponse)
EntryCode = Annotated[str, Path(pattern=ENTRY_CODE_PATTERN, max_length=60)]
MOST_QUESTION: Final = 2_000
KNOWN: Final = frozenset({*ACTS, EventKind.CORRECTED})
MAY_PASS_ON: Final = frozenset({EventKind.DECLINED, EventKind.GUARANTEE_GRANTED, EventKind.CORRECTED})
LOGGED: Final = {
    EventKind.ACCEPTED: Text("已接单。"),
    EventKind.CONTACTED: Text("已登记对接。"),
    EventKind.VISITED: Text("已登记走访。"),
    EventKind.GUARANTEE_OFFERED: Text("已登记担保报价。"),
    EventKind.GUARANTEE_GRANTED: Text("已登记承保。"),
    EventKind.CREDIT_APPROVED: Text("已登记授信。"),
    EventKind.DISBURSED: Text("已登记放款。"),
    EventKind.PAUSED: Text("已暂停计时。"),
    EventKind.RESUMED: Text("已恢复计时。"),
    EventKind.DECLINED: Text("已登记婉拒。企业已收到答复，条目转给下一责任方。"),
    EventKind.CORRECTED: Text("已更正。原记录仍保留，并标明已作废。"),
}
NEWER: Final = Text("在您打开本页之后，这个条目有了新记录。请核对下方的办理经过，仍要登记的话请再提交一次。")
TAKEN: Final = Text("在您打开本页之后，经办人已有变动。请核对后再提交。")
NOT_CHOSEN: Final = Text("请从清单中选择")


@router.get("/manager/entries/{code}", openapi_extra=does(Action.READ_CARDS, is_recorded=True))
async def show_entry(request: Request, session: SessionDep, viewer: ViewerDep, code: EntryCode) -> Response:
    """Show an entry: firm, need, why it came here, what fits, what happened, and what can be done now."""
    return await _show(request, session, viewer, code)


@router.get(
    "/manager/entries/{code}/contact",
    openapi_extra=does(Action.READ_CONTACTS, is_recorded=True, writes=True),
)
async def show_contact(request: Request, session: SessionDep, viewer: ViewerDep, code: EntryCode) -> Response:
    """Show whom to call at the firm; the institution holds one of the three slots from then on."""
    entry = await whitelist.get_entry(session, viewer, code)
    refusal: Conflict | Forbidden | None = None
    contact = None
    try:
        async with attempt(session):
            contact = await enterprises.read_contact(session, viewer, entry.uscc)
    except (Conflict, Forbidden) as error:
        refusal = error
    context = {"entry": entry, "contact": contact, "is_full": isinstance(refusal, Conflict)}
    return page(request, "manager/contact.html", context, refusal.status if refusal else 200)


@router.post("/manager/entries/{code}/events", openapi_extra=does(Action.LOG_DOCKING))
async def log(request: Request, session: SessionDep, viewer: ViewerDep, code: EntryCode) -> Response:
    """Log what happened, or what was wrong about something logged."""
    form, now = await typed(request), utc_now()
    if form["kind"] not in {kind.value for kind in KNOWN}:
        raise NotFound("No such thing to log.")
    kind, read = EventKind(form["kind"]), await read_entry(session, viewer, code, now=now)
    report = _report(read, form, kind, now)
    if report.event is None:
        return await _show(request, session, viewer, code, report.form, kind.value, 422)
    if form["last"] != str(read.state.last_sequence):
        return await _show(request, session, viewer, code, form.with_faults({"": NEWER}), kind.value, 409)
    try:
        async with attempt(session):
            await service.log_event(session, viewer, code, report.event, now=now)
    except (Refused, Conflict, PreconditionFailed) as error:
        again = form.refused(error, place_of(kind))
        return await _show(request, session, viewer, code, again, kind.value, error.status)
    if kind in MAY_PASS_ON and not await _is_theirs(session, viewer, code):
        return go_to("/manager", request, Text("已登记。条目已转给下一责任方，不再在您的清单中。"))
    return go_to(f"/manager/entries/{code}", request, LOGGED[kind])


@router.post("/manager/entries/{code}/handler", openapi_extra=does(Action.DISPATCH_ENTRIES))
async def hand(request: Request, session: SessionDep, viewer: ViewerDep, code: EntryCode) -> Response:
    """Take an entry, give it to a colleague, or set it free."""
    form, now = await typed(request), utc_now()
    chosen = form["person"]
    person = viewer.person if chosen == "me" else number_typed(chosen) or None
    if person is None and chosen != "nobody":
        again = form.with_faults({"person": NOT_CHOSEN})
        return await _show(request, session, viewer, code, again, "handler", 422)

    try:
        body = HandlerIn(person=person, institution=form["institution"] or None)
        async with attempt(session):
            await handler_service.hand_to(session, viewer, code, body, expect=expected(form), now=now)
    except ValidationError:
        again = form.with_faults({"person": NOT_CHOSEN})
        return await _show(request, session, viewer, code, again, "handler", 422)
    except PreconditionFailed as error:
        again = form.with_faults({"": TAKEN})
        return await _show(request, session, viewer, code, again, "handler", error.status)
    except (Refused, Conflict) as error:
        return await _show(request, session, viewer, code, form.refused(error), "handler", error.status)
    return go_to(f"/manager/entries/{code}", request, Text("已更新经办人。"))


@router.post("/manager/entries/{code}/cases", openapi_extra=does(Action.RAISE_CASE))
async def ask(request: Request, session: SessionDep, viewer: ViewerDep, code: EntryCode) -> Response:
    """Raise a coordination case."""
    form, now = await typed(request), utc_now()
    faults: dict[str, Text | str] = {}
    if form["case-kind"] not in {kind.value for kind in CaseKind}:
        faults["case-kind"] = NOT_CHOSEN
    if not form["case-question"] or len(form["case-question"]) > MOST_QUESTION:
        faults["case-question"] = Text("请写明要协调什么，不超过 2,000 字")
    if faults:
        return await _show(request, session, viewer, code, form.with_faults(faults), "case", 422)
    question = " ".join(form["case-question"].split())
    try:
        body = CaseIn(entry=code, kind=CaseKind(form["case-kind"]), question=question)
        async with attempt(session):
            await coordination.raise_case(session, viewer, body, now=now)
    except ValidationError:
        again = form.with_faults({"case-question": Text("含有不能显示的字符，请删去后重填")})
        return await _show(request, session, viewer, code, again, "case", 422)
    except (Refused, Conflict) as error:
        again = form.refused(error, {"kind": "case-kind", "question": "case-question"})
        return await _show(request, session, viewer, code, again, "case", error.status)
    return go_to(f"/manager/entries/{code}", request, Text("已提出协调事项，责任单位已收到通知。"))


def _report(read: EntryReading, form: Form, kind: EventKind, now: datetime) -> Report:
    institution = read.party.institution if read.party else None
    before = tuple(event.occurred_at for event in read.events.values() if event.corrected_by is None)
    since = read.party.since if read.party else None
    return report_of(form, kind, institution, Occasion(now, since, before))


async def _is_theirs(session: AsyncSession, viewer: Viewer, code: str) -> bool:
    """Tell whether the viewer still sees an entry after what was logged took its course."""
    try:
        await whitelist.get_entry(session, viewer, code)
    except NotFound:
        return False
    return True


async def _show(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    form: Form | None = None,
    opened: str = "",
    status: int = 200,
) -> Response:
    """Show the page, a form opened as it was typed if one was refused."""
    now = utc_now()
    read = await read_entry(session, viewer, code, now=now)
    return page(request, "manager/entry.html", _context(read, viewer, form, opened, now), status)


def _people(read: EntryReading) -> list[tuple[str, Text]]:
    """Answer to whom an entry can be given, those with the least in hand first."""
    others = sorted(read.colleagues, key=lambda one: (one.entries, one.person))
    shown = [
        (str(one.person), Text("%(name)s（在办 %(count)s 户）", name=one.name, count=one.entries))
        for one in {one.person: one for one in others}.values()
    ]
    return [*shown, ("nobody", Text("不指定经办人"))]


def _context(
    read: EntryReading, viewer: Viewer, form: Form | None, opened: str, now: datetime
) -> Mapping[str, Any]:
    acts = acts_of(read.party)
    begun = beginnings(read.party, read.state, read.entry.facts.term_months, shanghai_date(now))
    shown = form or Form()
    return {
        "read": read,
        "entry": read.entry,
        "state": read.state,
        "party": read.party,
        "names": read.names,
        "acts": acts,
        "main": main_act(acts, read.state.clock.step if read.state.clock else None),
        "actors": ACTORS,
        "opened": opened,
        "form": Form({**begun.values, **shown.values}, shown.several, shown.faults),
        "events": list(read.events.values()),
        "wrongs": to_correct(list(read.events.values()), read.party.institution if read.party else None),
        "today": shanghai_date(now),
        "first_day": shanghai_date(read.party.since).isoformat() if read.party else "",
        "products": [(one.product_name, one.product_name) for one in read.matches.matches]
        if read.matches
        else [],
        "people": _people(read),
        "told": told(read.entry),
        "me": viewer.person,
        "is_administrator": viewer.has(Role.BANK_ADMINISTRATOR),
        "deadline": deadline,
        "stages": STAGE_LABELS,
        "tones": TONES,
        "reasons": [(reason.value, meaning.chinese) for reason, meaning in REASONS.items()],
        "pauses": [(reason.value, label) for reason, label in PAUSE_LABELS.items()],
        "case_kinds": [
            (kind.value, meaning.chinese) for kind, meaning in KINDS.items() if kind not in COORDINATORS_OWN
        ],
        "fact_name": chinese_name,
        "source_classes": SOURCE_CLASSES,
        "sizes": SIZE_CLASSES,
        "purposes": PURPOSES,
    }
