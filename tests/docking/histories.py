"""Random docking histories, and a plain reading of which ones are legal."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from app.docking.reasons import DeclineReason
from app.docking.kinds import EventKind
from app.docking.rules import Event

START = datetime(2023, 10, 9, 1, 0, tzinfo=UTC)
PARTIES = (7, 8)
NEED_FEN = 1_000


def make_event(
    sequence: int,
    kind: EventKind,
    institution: int = 7,
    hour: int = 0,
    amount: int = 0,
    reason: DeclineReason | None = None,
    *,
    exceeds_need: bool = False,
) -> Event:
    """One event some hours after the start; declines get a reason, approvals terms."""
    is_approval = kind is EventKind.CREDIT_APPROVED
    return Event(
        sequence=sequence,
        kind=kind,
        institution_id=institution,
        occurred_at=START + timedelta(hours=hour),
        amount_fen=amount if kind in {EventKind.CREDIT_APPROVED, EventKind.DISBURSED} else 0,
        rate_bp=345 if is_approval else None,
        term_months=12 if is_approval else None,
        is_credit_loan=True if is_approval else None,
        exceeds_need=exceeds_need and is_approval,
        reason=(reason or DeclineReason.NO_COLLATERAL) if kind is EventKind.DECLINED else None,
    )


@st.composite
def histories(draw: st.DrawFn, most: int = 9) -> list[Event]:
    """Events in order of logging, at times of any order, legal or not."""
    count = draw(st.integers(0, most))
    return [
        make_event(
            number,
            draw(st.sampled_from(EventKind)),
            draw(st.sampled_from(PARTIES)),
            draw(st.integers(0, 12)),
            draw(st.sampled_from((100, 400, 1_000))),
            draw(st.sampled_from(DeclineReason)),
            exceeds_need=draw(st.booleans()),
        )
        for number in range(1, count + 1)
    ]


def is_legal(events: Sequence[Event]) -> bool:
    """Say whether a history could have happened: the rules of docking/legality.py, one by one."""
    timeline = sorted(events, key=lambda event: (event.occurred_at, event.sequence))
    return all(_may_follow(timeline[:place], event) for place, event in enumerate(timeline))


def _may_follow(past: list[Event], event: Event) -> bool:
    own = [before for before in past if before.institution_id == event.institution_id]
    kinds = [before.kind for before in own]
    turns = [kind for kind in kinds if kind in {EventKind.ACCEPTED, EventKind.DECLINED}]
    is_out = bool(turns) and turns[-1] is EventKind.DECLINED
    approved = sum(before.amount_fen for before in past if before.kind is EventKind.CREDIT_APPROVED)
    own_approved = sum(before.amount_fen for before in own if before.kind is EventKind.CREDIT_APPROVED)
    own_paid = sum(before.amount_fen for before in own if before.kind is EventKind.DISBURSED)
    if event.kind is EventKind.ACCEPTED:
        return is_out or EventKind.ACCEPTED not in kinds
    if event.kind is EventKind.CONTACTED:
        return not is_out
    if event.kind is EventKind.CREDIT_APPROVED:
        has_talked = any(before.kind is EventKind.CONTACTED for before in past)
        fits = event.exceeds_need or approved + event.amount_fen <= NEED_FEN
        return has_talked and not is_out and fits
    if event.kind is EventKind.DISBURSED:
        return own_paid + event.amount_fen <= own_approved
    return not is_out and EventKind.CREDIT_APPROVED not in kinds
