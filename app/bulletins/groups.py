"""Sections by region, chain and institution: rows with numerators and denominators (pure).

What would tell of a single firm was marked before (selecting.py) and is left out here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.bulletins.bulletin import Cell, Chart, Point, Row, Table, Unit
from app.bulletins.drafting import Draft, chart, column, row, table
from app.bulletins.material import Group, MonthFigures, points
from app.bulletins.overview_tables import RESTATED
from app.bulletins.wording import count, extremes
from app.kernel.money import yuan_text

MOST_BARS: Final = 30
_CREDIT, _PAYMENT = "credited_amount", "disbursed_amount"
_OF_MEASURE: Final[Mapping[str, tuple[str, ...]]] = {
    "entries": ("entries", "assigned", "percent", "points"),
    "assigned": ("assigned",),
    "contacted": ("contacted", "percent", "points"),
    "answered": ("answered",),
    "credited": ("credited", _CREDIT),
    "disbursed": ("disbursed", _PAYMENT),
}
"""The columns that a measure stands behind."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A section of groups: its name, what a row is called, how rows that belong to none are told."""

    key: str
    title: str
    row_label: str
    of_none: str = ""
    is_ranked: bool = False


def by_group(cut: Cut, groups: Sequence[Group], total: MonthFigures, fewest: int) -> Draft:
    """Draft the section of a cut; its rows stand in the order given, the total below them.

    `fewest` is the number of entries on which a published cell rests at least.
    """
    draft = Draft(cut.key, cut.title)
    shown = [group for group in groups if not {"entries", "contacted"} & group.hidden]
    open_rows = [group for group in shown if group.key]
    told = extremes([group for group in open_rows if group.rank is not None or not cut.is_ranked])
    scope = f"参与排名的{cut.row_label}" if cut.is_ranked else f"各{cut.row_label}"
    draft.say(told and f"{scope}中，{told}")
    for group in shown:
        if not group.key and cut.of_none:
            draft.say(f"{cut.of_none}的有{count(group.figures.entries)}。")
    if not groups:
        draft.say("本月没有可列示的条目。")
    draft.tables = [_table(cut, groups, total, fewest)]
    rated = [group for group in open_rows if group.figures.coverage.percent is not None]
    if 1 < len(rated) <= MOST_BARS:
        draft.charts = [_chart(cut, rated)]
    return draft


def _table(cut: Cut, groups: Sequence[Group], total: MonthFigures, fewest: int) -> Table:
    has_before = any(group.before for group in groups)
    columns = [
        column("name", cut.row_label, Unit.TEXT),
        column("entries", "名单数"),
        column("assigned", "已落实"),
        column("contacted", "已对接"),
        column("percent", "覆盖率（%）", Unit.PERCENT),
        *([column("points", "较上月（百分点）", Unit.POINTS)] if has_before else []),
        column("answered", "已答复"),
        column("credited", "已授信"),
        column("disbursed", "已放款"),
        column(_CREDIT, "授信金额（万元）", Unit.YUAN),
        column(_PAYMENT, "放款金额（万元）", Unit.YUAN),
        *([column("rank", "名次")] if cut.is_ranked else []),
    ]
    listed = [group for group in groups if "entries" not in group.hidden]
    rows = list(_rows(cut, listed, fewest, has_before=has_before))
    if groups:
        cells = _cells(cut, total, None, None, has_before=has_before)
        rows.append(row("全部条目", *cells, is_total=True))
    reason = f"所据条目少于{fewest}户（个），或可由合计减出此类数字，不予公布"
    notes = [f"* {reason}。"] if any(one.hidden for one in rows) else []
    if left := len(groups) - len(listed):
        notes.append(f"另有{left}行连同名单数{reason}，不单列。")
    return table(cut.key, f"{cut.title}对接情况", columns, rows, "".join(notes))


def _rows(cut: Cut, groups: Sequence[Group], fewest: int, *, has_before: bool) -> Iterator[Row]:
    for group in groups:
        keys = {key for measure in group.hidden for key in _OF_MEASURE[measure]}
        known = group.before is not None and _is_told(group.before, fewest)
        cells = _cells(cut, group.figures, group.before if known else None, group.rank, has_before=has_before)
        yield row(group.name, *cells, hidden=keys)
        again = group.restated
        if again is not None and "entries" not in group.hidden and _is_told(again, fewest):
            cells = _cells(cut, again, None, None, has_before=has_before)
            yield row(RESTATED, *cells, hidden=keys | _telling(group.figures, again, fewest))


def _is_told(figures: MonthFigures, fewest: int) -> bool:
    return not any(0 < number < fewest for number in (figures.entries, figures.contacted.part))


def _telling(closed: MonthFigures, today: MonthFigures, fewest: int) -> set[str]:
    """Answer the columns in which a restated row, or its difference to the closed one, would tell of a single firm."""
    small = {
        key
        for measure in ("answered", "credited", "disbursed")
        for key in _OF_MEASURE[measure]
        if 0 < getattr(today, measure).part < fewest
    }
    pairs = (
        (_CREDIT, closed.credited_fen, today.credited_fen, closed.credited.part, today.credited.part),
        (_PAYMENT, closed.disbursed_fen, today.disbursed_fen, closed.disbursed.part, today.disbursed.part),
    )
    return small | {
        key for key, before, after, was, now in pairs if before != after and abs(now - was) < fewest
    }


def _cells(
    cut: Cut, figures: MonthFigures, before: MonthFigures | None, rank: int | None, *, has_before: bool
) -> list[Cell]:
    now = figures.coverage.percent
    moved = points(now, before.coverage.percent) if before else None
    return [
        figures.entries,
        figures.assigned.part,
        figures.contacted.part,
        now,
        *([moved] if has_before else []),
        figures.answered.part,
        figures.credited.part,
        figures.disbursed.part,
        yuan_text(figures.credited_fen),
        yuan_text(figures.disbursed_fen),
        *([rank] if cut.is_ranked else []),
    ]


def _chart(cut: Cut, groups: Sequence[Group]) -> Chart:
    ranked = sorted(groups, key=lambda group: -float(group.figures.coverage.percent or 0))
    return chart(cut.key, f"{cut.title}对接覆盖率（%）", Unit.PERCENT, (_point(group) for group in ranked))


def _point(group: Group) -> Point:
    share = group.figures.coverage
    text = f"{share.percent}%（{share.part:,}/{share.whole:,}）"
    before = group.before.coverage.percent if group.before else None
    return Point(label=group.name, value=share.percent or "0", text=text, before=before)
