"""Tables of the section 总体情况 (pure)."""

from collections.abc import Iterator, Sequence
from typing import Final

from app.bulletins.bulletin import Cell, Chart, Point, Row, Table, Unit
from app.bulletins.drafting import chart, column, row, table
from app.bulletins.material import Material, MonthFigures, Share, Target, points
from app.kernel.money import yuan_text

LEVELS: Final = (
    ("assigned", "已落实责任机构"),
    ("contacted", "已对接（对接覆盖率）"),
    ("answered", "已答复"),
    ("credited", "已授信"),
    ("disbursed", "已放款"),
    ("first_loan", "其中：首贷户（占已授信）"),
)
RESTATED: Final = "↳ 重述数"
"""Begins a row by what is known today, below the closed one."""
_ITEM: Final = column("item", "项目", Unit.TEXT)
_COUNT: Final = column("count", "户（个）")


def levels_table(material: Material) -> Table:
    """Answer the levels with numerator and denominator, beside those of the month before."""
    columns = [_ITEM, _COUNT, column("base", "基数"), column("percent", "占比（%）", Unit.PERCENT)]
    if material.before is not None:
        columns += [
            column("before_count", "上月户（个）"),
            column("before_base", "上月基数"),
            column("before_percent", "上月占比（%）", Unit.PERCENT),
            column("points", "较上月（百分点）", Unit.POINTS),
        ]
    return table("levels", "名单各环节", columns, _level_rows(material))


def _level_rows(material: Material) -> Iterator[Row]:
    for key, label in LEVELS:
        now = _share(material.total, key)
        before = _share(material.before, key) if material.before else None
        beside = _beside(now, before) if before else ()
        yield row(label, now.part, now.whole, now.percent, *beside)
        again = _share(material.restated, key) if material.restated else now
        if again != now:
            yield row(RESTATED, again.part, again.whole, again.percent, *(None for _cell in beside))


def _share(figures: MonthFigures, key: str) -> Share:
    found: Share = getattr(figures, key)
    return found


def _beside(now: Share, before: Share) -> tuple[Cell, ...]:
    return before.part, before.whole, before.percent, points(now.percent, before.percent)


def amounts_table(material: Material) -> Table:
    """Answer amounts, the shares of credit that are published, and the average rate."""
    columns = [
        _ITEM,
        column("amount", "金额（万元）", Unit.YUAN),
        column("share", "占授信（%）", Unit.PERCENT),
        column("rate", "平均年利率（%）", Unit.RATE),
    ]
    if material.before is not None:
        columns += [
            column("before_amount", "上月金额（万元）", Unit.YUAN),
            column("before_share", "上月占比（%）", Unit.PERCENT),
            column("before_rate", "上月利率（%）", Unit.RATE),
        ]
    return table("amounts", "金额与结构", columns, _amount_rows(material))


def _amount_rows(material: Material) -> Iterator[Row]:
    versions = [_amounts(figures) for figures in (material.total, material.restated or material.total)]
    before = _amounts(material.before) if material.before else None
    for place, (label, *cells) in enumerate(versions[0]):
        beside = before[place][1:] if before else ()
        yield row(label, *cells, *beside)
        again = versions[1][place][1:]
        if again != tuple(cells):
            yield row(RESTATED, *again, *(None for _cell in beside))


def _amounts(figures: MonthFigures) -> list[tuple[Cell, ...]]:
    credit, term = figures.credit_loan, figures.medium_long_term
    return [
        ("融资需求", yuan_text(figures.needed_fen), None, None),
        ("授信金额", yuan_text(figures.credited_fen), None, figures.rate),
        ("其中：信用贷款", yuan_text(credit.part), credit.percent, None),
        ("其中：中长期贷款", yuan_text(term.part), term.percent, None),
        ("放款金额", yuan_text(figures.disbursed_fen), None, None),
    ]


def days_table(total: MonthFigures) -> Table:
    """Answer how long contact and answer took."""
    columns = (
        _ITEM,
        _COUNT,
        column("p50", "p50（自然日）", Unit.DAYS),
        column("p90", "p90（自然日）", Unit.DAYS),
    )
    rows = (
        row("对接用时", total.contacted.part, *total.contact_days),
        row("答复用时", total.answered.part, *total.answer_days),
    )
    return table("days", "用时（自落实责任机构起）", columns, rows)


def doubts_table(total: MonthFigures) -> Table | None:
    """Answer what the reader has to know of some entries; None when there is nothing."""
    items = (
        ("已授信而首贷户与否未知", total.first_loan_unknown),
        ("缺前提记录、未计入各级", total.uncounted),
        ("对接记录含模拟数据", total.simulated),
    )
    rows = [row(label, number) for label, number in items if number]
    return table("doubts", "须说明的条目", (_ITEM, _COUNT), rows) if rows else None


def targets_table(targets: Sequence[Target]) -> Table:
    """Answer targets of the policies beside the figures."""
    columns = [
        column(key, label, Unit.TEXT)
        for key, label in (
            ("name", "目标"),
            ("value", "目标值"),
            ("actual", "本月末"),
            ("state", "状态"),
            ("due", "期限"),
            ("citation", "依据"),
        )
    ]
    rows = (
        row(
            one.name,
            one.value,
            one.actual,
            one.state,
            one.due_on.isoformat() if one.due_on else None,
            one.citation,
        )
        for one in targets
    )
    return table("targets", "政策目标", columns, rows)


def levels_chart(total: MonthFigures) -> Chart:
    """Answer the levels as bars of entries, the whole roster at the top."""
    bars = [Point(label="名单在册", value=str(total.entries), text=f"{total.entries:,}", before=None)]
    for key, label in LEVELS[:-1]:
        share = _share(total, key)
        text = f"{share.part:,}（{share.percent}%）" if share.percent is not None else f"{share.part:,}"
        bars.append(Point(label=label.partition("（")[0], value=str(share.part), text=text, before=None))
    return chart("levels", "名单各环节（户、个）", Unit.COUNT, bars)
