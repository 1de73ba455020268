"""A need that somebody is stating or changing: what is typed, what is known already, and what it is read against."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from app.accounts import registration_service as registrations
from app.accounts.permissions import Action, Target, forbidden, may_do
from app.accounts.rules import Role, Viewer
from app.chains.service import list_chains
from app.desks.submission import prefill
from app.desks.submission.answers import Answers, Read, Surroundings, read_all
from app.desks.submission.fields import STEPS, Step
from app.desks.submission.reasons import Reason, reasons
from app.enterprises import draft_service, need_service, service
from app.enterprises.draft_service import Draft, DraftKey, mark_of
from app.enterprises.schemas import Contact, EnterpriseOut, NeedOut, ProjectOut
from app.kernel.database import AsyncSession
from app.kernel.errors import NotFound
from app.kernel.paging import MOST_ROWS, PageRequest
from app.kernel.settings import get_settings
from app.policy import service as policy
from app.reference.book import load_reference_book
from app.reference.name_search import load_name_searches


@dataclass(frozen=True, slots=True)
class Work:
    """All that the pages of one need in the making know."""

    key: DraftKey
    firm: EnterpriseOut | None
    need: NeedOut | None
    contact: Contact
    draft: Draft | None
    known: prefill.Typed
    around: Surroundings
    reasons: Mapping[str, Sequence[Reason]]

    @property
    def base(self) -> str:
        """Answer the address under which its steps stand."""
        if self.need is None:
            return f"/enterprise/needs/new/{self.key.uscc}"
        return f"/enterprise/needs/{self.need.code}/edit"

    @property
    def steps(self) -> Sequence[Step]:
        """Answer its steps: consents hang on a stored need and are changed on its page."""
        return STEPS if self.need is None else [step for step in STEPS if step.slug != "consent"]

    @property
    def base_revision(self) -> int:
        """Answer on which wording the answers are based: 0 for a new need."""
        if self.draft is not None:
            return self.draft.base_revision
        return 0 if self.need is None else self.need.revision

    @property
    def is_stale(self) -> bool:
        """Tell whether somebody else has changed the need since these answers were begun."""
        return self.need is not None and self.base_revision != self.need.revision

    def answers(self, slug: str) -> Answers:
        """Answer what stands in a step: what was typed, else what is known already."""
        typed = None if self.draft is None else self.draft.answers.get(slug)
        return self.known.get(slug, {}) if typed is None else typed

    def mark(self, slug: str) -> str:
        """Answer the mark of what was typed in a step."""
        return mark_of(None if self.draft is None else self.draft.answers.get(slug))

    def reads(self) -> dict[str, Read]:
        """Read all steps."""
        return read_all({step.slug: self.answers(step.slug) for step in self.steps}, self.around, self.steps)

    def is_typed(self, slug: str) -> bool:
        """Tell whether somebody has saved a step, or it came from a stored need."""
        return self.need is not None or (self.draft is not None and slug in self.draft.answers)


async def new_work(session: AsyncSession, viewer: Viewer, uscc: str, *, today: date) -> Work:
    """Answer a new need of a firm in the making.

    Raises:
        Forbidden: the firm is another one's to speak for.
    """
    try:
        firm = await service.enterprise_by_uscc(session, viewer, uscc)
    except NotFound:
        firm = None
    _check_speaks_for(viewer, uscc, firm)
    book = load_reference_book(get_settings().seed_dir)
    contact = await service.read_contact(session, viewer, uscc) if firm else Contact()
    known: prefill.Typed = {}
    if firm is not None:
        known = prefill.of_firm(firm, contact, book)
    else:
        own = await registrations.own_registrations(session, viewer)
        stated = next((one for one in own if one.uscc == uscc and one.state == "confirmed"), None)
        if stated is not None:
            known = prefill.of_registration(stated.enterprise, stated.region, book)
    stored = await need_service.list_needs(session, viewer, PageRequest(limit=MOST_ROWS), uscc=uscc)
    projects = await service.list_projects(session, viewer, PageRequest(limit=MOST_ROWS), uscc=uscc)
    key = DraftKey(uscc)
    return Work(
        key=key,
        firm=firm,
        need=None,
        contact=contact,
        draft=await draft_service.read_draft(session, viewer, key),
        known=known,
        around=await _around(session, viewer, uscc, stored.items, projects.items, today=today),
        reasons=await _reasons(session, viewer, firm.region if firm else None, today),
    )


async def stored_work(session: AsyncSession, viewer: Viewer, code: str, *, today: date) -> Work:
    """Answer a stored need that is being changed.

    Raises:
        NotFound: no such need that this viewer may see.
        Forbidden: the firm is another one's to speak for.
    """
    need = await need_service.need_by_code(session, viewer, code)
    firm = await service.enterprise_by_uscc(session, viewer, need.uscc)
    _check_speaks_for(viewer, need.uscc, firm)
    book = load_reference_book(get_settings().seed_dir)
    key = DraftKey(need.uscc, code)
    return Work(
        key=key,
        firm=firm,
        need=need,
        contact=Contact(),
        draft=await draft_service.read_draft(session, viewer, key),
        known=prefill.of_need(need.facts, firm, book),
        around=await _around(session, viewer, need.uscc, (), (), today=today),
        reasons=await _reasons(session, viewer, need.facts.region, today),
    )


async def _around(
    session: AsyncSession,
    viewer: Viewer,
    uscc: str,
    needs: Sequence[NeedOut],
    projects: Sequence[ProjectOut],
    *,
    today: date,
) -> Surroundings:
    seed = get_settings().seed_dir
    chains = await list_chains(session, viewer, PageRequest(limit=MOST_ROWS))
    names = {project.code: project.name for project in projects}
    return Surroundings(
        book=load_reference_book(seed),
        searches=await asyncio.to_thread(load_name_searches, seed),
        jurisdiction=viewer.jurisdiction,
        today=today,
        chains={chain.code: chain.name for chain in chains.items},
        has_own_need=any(need.project is None for need in needs),
        projects_with_needs=frozenset(names[need.project] for need in needs if need.project in names),
        is_own=uscc in viewer.scopes(Role.ENTERPRISE),
    )


async def _reasons(
    session: AsyncSession, viewer: Viewer, region: str | None, today: date
) -> Mapping[str, Sequence[Reason]]:
    return reasons(await policy.rule_book(session, region or viewer.jurisdiction, today))


def _check_speaks_for(viewer: Viewer, uscc: str, firm: EnterpriseOut | None) -> None:
    region = firm.region if firm else viewer.jurisdiction
    is_for_any = firm is None and viewer.has(Role.COORDINATOR)
    if not (is_for_any or may_do(viewer, Action.STATE_NEEDS, Target(region=region, uscc=uscc))):
        raise forbidden(Action.STATE_NEEDS)
