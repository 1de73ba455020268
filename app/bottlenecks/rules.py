"""What blocks a need: the classes of 黑银发〔2023〕25号（十五）（十六）and which of them routes first.

Every class is judged, because classes overlap (a and d) and an obstacle that comes second still has to
go. The text gives no order; the operator's order says which obstacle is dealt with first. What fits no
class is not pressed into the nearest one: it is an open *policy gap* 政策空缺 for the coordinator.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from app.policy.criteria import (
    AllOf,
    AnyOf,
    Condition,
    Criterion,
    Finding,
    Verdict,
    evaluate,
    explain,
    missing_facts,
)
from app.policy.derived import facts_to_state
from app.policy.facts import Facts, FactValue, Members
from app.policy.rulebook import AppliedRule

ASK: Final = "ask"
"""No class is established and some are unknown: the coordinator asks."""
POLICY_GAP: Final = "policy_gap"
"""No class applies: the coordinator decides, and the policy has a gap to report."""
ROUTE_NAMES: Final = {ASK: "待补充信息", POLICY_GAP: "政策空缺"}


class BottleneckRules(Protocol):
    """As much of a rule book as classification reads."""

    @property
    def bottlenecks(self) -> tuple[AppliedRule, ...]:
        """Classes with their conditions."""
        ...

    @property
    def bottleneck_order(self) -> tuple[str, ...]:
        """Class codes, the obstacle that has to go first at the front."""
        ...


@dataclass(frozen=True, slots=True)
class ClassFinding:
    """One class judged: the parts of its condition that decided, and the fields of a need that would decide it.

    `route`, `responsible_body` and `receiver` say where the rule sends the need; `adopted` how another
    jurisdiction's rule came to apply here ("" if it is the own one).
    """

    class_code: str
    name: str
    verdict: Verdict
    reasons: tuple[Finding, ...]
    asks: tuple[str, ...]
    route: str
    responsible_body: str
    receiver: str
    citation: str
    adopted: str


@dataclass(frozen=True, slots=True)
class Classification:
    """All classes in the operator's order, and the one that leads.

    `route` is a class code, `ask` or `policy_gap`. `asks` names the fields of a need that
    would decide the unknown classes, also when another class leads. `gap` says in Chinese what the gap is.
    """

    findings: tuple[ClassFinding, ...]
    route: str
    asks: tuple[str, ...]
    gap: str

    @property
    def leading(self) -> ClassFinding | None:
        """Answer the class that routes, or None for `ask` and `policy_gap`."""
        return next((found for found in self.findings if found.class_code == self.route), None)

    def with_verdict(self, *verdicts: Verdict) -> tuple[ClassFinding, ...]:
        """Answer the classes of these verdicts, in order."""
        return tuple(found for found in self.findings if found.verdict in verdicts)


def classify(
    facts: Facts, rules: BottleneckRules, established: Facts = MappingProxyType({})
) -> Classification:
    """Judge every class of the rules against a need's facts and say which one leads.

    Leads: the first in the operator's order that passes; a class that the order does not name comes last. A
    class that a guarantee answers (`is_answered` by what is `established`) leads no more.
    """
    order = {code: place for place, code in enumerate(rules.bottleneck_order)}
    by_class: dict[str, ClassFinding] = {}
    for rule in rules.bottlenecks:
        found = _judge(rule, facts)
        known = by_class.get(found.class_code)
        if known is None or found.verdict > known.verdict:
            by_class[found.class_code] = found
    findings = tuple(
        sorted(by_class.values(), key=lambda one: (order.get(one.class_code, len(order)), one.class_code))
    )
    asks = tuple(dict.fromkeys(fact for found in findings for fact in found.asks))
    holding = [found for found in findings if found.verdict is Verdict.PASS]
    answered = [found for found in holding if is_answered(found, established)]
    passing = next((found.class_code for found in holding if found not in answered), None)
    route = passing or (ASK if asks else POLICY_GAP)
    gap = _gap_text(findings, facts, rules, answered) if route == POLICY_GAP else ""
    return Classification(findings, route, asks, gap)


def with_established(stated: Facts, established: Facts) -> dict[str, FactValue | None]:
    """Answer the stated facts corrected by what a decline or a check established.

    An established value wins over a statement. A set of which only some members were established
    (one missing permit) adds them to the stated ones.
    """
    facts = dict(stated)
    for name, value in established.items():
        known = facts.get(name)
        if isinstance(value, Members) and not value.is_complete and isinstance(known, Members):
            facts[name] = Members.at_least(known.known | value.known)
        elif value is not None:
            facts[name] = value
    return facts


def is_answered(found: ClassFinding, established: Facts) -> bool:
    """Tell whether a granted guarantee answers an obstacle: a class that rests on what can be pledged (缺少抵押).

    A firm that merely states that a guarantor can be brought answers nothing: `established` holds what a
    check or an event established beyond the statement.
    """
    rests_on_collateral = any("collateral" in reason.facts for reason in found.reasons)
    return rests_on_collateral and established.get("guarantee_available") is True


def _judge(rule: AppliedRule, facts: Facts) -> ClassFinding:
    return ClassFinding(
        class_code=rule.data["class_code"],
        name=rule.name,
        verdict=evaluate(rule.condition, facts),
        reasons=tuple(_deciding(rule.condition, facts)),
        asks=facts_to_state(missing_facts(rule.condition, facts), facts),
        route=rule.data["route"],
        responsible_body=rule.data["responsible_body"],
        receiver=rule.data["receiver"],
        citation=rule.citation,
        adopted=rule.adopted,
    )


def _deciding(condition: Condition, facts: Facts) -> Iterable[Finding]:
    """Explain the parts that decided: of a failed `all` the failed ones, of an `any` those of its verdict."""
    verdict = evaluate(condition, facts)
    match condition:
        case Criterion():
            yield explain(condition, facts)
        case AllOf(criteria=parts) if verdict is not Verdict.FAIL:
            for part in parts:
                yield from _deciding(part, facts)
        case AllOf(criteria=parts) | AnyOf(criteria=parts):
            for part in parts:
                if evaluate(part, facts) is verdict:
                    yield from _deciding(part, facts)


def _gap_text(
    findings: Iterable[ClassFinding], facts: Facts, rules: BottleneckRules, answered: Sequence[ClassFinding]
) -> str:
    if answered:
        names = "、".join(f"“{found.name}”（{found.citation}）" for found in answered)
        return f"{names}已由担保落实，没有其他堵点。文件没有规定下一步去向，由统筹部门研究。"
    misses = _near_misses(rules, facts)
    citations = "、".join(dict.fromkeys(found.citation for found in findings))
    near = f"最接近：{'；'.join(misses)}。" if misses else ""
    return f"{citations or '现行政策'}所列各类均不适用。{near}文件没有规定去向，由统筹部门研究。"


def _near_misses(rules: BottleneckRules, facts: Facts) -> list[str]:
    """Name the classes of which exactly one part failed while others passed, and what failed."""
    texts = []
    for rule in rules.bottlenecks:
        if not isinstance(rule.condition, AllOf):
            continue
        verdicts = [evaluate(part, facts) for part in rule.condition.criteria]
        if verdicts.count(Verdict.FAIL) == 1 and Verdict.PASS in verdicts:
            failed = rule.condition.criteria[verdicts.index(Verdict.FAIL)]
            found = explain(failed, facts)
            texts.append(f"“{rule.name}”只差“{found.asked}”（{found.found}）")
    return texts


def established_as_data(facts: Facts) -> dict[str, object]:
    """Write established facts as JSON that `established_from_data` reads back exactly."""
    return {
        name: {"known": sorted(value.known), "is_complete": value.is_complete}
        if isinstance(value, Members)
        else value
        for name, value in sorted(facts.items())
    }


def established_from_data(data: Mapping[str, object]) -> dict[str, FactValue | None]:
    """Read what `established_as_data` wrote."""
    return {name: _value_of(value) for name, value in data.items()}


def _value_of(value: object) -> FactValue | None:
    match value:
        case {"known": list(known), "is_complete": bool(is_complete)}:
            return Members(frozenset(str(member) for member in known), is_complete)
        case bool() | int() | str() | None:
            return value
        case _:
            msg = f"not a fact's value: {value!r}"
            raise ValueError(msg)
