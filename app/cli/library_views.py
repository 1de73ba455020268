"""What the quarter's confirmations and observed figures look like in a terminal."""

from app.awards.confirming_schemas import ConfirmationPage
from app.awards.observed_schemas import ObservationRunOut, ObservedOut
from app.catalogue.offering import OFFER_LABELS, OfferState
from app.cli import edge


def print_observed(run: ObservationRunOut, found: list[ObservedOut]) -> None:
    """Print products, declared beside observed; what is too little to be told is blank."""
    title = f"{run.since} 至 {run.until}：答复{run.answers}次，授信或承保{run.approvals}次"
    columns = (
        "产品",
        "名称",
        "申报利率（%）",
        "实际中位",
        "申报工作日",
        "九成在",
        "通过率（%）",
        "评价",
        "偏离",
    )
    rows = [
        (
            one.product,
            one.name,
            _range(one.declared_rate_least, one.declared_rate_most),
            _percent(one.rate_p50),
            one.declared_days,
            one.days_p90,
            one.approval_share,
            one.rating,
            "、".join(flag.label for flag in one.flags),
        )
        for one in found
    ]
    edge.print_table(title, columns, rows)


def _percent(points: int | None) -> str:
    return "" if points is None else f"{points // 100}.{points % 100:02d}"


def _range(least: int | None, most: int | None) -> str:
    return "" if least is None or most is None else f"{_percent(least)}–{_percent(most)}"


def print_confirmations(found: ConfirmationPage) -> None:
    """Print who has confirmed for the coming quarter."""
    called = f"通知截至{found.call.due_on}" if found.call is not None else "尚未通知"
    states = [one for one in OfferState if any(one.value in row.states for row in found.items)]
    columns = ("机构", "名称", *(OFFER_LABELS[one] for one in states), "待确认产品")
    rows = [
        (
            row.institution,
            row.institution_name,
            *(row.states.get(one.value, 0) for one in states),
            "、".join(row.to_confirm),
        )
        for row in found.items
    ]
    edge.print_table(f"{found.quarter}（{called}）：待确认{found.waiting}个产品", columns, rows)
