"""A year's calendar of docking events, each choice with its reason (pure).

`plan_year` never plans on a weekend or public holiday and never assumes a day that nobody knows: it asks. Chains (and
fields in cities) come in turns (turns.py), days are chosen for all events together (days.py).
"""

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.events.days import WEEK, Occasion, choose_days, is_free, open_days, why_off
from app.events.turns import chain_turns, field_turns, urgency
from app.events.year import (
    MONTHS_OF,
    RHYTHM_LABELS,
    Commitment,
    LeftOut,
    PlannedEvent,
    Rhythm,
    Series,
    Subject,
    YearPlan,
)
from app.kernel.shanghai import day_text
from app.reference.working_days import WorkingCalendar

MONTHS = 12
PERCENT_BP = 100


@dataclass(frozen=True, slots=True)
class _Opening:
    """A share of a period in which one event of a series has to be held."""

    series: Series
    period: date
    best: date
    known: tuple[date, ...]
    unknown: tuple[date, ...]


_Turn = tuple[_Opening, Subject]


def plan_year(
    year: int,
    series: Sequence[Series],
    calendar: WorkingCalendar,
    *,
    first_day: date | None = None,
    commitments: Sequence[Commitment] = (),
) -> YearPlan:
    """Plan the events of a year from `first_day` on (None: 1 January) around what stands already.

    Every subject of a series gets its turn before any gets a second. Equal arguments give the same plan.
    What cannot be planned is a question (days that nobody knows, periods without a free day), never a guess.
    """
    openings = [
        one for each in series for one in _openings(year, each, calendar, first_day or date(year, 1, 1))
    ]
    turns = [
        turn
        for each in series
        for turn in _turns(each, [o for o in openings if o.known and o.series is each])
    ]
    occasions = {
        key: _occasion(opening, subject, commitments) for key, (opening, subject) in enumerate(turns)
    }
    days = choose_days(occasions)
    events = [
        _event(*turns[key], day, _why_not_best(calendar, occasions, days, key, commitments))
        for key, day in sorted(days.items(), key=lambda item: (item[1], item[0]))
    ]
    questions = [*_unknown(openings), *_crowded(occasions, days)]
    return YearPlan(tuple(events), tuple(_left_out(series, turns)), tuple(questions))


def _openings(year: int, series: Series, calendar: WorkingCalendar, first_day: date) -> Iterator[_Opening]:
    """Cut each period into as many shares as it has events; shares that are over are passed over."""
    months = MONTHS_OF[series.rhythm]
    for month in range(1, 13, months):
        first, last = date(year, month, 1), _month_end(year, month + months - 1)
        length = (last - first).days + 1
        for share in range(series.per_period):
            begin = first + timedelta(days=length * share // series.per_period)
            end = first + timedelta(days=length * (share + 1) // series.per_period - 1)
            if end < first_day:
                continue
            known, unknown = open_days(calendar, max(begin, first_day), end)
            best = begin + (end - begin) // 2
            if series.rhythm is Rhythm.YEARLY and series.best_month is not None:
                best = date(year, series.best_month, 15)
            yield _Opening(series, first, best, known, unknown)


def _month_end(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


def _turns(series: Series, openings: Sequence[_Opening]) -> list[_Turn]:
    choose = field_turns if series.rhythm is Rhythm.QUARTERLY else chain_turns
    return list(zip(openings, choose(series.subjects, len(openings)), strict=bool(series.subjects)))


def _occasion(opening: _Opening, subject: Subject, commitments: Sequence[Commitment]) -> Occasion:
    free = tuple(day for day in opening.known if is_free(day, subject.people, commitments))
    return Occasion(
        f"{RHYTHM_LABELS[opening.series.rhythm]}：{subject.name}", subject.people, free, opening.best
    )


def _event(opening: _Opening, subject: Subject, day: date, why_day: str) -> PlannedEvent:
    series = opening.series
    place = sorted(series.subjects, key=urgency).index(subject) + 1
    last = f"上次活动{day_text(subject.last_event)}" if subject.last_event else "未办过活动"
    covered = (
        "覆盖率未知" if subject.coverage_bp is None else f"对接覆盖率{subject.coverage_bp / PERCENT_BP:g}%"
    )
    of_all = f"在{len(series.subjects)}个中排第{place}位" if len(series.subjects) > 1 else "本系列唯一对象"
    reasons = (
        f"{series.clause}：{RHYTHM_LABELS[series.rhythm]}",
        f"{subject.name}{of_all}：未解决需求{subject.open_needs}笔，{covered}，{last}；各对象轮过一次才轮第二次，相邻场次尽量异地（本场{subject.place_name}）",
        why_day,
    )
    return PlannedEvent(series.rhythm, subject, opening.period, day, reasons)


def _why_not_best(
    calendar: WorkingCalendar,
    occasions: dict[int, Occasion],
    days: dict[int, date],
    key: int,
    commitments: Sequence[Commitment],
) -> str:
    """Say why the best day was not taken, if it was not."""
    best, day, people = occasions[key].best, days[key], occasions[key].people
    if day == best:
        return f"{day_text(day)}是本期正中的工作日"
    if best in occasions[key].days:
        others = [
            *commitments,
            *(Commitment(occasions[o].name, days[o], occasions[o].people) for o in days if o != key),
        ]
        near = [one for one in others if one.people & people and abs((one.day - best).days) < WEEK]
        because = (
            f"本期正中{day_text(best)}距“{near[0].name}”（{day_text(near[0].day)}）不足一周且人员相同"
            if near
            else ("与人员相同的其他活动错开一周以上")
        )
    else:
        off = why_off(calendar, best)
        because = f"本期正中{day_text(best)}{off.chinese if off else '人员已有安排或已过'}"
    return f"{because}，取最近的可用工作日{day_text(day)}"


def _unknown(openings: Sequence[_Opening]) -> Iterator[str]:
    for opening in openings:
        if not opening.known:
            label = f"{opening.period.year}年{opening.period.month}月起的一期{RHYTHM_LABELS[opening.series.rhythm]}"
            cause = "放假安排尚未公布或载入，请载入后再排" if opening.unknown else "没有可用的工作日"
            yield f"{label}未排：{cause}"


def _crowded(occasions: dict[int, Occasion], days: dict[int, date]) -> Iterator[str]:
    for key, occasion in occasions.items():
        if key not in days:
            yield f"“{occasion.name}”未排：同一批人员的其他活动都在一周之内，请换人、合并或改期"


def _left_out(series: Sequence[Series], turns: Sequence[_Turn]) -> Iterator[LeftOut]:
    had = {subject.code for _, subject in turns}
    for each in series:
        places = sum(opening.series is each for opening, _ in turns)
        for rank, subject in enumerate(sorted(each.subjects, key=urgency), 1):
            if places and subject.code not in had:
                needed = -(-len(each.subjects) * MONTHS_OF[each.rhythm] // MONTHS)
                advice = f"每期安排{needed}场可全部覆盖" if each.rhythm is Rhythm.MONTHLY else "留待下一年度"
                yield LeftOut(
                    subject, f"本年可排{places}场，共{len(each.subjects)}个对象，排第{rank}位；{advice}"
                )
