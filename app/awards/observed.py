"""What a product promises beside what came of it: rate, days to an answer, share of approvals (pure).

A dealing is one time in which an institution had one entry with one product in view. Figures are sums and percentiles by
nearest rank, so that whoever has the same dealings comes to the same figures. Nothing is shown of fewer than the least
count that the operator sets: of one credit the rate is the customer's secret.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate
from typing import Any, Final

from app.catalogue.quarters import Quarter, quarter_of, quarter_with
from app.docking.pace import nearest_rank

QUARTERS: Final = 4
"""A product is looked at over so many quarters, whole ones: who may choose days could subtract one customer."""
TOO_DEAR: Final = Fraction(1, 10)
TOO_LATE: Final = Fraction(1, 10)
MUCH_LOWER: Final = Fraction(1, 2)
PERCENTILES: Final = (10, 50, 90)


@dataclass(frozen=True, slots=True)
class Credit:
    """One approval: amount in fen, rate and what was declared for that day in basis points a year; None: not known."""

    amount_fen: int
    rate_bp: int
    declared_bp: tuple[int, int] | None

    @property
    def is_within(self) -> bool:
        """Tell whether it costs no more than was declared; what is not known counts as kept."""
        return self.declared_bp is None or self.rate_bp <= self.declared_bp[1]

    @property
    def is_below(self) -> bool:
        """Tell whether it costs less than the least that was declared."""
        return self.declared_bp is not None and self.rate_bp < self.declared_bp[0]


@dataclass(frozen=True, slots=True)
class Dealing:
    """What came of one time in which an institution had an entry with a product in view, within the period.

    `is_approved` is its first answer (None: that came before the period, or has not come); `days` the working days
    from the first contact to it without pauses (None: the working days are not published); `declared_days` as declared
    for the product's revision that was in view.
    """

    product_id: int
    entry_id: int
    is_approved: bool | None = None
    days: int | None = None
    declared_days: int | None = None
    credits: tuple[Credit, ...] = ()
    ratings: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of a product in a period, in whole numbers alone; rates in basis points, weighted by amount."""

    answers: int = 0
    approvals: int = 0
    timed: int = 0
    """Answers for which days were declared, and of them those within."""
    in_time: int = 0
    days_known: int = 0
    days: tuple[int, ...] = ()
    """p10, p50, p90 of working days; empty where none is known."""
    credits: int = 0
    credited_entries: int = 0
    credited_fen: int = 0
    within_fen: int = 0
    below_fen: int = 0
    rates: tuple[int, ...] = ()
    """p10, p50, p90; empty without credits."""
    ratings: int = 0
    rated_sum: int = 0

    def as_data(self) -> dict[str, Any]:
        """Answer it as JSON keeps it."""
        return asdict(self) | {"days": list(self.days), "rates": list(self.rates)}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Figures":
        """Read it back."""
        return cls(**{**data, "days": tuple(data["days"]), "rates": tuple(data["rates"])})


@dataclass(frozen=True, slots=True)
class Least:
    """So many of each there must be before anything of them is shown (经办方设定)."""

    credits: int = 5
    answers: int = 5
    ratings: int = 5


@dataclass(frozen=True, slots=True)
class Declared:
    """What a product declares: least and most rate in basis points on a day, and working days; None: nothing."""

    rate_bp: tuple[int, int] | None
    days: int | None


class Off(StrEnum):
    """In what a product's observed figures leave what it declares, or what others do."""

    RATE_ABOVE = "rate_above"
    RATE_BELOW = "rate_below"
    LATE = "late"
    FEW_APPROVED = "few_approved"


OFF_LABELS: Final[Mapping[Off, str]] = {
    Off.RATE_ABOVE: "利率高于申报",
    Off.RATE_BELOW: "利率低于申报",
    Off.LATE: "慢于申报时限",
    Off.FEW_APPROVED: "通过率偏低",
}
OFF_RULES: Final[Mapping[Off, str]] = {
    Off.RATE_ABOVE: "超出申报利率上限的授信金额占比超过10%",
    Off.RATE_BELOW: "低于申报利率下限的授信金额占比超过10%",
    Off.LATE: "超过申报时限的答复占比超过10%",
    Off.FEW_APPROVED: "授信通过率不足全部产品的一半",
}


@dataclass(frozen=True, slots=True)
class Flag:
    """That a product is off in something: how many of how many, in fen or answers."""

    off: Off
    part: int
    whole: int

    @property
    def percent(self) -> str:
        """Answer the share in percent, with one decimal."""
        return percent_of(self.part, self.whole)

    @property
    def sentence(self) -> str:
        """Say it in one sentence, with the rule."""
        said = {
            Off.RATE_ABOVE: f"按金额计，{self.percent}%的授信利率高于申报上限",
            Off.RATE_BELOW: f"按金额计，{self.percent}%的授信利率低于申报下限",
            Off.LATE: f"{self.whole}次答复中有{self.part}次超过申报的工作日",
            Off.FEW_APPROVED: f"{self.whole}次答复中授信{self.part}次，通过率{self.percent}%",
        }
        return f"{said[self.off]}（规则：{OFF_RULES[self.off]}）。"


def percent_of(part: int, whole: int) -> str:
    """Answer a share in percent with one decimal, halves up."""
    tenths = (2_000 * part + whole) // (2 * whole)
    return f"{tenths // 10}.{tenths % 10}"


def figures_by_product(dealings: Iterable[Dealing]) -> dict[int, Figures]:
    """Answer the figures of each product of which anything came, by its id."""
    of: dict[int, list[Dealing]] = defaultdict(list)
    for one in dealings:
        of[one.product_id].append(one)
    return {product: _figures(found) for product, found in sorted(of.items())}


def _figures(dealings: Sequence[Dealing]) -> Figures:
    answered = [one for one in dealings if one.is_approved is not None]
    timed = [one for one in answered if one.declared_days is not None and one.days is not None]
    days = sorted(one.days for one in answered if one.days is not None)
    credits_ = [credit for one in dealings for credit in one.credits]
    ratings = [score for one in dealings for score in one.ratings]
    return Figures(
        answers=len(answered),
        approvals=sum(one.is_approved is True for one in answered),
        timed=len(timed),
        in_time=sum((one.days or 0) <= (one.declared_days or 0) for one in timed),
        days_known=len(days),
        days=tuple(_rank(days, percent) for percent in PERCENTILES) if days else (),
        credits=len(credits_),
        credited_entries=len({one.entry_id for one in dealings if one.credits}),
        credited_fen=sum(one.amount_fen for one in credits_),
        within_fen=sum(one.amount_fen for one in credits_ if one.is_within),
        below_fen=sum(one.amount_fen for one in credits_ if one.is_below),
        rates=tuple(_weighted(credits_, percent) for percent in PERCENTILES) if credits_ else (),
        ratings=len(ratings),
        rated_sum=sum(ratings),
    )


def _rank(ordered: list[int], percent: int) -> int:
    found = nearest_rank(ordered, percent)
    assert found is not None, "there are values"
    return found


def _weighted(credits_: Sequence[Credit], percent: int) -> int:
    """Answer the rate at or below which so much of the amount was lent: the least such."""
    ordered = sorted(credits_, key=lambda one: one.rate_bp)
    total = sum(one.amount_fen for one in ordered)
    sums = accumulate(one.amount_fen for one in ordered)
    reached = (one.rate_bp for one, sum_ in zip(ordered, sums, strict=True) if sum_ * 100 >= percent * total)
    return next(reached)


def flags_of(figures: Figures, least: Least, whole: tuple[int, int]) -> tuple[Flag, ...]:
    """Answer in what a product is off; of what is not shown nothing is told. `whole`: approvals, answers of all."""
    found: list[Flag] = []
    if figures.credits >= least.credits and figures.credited_fen:
        dear = figures.credited_fen - figures.within_fen
        found += [
            Flag(off, part, figures.credited_fen)
            for off, part in ((Off.RATE_ABOVE, dear), (Off.RATE_BELOW, figures.below_fen))
            if Fraction(part, figures.credited_fen) > TOO_DEAR
        ]
    if figures.answers >= least.answers:
        late = figures.timed - figures.in_time
        if figures.timed >= least.answers and Fraction(late, figures.timed) > TOO_LATE:
            found.append(Flag(Off.LATE, late, figures.timed))
        approvals, answers = whole
        if Fraction(figures.approvals, figures.answers) < MUCH_LOWER * Fraction(approvals, answers):
            found.append(Flag(Off.FEW_APPROVED, figures.approvals, figures.answers))
    return tuple(found)


def shown(figures: Figures, least: Least) -> Figures:
    """Answer the figures that may be shown: groups of fewer than the least count are blank, counts included."""
    blank = Figures()
    has_credits, has_answers = figures.credits >= least.credits, figures.answers >= least.answers
    has_days, has_ratings = figures.days_known >= least.answers, figures.ratings >= least.ratings
    has_timed = figures.timed >= least.answers
    of_credits = figures if has_credits else blank
    of_answers = figures if has_answers else blank
    of_days = figures if has_answers and has_days else blank
    of_time = figures if has_answers and has_timed else blank
    of_ratings = figures if has_ratings else blank
    return Figures(
        of_answers.answers,
        of_answers.approvals,
        of_time.timed,
        of_time.in_time,
        of_days.days_known,
        of_days.days,
        of_credits.credits,
        of_credits.credited_entries,
        of_credits.credited_fen,
        of_credits.within_fen,
        of_credits.below_fen,
        of_credits.rates,
        of_ratings.ratings,
        of_ratings.rated_sum,
    )


def first_day(until: Quarter) -> date:
    """Answer the day on which the period begins that ends with a quarter."""
    months = until.first.year * 12 + until.first.month - 1 - 3 * (QUARTERS - 1)
    return date(months // 12, months % 12 + 1, 1)


def is_over(code: str, today: date) -> bool:
    """Tell whether a quarter is over: of one that goes on nothing is computed."""
    return quarter_of(code).last < today


def last_over(today: date) -> str:
    """Answer the last quarter that is over."""
    this = quarter_with(today)
    return quarter_with(date.fromordinal(this.first.toordinal() - 1)).code


def hash_of(data: object) -> str:
    """Answer the SHA-256 of data as canonical JSON: keys sorted, no spaces."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
