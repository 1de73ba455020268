"""Columns of facts and exact sums over groups of them (numpy).

Amounts may be as large as the system takes (10^15 fen), so sums over groups are formed from two
halves and never overflow; medians are taken by rank, so no figure is a float.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.coverage.facts import EntryFacts, Party

Ints = NDArray[np.int64]
NEVER: Final = np.iinfo(np.int64).max
NO_DAYS: Final = -1
MEDIUM_TERM_OVER_MONTHS: Final = 12
_MICROSECONDS: Final = 1_000_000
# Asia/Shanghai has kept UTC+8 without summer time since 1991; contacts are later than that.
_SHANGHAI_SECONDS: Final = 8 * 3600
_DAY_SECONDS: Final = 86_400
_HALF: Final = 32
_LOW: Final = (1 << _HALF) - 1


@dataclass(frozen=True, slots=True)
class Rows:
    """Parties, or entries merged from their parties: columns of the same length.

    Levels are 0 or 1; days are calendar days in Asia/Shanghai from the assignment, -1 for none;
    `contact_at` and `answer_at` are microseconds, NEVER for none. Σ amount × rate (fen × basis
    points) is `rate_high` × 2^32 + `rate_low`.
    """

    entry: Ints
    contacted: Ints
    answered: Ints
    credited: Ints
    disbursed: Ints
    contact_at: Ints
    answer_at: Ints
    contact_days: Ints
    answer_days: Ints
    credited_fen: Ints
    disbursed_fen: Ints
    credit_loan_fen: Ints
    mlt_fen: Ints
    rate_high: Ints
    rate_low: Ints
    uncounted: Ints

    def take(self, places: Ints) -> "Rows":
        """Answer the rows at these places."""
        return Rows(**{field.name: getattr(self, field.name)[places] for field in fields(self)})


_EARLIEST = (("contact_at", "contact_days"), ("answer_at", "answer_days"))
_ANY = ("contacted", "answered", "credited", "disbursed", "uncounted")
_SUMMED = ("credited_fen", "disbursed_fen", "credit_loan_fen", "mlt_fen", "rate_high", "rate_low")


def rows_of(entries: Sequence[EntryFacts]) -> Rows:
    """Answer one row for each party of each entry."""
    parties = [party for entry in entries for party in entry.parties]
    lengths = np.fromiter((len(entry.parties) for entry in entries), np.int64, len(entries))
    assigned = _instants([party.assigned_at for party in parties])
    contact = _instants([party.contacted_at for party in parties])
    answer = _instants([party.answered_at for party in parties])
    return Rows(
        entry=np.repeat(np.arange(len(entries)), lengths),
        contacted=(contact != NEVER).astype(np.int64),
        answered=(answer != NEVER).astype(np.int64),
        credited=np.array([party.credited_at is not None for party in parties], dtype=np.int64),
        disbursed=np.array([party.disbursed_at is not None for party in parties], dtype=np.int64),
        contact_at=contact,
        answer_at=answer,
        contact_days=_days(assigned, contact),
        answer_days=_days(assigned, answer),
        disbursed_fen=np.array([party.disbursed_fen for party in parties], dtype=np.int64),
        uncounted=np.array([party.uncounted > 0 for party in parties], dtype=np.int64),
        **_credit_columns(parties),
    )


def _credit_columns(parties: Sequence[Party]) -> dict[str, Ints]:
    flat = [
        (party, credit.amount_fen, credit.rate_bp, credit.term_months, credit.is_credit_loan)
        for party, owner in enumerate(parties)
        for credit in owner.credits
    ]
    owner, amount, rate, months, is_credit = np.array(flat, dtype=np.int64).reshape(len(flat), 5).T
    weight = amount * rate
    columns = {
        "credited_fen": amount,
        "credit_loan_fen": amount * is_credit,
        "mlt_fen": amount * (months > MEDIUM_TERM_OVER_MONTHS),
        "rate_high": weight >> _HALF,
        "rate_low": weight & _LOW,
    }
    return {name: _binned(values, owner, len(parties)) for name, values in columns.items()}


def _instants(instants: Sequence[datetime | None]) -> Ints:
    """Answer microseconds since 1970; NEVER for None. A float second is exact to the microsecond."""
    seconds = np.array([np.nan if at is None else at.timestamp() for at in instants], dtype=np.float64)
    is_there = ~np.isnan(seconds)
    instants_there = np.rint(np.where(is_there, seconds, 0) * _MICROSECONDS).astype(np.int64)
    return np.where(is_there, instants_there, NEVER)


def _days(start: Ints, end: Ints) -> Ints:
    return np.where(end == NEVER, NO_DAYS, _day_number(end) - _day_number(start))


def _day_number(microseconds: Ints) -> Ints:
    return (microseconds // _MICROSECONDS + _SHANGHAI_SECONDS) // _DAY_SECONDS


def merge(rows: Rows, keys: Ints) -> tuple[Ints, Rows]:
    """Merge rows of the same key (same entry in the same group) into one; answer keys and rows.

    A level is reached if it is in any row; amounts add up; days are those of the row that was
    first in time.
    """
    order = np.argsort(keys, kind="stable")
    found, starts = np.unique(keys[order], return_index=True)
    if len(found) == len(keys):
        return found, rows.take(order)
    columns = {"entry": rows.entry[order][starts]}
    for name in _ANY:
        columns[name] = np.maximum.reduceat(getattr(rows, name)[order], starts)
    for name in _SUMMED:
        columns[name] = np.add.reduceat(getattr(rows, name)[order], starts)
    for instant, days in _EARLIEST:
        first = np.lexsort((getattr(rows, instant), keys))[starts]
        columns |= {instant: getattr(rows, instant)[first], days: getattr(rows, days)[first]}
    return found, Rows(**columns)


def group_sums(values: Ints, groups: Ints, count: int) -> list[int]:
    """Answer the exact sum of non-negative values in each of `count` groups."""
    high = _binned(values >> _HALF, groups, count)
    low = _binned(values & _LOW, groups, count)
    return [(int(above) << _HALF) + int(below) for above, below in zip(high, low, strict=True)]


def _binned(values: Ints, groups: Ints, count: int) -> Ints:
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, groups, values)
    return sums


def group_percentiles(days: Ints, groups: Ints, count: int, percent: int) -> list[int | None]:
    """Answer the percentile of the days in each group by nearest rank; None where there are none.

    Of n values in order it is the ⌈percent × n / 100⌉-th: a number of days that really occurred.
    """
    is_there = days != NO_DAYS
    days, groups = days[is_there], groups[is_there]
    ordered = days[np.lexsort((days, groups))]
    sizes = np.bincount(groups, minlength=count)
    ends = np.cumsum(sizes)
    ranks = -(-percent * sizes // 100)
    places = np.where(sizes > 0, ends - sizes + ranks - 1, 0)
    return [int(ordered[p]) if size else None for p, size in zip(places, sizes, strict=True)]
