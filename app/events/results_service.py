"""Use cases of results: what followed an event within thirty and ninety days, kept once a window is over."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from app.accounts.permissions import Action, may_do, require
from app.accounts.rules import Viewer
from app.docking import gathering
from app.docking.kinds import KIND_LABELS
from app.docking.rules import Event
from app.events import gathering_queries, guest_queries, queries
from app.events.guest_schemas import AttributedOut, EventResultOut, ResultsOut, YearFigures, YearResultsOut
from app.events.planning_service import hash_of
from app.events.results import WINDOWS, EventResult, HeldEvent, Met, event_result
from app.events.service import found_event, target_of
from app.events.states import TOLD, GuestState, event_code
from app.events.subjects import event_name
from app.events.tables import HostedEvent, KeptResult
from app.events.year import Rhythm
from app.institutions.rules import InstitutionTree
from app.institutions.service import institution_tree
from app.kernel.batches import in_batches
from app.kernel.database import AsyncSession, is_writing, unrestricted
from app.kernel.errors import Fault, NotFound
from app.kernel.money import FEN_PER_YUAN
from app.kernel.shanghai import shanghai_date


async def event_results(session: AsyncSession, viewer: Viewer, code: str, *, now: datetime) -> ResultsOut:
    """Answer what followed an event; a window that is over is kept, and answered as it was from then on.

    Raises:
        NotFound: no such event.
        Forbidden: the event is not within one of the viewer's roles.
    """
    event = await found_event(session, viewer, code)
    require(viewer, Action.READ_EVENT_RESULTS, target_of(event))
    [found] = await _results(session, viewer, [event], now)
    return found


async def year_results(session: AsyncSession, viewer: Viewer, year: int, *, now: datetime) -> YearResultsOut:
    """Answer the results of a year's events that are over, one by one and in sum.

    Raises:
        NotFound: no event of the year is over that the viewer answers for.
    """
    last = min(date(year, 12, 31), shanghai_date(now))
    rows = await queries.standing_events(session, viewer, date(year, 1, 1), last)
    events = [row for row in rows if may_do(viewer, Action.READ_EVENT_RESULTS, target_of(row))]
    if not events:
        fault = Fault("year", "no event is over", "Look again after the first one.", str(year))
        raise NotFound("There are no results of this year yet.", [fault])
    found = await _results(session, viewer, events, now)
    return YearResultsOut(year=year, sums=[_sum(days, found) for days in WINDOWS], events=found)


async def keep_due(session: AsyncSession, viewer: Viewer, *, now: datetime) -> int:
    """Keep the results of all windows that are over and were not kept; answer how many events were looked at."""
    today = shanghai_date(now)
    events = [
        row
        for row in await queries.standing_events(session, viewer, date.min.replace(year=2000), today)
        if (today - row.day).days > min(WINDOWS)
    ]
    kept = {
        (one.event_id, one.days) for one in await queries.kept_results(session, [row.id for row in events])
    }
    due = [row for row in events if any((row.id, days) not in kept for days in WINDOWS)]
    if due:
        await _results(session, viewer, due, now)
    return len(due)


async def _results(
    session: AsyncSession, viewer: Viewer, events: Sequence[HostedEvent], now: datetime
) -> list[ResultsOut]:
    today = shanghai_date(now)
    # Figures are of the whole event, whoever of its hosts asks first; the door lets in hosts and auditors alone.
    with unrestricted(session):
        kept = {
            (one.event_id, one.days): one
            for one in await queries.kept_results(session, [row.id for row in events])
        }
        open_ = [row for row in events if any((row.id, days) not in kept for days in WINDOWS)]
        held = await _held(session, viewer, open_)
        histories, codes = await _histories(session, held)
        for row in open_:
            for days in WINDOWS:
                if (row.id, days) not in kept:
                    made = event_result(
                        held[row.id], histories, days=days, as_of=today, later=list(held.values())
                    )
                    kept[row.id, days] = await _kept(session, row, made, codes, now)
    return [
        ResultsOut(
            event=event_code(row.id),
            name=event_name(Rhythm(row.rhythm), row.subject_name),
            day=row.day,
            results=[_out(kept[row.id, days]) for days in WINDOWS],
        )
        for row in events
    ]


async def _held(session: AsyncSession, viewer: Viewer, events: Sequence[HostedEvent]) -> dict[int, HeldEvent]:
    """Answer events as results see them, and all later ones, which may take over what followed."""
    if not events:
        return {}
    tree = await institution_tree(session, viewer)
    last = max(row.day for row in events).replace(month=12, day=31)
    first = min(row.day for row in events)
    rows = {
        row.id: row
        for row in await queries.standing_events(session, viewer, first, last.replace(year=last.year + 1))
    }
    rows |= {row.id: row for row in events}
    met: dict[int, list[Met]] = defaultdict(list)
    for event_id, entries, bank in await guest_queries.held_rows(session, sorted(rows)):
        met[event_id] += [Met(entry, tree.node(bank).code, _line(tree, bank)) for entry in entries]
    wanted, found = {row.id for row in events}, {}
    for number, row in rows.items():
        if number not in wanted and not met[number]:
            continue
        guests = await guest_queries.guests_of(session, number) if number in wanted else ()
        told = [one for one in guests if GuestState(one.state) in TOLD]
        found[number] = HeldEvent(
            event_code(number),
            row.day,
            frozenset(entry for one in told for entry in one.entry_ids),
            frozenset(entry for one in told if one.arrived_at for entry in one.entry_ids),
            tuple(met[number]),
        )
    return found


def _line(tree: InstitutionTree, bank: int) -> frozenset[int]:
    return frozenset((bank, *(node.id for node in tree.descendants(bank))))


async def _histories(
    session: AsyncSession, held: Mapping[int, HeldEvent]
) -> tuple[dict[int, list[Event]], dict[int, str]]:
    entries = sorted({met.entry for one in held.values() for met in one.met})
    histories: dict[int, list[Event]] = {}
    for batch in in_batches(entries):
        histories |= {one.id: one.events for one in await gathering.dossiers_of(session, batch)}
    codes = await gathering_queries.entry_codes(session, entries)
    return histories, {entry: code for entry, (code, _edition) in codes.items()}


async def _kept(
    session: AsyncSession, row: HostedEvent, made: EventResult, codes: Mapping[int, str], now: datetime
) -> KeptResult:
    """Answer a result as it is kept; it is stored where its window is over and the transaction may write."""
    content = _content(made, codes)
    result = KeptResult(
        event_id=row.id, days=made.days, content=content, sha256=hash_of(content), kept_at=now
    )
    if made.is_complete and await is_writing(session):
        await queries.add(session, result)
    return result


def _content(made: EventResult, codes: Mapping[int, str]) -> dict[str, Any]:
    return {
        "days": made.days,
        "is_complete": made.is_complete,
        "invited": made.invited,
        "attended": made.attended,
        "met": made.met,
        "contacted": made.contacted,
        "credited": made.credited,
        "credited_amount": yuan(made.credited_fen),
        "disbursed": made.disbursed,
        "disbursed_amount": yuan(made.disbursed_fen),
        "disbursed_on_earlier_credit": yuan(made.disbursed_on_earlier_credit_fen),
        "rule": made.rule,
        "attributed": [
            {
                "entry": codes.get(one.entry, ""),
                "bank": one.bank,
                "kind": one.kind.value,
                "kind_label": KIND_LABELS[one.kind],
                "day": one.day.isoformat(),
                "amount": yuan(one.amount_fen),
                "on_earlier_credit": one.on_earlier_credit,
            }
            for one in made.attributed
        ],
    }


def yuan(fen: int) -> str:
    """Write an amount in yuan."""
    return f"{fen // FEN_PER_YUAN}.{fen % FEN_PER_YUAN:02d}"


def _fen(amount: str) -> int:
    whole, _point, rest = amount.partition(".")
    return int(whole) * FEN_PER_YUAN + int(rest)


def _out(kept: KeptResult) -> EventResultOut:
    is_kept = kept.id is not None
    attributed = [AttributedOut.model_validate(one) for one in kept.content["attributed"]]
    return EventResultOut.model_validate(
        kept.content
        | {
            "attributed": attributed,
            "sha256": kept.sha256 if is_kept else None,
            "kept_at": kept.kept_at if is_kept else None,
        }
    )


def _sum(days: int, events: Sequence[ResultsOut]) -> YearFigures:
    found = [one for event in events for one in event.results if one.days == days]
    return YearFigures(
        days=days,
        events=len(found),
        complete=sum(one.is_complete for one in found),
        invited=sum(one.invited for one in found),
        attended=sum(one.attended for one in found),
        met=sum(one.met for one in found),
        contacted=sum(one.contacted for one in found),
        credited=sum(one.credited for one in found),
        credited_amount=yuan(sum(_fen(one.credited_amount) for one in found)),
        disbursed=sum(one.disbursed for one in found),
        disbursed_amount=yuan(sum(_fen(one.disbursed_amount) for one in found)),
    )
