"""Size class of an enterprise: 统计上大中小微型企业划分办法（2017）, 国统字〔2017〕213号.

A large, medium or small enterprise meets the lower bounds of *all* indicators of its industry, else
it falls to the next lower class; a micro one needs to fall short in only one. So the class is the
lowest of those that the indicators give one by one, and one low indicator decides alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.reference.industries import Industries

FEN_PER_WAN_YUAN = 1_000_000  # 万元 = 10,000 yuan of 100 fen


class SizeClass(StrEnum):
    """Large 大型, medium 中型, small 小型, micro 微型."""

    LARGE = "large"
    MEDIUM = "medium"
    SMALL = "small"
    MICRO = "micro"


class Indicator(StrEnum):
    """What is measured: 从业人员 (persons), 营业收入 and 资产总额 (fen)."""

    STAFF = "staff"
    REVENUE = "revenue"
    ASSETS = "assets"


_UPWARDS = (SizeClass.MICRO, SizeClass.SMALL, SizeClass.MEDIUM, SizeClass.LARGE)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Lower bounds of one indicator (persons or fen); a value at a bound meets it."""

    large: int
    medium: int
    small: int

    def class_of(self, value: int) -> SizeClass:
        """Answer the class which this one indicator allows at most."""
        met = sum(value >= bound for bound in (self.small, self.medium, self.large))
        return _UPWARDS[met]


@dataclass(frozen=True, slots=True)
class SizeCategory:
    """A row group of the standard's table: an industry category with the indicators that count."""

    name: str
    bounds: Mapping[Indicator, Bounds]


@dataclass(frozen=True, slots=True)
class SizeStandard:
    """The standard's table: category by industry code (letter or 2 to 4 digits)."""

    industries: Industries
    categories: Mapping[str, SizeCategory]

    def category_of(self, industry_code: str) -> SizeCategory | None:
        """Answer the category of an industry, by the narrowest listed code above it, or None."""
        path = self.industries.path(industry_code)
        return next((self.categories[code] for code in path if code in self.categories), None)

    def is_too_coarse(self, industry_code: str) -> bool:
        """Say whether the category hangs on a finer code: `70` may be 物业管理 or 房地产开发经营."""
        return self.category_of(industry_code) is None and any(
            self.industries.is_within(listed, industry_code) for listed in self.categories
        )


@dataclass(frozen=True, slots=True)
class SizeResult:
    """The class, or why there is none.

    `size` None with something `missing` (`industry`, `staff`, `revenue`, `assets`): unknown, and
    `at_most` is the highest class still possible. `size` None with nothing missing: the
    standard does not cover the industry (education, health, finance, public bodies, railways,
    自有房地产经营).
    """

    size: SizeClass | None
    category: str | None = None
    missing: tuple[str, ...] = ()
    at_most: SizeClass | None = None


def size_class(
    industry_code: str | None,
    revenue_fen: int | None,
    staff: int | None,
    standard: SizeStandard,
    *,
    assets_fen: int | None = None,
) -> SizeResult:
    """Classify by industry and facts of the last year; None is an unknown fact.

    A missing indicator leaves the class unknown unless a known one decides it: an industrial
    enterprise with fewer than 20 staff is micro whatever its revenue.
    """
    if industry_code is None or standard.industries.get(industry_code) is None:
        return SizeResult(None, missing=("industry",))
    category = standard.category_of(industry_code)
    if category is None:
        coarse = standard.is_too_coarse(industry_code)
        return SizeResult(None, missing=("industry",) if coarse else ())
    facts = {Indicator.STAFF: staff, Indicator.REVENUE: revenue_fen, Indicator.ASSETS: assets_fen}
    return _decide(category, {indicator: facts[indicator] for indicator in category.bounds})


def _decide(category: SizeCategory, facts: Mapping[Indicator, int | None]) -> SizeResult:
    allowed = [
        category.bounds[indicator].class_of(value) for indicator, value in facts.items() if value is not None
    ]
    at_most = min(allowed, key=_UPWARDS.index, default=SizeClass.LARGE)
    missing = tuple(indicator.value for indicator, value in facts.items() if value is None)
    if missing and at_most is not SizeClass.MICRO:
        return SizeResult(None, category.name, missing, at_most)
    return SizeResult(at_most, category.name, (), at_most)
