"""Section 总体情况: coverage and its levels, amounts, days, targets (pure)."""

from collections.abc import Iterator

from app.bulletins.drafting import Draft
from app.bulletins.material import Material, MonthFigures, Target
from app.bulletins.overview_tables import (
    amounts_table,
    days_table,
    doubts_table,
    levels_chart,
    levels_table,
    targets_table,
)
from app.bulletins.wording import compared, count, month_name, percent, wan


def overview(material: Material) -> Draft:
    """Draft the section."""
    draft = Draft("overview", "总体情况")
    draft.say(*_on_levels(material), *_on_amounts(material.total), *_on_days(material.total))
    draft.say(*_on_doubts(material.total), *(_on_target(target) for target in material.targets))
    draft.tables = [levels_table(material), amounts_table(material), days_table(material.total)]
    draft.charts = [levels_chart(material.total)]
    if doubts := doubts_table(material.total):
        draft.tables.append(doubts)
    if material.targets:
        draft.tables.append(targets_table(material.targets))
    return draft


def _on_levels(material: Material) -> Iterator[str]:
    total, before = material.total, material.before
    name = f"{material.jurisdiction_name}{material.edition}版次名单"
    yield f"截至{month_name(material.month)}末，{name}在册{count(total.entries)}。"
    change = compared(total.coverage, before.coverage) if before else ""
    yield f"责任机构已对接{count(total.contacted.part)}，对接覆盖率{percent(total.coverage)}{change}。"
    levels = (
        ("已落实责任机构", total.assigned),
        ("已答复", total.answered),
        ("已授信", total.credited),
        ("已放款", total.disbursed),
    )
    yield f"{'；'.join(f'{label}{count(share.part)}，占{percent(share)}' for label, share in levels)}。"
    yield material.incomparable
    if material.restated is not None and material.restated.coverage != total.coverage:
        again = percent(material.restated.coverage)
        yield f"以上为关账数，不再改变；按关账后补登的事实，对接覆盖率重述为{again}。"


def _on_amounts(total: MonthFigures) -> Iterator[str]:
    amounts = f"获批授信{wan(total.credited_fen)}，已放款{wan(total.disbursed_fen)}"
    yield f"融资需求合计{wan(total.needed_fen)}；{amounts}。"
    if total.rate is not None:
        credit, term = total.credit_loan, total.medium_long_term
        yield (
            f"授信加权平均年利率{total.rate}%；授信金额中，信用贷款{wan(credit.part)}，占{credit.percent}%，"
            f"中长期贷款{wan(term.part)}，占{term.percent}%。"
        )
    if total.credited.part:
        yield f"已授信的条目中，首贷户占{percent(total.first_loan)}。"


def _on_days(total: MonthFigures) -> Iterator[str]:
    for label, (half, most) in (("对接", total.contact_days), ("答复", total.answer_days)):
        if half is not None and most is not None:
            yield f"自落实责任机构至{label}，半数不超过{half}个自然日，九成不超过{most}个自然日。"


def _on_doubts(total: MonthFigures) -> Iterator[str]:
    if total.uncounted:
        yield f"另有{count(total.uncounted)}有答复或放款记录而缺其前提记录，未计入各级。"
    if total.simulated:
        yield f"在册条目中，{count(total.simulated)}的对接记录含模拟数据。"


def _on_target(target: Target) -> str:
    due = f"，期限{target.due_on.isoformat()}" if target.due_on else ""
    return f"{target.name}{target.value}：本月末{target.actual}，{target.state}{due}（{target.citation}）。"
