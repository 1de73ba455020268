"""Sections by region, chain and institution: rows with numerators and denominators (pure).

Cells that would tell of a single firm are withheld (concealing.py): a row of one or two entries altogether,
and an amount that rests on the credits or payments of one or two.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from app.bulletins.bulletin import Cell, Chart, Point, Row, Table, Unit
from app.bulletins.concealing import FEWEST, concealed
from app.bulletins.drafting import Draft, chart, column, row, table
from app.bulletins.material import Group, MonthFigures, points
from app.bulletins.overview_tables import RESTATED
from app.bulletins.wording import count, extremes
from app.kernel.money import yuan_text

MOST_BARS: Final = 30
NOTE: Final = f"* 涉及条目少于{FEWEST}个，或可由合计推算出此类数字，不予列示。"
_COUNTED: Final = (
    "entries",
    "assigned",
    "contacted",
    "percent",
    "points",
    "answered",
    "credited",
    "disbursed",
)
_CREDIT, _PAYMENT = "credited_amount", "disbursed_amount"


@dataclass(frozen=True, slots=True)
class Cut:
    """A section of groups: its name, what a row is called, and how rows that belong to none are told."""

    key: str
    title: str
    row_label: str
    of_none: str = ""


def by_group(cut: Cut, groups: Sequence[Group], total: MonthFigures) -> Draft:
    """Draft the section of a cut; its rows stand in the order given, the total below them."""
    draft = Draft(cut.key, cut.title)
    withheld = _withheld(groups)
    open_rows = [
        group for place, group in enumerate(groups) if group.key and "entries" not in withheld[place]
    ]
    told = extremes(open_rows)
    draft.say(told and f"各{cut.row_label}中，{told}")
    for place, group in enumerate(groups):
        if not group.key and cut.of_none and "entries" not in withheld[place]:
            draft.say(f"{cut.of_none}的有{count(group.figures.entries)}。")
    if not groups:
        draft.say("本月没有可列示的条目。")
    draft.tables = [_table(cut, groups, withheld, total)]
    if 1 < len(open_rows) <= MOST_BARS:
        draft.charts = [_chart(cut, open_rows)]
    return draft


def _withheld(groups: Sequence[Group]) -> list[set[str]]:
    """Answer the keys of the withheld columns of each row."""
    found: list[set[str]] = [set() for _group in groups]
    columns = (
        ((*_COUNTED, _CREDIT, _PAYMENT), [group.figures.entries for group in groups]),
        ((_CREDIT,), [group.figures.credited.part for group in groups]),
        ((_PAYMENT,), [group.figures.disbursed.part for group in groups]),
    )
    for keys, rests_on in columns:
        for place in concealed(rests_on):
            found[place].update(keys)
    return found


def _table(cut: Cut, groups: Sequence[Group], withheld: Sequence[set[str]], total: MonthFigures) -> Table:
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
    ]
    rows = list(_rows(groups, withheld, has_before=has_before))
    if groups:
        rows.append(row("全部条目", *_cells(total, None, has_before=has_before), is_total=True))
    note = NOTE if any(one.hidden for one in rows) else ""
    return table(cut.key, f"{cut.title}对接情况", columns, rows, note)


def _rows(groups: Sequence[Group], withheld: Sequence[set[str]], *, has_before: bool) -> Iterator[Row]:
    for group, keys in zip(groups, withheld, strict=True):
        yield row(group.name, *_cells(group.figures, group.before, has_before=has_before), hidden=keys)
        again = group.restated
        if again is not None and "entries" not in keys:
            cells = _cells(again, None, has_before=has_before)
            yield row(RESTATED, *cells, hidden=keys | _telling(group.figures, again))


def _telling(closed: MonthFigures, today: MonthFigures) -> set[str]:
    """Answer the columns in which a restated row, or its difference to the closed one, would tell of a single firm."""
    if 0 < today.entries < FEWEST:
        return {*_COUNTED, _CREDIT, _PAYMENT}
    pairs = (
        (_CREDIT, closed.credited_fen, today.credited_fen, closed.credited.part, today.credited.part),
        (_PAYMENT, closed.disbursed_fen, today.disbursed_fen, closed.disbursed.part, today.disbursed.part),
    )
    return {
        key
        for key, before, after, was, now in pairs
        if 0 < now < FEWEST or (before != after and abs(now - was) < FEWEST)
    }


def _cells(figures: MonthFigures, before: MonthFigures | None, *, has_before: bool) -> list[Cell]:
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
    ]


def _chart(cut: Cut, groups: Sequence[Group]) -> Chart:
    rated = [group for group in groups if group.figures.coverage.percent is not None]
    ranked = sorted(rated, key=lambda group: -float(group.figures.coverage.percent or 0))
    return chart(cut.key, f"{cut.title}对接覆盖率（%）", Unit.PERCENT, (_point(group) for group in ranked))


def _point(group: Group) -> Point:
    share = group.figures.coverage
    text = f"{share.percent}%（{share.part:,}/{share.whole:,}）"
    before = group.before.coverage.percent if group.before else None
    return Point(label=group.name, value=share.percent or "0", text=text, before=before)
