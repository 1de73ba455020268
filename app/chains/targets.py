"""Support targets of a plan, such as "not lower than last year" (黔江金融办发〔2023〕30号 8, 黑银发〔2023〕25号 一、二)."""

from dataclasses import dataclass
from typing import Final

WHOLE_BP: Final = 10_000

MEASURES: Final = {
    "granted": "授信金额",
    "disbursed": "放款金额",
    "balance": "贷款余额",
    "medium_long_share": "中长期贷款占比",
    "credit_share": "信用贷款占比",
    "weighted_rate": "加权平均利率",
    "firms": "获贷企业数",
    "first_loans": "首贷户数",
    "covered": "已对接条目数",
}
"""Kinds of figure: amounts in fen, shares and rates in basis points, the others counted."""
AMOUNTS: Final = frozenset({"granted", "disbursed", "balance"})
IN_BASIS_POINTS: Final = frozenset({"medium_long_share", "credit_share", "weighted_rate"})
BOUNDS: Final = {"at_least": "不低于", "at_most": "不高于"}
BASES: Final = {
    "last_year": "上年",
    "same_period": "上年同期",
    "last_quarter": "上季度",
    "fixed": "定值",
}
"""What a figure is held against."""


@dataclass(frozen=True, slots=True)
class SupportTarget:
    """A figure's kind, its base period, the bound, and the clause that asks for it.

    The bound is the base figure changed by `change_bp` (basis points of it), or `value` where the base is
    `fixed`; both in the measure's unit.
    """

    measure: str
    bound: str
    base: str
    clause: str
    change_bp: int = 0
    value: int | None = None

    def is_met(self, figure: int | None, base: int | None) -> bool | None:
        """Tell whether a figure meets the target; None while the figure or that of the base period is unknown.

        Integers on both sides: figure × 10,000 against base × (10,000 + change), so that nothing is rounded.
        """
        asked = self.value if self.base == "fixed" else base
        if figure is None or asked is None:
            return None
        scaled = asked * (WHOLE_BP + (0 if self.base == "fixed" else self.change_bp))
        found = figure * WHOLE_BP
        return found >= scaled if self.bound == "at_least" else found <= scaled

    @property
    def text(self) -> str:
        """The target in Chinese, with its clause."""
        return f"{MEASURES[self.measure]}{BOUNDS[self.bound]}{self._against()}（{self.clause}）"

    def _against(self) -> str:
        if self.base == "fixed":
            return self._figure_text(self.value or 0)
        change = f"的{_percent(WHOLE_BP + self.change_bp)}" if self.change_bp else ""
        return f"{BASES[self.base]}{change}"

    def _figure_text(self, figure: int) -> str:
        if self.measure in AMOUNTS:
            return f"{figure // 1_000_000}万元" if figure % 1_000_000 == 0 else f"{figure / 100:.2f}元"
        return _percent(figure) if self.measure in IN_BASIS_POINTS else str(figure)


def _percent(basis_points: int) -> str:
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02d}%".replace(".00%", "%")
