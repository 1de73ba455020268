"""Use cases of an institution's people: what is in their hands, the most urgent first, and many accepted at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from app.accounts.rules import Role, Viewer
from app.allocation import handler_service
from app.allocation.handler_schemas import HandlerIn
from app.docking import clock_service, service, worklist_queries
from app.docking.clock import Turn
from app.docking.clock_queries import ClockRow
from app.docking.kinds import EventKind
from app.docking.schemas import ClockOut, EventIn
from app.docking.tables import EntryClock
from app.docking.views import clock_out
from app.docking.working_time import DayCounter, Step
from app.docking.worklist import Pile, Tallies, WorkFilter, pile_of, tallied
from app.enterprises import disclosure_service
from app.enterprises.consents import FieldGroup, Subject
from app.kernel.database import AsyncSession, attempt, unrestricted
from app.kernel.errors import Conflict, Forbidden, NotFound, PreconditionFailed, Refused
from app.kernel.paging import PageRequest, encode_cursor
from app.kernel.shanghai import shanghai_date

MOST_AT_ONCE: Final = 50
"""So many entries are accepted at once: a page of them, or two."""


@dataclass(frozen=True, slots=True)
class WorkEntry:
    """An entry in the viewer's hands, as a list shows it; amounts in fen, `new` while it waits to be accepted."""

    code: str
    uscc: str
    name: str
    region: str
    chain: str | None
    amount_fen: int
    term_months: int
    purposes: tuple[str, ...]
    institution: str | None
    institution_name: str | None
    handler: int | None
    handler_name: str | None
    clock: ClockOut
    stage: str
    last_kind: EventKind | None
    last_at: datetime | None

    @property
    def pile(self) -> Pile:
        """Answer on which pile it lies."""
        return pile_of(self.clock.turn, self.clock.step)

    @property
    def can_be_accepted(self) -> bool:
        """Tell whether its institution owes to accept it."""
        return self.clock.turn is Turn.INSTITUTION and self.clock.step is Step.ACCEPT


@dataclass(frozen=True, slots=True)
class Worklist:
    """A page of entries, the most urgent first, with counts under the same filters.

    `withheld` counts those that the viewer's institutions answer for and may not be shown, for want of a consent;
    `today` is the day as of which days are counted.
    """

    items: Sequence[WorkEntry]
    next: str | None
    tallies: Tallies
    withheld: int
    today: date


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What became of one entry that was to be accepted; `refusal` is None where it was."""

    code: str
    name: str
    due_on: date | None
    refusal: Conflict | Forbidden | NotFound | PreconditionFailed | Refused | None = None
    taken_by: str | None = None


async def edition_codes(session: AsyncSession, viewer: Viewer) -> list[str]:
    """Answer the half-years that there are work lists of, the newest first."""
    return await worklist_queries.edition_codes(session, viewer)


async def worklist(
    session: AsyncSession,
    viewer: Viewer,
    page: PageRequest,
    edition_code: str,
    wanted: WorkFilter,
    *,
    now: datetime,
) -> Worklist:
    """List an edition's entries in the viewer's hands; what institutions are shown is put on record.

    Statements do not grow with the number of entries.

    Raises:
        NotFound: no such edition.
    """
    edition, today = await clock_service.edition_and_counting_day(session, viewer, edition_code, now)
    rows = await worklist_queries.work_rows(
        session,
        viewer,
        edition,
        wanted,
        today=today,
        after=clock_service.place_after(page),
        limit=page.limit + 1,
    )
    shown = rows[: page.limit]
    last = shown[-1].EntryClock if len(rows) > page.limit else None
    found = await worklist_queries.cells(session, viewer, edition, wanted, today=today)
    return Worklist(
        items=await _shown(session, viewer, shown, now),
        next=encode_cursor(last.urgent_on.isoformat(), last.entry_id) if last else None,
        tallies=tallied(found, wanted),
        withheld=await _withheld(session, viewer, edition),
        today=today,
    )


async def entries_in_hand(
    session: AsyncSession, viewer: Viewer, codes: Collection[str], *, now: datetime
) -> list[WorkEntry]:
    """Answer those of some entries that are in the viewer's hands, the most urgent first."""
    return await _shown(session, viewer, await worklist_queries.rows_of(session, viewer, codes), now)


async def accept_entries(
    session: AsyncSession, viewer: Viewer, codes: Sequence[str], *, claims: bool, now: datetime
) -> list[Acceptance]:
    """Accept entries one by one; `claims` makes the viewer the handler of those that nobody handles.

    What cannot be accepted is left as it is, and told: a colleague handles it, it was accepted meanwhile, or it is
    no longer in the viewer's hands.

    Raises:
        Refused: more than MOST_AT_ONCE.
    """
    if len(codes) > MOST_AT_ONCE:
        raise Refused(f"At most {MOST_AT_ONCE} entries are accepted at once.")
    known = {one.code: one for one in await entries_in_hand(session, viewer, codes, now=now)}
    done = []
    for code in dict.fromkeys(codes):
        entry = known.get(code)
        if entry is None:
            done.append(Acceptance(code, "", None, NotFound("No such entry in your hands.")))
        elif entry.handler not in {None, viewer.person} and not viewer.has(Role.BANK_ADMINISTRATOR):
            done.append(Acceptance(code, entry.name, entry.clock.due_on, taken_by=entry.handler_name))
        else:
            done.append(await _accept(session, viewer, entry, claims=claims, now=now))
    return done


async def _accept(
    session: AsyncSession, viewer: Viewer, entry: WorkEntry, *, claims: bool, now: datetime
) -> Acceptance:
    due_on = entry.clock.due_on
    try:
        async with attempt(session):
            await service.log_event(session, viewer, entry.code, EventIn(kind=EventKind.ACCEPTED), now=now)
            if claims and entry.handler is None and viewer.has(Role.RELATIONSHIP_MANAGER):
                body = HandlerIn(person=viewer.person, institution=entry.institution)
                await handler_service.hand_to(
                    session,
                    viewer,
                    entry.code,
                    body,
                    expect=_expect_nobody,
                    now=now,
                )
    except (Conflict, Forbidden, NotFound, PreconditionFailed, Refused) as error:
        return Acceptance(entry.code, entry.name, due_on, error)
    return Acceptance(entry.code, entry.name, due_on)


def _expect_nobody(version: int) -> None:
    if version:
        raise PreconditionFailed("A colleague took it meanwhile.")


async def _withheld(session: AsyncSession, viewer: Viewer, edition_id: int) -> int:
    own = await handler_service.own_institutions(session, viewer)
    if not own:
        return 0
    seen = await worklist_queries.assigned(session, edition_id, own)
    with unrestricted(session):  # only how many there are comes out of this
        return await worklist_queries.assigned(session, edition_id, own) - seen


async def _shown(
    session: AsyncSession, viewer: Viewer, rows: Sequence[Any], now: datetime
) -> list[WorkEntry]:
    if not rows:
        return []
    subjects = {
        row.need_id: Subject(row.uscc, frozenset({row.firm_region, row.region_code}), row.chain_code)
        for row in rows
    }
    await disclosure_service.show(session, viewer, subjects, most=(FieldGroup.CARD, FieldGroup.IDENTITY))
    last = await worklist_queries.last_events(session, [row.id for row in rows])
    counter = await clock_service.day_counter(session)
    return [_entry(row, last.get(row.id), counter, shanghai_date(now)) for row in rows]


def _entry(row: Any, last: tuple[str, datetime] | None, counter: DayCounter, today: date) -> WorkEntry:
    clock: EntryClock = row.EntryClock
    line = ClockRow(clock, row.code, row.region_code, row.institution, row.in_force_until)
    return WorkEntry(
        code=row.code,
        uscc=row.uscc,
        name=row.name,
        region=row.region_code,
        chain=row.chain_code,
        amount_fen=row.amount_fen,
        term_months=row.term_months,
        purposes=tuple(row.facts["purposes"]),
        institution=row.institution,
        institution_name=row.institution_name,
        handler=row.handler,
        handler_name=row.handler_name,
        clock=clock_out(line, counter, today),
        stage=clock.stage,
        last_kind=EventKind(last[0]) if last else None,
        last_at=last[1] if last else None,
    )
