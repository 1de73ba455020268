"""Random docking histories, and a plain reading of which ones are legal."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from app.docking.kinds import GUARANTEES, LOANS, OF_THE_ENTRY, EventKind, Level, PauseReason, Trade
from app.docking.reasons import DeclineReason
from app.docking.rules import Event

START = datetime(2023, 10, 9, 1, 0, tzinfo=UTC)
PARTIES = (7, 8, 9)
TRADES = {9: Trade.GUARANTEES}
NEED_FEN = 1_000
WITH_AMOUNT = GUARANTEES | LOANS


def make_event(
    sequence: int,
    kind: EventKind,
    institution: int = 7,
    hour: int = 0,
    amount: int = 0,
    reason: DeclineReason | None = None,
    *,
    exceeds_need: bool = False,
    corrects: int | None = None,
) -> Event:
    """One event some hours after the start; declines get a reason, approvals terms."""
    is_approval = kind is EventKind.CREDIT_APPROVED
    return Event(
        sequence=sequence,
        kind=kind,
        institution_id=None if kind in OF_THE_ENTRY else institution,
        occurred_at=START + timedelta(hours=hour),
        amount_fen=amount if kind in WITH_AMOUNT else 0,
        rate_bp=345 if is_approval else None,
        term_months=12 if is_approval else None,
        is_credit_loan=True if is_approval else None,
        exceeds_need=exceeds_need and is_approval,
        reason=(reason or DeclineReason.NO_COLLATERAL) if kind is EventKind.DECLINED else None,
        fee_bp=80 if kind in GUARANTEES else None,
        pause_reason=PauseReason.MATERIALS if kind is EventKind.PAUSED else None,
        level=Level.COUNTY if kind is EventKind.ESCALATED else None,
        score=4 if kind is EventKind.RATED else None,
        corrects=corrects,
    )


@st.composite
def histories(draw: st.DrawFn, most: int = 9) -> list[Event]:
    """Events in order of logging, at times of any order, legal or not."""
    count = draw(st.integers(0, most))
    events = []
    for number in range(1, count + 1):
        kind = draw(st.sampled_from(EventKind))
        corrects = draw(st.integers(1, number)) if kind is EventKind.CORRECTED else None
        event = make_event(
            number,
            kind,
            draw(st.sampled_from(PARTIES)),
            draw(st.integers(0, 12)),
            draw(st.sampled_from((100, 400, 1_000))),
            draw(st.sampled_from(DeclineReason)),
            exceeds_need=draw(st.booleans()),
            corrects=corrects,
        )
        events.append(event)
    return events


def is_legal(events: Sequence[Event]) -> bool:
    """Say whether a history could have happened: the rules of docking/legality.py, one by one."""
    corrections = [event for event in events if event.kind is EventKind.CORRECTED]
    voided = [event.corrects for event in corrections]
    kept = [event for event in events if event.sequence not in voided]
    timeline = sorted(kept, key=lambda event: (event.occurred_at, event.sequence))
    return (
        len(set(voided)) == len(voided)
        and all(_may_correct(events, event) for event in corrections)
        and all(_may_follow(timeline[:place], event) for place, event in enumerate(timeline))
    )


def _may_correct(events: Sequence[Event], event: Event) -> bool:
    found = [one for one in events if one.sequence == event.corrects and one.sequence < event.sequence]
    stands = {EventKind.REMINDED, EventKind.ESCALATED, EventKind.CORRECTED}
    return bool(found) and found[0].kind not in stands and found[0].occurred_at <= event.occurred_at


def _may_follow(past: list[Event], event: Event) -> bool:
    own = [before for before in past if before.institution_id == event.institution_id]
    kinds = [before.kind for before in own]
    turns = [kind for kind in kinds if kind in {EventKind.ACCEPTED, EventKind.DECLINED}]
    is_out = bool(turns) and turns[-1] is EventKind.DECLINED
    has_answered = EventKind.CREDIT_APPROVED in kinds or EventKind.GUARANTEE_GRANTED in kinds
    has_talked = EventKind.CONTACTED in kinds
    breaks = {EventKind.PAUSED, EventKind.RESUMED, EventKind.DECLINED, EventKind.CREDIT_APPROVED}
    pauses = [kind for kind in kinds if kind in breaks | {EventKind.GUARANTEE_GRANTED}]
    is_paused = bool(pauses) and pauses[-1] is EventKind.PAUSED
    guarantees = event.institution_id in TRADES
    raised = [b.kind for b in past if b.kind in {EventKind.ESCALATED, EventKind.RESOLVED}]
    plain = {
        EventKind.ACCEPTED: is_out or EventKind.ACCEPTED not in kinds,
        EventKind.CONTACTED: not is_out,
        EventKind.VISITED: not is_out and has_talked,
        EventKind.PAUSED: not is_out
        and (has_talked or EventKind.ACCEPTED in kinds)
        and not has_answered
        and not is_paused,
        EventKind.RESUMED: is_paused,
        EventKind.RATED: has_answered or EventKind.DECLINED in kinds,
        EventKind.DECLINED: not is_out and not has_answered,
        EventKind.RESOLVED: raised[-1:] == [EventKind.ESCALATED],
    }
    if event.kind in LOANS:
        return not guarantees and _may_lend(past, own, event, is_out=is_out)
    if event.kind in GUARANTEES:
        return guarantees and not is_out and has_talked and _may_guarantee(past, own, event)
    return plain.get(event.kind, True)


def _may_lend(past: list[Event], own: list[Event], event: Event, *, is_out: bool) -> bool:
    if event.kind is EventKind.CREDIT_APPROVED:
        approved = sum(before.amount_fen for before in past if before.kind is EventKind.CREDIT_APPROVED)
        has_talked = any(before.kind is EventKind.CONTACTED for before in past)
        fits = event.exceeds_need or approved + event.amount_fen <= NEED_FEN
        return has_talked and not is_out and fits
    approved = sum(before.amount_fen for before in own if before.kind is EventKind.CREDIT_APPROVED)
    paid = sum(before.amount_fen for before in own if before.kind is EventKind.DISBURSED)
    return paid + event.amount_fen <= approved


def _may_guarantee(past: list[Event], own: list[Event], event: Event) -> bool:
    if event.kind is EventKind.GUARANTEE_OFFERED:
        return event.amount_fen <= NEED_FEN
    offers = [before.amount_fen for before in own if before.kind is EventKind.GUARANTEE_OFFERED]
    granted = sum(before.amount_fen for before in own if before.kind is EventKind.GUARANTEE_GRANTED)
    together = sum(before.amount_fen for before in past if before.kind is EventKind.GUARANTEE_GRANTED)
    fits = together + event.amount_fen <= NEED_FEN
    return fits and bool(offers) and granted + event.amount_fen <= offers[-1]
