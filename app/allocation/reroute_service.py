"""Use cases of rerouting in bulk: the coordinator takes entries from their parties, after a look at what would come."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, forbidden, may_do
from app.accounts.rules import Viewer
from app.allocation import entry_queries, queries
from app.allocation.entry_queries import AssignmentRow, ListedEntry
from app.allocation.move_service import Wish, carry_out, decide
from app.allocation.moves import Move, Party
from app.allocation.refusals import Refusals
from app.allocation.reroute_schemas import MoveOut, RerouteCounts, RerouteIn, RerouteOut
from app.allocation.rerouting import taken
from app.allocation.views import move_out, stays
from app.institutions.rules import InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.errors import Fault, NotFound, Refused
from app.whitelist import service as whitelist

NO_CANDIDATE: Final = "指定的机构没有合适的产品，也不是所属堵点类别的接收机构"


async def entries_to_reroute(session: AsyncSession, viewer: Viewer, body: RerouteIn) -> list[ListedEntry]:
    """Answer the entries that an order is about, by code: those of the viewer's part of the jurisdiction.

    Unless this is only a look, their edition is held from here on: who answers for them, and that no credit is
    approved (docking asks), stays so.

    Raises:
        Refused: neither an institution nor entries are named.
        NotFound: no such edition or institution, or a named entry is none that the viewer may see.
        Forbidden: a named entry is not the viewer's to reroute.
    """
    if body.institution is None and body.entries is None:
        fault = Fault("entries", "missing", "Name an institution, or entries, or both.")
        raise Refused("Say which entries are to be rerouted.", [fault])
    edition = await whitelist.edition(session, viewer, body.edition)
    if not body.dry_run:
        await queries.hold_edition(session, edition.id)
    if body.entries is not None:
        found = await entry_queries.entries_of_codes(session, viewer, edition.id, body.entries)
        known = {entry.code for entry in found}
        if missing := [code for code in dict.fromkeys(body.entries) if code not in known]:
            faults = [Fault("entries", "not on this edition", value=code) for code in missing]
            raise NotFound("Nothing was rerouted.", faults)
        if not all(_is_theirs(viewer, entry) for entry in found):
            raise forbidden(Action.CHANGE_ENTRIES)
        return found
    tree = await institution_tree(session, viewer)
    held = await queries.held_by(session, viewer, edition.id, _line(tree, body.institution))
    return [one for one in await entry_queries.entries_of(session, viewer, held) if _is_theirs(viewer, one)]


def _is_theirs(viewer: Viewer, entry: ListedEntry) -> bool:
    return may_do(viewer, Action.CHANGE_ENTRIES, Target(region=entry.region))


def _line(tree: InstitutionTree, code: str | None) -> frozenset[int]:
    """Answer an institution and all below it; nobody for no code."""
    if code is None:
        return frozenset()
    node = tree.find(code)
    if node is None:
        raise NotFound(f"There is no institution {code}.", [Fault("institution", "unknown", value=code)])
    return frozenset({node.id, *(one.id for one in tree.descendants(node.id))})


async def reroute_in_bulk(
    session: AsyncSession,
    viewer: Viewer,
    body: RerouteIn,
    *,
    chosen: Sequence[ListedEntry] | None = None,
    leave: Mapping[int, str] | None = None,
    refusals: Refusals | None = None,
    now: datetime,
) -> RerouteOut:
    """Take entries from their parties and give them to the next, or only say what would become of each.

    The institution that an entry is taken from does not get it. Where `to` names who shall have them, what nobody
    there can take stays where it is. `leave` names entries (ids) that stay where they
    are, each with the reason in Chinese (credit is approved). `chosen` are the entries as `entries_to_reroute` answered
    them in this transaction, for who asked before.

    Raises:
        Refused, NotFound, Forbidden: as `entries_to_reroute`.
    """
    entries = await entries_to_reroute(session, viewer, body) if chosen is None else chosen
    tree = await institution_tree(session, viewer)
    line, named = _line(tree, body.institution), _line(tree, body.to) if body.to is not None else None
    edition = await whitelist.edition(session, viewer, body.edition)
    # Whom an entry goes to rests on who declined it and on the room that institutions have left everywhere; a
    # coordinator of a part is told only of the own part's entries.
    with unrestricted(session):
        current = await entry_queries.assignments_of(session, viewer, edition.id, (one.id for one in entries))
        items = _left(entries, current, line, leave or {}, tree)
        moving = [one for one in entries if one.code not in items]
        causes = {one.id: taken(viewer.name, body.reason, body.to) for one in moving}
        barred = {one.id: line or _party(current[one.id]) for one in moving}
        only = {one.id: named for one in moving} if named is not None else {}
        wish = Wish(causes, barred=barred, named=only, refusals=refusals)
        held = {one.id: current[one.id] for one in moving}
        decided = await decide(
            session, viewer, edition.id, moving, wish, now=now, is_look=body.dry_run, current=held
        )
        if decided is not None:
            is_single = len(entries) == 1
            items |= {one.code: move_out(one, tree, is_single=is_single) for one in decided.moves}
            if named is not None:
                items |= _elsewhere(decided.moves, named, tree, is_single=is_single)
                going = [one for one in decided.moves if items[one.code].is_moved]
                decided = replace(decided, moves=going)
            if not body.dry_run:
                await carry_out(session, decided, {one.id: "rerouted" for one in moving}, now=now)
    found = _rerouted(body, [items[code] for code in sorted(items)])
    if not body.dry_run:
        detail = {"institution": body.institution, "reason": body.reason, **found.counts.model_dump()}
        audit_service.note(session, "reroute", "edition", body.edition, now=now, detail=detail)
    return found


def _elsewhere(
    moves: Sequence[Move], named: Collection[int], tree: InstitutionTree, *, is_single: bool
) -> dict[str, MoveOut]:
    """Answer the entries (codes) that would go to others than those named: they stay, each with the reason."""
    codes = {tree.node(one).code for one in named}
    found = {}
    for move in moves:
        if move.outcome is not None and move.outcome.institution_id in named:
            continue
        explanation = (move.outcome.explanation or {}) if move.outcome is not None else {}
        told = [one["text"] for one in explanation.get("candidates", ()) if one["institution"] in codes]
        why = "；".join(told) or NO_CANDIDATE
        shown = move_out(move, tree, is_single=is_single)
        found[move.code] = stays(move.code, move.party, tree, why).model_copy(
            update={"considered": shown.considered}
        )
    return found


def _party(row: AssignmentRow) -> frozenset[int]:
    return frozenset() if row.institution_id is None else frozenset({row.institution_id})


def _left(
    entries: Sequence[ListedEntry],
    current: Mapping[int, AssignmentRow],
    line: frozenset[int],
    leave: Mapping[int, str],
    tree: InstitutionTree,
) -> dict[str, MoveOut]:
    """Answer the entries (codes) that are left alone, each with the reason."""
    items = {}
    for entry in entries:
        row = current.get(entry.id)
        party = None if row is None else Party(row.kind, row.institution_id, row.responsible_body)
        why = leave.get(entry.id)
        if party is None:
            why = "尚未分配，由分配运行确定责任方"
        elif entry.withdrawn_at is not None:
            why = "已退出名单"
        elif line and party.institution_id not in line:
            why = "不由该机构负责"
        if why is not None:
            items[entry.code] = stays(entry.code, party, tree, why)
    return items


def _rerouted(body: RerouteIn, items: list[MoveOut]) -> RerouteOut:
    kinds = Counter(one.kind for one in items if one.is_moved)
    moved = sum(kinds.values())
    counts = RerouteCounts(
        asked=len(items),
        moved=moved,
        stays=len(items) - moved,
        matched=kinds["matched"],
        routed=kinds["routed"],
        coordinator=kinds["coordinator"],
    )
    return RerouteOut(
        edition=body.edition, is_dry_run=body.dry_run, reason=body.reason, counts=counts, items=items
    )
