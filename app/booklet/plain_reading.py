"""Conditions of rules as a firm reads them: who it is for, in short lines (pure)."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from app.chains.naming import CodeNames
from app.kernel.money import FEN_PER_WAN, wan_text
from app.policy.criteria import AllOf, AnyOf, Condition, Criterion, condition_text
from app.policy.facts import FACTS

_SUBJECTS: Final = {"enterprise": "以企业申请", "project": "以项目申请"}


def who_it_is_for(condition: Condition, naming: CodeNames) -> str:
    """Answer whom a rule is for, in one line."""
    return "；".join(_parts(condition, naming))


def _parts(condition: Condition, naming: CodeNames) -> Iterator[str]:
    match condition:
        case AllOf(criteria=parts):
            for part in parts:
                yield from _parts(part, naming)
        case AnyOf(criteria=parts):
            said = ["，并且".join(_parts(part, naming)) for part in parts]
            yield f"下列之一：{'，或者'.join(said)}"
        case Criterion():
            yield _said(condition, naming)


def _said(one: Criterion, naming: CodeNames) -> str:
    say = _SAYINGS.get((one.fact, one.operator))
    return say(one, naming) if say else naming.in_words(condition_text(one))


def _words(one: Criterion) -> str:
    values = FACTS[one.fact].values
    return "、".join(values.get(str(word), str(word)) for word in one.operand)


def _more_than(one: Criterion, _naming: CodeNames) -> str:
    fen = int(one.operand[0])
    if fen % FEN_PER_WAN == 1:  # a text's “以上” beside another tier's “及以下”
        return f"融资金额超过{wan_text(fen - 1)}万元"
    return f"融资金额不低于{wan_text(fen)}万元"


_SAYINGS: Final[Mapping[tuple[str, str], Callable[[Criterion, CodeNames], str]]] = {
    ("subject", "in"): lambda one, _naming: "或".join(_SUBJECTS[str(word)] for word in one.operand),
    ("industry", "within_industry"): lambda one, naming: f"行业属于{naming.listed(map(str, one.operand))}",
    ("region", "within_region"): lambda one, naming: f"位于{naming.listed(map(str, one.operand))}",
    ("chain", "in"): lambda one, naming: f"属于产业链：{naming.listed(map(str, one.operand))}",
    ("size_class", "in"): lambda one, _naming: f"{_words(one)}企业",
    ("chain_role", "in"): lambda one, _naming: f"在产业链上是{_words(one)}",
    ("purposes", "any_of"): lambda one, _naming: f"资金用于{_words(one)}",
    ("qualifications", "any_of"): lambda one, _naming: f"具备其一：{_words(one)}",
    ("collateral", "is_empty"): lambda _one, _naming: "没有可抵质押的财产",
    ("amount", "at_least"): _more_than,
    ("term_months", "at_least"): lambda one, _naming: f"期限在{one.operand[0]}个月以上",
}
