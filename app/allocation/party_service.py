"""Who is responsible for single entries: show it with its reasons; reroute after a decline, rematch on new facts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from app.accounts.permissions import Action, Target, may_do
from app.accounts.rules import Viewer
from app.allocation import entry_queries, handler_service
from app.allocation.entry_queries import ListedEntry
from app.allocation.move_service import Wish, carry_out, decide
from app.allocation.refusals import Refusals
from app.allocation.reroute_schemas import MoveOut
from app.allocation.rerouting import DECLINED, resolved
from app.allocation.schemas import AssignmentOut
from app.allocation.views import assignment_out, move_out
from app.kernel.database import AsyncSession
from app.kernel.errors import Fault, NotFound
from app.policy.facts import Facts
from app.whitelist import service as whitelist

WITHHELD = "企业未授权披露财务、司法和征信信息，理由从略"


async def assignment_of_entry(session: AsyncSession, viewer: Viewer, entry_code: str) -> AssignmentOut:
    """Answer who is responsible for an entry, why, and who was before.

    The reasons tell of loans, collateral and lawsuits: an institution's viewer reads them only by a consent
    that shows financial and judicial facts. What other institutions declined, and whom else was considered, is
    shown to those who see the whole entry.

    Raises:
        NotFound: no such entry that this viewer may see, or nobody is responsible for it yet.
    """
    entry = await whitelist.get_entry(session, viewer, entry_code)
    shown = await entry_queries.assignments_of_entry(session, viewer, entry_code)
    if not shown or shown[0].assignment.ended_at is not None:
        remedy = "POST /api/v1/allocations, or rongqiao allocate run --edition …"
        fault = Fault("entry", "not allocated", remedy, entry_code)
        raise NotFound(f"Nobody is responsible for {entry_code} yet.", [fault])
    current = shown[0].assignment.id
    handlings = await handler_service.handlings_of(session, current)
    target = Target(region=entry.region, uscc=entry.uscc, chain=entry.chain)
    is_whole = may_do(viewer, Action.READ_CASES, target)
    supports = await entry_queries.supports_of(session, current)
    found = assignment_out(shown, supports, handlings, is_whole=is_whole)
    return found.model_copy(update={"why": [WITHHELD], "explanation": {}}) if entry.withheld else found


async def reroute(session: AsyncSession, viewer: Viewer, entry_id: int, *, now: datetime) -> AssignmentOut:
    """End an entry's assignment because its party declined, and make the next party responsible.

    Classify the entry by what the decline established first: an established obstacle goes to its receivers.

    Raises:
        NotFound: no such entry that this viewer may see, or nobody is responsible for it.
    """
    codes = await reroute_entries(session, viewer, [entry_id], now=now)
    if entry_id not in codes:
        raise NotFound("No such whitelist entry, or nobody is responsible for it yet.")
    return await assignment_of_entry(session, viewer, codes[entry_id])


async def reroute_entries(
    session: AsyncSession,
    viewer: Viewer,
    entry_ids: Iterable[int],
    *,
    now: datetime,
    refusals: Refusals | None = None,
) -> dict[int, str]:
    """Reroute declined entries, in order of code, in few statements; answer the codes of those rerouted.

    Entries that the viewer may not see, or for which nobody is responsible, are left alone. `refusals` says by
    entry who declined it for what (see `refusal_service` for what counts without it).
    """
    done: dict[int, str] = {}
    for edition_id, mine in _by_edition(await entry_queries.entries_of(session, viewer, entry_ids)):
        ids = [entry.id for entry in mine]
        wish = Wish(dict.fromkeys(ids, DECLINED), has_declined=True, refusals=refusals)
        decided = await decide(session, viewer, edition_id, mine, wish, now=now)
        if decided is not None:
            await carry_out(session, decided, dict.fromkeys(ids, "declined"), now=now)
            done |= {one.entry_id: one.code for one in decided.moves}
    return done


async def rematch_entries(
    session: AsyncSession,
    viewer: Viewer,
    established: Mapping[int, Facts],
    *,
    cause: str,
    now: datetime,
    is_whole: bool = False,
    judged_as: str = "no_product",
    refusals: Refusals | None = None,
) -> list[MoveOut]:
    """Judge entries (ids) again with facts that were established, against what is in force now, and move them.

    The facts come on top of what is stated and was established before; with `is_whole` nothing else is established
    any more (a decline was voided); then `judged_as` `declined` says that other declines stand, whose obstacles go to
    the receivers of their class before any product. `cause` says in Chinese what established them, such as 担保机构已同意担保.
    Whoever is responsible and still fits keeps the entry. Where a product fits, the bottleneck case ends; else
    what blocks the entry is classified anew and routed. Withdrawn entries, and those without a party, are left out.
    """
    moves: list[MoveOut] = []
    entries = [
        one for one in await entry_queries.entries_of(session, viewer, established) if not one.withdrawn_at
    ]
    for edition_id, mine in _by_edition(entries):
        causes = {entry.id: resolved(cause, established[entry.id]) for entry in mine}
        wish = Wish(
            causes, established=established, is_whole=is_whole, judged_as=judged_as, refusals=refusals
        )
        decided = await decide(session, viewer, edition_id, mine, wish, now=now)
        if decided is not None:
            reasons = {entry.id: "resolved" if established[entry.id] else "rematched" for entry in mine}
            await carry_out(session, decided, reasons, now=now)
            moves += [move_out(one, decided.tree) for one in decided.moves]
    return moves


def _by_edition(entries: Sequence[ListedEntry]) -> Iterator[tuple[int, list[ListedEntry]]]:
    for edition_id in sorted({entry.edition_id for entry in entries}):
        yield edition_id, [entry for entry in entries if entry.edition_id == edition_id]
