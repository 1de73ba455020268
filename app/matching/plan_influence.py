"""By how much a chain's plan moved a match, and by which clause: with the plan and without it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from app.matching.grants import granted
from app.matching.products import IndexedProduct, MatchNeed, PlanTerms, flattened
from app.matching.scoring import (
    ScoreSettings,
    parts_of,
    plan_reasons,
    prioritised,
    total,
)
from app.policy.criteria import AnyOf, Verdict, evaluate

UNITS_PER_POINT: Final = 10_000
_VERDICTS: Final = {Verdict.PASS: "符合", Verdict.UNKNOWN: "不能确定", Verdict.FAIL: "不符合"}


@dataclass(frozen=True, slots=True)
class PlanShare:
    """What one part of a plan adds to a score, in units of 1/10,000 point, and the clause that it rests on."""

    text: str
    units: int
    citation: str


@dataclass(frozen=True, slots=True)
class PlanInfluence:
    """A pair with the plan of the need's chain and without it; scores in units of 1/10,000 point.

    `shares` add up to the difference of the scores; `grants` cite what the plan grants and the verdict rests on.
    """

    with_plan: int
    without_plan: int
    verdict_with: Verdict
    verdict_without: Verdict
    shares: tuple[PlanShare, ...]
    grants: tuple[str, ...]

    @property
    def difference(self) -> int:
        """How much the plan adds, in units."""
        return self.with_plan - self.without_plan

    @property
    def is_any(self) -> bool:
        """Whether the plan changed anything about the pair."""
        return bool(self.shares) or self.verdict_with is not self.verdict_without

    @property
    def sentence(self) -> str:
        """What the plan did, in Chinese: by how much and by which clause."""
        told = [*self._scores(), *self._verdicts()]
        return "；".join(told) if told else "一链一策对此匹配没有影响"

    def _scores(self) -> list[str]:
        if not self.shares:
            return []
        each = "、".join(
            f"{share.text}加{score_text(share.units)}分（{share.citation}）" for share in self.shares
        )
        return [
            f"一链一策使匹配度由{score_text(self.without_plan)}分升至{score_text(self.with_plan)}分：{each}"
        ]

    def _verdicts(self) -> list[str]:
        if self.verdict_with is self.verdict_without:
            return []
        was, becomes = _VERDICTS[self.verdict_without], _VERDICTS[self.verdict_with]
        return [f"一链一策放宽的条件使产品条件由“{was}”变为“{becomes}”（{'、'.join(self.grants)}）"]


def plan_influence(
    need: MatchNeed, stated: IndexedProduct, plans: Mapping[str, PlanTerms], settings: ScoreSettings
) -> PlanInfluence:
    """Tell what the plans in force do to a pair; `stated` is the product as its bank states it, without any grant."""
    (product,) = granted([stated], plans)
    scores = [total(parts_of(need, product, each, settings), settings) for each in (plans, {})]
    verdicts = [verdict_of(each, need) for each in (product, stated)]
    grants = decisive_grants(need, product) if verdicts[0] is not verdicts[1] else ()
    return PlanInfluence(
        scores[0], scores[1], verdicts[0], verdicts[1], plan_shares(need, product, plans, settings), grants
    )


def plan_shares(
    need: MatchNeed, product: IndexedProduct, plans: Mapping[str, PlanTerms], settings: ScoreSettings
) -> tuple[PlanShare, ...]:
    """Answer what each part of the plan of the need's chain adds to the score of a product; nothing adds nothing."""
    plan, weight = plans.get(str(need.facts.get("chain"))), settings.weights["chain_plan"]
    reasons = plan_reasons(prioritised(need.facts, plan), product, plan) if weight else ()
    return tuple(PlanShare(reason.text, reason.points * weight, reason.citation) for reason in reasons)


def verdict_of(product: IndexedProduct, need: MatchNeed) -> Verdict:
    """Say whether a need meets all that a product asks."""
    return min((evaluate(one, need.facts) for one in product.conditions), default=Verdict.PASS)


def decisive_grants(need: MatchNeed, product: IndexedProduct) -> tuple[str, ...]:
    """Cite the grants by which a condition is judged better than the bank's own wording of it."""
    found: dict[str, None] = {}
    for condition in flattened(product.conditions):
        if not isinstance(condition, AnyOf):
            continue
        own = evaluate(condition.criteria[0], need.facts)
        better = [one.source for one in condition.criteria[1:] if evaluate(one, need.facts) > own]
        found |= dict.fromkeys(source for source in better if source)
    return tuple(found)


def score_text(units: int) -> str:
    """Write units (1/10,000 point) as points with two places, rounded towards zero."""
    sign, units = ("-", -units) if units < 0 else ("", units)
    hundredths = units * 100 // UNITS_PER_POINT
    return f"{sign}{hundredths // 100}.{hundredths % 100:02d}"
