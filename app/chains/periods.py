"""Rules of periods that several holdings and memberships share: overlap, gaps, and hand-over from one to the next."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from app.chains.rules import Period
from app.kernel.errors import Fault

ONE_DAY = timedelta(days=1)


def shown(period: Period) -> str:
    """Answer a period as sentences show it."""
    return f"{period.since} 至 {period.until or '今'}"


def faults_of_order(period: Period, where: str) -> Iterator[Fault]:
    """Name a period whose last day lies before its first."""
    if period.until is not None and period.until < period.since:
        yield Fault(
            where, f"lies before the first day, {period.since}", "Correct the days.", str(period.until)
        )


def faults_of_hand_over(current: Period, on: date, gap_until: date | None, where: str) -> Iterator[Fault]:
    """Name what keeps a running period from being handed over.

    The next begins `on`, the day after the last of the current one, unless `gap_until` tells that nobody is
    meant until the day before it; then `on` is the first day of the gap.
    """
    if on <= current.since:
        message = f"is not after the first day of the current one, {current.since}, which then has none"
        yield Fault(where, message, "Take a later day, or take the current one back.", str(on))
    if current.until is not None and on > current.until + ONE_DAY:
        message = f"the current one ended on {current.until}: between the two there is nobody"
        yield Fault(
            where,
            message,
            f"Hand over from {current.until + ONE_DAY} on, or say until when there is a gap.",
            str(on),
        )
    if gap_until is not None and gap_until <= on:
        yield Fault(
            where,
            f"the gap ends on {gap_until}, not after the hand-over on {on}",
            "Leave the gap out, or take a later day.",
            str(gap_until),
        )


def gaps(periods: Iterable[Period], within: Period) -> list[Period]:
    """Answer the days of a window on which no period holds, as periods in order; an open window can end open."""
    found: list[Period] = []
    next_day: date | None = within.since
    for period in sorted(periods, key=lambda one: one.since):
        if next_day is None or (within.until is not None and period.since > within.until):
            break
        if period.since > next_day:
            found.append(Period(next_day, period.since - ONE_DAY))
        if period.until is None:
            next_day = None
        elif period.until >= next_day:
            next_day = period.until + ONE_DAY
    if next_day is not None and (within.until is None or next_day <= within.until):
        found.append(Period(next_day, within.until))
    return found
