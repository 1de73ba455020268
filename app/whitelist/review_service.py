"""Use cases of review items: what waits for a person, and what the person decided."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, cast

from app.accounts import audit_service
from app.accounts.permissions import Action, Target, require
from app.accounts.rules import Viewer
from app.kernel.database import AsyncSession
from app.kernel.errors import Conflict, Fault, NotFound, Refused
from app.kernel.paging import Page, PageRequest, encode_cursor
from app.whitelist import hold_queries, queries
from app.whitelist.rules import DECISIONS, Decision, EntryStatus, ReviewKind, status_after
from app.whitelist.schemas import EarlyDecision, ReviewOut, ReviewState
from app.whitelist.tables import ReviewItem, WhitelistEntry
from app.whitelist.topics import ROSTER_CHANGED
from app.whitelist.views import candidates_of, review_out

_BY_VERDICT: Final[dict[str, EntryStatus]] = {"pass": "admitted", "fail": "refused", "unknown": "review"}


async def list_reviews(
    session: AsyncSession,
    viewer: Viewer,
    page: PageRequest,
    *,
    edition_code: str | None = None,
    kind: ReviewKind | None = None,
    state: ReviewState | None = None,
) -> Page[ReviewOut]:
    """List review items, the oldest first."""
    key = page.after()
    after = None if key is None else key[0]
    if isinstance(after, str):
        raise Refused("The cursor is not one of ours.", [Fault("cursor", "not a cursor of this list")])
    rows = await queries.list_reviews(
        session,
        viewer,
        edition=edition_code,
        kind=kind,
        is_open=None if state is None else state == "open",
        after=after,
        limit=page.limit,
    )
    shown, more = rows[: page.limit], len(rows) > page.limit
    seen = await queries.seen_firms(session, candidates_of(row[0] for row in shown))
    return Page(
        items=[review_out(*row, seen) for row in shown],
        next=encode_cursor(shown[-1][0].id) if more else None,
    )


async def get_review(session: AsyncSession, viewer: Viewer, item_id: int) -> ReviewOut:
    """Answer one review item.

    Raises:
        NotFound: no such item for this viewer.
    """
    found = await queries.review_by_id(session, viewer, item_id)
    if found is None:
        raise _no_such_item(item_id)
    return review_out(*found, await queries.seen_firms(session, candidates_of([found[0]])))


async def decide(
    session: AsyncSession,
    viewer: Viewer,
    item_id: int,
    decision: Decision,
    reason: str,
    *,
    expect: Callable[[int], None],
    now: datetime,
) -> ReviewOut:
    """Keep what a person decided, and move the entry to where that leaves it.

    Raises:
        NotFound: no such item for this viewer.
        Forbidden: the entry's region is not within one of the viewer's roles.
        Conflict: it is decided.
        Refused: the decision is not one for this kind of item.
    """
    await hold_queries.hold_edition_of(session, viewer, item=item_id)
    found = await queries.review_by_id(session, viewer, item_id, is_locked=True)
    if found is None:
        raise _no_such_item(item_id)
    item, entry, _edition, _firm = found
    require(viewer, Action.REVIEW_ENTRIES, Target(region=entry.region_code))
    expect(item.version)
    _check_decision(item, decision)
    _keep(item, decision, reason, viewer, now)
    await session.flush()
    await _settle(session, [entry], now)
    return review_out(*found, await queries.seen_firms(session, candidates_of([item])))


async def decide_early(
    session: AsyncSession, viewer: Viewer, decisions: Mapping[str, EarlyDecision], *, now: datetime
) -> dict[str, tuple[Decision, EntryStatus]]:
    """Keep what was decided on possible duplicates, by entry, as the import that asks about them comes in.

    Answers where each decision leaves its entry: where `decide` would after the import. The caller holds the edition.

    Raises:
        Forbidden: an entry's region is not within one of the viewer's roles.
    """
    asked = await queries.open_duplicates(session, viewer, decisions)
    for item, entry in asked:
        require(viewer, Action.REVIEW_ENTRIES, Target(region=entry.region_code))
        made = decisions[entry.code]
        _keep(item, made.decision, made.reason, viewer, now)
        how = {"decision": made.decision, "with": "import"}
        audit_service.note(session, Action.REVIEW_ENTRIES.value, "item_id", str(item.id), now=now, detail=how)
    await session.flush()
    await _settle(session, [entry for _item, entry in asked], now)
    return {
        entry.code: (decisions[entry.code].decision, cast("EntryStatus", entry.status))
        for _item, entry in asked
    }


def _keep(item: ReviewItem, decision: Decision, reason: str, viewer: Viewer, now: datetime) -> None:
    item.decision, item.reason, item.decided_by, item.decided_at = decision, reason, viewer.name, now
    item.version += 1


def _check_decision(item: ReviewItem, decision: Decision) -> None:
    if item.decision is not None:
        fault = Fault("id", f"decided: {item.decision}", "Decisions stay on record.", str(item.id))
        raise Conflict("The item is decided.", [fault])
    allowed = DECISIONS[item.kind]
    if decision not in allowed:
        fault = Fault("decision", f"not for {item.kind}", f"One of {', '.join(allowed)}.", decision)
        raise Refused("That cannot be decided here.", [fault])


async def _settle(session: AsyncSession, entries: Sequence[WhitelistEntry], now: datetime) -> None:
    """Move entries to where their review items leave them, in few statements."""
    items = await queries.items_of_entries(session, [entry.id for entry in entries])
    moved = [entry for entry in entries if _move(entry, items[entry.id], now)]
    if moved:
        await session.flush()
        await ROSTER_CHANGED.tell(session, [entry.id for entry in moved], now)


def _move(entry: WhitelistEntry, items: Sequence[ReviewItem], now: datetime) -> bool:
    by_rules = _BY_VERDICT[entry.admission["verdict"]]
    lasting = [(item.kind, item.decision) for item in _of_this_statement(items)]
    status = status_after(by_rules, lasting)
    if status == entry.status:
        return False
    entry.status = status
    entry.admitted_at = (entry.admitted_at or now) if status == "admitted" else None
    entry.version += 1
    return True


def _of_this_statement(items: Sequence[ReviewItem]) -> list[ReviewItem]:
    """Leave out what was asked about the admission of an earlier statement: the last such item counts."""
    asked = [item for item in items if item.kind == "admission_unknown"]
    return [item for item in items if item.kind != "admission_unknown" or item is asked[-1]]


def _no_such_item(item_id: int) -> NotFound:
    return NotFound("No such review item.", [Fault("id", "not stored", value=str(item_id))])
