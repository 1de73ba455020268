"""Sections 逾期条目, 未解决堵点 and 变化: what is late, blocked, and what moved (pure).

Nothing here names a firm: late entries are counted by institution, region and step, obstacles by class.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from app.bulletins.bulletin import Point, Row, Table, Unit
from app.bulletins.drafting import Draft, chart, column, row, table
from app.bulletins.material import LateCount, Material, RestatedMonth
from app.bulletins.wording import count, month_name, quoted
from app.kernel.shanghai import SHANGHAI

_COUNT: Final = column("count", "户（个）")
LATE_BY: Final[Sequence[tuple[str, str, Callable[[LateCount], str]]]] = (
    ("step", "环节", lambda one: one.step),
    ("region", "地区", lambda one: one.region),
    ("institution", "机构", lambda one: one.institution),
)
CHANGED: Final = (
    ("contacted", "已对接"),
    ("answered", "已答复"),
    ("credited", "已授信"),
    ("disbursed", "已放款"),
)


def late(material: Material) -> Draft:
    """Draft the section 逾期条目."""
    draft = Draft("late", "逾期条目")
    total = sum(one.count for one in material.late)
    if not total:
        draft.say(f"截至{_as_of(material)}，没有逾期条目。")
        return draft
    longest = _longest(material.late)
    told = f"，逾期最久的为{longest}个工作日" if longest is not None else ""
    draft.say(f"截至{_as_of(material)}，逾期条目{count(total)}{told}。")
    steps = "、".join(
        f"{quoted(name)}{count(_sum(found))}" for name, found in _grouped(material.late, LATE_BY[0][2])
    )
    draft.say(f"按环节：{steps}。")
    draft.tables = [_late_table(key, label, of, material.late) for key, label, of in LATE_BY]
    return draft


def _as_of(material: Material) -> str:
    if material.as_of == material.until:
        return f"{month_name(material.month)}末"
    return f"{material.as_of.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"


def _late_table(key: str, label: str, of: Callable[[LateCount], str], counts: Sequence[LateCount]) -> Table:
    columns = (
        column(key, label, Unit.TEXT),
        _COUNT,
        column("longest", "最长逾期（工作日）", Unit.DAYS),
    )
    rows = [row(name, _sum(found), _longest(found)) for name, found in _grouped(counts, of)]
    rows.append(row("合计", _sum(counts), _longest(counts), is_total=True))
    return table(f"late_by_{key}", f"逾期条目按{label}", columns, rows)


def _grouped(
    counts: Iterable[LateCount], of: Callable[[LateCount], str]
) -> list[tuple[str, list[LateCount]]]:
    """Answer counts by a name, the most first."""
    found: dict[str, list[LateCount]] = {}
    for one in counts:
        found.setdefault(of(one), []).append(one)
    return sorted(found.items(), key=lambda pair: (-_sum(pair[1]), pair[0]))


def _sum(counts: Iterable[LateCount]) -> int:
    return sum(one.count for one in counts)


def _longest(counts: Iterable[LateCount]) -> int | None:
    return max((one.longest_days for one in counts if one.longest_days is not None), default=None)


def blocked(material: Material) -> Draft:
    """Draft the section 未解决堵点."""
    draft = Draft("blocked", "未解决堵点")
    classes = material.open_classes
    total = sum(one.count for one in classes)
    if not total:
        draft.say(f"截至{_as_of(material)}，没有未解决的堵点。")
        return draft
    draft.say(f"截至{_as_of(material)}，有堵点且尚未获批授信的条目{count(total)}。")
    draft.say(f"按类别：{'；'.join(f'{quoted(one.name)}{count(one.count)}' for one in classes)}。")
    columns = (
        column("name", "堵点类别", Unit.TEXT),
        _COUNT,
        column("receiver", "推送对象", Unit.TEXT),
        column("body", "责任单位", Unit.TEXT),
        column("citation", "依据", Unit.TEXT),
    )
    rows = [
        row(one.name, one.count, one.receiver or None, one.responsible_body or None, one.citation or None)
        for one in classes
    ]
    rows.append(row("合计", total, None, None, None, is_total=True))
    draft.tables = [table("blocked", "未解决堵点按类别", columns, rows)]
    bars = (
        Point(label=one.name, value=str(one.count), text=f"{one.count:,}", before=None)
        for one in sorted(classes, key=lambda one: -one.count)
    )
    draft.charts = [chart("blocked", "未解决堵点（户、个）", Unit.COUNT, bars)]
    return draft


def changes(material: Material) -> Draft:
    """Draft the section 变化."""
    draft = Draft("changes", "本月变化")
    found, declines = material.changes, sum(number for _reason, number in material.changes.declines)
    draft.say(
        f"{month_name(material.month)}，新入选{count(found.admitted)}，撤出名单{count(found.withdrawn)}，"
        f"恢复入选{count(found.reopened)}；机构婉拒{declines:,}次，婉拒后转交{found.rerouted:,}次。"
    )
    happened = (
        ("新入选", found.admitted),
        ("撤出名单", found.withdrawn),
        ("恢复入选", found.reopened),
        ("机构婉拒", declines),
        ("婉拒后转交下一责任方", found.rerouted),
    )
    columns = (column("item", "事项", Unit.TEXT), column("count", "户（个）、次"))
    draft.tables = [table("happened", "本月事项", columns, (row(*one) for one in happened))]
    _add_moves(draft, material)
    if found.declines:
        draft.say(
            f"婉拒原因：{'、'.join(f'{quoted(reason)}{number:,}次' for reason, number in found.declines)}。"
        )
        columns = (column("reason", "婉拒原因", Unit.TEXT), column("count", "次"))
        rows = [*(row(*one) for one in found.declines), row("合计", declines, is_total=True)]
        draft.tables.append(table("declines", "婉拒按原因", columns, rows))
    if material.restated_months:
        draft.tables.append(_restated_table(material.restated_months))
        draft.say(*(_on_restated(one) for one in material.restated_months))
    return draft


def _add_moves(draft: Draft, material: Material) -> None:
    """Add how the levels moved since the month before, where that can be compared."""
    before = material.before
    if before is None:
        return
    moves = [(label, getattr(before, key).part, getattr(material.total, key).part) for key, label in CHANGED]
    columns = (
        column("item", "环节", Unit.TEXT),
        column("before", "上月末"),
        column("now", "本月末"),
        column("change", "净增减"),
    )
    rows = (row(label, was, now, now - was) for label, was, now in moves)
    draft.tables.append(table("moves", "各环节较上月末", columns, rows))
    told = (f"{label}{_moved(now - was)}" for label, was, now in moves)
    draft.say(f"较上月末，{'，'.join(told)}。")


def _moved(change: int) -> str:
    if change == 0:
        return "不变"
    return f"净{'增' if change > 0 else '减'}{count(abs(change))}"


def _restated_table(months: Iterable[RestatedMonth]) -> Table:
    columns = (
        column("month", "月份", Unit.TEXT),
        column("basis", "口径", Unit.TEXT),
        column("entries", "名单数"),
        column("contacted", "已对接"),
        column("percent", "覆盖率（%）", Unit.PERCENT),
        column("answered", "已答复"),
        column("credited", "已授信"),
        column("disbursed", "已放款"),
    )
    return table("restated", "已关账月份的重述", columns, _restated_rows(months))


def _restated_rows(months: Iterable[RestatedMonth]) -> Iterator[Row]:
    for one in months:
        for basis, figures in (("关账数", one.closed), ("重述数", one.today)):
            yield row(
                month_name(one.month),
                basis,
                figures.entries,
                figures.contacted.part,
                figures.coverage.percent,
                figures.answered.part,
                figures.credited.part,
                figures.disbursed.part,
            )


def _on_restated(one: RestatedMonth) -> str:
    closed, today = one.closed.coverage, one.today.coverage
    if closed == today:
        return f"{month_name(one.month)}的覆盖率未变，其他数字有重述。"
    return (
        f"{month_name(one.month)}关账覆盖率{closed.percent}%（{closed.part:,}/{closed.whole:,}），"
        f"按今日所知重述为{today.percent}%（{today.part:,}/{today.whole:,}）。"
    )
