"""What pages of a month show, made of what services answer. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Final
from urllib.parse import urlencode

from app.coverage.listing import LEVELS, STOPPED, WHICH_LABELS, Which
from app.coverage.listing_schemas import HeatOut
from app.coverage.schemas import CoverageOut, FiguresOut, GroupOut, Ratio
from app.coverage.trend_schemas import TrendMonth
from app.desks.charts import Line, Point
from app.desks.texts import Text
from app.docking.clock import TURN_LABELS, Turn
from app.docking.schemas import LateOut
from app.docking.working_time import STEP_LABELS, Step

SHARES: Final = (Which.CONTACTED, Which.CREDITED, Which.DISBURSED)
HEAT_STEPS: Final = 5
MOST_ADDRESSES: Final = 16_384
"""A month's page has nearly a thousand of them, and the next one mostly the same."""


@lru_cache(MOST_ADDRESSES)
def behind(month: str, which: str, **cut: str | None) -> str:
    """Answer the page that lists the entries of a figure; a cut of "" are those that belong to no group."""
    stated = {"level": which, **{name: value for name, value in cut.items() if value is not None}}
    return f"/coverage/{month}/entries?{urlencode(stated)}"


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """One level of the funnel, with those that stopped before it."""

    which: Which
    label: str
    ratio: Ratio
    dropped: int
    stopped: Which | None


def funnel(coverage: CoverageOut) -> list[FunnelStep]:
    """Answer the levels of the funnel, each with which entries stopped before it."""
    stops = {level: stop for stop, level in STOPPED.items()}
    return [
        FunnelStep(level, WHICH_LABELS[level], one.of_first, one.dropped, stops.get(level))
        for one in coverage.funnel
        if (level := Which(one.level)) in LEVELS
    ]


@dataclass(frozen=True, slots=True)
class Division:
    """A region of the table with those that lie in it."""

    row: GroupOut
    below: Sequence[GroupOut] = field(default_factory=tuple)


def divisions(rows: Sequence[GroupOut], jurisdiction: str) -> list[Division]:
    """Answer the divisions right below a government, each with its own; where there are none, what there is."""
    right_below = [row for row in rows if row.parent == jurisdiction]
    tops = right_below or [row for row in rows if row.key == jurisdiction]
    return [Division(row, tuple(one for one in rows if one.parent == row.key)) for row in tops]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the heat map; `step` from 0 to 5 says how far the share has come, None: no entries."""

    entries: int
    reached: int
    step: int | None
    path: str


@dataclass(frozen=True, slots=True)
class HeatLine:
    """A region of the heat map."""

    name: str
    cells: Sequence[Cell]


def heat_lines(heat: HeatOut) -> list[HeatLine]:
    """Answer the heat map row by row; each cell leads to its entries."""
    return [
        HeatLine(
            row.name,
            [
                Cell(
                    entries,
                    reached,
                    reached * HEAT_STEPS // entries if entries else None,
                    behind(heat.month, "entries", region=row.region, chain=chain, own="1" if row.is_own else None),
                )
                for entries, reached, (chain, _name) in zip(row.entries, row.reached, heat.chains, strict=True)
            ],
        )
        for row in heat.rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Late:
    """What is late with somebody in one step."""

    turn: Turn
    institution: str | None
    who: str
    step: Step
    label: str
    count: int
    earliest: date | None
    days: int | None

    def path(self, month: str) -> str:
        """Answer the page that lists these entries."""
        stated = {"turn": self.turn.value, "step": self.step.value}
        if self.institution is not None:
            stated["institution"] = self.institution
        return f"/coverage/{month}/late?{urlencode(stated)}"


def late_by_owner(rows: Iterable[LateOut], root_of: Callable[[str], tuple[str, str]]) -> list[Late]:
    """Answer what is late by whole bank (or whoever else has the turn) and step, the most first.

    `root_of` answers code and name of the institution at the root of another's tree.
    """
    counts: Counter[tuple[Turn, str | None, str, Step]] = Counter()
    earliest: dict[tuple[Turn, str | None, str, Step], date] = {}
    days: dict[tuple[Turn, str | None, str, Step], int] = {}
    for row in rows:
        is_own = row.turn is Turn.INSTITUTION and row.institution is not None
        code, name = root_of(row.institution or "") if is_own else (None, TURN_LABELS[row.turn])
        key = (row.turn, code, name, row.step)
        counts[key] += row.entries
        earliest[key] = min(earliest.get(key, row.earliest_due_on), row.earliest_due_on)
        days[key] = max(days.get(key, 0), row.days_late or 0)
    found = [
        Late(turn, code, name, step, STEP_LABELS[step], count, earliest[turn, code, name, step], days[turn, code, name, step])
        for (turn, code, name, step), count in counts.items()
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-one.count, one.who, one.label))


def trend_lines(months: Sequence[TrendMonth], say: Callable[[Text | str], str]) -> list[Line]:
    """Answer the trend as lines of a chart; months without an edition have no point."""
    return [
        Line(
            say(WHICH_LABELS[which]),
            tuple(
                Point(
                    one.month,
                    float(ratio.percent),
                    f"{ratio.percent}% · {ratio.numerator:,} / {ratio.denominator:,}",
                    is_final=one.state == "closed",
                    path=f"/coverage/{one.month}",
                )
                for one in months
                if one.total is not None and (ratio := ratio_of(one.total, which)).percent is not None
            ),
        )
        for which in SHARES
    ]


def ratio_of(figures: FiguresOut, which: Which) -> Ratio:
    """Answer a level's share of entries."""
    found: Ratio = getattr(figures, which.value)
    return found


def region_points(month: str, found: Sequence[Division]) -> list[Point]:
    """Answer the coverage of divisions as bars of a chart."""
    points = []
    for one in found:
        ratio = one.row.figures.coverage
        text = f"{ratio.percent}% · {ratio.numerator:,} / {ratio.denominator:,}"
        path = behind(month, "contacted", region=one.row.key)
        points.append(Point(one.row.name, float(ratio.percent or 0), text, path=path))
    return points


def restated_rows(closed: FiguresOut, today: FiguresOut) -> list[tuple[Text | str, int, int, bool]]:
    """Answer closed figures beside today's: name, both, and whether they are amounts; only those that differ."""
    counts: list[tuple[Text | str, int, int, bool]] = [
        (WHICH_LABELS[level], ratio_of(closed, level).numerator, ratio_of(today, level).numerator, False)
        for level in LEVELS[1:]
    ]
    rows: list[tuple[Text | str, int, int, bool]] = [
        (WHICH_LABELS[Which.ENTRIES], closed.entries, today.entries, False),
        *counts,
        (Text("授信金额"), closed.credited_amount, today.credited_amount, True),
        (Text("放款金额"), closed.disbursed_amount, today.disbursed_amount, True),
    ]
    return [row for row in rows if row[1] != row[2]]


def years_of(months: Iterable[str]) -> Mapping[str, list[str]]:
    """Answer months by year, the newest first."""
    found: dict[str, list[str]] = {}
    for month in sorted(months, reverse=True):
        found.setdefault(month[:4], []).append(month)
    return found


def neighbours(month: str, months: Sequence[str]) -> tuple[str | None, str | None]:
    """Answer the listed months right before and after one."""
    before = max((one for one in months if one < month), default=None)
    return before, min((one for one in months if one > month), default=None)
