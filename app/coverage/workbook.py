"""A month's coverage as a workbook: a sheet for each cut, the method, the hash.

Every ratio stands with numerator and denominator; amounts are 万元, percentages as published.
Texts are written as texts, so a name that looks like a formula stays a name.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import xlsxwriter

from app.coverage.rules import CUT_LABELS
from app.coverage.schemas import AmountRatio, CoverageOut, Days, FiguresOut, Ratio
from app.coverage.targets import STATE_LABELS
from app.kernel.money import FEN_PER_WAN
from app.kernel.shanghai import SHANGHAI

TOTAL_SHEET: Final = "总览"
TARGET_SHEET: Final = "目标与漏斗"
METHOD_SHEET: Final = "方法"
CLOSED, RESTATED, OPEN = "关账数", "重述数", "未关账"
_PLACE: Final = ("口径", "代码", "名称", "层级", "上级代码")
_NAME_WIDTH: Final = 24
Cell = str | int | float | None

LEVEL_LABELS: Final[Mapping[str, str]] = {
    "province": "省",
    "city": "市",
    "county": "县（市、区）",
    "head_office": "总行（法人）",
    "branch": "分行",
    "sub_branch": "支行",
}
LEVEL_NAMES: Final[Mapping[str, str]] = {
    "entries": "名单",
    "assigned": "已落实",
    "contacted": "已对接",
    "answered": "已答复",
    "credited": "已授信",
    "disbursed": "已放款",
}
OWN_ROWS_ONLY: Final = "“按机构”表只列本机构及其下级；各机构情况见机构排名。"
METHOD: Final = (
    "统计口径：月份按北京时间（Asia/Shanghai），名单为月末在用版次中已入选且未撤出的条目。",
    "对接覆盖率＝已对接÷名单数。各级均为入选以来累计，每一级须有其自身的记录，且不早于上一级的记录；不作推定。",
    "已落实：有责任机构。已对接：责任机构在负责期间登记了对接。已答复：对接之后授信获批或附理由婉拒。",
    "已授信：对接之后获批金额大于零。已放款：授信之后放款金额大于零。",
    "未计入：有答复或放款记录、但缺少其前提记录的条目；仅列示，不计入各级。",
    "加权平均利率、信用贷款占比、中长期（12个月以上）占比均按获批金额加权；首贷户占比按已授信条目数。",
    "用时为北京时间自然日，自落实责任机构起算；p50、p90 取最近序位法。",
    "按机构：上级含其下级；转交过的条目在经手机构各列其自身所为，合计不重复计数。",
    "被更正作废的记录处处不计；撤出名单后恢复的条目，月末已恢复的照常计入。",
    "关账后事实与数字不再改变；此后补登的事实以“重述数”并列。每月后首个工作日（含调休）自动关账，也可提前手工关账。",
    "独立核验：事实文件与全部数字可下载，核验程序（GET /api/v1/coverage/verifier.py）与本系统没有共用代码。",
)


def coverage_workbook(shown: Sequence[CoverageOut], facts_sha256: str) -> bytes:
    """Answer the workbook of one month, shown by each cut; the first gives the total.

    `facts_sha256` is the hash of the facts: of a closed month the one it was closed under.
    """
    target = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(target, options) as book:
        formats = {
            "head": book.add_format({"bold": True, "text_wrap": True, "border": 1, "bg_color": "#DDEBF7"}),
            "text": book.add_format({"quote_prefix": True}),
            "number": book.add_format({}),
        }
        total = [("", "全部条目", "", "", shown[0].total, shown[0].restated)]
        _write(book.add_worksheet(TOTAL_SHEET), formats, shown[0], total)
        for one in shown:
            if one.by is not None:
                _write(book.add_worksheet(CUT_LABELS[one.by]), formats, one, _rows_of(one))
        _write_targets(book.add_worksheet(TARGET_SHEET), formats, shown[0])
        lines = (*METHOD, OWN_ROWS_ONLY) if any(one.is_partial for one in shown) else METHOD
        _write_method(book.add_worksheet(METHOD_SHEET), formats, shown[0], facts_sha256, lines)
    return target.getvalue()


_Row = tuple[str, str, str, str, FiguresOut, FiguresOut | None]


def _rows_of(shown: CoverageOut) -> list[_Row]:
    return [
        (
            row.key,
            row.name,
            LEVEL_LABELS.get(row.level, row.level),
            row.parent or "",
            row.figures,
            row.restated,
        )
        for row in shown.rows
    ]


def _write(sheet: Any, formats: Mapping[str, Any], shown: CoverageOut, rows: Sequence[_Row]) -> None:
    heads = (*_PLACE, *(head for head, _cell in _cells(shown.total)))
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head, formats["head"])
    sheet.freeze_panes(1, len(_PLACE))
    sheet.set_column(2, 2, _NAME_WIDTH)
    number = 1
    basis = CLOSED if shown.closed else OPEN
    for *place, figures, restated in rows:
        versions = [(basis, figures)] + ([(RESTATED, restated)] if restated else [])
        for label, version in versions:
            cells = (label, *place, *(cell for _head, cell in _cells(version)))
            _write_row(sheet, formats, number, cells)
            number += 1


def _write_row(sheet: Any, formats: Mapping[str, Any], number: int, cells: Sequence[Cell]) -> None:
    for column, cell in enumerate(cells):
        if isinstance(cell, str):
            sheet.write_string(number, column, cell, formats["text"])
        elif cell is not None:
            sheet.write_number(number, column, cell, formats["number"])


def _cells(figures: FiguresOut) -> Iterator[tuple[str, Cell]]:
    """Answer the columns of a row of figures: heading and cell."""
    yield "名单数", figures.entries
    yield from _ratio("对接覆盖率", figures.coverage)
    levels = (
        ("已落实", figures.assigned),
        ("已对接", figures.contacted),
        ("已答复", figures.answered),
        ("已授信", figures.credited),
        ("已放款", figures.disbursed),
    )
    for label, level in levels:
        yield from _ratio(label, level)
    yield "融资需求（万元）", _wan(figures.needed_amount)
    yield "授信金额（万元）", _wan(figures.credited_amount)
    yield "放款金额（万元）", _wan(figures.disbursed_amount)
    yield "加权平均利率 分子（元×%）", figures.rate.numerator
    yield "加权平均利率 分母（元）", figures.rate.denominator
    yield "加权平均利率（%）", _number(figures.rate.percent)
    yield from _ratio("首贷户占比", figures.first_loan)
    yield "首贷户未知", figures.first_loan_unknown
    yield from _amount_ratio("信用贷款占比", figures.credit_loan)
    yield from _amount_ratio("中长期占比", figures.medium_long_term)
    yield from _days("对接用时", figures.days_to_contact)
    yield from _days("答复用时", figures.days_to_answer)
    yield "未计入", figures.uncounted
    yield "模拟数据条目", figures.simulated


def _ratio(label: str, ratio: Ratio) -> Iterator[tuple[str, Cell]]:
    yield f"{label} 分子", ratio.numerator
    yield f"{label} 分母", ratio.denominator
    yield f"{label}（%）", _number(ratio.percent)


def _amount_ratio(label: str, ratio: AmountRatio) -> Iterator[tuple[str, Cell]]:
    yield f"{label} 分子（万元）", _wan(ratio.numerator)
    yield f"{label} 分母（万元）", _wan(ratio.denominator)
    yield f"{label}（%）", _number(ratio.percent)


def _days(label: str, days: Days) -> Iterator[tuple[str, Cell]]:
    yield f"{label} 条目数", days.count
    yield f"{label} p50（自然日）", days.p50
    yield f"{label} p90（自然日）", days.p90


def _wan(fen: int) -> float:
    return float(Decimal(fen) / FEN_PER_WAN)


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _write_targets(sheet: Any, formats: Mapping[str, Any], shown: CoverageOut) -> None:
    heads = ("目标", "要求", "实际", "状态", "截至", "期限", "条款", "说明")
    lines: list[Sequence[Cell]] = [
        (
            one.name,
            one.value,
            one.actual,
            STATE_LABELS[one.state],
            one.measured_on.isoformat(),
            one.due_on.isoformat() if one.due_on else "条款未定期限",
            one.citation,
            one.note,
        )
        for one in shown.targets
    ]
    _write_table(sheet, formats, 0, heads, lines)
    steps = ("层级", "条目", "占名单（%）", "占上一级（%）", "上一级未到", "金额（万元）")
    funnel: list[Sequence[Cell]] = [
        (
            LEVEL_NAMES[step.level],
            step.count,
            _number(step.of_first.percent),
            _number(step.of_previous.percent),
            step.dropped,
            None if step.amount is None else _wan(step.amount),
        )
        for step in shown.funnel
    ]
    _write_table(sheet, formats, len(lines) + 2, steps, funnel)
    sheet.set_column(0, 0, _NAME_WIDTH)


def _write_table(
    sheet: Any, formats: Mapping[str, Any], top: int, heads: Sequence[str], lines: Sequence[Sequence[Cell]]
) -> None:
    for column, head in enumerate(heads):
        sheet.write_string(top, column, head, formats["head"])
    for number, line in enumerate(lines, start=top + 1):
        _write_row(sheet, formats, number, line)


def _write_method(
    sheet: Any, formats: Mapping[str, Any], shown: CoverageOut, facts_sha256: str, lines: Sequence[str]
) -> None:
    closed = shown.closed
    closed_at = closed.closed_at.astimezone(SHANGHAI).isoformat(timespec="seconds") if closed else OPEN
    head = (
        ("月份", shown.month),
        ("辖区", shown.jurisdiction),
        ("名单版次", shown.edition),
        ("事实截止（不含）", shown.until.astimezone(SHANGHAI).isoformat(timespec="seconds")),
        ("关账时间", closed_at),
        ("关账人", closed.closed_by if closed else ""),
        ("事实文件 SHA-256", facts_sha256),
        ("模拟数据", f"{shown.total.simulated} 个条目含模拟对接记录" if shown.total.simulated else "无"),
    )
    sheet.set_column(0, 0, _NAME_WIDTH)
    for number, (label, text) in enumerate(head):
        sheet.write_string(number, 0, label, formats["head"])
        sheet.write_string(number, 1, text, formats["text"])
    for number, line in enumerate(lines, start=len(head) + 1):
        sheet.write_string(number, 0, line, formats["text"])
