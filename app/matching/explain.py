"""Why a product fits a need or does not, clause by clause, and what would change that. Pure.

金发〔2024〕5号 (十四): banks decide on their own; this says what a need qualifies for, never more.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.kernel.money import wan_text
from app.matching.plan_influence import score_text
from app.matching.products import IndexedProduct, MatchNeed, PlanTerms
from app.matching.scoring import FULL, PARTS, ScoreSettings, parts_of, plan_reasons, prioritised
from app.policy.criteria import (
    OPERATORS,
    Condition,
    Criterion,
    Finding,
    Verdict,
    condition_text,
    evaluate,
    explain,
    missing_facts,
)
from app.policy.derived import facts_to_state
from app.policy.facts import FACTS, SECURITY, Facts, FactValue, Members, fact_text

NUMERIC = frozenset({"at_least", "at_most", "between"})
NEARNESS = {1000: "县区内有网点", 700: "市内有网点", 400: "省内有网点", 100: "省内无网点", 0: "行政区划未知"}


@dataclass(frozen=True, slots=True)
class PartOfScore:
    """One part of a score: its value 0 to 1000, its weight in permille, why, and what it cites."""

    part: str
    name: str
    value: int
    weight: int
    reason: str
    citations: tuple[str, ...]

    @property
    def points(self) -> int:
        """What it adds to the score, of 1,000,000."""
        return self.value * self.weight


@dataclass(frozen=True, slots=True)
class PairExplanation:
    """A need against a product: the verdict, each criterion, the score's parts, what would change it."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    parts: tuple[PartOfScore, ...]
    score: int
    changes: tuple[str, ...]
    asks: tuple[str, ...]


def explain_pair(
    need: MatchNeed, product: IndexedProduct, plans: Mapping[str, PlanTerms], settings: ScoreSettings
) -> PairExplanation:
    """Explain one need against one product.

    `changes` say what each failing criterion would take; `asks` name the fields of a need
    that would decide the unknown ones. The score is that of the known facts, whatever the verdict.
    """
    findings = tuple(explain(condition, need.facts) for condition in product.conditions)
    parts = score_parts(need, product, plans, settings)
    return PairExplanation(
        verdict=min((finding.verdict for finding in findings), default=Verdict.PASS),
        findings=findings,
        parts=parts,
        score=sum(part.points for part in parts),
        changes=changes_wanted(product.conditions, need.facts),
        asks=facts_to_ask(product.conditions, need.facts),
    )


def score_parts(
    need: MatchNeed, product: IndexedProduct, plans: Mapping[str, PlanTerms], settings: ScoreSettings
) -> tuple[PartOfScore, ...]:
    """Answer the parts of a pair's score with their reasons."""
    values = parts_of(need, product, plans, settings)
    plan = plans.get(str(need.facts.get("chain")))
    plan_parts = plan_reasons(prioritised(need.facts, plan), product, plan)
    weight = settings.weights["chain_plan"]
    told = (f"{each.text}加{score_text(each.points * weight)}分（{each.citation}）" for each in plan_parts)
    reasons = _reasons(need, product, values) | {
        "chain_plan": "；".join(told) or ("一链一策未涉及此产品" if plan else "所在产业链没有生效的一链一策")
    }
    cited = tuple(dict.fromkeys(each.citation for each in plan_parts))
    return tuple(
        PartOfScore(part, name, values[part], settings.weights[part], reasons[part], cited if part == "chain_plan" else ())
        for part, name in PARTS.items()
    )  # fmt: skip


def _reasons(need: MatchNeed, product: IndexedProduct, values: Mapping[str, int]) -> dict[str, str]:
    facts = need.facts
    amount, term = (fact_text(FACTS[name], facts.get(name)) for name in ("amount", "term_months"))
    rate = "未载明利率" if product.price_bp is None else f"年化利率中值{product.price_bp / 100:.2f}%"
    return {
        "amount_fit": f"申请{amount}，产品{_amount_range(product)}",
        "term_fit": f"申请{term}，产品{_term_range(product)}",
        "price": rate,
        "guarantee_fit": _guarantee_reason(facts.get("security"), product.guarantee_modes),
        "proximity": NEARNESS[values["proximity"]],
        "existing_relation": "现有贷款银行" if values["existing_relation"] == FULL else "无既有贷款关系",
    }


def _amount_range(product: IndexedProduct) -> str:
    least = "不设下限" if product.amount_least is None else f"{wan_text(product.amount_least)}万元"
    most = "不设上限" if product.amount_most is None else f"{wan_text(product.amount_most)}万元"
    return f"{least}至{most}"


def _term_range(product: IndexedProduct) -> str:
    return "不设最长期限" if product.term_most is None else f"最长{product.term_most}个月"


def _guarantee_reason(security: FactValue | None, modes: frozenset[str]) -> str:
    common = modes & security.known if isinstance(security, Members) else frozenset()
    words = "、".join(SECURITY[mode] for mode in SECURITY if mode in common)
    return f"可用增信方式：{words}" if words else "没有已知的共同增信方式"


def changes_wanted(conditions: Iterable[Condition], facts: Facts) -> tuple[str, ...]:
    """Answer, for each criterion that fails, what it would take to meet it."""
    return tuple(
        change_text(condition, facts)
        for condition in conditions
        if evaluate(condition, facts) is Verdict.FAIL
    )


def change_text(condition: Condition, facts: Facts) -> str:
    """Say in Chinese what a need would have to change to meet a condition that it fails."""
    asked = condition_text(condition)
    if not isinstance(condition, Criterion):
        return f"须满足{asked}"
    fact = FACTS[condition.fact]
    found = fact_text(fact, facts.get(condition.fact))
    if condition.operator in NUMERIC and fact.name in {"amount", "term_months"}:
        wanted = asked.removeprefix(fact.chinese).removeprefix(OPERATORS["between"].chinese)
        return f"将{fact.chinese}由{found}调整为{wanted}"
    return f"须{asked}（现为{found}）"


def facts_to_ask(conditions: Iterable[Condition], facts: Facts) -> tuple[str, ...]:
    """Name what to ask for, as fields of a need, so that the unknown criteria are decided; sorted."""
    names = (name for condition in conditions for name in missing_facts(condition, facts))
    return facts_to_state(names, facts)


def most_wanted_facts(products: Iterable[IndexedProduct], facts: Facts) -> list[tuple[str, int]]:
    """Answer the facts to ask for, those that would decide the most products first, with how many."""
    counts = Counter(name for product in products for name in facts_to_ask(product.conditions, facts))
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
