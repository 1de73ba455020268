"""Support targets of a chain's plan beside the chain's figures: met, not met, or not to be told (pure).

"Not lower than last year" (黔江金融办发〔2023〕30号 8) holds a month's figure against the same figure at the end of a base
month: of both the roster that was in force then, counted since its entries were admitted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from app.chains.targets import WHOLE_BP, SupportTarget
from app.coverage.months import shifted
from app.coverage.schemas import AmountRatio, FiguresOut

HUNDRED: Final = 100
MONTHS_A_QUARTER: Final = 3
MONTHS_A_YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class MeasuredTarget:
    """A target with the chain's figure and that of the base month (None: not known); `is_met` None: not to be told."""

    target: SupportTarget
    figure: int | None
    base_month: str | None
    base: int | None

    @property
    def is_met(self) -> bool | None:
        """Whether the figure meets the target."""
        return self.target.is_met(self.figure, self.base)


def base_month(base: str, month: str) -> str | None:
    """Answer the month whose end a month is held against; None for a fixed value."""
    number = int(month[5:])
    match base:
        case "last_year":
            return f"{int(month[:4]) - 1}-12"
        case "same_period":
            return shifted(month, -MONTHS_A_YEAR)
        case "last_quarter":
            return shifted(month, -((number - 1) % MONTHS_A_QUARTER + 1))
        case _:
            return None


def figure_of(measure: str, figures: FiguresOut | None) -> int | None:
    """Answer a figure in the measure's unit; None where it is not counted, or counted out of nothing."""
    read = _FIGURES.get(measure)
    return None if figures is None or read is None else read(figures)


def measured(target: SupportTarget, month: str, figures: Mapping[str, FiguresOut | None]) -> MeasuredTarget:
    """Hold the figure of a month against its target; `figures` are those of the chain by month."""
    base = base_month(target.base, month)
    return MeasuredTarget(
        target,
        figure_of(target.measure, figures.get(month)),
        base,
        None if base is None else figure_of(target.measure, figures.get(base)),
    )


def _share(ratio: AmountRatio) -> int | None:
    return None if not ratio.denominator else ratio.numerator * WHOLE_BP // ratio.denominator


def _rate(figures: FiguresOut) -> int | None:
    percent = figures.rate.percent
    return None if percent is None else int((Decimal(percent) * HUNDRED).quantize(Decimal(1), ROUND_HALF_UP))


_FIGURES: Final[Mapping[str, Callable[[FiguresOut], int | None]]] = {
    "granted": lambda figures: figures.credited_amount,
    "disbursed": lambda figures: figures.disbursed_amount,
    "medium_long_share": lambda figures: _share(figures.medium_long_term),
    "credit_share": lambda figures: _share(figures.credit_loan),
    "weighted_rate": _rate,
    "firms": lambda figures: figures.credited.numerator,
    "first_loans": lambda figures: figures.first_loan.numerator,
    "covered": lambda figures: figures.contacted.numerator,
}
"""How each measure is read; loan balances are no fact of docking and are not counted here."""
