"""All that the page of one entry shows an institution's people, gathered from the services of the rooms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.accounts.rules import INSTITUTION_ROLES, Role, Viewer
from app.allocation import handler_service, party_service
from app.allocation.handler_schemas import ColleagueOut, HandlerOut
from app.allocation.schemas import AssignmentOut
from app.coordination import service as coordination
from app.coordination.schemas import CaseFilter, CoordinationCaseOut
from app.desks.manager.acts import own_party
from app.desks.manager.names import Names, names
from app.docking import history_service, life_service
from app.docking.schemas import DockingOut, EventOut, LifeEventOut, PartyOut
from app.institutions.rules import InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession
from app.kernel.errors import Forbidden, NotFound, Unavailable
from app.kernel.paging import MOST_ROWS, PageRequest
from app.matching import service as matching
from app.matching.schemas import MatchesOut
from app.visibility.service import looking_at
from app.whitelist import service as whitelist
from app.whitelist.schemas import EntryOut

MOST_PRODUCTS: Final = 10
_DISPATCHERS: Final = (Role.RELATIONSHIP_MANAGER, Role.BANK_ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class EntryReading:
    """An entry as its institution reads it: what is withheld for want of a consent is left out by the services.

    `party` is the one for which the viewer acts, None without one in office; `handler` and `colleagues` are for
    people of banks; `matches` are of the own institution's products, None for a guarantor.
    """

    entry: EntryOut
    state: DockingOut
    party: PartyOut | None
    assignment: AssignmentOut | None
    events: Mapping[int, EventOut]
    life: Sequence[LifeEventOut]
    cases: Sequence[CoordinationCaseOut]
    handler: HandlerOut | None
    colleagues: Sequence[ColleagueOut]
    matches: MatchesOut | None
    tree: InstitutionTree
    names: Names

    def institution(self, code: str | None) -> str:
        """Answer an institution's name; "" for none."""
        found = self.tree.find(code) if code else None
        return found.name if found is not None else code or ""

    @property
    def is_guarantor(self) -> bool:
        """Tell whether the viewer acts for a guarantor."""
        found = self.tree.find(self.party.institution) if self.party else None
        return found is not None and found.kind.value == "guarantor"


async def read_entry(session: AsyncSession, viewer: Viewer, code: str, *, now: datetime) -> EntryReading:
    """Gather an entry; statements do not grow with what befell it.

    Raises:
        NotFound: no such entry that this viewer may see.
    """
    tree = await institution_tree(session, viewer)
    with looking_at(session, code):
        entry = await whitelist.get_entry(session, viewer, code)
        state = await history_service.docking_state(session, viewer, code, now=now)
        events = await history_service.events_page(session, viewer, code, PageRequest(limit=MOST_ROWS))
        cases = await coordination.list_cases(
            session, viewer, PageRequest(limit=MOST_ROWS), CaseFilter(entry=code), now=now
        )
        assignment = await _assignment(session, viewer, code)
        life = await life_service.life_of(session, viewer, code)
        matches = await _matches(session, viewer, entry, tree, now)
    party = own_party(state)
    handler, colleagues = await _handling(session, viewer, code, party, now)
    return EntryReading(
        entry=entry,
        state=state,
        party=party,
        assignment=assignment,
        events={event.sequence: event for event in events.items},
        life=life,
        cases=cases.items,
        handler=handler,
        colleagues=colleagues,
        matches=matches,
        tree=tree,
        names=await names(session, viewer),
    )


async def _assignment(session: AsyncSession, viewer: Viewer, code: str) -> AssignmentOut | None:
    try:
        return await party_service.assignment_of_entry(session, viewer, code)
    except NotFound:
        return None


async def _handling(
    session: AsyncSession, viewer: Viewer, code: str, party: PartyOut | None, now: datetime
) -> tuple[HandlerOut | None, Sequence[ColleagueOut]]:
    if party is None or not viewer.has(*_DISPATCHERS):
        return None, ()
    try:
        with looking_at(session, code):
            handler = await handler_service.handler_of(session, viewer, code, party.institution)
        return handler, await handler_service.colleagues(session, viewer, party.institution, now=now)
    except (NotFound, Forbidden):
        return None, ()


async def _matches(
    session: AsyncSession, viewer: Viewer, entry: EntryOut, tree: InstitutionTree, now: datetime
) -> MatchesOut | None:
    tops = [node for code in viewer.scopes(*INSTITUTION_ROLES) if (node := tree.find(code)) is not None]
    own = {node.id for top in tops for node in (*tree.path(top.id), top, *tree.descendants(top.id))}
    if viewer.has(Role.GUARANTOR) and not viewer.has(*_DISPATCHERS):
        return None
    try:
        return await matching.matches_of_need(
            session, viewer, entry.need, now=now, limit=MOST_PRODUCTS, offered_by=own
        )
    except Unavailable:
        return None
