"""The closed list of reasons for a decline, and the facts that each one establishes.

A decline without one of these reasons and evidence is no answer. The facts go into a new
classification of what blocks the entry, 黑银发〔2023〕25号 (十五)(十六); a reason that
establishes nothing leaves that to the coordinator. Names of facts are those of policy/facts.py.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from app.policy.facts import FactValue, Members


class DeclineReason(StrEnum):
    """Why an institution declines an entry."""

    NO_COLLATERAL = "no_collateral"
    LIGHT_ASSETS_NO_COLLATERAL = "light_assets_no_collateral"
    CREDIT_INELIGIBLE = "credit_ineligible"
    LITIGATION = "litigation"
    ADVERSE_CREDIT = "adverse_credit"
    SINGLE_BANK_LIMIT = "single_bank_limit"
    MISSING_ELEMENTS_LAND = "missing_elements_land"
    MISSING_ELEMENTS_ENVIRONMENT = "missing_elements_environment"
    MISSING_ELEMENTS_CONSTRUCTION = "missing_elements_construction"
    MISSING_ELEMENTS_PUBLIC_GUARANTEE = "missing_elements_public_guarantee"
    OUTSIDE_PRODUCT_TERMS = "outside_product_terms"
    OUTSIDE_SERVICE_AREA = "outside_service_area"
    INSUFFICIENT_REPAYMENT = "insufficient_repayment"
    RESTRICTED_INDUSTRY = "restricted_industry"
    OVER_LENDING = "over_lending"
    FINANCED_ELSEWHERE = "financed_elsewhere"
    ENTERPRISE_UNREACHABLE = "enterprise_unreachable"
    ENTERPRISE_WITHDREW_INTEREST = "enterprise_withdrew_interest"


@dataclass(frozen=True, slots=True)
class ReasonMeaning:
    """A reason in words, the facts it establishes, and the clause that speaks of it (may be empty)."""

    chinese: str
    establishes: Mapping[str, FactValue] = field(default_factory=dict)
    clause: str = ""


def _lacks(element: str) -> Mapping[str, FactValue]:
    return {"missing_elements": Members.at_least([element])}


_NOTHING_TO_PLEDGE: Final[Mapping[str, FactValue]] = {"collateral": Members.of()}
_ELEMENTS = "黑银发〔2023〕25号 (十五)"
_SORTED = "黑银发〔2023〕25号 (十六)"

REASON_LABELS: Final[Mapping[DeclineReason, str]] = {
    DeclineReason.NO_COLLATERAL: "缺少可接受的抵质押物",
    DeclineReason.LIGHT_ASSETS_NO_COLLATERAL: "轻资产且缺少抵押担保",
    DeclineReason.CREDIT_INELIGIBLE: "不符合信用贷款授信条件",
    DeclineReason.LITIGATION: "涉案涉诉",
    DeclineReason.ADVERSE_CREDIT: "存在征信不良记录",
    DeclineReason.SINGLE_BANK_LIMIT: "存量贷款已达本行单户最大限额",
    DeclineReason.MISSING_ELEMENTS_LAND: "土地要素未落实",
    DeclineReason.MISSING_ELEMENTS_ENVIRONMENT: "环评未完成",
    DeclineReason.MISSING_ELEMENTS_CONSTRUCTION: "施工许可未取得",
    DeclineReason.MISSING_ELEMENTS_PUBLIC_GUARANTEE: "需要政府性担保机构支持",
    DeclineReason.OUTSIDE_PRODUCT_TERMS: "不符合产品条件",
    DeclineReason.OUTSIDE_SERVICE_AREA: "超出经营半径",
    DeclineReason.INSUFFICIENT_REPAYMENT: "第一还款来源不足",
    DeclineReason.RESTRICTED_INDUSTRY: "行业或用途不符合信贷政策",
    DeclineReason.OVER_LENDING: "多头授信、过度授信风险",
    DeclineReason.FINANCED_ELSEWHERE: "企业已从他处获得融资",
    DeclineReason.ENTERPRISE_UNREACHABLE: "多次联系企业未果",
    DeclineReason.ENTERPRISE_WITHDREW_INTEREST: "企业撤回融资意向",
}
"""Each reason in words; the order is that of lists to choose from."""
_MEANT: Final[Mapping[DeclineReason, tuple[Mapping[str, FactValue], str]]] = {
    DeclineReason.NO_COLLATERAL: (_NOTHING_TO_PLEDGE, _SORTED),
    DeclineReason.LIGHT_ASSETS_NO_COLLATERAL: ({"light_assets": True, **_NOTHING_TO_PLEDGE}, _SORTED),
    DeclineReason.CREDIT_INELIGIBLE: ({"credit_eligible": False}, _SORTED),
    DeclineReason.LITIGATION: ({"litigation": True}, _SORTED),
    DeclineReason.ADVERSE_CREDIT: ({"adverse_credit": True}, _SORTED),
    DeclineReason.SINGLE_BANK_LIMIT: ({"single_bank_limit_reached": True}, _SORTED),
    DeclineReason.MISSING_ELEMENTS_LAND: (_lacks("land"), _ELEMENTS),
    DeclineReason.MISSING_ELEMENTS_ENVIRONMENT: (_lacks("environment"), _ELEMENTS),
    DeclineReason.MISSING_ELEMENTS_CONSTRUCTION: (_lacks("construction"), _ELEMENTS),
    DeclineReason.MISSING_ELEMENTS_PUBLIC_GUARANTEE: (_lacks("public_guarantee"), _ELEMENTS),
    DeclineReason.OUTSIDE_SERVICE_AREA: ({}, "金发〔2024〕5号 (十)"),
    DeclineReason.OVER_LENDING: ({}, "金发〔2024〕5号 (十五)"),
}
REASONS: Final[Mapping[DeclineReason, ReasonMeaning]] = {
    reason: ReasonMeaning(label, *_MEANT.get(reason, ())) for reason, label in REASON_LABELS.items()
}


_GUARANTEE: Final[Mapping[str, FactValue]] = {"guarantee_available": True}
CURED_BY: Final[Mapping[DeclineReason, Mapping[str, FactValue]]] = {
    DeclineReason.NO_COLLATERAL: _GUARANTEE,
    DeclineReason.LIGHT_ASSETS_NO_COLLATERAL: _GUARANTEE,
    DeclineReason.CREDIT_INELIGIBLE: _GUARANTEE,
    DeclineReason.MISSING_ELEMENTS_PUBLIC_GUARANTEE: _GUARANTEE,
}
"""What answers a reason without contradicting it: the firm still has nothing to pledge, but somebody guarantees."""


def facts_established(reasons: Iterable[DeclineReason]) -> dict[str, FactValue]:
    """Answer the facts that declines for these reasons establish together, a later one winning.

    Sets of which only some members are known (missing elements) grow together.
    """
    facts: dict[str, FactValue] = {}
    for reason in reasons:
        for name, value in REASONS[reason].establishes.items():
            facts[name] = _joined(facts.get(name), value)
    return facts


def _joined(known: FactValue | None, value: FactValue) -> FactValue:
    if isinstance(known, Members) and isinstance(value, Members) and not value.is_complete:
        return Members(known.known | value.known, known.is_complete and value.is_complete)
    return value
