"""Use cases of answers: a decline is answered to the enterprise at once, and read again by whom it concerns."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from app.accounts.rules import Role, Viewer
from app.bottlenecks.cases import finding_from_data
from app.docking import answer_queries, clock_service, gathering, guarantee_service
from app.docking.advice import advise
from app.docking.answer_queries import DeclineRow, PastCase
from app.docking.answer_schemas import AnswerOut
from app.docking.answers import Decline, DeclineAnswer, Handling, answer_of
from app.docking.clock import Clock
from app.docking.dossiers import EntryDossier
from app.docking.event_notices import TOLD, notice_to_enterprise
from app.docking.guarantees import FeeCap
from app.docking.history_service import found_entry, onlooker_of
from app.docking.reasons import DeclineReason
from app.docking.rules import Event, effective, fold
from app.kernel.database import AsyncSession, unrestricted
from app.kernel.paging import Page, PageRequest, page_of
from app.kernel.shanghai import shanghai_date
from app.notifications import service as notifications
from app.notifications.rules import NewNotice, NoticeKind
from app.policy.rulebook import RuleBook
from app.policy.service import rule_books


@dataclass(frozen=True, slots=True)
class _Background:
    """What answers rest on besides the declines: by entry id, and rules by region."""

    clocks: Mapping[int, Clock]
    cases: Mapping[int, Sequence[PastCase]]
    caps: Mapping[int, FeeCap | None]
    books: Mapping[str, RuleBook]
    today: date


async def answers_page(
    session: AsyncSession, viewer: Viewer, entry_code: str, request: PageRequest, *, now: datetime
) -> Page[AnswerOut]:
    """Answer an entry's declines that the viewer is shown, the last logged first, a page at a time.

    Raises:
        NotFound: no such entry that this viewer may see.
    """
    dossier = await found_entry(session, viewer, entry_code)
    onlooker = await onlooker_of(session, viewer, [dossier])
    rows = await answer_queries.declines_of_entry(
        session, dossier.id, request.after_number() or None, request.limit + 1
    )
    if not rows:
        return Page(items=[])
    known = await _background(session, [dossier], now)
    # How far an institution has come shows in what it owes next, so that goes with its doings.
    shows_clock = onlooker.sees(dossier, dossier.holder.institution_id if dossier.holder else None)
    return page_of(
        rows,
        request,
        lambda row: (row.sequence,),
        lambda row: AnswerOut.of(
            _answer(dossier, row, known, shows_clock=shows_clock), _counted_on(dossier, known.today)
        ),
    )


async def tell_declined(
    session: AsyncSession, logged: Collection[tuple[int, int]], *, now: datetime
) -> list[DeclineAnswer]:
    """Answer declines that were just logged, given as (entry id, sequence), to their enterprises by notice.

    Statements do not grow with their number. Call it when the entries have gone to their next parties.
    """
    entry_ids = sorted({entry_id for entry_id, _sequence in logged})
    if not entry_ids:
        return []
    # An enterprise sees all of its own entries; who logs a decline does not.
    with unrestricted(session):
        dossiers = {one.id: one for one in await gathering.dossiers_of(session, entry_ids)}
        rows = await answer_queries.declines_logged(session, entry_ids, logged)
        known = await _background(session, list(dossiers.values()), now)
    answers = [(row, _answer(dossiers[row.entry_id], row, known)) for row in rows]
    notices = [_notice(dossiers[row.entry_id], row, answer) for row, answer in answers]
    await notifications.post(session, notices, now=now)
    return [answer for _row, answer in answers]


async def tell_logged(
    session: AsyncSession, logged: Sequence[tuple[EntryDossier, Event]], *, now: datetime
) -> None:
    """Tell enterprises what was logged on their entries, besides declines, which are answered; in few statements."""
    told = [
        (dossier, event)
        for dossier, event in logged
        if event.kind in TOLD and event.institution_id is not None
    ]
    if not told:
        return
    names = {one.institution_id: one.name for dossier, _event in told for one in dossier.standings}
    found = (
        notice_to_enterprise(dossier, event, names.get(event.institution_id or 0, ""))
        for dossier, event in told
    )
    await notifications.post(session, [one for one in found if one is not None], now=now)


def _notice(dossier: EntryDossier, row: DeclineRow, answer: DeclineAnswer) -> NewNotice:
    return NewNotice(
        event_key=f"docking:{row.entry_id}:{row.sequence}",
        kind=NoticeKind.DECLINED,
        body=answer.text,
        entry_id=row.entry_id,
        link=f"/entries/{dossier.code}",
        audience=((Role.ENTERPRISE, dossier.uscc),),
    )


async def _background(session: AsyncSession, dossiers: Sequence[EntryDossier], now: datetime) -> _Background:
    today = shanghai_date(now)
    books = await rule_books(session, ((one.region, today) for one in dossiers))
    return _Background(
        clocks=await clock_service.clocks_of(session, dossiers),
        cases=await answer_queries.cases_of_declines(session, [one.id for one in dossiers]),
        caps=await guarantee_service.caps_of(session, dossiers, today),
        books={region: book for (region, _day), book in books.items()},
        today=today,
    )


def _answer(
    dossier: EntryDossier, row: DeclineRow, known: _Background, *, shows_clock: bool = True
) -> DeclineAnswer:
    counting = {event.sequence for event in effective(dossier.events)}
    decline = Decline(
        sequence=row.sequence,
        entry=dossier.code,
        institution=row.institution,
        institution_name=row.name,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        reason=DeclineReason(row.reason),
        is_voided=row.sequence not in counting,
    )
    handling = _handling(dossier, row, known.cases.get(row.entry_id, ()))
    clock = known.clocks.get(row.entry_id)
    advice = advise(
        decline.reason,
        handling.rule_route if handling else None,
        known.books[dossier.region],
        asks=handling.asks if handling else (),
        cap=known.caps[row.entry_id],
    )
    owner = (dossier.owner or dossier.coordinator) if clock is not None else None
    today = _counted_on(dossier, known.today)
    return answer_of(decline, handling, clock if shows_clock else None, advice, today, owner=owner)


def _counted_on(dossier: EntryDossier, today: date) -> date:
    """Answer the day as of which days are counted: on a roster that is over they stand still."""
    return min(today, dossier.edition_until)


def _handling(dossier: EntryDossier, row: DeclineRow, cases: Sequence[PastCase]) -> Handling | None:
    """Answer what a decline was classified as; None where nothing was, because somebody had approved credit."""
    before = (event for event in dossier.events if event.sequence < row.sequence)
    if not cases or fold(before).approved_fen:
        return None
    known_then = [case for case in cases if case.created_at <= row.recorded_at]
    case = known_then[-1] if known_then else cases[0]
    leading = finding_from_data(*case.leading) if case.leading is not None else None
    return Handling.of(case.route, leading, case.asks)
