"""What the page of a need rests on, gathered from the rooms that know it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from fastapi import Request, Response

from app.accounts.rules import Viewer
from app.allocation.party_service import assignment_of_entry
from app.allocation.schemas import AssignmentOut
from app.bottlenecks import service as bottlenecks
from app.bottlenecks.schemas import NeedCaseOut
from app.coordination import service as coordination
from app.coordination.schemas import CaseFilter, CoordinationCaseOut
from app.desks.enterprise import progress
from app.desks.enterprise.own import own_need
from app.desks.enterprise.tasks import state_of
from app.desks.forms import Form
from app.desks.pages import page
from app.desks.submission.fields import STEPS
from app.desks.texts import Text
from app.docking import answer_service, history_service, life_service
from app.docking.answer_schemas import AnswerOut
from app.docking.schemas import DockingOut, EventOut, LifeEventOut
from app.enterprises import consent_service
from app.enterprises.consent_schemas import ConsentOut
from app.enterprises.schemas import NeedOut
from app.institutions.rules import InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.clock import utc_now
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound
from app.kernel.paging import PageRequest
from app.kernel.settings import get_settings
from app.matching.offer_service import offers_of_need
from app.matching.offers import NeedOffers
from app.policy.facts import PURPOSES
from app.policy.service import clauses_cited
from app.reference.book import load_reference_book
from app.whitelist import service as whitelist
from app.whitelist.schemas import EntrySummary

EDITING: Final = {asked.name: step.slug for step in STEPS for asked in step.fields}
"""The step of the form in which each fact is stated."""
OWN_TERMS: Final = Text("产品条款")
"""How products cite their own terms (app/catalogue/rules.py): a name that the pages say in English too."""
MOST_OFFERS: Final = 10
MOST_EVENTS: Final = 200
MOST_CASES: Final = 10
SCORES: Final = (5, 4, 3, 2, 1)


@dataclass(frozen=True, slots=True)
class Docked:
    """An entry of the need with all that befell it."""

    state: DockingOut
    life: Sequence[LifeEventOut]
    events: Sequence[EventOut]
    answers: Sequence[AnswerOut]
    assignment: AssignmentOut | None
    cases: Sequence[CoordinationCaseOut]


async def show_need(
    request: Request,
    session: AsyncSession,
    viewer: Viewer,
    code: str,
    *,
    edition: str | None = None,
    form: Form | None = None,
    about: str = "",
    status: int = 200,
) -> Response:
    """Show a need on one page; `form` is what was refused of `about`: `rating`, or the code of a case.

    Raises:
        NotFound: no such need of the viewer's firms, or it is not on that edition.
    """
    now = utc_now()
    need = await own_need(session, viewer, code)
    entries = await whitelist.entries_of_needs(session, viewer, [code])
    entry = _entry(entries, edition)
    offers = await offers_of_need(session, viewer, code, now=now, limit=MOST_OFFERS)
    blocked = await bottlenecks.cases_of_need(session, viewer, code)
    consents = await _live_consents(session, viewer, code, now)
    docked = None if entry is None else await _docked(session, viewer, entry.code, now)
    tree = await institution_tree(session, viewer)
    context = {
        **_about_need(need, entries, entry, docked, offers),
        **_about_docking(code, docked, tree, consents, offers),
        "offers": offers,
        "blocked": [one for one in blocked if entry is not None and one.entry == entry.code],
        "clauses": _clauses(offers, blocked, docked),
        "state_at": partial(path_to_state, code),
        "consents": consents,
        "now": now,
        "form": form or Form(),
        "blank": Form(),
        "about": about,
        "scores": SCORES,
    }
    return page(request, "enterprise/need.html", context, status)


def path_to_state(code: str, fact: str) -> str:
    """Answer where a fact of a need is stated."""
    path = f"/enterprise/needs/{code}/edit"
    return f"{path}/{EDITING[fact]}#{fact}" if fact in EDITING else path


def _entry(entries: Sequence[EntrySummary], edition: str | None) -> EntrySummary | None:
    """Answer the entry asked for, else the newest that was admitted, else the newest."""
    if edition is not None:
        found = next((one for one in entries if one.edition == edition), None)
        if found is None:
            raise NotFound("The need is not on this edition.")
        return found
    admitted = (one for one in entries if one.status == "admitted" and one.withdrawn_at is None)
    return next(admitted, next(iter(entries), None))


async def _docked(session: AsyncSession, viewer: Viewer, entry: str, now: datetime) -> Docked:
    events = PageRequest(limit=MOST_EVENTS)
    try:
        assignment = await assignment_of_entry(session, viewer, entry)
    except NotFound:
        assignment = None
    cases = await coordination.list_cases(
        session, viewer, PageRequest(limit=MOST_CASES), CaseFilter(entry=entry), now=now
    )
    return Docked(
        state=await history_service.docking_state(session, viewer, entry, now=now),
        life=await life_service.life_of(session, viewer, entry),
        events=(await history_service.events_page(session, viewer, entry, events)).items,
        answers=(
            await answer_service.answers_page(session, viewer, entry, PageRequest(limit=MOST_CASES), now=now)
        ).items,
        assignment=assignment,
        cases=cases.items,
    )


async def _live_consents(session: AsyncSession, viewer: Viewer, code: str, now: datetime) -> list[ConsentOut]:
    found = await consent_service.list_consents(session, viewer, code, PageRequest(limit=200), now=now)
    return [one for one in found.items if one.is_live]


def _about_need(
    need: NeedOut,
    entries: Sequence[EntrySummary],
    entry: EntrySummary | None,
    docked: Docked | None,
    offers: NeedOffers,
) -> dict[str, Any]:
    book, facts = load_reference_book(get_settings().seed_dir), need.facts
    industry = book.industries.parse(facts.industry) if facts.industry else None
    is_simulated = docked is not None and any(one.is_simulated for one in docked.events)
    is_invented = any(one.offer.is_demo for one in offers.judged.values())
    return {
        "need": need,
        "entries": entries,
        "entry": entry,
        "state": state_of(entry, docked.state if docked else None),
        "purposes": [PURPOSES[word] for word in facts.purposes],
        "region": book.regions.full_name(facts.region),
        "industry": industry.name if industry else None,
        "is_simulated": is_simulated or is_invented,
    }


def _about_docking(
    code: str,
    docked: Docked | None,
    tree: InstitutionTree,
    consents: Sequence[ConsentOut],
    offers: NeedOffers,
) -> dict[str, Any]:
    def name_of(code: str) -> str:
        node = tree.find(code)
        return code if node is None else node.short_name

    path = "" if consents else f"/enterprise/consents/new?need={code}"
    unknown = offers.matches.unknown
    if docked is None:
        doing = progress.to_do(None, (), consent_path=path, unknown=unknown)
        return {"docked": None, "doing": doing, "lines": (), "parties": (), "clock": None, "name_of": name_of}
    parties = progress.parties_of(docked.state, docked.events, name_of)
    clock = docked.state.clock
    return {
        "docked": docked,
        "clock": clock,
        "next_step": progress.next_step(clock),
        "waits_for": progress.waits_for(clock) if clock else None,
        "until_when": progress.until_when(clock) if clock else None,
        "lines": progress.lines_of(docked.life, docked.events, name_of),
        "parties": parties,
        "doing": progress.to_do(clock, parties, consent_path=path, unknown=unknown),
        "name_of": name_of,
    }


def _clauses(offers: NeedOffers, blocked: Iterable[NeedCaseOut], docked: Docked | None) -> dict[str, Any]:
    """Answer the clauses that the page cites, by citation, each with the number of its place on the page."""
    cited = [found.source for one in offers.judged.values() for found in one.findings]
    cited += [fail.source for group in offers.misfits for one in group.shown for fail in one.fails]
    cited += [one.citation for case in blocked for one in case.classes]
    if docked is not None:
        cited += [one.handling.citation for one in docked.answers if one.handling is not None]
        cited += [line.citation for one in docked.answers for line in one.advice]
        cited += [one.clause for one in docked.cases]
    found, numbers = clauses_cited(cited), dict[tuple[str, str], int]()
    return {
        text: (numbers.setdefault((one.pack, one.clause.number), len(numbers) + 1), one)
        for text, one in found.items()
    }
