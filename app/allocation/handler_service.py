"""Use cases of who handles an entry within its institution: given, taken, handed over, listed."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from app.accounts import audit_service, people_service
from app.accounts.permissions import Action, forbidden
from app.accounts.rules import INSTITUTION_ROLES, Role, Viewer
from app.allocation import handler_queries as queries
from app.allocation.handler_schemas import (
    ColleagueOut,
    HandlerIn,
    HandlerOut,
    Handling,
    HandoverIn,
    HandoverOut,
)
from app.allocation.handling import Reach, may_hand, reach_of
from app.allocation.tables import EntryHandler
from app.allocation.topics import PARTIES_CHANGED
from app.institutions.reach import institution_target
from app.institutions.rules import InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession, sight_of, unrestricted
from app.kernel.errors import Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest
from app.kernel.recording import looked_once
from app.whitelist import service as whitelist
from app.whitelist.schemas import EntryFilter, EntrySummary

Expect = Callable[[int], None]
_OVERSEERS: Final = (Role.COORDINATOR, Role.AUDITOR, Role.CHAIN_MANAGER)


async def handler_of(
    session: AsyncSession, viewer: Viewer, entry_code: str, institution: str | None = None
) -> HandlerOut:
    """Answer who handles an entry within an institution (a code), by default the one that the viewer reaches.

    Raises:
        NotFound: no such entry that this viewer may see, or that institution does not answer for it.
    """
    tree = await institution_tree(session, viewer)
    assignment_id, party = await _party(session, viewer, tree, entry_code, institution)
    return await _shown(session, tree, entry_code, assignment_id, party)


async def hand_to(
    session: AsyncSession, viewer: Viewer, entry_code: str, body: HandlerIn, *, expect: Expect, now: datetime
) -> HandlerOut:
    """Give an entry to a colleague, take it, or set it free.

    Raises:
        NotFound: no such entry that this viewer may see, or that institution does not answer for it.
        Forbidden: the viewer decides on the own entries and on free ones only, or on none there.
        Refused: the colleague has no role at the institution or above it.
    """
    tree = await institution_tree(session, viewer)
    assignment_id, party = await _party(
        session, viewer, tree, entry_code, body.institution, is_for_change=True
    )
    before = await _handling(session, assignment_id, party)
    person = before.person_id if before is not None else None
    if not may_hand(viewer, _reach(viewer, tree, party), before=person, after=body.person):
        raise forbidden(Action.DISPATCH_ENTRIES)
    expect(before.id if before is not None else 0)
    if body.person != person:
        await _check_colleague(session, tree, [party], body.person, now)
        await queries.end(session, [before.id] if before is not None else [], now)
        await queries.add(session, _rows([(assignment_id, party)], body.person, viewer, now))
        detail = {"institution": tree.node(party).code, "from": person, "to": body.person}
        audit_service.note(session, "dispatch", "entry", entry_code, now=now, detail=detail)
        await _tell(session, [assignment_id], now)
    return await _shown(session, tree, entry_code, assignment_id, party)


async def hand_over(session: AsyncSession, viewer: Viewer, body: HandoverIn, *, now: datetime) -> HandoverOut:
    """Pass all or listed entries of one person to a colleague, together; a dry run only counts.

    Raises:
        Forbidden: nothing that the person handles is the viewer's to hand over.
        NotFound: a listed entry is none that this viewer may see and that the person handles.
        Refused: the colleague is the same person, or has no role at one of the institutions or above it.
    """
    if body.to == body.from_:
        raise Refused("Nothing was handed over.", [Fault("to", "the same person", "Name a colleague.")])
    tree = await institution_tree(session, viewer)
    listed = await _listed(session, viewer, body.entries)
    # Handling is the institution's own business and stays in order while a consent is away; only counts are shown.
    with unrestricted(session):
        held = await queries.hold_handlings_by(session, body.from_)
    passing = _passing(viewer, tree, held, body, listed)
    await _check_colleague(session, tree, {one.institution_id for one in passing}, body.to, now)
    counts = Counter(tree.node(one.institution_id).code for one in passing)
    if not body.dry_run:
        with unrestricted(session):  # as above: the rows that were just read
            await queries.end(session, (one.id for one in passing), now)
            pairs = [(one.assignment_id, one.institution_id) for one in passing]
            await queries.add(session, _rows(pairs, body.to, viewer, now, body.reason))
            await _tell(session, (one.assignment_id for one in passing), now)
        detail = {"to": body.to, "entries": len(passing), "institutions": sorted(counts)}
        audit_service.note(session, "handover", "person", str(body.from_), now=now, detail=detail)
    return HandoverOut.model_validate(
        {
            "from": body.from_,
            "to": body.to,
            "entries": len(passing),
            "by_institution": dict(sorted(counts.items())),
            "is_dry_run": body.dry_run,
        }
    )


async def _tell(session: AsyncSession, assignment_ids: Iterable[int], now: datetime) -> None:
    """Tell who follows that entries have another handler; they see to all of an entry, whoever handed it over."""
    with unrestricted(session):
        changed = await queries.entries_of_assignments(session, assignment_ids)
        await PARTIES_CHANGED.tell(session, changed, now)


async def colleagues(
    session: AsyncSession, viewer: Viewer, institution: str, *, now: datetime
) -> list[ColleagueOut]:
    """Answer to whom an institution's entries can be given, with how many each handles there.

    Raises:
        NotFound: there is no such institution.
        Forbidden: it is not the viewer's to dispatch there.
    """
    tree = await institution_tree(session, viewer)
    node = tree.find(institution)
    if node is None:
        raise NotFound(f"There is no institution {institution}.")
    if _reach(viewer, tree, node.id) is Reach.NOTHING:
        raise forbidden(Action.DISPATCH_ENTRIES)
    found = await people_service.holders_at(session, INSTITUTION_ROLES, _codes_above(tree, node.id), now=now)
    with unrestricted(session):  # how much colleagues have in hand, while consents are away too; only counts
        counts = await queries.counts_by_person(session, node.id, (person.id for person, _grant in found))
    return [
        ColleagueOut(
            person=person.id,
            name=person.name,
            role=grant.role,
            institution=grant.scope,
            entries=counts.get(person.id, 0),
        )
        for person, grant in found
    ]


async def list_entries(
    session: AsyncSession, viewer: Viewer, page: PageRequest, which: EntryFilter, assigned_to: str | None
) -> Page[EntrySummary]:
    """List entries by code: all, or those that a person (`me`, a number) handles now, or that nobody handles.

    `unhandled` are for an institution's viewer those of the own institutions and all below.
    """
    within = None
    if assigned_to == "unhandled":
        within = queries.unhandled(await own_institutions(session, viewer))
    elif assigned_to is not None:
        within = queries.handled_by((viewer.person or 0) if assigned_to == "me" else int(assigned_to))
    return await whitelist.list_entries(session, viewer, page, which, within=within)


async def own_institutions(session: AsyncSession, viewer: Viewer) -> Collection[int] | None:
    """Answer the institutions (ids) of an institution's viewer and all below; None for who oversees all."""
    if viewer.is_operator or viewer.has(*_OVERSEERS):
        return None
    tree = await institution_tree(session, viewer)
    tops = [node for node in map(tree.find, viewer.scopes(*INSTITUTION_ROLES)) if node is not None]
    return {node.id for top in tops for node in (top, *tree.descendants(top.id))}


async def _party(
    session: AsyncSession,
    viewer: Viewer,
    tree: InstitutionTree,
    entry_code: str,
    institution: str | None,
    *,
    is_for_change: bool = False,
) -> tuple[int, int]:
    """Answer (assignment, institution) of an entry: the named one, else the first that the viewer reaches."""
    found = await queries.parties_now(session, viewer, entry_code, is_for_change=is_for_change)
    if found is None:
        raise NotFound("No such whitelist entry, or no institution is responsible for it now.")
    assignment, parties = found
    if institution is not None:
        parties = [party for party in parties if tree.node(party).code == institution]
    if not parties:
        raise NotFound(f"{institution} answers for {entry_code} neither as responsible nor as supporting.")
    reached = (party for party in parties if _reach(viewer, tree, party) is not Reach.NOTHING)
    return assignment, next(reached, parties[0])


async def _listed(
    session: AsyncSession, viewer: Viewer, codes: Sequence[str] | None
) -> Collection[int] | None:
    if codes is None:
        return None
    found = await queries.assignments_of_entries(session, viewer, codes)
    if missing := [code for code in codes if code not in found]:
        raise NotFound("Nothing was handed over.", [_not_handled(code) for code in missing])
    return frozenset(found.values())


def _passing(
    viewer: Viewer,
    tree: InstitutionTree,
    held: Iterable[Handling],
    body: HandoverIn,
    listed: Collection[int] | None,
) -> list[Handling]:
    wanted = [one for one in held if listed is None or one.assignment_id in listed]
    passing = [
        one
        for one in wanted
        if may_hand(viewer, _reach(viewer, tree, one.institution_id), before=body.from_, after=body.to)
    ]
    if wanted and (not passing or (listed is not None and len(passing) < len(wanted))):
        raise forbidden(Action.DISPATCH_ENTRIES)
    if listed is not None and len({one.assignment_id for one in passing}) < len(listed):
        raise NotFound("Nothing was handed over.", [Fault("entries", f"not all are handled by {body.from_}")])
    return passing


async def _check_colleague(
    session: AsyncSession,
    tree: InstitutionTree,
    institutions: Iterable[int],
    person: int | None,
    now: datetime,
) -> None:
    if person is None:
        return
    faults = []
    for institution in sorted(set(institutions)):
        scopes = _codes_above(tree, institution)
        found = await people_service.holders_at(session, INSTITUTION_ROLES, scopes, now=now)
        if all(holder.id != person for holder, _grant in found):
            message = f"has no role at {scopes[-1]} or above it"
            faults.append(Fault("person", message, "Name a colleague of that institution.", str(person)))
    if faults:
        raise Refused("Nobody was given anything.", faults)


def _rows(
    pairs: Iterable[tuple[int, int]],
    person: int | None,
    viewer: Viewer,
    now: datetime,
    reason: str | None = None,
) -> list[EntryHandler]:
    return [
        EntryHandler(
            assignment_id=assignment,
            institution_id=institution,
            person_id=person,
            given_by=viewer.name,
            reason=reason,
            since=now,
        )
        for assignment, institution in pairs
        if person is not None
    ]


async def handlings_of(session: AsyncSession, assignment_id: int) -> list[Handling]:
    """Answer who handles an assignment now, by institution, as far as it is seen."""
    look = partial(queries.handlings_of, session, assignment_id)
    return await looked_once(session, ("handlings", sight_of(session), assignment_id), look)


async def _handling(session: AsyncSession, assignment_id: int, party: int) -> Handling | None:
    found = await handlings_of(session, assignment_id)
    return next((one for one in found if one.institution_id == party), None)


async def _shown(
    session: AsyncSession, tree: InstitutionTree, entry_code: str, assignment_id: int, party: int
) -> HandlerOut:
    now = await _handling(session, assignment_id, party)
    return HandlerOut(
        entry=entry_code,
        institution=tree.node(party).code,
        person=now and now.person_id,
        name=now and now.name,
        since=now and now.since,
        given_by=now and now.given_by,
        version=now.id if now is not None else 0,
    )


def _reach(viewer: Viewer, tree: InstitutionTree, institution_id: int) -> Reach:
    return reach_of(viewer, institution_target(tree, institution_id, viewer.jurisdiction))


def _codes_above(tree: InstitutionTree, institution_id: int) -> tuple[str, ...]:
    return tuple(node.code for node in tree.path(institution_id))


def _not_handled(code: str) -> Fault:
    return Fault("entries", "not handled by that person", value=code)
